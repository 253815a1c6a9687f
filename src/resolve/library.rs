//! The standard library in a project: its metrics whose names are bound are metrics of the project, the others are kept with
//! what they lack.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::library;
use crate::resolve::{Named, Project, mentions};
use crate::source::{FileId, Span};
use crate::syntax::document::{Document, Manifest, MetricDef};

/// What has become of the library; empty where the manifest does not use it.
#[derive(Clone, Debug, Default)]
pub struct Library {
    pub files: Vec<FileId>,
    /// Every metric of the library, in the order of its files.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub def: MetricDef,
    /// The bindings that it measures, by way of other metrics of the library too.
    pub needs: BTreeSet<String>,
    pub state: State,
}

#[derive(Clone, Debug)]
pub enum State {
    /// A metric of the project.
    Here,
    /// The project defines the name itself.
    Own,
    /// These bindings are not there.
    Missing(Vec<String>),
    /// Its bindings are there, and it cannot be computed from them; says why.
    Unfit(String),
}

impl Library {
    /// The library in no project: nothing is bound.
    pub fn unbound(documents: Vec<Document>) -> Self {
        let files = documents.iter().map(|d| d.file).collect();
        let defs: Vec<MetricDef> = documents.into_iter().flat_map(|d| d.metrics).collect();
        let mut needs = needs(&defs, |_| false);
        let entry = |def: MetricDef| {
            let needs = needs.remove(&def.name.value).unwrap_or_default();
            Entry { state: State::Missing(needs.iter().cloned().collect()), needs, def }
        };
        let entries = defs.into_iter().map(entry).collect();
        Self { files, entries }
    }

    /// The metric of the library with this name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.def.name.value == name)
    }

    /// Why a metric of the library is not there; `None` for what is, and for names that are none of the library's.
    pub fn absent(&self, name: &str, place: Span) -> Option<Diagnostic> {
        let entry = self.find(name)?;
        let finding = |why: String| {
            let message = format!("`{name}` of the standard library is not here: {why}");
            Diagnostic::new(Code::NotBound, place, message)
        };
        match &entry.state {
            State::Here | State::Own => None,
            State::Missing(names) => {
                let listed = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and ");
                let first = names.iter().find_map(|n| library::binding(n));
                let help = first.map_or_else(String::new, |b| {
                    let about = format!("define it in `{}:` ({})", b.section, b.about);
                    format!("{about}, such as `{}`; `kepi explain std` lists the rest", b.example)
                });
                Some(finding(format!("it needs {listed}")).help(help))
            }
            State::Unfit(why) => Some(
                finding(why.clone())
                    .help("declare a column whose name in the file is another: `columns: {amount: {from: total}}`"),
            ),
        }
    }

    /// Takes metrics that cannot be computed out of the project; by name, with why.
    pub(crate) fn remove(project: &mut Project, unfit: &BTreeMap<String, String>) {
        project
            .metrics
            .retain(|d| !(project.library.files.contains(&d.span.file) && unfit.contains_key(&d.name.value)));
        project.names.retain(|named| !matches!(named, Named::Metric(_)));
        let metrics = project.metrics.iter().enumerate();
        project.names.extend(metrics.map(|(i, d)| (d.name.value.clone(), Named::Metric(i))));
        for entry in &mut project.library.entries {
            if let (Some(why), State::Here) = (unfit.get(&entry.def.name.value), &entry.state) {
                entry.state = State::Unfit(why.clone());
            }
        }
    }
}

/// Refuses libraries that there are not.
pub fn known(manifest: &Manifest, findings: &mut Vec<Diagnostic>) {
    for used in manifest.uses.iter().filter(|used| used.value != library::NAME) {
        let near = did_you_mean(&used.value, [library::NAME]);
        let message = format!("`{}` is no library that kepi has{near}", used.value);
        let help = "the standard library is the only one: write `use: [std]`";
        findings.push(Diagnostic::new(Code::UnknownLibrary, used.span, message).help(help));
    }
}

/// Adds the library's metrics to those of the project, which go before: what a project defines itself is what the name means.
pub fn join(project: &mut Project, documents: Vec<Document>) {
    project.library.files = documents.iter().map(|d| d.file).collect();
    let defs: Vec<MetricDef> = documents.into_iter().flat_map(|d| d.metrics).collect();
    let own = |name: &str| project.names.contains(name) || project.broken.contains(name);
    let needs = needs(&defs, own);
    let mut entries = Vec::new();
    for def in defs {
        let name = def.name.value.clone();
        let needs = needs.get(&name).cloned().unwrap_or_default();
        let missing: Vec<String> = needs.iter().filter(|n| !project.names.contains(n)).cloned().collect();
        let state = if project.names.contains(&name) || project.broken.contains(&name) {
            State::Own
        } else if missing.is_empty() {
            State::Here
        } else {
            if missing.iter().all(|n| project.broken.contains(n)) {
                // What is wrong has its finding.
                project.broken.insert(name);
            }
            State::Missing(missing)
        };
        entries.push(Entry { def, needs, state });
    }
    for entry in entries.iter().filter(|e| matches!(e.state, State::Here)) {
        project.names.insert(entry.def.name.value.clone(), Named::Metric(project.metrics.len()));
        project.metrics.push(entry.def.clone());
    }
    project.library.entries = entries;
}

/// By metric, the bindings that it measures, directly or by way of other metrics of the library.
fn needs(defs: &[MetricDef], own: impl Fn(&str) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // A metric names only those that stand before it, or after: as often as there are metrics is enough for any order.
    for _ in 0..defs.len() {
        let before: usize = found.values().map(BTreeSet::len).sum();
        for def in defs {
            let mut names = BTreeSet::new();
            mentions(&def.expr, &mut |name, _| {
                if library::binding(name).is_some() {
                    names.insert(name.to_owned());
                } else if let Some(of) = found.get(name).filter(|_| !own(name)) {
                    names.extend(of.iter().cloned());
                }
            });
            found.insert(def.name.value.clone(), names);
        }
        if found.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    found
}
