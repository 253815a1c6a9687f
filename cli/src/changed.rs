//! What a change touches: the findings of `kepi check --changed BASE`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kepi_lang::diag::Diagnostic;
use kepi_lang::source::{FileId, SourceMap, Span};

use crate::git::{Repository, Snapshot};
use crate::project::{self, Definitions};

/// The definitions of files that differ from a revision, and those that name them, or name what these name, and so on.
pub enum Changed {
    /// The manifest is among them.
    All,
    Some {
        files: BTreeSet<FileId>,
        spans: Vec<Span>,
    },
}

impl Changed {
    /// # Errors
    /// What git says of the revision.
    pub fn since(root: &Path, base: &str, definitions: &Definitions) -> Result<Self, Diagnostic> {
        let repository = Repository::around(root)?;
        let base = repository.revision(base)?;
        let touched: BTreeSet<String> = repository.touched(&base, None)?.into_iter().map(|t| t.path).collect();
        if touched.contains("kepi.yaml") {
            return Ok(Self::All);
        }
        let before = project::read_tree(root, &Snapshot::of(&repository, &base)?);
        // What is no more is missed where it was named.
        let mut names: BTreeSet<String> = BTreeSet::new();
        for side in [definitions, &before] {
            let defined = side.documents.iter().filter(|d| touched.contains(&side.map.file(d.file).path));
            names.extend(defined.flat_map(|d| d.definitions()).map(|(name, _)| name.value.clone()));
            let broken = side.documents.iter().filter(|d| touched.contains(&side.map.file(d.file).path));
            names.extend(broken.flat_map(|d| &d.broken).map(|name| name.value.clone()));
        }
        let files = definitions.map.files().filter(|(_, f)| touched.contains(&f.path)).map(|(id, _)| id).collect();
        Ok(Self::Some { files, spans: dependants(definitions, names) })
    }

    pub fn touches(&self, finding: &Diagnostic) -> bool {
        match (self, &finding.primary) {
            (Self::All, _) | (_, None) => true,
            (Self::Some { files, spans }, Some(label)) => {
                let span = label.span;
                let inside = |s: &Span| s.file == span.file && s.start <= span.start && span.start <= s.end;
                files.contains(&span.file) || spans.iter().any(inside)
            }
        }
    }
}

/// Where the definitions stand that have one of these names among their words, and those that have one of theirs.
fn dependants(definitions: &Definitions, names: BTreeSet<String>) -> Vec<Span> {
    let all: Vec<(&str, Span)> = definitions
        .documents
        .iter()
        .flat_map(|document| document.definitions())
        .map(|(name, span)| (name.value.as_str(), span))
        .collect();
    let mut by_word: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, (_, span)) in all.iter().enumerate() {
        for word in words(&definitions.map, *span) {
            by_word.entry(word).or_default().push(at);
        }
    }
    let mut waiting: Vec<String> = names.iter().cloned().collect();
    let mut seen = names;
    let mut found = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        for at in by_word.get(&name).into_iter().flatten() {
            found.insert(*at);
            if let Some((other, _)) = all.get(*at).filter(|(other, _)| !seen.contains(*other)) {
                seen.insert((*other).to_owned());
                waiting.push((*other).to_owned());
            }
        }
    }
    found.into_iter().filter_map(|at| all.get(at)).map(|(_, span)| *span).collect()
}

/// Every word of a definition. A word of a title may be the name of a metric: better one finding too many than one too few.
fn words(map: &SourceMap, span: Span) -> BTreeSet<String> {
    let text = map.text(span);
    let quoted = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let bare = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|w| !w.is_empty());
    bare.map(str::to_owned).chain(quoted).collect()
}
