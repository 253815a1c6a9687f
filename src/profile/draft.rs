//! Definitions out of guesses: YAML with a comment at each guess, so that whoever reads it knows what to look at.

mod aims;
mod columns;
mod events;
mod metrics;
mod periods;
mod tables;

use crate::profile::guess::{Clock, Guess, Written};
use crate::profile::names::Taken;
use crate::profile::{Profile, Times};
use crate::syntax::print::{yaml, yaml_in_flow};

pub use periods::Periods;

/// A profile with what was made of it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pub profile: &'a Profile,
    pub guess: &'a Guess,
    /// Of the clock.
    pub times: Option<&'a Times>,
}

/// Definitions by the files they go into; each text is whole sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// `sources`, `lookups`, `events`.
    pub sources: String,
    pub metrics: String,
    /// The same without an aim: nobody answers for them yet.
    pub metrics_alone: String,
    /// `goals`, `benchmarks`, `objectives`, `reports`: with an objective to edit.
    pub aims: String,
}

impl Draft {
    /// Without aims, as one file.
    pub fn one_file(&self) -> String {
        format!("{HEAD}\n{}\n{}", self.sources, self.metrics_alone)
    }
}

const HEAD: &str = "# Guessed from the files: read it, correct it, keep it.";

/// Definitions of tables that have been looked at.
pub fn draft(tables: &[Table]) -> Draft {
    let mut taken = Taken::default();
    let plans = tables::plan(tables, &mut taken);
    let mut draft = Draft::default();
    draft.sources += &tables::write(&plans);
    let mut sets = Vec::new();
    let mut events = String::new();
    for plan in plans.iter().filter(|plan| !plan.is_lookup()) {
        let found = events::events(plan, &mut taken);
        events += &events::write(&found);
        sets.push((plan, found));
    }
    if !events.is_empty() {
        draft.sources += &format!("\nevents:\n{events}");
    }
    let mut all = Vec::new();
    for (plan, events) in &sets {
        all.extend(metrics::metrics(plan, events, &mut taken));
    }
    let aim = aims::aim(&sets.iter().map(|(plan, _)| *plan).collect::<Vec<_>>(), &all);
    draft.metrics = metrics::write(&all, aim.as_ref().map(|aim| aim.metric.as_str()));
    draft.metrics_alone = metrics::write(&all, None);
    draft.aims = aims::write(aim.as_ref(), &all);
    draft
}

/// A comment on lines of its own.
fn comment(indent: usize, text: &str) -> String {
    // A line break would end it.
    let text: String =
        text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect();
    format!("{:indent$}# {text}\n", "")
}

/// `key: value` of a block map.
fn entry(indent: usize, key: &str, value: &str) -> String {
    format!("{:indent$}{}: {}\n", "", yaml(key), yaml(value))
}

/// One text, or a list of them.
fn entries(indent: usize, key: &str, values: &[String]) -> String {
    match values {
        [one] => entry(indent, key, one),
        few if few.iter().map(|v| v.len() + 2).sum::<usize>() < 90 => {
            let list = few.iter().map(|value| yaml_in_flow(value)).collect::<Vec<_>>().join(", ");
            format!("{:indent$}{key}: [{list}]\n", "")
        }
        many => {
            let lines: String = many.iter().map(|value| format!("{:indent$}  - {}\n", "", yaml(value))).collect();
            format!("{:indent$}{key}:\n{lines}", "")
        }
    }
}

/// What a clock is written as in a source: `time_format`.
fn time_format(clock: &Clock) -> Option<&str> {
    match &clock.written {
        Written::Plain => None,
        Written::Epoch(unit) => Some(unit),
        Written::Pattern(pattern, _) => Some(pattern),
    }
}
