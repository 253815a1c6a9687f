//! What a pass over a source does, in words: what is read, into which cells its rows fall, and what each cell keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kepi_lang::ir::print::Printer;
use kepi_lang::ir::{Aggregate, Derived, Measure, Question, Source};

use crate::execute::work::{Work, word};
use crate::plan::Plan;
use crate::plan::suite::{Space, Taken};
use crate::sources::OpenSource;

/// The names of the questions that a measure is computed for, by its number.
pub(crate) type Askers<'a> = BTreeMap<usize, Vec<&'a str>>;

pub(crate) fn askers<'a>(plan: &Plan, question: &'a Question) -> Askers<'a> {
    let mut askers = Askers::new();
    for (ask, needs) in question.asks.iter().zip(&plan.asks) {
        for (measure, _) in needs.iter().flatten() {
            let names = askers.entry(*measure).or_default();
            if names.last() != Some(&ask.name.as_str()) {
                names.push(&ask.name);
            }
        }
    }
    askers
}

/// One pass over a source. `kept`: why no state of its files is kept, `Some(None)` where they are; `None` without a cache.
pub(crate) fn pass(work: &Work, source: &OpenSource, askers: &Askers<'_>, kept: Option<Option<&str>>) -> String {
    let spec = &work.spec;
    let mut out = format!("{}: one pass over {}\n", source.name(), many(source.files(), "file"));
    let Some(def) = work.program.sources.get(spec.source.0 as usize) else { return out };
    let words = Words { work, askers, rows: Rows::Of(def) };
    let printer = words.printer();
    let names: Vec<String> = spec.columns.iter().map(|id| printer.column(&def.columns, &def.links, *id)).collect();
    let mut line = |label: &str, text: &str| out += &format!("  {label:<10}{text}\n");
    line("rows", &format!("{}, {} bytes", source.rows(), source.bytes()));
    line("columns", &format!("{} of {}: {}", names.len(), def.columns.len(), names.join(", ")));
    if let Some(bounds) = spec.bounds {
        let skipped = source.left_out(spec.bounds).iter().filter(|out| **out).count();
        let from = if bounds.start == Timestamp::MIN { String::new() } else { format!("from {} ", bounds.start) };
        line("time", &format!("{from}up to {}; {} skipped", bounds.end, many(skipped as u64, "file")));
    }
    if !spec.ways.is_empty() {
        let ways = spec.ways.iter().map(|way| way.name(&def.links, &work.program.lookups));
        line("lookups", &ways.collect::<Vec<_>>().join(", "));
    }
    match kept {
        Some(None) => line("kept", "the state of each file"),
        Some(Some(why)) => line("kept", &format!("nothing: {why}")),
        None => {}
    }
    out + &words.cells() + &words.made()
}

/// What is measured of rows that are made of others'.
pub(crate) fn of_made(work: &Work, derived: &Derived, askers: &Askers<'_>) -> String {
    let words = Words { work, askers, rows: Rows::Made(derived) };
    format!("{}: rows that are made, in memory\n", work.source()) + &words.cells() + &words.made()
}

#[derive(Clone, Copy)]
enum Rows<'a> {
    Of(&'a Source),
    Made(&'a Derived),
}

struct Words<'a> {
    work: &'a Work,
    askers: &'a Askers<'a>,
    rows: Rows<'a>,
}

impl Words<'_> {
    fn printer(&self) -> Printer<'_> {
        Printer::new(&self.work.program.sources, &self.work.program.lookups)
    }

    fn cells(&self) -> String {
        let (spec, mut out) = (&self.work.spec, String::new());
        for (at, space) in spec.spaces.iter().enumerate() {
            out += &format!("  cells     {}\n", self.place(space));
            for taken in spec.taken.iter().filter(|taken| taken.space == at) {
                let Some(planned) = self.work.plan.measures.get(taken.measure) else { continue };
                let names = self.askers.get(&taken.measure).map(|names| names.join(", ")).unwrap_or_default();
                let (text, kept) = (self.measured(&planned.measure, taken), state(&planned.measure, taken));
                out += &format!("    {text}\n      keeps {kept}, for {names}\n");
            }
        }
        out
    }

    fn place(&self, space: &Space) -> String {
        let spans = self.work.plan.timelines.get(space.timeline).map_or(0, |timeline| timeline.spans.len()) as u64;
        let mut text = match (space.clock, self.rows) {
            (None, _) => "all rows, without time".to_owned(),
            (Some(_), Rows::Made(_)) => format!("{} of time", many(spans, "span")),
            (Some(id), Rows::Of(def)) => {
                let clock = self.printer().column(&def.columns, &def.links, id);
                format!("{} of time by {clock}", many(spans, "span"))
            }
        };
        for (what, groups) in [("for each", space.breakdown()), ("per", space.keys())] {
            groups.iter().for_each(|group| text += &format!(", {what} {}", self.row(*group)));
        }
        text
    }

    fn measured(&self, measure: &Measure, taken: &Taken) -> String {
        let value = taken.value.map(|at| self.row(at)).unwrap_or_default();
        let mut text = format!("{}({value})", word(measure));
        if let Some(filter) = taken.filter {
            text += &format!(" where {}", self.row(filter));
        }
        text
    }

    fn made(&self) -> String {
        let made = self.work.spec.harvests.iter().filter_map(|h| self.work.plan.derived.get(h.derived));
        made.map(|planned| format!("  makes     {}\n", self.printer().derived(&planned.derived))).collect()
    }

    fn row(&self, at: usize) -> String {
        let Some(expr) = self.work.spec.exprs.get(at) else { return String::new() };
        match self.rows {
            Rows::Of(def) => self.printer().row(expr, def),
            Rows::Made(derived) => self.printer().derived_row(expr, derived),
        }
    }
}

/// What a cell holds of the rows that fell into it.
fn state(measure: &Measure, taken: &Taken) -> &'static str {
    match &measure.aggregate {
        Aggregate::Count => "a count",
        Aggregate::Unique => "the set of distinct values",
        Aggregate::ApproximateUnique => "a sketch of distinct values, of 16 KiB at most",
        Aggregate::Share => "two counts",
        Aggregate::Sum => "an exact sum",
        Aggregate::Mean => "an exact sum and a count",
        Aggregate::Min | Aggregate::Max => "one value",
        Aggregate::Percentile { .. } => "every value",
        Aggregate::ApproximatePercentile { .. } => "a sketch of values, counted by their size",
        Aggregate::Stddev => "a count, a mean and the squares around it",
        Aggregate::First | Aggregate::Last => "one value, its time and its key",
        Aggregate::Trail if taken.kept.is_empty() => "actor and time of each row",
        Aggregate::Trail => "actor and time of each row, and what is asked of it",
    }
}

fn many(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
