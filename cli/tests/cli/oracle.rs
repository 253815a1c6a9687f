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
"#;

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
    for (day, expected) in answer("trailing_30_day_active").as_object().unwrap() {
        let row = rows.iter().find(|r| r["period"] == day.as_str()).unwrap();
        assert_eq!(&row["value"], expected, "{day}");
    }
}
