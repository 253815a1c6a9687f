//! Real data, answers from elsewhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::case::repository;

const DEFINITIONS: &str = r#"
sources:
  retail:
    files: online_retail.parquet
    time: invoice_ts
    time_zone: UTC
    actor: customer_id
    columns:
      value: {expr: quantity * unit_price}
events:
  purchase: retail where not (invoice_no like "C%")
metrics:
  rows: count(retail)
  customers: unique(retail)
  invoices: unique(retail.invoice_no)
  active_customers: unique(purchase)
  repeat_purchase_rate: share(unique(purchase.invoice_no) per actor >= 2)
  order_mean: mean(sum(purchase.value where customer_id is not null) per invoice_no)
  order_median: median(sum(purchase.value where customer_id is not null) per invoice_no)
  order_p90: percentile(sum(purchase.value where customer_id is not null) per invoice_no, 90)
  active_30d: unique(purchase) over 30 days
  arriving: new(purchase)
  staying: returning(purchase)
  coming_back: resurrected(purchase)
  gone: dormant(purchase)
"#;

const TELCO: &str = r#"
sources:
  telco:
    files: telco_churn.csv
    time: none
    columns: {Churn: text, TotalCharges: number}
  contracts:
    files: contracts.csv
    time: since
    actor: customer
    complete_until: 2020-01-31
spans:
  contract: {source: contracts, from: since, until: until}
metrics:
  customers: count(telco)
  left: count(telco where Churn = "Yes")
  rate: share(telco.Churn = "Yes")
  blank: count(telco where TotalCharges is null)
  of_spans: churn(contract)
"#;

const GA4: &str = r#"
sources:
  ga4: {files: ga4_events_flat.parquet, time: ts, time_zone: UTC, actor: user_pseudo_id}
events:
  session_start: ga4 where event_name = "session_start"
  view_item: ga4 where event_name = "view_item"
  begin_checkout: ga4 where event_name = "begin_checkout"
  add_shipping_info: ga4 where event_name = "add_shipping_info"
  add_payment_info: ga4 where event_name = "add_payment_info"
  purchase: ga4 where event_name = "purchase"
metrics:
  events: count(ga4)
  days: count((unique(ga4) per day over all time) > 0)
  fewest: min(unique(ga4) per day over all time)
  most: max(unique(ga4) per day over all time)
  average: mean(unique(ga4) per day over all time)
"#;

/// A project in a folder of its own, over files of the oracles.
fn project(definitions: &str, files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("data")).unwrap();
    fs::create_dir_all(at("metrics")).unwrap();
    for file in files {
        fs::copy(repository().join("cli/tests/oracles").join(file), at("data").join(file)).unwrap();
    }
    fs::write(at("kepi.yaml"), "kepi: 1\nname: answers\ntime_zone: UTC\n").unwrap();
    fs::write(at("metrics/all.yaml"), definitions).unwrap();
    folder
}

fn reference() -> Value {
    let path = repository().join("cli/tests/oracles/reference_answers.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn answer<'a>(answers: &'a Value, data: &str, id: &str) -> &'a Value {
    &answers.as_array().unwrap().iter().find(|a| a["data"] == data && a["id"] == id).unwrap()["answer"]
}

/// The value of each metric asked, or of each value of a breakdown.
fn values(folder: &Path, args: &[&str]) -> Vec<Value> {
    let all: Vec<&str> = ["query"].iter().chain(args).copied().chain(["--format", "json"]).collect();
    let found = json(folder, &all);
    let metrics = found["metrics"].as_array().unwrap().clone();
    metrics.iter().flat_map(|m| m["rows"].as_array().unwrap().clone()).map(|row| row["value"].clone()).collect()
}

/// One value for each member of an answer, as the breakdown gives it.
fn by_segment(folder: &Path, args: &[&str], dimension: &str, expected: &Value, what: &str) {
    let all: Vec<&str> = ["query"].iter().chain(args).copied().chain(["--by", dimension, "--format", "json"]).collect();
    let found = json(folder, &all);
    let rows = found["metrics"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), expected.as_object().unwrap().len(), "{what}");
    for row in rows {
        close(&row["value"], &expected[row["by"][dimension].as_str().unwrap()], what);
    }
}

/// Who left is a column of the file; as contracts that were there at the beginning of January, and ended in it where it says so, they give the
/// same churn, as a whole and by segment.
#[test]
fn telco_churn_answers() {
    let answers = reference();
    let folder = project(TELCO, &["telco_churn.csv"]);
    let text = fs::read_to_string(repository().join("cli/tests/oracles/telco_churn.csv")).unwrap();
    let mut contracts = "customer,since,until,Contract,InternetService\n".to_owned();
    for line in text.lines().skip(1) {
        let parts: Vec<&str> = line.split(',').collect();
        let until = if parts[4] == "Yes" { "2020-01-15" } else { "" };
        contracts += &format!("{},2019-12-01,{until},{},{}\n", parts[0], parts[1], parts[2]);
    }
    fs::write(folder.path().join("data/contracts.csv"), contracts).unwrap();
    let found = values(folder.path(), &["customers", "left", "rate", "blank", "--grain", "total"]);
    let churn = answer(&answers, "telco_churn", "churn");
    assert_eq!((&found[0], &found[1]), (&churn[0], &churn[1]));
    close(&found[2], &churn[2], "churn");
    assert_eq!(&found[3], answer(&answers, "telco_churn", "blank_total_charges"));
    let january = ["of_spans", "--grain", "month", "--from", "2020-01", "--to", "2020-02"];
    close(&values(folder.path(), &january)[0], &churn[2], "churn of spans");
    for (dimension, id) in [("Contract", "churn_by_contract"), ("InternetService", "churn_by_internetservice")] {
        let expected = answer(&answers, "telco_churn", id);
        by_segment(folder.path(), &["rate", "--grain", "total"], dimension, expected, id);
        by_segment(folder.path(), &january, dimension, expected, id);
    }
}

#[test]
fn ga4_answers() {
    let answers = reference();
    let folder = project(GA4, &["ga4_events_flat.parquet"]);
    let events = answer(&answers, "ga4_web_events", "events");
    by_segment(folder.path(), &["events", "--grain", "total"], "event_name", events, "events");
    let summary = answer(&answers, "ga4_web_events", "daily_active_users_summary");
    let found = values(folder.path(), &["days", "fewest", "most", "average", "--grain", "total"]);
    found.iter().enumerate().for_each(|(i, value)| close(value, &summary[i], "daily active users"));
    let steps = |chain: &str, within: &str, steps: usize, id: &str| {
        let expected = answer(&answers, "ga4_web_events", id);
        for k in 1..=steps {
            let asked = format!("conversion({chain}, within {within}).users({k})");
            // By then every entry's window has passed.
            let range = ["--from", "2020-11-01", "--to", "2021-02-01", "--as-of", "2021-03-01"];
            let found = values(folder.path(), &[&[&asked, "--grain", "total"][..], &range].concat());
            assert_eq!(found[0], expected[k - 1], "{id}, step {k}");
        }
    };
    steps("session_start -> view_item", "3600s", 2, "visit_to_item_one_hour");
    let checkout = "begin_checkout -> add_shipping_info -> add_payment_info -> purchase";
    steps(checkout, "86400s", 4, "checkout_steps_one_day");
}

const COHORTS: &str = r#"
sources:
  retail: {files: online_retail.parquet, time: invoice_ts, time_zone: UTC, actor: customer_id}
  ga4: {files: ga4_events_flat.parquet, time: ts, time_zone: UTC, actor: user_pseudo_id}
events:
  purchase: retail where not (invoice_no like "C%")
metrics:
  buy_again: retention(purchase -> purchase, month 0 to 12)
  customers: retention(purchase -> purchase, month 0).denominator
  come_again: retention(ga4 -> ga4, week 0 to 4)
  users: retention(ga4 -> ga4, week 0).denominator
  stickiness: mean(unique(ga4) per day) / unique(ga4)
  two_days: share(unique(day(ga4.time)) per actor >= 2)
"#;

#[test]
fn cohorts_and_stickiness_are_what_another_engine_says() {
    let path = repository().join("cli/tests/oracles/journeys.json");
    let answers: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let folder = project(COHORTS, &["ga4_events_flat.parquet"]);
    let retail = repository().join("examples/retail/data/online_retail.parquet");
    fs::copy(retail, folder.path().join("data/online_retail.parquet")).unwrap();
    let rows = |metric: &str, grain: &str| {
        let found = json(folder.path(), &["query", metric, "--grain", grain, "--format", "json"]);
        found["metrics"][0]["rows"].as_array().unwrap().clone()
    };
    let sets = [
        ("buy_again", "customers", "month", "retail: customers that buy again, by month of the first purchase"),
        ("come_again", "users", "week", "ga4: users that come again, by week of the first visit"),
    ];
    for (table, members, grain, name) in sets {
        let expected = &answers[name];
        let of = |row: &Value| expected[row["start"].as_str().unwrap().split('T').next().unwrap()].clone();
        // The range is that of both sources.
        let sizes: Vec<Value> = rows(members, grain).into_iter().filter(|row| !of(row).is_null()).collect();
        assert_eq!(sizes.len(), expected.as_object().unwrap().len(), "{name}");
        for row in sizes.iter().filter(|row| row["complete"] == true) {
            assert_eq!(row["value"], of(row)["members"], "{name}: {row}");
        }
        let mut known = 0;
        for row in rows(table, grain) {
            let offset = row["by"][grain].to_string();
            let cohort = of(&row);
            let Some(back) = cohort["back"].get(&offset) else { continue };
            match back.as_f64() {
                Some(back) => {
                    let share = Value::from(back / cohort["members"].as_f64().unwrap());
                    close(&row["value"], &share, &format!("{name}: {row}"));
                    known += 1;
                }
                None => assert!(row["value"].is_null() && row["complete"] == false, "{name}: {row}"),
            }
        }
        assert!(known > 40, "{name}: {known}");
    }
    let expected = &answers["ga4: mean daily users / monthly users, and users of two days"];
    for (at, metric) in ["stickiness", "two_days"].into_iter().enumerate() {
        for row in rows(metric, "month") {
            close(&row["value"], &expected[row["period"].as_str().unwrap()][at], &format!("{metric}: {row}"));
        }
    }
}

/// Runs kepi and reads its JSON.
pub fn json(folder: &Path, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kepi")).args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn close(found: &Value, expected: &Value, what: &str) {
    match (found.as_f64(), expected.as_f64()) {
        (Some(f), Some(e)) => assert!((f - e).abs() <= 1e-9 * e.abs().max(1.0), "{what}: {f}, expected {e}"),
        _ => panic!("{what}: {found}, expected {expected}"),
    }
}

#[test]
fn online_retail_answers() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("data")).unwrap();
    fs::create_dir_all(at("metrics")).unwrap();
    fs::copy(repository().join("examples/retail/data/online_retail.parquet"), at("data/online_retail.parquet"))
        .unwrap();
    fs::write(at("kepi.yaml"), "kepi: 1\nname: answers\ntime_zone: UTC\n").unwrap();
    fs::write(at("metrics/all.yaml"), DEFINITIONS).unwrap();
    let answers: Value = serde_json::from_str(
        &fs::read_to_string(repository().join("cli/tests/oracles/reference_answers.json")).unwrap(),
    )
    .unwrap();
    let answer = |id: &str| &answers.as_array().unwrap().iter().find(|a| a["id"] == id).unwrap()["answer"];

    let names = ["rows", "customers", "invoices", "repeat_purchase_rate", "order_mean", "order_median", "order_p90"];
    let mut args = vec!["query"];
    args.extend(names);
    args.extend(["--grain", "total", "--format", "json"]);
    let total = json(folder.path(), &args);
    let value = |name: &str| {
        let metric = total["metrics"].as_array().unwrap().iter().find(|m| m["name"] == name).unwrap();
        metric["rows"][0]["value"].clone()
    };
    for (i, name) in names[..3].iter().enumerate() {
        assert_eq!(value(name), answer("rows")[i], "{name}");
    }
    close(&value("repeat_purchase_rate"), answer("repeat_purchase_rate"), "repeat_purchase_rate");
    for (i, name) in names[4..].iter().enumerate() {
        close(&value(name), &answer("order_value")[i], name);
    }
    let ledger = &total["ledger"][0];
    assert_eq!(ledger["read"], 541_909);
    assert_eq!(ledger["of_which"]["no_actor"], 135_080);

    let months = json(folder.path(), &["query", "active_customers", "--grain", "month", "--format", "json"]);
    let rows = months["metrics"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    for row in rows {
        assert_eq!(row["value"], answer("active_customers_by_month")[row["period"].as_str().unwrap()], "{row}");
        assert_eq!(row["complete"], row["period"] != "2011-12", "{row}");
    }

    let days = json(folder.path(), &["query", "active_30d", "--grain", "day", "--format", "json"]);
    let rows = days["metrics"][0]["rows"].as_array().unwrap();
    let states = [("arriving", "new"), ("staying", "returning"), ("coming_back", "resurrected"), ("gone", "dormant")];
    let mut args = vec!["query", "--grain", "month", "--format", "json"];
    args.extend(states.map(|(metric, _)| metric));
    let found = json(folder.path(), &args);
    for (metric, (_, state)) in found["metrics"].as_array().unwrap().iter().zip(states) {
        let rows = metric["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 13, "{state}");
        for row in rows {
            let expected = &answer("monthly_lifecycle")[row["period"].as_str().unwrap()][state];
            assert_eq!(&row["value"], expected, "{state}: {row}");
        }
    }
    for (day, expected) in answer("trailing_30_day_active").as_object().unwrap() {
        let row = rows.iter().find(|r| r["period"] == day.as_str()).unwrap();
        assert_eq!(&row["value"], expected, "{day}");
    }
}
