//! Projects small enough to be read beside what is expected of them.

mod data;
mod expressions;
mod functions;
mod hostile;
mod language;

use crate::check::{AskSpec, Checked, check};
use crate::diag::Diagnostic;
use crate::ir::print::Printer;
use crate::resolve::resolve;
use crate::results::Schemas;
use crate::source::SourceMap;
use crate::syntax::located::Located;
use crate::syntax::{expr, parse_document, parse_manifest};

const MANIFEST: &str = "kepi: 1\nname: t\ntime_zone: UTC\n";

/// Checks definitions without data.
fn project(definitions: &str) -> (Checked, SourceMap) {
    project_with(definitions, None)
}

fn project_with(definitions: &str, schemas: Option<&Schemas>) -> (Checked, SourceMap) {
    let mut map = SourceMap::new();
    let manifest = map.add("kepi.yaml", MANIFEST);
    let file = map.add("metrics/a.yaml", definitions);
    let (manifest, mut findings) = parse_manifest(&map, manifest);
    let (document, found) = parse_document(&map, file);
    findings.extend(found);
    let (project, found) = resolve(manifest.expect("the manifest is fine"), vec![document]);
    findings.extend(found);
    let mut checked = check(project, schemas);
    findings.append(&mut checked.diagnostics);
    checked.diagnostics = findings;
    (checked, map)
}

/// Types an expression, printed.
fn typed(checked: &Checked, map: &mut SourceMap, text: &str) -> Result<String, Vec<Diagnostic>> {
    let file = map.add("<expr>", text);
    let ast = expr::expression(&Located::plain(text, file, 0))?;
    let typed = checked.scope.ask(&AskSpec { expr: &ast, by: &[], condition: None })?;
    // The tables as they are now: without data a name that is used becomes a column.
    let (sources, lookups) = (checked.scope.sources(), checked.scope.lookups());
    Ok(Printer::new(&sources, &lookups).typed(&typed.expr))
}

fn short(findings: &[Diagnostic], map: &SourceMap) -> String {
    findings.iter().map(|f| crate::diag::human::short(f, map)).collect::<Vec<_>>().join("\n")
}

impl Default for crate::check::Scope {
    /// Of a project without definitions.
    fn default() -> Self {
        project("metrics: {}\n").0.scope
    }
}
