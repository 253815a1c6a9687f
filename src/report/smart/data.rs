//! Measurable and achievable: the checks that need data.

use crate::diag::Code;
use crate::ir::Target;
use crate::report::evaluate::forecast::ENOUGH;
use crate::report::evaluate::status::percent;
use crate::report::evaluate::target::Aim;
use crate::report::format;
use crate::report::smart::{Evidence, Found};
use crate::report::{LetterStatus, Measured, Status};
use crate::stats::process::xmr;

/// A baseline on fewer observations than this is small.
const FEW: u64 = 30;

pub(super) fn measurable(e: &Evidence) -> Vec<Found> {
    vec![unit_and_domain(e), baseline(e), fresh(e), signal(e)]
}

pub(super) fn achievable(e: &Evidence) -> Vec<Found> {
    vec![chance(e), rate(e), history(e)]
}

/// M1: the target's unit was checked with the definitions; its value is known only now.
fn unit_and_domain(e: &Evidence) -> Found {
    let (least, most) = e.domain;
    let number = |v: f64| format::number(v, e.format);
    let Some(aim) = e.aim else {
        if e.plan.reach.timeless || e.baseline.is_some_and(|b| b.value.is_none()) {
            return e.unknown("M1", Code::OutOfDomain, "the target follows from a baseline that has no value");
        }
        let help = "compare with a benchmark that states its values, or write the number";
        return e.fails("M1", Code::NoTargetValue, "the target's benchmark has no value", help);
    };
    let bounds: Vec<f64> = match aim {
        Aim::Level { target, .. } => vec![*target],
        Aim::Band(band) => band.low.iter().chain(&band.high).map(|b| b.at).collect(),
    };
    let unit = if e.format.percent { "%" } else { e.format.unit.as_str() };
    let unit = if unit.is_empty() { "a plain number".to_owned() } else { format!("in {unit}") };
    if let Some(outside) = bounds.iter().find(|b| **b < least || **b > most) {
        let evidence = format!(
            "the target is {}, beyond the {} to {} that there can be",
            number(*outside),
            number(least),
            number(most)
        );
        return e.fails("M1", Code::OutOfDomain, evidence, "aim at a value that the metric can have");
    }
    let values: Vec<String> = bounds.iter().map(|b| number(*b)).collect();
    e.holds(
        "M1",
        Code::OutOfDomain,
        format!("the metric compiles; the target {} is {unit} as the metric is", values.join(" and ")),
    )
}

/// M2: where the way begins.
fn baseline(e: &Evidence) -> Found {
    let Some(baseline) = e.baseline else {
        let why = match e.definition.target {
            Target::Reach { .. } | Target::Change { .. } => "no baseline: nothing says when the objective began",
            _ => "a band to keep needs no baseline",
        };
        let status = match e.definition.target {
            Target::Reach { .. } | Target::Change { .. } => LetterStatus::Unknown,
            _ => LetterStatus::Holds,
        };
        return e.check("M2", Code::NoBaselineValue, status, why);
    };
    let Some(value) = baseline.value else {
        let why = baseline.note.as_deref().unwrap_or("no data");
        let evidence = format!("the baseline {} has no value: {why}", baseline.window);
        return e.fails(
            "M2",
            Code::NoBaselineValue,
            evidence,
            "choose a baseline window that the data cover completely",
        );
    };
    let Measured { window, interval, n, note, .. } = baseline;
    let mut text = format!("baseline {}", format::number(value, e.format));
    if !window.is_empty() {
        text.push_str(&format!(" in {window}"));
    }
    if let Some(n) = n {
        text.push_str(&format!(", n = {n}"));
    }
    if let Some(range) = interval {
        let (low, high) = (format::number(range.low, e.format), format::number(range.high, e.format));
        text.push_str(&format!(", {:.0} % interval {low} to {high} ({})", range.level * 100.0, range.method));
    }
    if let Some(note) = note {
        text.push_str(&format!("; {note}"));
    }
    let counted = interval.as_ref().is_some_and(|r| r.method == "Wilson" || r.method == "t");
    match n.filter(|n| counted && *n < FEW) {
        Some(_) => e.fails(
            "M2",
            Code::SmallBaseline,
            text,
            "take a longer baseline, so that it rests on 30 observations or more",
        ),
        None => e.holds("M2", Code::SmallBaseline, text),
    }
}

/// M3: the latest row is recent enough to be judged by.
fn fresh(e: &Evidence) -> Found {
    let calendar = &e.program.settings.calendar;
    match (&e.stale, e.plan.reach.last) {
        _ if e.plan.reach.timeless => e.holds("M3", Code::StaleData, "the data have no clock"),
        (_, None) => e.fails("M3", Code::StaleData, "there are no rows", "check the source's `files:` and `where:`"),
        (_, Some(last)) if e.plan.final_value => {
            let day = format::date(calendar.date_of(last));
            e.holds("M3", Code::StaleData, format!("complete up to the due date; the latest row is of {day}"))
        }
        (Some(stale), Some(_)) => {
            let help = "bring newer files, or report as of an earlier date (`--as-of`)";
            e.fails("M3", Code::StaleData, stale.clone(), help)
        }
        (None, Some(last)) => {
            e.holds("M3", Code::StaleData, format!("the latest row is of {}", format::date(calendar.date_of(last))))
        }
    }
}

/// M4: the way to go is longer than what the baseline may be wrong by.
fn signal(e: &Evidence) -> Found {
    let code = Code::WithinNoise;
    let Some(Aim::Level { base: Some(base), target, .. }) = e.aim else {
        return match e.aim {
            Some(Aim::Band(_)) => e.holds("M4", code, "a band to keep asks for no change"),
            _ => e.unknown("M4", code, "no baseline value to compare the target with"),
        };
    };
    if let Target::Change { increase, .. } = &e.definition.target
        && (target == base || (target > base) != *increase)
    {
        return e.unknown("M4", code, "the target is not beyond the baseline");
    }
    let way = (target - base).abs();
    let difference = |v: f64| format::difference(v, e.format).trim_start_matches('+').to_owned();
    let noise = match e.baseline.and_then(|b| b.interval.as_ref()) {
        Some(range) => Some(((range.high - range.low) / 2.0, "half-width of the baseline's interval")),
        None => e.plan.start.and_then(|start| {
            let before: Vec<f64> =
                e.series.iter().filter(|p| p.complete && p.end <= start).filter_map(|p| p.value).collect();
            // Limits of single periods say nothing about the sum of several.
            let one =
                e.baseline.is_some_and(|b| e.series.iter().any(|p| Some(p.start) == b.start && Some(p.end) == b.end));
            let limits = xmr(&before).filter(|_| one && before.len() >= ENOUGH)?;
            Some((limits.upper - limits.center, "distance of the process limits before the start"))
        }),
    };
    match noise {
        None => {
            e.unknown("M4", code, format!("|target − baseline| = {}; no interval to compare it with", difference(way)))
        }
        Some((noise, what)) if way > noise => e.holds(
            "M4",
            code,
            format!("|target − baseline| = {} > {}, the {what}", difference(way), difference(noise)),
        ),
        Some((noise, what)) => {
            let text = format!("|target − baseline| = {} ≤ {}, the {what}", difference(way), difference(noise));
            e.fails(
                "M4",
                code,
                text,
                "aim at a change that could not be chance, or measure the baseline over a longer window",
            )
        }
    }
}

/// Whether the objective is still open, so that its chances matter.
fn open(e: &Evidence) -> bool {
    matches!(e.status, Status::OnTrack | Status::AtRisk | Status::OffTrack | Status::NotStarted)
}

/// A1: the chance of reaching it.
fn chance(e: &Evidence) -> Found {
    let parts: Vec<String> =
        e.forecast.probabilities.iter().map(|p| format!("{} by {}", percent(p.value), p.method)).collect();
    let chances = || e.forecast.probabilities.iter().map(|p| p.value);
    let (Some(least), Some(most)) = (chances().reduce(f64::min), chances().reduce(f64::max)) else {
        return e.unknown(
            "A1",
            Code::Unrealistic,
            if open(e) {
                "no probability: too little history, or too many periods to the due date"
            } else {
                "the due date has passed"
            },
        );
    };
    if !open(e) {
        return e.unknown("A3", Code::ShortHistory, "the due date has passed");
    }
    let n = e.forecast.history;
    let text = format!("probability {}, from {n} complete periods", parts.join(" and "));
    let keeps = matches!(e.aim, Some(Aim::Band(_)));
    // Two methods that do not agree are no reason to warn: one draws from the past as it was, the other goes on with its trend.
    match (least, most) {
        (_, most) if most < 0.10 && open(e) => e.fails(
            "A1",
            Code::Unrealistic,
            text,
            "lower the target, move the due date, or say what will change (`actions:`)",
        ),
        (least, _) if least > 0.95 && open(e) && !keeps => {
            e.fails("A1", Code::NoStretch, text, "raise the target: it is reached if everything goes on as before")
        }
        _ => e.holds("A1", Code::Unrealistic, text),
    }
}

/// A2: the rate that is needed, among the rates that have been seen.
fn rate(e: &Evidence) -> Found {
    let code = Code::SteepRate;
    if matches!(e.aim, Some(Aim::Band(_))) {
        return e.holds("A2", code, "a band to keep needs no rate");
    }
    let Some((required, percentile)) = e.required.zip(e.required_percentile) else {
        return e.unknown(
            "A2",
            code,
            if e.plan.final_value { "the due date has passed" } else { "too few past changes to compare with" },
        );
    };
    let text = format!(
        "{} a {} needed: percentile {percentile:.0} of the past changes",
        format::difference(required, e.format),
        e.definition.grain
    );
    match percentile > 95.0 && open(e) {
        true => e.fails(
            "A2",
            code,
            text,
            "a target that needs what has hardly ever happened wants a later date or a smaller step",
        ),
        false => e.holds("A2", code, text),
    }
}

/// A3: enough history to tell.
fn history(e: &Evidence) -> Found {
    if !open(e) {
        return e.unknown("A3", Code::ShortHistory, "the due date has passed");
    }
    let n = e.forecast.history;
    let noun = if n == 1 { e.definition.grain.to_string() } else { format!("{}s", e.definition.grain) };
    let text = format!("{n} complete {noun} of history");
    match n >= ENOUGH {
        true => e.holds("A3", Code::ShortHistory, text),
        false => {
            let text = format!("{text}, {ENOUGH} are needed for a probability: the status goes by pace");
            e.fails("A3", Code::ShortHistory, text, "a finer grain has more periods")
        }
    }
}
