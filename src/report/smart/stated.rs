//! Specific, relevant, time-bound: what was checked with the definitions, said again with its evidence.

use jiff::Timestamp;

use crate::calendar::{Interval, Length, Window};
use crate::diag::Code;
use crate::ir::{Objective as Definition, Target};
use crate::report::LetterStatus;
use crate::report::evaluate::target::Aim;
use crate::report::format;
use crate::report::smart::{Evidence, Found};

pub(super) fn specific(e: &Evidence) -> Vec<Found> {
    let d = e.definition;
    let metric = d.metric.and_then(|id| e.program.metrics.get(id.0 as usize));
    let what = match metric {
        Some(metric) => format!("one metric, {}: {}", metric.name, d.formula),
        None => format!("one metric: {}", d.formula),
    };
    let who = match &d.owner {
        Some(owner) => e.holds("S2", Code::NoOwner, format!("owner {owner}; {}", population(d))),
        None => e.check("S2", Code::NoOwner, LetterStatus::Fails, format!("no owner; {}", population(d))),
    };
    vec![e.holds("S1", Code::NoMetric, what), who, direction(e)]
}

fn population(definition: &Definition) -> String {
    match &definition.population {
        Some(population) => format!("population: {population}"),
        None => "population: all".to_owned(),
    }
}

/// S3: the words say which way, and the measured baseline agrees.
fn direction(e: &Evidence) -> Found {
    let code = Code::AlreadyReached;
    let number = |v: f64| format::number(v, e.format);
    match (e.aim, &e.definition.target) {
        (Some(Aim::Level { base: Some(base), target, up }), Target::Change { .. })
            if target == base || (target > base) != *up =>
        {
            let (word, side) = if *up { ("increase", "above") } else { ("reduction", "below") };
            let evidence =
                format!("the target of the {word}, {}, is not {side} the baseline {}", number(*target), number(*base));
            e.fails(
                "S3",
                code,
                evidence,
                "move the target beyond the baseline, or keep what is reached: `keep at least …`",
            )
        }
        (Some(Aim::Level { base: Some(base), target, up }), _) => {
            let word = if *up { "up" } else { "down" };
            e.holds("S3", code, format!("{word}, from {} to {}", number(*base), number(*target)))
        }
        (Some(Aim::Level { base: None, target, up }), _) => {
            let word = if *up { "at least" } else { "at most" };
            e.holds("S3", code, format!("{word} {}", number(*target)))
        }
        (Some(Aim::Band(_)), _) => e.holds("S3", code, e.definition.target_text.clone()),
        (None, _) => e.unknown("S3", code, "the target has no value to compare with the baseline"),
    }
}

pub(super) fn relevant(e: &Evidence) -> Vec<Found> {
    let d = e.definition;
    let link = match &d.supports {
        Some(name) => {
            let because = if d.because.is_some() { ", with its reason" } else { "" };
            let note = "the link is checked, its truth is not";
            e.holds("R1", Code::Unaligned, format!("supports {name}{because}; {note}"))
        }
        None => match &d.value_area {
            Some(area) => e.holds("R1", Code::Unaligned, format!("its metric is of the value area {area}")),
            None => e.check("R1", Code::Unaligned, LetterStatus::Weak, "supports no goal and no other objective"),
        },
    };
    vec![link, guardrails(e)]
}

/// R2: something says what must not suffer, and it does not.
fn guardrails(e: &Evidence) -> Found {
    let said = e.guardrails.len();
    let broken: Vec<&str> = e.guardrails.iter().filter(|g| g.holds == Some(false)).map(|g| g.text.as_str()).collect();
    let silent = e.guardrails.iter().filter(|g| g.holds.is_none()).count();
    if said == 0 {
        let status = if e.definition.aspirational { LetterStatus::Weak } else { LetterStatus::Holds };
        return e.check("R2", Code::NoGuardrail, status, "no guardrails");
    }
    if !broken.is_empty() {
        let evidence = format!("guardrail broken: {}", broken.join(", "));
        return e.fails(
            "R2",
            Code::GuardrailBroken,
            evidence,
            "what is won here is lost there: see to the guardrail first",
        );
    }
    let without = if silent > 0 { format!(", {silent} without data") } else { String::new() };
    let noun = if said == 1 { "guardrail" } else { "guardrails" };
    e.holds("R2", Code::GuardrailBroken, format!("{said} {noun}{without}; none broken"))
}

pub(super) fn time_bound(e: &Evidence) -> Vec<Found> {
    let calendar = &e.program.settings.calendar;
    let day = |t| format::date(calendar.date_of(t));
    let dates = match (e.plan.start, e.plan.due_end) {
        (Some(start), Some(due)) => {
            let last = Interval { start, end: due }.last_instant();
            e.holds("T1", Code::NoDue, format!("from {} to {}", day(start), day(last)))
        }
        (None, Some(_)) => {
            e.check("T1", Code::NoDue, LetterStatus::Weak, format!("due {}; no start", e.plan.due_label))
        }
        _ => e.check("T1", Code::NoDue, LetterStatus::Fails, "no due date"),
    };
    let periods = e
        .plan
        .start
        .zip(e.plan.due_end)
        .map(|(start, end)| calendar.periods(Interval { start, end }, e.definition.grain).map_or(0, |p| p.len()));
    let horizon = match periods {
        Some(n) if n >= 1 => {
            let periods = format::plural(n as u64, e.definition.grain.as_str());
            let known = match e.plan.due_end.and_then(|end| latency(e, end)) {
                Some((length, sessions)) => {
                    let at_most = if sessions { "at most " } else { "" };
                    format!("a value is known {at_most}{length} after the end of its own")
                }
                None => "a value is known at the end of its own".to_owned(),
            };
            e.holds("T2", Code::ShortHorizon, format!("{periods} between start and due; {known}"))
        }
        _ => e.unknown("T2", Code::ShortHorizon, "no start to measure the time from"),
    };
    vec![dates, horizon, reviews(e)]
}

/// How long after an instant what ends there is known, and whether that is a matter of sessions, which may end sooner.
fn latency(e: &Evidence, at: Timestamp) -> Option<(Length, bool)> {
    let calendar = &e.program.settings.calendar;
    let expr = &e.definition.expr;
    let journeys = expr.latencies().into_iter().map(|length| (length, false));
    let all = journeys.chain(expr.session_latencies().into_iter().map(|length| (length, true)));
    all.max_by_key(|(length, _)| calendar.after(at, *length))
}

/// T3: how often somebody looks.
fn reviews(e: &Evidence) -> Found {
    let Some(length) = e.definition.check_in else {
        return e.check("T3", Code::NoCheckIn, LetterStatus::Weak, "no `check_in:`");
    };
    let calendar = &e.program.settings.calendar;
    let Some((start, mut at)) = e.plan.start.zip(e.plan.due_end) else {
        return e.holds("T3", Code::CheckInCadence, format!("every {length}"));
    };
    let mut count: u64 = 0;
    while at > start && count < 1000 {
        let earlier = calendar.window(Window::Trailing(length), Interval { start: at, end: at }).start;
        if earlier >= at {
            break;
        }
        at = earlier;
        count += 1;
    }
    let evidence = format!("every {length}: {}", format::plural(count, "check-in"));
    let status = if count >= 2 { LetterStatus::Holds } else { LetterStatus::Weak };
    e.check("T3", Code::CheckInCadence, status, evidence)
}
