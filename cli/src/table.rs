//! Answers of a query as text, CSV, Markdown and JSON.

use jiff::Timestamp;
use kepi_lang::calendar::Calendar;
use kepi_lang::check::Typed;
use kepi_lang::ir::{Approximation, Ask};
use kepi_lang::report::plan::companions::{Companions, LEVEL};
use kepi_lang::report::render::json::{ledger, lookup, scalar, with_approximation};
use kepi_lang::results::{Answer, AnswerRow, Results};
use kepi_lang::value::Value;
use serde_json::json;

/// One metric's answer, with what is needed to write it.
pub struct Answered<'a> {
    pub typed: &'a Typed,
    pub ask: &'a Ask,
    pub rows: &'a [AnswerRow],
    /// By period: an end of the range falls into it.
    pub cut: &'a [bool],
    /// Of what people answered: what the intervals are made of.
    pub known: Option<(&'a Companions, &'a Answer, &'a Answer)>,
}

impl Answered<'_> {
    /// The interval of a value, in the unit that is shown.
    fn interval(&self, row: &AnswerRow) -> Option<serde_json::Value> {
        let (on, first, second) = self.known?;
        let number = |answer: &Answer| {
            let same = answer.rows.iter().find(|r| r.period == row.period && r.by == row.by)?;
            same.value.as_f64()
        };
        let (bounds, n) = on.interval(row.value.as_f64()?, [number(first), number(second)])?;
        let factor = self.typed.expr.unit.factor_to(&self.typed.display);
        let scale = factor.map_or(1.0, |f| f.num as f64 / f.den as f64);
        let method = on.method();
        Some(
            json!({"low": bounds.low * scale, "high": bounds.high * scale, "level": LEVEL, "method": method, "n": n as u64}),
        )
    }

    /// The value in the unit that is shown; a number that does not fit there is null.
    fn value(&self, row: &AnswerRow) -> Value {
        match self.typed.expr.unit.factor_to(&self.typed.display) {
            Some(factor) => row.value.scaled(factor.num, factor.den).unwrap_or(Value::Null),
            None => row.value.clone(),
        }
    }

    fn complete(&self, row: &AnswerRow) -> bool {
        row.complete && !self.cut[row.period]
    }

    fn header(&self) -> Vec<String> {
        let unit = self.typed.display.to_string();
        let value = if unit.is_empty() { self.ask.name.clone() } else { format!("{} ({unit})", self.ask.name) };
        std::iter::once("period".to_string()).chain(self.ask.by.iter().cloned()).chain([value, String::new()]).collect()
    }

    fn cells(&self, row: &AnswerRow) -> Vec<String> {
        let by = row.by.iter().map(ToString::to_string);
        let value = match self.value(row) {
            Value::Null => "no data".to_string(),
            value => value.to_string(),
        };
        let note = match row.open {
            _ if self.complete(row) => String::new(),
            Some(open) => format!("incomplete, {open} open"),
            None => "incomplete".to_string(),
        };
        std::iter::once(self.ask.periods[row.period].label.clone()).chain(by).chain([value, note]).collect()
    }
}

/// Columns, numbers to the right.
pub fn text(answers: &[Answered]) -> String {
    let mut out = String::new();
    for (i, answer) in answers.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let rows: Vec<_> =
            std::iter::once(answer.header()).chain(answer.rows.iter().map(|r| answer.cells(r))).collect();
        let value = answer.ask.by.len() + 1;
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..value + 2).map(width).collect();
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                let cell = if column == value { format!("{pad}{cell}") } else { format!("{cell}{pad}") };
                line += &format!("{}{cell}", if column == 0 { "" } else { "  " });
            }
            out += line.trim_end();
            out.push('\n');
        }
        if let Some(words) = Approximation::of(&answer.typed.expr).words() {
            out += &format!("{words}\n");
        }
    }
    out
}

/// One table: `metric,period,start,end,<dimensions>,value,complete`, with the dimensions of all metrics; a cell is empty where a
/// metric is not broken down so. Where a metric is approximate, a last column says which: `approximate`.
pub fn csv(answers: &[Answered]) -> String {
    let quote = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_string()
        }
    };
    let mut dimensions: Vec<&String> = Vec::new();
    for dimension in answers.iter().flat_map(|a| &a.ask.by) {
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    let head = ["metric", "period", "start", "end"].into_iter().chain(dimensions.iter().map(|d| d.as_str()));
    let exact = |answer: &Answered| Approximation::of(&answer.typed.expr).is_exact();
    let mark = answers.iter().any(|answer| !exact(answer));
    let head = head.chain(["value", "complete"]).chain(mark.then_some("approximate"));
    let mut out = head.map(quote).collect::<Vec<_>>().join(",") + "\n";
    for answer in answers {
        let marked = mark.then(|| (!exact(answer)).to_string());
        for row in answer.rows {
            let period = &answer.ask.periods[row.period];
            let mut cells = vec![answer.ask.name.clone(), period.label.clone()];
            cells.extend([bound(period.interval.start), bound(period.interval.end)]);
            let plain = |v: &Value| if v.is_null() { String::new() } else { v.to_string() };
            let place = |dimension: &&String| answer.ask.by.iter().position(|own| own == *dimension);
            cells.extend(dimensions.iter().map(|d| place(d).and_then(|i| row.by.get(i)).map_or(String::new(), plain)));
            cells.extend([plain(&answer.value(row)), answer.complete(row).to_string()]);
            cells.extend(marked.clone());
            out += &(cells.iter().map(|c| quote(c)).collect::<Vec<_>>().join(",") + "\n");
        }
    }
    out
}

fn bound(at: Timestamp) -> String {
    if at == Timestamp::MIN || at == Timestamp::MAX { String::new() } else { at.to_string() }
}

pub fn markdown(answers: &[Answered]) -> String {
    let escape = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut out = String::new();
    for (i, answer) in answers.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let header = answer.header();
        let line =
            |cells: &[String]| format!("| {} |\n", cells.iter().map(|c| escape(c)).collect::<Vec<_>>().join(" | "));
        out += &line(&header);
        let value = answer.ask.by.len() + 1;
        let rule: Vec<String> =
            (0..header.len()).map(|i| if i == value { "---:" } else { "---" }.to_string()).collect();
        out += &format!("| {} |\n", rule.join(" | "));
        for row in answer.rows {
            out += &line(&answer.cells(row));
        }
        if let Some(words) = Approximation::of(&answer.typed.expr).words() {
            out += &format!("\n{words}\n");
        }
    }
    out
}

/// The envelope of the language reference: an entry a metric, `ledger` and `lookups` beside `metrics`.
pub fn json(answers: &[Answered], results: &Results, calendar: &Calendar, as_of: Timestamp) -> String {
    let time = |at: Timestamp| {
        if at == Timestamp::MIN || at == Timestamp::MAX {
            return serde_json::Value::Null;
        }
        let offset = calendar.zone.to_offset(at);
        serde_json::Value::from(at.display_with_offset(offset).to_string())
    };
    let metrics: Vec<_> = answers
        .iter()
        .map(|answer| {
            let rows: Vec<_> = answer
                .rows
                .iter()
                .map(|row| {
                    let period = &answer.ask.periods[row.period];
                    let by: serde_json::Map<_, _> =
                        answer.ask.by.iter().cloned().zip(row.by.iter().map(scalar)).collect();
                    let mut shown = json!({
                        "period": period.label,
                        "start": time(period.interval.start),
                        "end": time(period.interval.end),
                        "by": by,
                        "value": scalar(&answer.value(row)),
                        "complete": answer.complete(row),
                    });
                    if let Some(open) = row.open {
                        shown["open"] = open.into();
                    }
                    if let Some(interval) = answer.interval(row) {
                        shown["interval"] = interval;
                    }
                    shown
                })
                .collect();
            let unit = answer.typed.display.to_string();
            let grain = answer.ask.periods.first().and_then(|p| p.grain);
            let shown = json!({
                "name": answer.ask.name,
                "unit": if unit.is_empty() { serde_json::Value::Null } else { unit.into() },
                "grain": grain.map_or("total".to_string(), |g| g.to_string()),
                "by": answer.ask.by,
                "rows": rows,
            });
            with_approximation(shown, &Approximation::of(&answer.typed.expr))
        })
        .collect();
    let document = json!({
        "kepi": 1,
        "as_of": if as_of == Timestamp::MAX { serde_json::Value::Null } else { as_of.to_string().into() },
        "time_zone": calendar.zone.iana_name(),
        "metrics": metrics,
        "ledger": results.ledgers.iter().map(ledger).collect::<Vec<_>>(),
        "lookups": results.lookups.iter().map(lookup).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}
