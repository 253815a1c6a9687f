//! For a terminal.

use crate::diff::render::{headline, how, is_added, labels, named, row, sparks, spelt, summary, way};
use crate::diff::{Class, Diff, How, Numbers};

/// The most rows of one metric that are shown.
const MOST_ROWS: usize = 10;
/// The longest text of a part that is shown.
const MOST_TEXT: usize = 300;

struct Ink(bool);

impl Ink {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn class(&self, class: Class) -> String {
        let code = match class {
            Class::Breaking => "31",
            Class::Compatible => "33",
            Class::Prose => "2",
        };
        self.paint(code, class.as_str())
    }
}

pub(super) fn text(diff: &Diff, colour: bool) -> String {
    let ink = Ink(colour);
    let mut out = format!("{}\n{} → {}\n", ink.bold(&headline(diff)), diff.base, diff.head);
    goalposts(diff, &ink, &mut out);
    if !diff.changes.is_empty() {
        out += &format!("\n{}\n", ink.bold("Meaning"));
    }
    for change in &diff.changes {
        let sign = match change.how {
            How::Added => "+",
            How::Removed => "-",
            How::Changed | How::Renamed => "~",
        };
        let class = match change.how {
            How::Added | How::Removed => how(change),
            _ => format!("{}, {}", how(change), ink.class(change.class)),
        };
        let labels = labels(change);
        let labels = if labels.is_empty() { labels } else { format!(": {labels}") };
        out += &format!("  {sign} {}  {class}{labels}\n", ink.bold(&named(&change.key)));
        for part in spelt(change) {
            for (sign, text) in [("-", &part.old), ("+", &part.new)] {
                if !text.is_empty() {
                    out += &format!("      {sign} {}\n", cut(text));
                }
            }
        }
        for because in &change.because {
            out += &ink.dim(&format!("      because {}", way(because)));
            out.push('\n');
        }
    }
    numbers(diff, &ink, &mut out);
    objectives(diff, &ink, &mut out);
    if !diff.data.is_empty() {
        out += &format!("\n{}\n", ink.bold("Source files that differ"));
        for file in &diff.data {
            out += &format!("  {file}\n");
        }
    }
    for note in &diff.notes {
        out += &format!("\nnote: {note}\n");
    }
    out
}

fn goalposts(diff: &Diff, ink: &Ink, out: &mut String) {
    if diff.goalposts.is_empty() {
        return;
    }
    *out += &format!("\n{}\n", ink.bold("Goalposts moved after the start"));
    for post in &diff.goalposts {
        *out += &format!("  {} ({})\n", ink.bold(&post.objective), post.title);
        for say in &post.says {
            *out += &format!("      {say}\n");
        }
        let reason = match (&post.reason, post.removed) {
            (Some(reason), _) => format!("reason: {reason}"),
            (None, true) => continue,
            (None, false) => ink.paint("31", "no reason is given"),
        };
        *out += &format!("      {reason}\n");
    }
}

fn numbers(diff: &Diff, ink: &Ink, out: &mut String) {
    let shown: Vec<&Numbers> = ordered(diff);
    if shown.is_empty() {
        return;
    }
    *out += &format!("\n{}\n", ink.bold("Numbers"));
    for numbers in shown {
        let (old, new) = sparks(numbers);
        *out += &format!("  {} by {}: {}\n", ink.bold(&numbers.metric), numbers.grain, summary(numbers));
        if numbers.values.is_empty() {
            continue;
        }
        *out += &format!("      {} → {}\n", old.trim_end(), new.trim_end());
        let head = ["", "old", "new", "difference", "relative", ""].map(str::to_owned);
        let rows: Vec<[String; 6]> =
            std::iter::once(head).chain(numbers.values.iter().take(MOST_ROWS).map(|m| row(numbers, m))).collect();
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        for cells in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                let number = (1..5).contains(&column);
                line += &if number { format!("  {pad}{cell}") } else { format!("  {cell}{pad}") };
            }
            *out += &format!("    {}\n", line.trim_end());
        }
        let more = numbers.values.len().saturating_sub(MOST_ROWS);
        if more > 0 {
            *out += &format!("      and {more} more\n");
        }
    }
}

/// Those that move the most first, those that do not move last.
pub(super) fn ordered(diff: &Diff) -> Vec<&Numbers> {
    let size = |n: &&Numbers| n.values.iter().filter_map(|m| m.relative).map(f64::abs).fold(0.0, f64::max);
    let mut shown: Vec<&Numbers> = diff.numbers.iter().collect();
    shown.sort_by(|a, b| {
        let any = |n: &&Numbers| !n.values.is_empty();
        any(b).cmp(&any(a)).then(size(b).total_cmp(&size(a))).then_with(|| a.metric.cmp(&b.metric))
    });
    shown
}

fn objectives(diff: &Diff, ink: &Ink, out: &mut String) {
    if diff.objectives.is_empty() {
        return;
    }
    *out += &format!("\n{}\n", ink.bold("Objectives"));
    for o in &diff.objectives {
        let say = match (&o.old, &o.new) {
            (Some(old), Some(new)) if o.flipped => {
                let causes: Vec<&str> = o.causes.iter().map(|c| c.as_str()).collect();
                let causes = if causes.is_empty() { String::new() } else { format!(" by {}", causes.join(", ")) };
                let arrow = ink.bold(&format!("{} → {}", old.status.words(), new.status.words()));
                format!("{arrow}{causes}; was {}, is {}", old.shown, new.shown)
            }
            (Some(old), Some(new)) if old.shown == new.shown => format!("{}, {}", new.status.words(), new.shown),
            (Some(old), Some(new)) => format!("{}; was {}, is {}", new.status.words(), old.shown, new.shown),
            (None, Some(new)) => {
                let added = if is_added(diff, &o.name) { "added: " } else { "" };
                format!("{added}{}, {}", new.status.words(), new.shown)
            }
            (Some(old), None) => format!("removed: was {}, {}", old.status.words(), old.shown),
            (None, None) => continue,
        };
        *out += &format!("  {}: {say}\n", ink.bold(&o.name));
    }
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_TEXT {
        return line;
    }
    line.chars().take(MOST_TEXT).chain(['…']).collect()
}
