//! From a question to one suite of measures a source: which measures, over which spans of time, in which groups.

pub(crate) mod derived;
pub(crate) mod needs;
pub(crate) mod suite;
pub(crate) mod time;
pub(crate) mod timeline;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::Interval;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Measure, Program, Question, SourceId};
use kepi_lang::results::Extent;

use derived::PlannedDerived;
use needs::{Journeys, Needs};
use suite::SuiteSpec;
use time::Times;
use timeline::Timeline;

/// A measure that is computed once, whoever asks for it.
#[derive(Debug)]
pub(crate) struct PlannedMeasure {
    pub measure: Arc<Measure>,
    /// Index into [`Plan::timelines`].
    pub timeline: usize,
}

/// What a question needs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub measures: Vec<PlannedMeasure>,
    pub timelines: Vec<Timeline>,
    /// By ask and period: the measures and spans that its expression reads; what its breakdown's values are taken from.
    pub asks: Vec<Vec<BTreeSet<(usize, Interval)>>>,
    pub journeys: Journeys,
    /// One for each source that is read, in order of source.
    pub suites: Vec<Arc<SuiteSpec>>,
    /// Each after those that it is made of.
    pub derived: Vec<PlannedDerived>,
    /// Rows at or after it do not count.
    pub as_of: Timestamp,
    ids: HashMap<Arc<Measure>, usize>,
}

impl Plan {
    pub(crate) fn new(program: &Program, question: &Question, extents: &[Extent]) -> Result<Self, Vec<Diagnostic>> {
        let times = Times { calendar: &program.settings.calendar, extents, as_of: question.as_of };
        let mut needs = Needs::new(&times);
        let asks =
            question.asks.iter().map(|ask| needs.ask(ask)).collect::<Result<Vec<_>, _>>().map_err(|e| vec![e])?;
        let (ids, wanted, journeys) = needs.finish();

        let mut timelines: Vec<Timeline> = Vec::new();
        let mut known: BTreeMap<(bool, Vec<Interval>), usize> = BTreeMap::new();
        let mut measures = Vec::new();
        for (measure, intervals) in wanted {
            let intervals: Vec<Interval> = intervals.into_iter().collect();
            let asked = measure.branches.iter().any(|b| b.derived.as_ref().is_some_and(|d| d.is_asked()));
            let timeline = *known.entry((asked, intervals)).or_insert_with_key(|(asked, intervals)| {
                timelines.push(match asked {
                    true => Timeline::each(intervals, question.as_of),
                    false => Timeline::new(intervals, question.as_of),
                });
                timelines.len() - 1
            });
            measures.push(PlannedMeasure { measure, timeline });
        }
        let mut sources: BTreeSet<SourceId> = BTreeSet::new();
        measures.iter().flat_map(|m| &m.measure.branches).for_each(|branch| branch.sources(&mut sources));
        let mut derived = derived::of(&measures);
        let suites = sources.into_iter().map(|id| {
            let harvests = derived::wanted(&derived, |branch| branch.source == id);
            SuiteSpec::new(program, id, &measures, &timelines, &harvests, question.as_of)
        });
        let suites = suites.map(Arc::new).collect();
        for (number, suites) in derived::suites(&derived, &measures).into_iter().enumerate() {
            if let Some(planned) = derived.get_mut(number) {
                planned.suites = suites;
            }
        }
        Ok(Self { measures, timelines, asks, journeys, suites, derived, as_of: question.as_of, ids })
    }

    /// The number of a measure; every measure of the question has one.
    pub(crate) fn id(&self, measure: &Arc<Measure>) -> Option<usize> {
        self.ids.get(measure).copied()
    }
}

/// Microseconds of a bound: rows at or after it are those with at least as many. Unbounded ends stay unbounded.
pub(crate) fn micros(bound: Timestamp) -> i64 {
    if bound == Timestamp::MAX {
        return i64::MAX;
    }
    if bound == Timestamp::MIN {
        return i64::MIN;
    }
    let (micros, rest) = (bound.as_microsecond(), bound.as_nanosecond().rem_euclid(1000));
    if rest == 0 { micros } else { bound.as_nanosecond().div_euclid(1000) as i64 + 1 }
}
