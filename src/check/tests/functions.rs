//! The examples of the function table are of the language.

use crate::check::tests::{project, short, typed};
use crate::functions::ALL;

const DEFINITIONS: &str = "\
sources:
  app: {files: app.csv, time: ts, actor: user_id, columns: {event: text, watched: {unit: ms}}}
  shop:
    files: shop.csv
    time: ts
    actor: user_id
    columns: {amount: {type: decimal, unit: EUR}, discount: {unit: EUR}, quantity: integer, stars: integer, country: text}
  passes: {files: p.csv, time: since, actor: user_id, columns: {since: instant, gone: instant, fee: {unit: EUR}}}
  balance: {files: b.csv, time: day, actor: user_id, snapshot: true, columns: {amount: {unit: EUR}}}
events:
  play: app where event = \"play\"
  purchase: shop
spans:
  pass: {source: passes, from: since, until: gone}
";

#[test]
fn every_example_type_checks() {
    let (checked, mut map) = project(DEFINITIONS);
    assert_eq!(short(&checked.diagnostics, &map), "");
    for function in ALL {
        for example in function.examples {
            assert!(example.contains(&format!("{}(", function.name)), "{example} shows {}", function.name);
            if let Err(findings) = typed(&checked, &mut map, example) {
                panic!("{example}: {}", short(&findings, &map));
            }
        }
    }
}
