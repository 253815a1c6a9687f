//! Clean rows, and where the others went.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use kepi_lang::calendar::Interval;
use kepi_lang::ir::{Arithmetic, ColumnId, Comparison, LocalPolicy, Origin, RowKind, ScalarType, TimeFormat};
use kepi_lang::value::Value;

use super::{Project, column, program, read, read_within, row, said, source, time};

const SALES: &str = "\
ts,id,amount,test
2024-03-01 10:00,a,1.50,false
2024-03-01 11:00,b,2,true
,c,3,false
soon,d,4,false
2024-03-02 09:00,a,9.99,false
2024-03-01 10:00,a,1.50,false
2024-03-03 00:00,,5,false
2024-03-03 00:00,,6,false
2024-03-04 00:00,e,,false
";

/// Null and unreadable times, rows out of scope, copies that differ and copies that do not, null keys: every row is somewhere.
#[test]
fn the_ledger_balances_on_dirty_data() {
    let project = Project::new().write("sales.csv", SALES);
    let mut sales = source(
        "sales.csv",
        vec![
            time("ts", TimeFormat::Auto, "UTC", LocalPolicy::Later),
            column("id", ScalarType::Text, false),
            column("amount", ScalarType::Decimal, false),
            column("test", ScalarType::Bool, false),
        ],
    );
    sales.key = vec![ColumnId(1)];
    let test = row(RowKind::Column(ColumnId(3)), ScalarType::Bool);
    sales.scope = Some(row(RowKind::Not(Box::new(test)), ScalarType::Bool));
    let seen = read(&project, program("UTC", vec![sales], Vec::new())).unwrap();
    assert_eq!(
        seen.rows,
        [
            "2024-03-01T10:00:00Z|a|1.50|false",
            "2024-03-03T00:00:00Z|-|5.00|false",
            "2024-03-03T00:00:00Z|-|6.00|false",
            "2024-03-04T00:00:00Z|e|-|false",
        ]
    );
    let c = seen.counts;
    assert_eq!((c.read, c.no_time, c.out_of_scope, c.duplicates, c.differing, c.used), (9, 2, 1, 2, 1, 4));
    let stamp = |text: &str| Some(text.parse().unwrap());
    assert_eq!((seen.extent.first, seen.extent.last), (stamp("2024-03-01T10:00Z"), stamp("2024-03-04T00:00Z")));
}

/// Which copy stays does not depend on files, threads or declarations: the first by time, then by value.
#[test]
fn copies_across_files() {
    let forwards = Project::new().write("a.csv", "id,v\n1,x\n2,b\n").write("b.csv", "v,id\na,1\nb,2\n,3\n");
    let backwards = Project::new().write("a.csv", "v,id\na,1\nb,2\n,3\n").write("b.csv", "id,v\n1,x\n2,b\n");
    for project in [forwards, backwards] {
        for columns in [["id", "v"], ["v", "id"]] {
            let columns =
                columns.map(|name| column(name, if name == "id" { ScalarType::Int } else { ScalarType::Text }, false));
            let key = u32::from(columns[0].name == "v");
            let mut both = source("*.csv", columns.to_vec());
            both.key = vec![ColumnId(key)];
            let seen = read(&project, program("UTC", vec![both], Vec::new())).unwrap();
            let expected = if key == 0 { ["1|a", "2|b", "3|-"] } else { ["-|3", "a|1", "b|2"] };
            assert_eq!(seen.rows, expected);
            assert_eq!((seen.counts.duplicates, seen.counts.differing), (2, 1));
        }
    }
}

/// Text of numbers and times is compared as what it means: the same rows as Parquet would keep the same copies.
#[test]
fn copies_in_csv_are_compared_by_value() {
    let project = Project::new()
        .write("a.csv", "id,n,at\n1,12,\n1,9,\n2,1.50,\n2,1.5,\n3,,2024-01-01T10:00+02:00\n3,,2024-01-01T09:00Z\n");
    let columns = [("id", ScalarType::Int), ("n", ScalarType::Decimal)];
    let mut rows = source("a.csv", columns.map(|(name, ty)| column(name, ty, false)).to_vec());
    rows.key = vec![ColumnId(0)];
    let seen = read(&project, program("UTC", vec![rows], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["1|9.00", "2|1.50", "3|-"]);
    assert_eq!((seen.counts.duplicates, seen.counts.differing), (3, 2));
}

/// Local times around the two changes of the clock in Berlin, by every policy.
#[test]
fn gaps_and_overlaps() {
    let csv = "ts\n2024-03-31 01:59\n2024-03-31 02:30\n2024-03-31 03:00\n2024-10-27 02:30\n2024-10-27 03:00\n";
    let project = Project::new().write("t.csv", csv);
    let cases: &[(LocalPolicy, &[&str], u64, u64)] = &[
        (
            LocalPolicy::Earlier,
            &[
                "2024-03-31T00:30:00Z",
                "2024-03-31T00:59:00Z",
                "2024-03-31T01:00:00Z",
                "2024-10-27T00:30:00Z",
                "2024-10-27T02:00:00Z",
            ],
            2,
            0,
        ),
        (
            LocalPolicy::Later,
            &[
                "2024-03-31T00:59:00Z",
                "2024-03-31T01:00:00Z",
                "2024-03-31T01:30:00Z",
                "2024-10-27T01:30:00Z",
                "2024-10-27T02:00:00Z",
            ],
            2,
            0,
        ),
        (LocalPolicy::Reject, &["2024-03-31T00:59:00Z", "2024-03-31T01:00:00Z", "2024-10-27T02:00:00Z"], 0, 2),
    ];
    for (policy, expected, moved, no_time) in cases {
        let clock = time("ts", TimeFormat::Auto, "Europe/Berlin", *policy);
        let seen = read(&project, program("UTC", vec![source("t.csv", vec![clock])], Vec::new())).unwrap();
        assert_eq!(seen.rows, *expected, "{policy:?}");
        assert_eq!((seen.counts.moved, seen.counts.no_time), (*moved, *no_time), "{policy:?}");
    }
}

/// The same instant, written in every way that is read.
#[test]
fn every_way_to_write_a_time() {
    let at = 1_323_435_000_i64;
    let micros = |n: i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![n])) };
    let text = |s: &str| -> ArrayRef { Arc::new(StringArray::from(vec![s])) };
    let pattern = |p: &str| TimeFormat::Pattern(p.to_owned());
    let cases: Vec<(ArrayRef, TimeFormat, &str)> = vec![
        (micros(at * 1_000_000), TimeFormat::Auto, "UTC"),
        (micros((at + 3600) * 1_000_000), TimeFormat::Auto, "Europe/Berlin"),
        (Arc::new(TimestampNanosecondArray::from(vec![at * 1_000_000_000 + 999])), TimeFormat::Auto, "UTC"),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![at * 1_000_000]).with_timezone("Asia/Tokyo")),
            TimeFormat::Auto,
            "UTC",
        ),
        (text("2011-12-09T12:50:00Z"), TimeFormat::Auto, "Asia/Tokyo"),
        (text("2011-12-09 13:50"), TimeFormat::Auto, "Europe/Berlin"),
        (text("09/12/2011 12:50"), pattern("%d/%m/%Y %H:%M"), "UTC"),
        (text("2011-12-09 14:50 +0200"), pattern("%Y-%m-%d %H:%M %z"), "UTC"),
        (text("1323435000"), TimeFormat::EpochSeconds, "Asia/Tokyo"),
        (text("1323435000.0"), TimeFormat::EpochSeconds, "UTC"),
        (Arc::new(Int64Array::from(vec![at * 1_000])), TimeFormat::EpochMilliseconds, "UTC"),
        (Arc::new(UInt64Array::from(vec![at as u64 * 1_000_000])), TimeFormat::EpochMicroseconds, "UTC"),
        (Arc::new(Int32Array::from(vec![at as i32])), TimeFormat::EpochSeconds, "UTC"),
        (Arc::new(Float64Array::from(vec![at as f64])), TimeFormat::EpochSeconds, "UTC"),
    ];
    for (i, (array, format, zone)) in cases.into_iter().enumerate() {
        let project = Project::new().parquet("t.parquet", vec![("ts", array)]);
        let clock = time("ts", format, zone, LocalPolicy::Later);
        let seen = read(&project, program("UTC", vec![source("t.parquet", vec![clock])], Vec::new())).unwrap();
        assert_eq!(seen.rows, ["2011-12-09T12:50:00Z"], "case {i}");
    }
}

/// A date is the first instant of its day, where midnight exists and where it does not.
#[test]
fn dates_as_a_clock() {
    let project = Project::new().write("d.csv", "day\n2018-11-03\n2018-11-04\n");
    let clock = time("day", TimeFormat::Auto, "America/Sao_Paulo", LocalPolicy::Reject);
    let seen = read(&project, program("UTC", vec![source("d.csv", vec![clock])], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"]);
}

#[test]
fn times_that_do_not_exist_are_no_time() {
    let values = vec![Some(i64::MAX), Some(i64::MIN), None, Some(0)];
    let project = Project::new().parquet("t.parquet", vec![("ts", Arc::new(Int64Array::from(values)) as ArrayRef)]);
    for format in [TimeFormat::EpochSeconds, TimeFormat::EpochMilliseconds, TimeFormat::EpochMicroseconds] {
        let clock = time("ts", format, "UTC", LocalPolicy::Later);
        let seen = read(&project, program("UTC", vec![source("t.parquet", vec![clock])], Vec::new())).unwrap();
        assert_eq!(seen.rows, ["1970-01-01T00:00:00Z"]);
        assert_eq!(seen.counts.no_time, 3);
    }
}

#[test]
fn a_time_column_without_one_time_is_a_finding() {
    let project = Project::new().write("t.csv", "ts\n01.02.2024\n02.02.2024\n");
    let clock = time("ts", TimeFormat::Auto, "UTC", LocalPolicy::Later);
    let findings = read(&project, program("UTC", vec![source("t.csv", vec![clock])], Vec::new())).unwrap_err();
    assert_eq!(said(&findings), ["K0610 `ts` is `01.02.2024` in row 1 of `data/t.csv`, not an instant"]);
    assert!(findings[0].help.as_deref().unwrap().contains("time_format"));
}

/// Bounds leave out whole pieces of files; the rows are outside by the footers' counts, and rows without time never are.
#[test]
fn bounds_prune_and_the_ledger_still_balances() {
    let day = |d: i64| TimestampMicrosecondArray::from(vec![Some(d * 86_400_000_000), Some((d + 1) * 86_400_000_000)]);
    let project = Project::new()
        .parquet("1.parquet", vec![("ts", Arc::new(day(0)) as ArrayRef)])
        .parquet("2.parquet", vec![("ts", Arc::new(day(100)) as ArrayRef)])
        .parquet("3.parquet", vec![("ts", Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None])) as ArrayRef)]);
    let bounds = Interval { start: "1970-04-01T00:00Z".parse().unwrap(), end: "1970-05-01T00:00Z".parse().unwrap() };
    let clock = time("ts", TimeFormat::Auto, "UTC", LocalPolicy::Later);
    for (zone, threads) in [("UTC", 1), ("Europe/Berlin", 8)] {
        let mut clock = clock.clone();
        clock.time.as_mut().unwrap().zone = zone.to_owned();
        let all = program(zone, vec![source("*.parquet", vec![clock])], Vec::new());
        let seen = read_within(&project, all, Some(bounds), threads).unwrap();
        assert_eq!((seen.counts.read, seen.counts.no_time, seen.rows.len()), (4, 1, 3), "{zone}");
    }
}

/// Types of one kind that differ between files are one column; a column that later files have is null before.
#[test]
fn files_that_widen() {
    let project =
        Project::new().parquet("1.parquet", vec![("n", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).parquet(
            "2.parquet",
            vec![
                ("m", Arc::new(Decimal128Array::from(vec![250]).with_precision_and_scale(10, 2).unwrap()) as ArrayRef),
                ("n", Arc::new(Int64Array::from(vec![i64::MAX])) as ArrayRef),
            ],
        );
    let both = source("*.parquet", vec![column("n", ScalarType::Int, false), column("m", ScalarType::Decimal, false)]);
    let seen = read(&project, program("UTC", vec![both], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["1|-", "9223372036854775807|2.50"]);
}

#[test]
fn unsigned_numbers_beyond_i64_are_decimals() {
    let values = UInt64Array::from(vec![u64::MAX, 1]);
    let project = Project::new().parquet("u.parquet", vec![("u", Arc::new(values) as ArrayRef)]);
    let all = source("u.parquet", vec![column("u", ScalarType::Decimal, false)]);
    let seen = read(&project, program("UTC", vec![all], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["1", "18446744073709551615"]);
    let all = source("u.parquet", vec![column("u", ScalarType::Int, true)]);
    let findings = read(&project, program("UTC", vec![all], Vec::new())).unwrap_err();
    assert_eq!(said(&findings), ["K0610 `u` is `18446744073709551615` in row 1 of `data/u.parquet`, not an integer"]);
}

#[test]
fn computed_columns_and_scope_of_them() {
    let project = Project::new().write("o.csv", "q,p\n2,1.25\n-1,3\n,4\n");
    let mut orders =
        source("o.csv", vec![column("q", ScalarType::Int, false), column("p", ScalarType::Decimal, false)]);
    let of = |id, ty| Box::new(row(RowKind::Column(ColumnId(id)), ty));
    let product = RowKind::Arithmetic {
        op: Arithmetic::Multiply,
        left: of(0, ScalarType::Int),
        right: of(1, ScalarType::Decimal),
    };
    let mut value = column("value", ScalarType::Decimal, true);
    value.origin = Origin::Computed(row(product, ScalarType::Decimal));
    orders.columns.push(value);
    let positive = RowKind::Compare {
        op: Comparison::Greater,
        left: of(2, ScalarType::Decimal),
        right: Box::new(row(RowKind::Literal(Value::Int(0)), ScalarType::Int)),
    };
    orders.scope = Some(row(positive, ScalarType::Bool));
    let seen = read(&project, program("UTC", vec![orders], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["2|1.25|2.50"]);
    assert_eq!(seen.counts.out_of_scope, 2);
}

/// Files of several headers, quoted line breaks, in several threads: each row once.
#[test]
fn many_csv_files() {
    let mut project = Project::new();
    for i in 0..20 {
        let (header, row): (&str, fn(i32, i32) -> String) = if i % 2 == 0 {
            ("n,t", |i, j| format!("{},\"line {j}\nof {i}\"\n", i * 100 + j))
        } else {
            ("t,extra,n", |i, j| format!("\"line {j}\nof {i}\",x,{}\n", i * 100 + j))
        };
        let body: String = (0..100).map(|j| row(i, j)).collect();
        project = project.write(&format!("deep/{i}/f.csv"), format!("{header}\n{body}"));
    }
    for threads in [1, 2, 8] {
        let all = source("**/*.csv", vec![column("n", ScalarType::Int, false), column("t", ScalarType::Text, false)]);
        let seen = read_within(&project, program("UTC", vec![all], Vec::new()), None, threads).unwrap();
        assert_eq!(seen.rows.len(), 2_000);
        let mut numbers: Vec<i32> = seen.rows.iter().map(|r| r.split('|').next().unwrap().parse().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..2_000));
    }
}

#[test]
fn the_fingerprint_is_of_names_and_contents() {
    let print = |name: &str, text: &str| {
        let project = Project::new().write(name, text);
        let all = program("UTC", vec![source("*.csv", vec![column("a", ScalarType::Int, false)])], Vec::new());
        crate::sources::open(project.root(), &all, &Arc::default(), None).unwrap().sources[0].fingerprint().unwrap()
    };
    assert_eq!(print("a.csv", "a\n1\n"), print("a.csv", "a\n1\n"));
    assert_ne!(print("a.csv", "a\n1\n"), print("b.csv", "a\n1\n"));
    assert_ne!(print("a.csv", "a\n1\n"), print("a.csv", "a\n2\n"));
    assert_eq!(print("a.csv", "a\n1\n").len(), 64);
}
