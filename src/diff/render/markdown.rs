//! One comment of a pull request: the verdict first, what is long folded away.

use crate::diff::render::human::ordered;
use crate::diff::render::{headline, how, labels, named, row, sparks, spelt, summary, way};
use crate::diff::{Change, Class, Diff, Numbers};
use crate::report::render::escaped as text;

/// By which a workflow finds the comment that it wrote before.
const MARK: &str = "<!-- kepi diff -->";
/// GitHub refuses comments of more than 65,536 characters.
const LIMIT: usize = 60_000;
/// What is shown of a list, from the whole to next to nothing, until it is short enough: rows of a metric, metrics, changes.
const STEPS: [(usize, usize, usize); 5] = [(30, 60, 400), (15, 30, 200), (8, 15, 100), (4, 8, 50), (0, 0, 20)];

pub(super) fn comment(diff: &Diff) -> String {
    let mut text = String::new();
    for step in STEPS {
        text = write(diff, step);
        if text.chars().count() <= LIMIT {
            return text;
        }
    }
    let cut: String = text.chars().take(LIMIT).collect();
    let end = cut.rfind('\n').unwrap_or(cut.len());
    format!("{}\n\nThis is longer than a comment may be; `kepi diff` has all of it.\n", cut.get(..end).unwrap_or(""))
}

fn write(diff: &Diff, (rows, metrics, changes): (usize, usize, usize)) -> String {
    let mut out = format!("{MARK}\n### {}: {}\n\n", text(&diff.project), headline(diff));
    out += &format!("{} → {}\n", text(&diff.base), text(&diff.head));
    goalposts(diff, &mut out);
    objectives(diff, &mut out);
    meaning(diff, changes, &mut out);
    numbers(diff, rows, metrics, &mut out);
    if !diff.data.is_empty() {
        out += &fold(&format!("{} source files differ", diff.data.len()), &list(diff.data.iter().map(|f| code(f))));
    }
    for note in &diff.notes {
        out += &format!("\n> {}\n", text(note));
    }
    out
}

fn goalposts(diff: &Diff, out: &mut String) {
    if diff.goalposts.is_empty() {
        return;
    }
    *out += "\n#### Goalposts moved after the start\n\n";
    for post in &diff.goalposts {
        *out += &format!("- **{}** ({})\n", text(&post.title), code(&post.objective));
        for say in &post.says {
            *out += &format!("  - {}\n", text_with_code(say));
        }
        match (&post.reason, post.removed) {
            (Some(reason), _) => *out += &format!("  - reason: {}\n", text(reason)),
            (None, true) => {}
            (None, false) => {
                *out += "  - :x: no reason is given: it belongs into the objective's `changes:`\n";
            }
        }
    }
}

fn objectives(diff: &Diff, out: &mut String) {
    if diff.objectives.is_empty() {
        return;
    }
    *out += "\n#### Objectives\n\n| objective | was | is | by |\n| --- | --- | --- | --- |\n";
    for o in &diff.objectives {
        let side = |s: &Option<crate::diff::Standing>| {
            s.as_ref().map_or("—".to_owned(), |s| format!("{}, {}", s.status.words(), text(&s.shown)))
        };
        let causes: Vec<&str> = o.causes.iter().map(|c| c.as_str()).collect();
        let is = if o.flipped { format!("**{}**", side(&o.new)) } else { side(&o.new) };
        *out += &format!("| {} | {} | {is} | {} |\n", text(&o.title), side(&o.old), causes.join(", "));
    }
}

fn meaning(diff: &Diff, most: usize, out: &mut String) {
    if diff.changes.is_empty() {
        return;
    }
    *out += "\n#### Meaning\n\n| definition | change | of it | because |\n| --- | --- | --- | --- |\n";
    for change in diff.changes.iter().take(most) {
        let class = match change.class {
            Class::Breaking => ":warning: breaking",
            other => other.as_str(),
        };
        let because: Vec<String> = change.because.iter().map(|w| text(&way(w))).collect();
        *out += &format!(
            "| {} | {}, {class} | {} | {} |\n",
            code(&named(&change.key)),
            text(&how(change)),
            labels(change),
            because.join("<br>")
        );
    }
    let more = diff.changes.len().saturating_sub(most);
    if more > 0 {
        *out += &format!("\nand {more} more\n");
    }
    let texts: String = diff.changes.iter().take(most).filter_map(texts).collect();
    if !texts.is_empty() {
        *out += &fold("the definitions as they were and are", &texts);
    }
}

/// What was written of a definition, and what is.
fn texts(change: &Change) -> Option<String> {
    let lines: String = spelt(change)
        .flat_map(|part| [("-", part.label, &part.old), ("+", part.label, &part.new)])
        .filter(|(.., text)| !text.is_empty())
        .map(|(sign, label, text)| format!("{sign} {label}: {}\n", text.replace('\n', " ").replace("```", "'''")))
        .collect();
    (!lines.is_empty()).then(|| format!("{}\n\n```diff\n{lines}```\n\n", code(&named(&change.key))))
}

fn numbers(diff: &Diff, rows: usize, metrics: usize, out: &mut String) {
    let all = ordered(diff);
    if all.is_empty() {
        return;
    }
    *out += "\n#### Numbers\n";
    for numbers in all.iter().take(metrics) {
        let (old, new) = sparks(numbers);
        let title = format!("<b>{}</b> by {}: {}", escaped(&numbers.title), numbers.grain, escaped(&summary(numbers)));
        if numbers.values.is_empty() {
            *out += &format!("\n{title}\n");
        } else {
            let title = format!("{title} <code>{} → {}</code>", old.trim_end(), new.trim_end());
            *out += &fold(&title, &table(numbers, rows));
        }
    }
    let more = all.len().saturating_sub(metrics);
    if more > 0 {
        *out += &format!("\nand {more} metrics more\n");
    }
}

fn table(numbers: &Numbers, most: usize) -> String {
    let mut out =
        "| | old | new | difference | relative | by |\n| --- | ---: | ---: | ---: | ---: | --- |\n".to_owned();
    for moved in numbers.values.iter().take(most) {
        let cells = row(numbers, moved).map(|cell| text(&cell));
        out += &format!("| {} |\n", cells.join(" | "));
    }
    let more = numbers.values.len().saturating_sub(most);
    if more > 0 {
        out += &format!("\nand {more} more\n");
    }
    out
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("- {item}\n")).collect()
}

fn fold(summary: &str, body: &str) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{}\n\n</details>\n", body.trim_end())
}

/// Text whose parts between backticks are code.
fn text_with_code(say: &str) -> String {
    say.split('`').enumerate().map(|(i, part)| if i % 2 == 1 { code(part) } else { text(part) }).collect()
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;").replace('\n', " ")
}
