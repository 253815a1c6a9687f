//! Typed expressions as text: for `compile --emit ir`, and, with files' names in place of our own, for hashes.

mod derived;

use std::fmt::Write;

use crate::calendar::Window;
use crate::ir::{
    Additivity, Aggregate, Arithmetic, Branch, Collection, Column, ColumnId, Comparison, Edge, Link, Lookup, Measure,
    MetricExpr, MetricKind, Origin, RowExpr, RowFunction, RowKind, Source, Statistic,
};
use crate::unit::Unit;
use crate::value::Value;

/// The rows that an expression is over.
pub(super) struct Over<'t> {
    pub columns: &'t [Column],
    pub links: &'t [Link],
    pub own: &'t dyn Fn(ColumnId) -> String,
    /// A value of the rows that a row is made of.
    pub made: &'t dyn Fn(Edge, &[RowExpr]) -> String,
}

/// Writes expressions of a program.
#[derive(Clone, Copy, Debug)]
pub struct Printer<'a> {
    sources: &'a [Source],
    lookups: &'a [Lookup],
    meaning: bool,
}

impl<'a> Printer<'a> {
    /// For people: names as the definitions have them.
    pub fn new(sources: &'a [Source], lookups: &'a [Lookup]) -> Self {
        Self { sources, lookups, meaning: false }
    }

    /// For hashes: what columns are read from, and how.
    pub fn of_meaning(sources: &'a [Source], lookups: &'a [Lookup]) -> Self {
        Self { sources, lookups, meaning: true }
    }

    /// An expression with its type, unit and additivity.
    pub fn typed(&self, expr: &MetricExpr) -> String {
        let unit = match expr.unit.to_string() {
            unit if unit.is_empty() => String::new(),
            unit => format!(" in {unit}"),
        };
        let share = if expr.proportion { ", a proportion" } else { "" };
        format!("{}: {:?}{unit}, {}{share}", self.metric(expr), expr.ty, additivity(expr.additivity))
    }

    pub fn metric(&self, expr: &MetricExpr) -> String {
        let m = |e: &MetricExpr| self.metric(e);
        match &expr.kind {
            MetricKind::Literal(value) => self.literal(value, &expr.unit),
            MetricKind::Measure(measure) => self.measure(measure),
            MetricKind::Negate(of) => format!("-{}", m(of)),
            MetricKind::Not(of) => format!("not {}", m(of)),
            MetricKind::Arithmetic { op, left, right } => format!("({} {} {})", m(left), arithmetic(*op), m(right)),
            MetricKind::Convert { of, num, den } => convert(&m(of), *num, *den),
            MetricKind::Compare { op, left, right } => format!("({} {} {})", m(left), comparison(*op), m(right)),
            MetricKind::And(left, right) => format!("({} and {})", m(left), m(right)),
            MetricKind::Or(left, right) => format!("({} or {})", m(left), m(right)),
            MetricKind::IsNull(of) => format!("({} is null)", m(of)),
            MetricKind::In { of, list } => format!("({} in ({}))", m(of), joined(list.iter().map(m))),
            MetricKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", m(condition), m(then), m(otherwise))
            }
            MetricKind::Call { function, args } => {
                format!("{}({})", format!("{function:?}").to_lowercase(), joined(args.iter().map(m)))
            }
            MetricKind::Over { of, window } => format!("({} over {})", m(of), windowed(*window)),
            MetricKind::Ago { of, shift } => format!("ago({}, {shift})", m(of)),
            MetricKind::Change { of, shift } => format!("change({}, {shift})", m(of)),
            MetricKind::Total(of) => format!("total({})", m(of)),
            MetricKind::Journey { of, part } => format!("{}.{part:?}", self.journey(of)),
            MetricKind::Here { slot } => format!("here {slot}"),
            MetricKind::Summary { statistic: s, of } => {
                let (name, rest) = statistic(*s);
                format!("{name}({}{rest})", self.collection(of))
            }
            MetricKind::Correlation { left, right } => {
                format!("correlation({}, {})", self.collection(left), self.collection(right))
            }
        }
    }

    /// A unit as it is spelt, or in one way whatever its spelling.
    fn unit(&self, unit: &Unit) -> String {
        if self.meaning { Unit { spelling: None, ..unit.clone() }.to_string() } else { unit.to_string() }
    }

    fn literal(&self, value: &Value, unit: &Unit) -> String {
        match value {
            number if number.as_f64().is_some() && !unit.is_none() => format!("{number} {}", self.unit(unit)),
            Value::Null => "null".to_owned(),
            Value::Text(text) => format!("{text:?}"),
            other => other.to_string(),
        }
    }

    fn collection(&self, collection: &Collection) -> String {
        match collection {
            Collection::Distribution { of, base: None } => format!("each {}", self.metric(of)),
            Collection::Distribution { of, base: Some(base) } => {
                format!("each {} of {}", self.metric(of), self.measure(base))
            }
            Collection::Times { of, journey, step } => {
                format!("times {step:?} {} of {}", self.metric(of), self.journey(journey))
            }
            Collection::Entries { of, trail, measures, within } => {
                let measures = joined(measures.iter().map(|m| self.measure(m)));
                format!("{} of ({measures}) per {} within {}", self.metric(of), self.measure(trail), windowed(*within))
            }
            Collection::Series { of, grain } => format!("{} per {grain}", self.metric(of)),
            Collection::Over { of, window } => format!("{} over {}", self.collection(of), windowed(*window)),
        }
    }

    fn journey(&self, journey: &crate::ir::Journey) -> String {
        format!("{:?} of {}", journey.kind, self.measure(&journey.trail))
    }

    fn measure(&self, measure: &Measure) -> String {
        let (name, rest) = aggregate(measure.aggregate);
        let mut branches: Vec<String> = measure.branches.iter().map(|b| self.branch(b)).collect();
        if self.meaning {
            branches.sort();
        }
        format!("{name}({}{rest})", branches.join(" or "))
    }

    /// The rows of a branch, what is taken of them, and how they are told apart.
    pub(super) fn branch(&self, branch: &Branch) -> String {
        if let Some(derived) = &branch.derived {
            return self.over(branch, derived);
        }
        let Some(source) = self.sources.get(branch.source.0 as usize) else { return String::new() };
        let mut text = source.name.clone();
        if let Some(value) = &branch.value {
            let _ = write!(text, ".{}", self.row(value, source));
        }
        if branch.time != source.time || self.meaning {
            let time =
                branch.time.map_or_else(|| "none".to_owned(), |t| self.column(&source.columns, &source.links, t));
            let _ = write!(text, " at {time}");
        }
        if let Some(filter) = &branch.filter {
            let _ = write!(text, " where {}", self.row(filter, source));
        }
        for (word, exprs) in [("per", &branch.keys), ("by", &branch.by), ("with", &branch.kept)] {
            if !exprs.is_empty() {
                let _ = write!(text, " {word} {}", joined(exprs.iter().map(|e| self.row(e, source))));
            }
        }
        text
    }

    /// A row expression over rows of a source.
    pub fn row(&self, expr: &RowExpr, source: &Source) -> String {
        self.in_table(expr, &source.columns, &source.links)
    }

    pub(super) fn in_table(&self, expr: &RowExpr, columns: &[Column], links: &[Link]) -> String {
        let own = |id: ColumnId| self.column(columns, links, id);
        self.written(expr, &Over { columns, links, own: &own, made: &|_, _| String::new() })
    }

    /// An expression over rows, whatever these are made of.
    pub(super) fn written(&self, expr: &RowExpr, over: &Over<'_>) -> String {
        let r = |e: &RowExpr| self.written(e, over);
        let (columns, links) = (over.columns, over.links);
        match &expr.kind {
            RowKind::Column(id) => (over.own)(*id),
            RowKind::Made { at, of } => (over.made)(*at, of),
            RowKind::Linked { way, column } => {
                let steps = way.steps(links, self.lookups);
                let Some(lookup) = steps.last().and_then(|l| self.lookups.get(l.lookup.0 as usize)) else {
                    return String::new();
                };
                let name = self.column(&lookup.columns, &lookup.links, *column);
                if !self.meaning {
                    return format!("{}.{name}", way.name(links, self.lookups));
                }
                let clock = way.clock.map(|c| format!(" at {}", self.column(columns, links, c))).unwrap_or_default();
                format!("{}.{name}{clock}", self.way(&steps, columns, links))
            }
            RowKind::Literal(value) => self.literal(value, &expr.unit),
            RowKind::Negate(of) => format!("-{}", r(of)),
            RowKind::Arithmetic { op, left, right } => format!("({} {} {})", r(left), arithmetic(*op), r(right)),
            RowKind::Convert { of, num, den } => convert(&r(of), *num, *den),
            RowKind::Compare { op, left, right } => format!("({} {} {})", r(left), comparison(*op), r(right)),
            RowKind::And(left, right) => format!("({} and {})", r(left), r(right)),
            RowKind::Or(left, right) => format!("({} or {})", r(left), r(right)),
            RowKind::Not(of) => format!("not {}", r(of)),
            RowKind::In { of, list } => format!("({} in ({}))", r(of), joined(list.iter().map(r))),
            RowKind::Like { of, pattern } => format!("({} like {pattern:?})", r(of)),
            RowKind::IsNull(of) => format!("({} is null)", r(of)),
            RowKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", r(condition), r(then), r(otherwise))
            }
            RowKind::Call { function, args } => format!("{}({})", row_function(*function), joined(args.iter().map(r))),
        }
    }

    /// How the row at the end of links is found.
    fn way<'t>(&'t self, steps: &[&Link], mut columns: &'t [Column], mut links: &'t [Link]) -> String {
        let mut text: Vec<String> = Vec::new();
        for link in steps {
            let Some(lookup) = self.lookups.get(link.lookup.0 as usize) else { break };
            let by = joined(link.columns.iter().map(|c| self.column(columns, links, *c)));
            (columns, links) = (&lookup.columns, &lookup.links);
            let key = joined(lookup.key.iter().map(|c| self.column(columns, links, *c)));
            let mut files: Vec<&str> = lookup.files.iter().map(|(f, _)| f.as_str()).collect();
            files.sort_unstable();
            let valid = lookup.valid.map(|(from, to)| {
                format!(" valid {} {}", self.column(columns, links, from), self.column(columns, links, to))
            });
            let latest = lookup.latest.map(|time| format!(" latest {}", self.column(columns, links, time)));
            let scope = lookup.scope.as_ref().map(|e| format!(" where {}", self.in_table(e, columns, links)));
            let rows = [valid, latest, scope].into_iter().flatten().collect::<String>();
            text.push(format!("{by}->{files:?}[{key}]{rows}"));
        }
        text.join(".")
    }

    /// A column of a table.
    pub fn column(&self, columns: &[Column], links: &[Link], id: ColumnId) -> String {
        let Some(column) = columns.get(id.0 as usize) else { return String::new() };
        if !self.meaning {
            return column.name.clone();
        }
        match &column.origin {
            Origin::File(raw) => format!("[{raw:?} {} {:?}]", self.unit(&column.unit), column.time),
            Origin::Computed(expr) => format!("[{} {}]", self.in_table(expr, columns, links), self.unit(&column.unit)),
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn convert(of: &str, num: u64, den: u64) -> String {
    if den == 1 { format!("({of} × {num})") } else { format!("({of} × {num}/{den})") }
}

fn arithmetic(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
    }
}

fn comparison(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn windowed(window: Window) -> String {
    match window {
        Window::Trailing(length) => length.to_string(),
        Window::ToDate(grain) => format!("{grain} to date"),
        Window::AllTime => "all time".to_owned(),
    }
}

fn aggregate(aggregate: Aggregate) -> (&'static str, String) {
    let name = match aggregate {
        Aggregate::Count => "count",
        Aggregate::Unique => "unique",
        Aggregate::ApproximateUnique => return ("unique", ", approximate".to_owned()),
        Aggregate::Sum => "sum",
        Aggregate::Mean => "mean",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Percentile { percentile, discrete } => return ("percentile", rank(percentile, discrete)),
        Aggregate::ApproximatePercentile { percentile } => {
            return ("percentile", format!("{}, approximate", rank(percentile, false)));
        }
        Aggregate::Stddev => "stddev",
        Aggregate::First => "first",
        Aggregate::Last => "last",
        Aggregate::Share => "share",
        Aggregate::Trail => "trail",
    };
    (name, String::new())
}

fn statistic(statistic: Statistic) -> (&'static str, String) {
    let name = match statistic {
        Statistic::Count => "count",
        Statistic::Sum => "sum",
        Statistic::Mean => "mean",
        Statistic::Min => "min",
        Statistic::Max => "max",
        Statistic::Percentile { percentile, discrete } => return ("percentile", rank(percentile, discrete)),
        Statistic::Stddev => "stddev",
        Statistic::First => "first",
        Statistic::Last => "last",
        Statistic::Share => "share",
    };
    (name, String::new())
}

fn rank(percentile: crate::decimal::Decimal, discrete: bool) -> String {
    format!(", {percentile}{}", if discrete { ", discrete" } else { "" })
}

fn row_function(function: RowFunction) -> String {
    match function {
        RowFunction::PeriodStart(grain) => grain.to_string(),
        RowFunction::Satisfied { top, of } => format!("top {top} of {of}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// An additivity in a word.
pub fn additivity(additivity: Additivity) -> &'static str {
    match additivity {
        Additivity::Additive => "additive",
        Additivity::Stock => "stock",
        Additivity::Distinct => "distinct",
        Additivity::Ratio => "ratio",
        Additivity::OrderStatistic => "order statistic",
        Additivity::None => "not additive",
    }
}
