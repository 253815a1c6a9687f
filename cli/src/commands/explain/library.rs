//! `kepi explain std`: what of the standard library a project has, and what one more name would bring.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kepi_engine::Progress;
use kepi_lang::library::{self, BINDINGS};
use kepi_lang::resolve::{Entry, Library, State};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::print;

use crate::args::Common;
use crate::commands::Stop;
use crate::exit::Exit;
use crate::project;

/// The library as the project at hand has it; where there is no project, all of it.
///
/// # Errors
/// Findings of the project.
pub fn all(common: &Common) -> Result<String, Stop> {
    let root = match project::root(common) {
        Ok(root) => root,
        Err(why) if common.project.is_some() => return Err(Stop::Usage(why)),
        Err(_) => return Ok(list(&Library::unbound(library::read(&mut SourceMap::new())), "no project here")),
    };
    let loaded = project::check(project::read(&root), true, &Arc::new(Progress::default()));
    match loaded.checked {
        Some(checked) if !loaded.findings.iter().any(kepi_lang::diag::Diagnostic::is_error) => {
            let library = checked.scope.library();
            if library.entries.is_empty() {
                let unused = Library::unbound(library::read(&mut SourceMap::new()));
                return Ok(list(&unused, "not used: write `use: [std]` in kepi.yaml"));
            }
            let here = library.entries.iter().filter(|e| matches!(e.state, State::Here | State::Own)).count();
            Ok(list(library, &format!("{here} of {} metrics are here", library.entries.len())))
        }
        _ => Err(Stop::Findings { exit: Exit::Findings, findings: loaded.findings, map: loaded.map }),
    }
}

fn list(library: &Library, first: &str) -> String {
    let mut out = format!("std: the standard library; {first}\n");
    let width = library.entries.iter().map(|e| e.def.name.value.len()).max().unwrap_or(0) + 2;
    let mut stage = "";
    for entry in &library.entries {
        let of = entry.def.stage.as_ref().map_or("", |s| s.value.as_str());
        if of != stage {
            stage = of;
            out += &format!("\n{stage}\n");
        }
        let what = match &entry.state {
            State::Here => print::expr(&entry.def.expr),
            State::Own => "defined by the project itself".to_owned(),
            State::Missing(names) => format!("- needs {}", quoted(names)),
            State::Unfit(why) => format!("- {why}"),
        };
        out += &format!("  {:<width$}{what}\n", entry.def.name.value);
    }
    let missing: BTreeSet<&String> = library.entries.iter().flat_map(missing).collect();
    let used: BTreeSet<&String> = library.entries.iter().flat_map(|e| &e.needs).collect();
    let bound: Vec<String> = used.difference(&missing).map(|n| (*n).clone()).collect();
    if !bound.is_empty() {
        out += &format!("\nbound: {}\n", bound.join(", "));
    }
    let more = one_more(library);
    if !more.is_empty() {
        out += "\none more name would bring\n";
        for (name, metrics) in more {
            let Some(binding) = library::binding(name) else { continue };
            out += &format!("  {name}: {}\n      {}", metrics.join(", "), binding.about);
            let columns: Vec<_> = binding.columns.iter().map(|(c, about)| format!("`{c}`, {about}")).collect();
            if !columns.is_empty() {
                out += &format!("; with {}", columns.join("; "));
            }
            out += &format!("\n      {}: {{{}}}\n", binding.section, binding.example);
        }
    }
    out
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and ")
}

fn missing(entry: &Entry) -> &[String] {
    match &entry.state {
        State::Missing(names) => names,
        _ => &[],
    }
}

/// The bindings that bring metrics by themselves, in the library's order, each with those metrics.
fn one_more(library: &Library) -> Vec<(&'static str, Vec<&str>)> {
    let mut brings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in &library.entries {
        if let [name] = missing(entry) {
            brings.entry(name).or_default().push(&entry.def.name.value);
        }
    }
    BINDINGS.iter().filter_map(|b| Some((b.name, brings.remove(b.name)?))).collect()
}

/// A metric of the library that the project does not have.
pub fn absent(entry: &Entry) -> Option<String> {
    let why = match &entry.state {
        State::Here | State::Own => return None,
        State::Missing(names) => format!("it needs {}", quoted(names)),
        State::Unfit(why) => why.clone(),
    };
    let def = &entry.def;
    let name = &def.name.value;
    let mut out = format!("{name}: of the standard library, and not here: {why}\n");
    let facts = [("title", &def.title), ("about", &def.description), ("source", &def.source), ("model", &def.model)];
    out += &format!("  {:<12}{}\n", "formula", print::expr(&def.expr));
    for (label, fact) in facts {
        out += &fact.as_ref().map_or_else(String::new, |f| format!("  {label:<12}{}\n", f.value));
    }
    for binding in missing(entry).iter().filter_map(|n| library::binding(n)) {
        out += &format!("  {:<12}{}: {} ({})\n", "bind", binding.section, binding.example, binding.about);
    }
    Some(out)
}
