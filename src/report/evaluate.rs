//! From an engine's answers to the report: pure arithmetic, in the units that are shown.

mod benchmarks;
mod figures;
pub(super) mod forecast;
mod guardrails;
mod measure;
mod metrics;
mod objective;
mod pace;
mod regression;
mod simulate;
mod standing;
pub(super) mod status;
pub(super) mod target;
pub(crate) mod values;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::diag::{Code, Diagnostic};
use crate::ir::Program;
use crate::ir::hash::Hasher;
use crate::report::evaluate::values::Answers;
use crate::report::format;
use crate::report::plan::{Origin, Plan};
use crate::report::{Benchmark, Provenance, Release, Report};
use crate::results::Results;

/// Days before a benchmark expires that it is said.
const NOTICE: i64 = 30;

/// What the results say about a program's objectives, metrics and benchmarks.
pub fn evaluate(program: &Program, plan: &Plan, results: &Results) -> Report {
    let answers = Answers { plan, results };
    let calendar = &program.settings.calendar;
    let pairs = plan.benchmarks.iter().filter_map(|p| Some((p, program.benchmarks.get(p.benchmark)?)));
    let benchmarks: Vec<Benchmark> = pairs.map(|(p, b)| benchmarks::benchmark(program, answers, p, b)).collect();
    let mut findings = stale_benchmarks(program, &benchmarks);
    findings.extend(expire_soon(program, plan.as_of));
    let mut objectives = Vec::new();
    for plan in &plan.objectives {
        if let Some((objective, found)) = objective::objective(program, answers, plan, &benchmarks) {
            objectives.push(objective);
            findings.extend(found);
        }
    }
    let release = |r: &crate::ir::Release| Release {
        name: r.name.clone(),
        title: r.title.clone(),
        at: r.at,
        label: format::datetime(calendar.local(r.at)),
    };
    let hasher = Hasher::new(program);
    Report {
        project: program.settings.name.clone(),
        title: plan.title.clone(),
        as_of: plan.as_of,
        as_of_label: as_of_label(program, plan),
        time_zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
        sections: plan.sections.clone(),
        objectives,
        metrics: plan.metrics.iter().filter_map(|p| metrics::metric(program, &hasher, answers, p)).collect(),
        benchmarks,
        releases: program.releases.iter().map(release).collect(),
        ledgers: results.ledgers.clone(),
        lookups: results.lookups.clone(),
        findings,
        provenance: provenance(&hasher, plan, results),
    }
}

/// `1 Dec 2011`, and where it comes from when nobody said it.
fn as_of_label(program: &Program, plan: &Plan) -> String {
    let label = format::datetime(program.settings.calendar.local(plan.as_of));
    match plan.origin {
        Origin::Given | Origin::Manifest => label,
        Origin::LatestEvent => format!("{label}, the latest event"),
        Origin::Complete => format!("{label}, up to where the data are complete"),
    }
}

fn provenance(hasher: &Hasher<'_>, plan: &Plan, results: &Results) -> Provenance {
    let mut hash = Sha256::new();
    let sources = results.ledgers.iter().map(|l| (&l.name, &l.fingerprint));
    // A lookup has a line for each link to it.
    let lookups: BTreeMap<_, _> = results.lookups.iter().map(|l| (l.lookup, (&l.name, &l.fingerprint))).collect();
    for (name, fingerprint) in sources.chain(lookups.into_values()) {
        hash.update(format!("{name} {fingerprint}\n"));
    }
    Provenance {
        definition_hash: hasher.definitions(),
        data_fingerprint: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        kepi_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: plan.commit.clone(),
        run_at: plan.run_at.clone(),
    }
}

fn stale_benchmarks(program: &Program, benchmarks: &[Benchmark]) -> Vec<Diagnostic> {
    let stale = program.benchmarks.iter().zip(benchmarks).filter(|(_, b)| b.stale);
    let finding = |(definition, benchmark): (&crate::ir::Benchmark, &Benchmark)| {
        let expired = benchmark.expires.map(format::date).unwrap_or_default();
        Diagnostic::new(
            Code::StaleBenchmark,
            definition.span,
            format!("the benchmark `{}` expired on {expired}", benchmark.name),
        )
        .help("look the value up again and move `as_of` and `expires`, or take the benchmark out")
    };
    stale.map(finding).collect()
}

/// Benchmarks that hold now and will not for long: time to look them up again.
pub fn expire_soon(program: &Program, now: Timestamp) -> Vec<Diagnostic> {
    let today = program.settings.calendar.date_of(now);
    let due = program.benchmarks.iter().filter(|b| !b.may_expire).filter_map(|benchmark| {
        let expires = benchmark.expires.filter(|expires| *expires >= today)?;
        let days = today.duration_until(expires).as_hours() / 24;
        (days <= NOTICE).then_some((benchmark, expires, days))
    });
    let finding = |(benchmark, expires, days): (&crate::ir::Benchmark, jiff::civil::Date, i64)| {
        let left = match days {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        };
        let message = format!("the benchmark `{}` expires {left}, on {}", benchmark.name, format::date(expires));
        let help = "look the value up again and move `as_of` and `expires`";
        Diagnostic::new(Code::ExpiresSoon, benchmark.span, message).help(help)
    };
    due.map(finding).collect()
}

#[cfg(test)]
mod tests;
