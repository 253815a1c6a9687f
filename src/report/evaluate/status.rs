//! Where an objective stands: the first rule that applies.

use jiff::Timestamp;

use crate::ir::Objective;
use crate::report::Status;
use crate::report::evaluate::forecast::{ENOUGH, Forecast};
use crate::report::evaluate::pace::Pace;

/// On track from, at risk from: of a probability, and of a pace.
const BY_CHANCE: (f64, f64) = (0.7, 0.3);
const BY_PACE: (f64, f64) = (0.9, 0.75);

/// Everything that a status depends on.
pub(super) struct Facts<'a> {
    pub(super) objective: &'a Objective,
    pub(super) as_of: Timestamp,
    pub(super) start: Option<Timestamp>,
    pub(super) due_end: Option<Timestamp>,
    /// The due window is complete, and the actual value is its value.
    pub(super) final_value: bool,
    /// Why there is nothing to judge: no value, or data that are too old.
    pub(super) nothing: Option<String>,
    /// Whether the actual value is what was aimed at; for a band whether every period of the due window so far is inside.
    pub(super) reached: bool,
    /// The target was reached at some time since the start.
    pub(super) reached_once: Option<String>,
    /// Of a kept band: the share of the periods so far that were inside, and the first that was not.
    pub(super) held: Option<f64>,
    pub(super) broken: Option<String>,
    pub(super) forecast: &'a Forecast,
    pub(super) pace: &'a Pace,
    /// `months`.
    pub(super) noun: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) reason: String,
    pub(super) thresholds: String,
}

pub(super) fn verdict(facts: &Facts) -> Verdict {
    let thresholds = thresholds(facts);
    let (status, reason) = decide(facts);
    Verdict { status, reason, thresholds }
}

fn decide(facts: &Facts) -> (Status, String) {
    let latched = || facts.reached_once.as_ref().filter(|_| facts.objective.latch);
    if let Some(why) = &facts.nothing {
        return (Status::NoData, why.clone());
    }
    if facts.start.is_some_and(|start| facts.as_of < start) {
        return (Status::NotStarted, "its start lies ahead".to_owned());
    }
    if let Some(when) = latched() {
        return (Status::Achieved, format!("reached in {when}; once reached counts"));
    }
    if facts.due_end.is_some_and(|due| due <= facts.as_of) {
        return match (facts.final_value, facts.reached, &facts.broken) {
            (false, ..) => (Status::Pending, "the data are not complete up to the due date yet".to_owned()),
            (true, _, Some(when)) => (Status::Missed, format!("outside the band in {when}")),
            (true, true, None) if facts.held.is_some() => {
                (Status::Achieved, "inside the band in every period".to_owned())
            }
            (true, true, None) => (Status::Achieved, "reached at the due date".to_owned()),
            (true, false, None) => (Status::Missed, "not reached at the due date".to_owned()),
        };
    }
    if let Some(when) = &facts.broken {
        return (Status::OffTrack, format!("outside the band in {when} already"));
    }
    if let Some(chance) = facts.forecast.chance() {
        let what = if facts.held.is_some() { "keeping" } else { "reaching" };
        let status = graded(chance, limits(facts, BY_CHANCE));
        return (status, format!("probability of {what} it {}", percent(chance)));
    }
    by_pace(facts)
}

fn by_pace(facts: &Facts) -> (Status, String) {
    let few = match facts.forecast.history {
        n if n < ENOUGH => format!("only {n} complete {} of history", facts.noun),
        _ => "no probability".to_owned(),
    };
    if let Some(held) = facts.held {
        let status = graded(held, limits(facts, BY_PACE));
        return (status, format!("{few}; inside the band in {} of the periods so far", percent(held)));
    }
    if let Some(pace) = facts.pace.pace {
        return (graded(pace, limits(facts, BY_PACE)), format!("{few}; pace {} of what is needed", percent(pace)));
    }
    if facts.pace.elapsed == Some(0.0) {
        return (Status::NotStarted, format!("no complete period since the start; {few}"));
    }
    match facts.reached {
        true => (Status::OnTrack, format!("{few}; the target is reached as of now")),
        false => (Status::AtRisk, format!("{few}; the target is not reached yet, and no pace can be told")),
    }
}

fn limits(facts: &Facts, default: (f64, f64)) -> (f64, f64) {
    facts.objective.thresholds.map_or(default, |(on, at)| (on.to_f64(), at.to_f64()))
}

fn graded(value: f64, (on_track, at_risk): (f64, f64)) -> Status {
    if value >= on_track {
        Status::OnTrack
    } else if value >= at_risk {
        Status::AtRisk
    } else {
        Status::OffTrack
    }
}

fn thresholds(facts: &Facts) -> String {
    let say = |what: &str, default| {
        let (on, at) = limits(facts, default);
        format!("{what} ≥ {} on track, ≥ {} at risk, else off track", percent(on), percent(at))
    };
    if facts.final_value {
        "the due window is complete: reached or not".to_owned()
    } else if facts.forecast.chance().is_some() {
        say("probability", BY_CHANCE)
    } else if facts.held.is_some() {
        say("share of periods inside the band", BY_PACE)
    } else {
        say("pace", BY_PACE)
    }
}

/// `62 %`; what is not quite nothing or all does not look like it.
pub(in crate::report) fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        v if v > 0.0 && v < 0.5 => "< 1 %".to_owned(),
        v if v > 99.5 && v < 100.0 => "> 99 %".to_owned(),
        v => format!("{v:.0} %"),
    }
}
