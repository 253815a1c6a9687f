//! Which questions a report asks of the engine: everything it needs, in one question.

mod asks;
pub mod companions;
mod figures;
mod frame;
mod metrics;
mod objectives;
mod sections;
mod window;

pub use asks::Handle;
pub use figures::{CohortsPlan, FigurePlan, FunnelPlan};
pub use frame::Reach;
pub use metrics::{BenchmarkPlan, BreakdownPlan, MetricPlan, Rests};
pub use objectives::{BaselinePlan, Behind, GuardrailPlan, ObjectivePlan, Trailing};
pub use window::{Measurement, Measuring};

use jiff::Timestamp;

use crate::calendar::Interval;
use crate::check::Scope;
use crate::diag::{Code, Diagnostic};
use crate::ir::{MetricId, Program, Question};
use crate::report::Section;
use crate::report::plan::asks::Asks;
use crate::report::plan::frame::Frame;
use crate::results::{Extent, known_to};

/// What a report is wanted for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--as-of`; wins over the manifest's.
    pub as_of: Option<Timestamp>,
    /// A report of `reports:`; `None`: the only one there is, else everything.
    pub report: Option<String>,
    /// With `--stamp`: the commit of the definitions and the time of the run.
    pub commit: Option<String>,
    pub run_at: Option<String>,
}

/// Where "now" comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Given,
    Manifest,
    /// The instant after the latest event.
    LatestEvent,
    /// Up to where a source says that its rows are all there, behind the latest event.
    Complete,
}

/// What was asked, and where in the results each answer is.
#[derive(Clone, Debug)]
pub struct Plan {
    pub as_of: Timestamp,
    pub origin: Origin,
    pub title: String,
    /// Indexes into the lists below.
    pub sections: Vec<Section>,
    pub objectives: Vec<ObjectivePlan>,
    pub metrics: Vec<MetricPlan>,
    /// All of the program's, in its order.
    pub benchmarks: Vec<BenchmarkPlan>,
    /// The periods of each ask.
    pub asked: Vec<Vec<Interval>>,
    pub commit: Option<String>,
    pub run_at: Option<String>,
}

/// What a report asks of an engine: one question, and the plan that reads the answers.
pub fn plan(
    program: &Program,
    scope: &Scope,
    extents: &[Extent],
    request: &Request,
) -> Result<(Plan, Question), Vec<Diagnostic>> {
    let (as_of, origin) = now(program, extents, request)?;
    let chosen = sections::choose(program, request)?;
    let given = matches!(origin, Origin::Given | Origin::Manifest);
    let frame = Frame { program, calendar: &program.settings.calendar, extents, as_of, given };
    let mut asks = Asks::default();
    let mut findings = Vec::new();
    let mut metrics = Vec::new();
    let drawn = figures::drawn(program, &chosen.metrics);
    for (id, draw) in chosen.metrics.iter().zip(drawn) {
        let Some(metric) = program.metrics.get(id.0 as usize) else { continue };
        match metrics::metric(&frame, scope, &mut asks, (*id, draw), metric) {
            Ok(plan) => metrics.push(plan),
            Err(found) => findings.extend(found),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let objective = |i: &usize| program.objectives.get(*i).map(|o| objectives::objective(&frame, &mut asks, *i, o));
    let objectives = chosen.objectives.iter().filter_map(objective).collect();
    let benchmark = |(i, b)| metrics::benchmark(&frame, &mut asks, i, b);
    let benchmarks = program.benchmarks.iter().enumerate().map(benchmark).collect();
    let question = asks.finish(as_of, given);
    let asked = question.asks.iter().map(|a| a.periods.iter().map(|p| p.interval).collect()).collect();
    let plan = Plan {
        as_of,
        origin,
        title: chosen.title,
        sections: chosen.sections,
        objectives,
        metrics,
        benchmarks,
        asked,
        commit: request.commit.clone(),
        run_at: request.run_at.clone(),
    };
    Ok((plan, question))
}

/// "Now": what was given, else the manifest's, else the instant after the latest event, so that the event counts, or up to where
/// a source says that its rows are all there.
fn now(program: &Program, extents: &[Extent], request: &Request) -> Result<(Timestamp, Origin), Vec<Diagnostic>> {
    let known = || {
        let (at, said) = known_to(program, extents)?;
        Some((at, if said { Origin::Complete } else { Origin::LatestEvent }))
    };
    let given = request.as_of.map(|t| (t, Origin::Given));
    let manifest = program.settings.as_of.map(|t| (t, Origin::Manifest));
    given.or(manifest).or_else(known).ok_or_else(|| {
        let message = "no row says when it happened, so that there is no \"now\" to report at";
        vec![
            Diagnostic::without_place(Code::NoNow, message)
                .help("write `as_of: 2026-10-01` in kepi.yaml, or give --as-of"),
        ]
    })
}

/// The metrics that `ids` names, each once, in the order of their first mention.
fn add_once(list: &mut Vec<MetricId>, id: MetricId) -> usize {
    list.iter().position(|m| *m == id).unwrap_or_else(|| {
        list.push(id);
        list.len() - 1
    })
}
