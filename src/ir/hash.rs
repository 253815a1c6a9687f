//! Hashes of what definitions mean: the same for the same meaning, whatever the order of files, the formatting, the comments,
//! titles, owners.

use std::collections::BTreeSet;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::ir::print::Printer;
use crate::ir::{ColumnId, Metric, MetricExpr, Numbers, Objective, Program, Settings, Source, TextOptions};
use crate::parallel;

/// Fewer metrics than this are hashed faster than a thread starts.
const METRICS_PER_THREAD: usize = 100;

fn sha256(text: &str) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Hashes the parts of a program. They cost what a check costs: made where somebody asks for one.
#[derive(Debug)]
pub struct Hasher<'a> {
    program: &'a Program,
    settings: String,
    /// Of each source, by itself: every metric names its tables, and need not spell them out.
    tables: Vec<String>,
    printer: Printer<'a>,
}

impl<'a> Hasher<'a> {
    pub fn new(program: &'a Program) -> Self {
        let printer = Printer::of_meaning(&program.sources, &program.lookups);
        let tables = program.sources.iter().map(|s| sha256(&source(s, &printer))).collect();
        Self { program, settings: settings(&program.settings), tables, printer }
    }

    /// First 128 bits of the SHA-256, in hex, of what a metric means: formula, settings, event sets, sources it reads.
    pub fn metric(&self, metric: &Metric) -> String {
        let mut text = format!("{}\nmetric {}", self.settings, meaning(&metric.expr, &self.tables, &self.printer));
        let _ = write!(text, "\nshown {:?} {:?}", metric.display.dimensions, metric.display.scale);
        let mut hash = sha256(&text);
        hash.truncate(32);
        hash
    }

    /// SHA-256, in hex, of everything that gives the definitions their meaning.
    pub fn definitions(&self) -> String {
        let Self { program, settings, tables, printer } = self;
        let threads = program.metrics.len() / METRICS_PER_THREAD + 1;
        let hashes = parallel::map(&program.metrics, threads, |metric| self.metric(metric));
        let mut lines: Vec<String> = program
            .metrics
            .iter()
            .zip(&hashes)
            .map(|(m, hash)| format!("metric {} {hash} {} {:?}", m.name, m.grain, m.better))
            .collect();
        lines.extend(program.objectives.iter().map(|o| objective(o, tables, printer)));
        lines.extend(program.benchmarks.iter().map(|b| {
            let ask = meaning(&b.ask, tables, printer);
            format!("benchmark {} {ask} {:?} {:?} {:?}", b.name, b.value, b.as_of, b.expires)
        }));
        lines.extend(program.releases.iter().map(|r| format!("release {} {}", r.name, r.at)));
        lines.sort();
        sha256(&format!("{settings}\n{}", lines.join("\n")))
    }
}

fn settings(settings: &Settings) -> String {
    let calendar = &settings.calendar;
    let zone = calendar.zone.iana_name().unwrap_or("UTC");
    format!("{zone} {:?} {:?} {:?}", calendar.week_start, calendar.fiscal_year_start, settings.stated_as_of)
}

/// An expression and the sources that it reads.
fn meaning(expr: &MetricExpr, tables: &[String], printer: &Printer<'_>) -> String {
    let read: BTreeSet<&String> = expr.sources().iter().filter_map(|s| tables.get(s.0 as usize)).collect();
    let mut text = printer.metric(expr);
    for table in read {
        text.push('\n');
        text.push_str(table);
    }
    text
}

fn source(source: &Source, printer: &Printer<'_>) -> String {
    let mut files: Vec<&str> = source.files.iter().map(|(f, _)| f.as_str()).collect();
    files.sort_unstable();
    let column = |id: &ColumnId| printer.column(&source.columns, &source.links, *id);
    let time = source.time.as_ref().map(column);
    let key: Vec<String> = source.key.iter().map(column).collect();
    let scope = source.scope.as_ref().map(|s| printer.row(s, source));
    let until = source.complete_until;
    let delivered = if source.delivered_daily { " daily" } else { "" };
    let text = match source.text {
        text if text == TextOptions::default() => String::new(),
        TextOptions { separator, quote, max_bad_rows, numbers } => {
            // What is not said is not part of it.
            let numbers = match numbers == Numbers::default() {
                true => String::new(),
                false => format!(", numbers: {numbers:?}"),
            };
            format!(
                " TextOptions {{ separator: {separator:?}, quote: {quote:?}, max_bad_rows: {max_bad_rows:?}{numbers} }}"
            )
        }
    };
    format!(
        "source {files:?} {:?} {time:?} {key:?} {scope:?} {} {until:?}{delivered}{text}",
        source.format, source.snapshot
    )
}

fn objective(o: &Objective, tables: &[String], printer: &Printer<'_>) -> String {
    let mut text = format!("objective {} {}", o.name, meaning(&o.expr, tables, printer));
    let _ = write!(
        text,
        "\n{} {:?} {:?} {} {:?} {:?} {} {}",
        o.target_text, o.start, o.due, o.grain, o.better, o.thresholds, o.latch, o.aspirational
    );
    for guardrail in &o.guardrails {
        let _ = write!(text, "\n{} {}", guardrail.text, meaning(&guardrail.expr, tables, printer));
    }
    text
}
