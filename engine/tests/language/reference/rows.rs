//! Expressions over one row.

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{
    Arithmetic, Column, ColumnId, Link, Lookup, Origin, Program, RowExpr, RowFunction, RowKind, ScalarType, Source, Way,
};
use kepi_lang::value::Value;

use crate::data::{Cell, Data, Table};
use crate::reference::numbers::{Function, order};
use crate::reference::numbers::{
    and, arithmetic, call, coerce, compare, contained, float, negate, or, truth, unknown_or,
};
use crate::reference::{TooLarge, reading};

/// One row of a source or lookup, in its table.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub program: &'a Program,
    pub data: &'a Data,
    pub links: &'a [Link],
    pub columns: &'a [Column],
    pub table: &'a Table,
    pub cells: &'a [Cell],
}

impl<'a> Row<'a> {
    pub fn of_source(
        program: &'a Program,
        data: &'a Data,
        source: &'a Source,
        table: &'a Table,
        cells: &'a [Cell],
    ) -> Self {
        Self { program, data, links: &source.links, columns: &source.columns, table, cells }
    }

    fn calendar(&self) -> &'a Calendar {
        &self.program.settings.calendar
    }

    pub fn column(&self, id: ColumnId) -> Result<Value, TooLarge> {
        let column = &self.columns[id.0 as usize];
        match &column.origin {
            Origin::File(raw) => Ok(reading::value(self.cell(raw), column, self.calendar())),
            Origin::Computed(expr) => self.value(expr),
        }
    }

    pub fn cell(&self, raw: &str) -> &'a Cell {
        &self.cells[self.table.position(raw)]
    }

    /// The row of the lookup that a way leads to.
    pub fn linked(&self, way: &Way) -> Result<Option<(Row<'a>, &'a Lookup)>, TooLarge> {
        let (last, before) = way.links.split_last().expect("a way has a step");
        let start = match before {
            [] => *self,
            _ => match self.linked(&Way { links: before.to_vec(), clock: way.clock })? {
                Some((row, _)) => row,
                None => return Ok(None),
            },
        };
        let link = &start.links[*last as usize];
        let keys = link.columns.iter().map(|id| start.column(*id)).collect::<Result<Vec<_>, _>>()?;
        let lookup = &self.program.lookups[link.lookup.0 as usize];
        let table = &self.data.lookups[link.lookup.0 as usize];
        for cells in table.rows() {
            let row = Row { links: &lookup.links, columns: &lookup.columns, table, cells, ..*self };
            let mut same = true;
            for (id, key) in lookup.key.iter().zip(&keys) {
                let own = row.column(*id)?;
                same &= !own.is_null() && !key.is_null() && order(&own, key).is_eq();
            }
            if let (true, Some((from, to))) = (same, lookup.valid) {
                let at = way.clock.map(|id| self.column(id)).transpose()?.map(|v| self.as_instant(v));
                let (from, to) = (self.as_instant(row.column(from)?), self.as_instant(row.column(to)?));
                same = match at {
                    Some(at @ Value::Instant(_)) => {
                        (from.is_null() || order(&from, &at).is_le()) && (to.is_null() || order(&at, &to).is_lt())
                    }
                    _ => false,
                };
            }
            if same {
                return Ok(Some((row, lookup)));
            }
        }
        Ok(None)
    }

    pub fn value(&self, expr: &RowExpr) -> Result<Value, TooLarge> {
        let value = match &expr.kind {
            RowKind::Column(id) => self.column(*id)?,
            RowKind::Linked { way, column } => match self.linked(way)? {
                Some((row, _)) => row.column(*column)?,
                None => Value::Null,
            },
            RowKind::Made { .. } => unreachable!("the reference makes no rows of others"),
            RowKind::Literal(value) => value.clone(),
            RowKind::Negate(of) => negate(&self.value(of)?)?,
            RowKind::Arithmetic { op, left, right } => {
                let (l, r) = (self.value(left)?, self.value(right)?);
                match self.with_times(*op, (left, &l), (right, &r), expr) {
                    Some(value) => value,
                    None => arithmetic(*op, &l, &r)?,
                }
            }
            RowKind::Convert { of, num, den } => self.value(of)?.scaled(*num, *den).ok_or(TooLarge)?,
            RowKind::Compare { op, left, right } => {
                let (l, r) = (self.value(left)?, self.value(right)?);
                let same = std::mem::discriminant(&l) == std::mem::discriminant(&r);
                let instant = |v: Value| if same { v } else { self.as_instant(v) };
                compare(*op, &instant(l), &instant(r))
            }
            RowKind::And(left, right) => unknown_or(and(truth(&self.value(left)?), truth(&self.value(right)?))),
            RowKind::Or(left, right) => unknown_or(or(truth(&self.value(left)?), truth(&self.value(right)?))),
            RowKind::Not(of) => unknown_or(truth(&self.value(of)?).map(|b| !b)),
            RowKind::In { of, list } => {
                let list = list.iter().map(|e| self.value(e)).collect::<Result<Vec<_>, _>>()?;
                contained(&self.value(of)?, &list)
            }
            RowKind::Like { of, pattern } => match self.value(of)? {
                Value::Text(text) => Value::Bool(like(&chars(pattern), &chars(&text))),
                _ => Value::Null,
            },
            RowKind::IsNull(of) => Value::Bool(self.value(of)?.is_null()),
            RowKind::If { condition, then, otherwise } => {
                let holds = truth(&self.value(condition)?) == Some(true);
                self.value(if holds { then } else { otherwise })?
            }
            RowKind::Call { function, args } => {
                let args = args.iter().map(|e| self.value(e)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &args)?
            }
        };
        Ok(coerce(value, expr.ty))
    }

    /// A date stands for the start of its day where an instant is wanted.
    pub fn as_instant(&self, value: Value) -> Value {
        match value {
            Value::Date(date) => Value::Instant(self.calendar().date_start(date)),
            other => other,
        }
    }

    /// The time between two instants or dates; an instant moved by a time.
    fn with_times(
        &self,
        op: Arithmetic,
        (left, l): (&RowExpr, &Value),
        (right, r): (&RowExpr, &Value),
        expr: &RowExpr,
    ) -> Option<Value> {
        let is_time = |e: &RowExpr| matches!(e.ty, ScalarType::Instant | ScalarType::Date);
        if !is_time(left) && !is_time(right) {
            return None;
        }
        if l.is_null() || r.is_null() {
            return Some(Value::Null);
        }
        let micros = |v: &Value| match self.as_instant(v.clone()) {
            Value::Instant(t) => t.as_microsecond(),
            other => panic!("{other:?} is no time"),
        };
        if is_time(left) && is_time(right) {
            let between = match (l, r) {
                (Value::Date(a), Value::Date(b)) => i64::from(b.until(*a).expect("days").get_days()) * 86_400_000_000,
                _ => micros(l) - micros(r),
            };
            let seconds = Value::Decimal(Decimal::new(i128::from(between), 6));
            let scale = expr.unit.scale;
            return Some(seconds.scaled(scale.den, scale.num).expect("a number that fits"));
        }
        let (time, by, unit) = if is_time(left) { (l, r, &right.unit) } else { (r, l, &left.unit) };
        let seconds = float(by) * unit.scale.num as f64 / unit.scale.den as f64;
        let by = (seconds * 1e6).round() as i64;
        let moved = if op == Arithmetic::Subtract { micros(time) - by } else { micros(time) + by };
        Some(Value::Instant(Timestamp::from_microsecond(moved).expect("an instant")))
    }

    fn call(&self, function: RowFunction, args: &[Value]) -> Result<Value, TooLarge> {
        let text = |n: usize| match &args[n] {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let map = |f: &dyn Fn(&str) -> Value| text(0).map_or(Value::Null, f);
        let both = |f: &dyn Fn(&str, &str) -> bool| match (text(0), text(1)) {
            (Some(a), Some(b)) => Value::Bool(f(a, b)),
            _ => Value::Null,
        };
        Ok(match function {
            RowFunction::Coalesce => call(Function::Coalesce, args)?,
            RowFunction::Abs => call(Function::Abs, args)?,
            RowFunction::Round => call(Function::Round, args)?,
            RowFunction::Floor => call(Function::Floor, args)?,
            RowFunction::Ceil => call(Function::Ceil, args)?,
            RowFunction::Least => call(Function::Least, args)?,
            RowFunction::Greatest => call(Function::Greatest, args)?,
            RowFunction::Log => call(Function::Log, args)?,
            RowFunction::Sqrt => call(Function::Sqrt, args)?,
            RowFunction::Lower => map(&|t| Value::Text(t.to_lowercase())),
            RowFunction::Upper => map(&|t| Value::Text(t.to_uppercase())),
            RowFunction::Trim => map(&|t| Value::Text(t.trim().to_owned())),
            RowFunction::Length => map(&|t| Value::Int(t.chars().count() as i128)),
            RowFunction::StartsWith => both(&|t, part| t.starts_with(part)),
            RowFunction::EndsWith => both(&|t, part| t.ends_with(part)),
            RowFunction::Contains => both(&|t, part| t.contains(part)),
            RowFunction::PeriodStart(grain) => self.period_start(grain, &args[0]),
            RowFunction::AnyOf | RowFunction::Element(_) | RowFunction::Field => {
                unreachable!("random programs have no lists and no JSON")
            }
            RowFunction::Promoter | RowFunction::Satisfied { .. } => unreachable!("surveys have tests of their own"),
            RowFunction::Together if args.iter().any(Value::is_null) => Value::Null,
            RowFunction::Together => {
                Value::Text(format!("({})", args.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")))
            }
            RowFunction::HourOfDay
            | RowFunction::Weekday
            | RowFunction::DayOfMonth
            | RowFunction::MonthOfYear
            | RowFunction::QuarterOfYear
            | RowFunction::DayOfYear => {
                let local = match &args[0] {
                    Value::Instant(t) => self.calendar().local(*t),
                    Value::Date(date) => date.at(0, 0, 0, 0),
                    _ => return Ok(Value::Null),
                };
                let (first_month, first_day) = self.calendar().fiscal_year_start;
                let months = local.month() - first_month - i8::from(local.day() < first_day);
                Value::Int(i128::from(match function {
                    RowFunction::HourOfDay => i16::from(local.hour()),
                    RowFunction::Weekday => i16::from(local.weekday().to_monday_one_offset()),
                    RowFunction::DayOfMonth => i16::from(local.day()),
                    RowFunction::QuarterOfYear => i16::from(months.rem_euclid(12) / 3 + 1),
                    RowFunction::DayOfYear => local.date().day_of_year(),
                    _ => i16::from(local.month()),
                }))
            }
        })
    }

    /// The first day of the period that holds a time.
    fn period_start(&self, grain: Grain, of: &Value) -> Value {
        let calendar = self.calendar();
        let period = match of {
            Value::Instant(t) => calendar.period_at(*t, grain),
            Value::Date(date) => calendar.period_of(*date, grain),
            _ => return Value::Null,
        };
        Value::Date(calendar.date_of(period.interval.start))
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// SQL LIKE, by trying everything.
fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| like(rest, &text[skip..])),
        ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        ['\\', c, rest @ ..] | [c, rest @ ..] => text.first() == Some(c) && like(rest, &text[1..]),
    }
}
