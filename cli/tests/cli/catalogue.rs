//! `kepi docs`: every definition is there, every link leads somewhere, and the pages are the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::cli::case::repository;
use crate::cli::init::{kepi, text};

fn pages(project: &Path, options: &[&str]) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    let run = kepi(project, &[&["docs", "--out", &folder], options].concat());
    assert!(run.status.success(), "{}", text(&run.stderr));
    let files = fs::read_dir(out.path()).unwrap().map(|e| e.unwrap());
    files.map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read_to_string(e.path()).unwrap())).collect()
}

#[test]
fn links_lead_somewhere() {
    for example in ["retail", "saas"] {
        let project = repository().join("examples").join(example);
        let pages = pages(&project, &[]);
        let anchors: BTreeSet<String> = pages
            .iter()
            .flat_map(|(page, text)| {
                let ids = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
                ids.map(move |id| format!("{page}#{id}")).chain([page.clone()])
            })
            .collect();
        let mut links = 0;
        for (page, text) in &pages {
            for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                assert!(anchors.contains(target), "{example}: {page} links to {target}");
                links += 1;
            }
        }
        assert!(links > 30, "{example}: {links} links");
    }
}

#[test]
fn definitions_are_there_each_time_alike() {
    let project = repository().join("examples/retail");
    let first = pages(&project, &["--threads", "1"]);
    assert_eq!(first, pages(&project, &["--threads", "3"]));
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let stages = ["adoption", "conversion", "engagement", "feedback", "retention", "revenue"];
    let stages = stages.map(|stage| format!("metrics-{stage}.md"));
    let expected = [vec!["aims.md", "data.md", "index.md"], stages.iter().map(String::as_str).collect()].concat();
    assert_eq!(names, expected);
    let conversion = &first["metrics-conversion.md"];
    for part in
        ["## Orders\n", "unique(purchase.invoice_no)\n", "[`purchase`](data.md#purchase)", "`retail.invoice_no`"]
    {
        assert!(conversion.contains(part), "{part} in\n{conversion}");
    }
    assert!(first["metrics-retention.md"].contains("[`customers_come_back`](aims.md#customers_come_back)"));
    assert!(first["aims.md"].contains("[`repeat_rate`](metrics-retention.md#repeat_rate)"));
    let unread = pages(&project, &["--no-data"]);
    assert_eq!(unread.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
}
