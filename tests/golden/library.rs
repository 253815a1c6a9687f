//! The page of the standard library: its tables, and that each metric has an example there that is run.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use kepi_lang::check::{self, Checked};
use kepi_lang::ir::{Better, Program};
use kepi_lang::library::{self, BINDINGS, NAME};
use kepi_lang::resolve::{self, State};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax;

const PAGE: &str = "docs/standard-library.md";

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap()
}

/// The page's own project: it binds every name.
fn checked() -> Checked {
    let mut map = SourceMap::new();
    let page = page();
    let file = |name: &str| {
        let block = page.split_once(&format!(" file={name}\n")).unwrap_or_else(|| panic!("no {name} in {PAGE}")).1;
        block.split("```").next().unwrap_or_default().to_owned()
    };
    let manifest = map.add("kepi.yaml", file("kepi.yaml"));
    let manifest = syntax::parse_manifest(&map, manifest).0.unwrap();
    let definitions = map.add("app.yaml", file("metrics/app.yaml"));
    let mut documents = vec![syntax::parse_document(&map, definitions).0];
    documents.extend(library::documents(&manifest, &mut map));
    let checked = check::check(resolve::resolve(manifest, documents).0, None);
    assert!(checked.program.is_some(), "{:?}", checked.diagnostics);
    checked
}

/// The metrics of a stage.
pub fn stage(stage: &str) -> String {
    let checked = checked();
    let program: &Program = checked.program.as_ref().unwrap();
    let mut out = "| metric | what it says | formula | unit | better | value area, kind | needs |\n| --- | --- | --- | --- | --- | --- | --- |\n".to_string();
    for entry in &checked.scope.library().entries {
        let text = |t: &Option<syntax::document::Text>| t.as_ref().map_or_else(String::new, |t| t.value.clone());
        if text(&entry.def.stage) != stage {
            continue;
        }
        let name = &entry.def.name.value;
        let metric = program.metrics.iter().find(|m| m.name == *name).unwrap();
        let unit = match metric.display.to_string() {
            unit if !unit.is_empty() => unit,
            _ if metric.expr.proportion => "%".to_owned(),
            _ => String::new(),
        };
        let better = match metric.better {
            Some(Better::Higher) => "higher",
            Some(Better::Lower) => "lower",
            Some(Better::Neither) | None => "",
        };
        let needs: Vec<_> = entry.needs.iter().map(|n| format!("`{n}`")).collect();
        writeln!(
            out,
            "| `{name}` | **{}.** {} *{}* | `{}` | {unit} | {better} | {}, {} | {} |",
            text(&entry.def.title),
            text(&entry.def.description),
            text(&entry.def.source),
            metric.formula.replace('|', "\\|"),
            text(&entry.def.value_area).replace('_', " "),
            text(&entry.def.kind),
            needs.join(", "),
        )
        .unwrap();
    }
    out
}

/// What a project binds.
pub fn bindings() -> String {
    let mut out = "| name | what | columns | for example |\n| --- | --- | --- | --- |\n".to_string();
    for b in BINDINGS {
        let columns: Vec<_> = b.columns.iter().map(|(name, about)| format!("`{name}`: {about}")).collect();
        writeln!(out, "| `{}` ({}) | {} | {} | `{}` |", b.name, b.section, b.about, columns.join("; "), b.example)
            .unwrap();
    }
    out
}

/// What the library promises of each of its metrics.
pub fn check() {
    let mut map = SourceMap::new();
    for (id, file) in {
        let _ = library::read(&mut map);
        map.files().map(|(id, f)| (id, f.path.clone())).collect::<Vec<_>>()
    } {
        let found = syntax::parse_document(&map, id).1;
        assert!(found.is_empty(), "{file}: {found:?}");
    }
    let checked = checked();
    let page = page();
    let asked: BTreeSet<&str> =
        page.lines().filter_map(|l| l.strip_prefix("$ kepi query ")).flat_map(str::split_whitespace).collect();
    let mut needed = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in &checked.scope.library().entries {
        let (def, name) = (&entry.def, entry.def.name.value.as_str());
        needed.extend(entry.needs.iter().map(String::as_str));
        if !matches!(entry.state, State::Here) {
            wrong.push(format!("{name} is not there with every name bound: {:?}", entry.state));
        }
        if !asked.contains(name) {
            wrong.push(format!("{name} has no example in {PAGE}"));
        }
        if entry.needs.is_empty() {
            wrong.push(format!("{name} needs nothing of the project"));
        }
        let all = [
            &def.title,
            &def.better,
            &def.stage,
            &def.value_area,
            &def.kind,
            &def.grain,
            &def.description,
            &def.source,
        ];
        if all.iter().any(|t| t.is_none()) {
            wrong.push(format!(
                "{name} of {NAME} lacks one of title, better, stage, value_area, kind, grain, description, source"
            ));
        }
    }
    wrong.extend(BINDINGS.iter().filter(|b| !needed.contains(b.name)).map(|b| format!("nothing needs {}", b.name)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
