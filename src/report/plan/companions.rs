//! What must be asked beside a value so that its interval can be computed: the counts behind a proportion, the spread and
//! the count behind a mean.

use std::sync::Arc;

use crate::ir::{
    Additivity, Aggregate, Arithmetic, Branch, Collection, Journey, JourneyKind, Measure, MetricExpr, MetricKind, Part,
    RowExpr, RowFunction, RowKind, ScalarType, Statistic,
};
use crate::stats::Bounds;
use crate::stats::interval::{score, t_interval_of, wilson};
use crate::unit::Unit;

/// Expressions to be asked for the same period as the value.
#[derive(Clone, Debug, PartialEq)]
pub enum Companions {
    /// How many are true, and how many are not: of rows or members, or of `actors`.
    Proportion { successes: MetricExpr, failures: MetricExpr, actors: bool },
    /// Sample standard deviation, in the expression's unit, and the number of values.
    Mean { stddev: MetricExpr, count: MetricExpr },
    /// The same of a net promoter score: each answer is -100, 0 or 100 points.
    Score { stddev: MetricExpr, count: MetricExpr },
}

impl Companions {
    /// What is asked, in the order in which [`Companions::interval`] takes the answers.
    pub fn exprs(&self) -> [&MetricExpr; 2] {
        match self {
            Self::Proportion { successes, failures, .. } => [successes, failures],
            Self::Mean { stddev, count } | Self::Score { stddev, count } => [stddev, count],
        }
    }

    /// The 95 % interval of a value, in its own unit, and how many answers it rests on; `None` where they say too little.
    pub fn interval(&self, value: f64, answers: [Option<f64>; 2]) -> Option<(Bounds, f64)> {
        let [first, second] = answers;
        match self {
            Self::Proportion { .. } => {
                let (yes, n) = (first?, first? + second?);
                Some((wilson(yes, n, LEVEL)?, n))
            }
            Self::Mean { .. } => Some((t_interval_of(value, first?, second?, LEVEL)?, second?)),
            Self::Score { .. } => Some((score(value, first.unwrap_or(0.0), second?, LEVEL)?, second?)),
        }
    }

    /// How the interval is called.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Proportion { .. } => "Wilson",
            Self::Mean { .. } => "t",
            Self::Score { .. } => "normal, of promoters less detractors",
        }
    }

    /// What it rests on so many of.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Proportion { actors: true, .. } => "actor",
            _ => "answer",
        }
    }

    fn map(self, mut f: impl FnMut(MetricExpr) -> MetricExpr) -> Self {
        match self {
            Self::Proportion { successes, failures, actors } => {
                Self::Proportion { successes: f(successes), failures: f(failures), actors }
            }
            Self::Mean { stddev, count } => Self::Mean { stddev: f(stddev), count: f(count) },
            Self::Score { stddev, count } => Self::Score { stddev: f(stddev), count: f(count) },
        }
    }
}

/// What must be asked beside what people answered, which is shown with its interval. How many answer of those who are asked is a
/// quotient, of which nothing says that it is a share; here it is one, and has no interval where it is more than all.
pub fn of_survey(expr: &MetricExpr, stage: Option<&str>) -> Option<Companions> {
    is_survey(expr, stage).then(|| found(expr, true)).flatten()
}

/// Whether a number is of people's answers: of the stage `feedback`, or scores on a scale.
fn is_survey(expr: &MetricExpr, stage: Option<&str>) -> bool {
    let mut scores = stage == Some("feedback");
    expr.measures(&mut |m| scores |= m.branches.iter().any(|b| b.value.as_ref().is_some_and(is_score)));
    scores
}

fn is_score(value: &RowExpr) -> bool {
    matches!(&value.kind, RowKind::Call { function: RowFunction::Promoter | RowFunction::Satisfied { .. }, .. })
}

/// The level of an interval beside a value.
pub const LEVEL: f64 = 0.95;

pub fn companions(expr: &MetricExpr) -> Option<Companions> {
    found(expr, false)
}

/// `quotients`: so many actors of so many others are a share of them.
fn found(expr: &MetricExpr, quotients: bool) -> Option<Companions> {
    match &expr.kind {
        MetricKind::Measure(measure) => of_measure(measure),
        MetricKind::Arithmetic { op: Arithmetic::Divide, left, right } if quotients => of_quotient(left, right),
        MetricKind::Summary { statistic, of } => of_summary(*statistic, of, expr),
        MetricKind::Convert { of, num, den } => match found(of, quotients)? {
            Companions::Mean { stddev, count } => {
                let kind = |of| MetricKind::Convert { of: Box::new(of), num: *num, den: *den };
                Some(Companions::Mean { stddev: rebuilt(expr, kind(stddev)), count })
            }
            other => Some(other),
        },
        MetricKind::Over { of, window } => {
            let wrap = |of: MetricExpr| {
                let (like, window) = (of.clone(), *window);
                rebuilt(&like, MetricKind::Over { of: Box::new(of), window })
            };
            Some(found(of, quotients)?.map(wrap))
        }
        MetricKind::Total(of) => found(of, quotients),
        MetricKind::Journey { of, part } => of_journey(of, *part),
        _ => None,
    }
}

fn of_journey(of: &Arc<Journey>, part: Part) -> Option<Companions> {
    let (of_all, through) = match part {
        Part::Rate if !matches!(of.kind, JourneyKind::Lifecycle(_)) => (Part::Denominator, Part::Numerator),
        Part::Step(k) => (Part::Users(k.checked_sub(1)?), Part::Users(k)),
        _ => return None,
    };
    let counted_part = |part| counted(MetricKind::Journey { of: Arc::clone(of), part });
    let (left, right) = (Box::new(counted_part(of_all)), Box::new(counted_part(through)));
    let failures = counted(MetricKind::Arithmetic { op: Arithmetic::Subtract, left, right });
    Some(Companions::Proportion { successes: counted_part(through), failures, actors: true })
}

/// `unique(answer) / unique(sent)`; or rows of a set for each of it.
fn of_quotient(part: &MetricExpr, whole: &MetricExpr) -> Option<Companions> {
    let (MetricKind::Measure(some), MetricKind::Measure(all)) = (&part.kind, &whole.kind) else { return None };
    let actors = some.aggregate == Aggregate::Unique;
    let share = match (some.aggregate, all.aggregate) {
        (Aggregate::Unique, Aggregate::Unique) => part.unit.same(&whole.unit) && !part.unit.is_none(),
        (Aggregate::Count, Aggregate::Count) => is_part(some, all),
        _ => false,
    };
    if !share {
        return None;
    }
    let (left, right) = (Box::new(whole.clone()), Box::new(part.clone()));
    let failures = counted(MetricKind::Arithmetic { op: Arithmetic::Subtract, left, right });
    Some(Companions::Proportion { successes: part.clone(), failures, actors })
}

/// Whether the rows of one measure are rows of the other, by conditions that are added to the other's.
fn is_part(some: &Measure, all: &Measure) -> bool {
    fn narrows(some: Option<&RowExpr>, all: Option<&RowExpr>) -> bool {
        match (some, all) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(some), Some(all)) => {
                some == all
                    || matches!(&some.kind, RowKind::And(left, right)
                        if narrows(Some(left), Some(all)) || narrows(Some(right), Some(all)))
            }
        }
    }
    some.branches.len() == all.branches.len()
        && some.branches.iter().zip(&all.branches).all(|(some, all)| {
            (some.source, &some.derived, some.time) == (all.source, &all.derived, all.time)
                && narrows(some.filter.as_ref(), all.filter.as_ref())
        })
}

fn of_measure(measure: &Measure) -> Option<Companions> {
    match measure.aggregate {
        Aggregate::Share => Some(Companions::Proportion {
            successes: count_where(measure, |value| value)?,
            failures: count_where(measure, |value| boolean(RowKind::Not(Box::new(value))))?,
            actors: false,
        }),
        Aggregate::Mean => {
            let spread = Measure { aggregate: Aggregate::Stddev, ty: ScalarType::Float, ..measure.clone() };
            let known = |value| {
                let unknown = boolean(RowKind::IsNull(Box::new(value)));
                boolean(RowKind::Not(Box::new(unknown)))
            };
            let (stddev, count) = (of_spread(Arc::new(spread)), count_where(measure, known)?);
            let scores = measure.branches.iter().all(|b| b.value.as_ref().is_some_and(is_score));
            Some(if scores { Companions::Score { stddev, count } } else { Companions::Mean { stddev, count } })
        }
        _ => None,
    }
}

fn of_spread(measure: Arc<Measure>) -> MetricExpr {
    MetricExpr {
        ty: ScalarType::Float,
        unit: measure.unit.clone(),
        additivity: Additivity::OrderStatistic,
        proportion: false,
        kind: MetricKind::Measure(measure),
    }
}

/// The rows of the measure's event set for which a condition made of its value is true.
fn count_where(measure: &Measure, condition: impl Fn(RowExpr) -> RowExpr) -> Option<MetricExpr> {
    let branch = |branch: &Branch| {
        let condition = condition(branch.value.clone()?);
        let filter = match branch.filter.clone() {
            Some(filter) => boolean(RowKind::And(Box::new(filter), Box::new(condition))),
            None => condition,
        };
        Some(Branch { filter: Some(filter), value: None, ..branch.clone() })
    };
    let branches = measure.branches.iter().map(branch).collect::<Option<Vec<_>>>()?;
    let count = Measure {
        aggregate: Aggregate::Count,
        branches,
        ty: ScalarType::Int,
        unit: Unit::none(),
        stock: measure.stock,
    };
    Some(counted(MetricKind::Measure(Arc::new(count))))
}

fn of_summary(statistic: Statistic, of: &Collection, expr: &MetricExpr) -> Option<Companions> {
    let summary = |statistic, of| MetricKind::Summary { statistic, of: Box::new(of) };
    match statistic {
        Statistic::Share => Some(Companions::Proportion {
            successes: counted(summary(Statistic::Count, of.clone())),
            failures: counted(summary(Statistic::Count, negated(of))),
            actors: false,
        }),
        Statistic::Mean => Some(Companions::Mean {
            stddev: rebuilt(expr, summary(Statistic::Stddev, of.clone())),
            count: counted(summary(Statistic::Count, of.clone())),
        }),
        _ => None,
    }
}

/// The collection whose members are true where this one's are false.
fn negated(of: &Collection) -> Collection {
    let not = |of: &MetricExpr| rebuilt(of, MetricKind::Not(Box::new(of.clone())));
    match of {
        Collection::Distribution { of, base } => Collection::Distribution { of: not(of), base: base.clone() },
        Collection::Series { of, grain } => Collection::Series { of: not(of), grain: *grain },
        Collection::Times { of, journey, step } => {
            Collection::Times { of: not(of), journey: journey.clone(), step: *step }
        }
        Collection::Entries { of, trail, measures, within } => {
            Collection::Entries { of: not(of), trail: trail.clone(), measures: measures.clone(), within: *within }
        }
        Collection::Over { of, window } => Collection::Over { of: Box::new(negated(of)), window: *window },
    }
}

fn counted(kind: MetricKind) -> MetricExpr {
    MetricExpr { kind, ty: ScalarType::Int, unit: Unit::none(), additivity: Additivity::None, proportion: false }
}

fn rebuilt(like: &MetricExpr, kind: MetricKind) -> MetricExpr {
    MetricExpr { kind, ..like.clone() }
}

fn boolean(kind: RowKind) -> RowExpr {
    RowExpr { kind, ty: ScalarType::Bool, unit: Unit::none() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Length, SpanUnit, Window};
    use crate::ir::{ColumnId, SourceId};

    fn measure(aggregate: Aggregate) -> MetricExpr {
        let value = RowExpr { kind: RowKind::Column(ColumnId(0)), ty: ScalarType::Bool, unit: Unit::none() };
        let branch = Branch {
            source: SourceId(0),
            derived: None,
            time: None,
            filter: None,
            value: Some(value),
            by: vec![],
            keys: vec![],
            kept: vec![],
        };
        let measure =
            Measure { aggregate, branches: vec![branch], ty: ScalarType::Float, unit: Unit::none(), stock: false };
        of_spread(Arc::new(measure))
    }

    fn wrapped(kind: MetricKind) -> MetricExpr {
        rebuilt(&measure(Aggregate::Mean), kind)
    }

    #[test]
    fn members_of_a_distribution_are_counted_by_their_answer() {
        let of = Collection::Distribution { of: measure(Aggregate::Share), base: None };
        let share = wrapped(MetricKind::Summary { statistic: Statistic::Share, of: Box::new(of.clone()) });
        let Some(Companions::Proportion { successes, failures, actors: false }) = companions(&share) else { panic!() };
        let count = |of| MetricKind::Summary { statistic: Statistic::Count, of: Box::new(of) };
        assert_eq!(successes.kind, count(of.clone()));
        assert_eq!(failures.kind, count(negated(&of)));
    }

    #[test]
    fn a_window_and_a_unit_stay_around_what_is_asked() {
        let window = Window::Trailing(Length { count: 28, unit: SpanUnit::Day });
        let over = wrapped(MetricKind::Over { of: Box::new(measure(Aggregate::Mean)), window });
        let minutes = wrapped(MetricKind::Convert { of: Box::new(over), num: 1, den: 60 });
        let Some(Companions::Mean { stddev, count }) = companions(&minutes) else { panic!() };
        assert!(
            matches!(&stddev.kind, MetricKind::Convert { of, den: 60, .. } if matches!(of.kind, MetricKind::Over { .. }))
        );
        assert!(matches!(count.kind, MetricKind::Over { .. }), "a count is not converted");
    }

    #[test]
    fn the_rest_has_none() {
        for aggregate in [Aggregate::Count, Aggregate::Unique, Aggregate::Sum, Aggregate::Min, Aggregate::Last] {
            assert_eq!(companions(&measure(aggregate)), None);
        }
        let (left, right) = (Box::new(measure(Aggregate::Sum)), Box::new(measure(Aggregate::Count)));
        let quotient = wrapped(MetricKind::Arithmetic { op: Arithmetic::Divide, left, right });
        assert_eq!(companions(&quotient), None);
        assert_eq!(of_survey(&quotient, Some("feedback")), None);
    }

    #[test]
    fn actors_who_answer_are_a_share_of_those_who_are_asked() {
        let actors = |unit: &str| MetricExpr { unit: Unit::entity(unit), ..measure(Aggregate::Unique) };
        let quotient = |left: MetricExpr, right: MetricExpr| {
            let (left, right) = (Box::new(left), Box::new(right));
            wrapped(MetricKind::Arithmetic { op: Arithmetic::Divide, left, right })
        };
        let rate = quotient(actors("user"), actors("user"));
        let Some(Companions::Proportion { successes, actors: true, .. }) = of_survey(&rate, Some("feedback")) else {
            panic!()
        };
        assert_eq!(successes, actors("user"));
        assert_eq!(of_survey(&rate, Some("conversion")), None, "nobody was asked");
        assert_eq!(companions(&rate), None);
        assert_eq!(of_survey(&quotient(actors("user"), actors("account")), Some("feedback")), None);
        assert_eq!(of_survey(&quotient(measure(Aggregate::Count), actors("user")), Some("feedback")), None);
    }

    #[test]
    fn rows_of_a_set_are_a_share_of_it() {
        let narrow = |filter: Option<RowExpr>| {
            let MetricKind::Measure(of) = measure(Aggregate::Count).kind else { panic!() };
            let branches = of.branches.iter().map(|b| Branch { filter: filter.clone(), ..b.clone() }).collect();
            of_spread(Arc::new(Measure { branches, ..Measure::clone(&of) }))
        };
        let column = |n| boolean(RowKind::Column(ColumnId(n)));
        let both = boolean(RowKind::And(Box::new(column(1)), Box::new(column(2))));
        let of = |part, whole| {
            let (left, right) = (Box::new(narrow(part)), Box::new(narrow(whole)));
            let expr = wrapped(MetricKind::Arithmetic { op: Arithmetic::Divide, left, right });
            matches!(of_survey(&expr, Some("feedback")), Some(Companions::Proportion { actors: false, .. }))
        };
        assert!(of(Some(both.clone()), Some(column(1))) && of(Some(column(1)), None));
        assert!(
            !of(Some(column(1)), Some(both)) && !of(None, Some(column(1))) && !of(Some(column(1)), Some(column(2)))
        );
    }
}
