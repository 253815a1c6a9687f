//! Expressions over one row.

use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Arithmetic, Comparison, RowExpr, RowFunction, RowKind};
use kepi_lang::value::Value;

use crate::oracle::{TooLarge, as_type, decimal, order};

/// A row, and where its links lead.
pub struct Row<'a> {
    pub values: &'a [Value],
    /// By link: the lookup's row.
    pub linked: Vec<Option<&'a [Value]>>,
    pub calendar: &'a Calendar,
}

pub fn value(expr: &RowExpr, row: &Row<'_>) -> Result<Value, TooLarge> {
    let of = |e: &RowExpr| value(e, row);
    let result = match &expr.kind {
        RowKind::Column(id) => canonical(row.values[id.0 as usize].clone()),
        RowKind::Linked { way, column } => {
            row.linked[way.links[0] as usize].map_or(Value::Null, |r| canonical(r[column.0 as usize].clone()))
        }
        RowKind::Made { .. } => unreachable!("the oracle makes no rows of others"),
        RowKind::Literal(v) => v.clone(),
        RowKind::Negate(a) => match of(a)? {
            Value::Int(n) => Value::Int(-n),
            Value::Decimal(d) => Value::Decimal(Decimal::new(-d.mantissa, d.scale)),
            Value::Float(r) => Value::float(-r.get()),
            _ => Value::Null,
        },
        RowKind::Arithmetic { op, left, right } => arithmetic(*op, &of(left)?, &of(right)?)?,
        RowKind::Convert { of: inner, num, den } => of(inner)?.scaled(*num, *den).ok_or(TooLarge)?,
        RowKind::Compare { op, left, right } => compare(*op, &of(left)?, &of(right)?),
        RowKind::And(a, b) => and(&of(a)?, &of(b)?),
        RowKind::Or(a, b) => or(&of(a)?, &of(b)?),
        RowKind::Not(a) => not(&of(a)?),
        RowKind::In { of: inner, list } => {
            let list = list.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            contained(&of(inner)?, &list)
        }
        RowKind::Like { of: inner, pattern } => match of(inner)? {
            Value::Text(text) => {
                let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
                Value::Bool(like(&text, &pattern))
            }
            _ => Value::Null,
        },
        RowKind::IsNull(a) => Value::Bool(of(a)?.is_null()),
        RowKind::If { condition, then, otherwise } => {
            if of(condition)? == Value::Bool(true) {
                of(then)?
            } else {
                of(otherwise)?
            }
        }
        RowKind::Call { function, args } => {
            let args = args.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            call(*function, &args, row.calendar)
        }
    };
    Ok(as_type(result, expr.ty))
}

fn canonical(value: Value) -> Value {
    if let Value::Float(r) = value { Value::float(r.get()) } else { value }
}

pub fn arithmetic(op: Arithmetic, a: &Value, b: &Value) -> Result<Value, TooLarge> {
    if a.is_null() || b.is_null() {
        return Ok(Value::Null);
    }
    let float = |v: &Value| v.as_f64().expect("a number");
    if op == Arithmetic::Divide {
        return Ok(if float(b) == 0.0 { Value::Null } else { Value::float(float(a) / float(b)) });
    }
    if matches!(a, Value::Float(_)) || matches!(b, Value::Float(_)) {
        let (a, b) = (float(a), float(b));
        return Ok(Value::float(match op {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            _ => a * b,
        }));
    }
    let (x, y) = (decimal(a), decimal(b));
    let result = match op {
        Arithmetic::Add => x.checked_add(y),
        Arithmetic::Subtract => x.checked_sub(y),
        _ => x.checked_mul(y),
    };
    let result = result.ok_or(TooLarge)?;
    let whole = matches!((a, b), (Value::Int(_), Value::Int(_)));
    Ok(if whole { Value::Int(result.normalized().mantissa) } else { Value::Decimal(result) })
}

pub fn compare(op: Comparison, a: &Value, b: &Value) -> Value {
    if a.is_null() || b.is_null() {
        return Value::Null;
    }
    let order = order(a, b);
    Value::Bool(match op {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

pub fn and(a: &Value, b: &Value) -> Value {
    if *a == Value::Bool(false) || *b == Value::Bool(false) {
        Value::Bool(false)
    } else if a.is_null() || b.is_null() {
        Value::Null
    } else {
        Value::Bool(true)
    }
}

pub fn or(a: &Value, b: &Value) -> Value {
    not(&and(&not(a), &not(b)))
}

pub fn not(a: &Value) -> Value {
    if let Value::Bool(b) = a { Value::Bool(!b) } else { Value::Null }
}

pub fn contained(of: &Value, list: &[Value]) -> Value {
    if of.is_null() {
        return Value::Null;
    }
    if list.iter().any(|item| !item.is_null() && order(of, item).is_eq()) {
        return Value::Bool(true);
    }
    if list.iter().any(Value::is_null) { Value::Null } else { Value::Bool(false) }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => (0..=text.len()).any(|k| like(&text[k..], rest)),
        Some(('_', rest)) => !text.is_empty() && like(&text[1..], rest),
        Some(('\\', rest)) if !rest.is_empty() => text.first() == Some(&rest[0]) && like(&text[1..], &rest[1..]),
        Some((c, rest)) => text.first() == Some(c) && like(&text[1..], rest),
    }
}

/// Half away from zero, by text.
pub fn round(value: &Value, places: u8) -> Value {
    match value {
        Value::Decimal(d) if d.scale > places => {
            let unit = 10i128.pow(u32::from(d.scale - places));
            let (sign, size) = (d.mantissa.signum(), d.mantissa.abs());
            Value::Decimal(Decimal::new(sign * ((size + unit / 2) / unit), places))
        }
        Value::Float(r) => {
            let unit = 10f64.powi(i32::from(places));
            Value::float((r.get() * unit).round() / unit)
        }
        other => other.clone(),
    }
}

pub fn floor(value: &Value) -> Value {
    match value {
        Value::Decimal(d) => Value::Decimal(Decimal::new(d.mantissa.div_euclid(10i128.pow(u32::from(d.scale))), 0)),
        Value::Float(r) => Value::float(r.get().floor()),
        other => other.clone(),
    }
}

pub fn negated(value: &Value) -> Value {
    match value {
        Value::Int(n) => Value::Int(-n),
        Value::Decimal(d) => Value::Decimal(Decimal::new(-d.mantissa, d.scale)),
        Value::Float(r) => Value::float(-r.get()),
        other => other.clone(),
    }
}

pub fn places(args: &[Value]) -> u8 {
    match args.get(1) {
        Some(Value::Int(n)) => *n as u8,
        _ => 0,
    }
}

fn call(function: RowFunction, args: &[Value], calendar: &Calendar) -> Value {
    let known = || args.iter().filter(|v| !v.is_null());
    match function {
        RowFunction::Coalesce => return known().next().cloned().unwrap_or(Value::Null),
        RowFunction::Least => return known().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        RowFunction::Greatest => return known().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        _ => {}
    }
    if args.iter().any(Value::is_null) {
        return Value::Null;
    }
    let text = |n: usize| if let Value::Text(s) = &args[n] { s.as_str() } else { panic!("text expected") };
    let first = &args[0];
    match function {
        RowFunction::Abs => {
            if order(first, &Value::Int(0)).is_lt() {
                negated(first)
            } else {
                first.clone()
            }
        }
        RowFunction::Round => round(first, places(args)),
        RowFunction::Floor => floor(first),
        RowFunction::Ceil => negated(&floor(&negated(first))),
        RowFunction::Log => first.as_f64().filter(|v| *v > 0.0).map_or(Value::Null, |v| Value::float(v.ln())),
        RowFunction::Sqrt => first.as_f64().filter(|v| *v >= 0.0).map_or(Value::Null, |v| Value::float(v.sqrt())),
        RowFunction::Lower => Value::Text(text(0).to_lowercase()),
        RowFunction::Upper => Value::Text(text(0).to_uppercase()),
        RowFunction::Trim => Value::Text(text(0).trim().to_owned()),
        RowFunction::Length => Value::Int(text(0).chars().count() as i128),
        RowFunction::StartsWith => Value::Bool(text(0).starts_with(text(1))),
        RowFunction::EndsWith => Value::Bool(text(0).ends_with(text(1))),
        RowFunction::Contains => Value::Bool(text(0).contains(text(1))),
        _ => civil(function, first, calendar),
    }
}

fn civil(function: RowFunction, of: &Value, calendar: &Calendar) -> Value {
    let local = match of {
        Value::Instant(t) => calendar.local(*t),
        Value::Date(d) => d.to_datetime(jiff::civil::Time::midnight()),
        other => panic!("{other:?} has no civil parts"),
    };
    let int = |n: i8| Value::Int(i128::from(n));
    match function {
        RowFunction::HourOfDay => int(local.hour()),
        RowFunction::Weekday => int(local.weekday().to_monday_one_offset()),
        RowFunction::DayOfMonth => int(local.day()),
        RowFunction::MonthOfYear => int(local.month()),
        RowFunction::QuarterOfYear => int(quarter(local.date(), calendar.fiscal_year_start)),
        RowFunction::DayOfYear => Value::Int(i128::from(local.date().day_of_year())),
        RowFunction::PeriodStart(grain) => match of {
            Value::Instant(t) => Value::Date(calendar.date_of(calendar.floor(*t, grain))),
            // Also one that the zone never had.
            _ if grain <= Grain::Day => of.clone(),
            _ => Value::Date(calendar.date_of(calendar.period_of(local.date(), grain).interval.start)),
        },
        other => panic!("{other:?} is no civil part"),
    }
}

/// The quarter of a fiscal year: how many of its four first days have come.
fn quarter(date: jiff::civil::Date, (month, day): (i8, i8)) -> i8 {
    let months = (date.month() - month - i8::from(date.day() < day)).rem_euclid(12);
    months / 3 + 1
}
