//! Expressions over a few rows, and what they are worth.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::util::display::array_value_to_string;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Arithmetic, ColumnId, Comparison, RowExpr, RowFunction, RowKind, ScalarType, Way};
use kepi_lang::unit::{Scale, Unit};
use kepi_lang::value::Value;

use crate::rows::{Civil, Columns, RowError, evaluate};

struct Table {
    columns: Vec<ArrayRef>,
    civil: Civil,
}

impl Columns for Table {
    fn rows(&self) -> usize {
        self.columns[0].len()
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        Ok(self.columns[column.0 as usize].clone())
    }

    fn linked(&self, _: &Way, _: ColumnId) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("no lookups".to_owned()))
    }

    fn civil(&self) -> &Civil {
        &self.civil
    }
}

/// Rows: whole, decimal of two places, float, text, truth, instant.
fn table() -> Table {
    let instants = ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-12-31T23:30:00Z"];
    let micros: Vec<Option<i64>> = instants
        .iter()
        .map(|t| Some(t.parse::<jiff::Timestamp>().expect("an instant").as_microsecond()))
        .chain([None])
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(7), Some(-2), None, Some(i64::MAX)])),
        Arc::new(
            Decimal128Array::from(vec![Some(150), Some(-25), None, Some(0)])
                .with_precision_and_scale(38, 2)
                .expect("a decimal type"),
        ),
        Arc::new(Float64Array::from(vec![Some(0.5), Some(-0.0), Some(f64::NAN), None])),
        Arc::new(StringViewArray::from(vec![Some("Äpfel"), Some("a longer text than twelve"), None, Some("")])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])),
        Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC")),
    ];
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let calendar = Calendar { zone, week_start: Weekday::Monday, fiscal_year_start: (2, 1) };
    Table { columns, civil: Civil::new(calendar) }
}

const TYPES: [ScalarType; 6] =
    [ScalarType::Int, ScalarType::Decimal, ScalarType::Float, ScalarType::Text, ScalarType::Bool, ScalarType::Instant];

fn expr(kind: RowKind, ty: ScalarType) -> RowExpr {
    RowExpr { kind, ty, unit: Unit { dimensions: Default::default(), scale: Scale { num: 1, den: 1 }, spelling: None } }
}

fn col(n: usize) -> RowExpr {
    expr(RowKind::Column(ColumnId(n as u32)), TYPES[n])
}

fn int(n: i128) -> RowExpr {
    expr(RowKind::Literal(Value::Int(n)), ScalarType::Int)
}

fn decimal(text: &str) -> RowExpr {
    expr(RowKind::Literal(Value::Decimal(text.parse::<Decimal>().expect("a decimal"))), ScalarType::Decimal)
}

fn arithmetic(op: Arithmetic, left: RowExpr, right: RowExpr, ty: ScalarType) -> RowExpr {
    expr(RowKind::Arithmetic { op, left: Box::new(left), right: Box::new(right) }, ty)
}

fn compare(op: Comparison, left: RowExpr, right: RowExpr) -> RowExpr {
    expr(RowKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ScalarType::Bool)
}

fn call(function: RowFunction, args: Vec<RowExpr>, ty: ScalarType) -> RowExpr {
    expr(RowKind::Call { function, args }, ty)
}

fn shown(expr: &RowExpr) -> Result<String, RowError> {
    let array = evaluate(expr, &table())?;
    let values = (0..array.len())
        .map(|i| if array.is_null(i) { "null".to_owned() } else { array_value_to_string(&array, i).expect("text") });
    Ok(values.collect::<Vec<_>>().join(" | "))
}

#[test]
fn values() {
    use ScalarType as T;
    for (what, expr, expected) in [
        (
            "int + decimal",
            arithmetic(Arithmetic::Add, col(0), col(1), T::Decimal),
            "8.50 | -2.25 | null | 9223372036854775807.00",
        ),
        (
            "decimal × decimal",
            arithmetic(Arithmetic::Multiply, col(1), decimal("0.1"), T::Decimal),
            "0.150 | -0.025 | null | 0.000",
        ),
        (
            "x / 0 is null",
            arithmetic(Arithmetic::Divide, int(1), col(1), T::Float),
            "0.6666666666666666 | -4.0 | null | null",
        ),
        (
            "int / int is a float",
            arithmetic(Arithmetic::Divide, col(0), int(2), T::Float),
            "3.5 | -1.0 | null | 4.611686018427388e18",
        ),
        ("no NaN, no -0", col(2), "0.5 | 0.0 | null | null"),
        ("-0 = 0", compare(Comparison::Equal, col(2), int(0)), "false | true | null | null"),
        ("decimal = int", compare(Comparison::Equal, col(1), int(0)), "false | false | null | true"),
        ("decimal < decimal", compare(Comparison::Less, col(1), decimal("1.5000")), "false | true | null | true"),
        (
            "true or null",
            expr(RowKind::Or(Box::new(col(4)), Box::new(expr(RowKind::Literal(Value::Null), T::Null))), T::Bool),
            "true | null | null | true",
        ),
        (
            "false and null",
            expr(RowKind::And(Box::new(col(4)), Box::new(expr(RowKind::Literal(Value::Null), T::Null))), T::Bool),
            "null | false | null | null",
        ),
        (
            "in with null",
            expr(
                RowKind::In { of: Box::new(col(0)), list: vec![int(7), expr(RowKind::Literal(Value::Null), T::Null)] },
                T::Bool,
            ),
            "true | null | null | null",
        ),
        (
            "in nothing",
            expr(RowKind::In { of: Box::new(col(0)), list: vec![] }, T::Bool),
            "false | false | null | false",
        ),
        ("is null", expr(RowKind::IsNull(Box::new(col(2))), T::Bool), "false | false | true | true"),
        (
            "if",
            expr(
                RowKind::If {
                    condition: Box::new(col(4)),
                    then: Box::new(col(0)),
                    otherwise: Box::new(decimal("0.5")),
                },
                T::Decimal,
            ),
            "7.0 | 0.5 | 0.5 | 9223372036854775807.0",
        ),
        ("length", call(RowFunction::Length, vec![col(3)], T::Int), "5 | 25 | null | 0"),
        ("upper", call(RowFunction::Upper, vec![col(3)], T::Text), "ÄPFEL | A LONGER TEXT THAN TWELVE | null | "),
        ("round half away", call(RowFunction::Round, vec![decimal("-2.5")], T::Decimal), "-3 | -3 | -3 | -3"),
        ("round to places", call(RowFunction::Round, vec![col(1), int(1)], T::Decimal), "1.5 | -0.3 | null | 0.0"),
        ("floor", call(RowFunction::Floor, vec![col(1)], T::Decimal), "1 | -1 | null | 0"),
        ("ceil", call(RowFunction::Ceil, vec![col(1)], T::Decimal), "2 | 0 | null | 0"),
        ("least", call(RowFunction::Least, vec![col(0), col(1), int(0)], T::Decimal), "0.00 | -2.00 | 0.00 | 0.00"),
        (
            "greatest",
            call(RowFunction::Greatest, vec![col(0), col(2)], T::Float),
            "7.0 | 0.0 | null | 9.223372036854776e18",
        ),
        (
            "coalesce",
            call(RowFunction::Coalesce, vec![col(0), col(1), int(0)], T::Decimal),
            "7.00 | -2.00 | 0.00 | 9223372036854775807.00",
        ),
        ("log", call(RowFunction::Log, vec![col(1)], T::Float), "0.4054651081081644 | null | null | null"),
        ("hour over a clock change", call(RowFunction::HourOfDay, vec![col(5)], T::Int), "1 | 3 | 0 | null"),
        (
            "day in the zone",
            call(RowFunction::PeriodStart(Grain::Day), vec![col(5)], T::Date),
            "2026-03-29 | 2026-03-29 | 2027-01-01 | null",
        ),
        (
            "week",
            call(RowFunction::PeriodStart(Grain::Week), vec![col(5)], T::Date),
            "2026-03-23 | 2026-03-23 | 2026-12-28 | null",
        ),
        (
            "fiscal quarter",
            call(RowFunction::PeriodStart(Grain::Quarter), vec![col(5)], T::Date),
            "2026-02-01 | 2026-02-01 | 2026-11-01 | null",
        ),
        (
            "fiscal year",
            call(RowFunction::PeriodStart(Grain::Year), vec![col(5)], T::Date),
            "2026-02-01 | 2026-02-01 | 2026-02-01 | null",
        ),
        ("weekday", call(RowFunction::Weekday, vec![col(5)], T::Int), "7 | 7 | 5 | null"),
        (
            "convert",
            expr(RowKind::Convert { of: Box::new(col(1)), num: 1, den: 60 }, T::Float),
            "0.025 | -0.004166666666666667 | null | 0.0",
        ),
        (
            "convert exactly",
            expr(RowKind::Convert { of: Box::new(col(1)), num: 1, den: 1000 }, T::Decimal),
            "0.00150 | -0.00025 | null | 0.00000",
        ),
    ] {
        assert_eq!(shown(&expr).as_deref(), Ok(expected), "{what}");
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let more = arithmetic(Arithmetic::Add, col(0), int(1), ScalarType::Int);
    assert!(matches!(shown(&more), Err(RowError::Overflow(_))));
    // Not in a branch that the row does not take.
    let big = compare(Comparison::Greater, col(0), int(100));
    let guarded = expr(
        RowKind::If { condition: Box::new(big), then: Box::new(int(0)), otherwise: Box::new(more) },
        ScalarType::Int,
    );
    assert_eq!(shown(&guarded).as_deref(), Ok("8 | -1 | null | 0"));
}
