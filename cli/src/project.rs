//! From a folder to a checked program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobMatcher;
use kepi_engine::Progress;
use kepi_engine::cache::Cache;
use kepi_lang::check::{self, Checked};
use kepi_lang::diag::lint::Levels;
use kepi_lang::diag::{self, Code, Diagnostic};
use kepi_lang::results::Schemas;
use kepi_lang::source::{FileId, SourceFile, SourceMap};
use kepi_lang::syntax;
use kepi_lang::syntax::ast::Name;
use kepi_lang::syntax::document::{Document, Manifest, Text};
use kepi_lang::syntax::print;
use kepi_lang::{library, resolve};

use crate::args::Common;
use crate::files;

/// Where definitions are read from: a folder, a revision. Paths are relative to the project's folder, with `/`.
pub trait Tree {
    /// The files that match, sorted.
    ///
    /// # Errors
    /// Why they cannot be listed.
    fn find(&self, matchers: &[GlobMatcher]) -> Result<Vec<String>, String>;

    /// The texts of files, in their order; why one cannot be read.
    fn texts(&self, paths: &[String]) -> Vec<Result<String, String>>;
}

/// The folder as it is.
pub struct Folder<'a>(pub &'a Path);

impl Tree for Folder<'_> {
    fn find(&self, matchers: &[GlobMatcher]) -> Result<Vec<String>, String> {
        files::find(self.0, matchers).map_err(|e| e.to_string())
    }

    fn texts(&self, paths: &[String]) -> Vec<Result<String, String>> {
        paths.iter().map(|path| files::read(&self.0.join(path))).collect()
    }
}

/// A project's definitions, read but not resolved.
#[derive(Clone)]
pub struct Definitions {
    pub root: PathBuf,
    pub map: SourceMap,
    pub manifest: Option<Manifest>,
    pub documents: Vec<Document>,
    pub findings: Vec<Diagnostic>,
}

impl Definitions {
    /// The project's own files of which there is no finding, and what was read of them.
    fn sound(&self) -> BTreeMap<FileId, (&SourceFile, &Document)> {
        let unsound: BTreeSet<FileId> =
            self.findings.iter().filter_map(|f| Some(f.primary.as_ref()?.span.file)).collect();
        let own = self.documents.iter().filter(|d| !d.library && !unsound.contains(&d.file));
        own.map(|document| (document.file, (self.map.file(document.file), document))).collect()
    }
}

/// A definition by name, for `explain`.
#[derive(Clone, Debug)]
pub struct Named {
    /// `event`, `segment`, `lookup`, …
    pub kind: &'static str,
    pub name: String,
    /// What it is, a line each.
    pub facts: Vec<(&'static str, String)>,
}

/// A project after every check that could be made.
pub struct Project {
    pub root: PathBuf,
    pub map: SourceMap,
    pub checked: Option<Checked>,
    pub named: Vec<Named>,
    /// Levels of lints, for the findings that come later.
    pub levels: Levels,
    pub findings: Vec<Diagnostic>,
}

impl Project {
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(Diagnostic::is_error)
    }
}

/// The project's folder: `--project`, else the nearest one upwards.
///
/// # Errors
/// A line that says what is missing.
pub fn root(common: &Common) -> Result<PathBuf, String> {
    match &common.project {
        Some(folder) if folder.join("kepi.yaml").is_file() => Ok(folder.clone()),
        Some(folder) => Err(format!("{} holds no kepi.yaml", folder.display())),
        None => {
            let here = std::env::current_dir().map_err(|e| format!("the current folder cannot be read: {e}"))?;
            files::nearest_project(&here)
                .ok_or_else(|| "no kepi.yaml here or in a folder above; name one with --project DIR".to_string())
        }
    }
}

/// Reads the manifest and every definition file it names.
pub fn read(root: &Path) -> Definitions {
    read_tree(root, &Folder(root))
}

/// As [`read`], from elsewhere; `root` is where the data are.
pub fn read_tree(root: &Path, tree: &dyn Tree) -> Definitions {
    read_beside(root, tree, None)
}

/// As [`read_tree`]; a file that is the same in `other` is not parsed again.
pub fn read_beside(root: &Path, tree: &dyn Tree, other: Option<&Definitions>) -> Definitions {
    let mut out = Definitions {
        root: root.to_path_buf(),
        map: SourceMap::new(),
        manifest: None,
        documents: Vec::new(),
        findings: Vec::new(),
    };
    let manifest = tree.texts(&["kepi.yaml".to_owned()]).pop();
    let text = match manifest.unwrap_or_else(|| Err("it is not there".to_owned())) {
        Ok(text) => text,
        Err(why) => {
            out.findings.push(Diagnostic::without_place(Code::DefinitionUnreadable, format!("kepi.yaml: {why}")));
            return out;
        }
    };
    let file = out.map.add("kepi.yaml", text);
    let (manifest, found) = syntax::parse_manifest(&out.map, file);
    out.findings.extend(found);
    let Some(manifest) = manifest else { return out };
    let mut ids = Vec::new();
    let paths = definition_files(tree, &manifest, &mut out.findings);
    let texts = tree.texts(&paths);
    for (path, text) in paths.into_iter().zip(texts) {
        match text {
            Ok(text) => ids.push(out.map.add(path, text)),
            Err(why) => {
                out.findings.push(Diagnostic::without_place(Code::DefinitionUnreadable, format!("{path}: {why}")));
            }
        }
    }
    out.documents.extend(library::documents(&manifest, &mut out.map));
    let others = other.map(Definitions::sound).unwrap_or_default();
    let same = |id: &FileId, (file, _): &(&SourceFile, &Document)| {
        let here = out.map.file(*id);
        here.path == file.path && here.text == file.text
    };
    let known: Vec<Option<&Document>> =
        ids.iter().map(|id| others.get(id).filter(|other| same(id, other)).map(|(_, document)| *document)).collect();
    let fresh: Vec<FileId> = ids.iter().zip(&known).filter(|(_, k)| k.is_none()).map(|(id, _)| *id).collect();
    let mut parsed = syntax::parse_documents(&out.map, &fresh).into_iter();
    for known in known {
        match known {
            Some(document) => out.documents.push(document.clone()),
            None => parsed.next().into_iter().for_each(|(document, found)| {
                out.documents.push(document);
                out.findings.extend(found);
            }),
        }
    }
    out.manifest = Some(manifest);
    out
}

fn definition_files(tree: &dyn Tree, manifest: &Manifest, findings: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut matchers = Vec::new();
    for pattern in &manifest.definitions {
        match files::matcher(&pattern.value) {
            Ok(matcher) => matchers.push(matcher),
            Err(error) => findings.push(
                Diagnostic::new(
                    Code::DefinitionsPattern,
                    pattern.span,
                    format!("`{}` is no pattern: {}", pattern.value, error.kind()),
                )
                .help("write a path below the project, such as `metrics/**/*.yaml`"),
            ),
        }
    }
    if manifest.definitions.is_empty() {
        matchers.extend(["metrics/**/*.yaml", "metrics/**/*.yml"].iter().filter_map(|p| files::matcher(p).ok()));
    }
    let named = matchers.len();
    matchers.extend(["tests/**/*.test.yaml", "tests/**/*.test.yml"].iter().filter_map(|p| files::matcher(p).ok()));
    match tree.find(&matchers) {
        Ok(found) => {
            if found.is_empty() && named >= manifest.definitions.len() {
                findings.push(
                    Diagnostic::without_place(Code::NoDefinitions, "no definition file is found")
                        .help("put definitions in `metrics/*.yaml`, or name their folder in kepi.yaml: `definitions: [kpis/**/*.yaml]`"),
                );
            }
            found
        }
        Err(error) => {
            findings.push(Diagnostic::without_place(
                Code::DefinitionUnreadable,
                format!("the project's folder cannot be listed: {error}"),
            ));
            Vec::new()
        }
    }
}

/// Resolves and checks; with `data`, against the files' schemas.
pub fn check(definitions: Definitions, data: bool, progress: &Arc<Progress>) -> Project {
    check_kept(definitions, data, progress, None)
}

/// As [`check()`]; what is found of text files is kept in `cache`.
fn check_kept(definitions: Definitions, data: bool, progress: &Arc<Progress>, cache: Option<&Arc<Cache>>) -> Project {
    let Definitions { root, map, manifest, documents, mut findings } = definitions;
    let named = documents.iter().flat_map(named).collect();
    let mut checked = None;
    let mut levels = Levels::default();
    if let Some(manifest) = manifest {
        let (project, found) = resolve::resolve(manifest, documents);
        findings.extend(found);
        levels = project.lint_levels();
        // Where the folder is refused nothing is looked for in it.
        let refused = findings.iter().any(|f| f.code == Code::OutsideOfProject && about_manifest(f, &map));
        let schemas: Option<Schemas> = (data && !refused).then(|| {
            let (schemas, found) =
                kepi_engine::schemas_seen(&root, &project.settings, &project.tables, progress, cache);
            findings.extend(found);
            schemas
        });
        let mut result = check::check(project, schemas.as_ref());
        findings.append(&mut result.diagnostics);
        checked = Some(result);
    }
    diag::sort(&mut findings);
    Project { root, map, checked, named, levels, findings }
}

fn about_manifest(finding: &Diagnostic, map: &SourceMap) -> bool {
    finding.primary.as_ref().is_some_and(|label| map.file(label.span.file).path == "kepi.yaml")
}

/// Reads and checks the project that the command line names, with its data; and where states of its files are kept.
///
/// # Errors
/// A line for the user where there is no project.
pub fn load(common: &Common, progress: &Arc<Progress>) -> Result<(Project, Option<Arc<Cache>>), String> {
    let root = root(common)?;
    let cache = common.cache(&root);
    Ok((check_kept(read(&root), true, progress, cache.as_ref()), cache))
}

/// Events, segments, lookups, benchmarks, objectives and releases; metrics and sources are explained from the program.
fn named(document: &Document) -> Vec<Named> {
    let text = |t: &Option<Text>| t.as_ref().map(|t| t.value.clone());
    let listed = |t: &[Text]| t.iter().map(|t| t.value.as_str()).collect::<Vec<_>>().join(", ");
    let names = |t: &[Text]| Some(listed(t)).filter(|names| !names.is_empty());
    let mut out = Vec::new();
    let mut add = |kind, name: &Name, facts: Vec<(&'static str, Option<String>)>| {
        let facts = facts.into_iter().filter_map(|(label, fact)| Some((label, fact?))).collect();
        out.push(Named { kind, name: name.value.clone(), facts });
    };
    for d in &document.events {
        let facts = vec![
            ("events", Some(print::expr(&d.expr))),
            ("time", text(&d.time)),
            ("actor", names(&d.actor)),
            ("owner", text(&d.owner)),
            ("about", text(&d.description)),
        ];
        add("event", &d.name, facts);
    }
    for d in &document.spans {
        let facts = vec![
            ("spans", Some(print::expr(&d.source))),
            ("from", Some(d.from.value.clone())),
            ("until", Some(d.until.value.clone())),
            ("actor", names(&d.actor)),
            ("owner", text(&d.owner)),
            ("about", text(&d.description)),
        ];
        add("spans", &d.name, facts);
    }
    for d in &document.segments {
        add("segment", &d.name, vec![("condition", Some(print::expr(&d.expr))), ("about", text(&d.description))]);
    }
    for d in &document.lookups {
        let files = listed(&d.files);
        let source = d.source.as_ref().map(|s| s.value.clone());
        let latest = d.latest.as_ref().map(|t| format!("by {}", t.value));
        let key = listed(&d.key);
        let valid = d.valid.as_ref().map(|v| format!("{} to {}", v.from.value, v.to.value));
        let mut facts = vec![
            ("files", Some(files).filter(|f| !f.is_empty())),
            ("source", source),
            ("key", Some(key)),
            ("latest", latest),
            ("valid", valid),
        ];
        facts.extend(
            d.links
                .iter()
                .map(|l| ("link", Some(format!("{}: {} -> {}", l.name.value, listed(&l.columns), l.lookup.value)))),
        );
        add("lookup", &d.name, facts);
    }
    for d in &document.benchmarks {
        let facts = vec![
            ("metric", Some(print::expr(&d.metric))),
            ("kind", text(&d.kind)),
            ("source", text(&d.source)),
            ("expires", text(&d.expires)),
        ];
        add("benchmark", &d.name, facts);
    }
    for d in &document.objectives {
        let facts = vec![
            ("metric", d.metric.as_ref().map(print::expr)),
            ("target", d.target.as_ref().map(print::target)),
            ("due", text(&d.due)),
            ("owner", text(&d.owner)),
            ("supports", d.supports.as_ref().map(|n| n.value.clone())),
            ("because", text(&d.because)),
        ];
        add("objective", &d.name, facts);
    }
    for d in &document.goals {
        add("goal", &d.name, vec![("title", text(&d.title)), ("parent", d.parent.as_ref().map(|n| n.value.clone()))]);
    }
    for d in &document.releases {
        add("release", &d.name, vec![("at", Some(d.at.value.clone())), ("title", text(&d.title))]);
    }
    out
}
