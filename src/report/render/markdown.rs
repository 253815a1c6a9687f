//! Markdown for a comment: the verdict, a table of objectives, the rest folded away.

use crate::report::render::view::{
    BenchmarkView, JourneyView, LedgerView, LookupView, MetricView, ObjectiveView, SectionView, View,
};

/// GitHub refuses longer comments (65,536 characters); what is folded goes first when it gets long.
const LIMIT: usize = 60_000;

pub fn comment(view: &View) -> String {
    let full = write(view, true);
    if full.chars().count() <= LIMIT {
        return full;
    }
    let short = write(view, false);
    if short.chars().count() <= LIMIT {
        return short;
    }
    let cut: String = short.chars().take(LIMIT).collect();
    let end = cut.rfind('\n').unwrap_or(cut.len());
    format!("{}\n\nThe report is longer than a comment may be; the HTML file has all of it.\n", &cut[..end])
}

fn write(view: &View, details: bool) -> String {
    let mut out = format!("## {}\n\n", text(&view.title));
    out += &format!("{}, as of {} ({})\n", text(&view.project), text(&view.as_of), text(&view.time_zone));
    if let Some(verdict) = &view.verdict {
        out += &format!("\n**{}**\n", text(&verdict.say));
    }
    for section in &view.sections {
        match section {
            SectionView::Objectives { objectives } => out += &self::objectives(objectives, details),
            SectionView::Metrics { title, metrics } => out += &self::metrics(title, metrics, details),
            SectionView::Benchmarks { benchmarks } => out += &self::benchmarks(benchmarks),
        }
    }
    if !view.findings.is_empty() {
        out += "\n### Findings\n\n";
        for f in &view.findings {
            let place = if f.place.is_empty() { String::new() } else { format!(" (`{}`)", f.place) };
            let help = f.help.as_ref().map_or(String::new(), |h| format!(" — {}", text(h)));
            out += &format!("- {} {}: {}{help}{place}\n", f.severity, f.code, text(&f.message));
        }
    }
    if details {
        out += &ledgers(&view.ledgers, &view.lookups);
    }
    let p = &view.provenance;
    let commit = p.commit.as_ref().map_or(String::new(), |c| format!(" · commit `{c}`"));
    let run = p.run_at.as_ref().map_or(String::new(), |r| format!(" · run {r}"));
    out += &format!(
        "\n<sub>definitions `{}` · data `{}` · kepi {}{commit}{run}</sub>\n",
        p.definitions, p.data, p.version
    );
    out
}

fn objectives(objectives: &[ObjectiveView], details: bool) -> String {
    let mut out =
        "\n| | objective | target | now | projected | P(hit) | due |\n| --- | --- | --- | ---: | ---: | ---: | --- |\n"
            .to_string();
    for o in objectives {
        let fact = |label: &str| o.facts.iter().find(|f| f.label == label).map_or(String::new(), |f| f.value.clone());
        let cells = [
            format!("{} {}", o.sign, o.status),
            text(&o.title),
            text(&o.target),
            text(&fact("Now")),
            text(&fact("Projected")),
            fact("P(reaching it)"),
            text(&o.due),
        ];
        out += &format!("| {} |\n", cells.join(" | "));
    }
    if details {
        for o in objectives {
            out += &objective(o);
        }
    }
    out
}

fn objective(o: &ObjectiveView) -> String {
    let mut out = format!(
        "\n<details><summary>{} {}: {}</summary>\n\n{}.\n\n",
        o.sign,
        text(&o.title),
        o.status,
        text(&o.reason)
    );
    for fact in &o.facts {
        let notes: Vec<String> = fact.notes.iter().map(|n| text(n)).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        out += &format!("- {}: **{}**{notes}\n", fact.label, text(&fact.value));
    }
    out += "\n| | letter | rests on |\n| --- | --- | --- |\n";
    for l in &o.smart {
        let checks: Vec<String> =
            l.checks.iter().map(|c| format!("{} {} {}", c.sign, c.id, text(&c.evidence))).collect();
        out += &format!("| {} | {} | {} |\n", l.sign, l.name, checks.join("<br>"));
    }
    if !o.guardrails.is_empty() {
        out += "\nGuardrails:\n";
        for g in &o.guardrails {
            out +=
                &format!("- {}: {} (now {}, bound {}; {})\n", text(&g.text), g.word, g.value, g.bound, text(&g.window));
        }
    }
    for c in &o.compare {
        out += &format!("\n{}\n", text(c));
    }
    if !o.actions.is_empty() {
        out += "\nActions:\n";
        for a in &o.actions {
            let mark = if a.status == "done" { "x" } else { " " };
            let overdue = if a.overdue { ", **overdue**" } else { "" };
            let parts: Vec<&str> =
                [&a.owner, &a.due, &a.expect].into_iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
            out += &format!("- [{mark}] {} ({}{overdue})\n", text(&a.what), text(&parts.join(", ")));
        }
    }
    out + "\n</details>\n"
}

fn metrics(title: &str, metrics: &[MetricView], details: bool) -> String {
    let mut out = format!(
        "\n### {}\n\n| metric | period | value | before | a year ago |\n| --- | --- | ---: | ---: | ---: |\n",
        text(title)
    );
    for m in metrics {
        let changes: Vec<&str> = m.changes.iter().map(|c| c.value.as_str()).collect();
        let besides = m.model.iter().chain(&m.known).chain(&m.approximate);
        let besides: String = besides.map(|what| format!("<br>{}", text(what))).collect();
        let value = format!("{}{besides}", text(&m.value));
        out += &format!("| {} | {} | {value} | {} |\n", text(&m.title), text(&m.period), changes.join(" | "));
    }
    for (m, journey) in metrics.iter().filter_map(|m| Some((m, m.journey.as_ref()?))) {
        out += &self::journey(&m.title, journey, details);
    }
    out
}

fn journey(title: &str, journey: &JourneyView, details: bool) -> String {
    let mut out = format!("\n**{}**: {}\n", text(title), text(&journey.caption));
    for sentence in &journey.say {
        out += &format!("\n{}.\n", text(sentence));
    }
    if !details {
        return out;
    }
    let row = |cells: &[String]| format!("| {} |\n", cells.iter().map(|c| text(c)).collect::<Vec<_>>().join(" | "));
    out += "\n<details><summary>The numbers</summary>\n\n";
    out += &row(&journey.head);
    out += &format!("| --- |{}\n", " ---: |".repeat(journey.head.len().saturating_sub(1)));
    journey.rows.iter().for_each(|cells| out += &row(cells));
    out + "\n</details>\n"
}

fn benchmarks(benchmarks: &[BenchmarkView]) -> String {
    let mut out = "\n### Benchmarks\n\n| benchmark | metric | value | latest | source | age |\n| --- | --- | --- | ---: | --- | --- |\n".to_string();
    for b in benchmarks {
        let stale = if b.stale { "**stale**, " } else { "" };
        let cells = [&b.title, &b.metric, &b.values, &b.actual, &b.source].map(|c| text(c));
        out += &format!("| {} | {stale}{} |\n", cells.join(" | "), b.age);
    }
    out
}

fn ledgers(ledgers: &[LedgerView], lookups: &[LookupView]) -> String {
    let mut out = "\n<details><summary>Where every row went</summary>\n".to_string();
    for l in ledgers {
        out += &format!("\n**{}**: {}; events {}\n\n", text(&l.name), l.files, l.extent);
        for row in &l.rows {
            out += &format!("{}- {}: {}\n", if row.of { "  " } else { "" }, row.label, row.n);
        }
        if !l.rejected.is_empty() {
            out += "\nNot parsed, the first of them:\n\n";
            l.rejected.iter().for_each(|r| out += &format!("- {}\n", text(r)));
        }
    }
    for l in lookups.iter().filter(|l| !l.unparsable.is_empty()) {
        out += &format!("\n**{}**: {} rows of the lookup could not be parsed:\n\n", text(&l.name), l.unparsable);
        l.rejected.iter().for_each(|r| out += &format!("- {}\n", text(r)));
    }
    if !lookups.is_empty() {
        out += "\n| lookup | over the link | rows of it | rows without a match |\n| --- | --- | ---: | ---: |\n";
    }
    for l in lookups {
        let ties = if l.ties.is_empty() { String::new() } else { format!(" ({} keys with two newest)", l.ties) };
        out += &format!("| {} | {} | {}{ties} | {} |\n", text(&l.name), text(&l.link), l.rows, l.missing);
    }
    out + "\n</details>\n"
}

/// Text that stays text: no markup of Markdown or HTML, no table cell, no mention, no line break.
pub(super) fn text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_stays_text() {
        assert_eq!(text("a|b\n<img> *x* @all `c`"), "a\\|b &lt;img&gt; \\*x\\* &#64;all \\`c\\`");
    }
}
