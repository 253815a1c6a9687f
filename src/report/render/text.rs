//! The report on a terminal: colour, bars, lines of blocks. Plain text when it is piped.

use crate::report::render::Style;
use crate::report::render::view::{BenchmarkView, JourneyView, MetricView, ObjectiveView, SectionView, View};
use crate::report::{Report, Status};

pub fn terminal(report: &Report, view: &View, style: &Style) -> String {
    let ink = Ink { colour: style.colour };
    let mut out = format!("{}\n{}, as of {} ({})\n", ink.bold(&view.title), view.project, view.as_of, view.time_zone);
    if let Some(verdict) = &view.verdict {
        out += &format!("\n{}\n", ink.bold(&verdict.say));
    }
    for section in &view.sections {
        match section {
            SectionView::Objectives { objectives } => {
                for o in objectives {
                    let score = report.objectives.iter().find(|r| r.name == o.name).and_then(|r| r.score);
                    let status =
                        report.objectives.iter().find(|r| r.name == o.name).map_or(Status::NoData, |r| r.status);
                    out += &objective(o, status, score, &ink, style.width);
                }
            }
            SectionView::Metrics { title, metrics } => out += &self::metrics(title, metrics, &ink, style.width),
            SectionView::Benchmarks { benchmarks } => out += &self::benchmarks(benchmarks, &ink, style.width),
        }
    }
    if !view.findings.is_empty() {
        out += &format!("\n{}\n", ink.bold("Findings"));
        for f in &view.findings {
            let line = format!("{}[{}] {}", f.severity, f.code, f.message);
            let place = if f.place.is_empty() { String::new() } else { format!(" ({})", f.place) };
            out += &wrap(&format!("{line}{place}"), "  ", "    ", style.width);
        }
    }
    out += &format!("\n{}\n", ink.bold("Where every row went"));
    for l in &view.ledgers {
        out += &format!("  {}: {}; events {}\n", l.name, l.files, l.extent);
        for row in l.rows.iter().filter(|r| r.n != "0") {
            out += &format!("    {:>14}  {}\n", row.n, row.label);
        }
        l.rejected.iter().for_each(|r| out += &wrap(r, "      not parsed: ", "        ", style.width));
    }
    for l in view.lookups.iter().filter(|l| !l.unparsable.is_empty()) {
        out += &format!("  {}: {} rows of the lookup could not be parsed\n", l.name, l.unparsable);
        l.rejected.iter().for_each(|r| out += &wrap(r, "      not parsed: ", "        ", style.width));
    }
    for l in &view.lookups {
        let noun = if l.rows == "1" { "row" } else { "rows" };
        out += &format!("  {} of {} {noun}, over `{}`: {} without a match\n", l.name, l.rows, l.link, l.missing);
        if !l.ties.is_empty() {
            out += &format!("    {:>14}  keys with two newest rows\n", l.ties);
        }
    }
    let p = &view.provenance;
    let commit = p.commit.as_ref().map_or(String::new(), |c| format!(", commit {c}"));
    let run = p.run_at.as_ref().map_or(String::new(), |r| format!(", run {r}"));
    out += &ink.dim(&format!("\ndefinitions {}, data {}, kepi {}{commit}{run}\n", p.definitions, p.data, p.version));
    out
}

fn objective(o: &ObjectiveView, status: Status, score: Option<f64>, ink: &Ink, width: usize) -> String {
    let mut out = format!("\n{} {}\n", ink.status(status, &format!("{} {}", o.sign, o.status)), ink.bold(&o.title));
    let owner = o.owner.as_ref().map_or(String::new(), |w| format!("; owner {w}"));
    out += &wrap(&format!("{}, due {}{owner}", o.target, o.due), "  ", "  ", width);
    if let Some(score) = score {
        out += &format!("  {} {:.2}\n", bar(score, 24), score);
    }
    for fact in &o.facts {
        let notes =
            if fact.notes.is_empty() { String::new() } else { format!("  {}", ink.dim(&fact.notes.join("; "))) };
        out += &wrap(&format!("{:<16}{}{notes}", fact.label, fact.value), "  ", "                  ", width);
    }
    let letters: Vec<String> = o.smart.iter().map(|l| format!("{} {}", l.letter, l.sign)).collect();
    out += &format!("  {:<16}{}\n", "SMART", letters.join("   "));
    for l in &o.smart {
        for c in l.checks.iter().filter(|c| c.status == "weak" || c.status == "fails") {
            out += &wrap(
                &format!("{} {}: {}", c.sign, c.id, c.evidence),
                "                  ",
                "                  ",
                width,
            );
        }
    }
    for g in &o.guardrails {
        let line = format!("{:<16}{}: {} (now {}, bound {})", "Guardrail", g.text, g.word, g.value, g.bound);
        out += &wrap(&line, "  ", "                  ", width);
    }
    for c in &o.compare {
        out += &wrap(&format!("{:<16}{c}", "Beside it"), "  ", "                  ", width);
    }
    for a in &o.actions {
        let state = if a.overdue { "overdue" } else { &a.status };
        let parts: Vec<&str> = [a.owner.as_str(), a.due.as_str(), a.expect.as_str(), state]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect();
        out += &wrap(&format!("{:<16}{} ({})", "Action", a.what, parts.join(", ")), "  ", "                  ", width);
    }
    out
}

fn metrics(title: &str, metrics: &[MetricView], ink: &Ink, width: usize) -> String {
    let mut out = format!("\n{}\n", ink.bold(title));
    let name = metrics.iter().map(|m| m.title.chars().count()).max().unwrap_or(0).min(44);
    let value = metrics.iter().map(|m| m.value.chars().count()).max().unwrap_or(0);
    for m in metrics {
        let changes: Vec<String> = m.changes.iter().map(|c| format!("{} {}", c.value, c.label)).collect();
        let line = format!(
            "{:<name$}  {:>value$}  {}  {}  {}",
            m.title,
            m.value,
            spark(&m.line),
            m.period,
            ink.dim(&changes.join(", "))
        );
        out += &wrap(&line, "  ", "      ", width.max(80) + if ink.colour { 9 } else { 0 });
        for note in m.model.iter().chain(&m.known) {
            out += &wrap(note, "      ", "        ", width);
        }
        if let Some(approximate) = &m.approximate {
            out += &wrap(approximate, "      ", "        ", width);
        }
        for b in &m.breakdowns {
            let rows: Vec<String> = b.rows.iter().take(4).map(|r| format!("{} {}", r.label, r.value)).collect();
            out += &wrap(&format!("by {}: {}", b.dimension, rows.join(", ")), "      ", "        ", width);
        }
        if let Some(journey) = &m.journey {
            out += &self::journey(journey, width);
        }
    }
    out
}

/// The table, its columns aligned, and what stands out of it.
fn journey(journey: &JourneyView, width: usize) -> String {
    let mut out = format!("      {}\n", journey.caption);
    let rows: Vec<&Vec<String>> = std::iter::once(&journey.head).chain(&journey.rows).collect();
    let wide = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<0$}", wide(0)),
            _ => format!("{cell:>0$}", wide(column)),
        });
        out += format!("        {}", cells.collect::<Vec<_>>().join("  ")).trim_end();
        out.push('\n');
    }
    journey.say.iter().for_each(|s| out += &wrap(s, "      ", "        ", width));
    out
}

fn benchmarks(benchmarks: &[BenchmarkView], ink: &Ink, width: usize) -> String {
    let mut out = format!("\n{}\n", ink.bold("Benchmarks"));
    for b in benchmarks {
        let stale = if b.stale { "stale, " } else { "" };
        let line = format!("{}: {}; latest {} ({stale}{}; {})", b.title, b.values, b.actual, b.age, b.source);
        out += &wrap(&line, "  ", "    ", width);
    }
    out
}

/// Filled and empty blocks, `width` of them.
fn bar(share: f64, width: usize) -> String {
    let filled = if share.is_finite() { (share.clamp(0.0, 1.0) * width as f64).round() as usize } else { 0 };
    format!("{}{}", "█".repeat(filled), "░".repeat(width - filled.min(width)))
}

/// One block a period, from the smallest value to the largest; a gap where there is none.
fn spark(values: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values
        .iter()
        .map(|v| match v {
            Some(v) if v.is_finite() && high > low => {
                BLOCKS[(((v - low) / (high - low)) * 7.0).round().clamp(0.0, 7.0) as usize]
            }
            Some(v) if v.is_finite() => BLOCKS[3],
            _ => ' ',
        })
        .collect()
}

/// Breaks at spaces; the first line begins with `first`, the others with `rest`.
fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = first.to_string();
    let mut used = first.chars().count();
    let mut empty = true;
    for word in text.split(' ') {
        let length = visible(word);
        if !empty && used + 1 + length > width && !word.is_empty() {
            out += line.trim_end();
            out.push('\n');
            line = rest.to_string();
            used = rest.chars().count();
            empty = true;
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        line += word;
        used += length;
        empty = false;
    }
    out + line.trim_end() + "\n"
}

/// Characters that take room: not those of a colour escape.
fn visible(word: &str) -> usize {
    let mut inside = false;
    word.chars()
        .filter(|c| {
            if *c == '\u{1b}' {
                inside = true;
            }
            let counts = !inside;
            if inside && *c == 'm' {
                inside = false;
            }
            counts
        })
        .count()
}

struct Ink {
    colour: bool,
}

impl Ink {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn status(&self, status: Status, text: &str) -> String {
        let code = match status {
            Status::Achieved | Status::OnTrack => "1;32",
            Status::AtRisk => "1;33",
            Status::OffTrack | Status::Missed => "1;31",
            Status::Pending | Status::NotStarted | Status::NoData => "1;36",
        };
        self.paint(code, text)
    }
}
