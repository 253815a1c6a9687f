//! The walk that finds out which measures are needed over which spans. It goes wherever the evaluation may go.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kepi_lang::calendar::{CalendarError, Interval};
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Ask, Collection, Measure, MetricExpr, MetricKind};

use crate::plan::time::{Span, Times};

pub(crate) struct Needs<'a> {
    times: &'a Times<'a>,
    /// By address, which spares comparing measures for each period; they live as long as the question.
    places: HashMap<*const Measure, usize>,
    ids: HashMap<Arc<Measure>, usize>,
    wanted: Vec<(Arc<Measure>, BTreeSet<Interval>)>,
    ask: BTreeSet<(usize, Interval)>,
}

type Wanted = Vec<(Arc<Measure>, BTreeSet<Interval>)>;

impl<'a> Needs<'a> {
    pub(crate) fn new(times: &'a Times<'a>) -> Self {
        Self { times, places: HashMap::new(), ids: HashMap::new(), wanted: Vec::new(), ask: BTreeSet::new() }
    }

    /// What one ask needs.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<BTreeSet<(usize, Interval)>, Diagnostic> {
        for period in &ask.periods {
            let span = Span { interval: period.interval, grain: period.grain };
            self.expr(&ask.expr, span).map_err(CalendarError::without_place)?;
        }
        Ok(std::mem::take(&mut self.ask))
    }

    /// The numbers of the measures, and the measures by number.
    pub(crate) fn finish(self) -> (HashMap<Arc<Measure>, usize>, Wanted) {
        (self.ids, self.wanted)
    }

    fn measure(&mut self, measure: &Arc<Measure>, interval: Interval) {
        let id = *self.places.entry(Arc::as_ptr(measure)).or_insert_with(|| {
            *self.ids.entry(measure.clone()).or_insert_with(|| {
                self.wanted.push((measure.clone(), BTreeSet::new()));
                self.wanted.len() - 1
            })
        });
        if self.ask.insert((id, interval))
            && let Some((_, intervals)) = self.wanted.get_mut(id)
        {
            intervals.insert(interval);
        }
    }

    fn expr(&mut self, expr: &MetricExpr, span: Span) -> Result<(), CalendarError> {
        match &expr.kind {
            MetricKind::Literal(_) => Ok(()),
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
