//! The walk that finds out which measures are needed over which spans. It goes wherever the evaluation may go.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kepi_lang::calendar::{CalendarError, Interval};
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Ask, Collection, Journey, JourneyKind, Measure, MetricExpr, MetricKind};

use crate::plan::time::{Span, Times};

pub(crate) struct Needs<'a> {
    times: &'a Times<'a>,
    /// By address, which spares comparing measures for each period; they live as long as the question.
    places: HashMap<*const Measure, usize>,
    ids: HashMap<Arc<Measure>, usize>,
    wanted: Vec<(Arc<Measure>, BTreeSet<Interval>)>,
    journeys: Journeys,
    /// Of the period at hand.
    period: BTreeSet<(usize, Interval)>,
}

/// By trail and what is asked of it.
pub(crate) type Journeys = HashMap<(usize, JourneyKind), Asked>;

/// All that is asked of a journey, so that each actor is followed once for all spans.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub spans: BTreeMap<Interval, Span>,
    /// Whether how long it takes is asked, too.
    pub times: bool,
}

type Wanted = Vec<(Arc<Measure>, BTreeSet<Interval>)>;

impl<'a> Needs<'a> {
    pub(crate) fn new(times: &'a Times<'a>) -> Self {
        Self {
            times,
            places: HashMap::new(),
            ids: HashMap::new(),
            wanted: Vec::new(),
            journeys: HashMap::new(),
            period: BTreeSet::new(),
        }
    }

    /// What one ask needs, by period.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<Vec<BTreeSet<(usize, Interval)>>, Diagnostic> {
        let each = ask.periods.iter().map(|period| {
            let span = Span { interval: period.interval, grain: period.grain };
            self.expr(&ask.expr, span).map_err(CalendarError::without_place)?;
            Ok(std::mem::take(&mut self.period))
        });
        each.collect()
    }

    /// The numbers of the measures, the measures by number, and the journeys.
    pub(crate) fn finish(self) -> (HashMap<Arc<Measure>, usize>, Wanted, Journeys) {
        (self.ids, self.wanted, self.journeys)
    }

    fn measure(&mut self, measure: &Arc<Measure>, interval: Interval) {
        let id = *self.places.entry(Arc::as_ptr(measure)).or_insert_with(|| {
            *self.ids.entry(measure.clone()).or_insert_with(|| {
                self.wanted.push((measure.clone(), BTreeSet::new()));
                self.wanted.len() - 1
            })
        });
        if self.period.insert((id, interval))
            && let Some((_, intervals)) = self.wanted.get_mut(id)
        {
            intervals.insert(interval);
        }
    }

    fn journey(&mut self, journey: &Journey, span: Span, times: bool) {
        let (rows, base) = self.times.journey(&journey.kind, span);
        let id = self.trail(&journey.trail, rows, base);
        let asked = self.journeys.entry((id, journey.kind.clone())).or_default();
        asked.spans.insert(span.interval, span);
        asked.times |= times;
    }

    /// One stretch of rows for all spans; the ask knows the spans in which members enter.
    fn trail(&mut self, trail: &Arc<Measure>, rows: Interval, base: Interval) -> usize {
        let id = *self.places.entry(Arc::as_ptr(trail)).or_insert_with(|| {
            *self.ids.entry(trail.clone()).or_insert_with(|| {
                self.wanted.push((trail.clone(), BTreeSet::new()));
                self.wanted.len() - 1
            })
        });
        self.period.insert((id, base));
        if let Some((_, intervals)) = self.wanted.get_mut(id) {
            let (start, end) = intervals
                .pop_first()
                .map_or((rows.start, rows.end), |known| (known.start.min(rows.start), known.end.max(rows.end)));
            intervals.insert(Interval { start, end });
        }
        id
    }

    fn expr(&mut self, expr: &MetricExpr, span: Span) -> Result<(), CalendarError> {
        match &expr.kind {
            MetricKind::Literal(_) | MetricKind::Here { .. } => Ok(()),
            MetricKind::Journey { of, .. } => {
                self.journey(of, span, false);
                Ok(())
            }
            MetricKind::Measure(measure) => {
                self.measure(measure, span.interval);
                Ok(())
            }
            MetricKind::Negate(a) | MetricKind::Not(a) | MetricKind::IsNull(a) | MetricKind::Total(a) => {
                self.expr(a, span)
            }
            MetricKind::Convert { of, .. } => self.expr(of, span),
            MetricKind::Arithmetic { left, right, .. } | MetricKind::Compare { left, right, .. } => {
                self.expr(left, span)?;
                self.expr(right, span)
            }
            MetricKind::And(left, right) | MetricKind::Or(left, right) => {
                self.expr(left, span)?;
                self.expr(right, span)
            }
            MetricKind::In { of, list } => {
                self.expr(of, span)?;
                list.iter().try_for_each(|e| self.expr(e, span))
            }
            MetricKind::If { condition, then, otherwise } => {
                self.expr(condition, span)?;
                self.expr(then, span)?;
                self.expr(otherwise, span)
            }
            MetricKind::Call { args, .. } => args.iter().try_for_each(|e| self.expr(e, span)),
            MetricKind::Over { of, window } => self.expr(of, self.times.window(*window, span)),
            MetricKind::Ago { of, shift } => self.expr(of, self.times.ago(*shift, span)),
            MetricKind::Change { of, shift } => {
                self.expr(of, span)?;
                self.expr(of, self.times.ago(*shift, span))
            }
            MetricKind::Summary { of, .. } => self.collection(of, span),
            MetricKind::Correlation { left, right } => {
                self.collection(left, span)?;
                self.collection(right, span)
            }
        }
    }

    fn collection(&mut self, collection: &Collection, span: Span) -> Result<(), CalendarError> {
        match collection {
            Collection::Distribution { of, base } => {
                // Who the members are.
                match base {
                    Some(base) => self.measure(base, span.interval),
                    None => of.measures(&mut |m| self.measure(m, span.interval)),
                }
                self.expr(of, span)
            }
            Collection::Times { journey, .. } => {
                self.journey(journey, span, true);
                Ok(())
            }
            Collection::Entries { trail, within, .. } => {
                let end = self.times.until(span.interval.end, *within);
                // What was before the first entry may be followed by it: entries come before the span, too.
                self.trail(trail, Interval { end, ..span.interval }, span.interval);
                Ok(())
            }
            Collection::Series { of, grain } => {
                for period in self.times.series(span, *grain, &of.sources())? {
                    self.expr(of, Span { interval: period.interval, grain: period.grain })?;
                }
                Ok(())
            }
            Collection::Over { of, window } => self.collection(of, self.times.window(*window, span)),
        }
    }
}
