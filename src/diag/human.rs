//! Findings for people: the offending text underlined (`full`), or a line each (`short`).

use std::collections::BTreeMap;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diag::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap, floor_boundary};

/// How many columns a line of annotated source may take.
const WIDTH: usize = 140;

/// The annotated form of one finding, without a trailing line break. With `colour` it holds ANSI escapes.
pub fn full(finding: &Diagnostic, map: &SourceMap, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let title = level(finding.severity).primary_title(finding.message.as_str()).id(finding.code.as_str());
    let mut group = Group::with_title(title);
    for snippet in snippets(finding, map) {
        group = group.element(snippet);
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&[group])
}

/// `metrics/a.yaml:3:9: error[K0203]: message (help: …)`.
pub fn short(finding: &Diagnostic, map: &SourceMap) -> String {
    let place = finding
        .primary
        .as_ref()
        .map_or(String::new(), |label| format!("{}:{}: ", map.file(label.span.file).path, map.position(label.span)));
    let help = finding.help.as_ref().map_or(String::new(), |h| format!(" (help: {h})"));
    format!("{place}{}[{}]: {}{help}", severity(finding.severity), finding.code, finding.message)
}

pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

/// One snippet a file, the primary label's file first.
fn snippets<'a>(finding: &'a Diagnostic, map: &'a SourceMap) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let Some(primary) = &finding.primary else { return Vec::new() };
    let mut by_file: BTreeMap<(bool, FileId), Vec<(AnnotationKind, &Label)>> = BTreeMap::new();
    let labels = std::iter::once((AnnotationKind::Primary, primary))
        .chain(finding.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    for (kind, label) in labels {
        by_file.entry((label.span.file != primary.span.file, label.span.file)).or_default().push((kind, label));
    }
    by_file.into_iter().map(|((_, file), labels)| snippet(map, file, &labels)).collect()
}

fn snippet<'a>(
    map: &'a SourceMap,
    file: FileId,
    labels: &[(AnnotationKind, &'a Label)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let file = map.file(file);
    let clamp = |offset: u32| floor_boundary(&file.text, offset as usize);
    let first = labels.iter().map(|(_, l)| clamp(l.span.start)).min().unwrap_or(0);
    let last = labels.iter().map(|(_, l)| clamp(l.span.end)).max().unwrap_or(0);
    // Only the lines that are shown are handed over: rendering stays linear in what is printed, not in the file.
    let from = file.text[..first].rfind('\n').map_or(0, |i| i + 1);
    let to = file.text[last..].find('\n').map_or(file.text.len(), |i| last + i);
    let line = file.text[..from].bytes().filter(|b| *b == b'\n').count() + 1;
    let annotations = labels.iter().map(|(kind, label)| {
        let (start, end) = (clamp(label.span.start), clamp(label.span.end));
        kind.span(start - from..end.max(start) - from).label(label.text.as_str())
    });
    Snippet::source(&file.text[from..to]).line_start(line).path(file.path.as_str()).annotations(annotations)
}
