//! Objectives on both sides: what stands where, and whether that is by what was done or by what was written.

use jiff::Timestamp;

use crate::diff::{Cause, Change, Class, Goalpost, How, Judged, Kind, Part, Side, Standing};
use crate::ir::{Amount, Baseline, BenchmarkId, Due, Objective as Definition, Program, Target};
use crate::report::{Objective, Report, Status, format};

/// A report on the way from the base to the head, and what of it differs from the one before.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub cause: Cause,
    pub report: &'a Report,
}

/// What moves the goalposts when it is changed after the start.
const POSTS: [&str; 8] = ["target", "baseline", "due", "start", "thresholds", "latch", "grain", "unit"];

/// The objectives that the reports show, where they stood and where they stand. `runs`: the base first, the head last.
pub fn judged(runs: &[Run], changes: &[Change]) -> Vec<Judged> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Vec::new() };
    let was = |name: &str| {
        let change = changes.iter().find(|c| c.key.kind == Kind::Objective && c.key.name == name);
        change.and_then(|c| c.was.clone()).unwrap_or_else(|| name.to_owned())
    };
    let mut all: Vec<Judged> = Vec::new();
    for objective in &last.report.objectives {
        let old_name = was(&objective.name);
        let mut causes = Vec::new();
        let mut before: Option<Status> = None;
        for (index, run) in runs.iter().enumerate() {
            let name = if index + 1 == runs.len() { &objective.name } else { &old_name };
            let now = of(run.report, name).or_else(|| of(run.report, &objective.name)).map(|o| o.status);
            if index > 0 && now.is_some() && before.is_some() && now != before {
                causes.push(run.cause);
            }
            before = now.or(before);
        }
        let old = of(first.report, &old_name).map(standing);
        let new = standing(objective);
        let flipped = old.as_ref().is_some_and(|old| old.status != new.status);
        all.push(Judged {
            name: objective.name.clone(),
            title: objective.title.clone(),
            old,
            new: Some(new),
            flipped,
            causes: if flipped { causes } else { Vec::new() },
        });
    }
    let gone = first.report.objectives.iter().filter(|o| {
        changes.iter().any(|c| c.how == How::Removed && c.key.kind == Kind::Objective && c.key.name == o.name)
    });
    all.extend(gone.map(|o| Judged {
        name: o.name.clone(),
        title: o.title.clone(),
        old: Some(standing(o)),
        new: None,
        flipped: false,
        causes: Vec::new(),
    }));
    all
}

fn of<'a>(report: &'a Report, name: &str) -> Option<&'a Objective> {
    report.objectives.iter().find(|o| o.name == name)
}

fn standing(o: &Objective) -> Standing {
    Standing {
        status: o.status,
        reason: o.status_reason.clone(),
        value: o.actual.value,
        shown: format::optional(o.actual.value, &o.format),
        target: o.target.text.clone(),
    }
}

/// The objectives that were changed after their start. `as_of`: "now"; not known, every objective counts as begun.
pub fn goalposts(
    base: Side,
    head: Side,
    changes: &[Change],
    judged: &[Judged],
    begun: &dyn Fn(&str) -> Option<Timestamp>,
    as_of: Option<Timestamp>,
) -> Vec<Goalpost> {
    let mut all = Vec::new();
    for old in &base.program.objectives {
        let change =
            changes.iter().find(|c| c.key.kind == Kind::Objective && c.was.as_deref() == Some(old.name.as_str()));
        let name = change.map_or(&old.name, |c| &c.key.name);
        let start = begun(&old.name).or_else(|| stated_start(base.program, old));
        if as_of.zip(start).is_some_and(|(now, start)| now < start) {
            continue;
        }
        let since = start.map(|t| format::date(base.program.settings.calendar.date_of(t)));
        let Some(new) = head.program.objectives.iter().find(|o| o.name == *name) else {
            let since = since.map_or(String::new(), |day| format!(", which began on {day}"));
            all.push(Goalpost {
                objective: old.name.clone(),
                title: old.title.clone(),
                parts: Vec::new(),
                says: vec![format!("removed after its start{since}")],
                reason: None,
                removed: true,
                span: None,
            });
            continue;
        };
        let mut parts: Vec<Part> = Vec::new();
        // What an objective says itself; what its metric means now shows in its status.
        if let Some(change) = change.filter(|c| c.class != Class::Prose) {
            let own = old.formula != new.formula;
            let moves = |p: &&Part| {
                let inherited = p.old == p.new && !change.because.is_empty();
                (POSTS.contains(&p.label) && !inherited) || (own && p.label == "scope")
            };
            parts.extend(change.parts.iter().filter(moves).cloned());
            if let Some(target) = parts.iter_mut().find(|p| p.label == "target") {
                (target.old, target.new) = (old.target_text.clone(), new.target_text.clone());
            }
            if let Some(scope) = parts.iter_mut().find(|p| p.label == "scope") {
                (scope.old, scope.new) = (old.formula.clone(), new.formula.clone());
            } else if own {
                let (old, new) = (old.formula.clone(), new.formula.clone());
                parts.push(Part { label: "metric", class: Class::Compatible, old, new });
            }
        }
        let verdict = judged.iter().find(|j| j.name == *name);
        let by_writing = |j: &&Judged| j.flipped && j.causes.iter().any(|c| *c != Cause::Data);
        let mut says: Vec<String> = parts.iter().map(said).collect();
        if let Some(j) = verdict.filter(by_writing) {
            let status = |s: &Option<Standing>| s.as_ref().map_or(String::new(), |s| s.status.words().to_owned());
            let part = Part { label: "status", class: Class::Compatible, old: status(&j.old), new: status(&j.new) };
            says.push(flip(j));
            parts.push(part);
        }
        if parts.is_empty() {
            continue;
        }
        all.push(Goalpost {
            objective: new.name.clone(),
            title: new.title.clone(),
            parts,
            says,
            reason: reason(old, new),
            removed: false,
            span: Some(new.span),
        });
    }
    all
}

fn said(part: &Part) -> String {
    let label = if part.label == "due" { "due date" } else { part.label };
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    if part.old == part.new {
        return format!("the {label} is another one");
    }
    format!("the {label} was {}, is {}", shown(&part.old), shown(&part.new))
}

/// `on track only by the new definition: was 43 % (off track), is 71 %`.
fn flip(j: &Judged) -> String {
    let (Some(old), Some(new)) = (&j.old, &j.new) else { return String::new() };
    let causes: Vec<&str> = j.causes.iter().map(|c| c.as_str()).collect();
    let causes = format::list(&causes);
    let better = rank(new.status) < rank(old.status);
    let values = if old.shown == new.shown {
        format!("it is {} both ways", new.shown)
    } else {
        format!("was {}, is {}", old.shown, new.shown)
    };
    let only = if better { "only " } else { "" };
    format!("{} {only}by the new {causes}: {values}; it was {}", new.status.words(), old.status.words())
}

fn rank(status: Status) -> usize {
    Status::ALL.iter().position(|s| *s == status).unwrap_or(usize::MAX)
}

/// The reasons of the entries that the log did not have before.
fn reason(old: &Definition, new: &Definition) -> Option<String> {
    let fresh = new.changes.iter().filter(|entry| !old.changes.contains(entry));
    let reasons: Vec<&str> = fresh.filter_map(|entry| entry.reason.as_deref()).map(str::trim).collect();
    let reasons: Vec<&str> = reasons.into_iter().filter(|r| !r.is_empty()).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Where pacing begins as far as the definition says: its start, the end of its baseline, the beginning of its due period.
fn stated_start(program: &Program, o: &Definition) -> Option<Timestamp> {
    let from = match &o.target {
        Target::Change { from, .. } => Some(from),
        Target::Reach { from, .. } => from.as_ref(),
        _ => None,
    };
    let baseline = from.and_then(|b| match b {
        Baseline::Period(period) => Some(period.interval.end),
        _ => None,
    });
    let created = || o.created.map(|d| program.settings.calendar.date_start(d));
    let due = || match &o.due {
        Due::Period(period) => Some(period.interval.start),
        Due::Date(_) => None,
    };
    o.start.or(baseline).or_else(due).or_else(created)
}

/// The head's program with the base's targets, baselines, due dates and thresholds: what the definitions alone do. `None`
/// where no objective has others, or a target names a benchmark that is not there any more.
pub fn without_targets(base: &Program, head: &Program, changes: &[Change]) -> Option<Program> {
    let mut program = head.clone();
    let mut any = false;
    for objective in &mut program.objectives {
        let change = changes.iter().find(|c| c.key.kind == Kind::Objective && c.key.name == objective.name);
        // What is written alike is another thing by what it rests on.
        let aimed = |p: &Part| {
            ["target", "baseline", "due", "start", "thresholds", "latch"].contains(&p.label) && p.old != p.new
        };
        let Some(change) = change.filter(|c| c.parts.iter().any(aimed)) else { continue };
        let Some(old) = base.objectives.iter().find(|o| Some(&o.name) == change.was.as_ref()) else { continue };
        // Amounts are in the expression's unit.
        let factor = old.expr.unit.factor_to(&objective.expr.unit);
        let target = benchmarks(base, head, &old.target).filter(|_| factor.is_some_and(|f| f.is_one()))?;
        objective.target = target;
        objective.target_text.clone_from(&old.target_text);
        objective.start = old.start;
        objective.due = old.due.clone();
        objective.created = old.created;
        objective.thresholds = old.thresholds;
        objective.latch = old.latch;
        any = true;
    }
    any.then_some(program)
}

/// A target whose benchmarks are those of another program.
fn benchmarks(from: &Program, to: &Program, target: &Target) -> Option<Target> {
    let amount = |a: &Amount| match a {
        Amount::Literal(number) => Some(Amount::Literal(*number)),
        Amount::Benchmark { benchmark, quantile } => {
            let name = &from.benchmarks.get(benchmark.0 as usize)?.name;
            let at = to.benchmarks.iter().position(|b| b.name == *name)?;
            Some(Amount::Benchmark { benchmark: BenchmarkId(u32::try_from(at).ok()?), quantile: quantile.clone() })
        }
    };
    Some(match target {
        Target::Reach { to, from } => Target::Reach { to: amount(to)?, from: from.clone() },
        Target::Change { increase, change, from } => {
            let change = match change {
                crate::ir::Change::To(to) => crate::ir::Change::To(amount(to)?),
                other => other.clone(),
            };
            Target::Change { increase: *increase, change, from: from.clone() }
        }
        Target::AtLeast { bound, strict } => Target::AtLeast { bound: amount(bound)?, strict: *strict },
        Target::AtMost { bound, strict } => Target::AtMost { bound: amount(bound)?, strict: *strict },
        Target::Between(low, high) => Target::Between(amount(low)?, amount(high)?),
    })
}
