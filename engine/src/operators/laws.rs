//! What every family but trails obeys: a merge does not depend on order or grouping, a state that was written is read again,
//! and one that was cut off is refused.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Aggregate, Branch, ColumnId, Measure, RowExpr, RowKind, ScalarType, SourceId};
use kepi_lang::unit::Unit;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, TestCaseError, any, prop_oneof};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::operators::ids::NO_ID;
use crate::operators::{Accumulator, Reader, Rows, accumulator};

/// What is known of a row: the cell it falls into, its number, its clock and its key.
#[derive(Clone, Debug)]
struct Row {
    cell: u32,
    number: Option<i64>,
    clock: i64,
    key: i64,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![
        8 => (-20i64..20).prop_map(Some),
        2 => any::<i64>().prop_map(Some),
        1 => Just(Some(i64::MAX)),
        1 => Just(None),
    ];
    let row = (0u32..3, number, 0i64..4, 0i64..3);
    vec(row.prop_map(|(cell, number, clock, key)| Row { cell, number, clock, key }), 0..60)
}

/// A number as a value of a type.
fn column(rows: &[Row], ty: ScalarType) -> ArrayRef {
    let numbers = || rows.iter().map(|row| row.number);
    let float = |n: i64| match n {
        i64::MAX => f64::MAX,
        20.. => 1e300,
        ..-20 => -1e-300,
        n => n as f64 / 10.0,
    };
    match ty {
        ScalarType::Int => Arc::new(Int64Array::from_iter(numbers())),
        ScalarType::Decimal => {
            let cents = Decimal128Array::from_iter(numbers().map(|n| n.map(i128::from)));
            Arc::new(cents.with_precision_and_scale(38, 2).expect("decimals"))
        }
        ScalarType::Float => Arc::new(Float64Array::from_iter(numbers().map(|n| n.map(float)))),
        ScalarType::Bool => Arc::new(BooleanArray::from_iter(numbers().map(|n| n.map(|n| n % 2 == 0)))),
        ScalarType::Date => Arc::new(Date32Array::from_iter(numbers().map(|n| n.map(|n| (n % 9000) as i32)))),
        ScalarType::Instant => {
            Arc::new(TimestampMicrosecondArray::from_iter(numbers().map(|n| n.map(|n| n % 1_000_000))))
        }
        _ => {
            let texts = numbers().map(|n| n.map(|n| format!("a text of {}", n % 50)));
            Arc::new(texts.collect::<StringViewArray>())
        }
    }
}

fn families() -> Vec<(Aggregate, ScalarType)> {
    use ScalarType::{Bool, Date, Float, Instant, Int, Text};
    let decimal = ScalarType::Decimal;
    let rank = |percentile: i128, discrete| {
        let percentile = Decimal { mantissa: percentile, scale: 0 };
        Aggregate::Percentile { percentile, discrete }
    };
    let approximate = || Aggregate::ApproximatePercentile { percentile: Decimal { mantissa: 905, scale: 1 } };
    let mut all = vec![(Aggregate::Count, Int), (Aggregate::Unique, Int), (Aggregate::Share, Bool)];
    for ty in [Int, decimal, Float] {
        let stated =
            [Aggregate::Sum, Aggregate::Mean, Aggregate::Stddev, rank(50, false), rank(90, true), approximate()];
        all.extend(stated.into_iter().map(|aggregate| (aggregate, ty)));
    }
    for ty in [Int, decimal, Float, Text, Date, Instant, Bool] {
        let stated = [Aggregate::First, Aggregate::Last, Aggregate::ApproximateUnique];
        all.extend(stated.into_iter().map(|aggregate| (aggregate, ty)));
    }
    for ty in [Int, decimal, Float, Date, Instant] {
        all.extend([Aggregate::Min, Aggregate::Max].into_iter().map(|aggregate| (aggregate, ty)));
    }
    all
}

fn measure(aggregate: Aggregate, value: ScalarType) -> Measure {
    let whole = aggregate == Aggregate::Count;
    let value = RowExpr { kind: RowKind::Column(ColumnId(0)), ty: value, unit: Unit::none() };
    let branch = Branch {
        source: SourceId(0),
        derived: None,
        time: None,
        filter: None,
        value: (!whole).then(|| value.clone()),
        by: Vec::new(),
        keys: Vec::new(),
        kept: Vec::new(),
    };
    Measure { aggregate, branches: vec![branch], ty: value.ty, unit: Unit::none(), stock: false }
}

/// Rows as a batch, in cells of their own or all in the first.
fn updated(into: &mut dyn Accumulator, rows: &[Row], ty: ScalarType, apart: bool) {
    let value = column(rows, ty);
    let numbers: Vec<u32> = (0..rows.len() as u32).collect();
    let cells: Vec<u32> = rows.iter().map(|row| if apart { row.cell } else { 0 }).collect();
    let ids: Vec<u32> = rows.iter().map(|row| row.number.map_or(NO_ID, |n| n as u32 & 0xff_ffff)).collect();
    let clock: Vec<i64> = rows.iter().map(|row| row.clock).collect();
    let key: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.key)));
    let batch = Rows {
        rows: &numbers,
        cells: &cells,
        one: (!apart).then_some(0),
        value: Some(&value),
        ids: Some(&ids),
        clock: Some(&clock),
        key: std::slice::from_ref(&key),
        kept: &[],
    };
    into.update(&batch, 3).expect("an update");
}

fn obeys((aggregate, ty): (Aggregate, ScalarType), rows: &[Row]) -> Result<(), TestCaseError> {
    let of = measure(aggregate, ty);
    let mut apart = accumulator(&of);
    updated(apart.as_mut(), rows, ty, true);
    let mut together = accumulator(&of);
    let mut turned = rows.to_vec();
    turned.reverse();
    let (some, others) = turned.split_at(rows.len() / 2);
    updated(together.as_mut(), some, ty, false);
    updated(together.as_mut(), others, ty, false);
    let expected = together.finish(0);

    // (a + b) + c, c + (b + a), and (nothing + b) + (c + a).
    for (cell, [first, second, third]) in [(3, [0, 1, 2]), (5, [2, 1, 0]), (8, [1, 2, 0])] {
        apart.copy(cell, first);
        apart.copy(cell + 1, second);
        if cell == 3 {
            apart.merge(cell, second);
            apart.merge(cell, third);
        } else {
            apart.merge(cell + 1, third);
            apart.merge(cell, cell + 1);
        }
        prop_assert_eq!(apart.finish(cell), expected.clone(), "{:?} of {:?}", aggregate, ty);
    }
    apart.merge(11, 3);
    prop_assert_eq!(apart.finish(11), expected.clone(), "after nothing: {:?} of {:?}", aggregate, ty);

    let (mut taken, mut from) = (accumulator(&of), accumulator(&of));
    updated(taken.as_mut(), others, ty, false);
    updated(from.as_mut(), some, ty, true);
    prop_assert!(taken.absorb(from, &mut [(0, 0), (1, 1), (2, 2)].into_iter()));
    taken.merge(0, 1);
    taken.merge(0, 2);
    prop_assert_eq!(taken.finish(0), expected.clone(), "taken: {:?} of {:?}", aggregate, ty);

    let mut sent = accumulator(&of);
    for cell in 0..3 {
        let mut bytes = Vec::new();
        apart.write(cell, &mut bytes);
        let mut back = accumulator(&of);
        let mut reader = Reader::new(&bytes);
        prop_assert!(back.read(0, &mut reader) && reader.is_empty(), "{:?} of {:?}", aggregate, ty);
        let mut again = Vec::new();
        back.write(0, &mut again);
        prop_assert_eq!(&again, &bytes, "{:?} of {:?}", aggregate, ty);
        prop_assert_eq!(back.finish(0), apart.finish(cell));
        // What comes behind it is not its own.
        let long = [bytes.as_slice(), &[1, 2, 3]].concat();
        let mut reader = Reader::new(&long);
        prop_assert!(sent.read(0, &mut reader) && reader.take(3) == Some(&[1, 2, 3]) && reader.is_empty());
        let cut = bytes.len() * cell / 3;
        prop_assert!(!accumulator(&of).read(0, &mut Reader::new(&bytes[..cut])), "{:?} of {:?}", aggregate, ty);
    }
    prop_assert_eq!(sent.finish(0), expected, "sent: {:?} of {:?}", aggregate, ty);
    sent.clear(0);
    prop_assert_eq!(sent.finish(0), accumulator(&of).finish(0));
    Ok(())
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn merges_do_not_depend_on_order_and_states_are_read_as_written(rows in rows()) {
        for family in families() {
            obeys(family, &rows)?;
        }
    }
}
