//! Annotations of a GitHub workflow, at the lines that changed.

use crate::diag::github::{data, property};
use crate::diff::render::{headline, how, labels, named, summary, way};
use crate::diff::{Class, Diff};
use crate::source::{SourceMap, Span};

pub(super) fn annotations(diff: &Diff, map: &SourceMap, prefix: &str) -> String {
    let mut out = String::new();
    let mut add = |level: &str, span: Option<Span>, title: &str, message: &str| {
        let place = span.map_or(String::new(), |span| {
            let line = map.position(span).line;
            format!("file={},line={line},", property(&format!("{prefix}{}", map.file(span.file).path)))
        });
        out += &format!("::{level} {place}title={}::{}\n", property(title), data(message));
    };
    for post in &diff.goalposts {
        let level = if post.unexplained() { "error" } else { "warning" };
        let reason = match (&post.reason, post.removed) {
            (Some(reason), _) => format!("\nreason: {reason}"),
            (None, true) => String::new(),
            (None, false) => "\nno reason is given".to_owned(),
        };
        add(level, post.span, "goalposts moved", &format!("{}: {}{reason}", post.objective, post.says.join("\n")));
    }
    for change in &diff.changes {
        let level = if change.class == Class::Breaking { "warning" } else { "notice" };
        let labels = labels(change);
        let mut message = format!("{}: {}, {}", named(&change.key), how(change), change.class.as_str());
        if !labels.is_empty() {
            message += &format!(": {labels}");
        }
        if let Some(numbers) = diff.numbers_of(change) {
            message += &format!("\n{}", summary(numbers));
        }
        for because in &change.because {
            message += &format!("\nbecause {}", way(because));
        }
        add(level, change.span, "kepi diff", &message);
    }
    for o in diff.objectives.iter().filter(|o| o.flipped) {
        if let (Some(old), Some(new)) = (&o.old, &o.new) {
            let message = format!("{}: {} → {}", o.name, old.status.words(), new.status.words());
            add("warning", None, "objective flips", &message);
        }
    }
    for note in &diff.notes {
        add("notice", None, "kepi diff", note);
    }
    add("notice", None, "kepi diff", &headline(diff));
    out
}
