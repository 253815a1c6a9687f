//! What is known once the files were looked into.

use crate::check::tests::project_with;
use crate::ir::ScalarType::{Date, Decimal, Float, Instant, Int, Text};
use crate::ir::hash::Hasher;
use crate::ir::{Origin, ScalarType, TimeFormat};
use crate::results::{Schema, SchemaColumn, Schemas};

fn column(name: &str, ty: ScalarType) -> SchemaColumn {
    let physical = format!("{ty:?}");
    SchemaColumn { name: name.into(), ty, naive: false, physical, note: None, list: None }
}

fn schema(columns: &[(&str, ScalarType)]) -> Option<Schema> {
    Some(Schema { columns: columns.iter().map(|(name, ty)| column(name, *ty)).collect() })
}

const FILE: &[(&str, ScalarType)] =
    &[("ts", Instant), ("user_id", Text), ("amount", Decimal), ("Plan Type", Text), ("at", Int), ("born", Date)];

fn found(definitions: &str, mut source: Option<Schema>, naive: bool) -> Vec<String> {
    for column in source.iter_mut().flat_map(|s| &mut s.columns) {
        column.naive = naive && column.ty == Instant;
    }
    let users = schema(&[("id", Text), ("plan", Text), ("born", Date)]);
    let schemas = Schemas { sources: vec![source], lookups: vec![users] };
    let (checked, _) = project_with(definitions, Some(&schemas));
    checked.diagnostics.iter().map(|f| format!("{}: {}", f.code, f.message)).collect()
}

fn definitions(source: &str, metric: &str) -> String {
    format!(
        "sources:\n  app: {{files: a.csv, actor: user_id, {source}}}\nlookups:\n  users: {{files: u.csv, key: id, actor: true}}\nmetrics:\n  m: {metric}\n"
    )
}

#[test]
fn columns_of_the_files_are_known() {
    // source, metric, findings
    let cases: &[(&str, &str, &[&str])] = &[
        ("time: ts", "sum(app.amount)", &[]),
        ("time: ts", "count(app where `Plan Type` = \"x\")", &[]),
        ("time: ts", "count(app where plan = \"x\" and app.born < user.born)", &[]),
        ("time: ts", "sum(app.amuont)", &["K0251: `app` has no column `amuont`; did you mean `amount`?"]),
        ("time: ts", "count(app where city = 3)", &["K0251: `app` has no column `city`"]),
        ("time: ts", "count(app where user.city = 3)", &["K0251: the lookup `users` has no column `city`"]),
        ("time: ts", "count(app) where city = 3", &["K0407: `app` has no column `city`"]),
        ("time: ts", "{expr: count(app), by: [city]}", &["K0407: `app` has no column `city`"]),
        ("time: ts", "{expr: count(app), by: [week]}", &["K0407: `app` has no column `week`"]),
        (
            "time: ts",
            "count(app where born = 2000-01-01)",
            &["K0254: `born` is a column of `app` and of its actor's lookup"],
        ),
        ("time: ts", "count(app where amount = \"x\")", &["K0301: a number is compared with text"]),
        ("time: ts, columns: {amount: {unit: EUR}}", "{expr: sum(app.amount), unit: EUR}", &[]),
        (
            "time: ts, columns: {amount: {type: bool}}",
            "count(app)",
            &["K0307: `amount` is declared as bool, but `amount` is Decimal in the file"],
        ),
        (
            "time: ts, columns: {plan: {from: Plan Type, unit: EUR}}",
            "count(app)",
            &["K0307: `plan` has a unit and so is a number, but `Plan Type` is Text in the file"],
        ),
        // A column that the files lack is reported by who looked into them.
        ("time: ts, columns: {plan: {from: Plan}}", "count(app where app.plan = \"x\")", &[]),
        ("time: at", "count(app)", &["K0308: the times of `at` are numbers (Int); what they count is not said"]),
        ("time: at, time_format: epoch_s", "count(app)", &[]),
        ("time: born", "count(app)", &[]),
    ];
    for (source, metric, expected) in cases {
        assert_eq!(found(&definitions(source, metric), schema(FILE), false), *expected, "{source} · {metric}");
    }
}

#[test]
fn local_times_need_a_zone() {
    let finding = "K0308: the times of `ts` have no zone: they name different instants in different places";
    assert_eq!(found(&definitions("time: ts", "count(app)"), schema(FILE), true), [finding]);
    let zoned = definitions("time: ts, time_zone: Europe/Berlin", "count(app)");
    assert!(found(&zoned, schema(FILE), true).is_empty());
    // Of a column that is not the clock only once it is used.
    let other = [("ts", Int), ("user_id", Text), ("seen", Instant)];
    let unused = definitions("time: ts, time_format: epoch_s", "count(app)");
    assert!(found(&unused, schema(&other), true).is_empty());
    let used = definitions("time: ts, time_format: epoch_s", "count(app where seen > 2026-01-01)");
    assert_eq!(found(&used, schema(&other), true), ["K0308: the times of `seen` have no zone"]);
}

#[test]
fn a_csv_column_that_is_no_number_says_why() {
    let mut source = schema(FILE);
    for column in source.iter_mut().flat_map(|s| &mut s.columns).filter(|c| c.name == "Plan Type") {
        column.note = Some("row 7 holds `n/a`".into());
    }
    let text = definitions("time: ts, columns: {plan: {from: Plan Type, type: number}}", "count(app)");
    assert_eq!(found(&text, source, false).len(), 1);
}

#[test]
fn types_and_origins_of_columns() {
    let text = definitions(
        "time: at, time_format: epoch_ms, columns: {price: {from: amount, unit: EUR}, twice: {expr: 2 * price}, n: {from: at, type: integer}}",
        "sum(app.twice)",
    );
    let schemas = Schemas { sources: vec![schema(FILE)], lookups: vec![schema(&[("id", Text)])] };
    let (checked, _) = project_with(&text, Some(&schemas));
    let program = checked.program.expect("no finding");
    let source = program.sources.first().expect("one source");
    let columns: Vec<_> = source.columns.iter().map(|c| (c.name.as_str(), c.ty, c.unit.to_string())).collect();
    let expected = [
        ("price", Decimal, "EUR"),
        ("twice", Decimal, "EUR"),
        ("n", Int, ""),
        ("Plan Type", Text, ""),
        ("at", Instant, ""),
        ("born", Date, ""),
        ("ts", Instant, ""),
        ("user_id", Text, ""),
    ];
    assert_eq!(columns, expected.map(|(n, t, u)| (n, t, u.to_owned())));
    let clock = source.time.and_then(|t| source.columns.get(t.0 as usize)).expect("a clock");
    assert_eq!(clock.time.as_ref().map(|t| &t.format), Some(&TimeFormat::EpochMilliseconds));
    assert!(matches!(&clock.origin, Origin::File(raw) if raw == "at"));
    assert_eq!(program.metrics.first().map(|m| m.expr.ty), Some(Decimal));
    assert_ne!(Float, Int);
}

#[test]
fn hashes_are_of_meaning_alone() {
    let hash = |text: &str| {
        let (checked, _) = project_with(text, None);
        let program = checked.program.expect("no finding");
        let hasher = Hasher::new(&program);
        let metrics: Vec<_> = program.metrics.iter().map(|m| (m.name.clone(), hasher.metric(m))).collect();
        (hasher.definitions(), metrics.into_iter().collect::<std::collections::BTreeMap<_, _>>())
    };
    let text = |a: &str, b: &str, more: &str| {
        format!(
            "sources:\n  app: {{files: a.csv, time: ts, columns: {{x: {{unit: s}}}}}}\n{more}metrics:\n  {a}\n  {b}\n"
        )
    };
    let base = hash(&text("m: sum(app.x where x > 60s)", "n: count(app)", ""));
    let moved =
        hash(&text("n: count(app)", "m: {title: M, owner: o, expr: sum(app.x where x > 1 minute)}", "# a comment\n"));
    assert_eq!(base, moved, "order, prose and spelling");
    let other = hash(&text("m: sum(app.x where x > 61s)", "n: count(app)", ""));
    assert_ne!(base.0, other.0);
    assert_ne!(base.1.get("m"), other.1.get("m"));
    assert_eq!(base.1.get("n"), other.1.get("n"));
    let event = hash(&text("m: sum(e.x where x > 60s)", "n: count(app)", "events:\n  e: app\n"));
    assert_eq!(base.1, event.1, "an event by another name is the same rows");
}

/// Fields of nested objects are columns by their path, wherever a column may stand.
#[test]
fn nested_fields() {
    let file = [FILE, &[("props.plan", Text), ("props.cart.total", Decimal), ("user.age", Int)]].concat();
    let cases: &[(&str, &str, &[&str])] = &[
        ("time: ts", "count(app where props.plan = \"x\")", &[]),
        ("time: ts", "count(app where app.props.plan = \"x\" and props.cart.total > 3)", &[]),
        ("time: ts", "sum(app.props.cart.total)", &[]),
        ("time: ts", "unique(app.props.plan)", &[]),
        ("time: ts", "mean(count(app) per props.plan)", &[]),
        ("time: ts", "{expr: count(app), by: [props.plan]}", &[]),
        ("time: ts, columns: {plan_of: {from: props.plan}}", "count(app where plan_of = \"x\")", &[]),
        ("time: ts", "count(app where props.plan > 3)", &["K0301: text is compared with a number"]),
        (
            "time: ts",
            "count(app where props.plna = 3)",
            &["K0251: `app` has no column `props.plna`; did you mean `props.plan`?"],
        ),
        (
            "time: ts",
            "sum(app.props.cart.totl)",
            &["K0251: `app` has no column `props.cart.totl`; did you mean `props.cart.total`?"],
        ),
        ("time: ts", "count(app where user.age > 3)", &[]),
        ("time: ts", "count(app where prop.plan = \"x\")", &["K0250: `prop` is no event, source or lookup"]),
    ];
    for (source, metric, expected) in cases {
        assert_eq!(found(&definitions(source, metric), schema(&file), false), *expected, "{source} · {metric}");
    }
    let without = |source: &str, metric: &str| {
        let (checked, _) = project_with(&definitions(source, metric), None);
        checked.diagnostics.iter().map(|f| format!("{}: {}", f.code, f.message)).collect::<Vec<_>>()
    };
    let metric = "count(app where props.plan = \"x\" and app.props.cart.total > 3)";
    assert_eq!(without("time: ts, columns: {plan: {from: props.plan}}", metric), Vec::<String>::new());
    assert_eq!(without("time: ts, columns: {props.plan: text}", metric), Vec::<String>::new());
    // Without files it may be an object, unless its name is nearly that of something else.
    assert_eq!(without("time: ts", metric), Vec::<String>::new());
    let near = "K0250: `ap` is no event, source or lookup; did you mean `app`?";
    assert_eq!(without("time: ts", "count(app where ap.plan = \"x\")"), [near]);
}
