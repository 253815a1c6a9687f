//! One style for definition files: the layout of the YAML and the spelling of expressions; order, comments and texts stay.
//!
//! What is written on several lines stays on several, a flow `{…}` or a block stays one. The result is read again and compared
//! with what was there before anybody gets it.

mod gap;
mod layout;
mod lines;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;

use crate::diag::{Code, Diagnostic};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::decode::{self, Decoder};
use crate::syntax::fmt::tree::Formatter;
use crate::syntax::yaml::{self, Kind, Node};

/// The columns from which one level of nesting differs from the next.
const STEP: usize = 2;

/// The text of a definition file or a manifest (whichever has the key `kepi`) in the one style. An empty file stays empty.
///
/// # Errors
/// The findings of a file that cannot be read as what it is; nothing is known then of what its text means.
pub fn format(sources: &SourceMap, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let original = &sources.file(file).text;
    // Places are those of the text as it is, so that findings point at the right bytes.
    let found = Reading::of(original, file).found;
    if found.iter().any(Diagnostic::is_error) {
        return Err(super::in_text_order(found));
    }
    let text = original.strip_prefix('\u{feff}').unwrap_or(original).replace("\r\n", "\n").replace('\r', "\n");
    let before = Reading::of(&text, file);
    let written = |printed| Formatter::new(&text, printed, before.is_manifest).run(before.root.as_ref());
    let kept = |formatted: &String| {
        let after = Reading::of(formatted, file);
        let broken = after.found.iter().any(Diagnostic::is_error);
        !broken
            && match (&before.root, &after.root) {
                (None, None) => true,
                (Some(old), Some(new)) => same(&before, old, &after, new),
                _ => false,
            }
    };
    // Should an expression come out as another one, all of them stay as they are.
    [&before.printed[..], &[]].into_iter().map(written).find(kept).ok_or_else(|| unlike(file))
}

fn unlike(file: FileId) -> Vec<Diagnostic> {
    let message = "the file would not mean the same after formatting; it stays as it is";
    vec![Diagnostic::new(Code::Internal, Span::new(file, 0, 0), message)]
}

/// A text and what it is read as.
struct Reading<'a> {
    root: Option<Node<'a>>,
    is_manifest: bool,
    /// The values that are expressions, in the order of the text, as `print` writes them.
    printed: Vec<(Span, String)>,
    found: Vec<Diagnostic>,
}

impl<'a> Reading<'a> {
    fn of(text: &'a str, file: FileId) -> Self {
        let mut decoder = Decoder::new(file);
        decoder.printed = Some(Vec::new());
        let root = yaml::read(text, file, &mut decoder.diagnostics);
        let is_manifest = root.as_ref().is_some_and(
            |root| matches!(&root.kind, Kind::Map(map) if map.entries.iter().any(|e| e.key.value == "kepi")),
        );
        if is_manifest {
            decode::manifest(&mut decoder, root.clone());
        } else {
            decode::document(&mut decoder, root.clone());
        }
        let mut printed = decoder.printed.take().unwrap_or_default();
        printed.sort_by_key(|(span, _)| *span);
        Self { root, is_manifest, printed, found: decoder.diagnostics }
    }

    fn printed(&self, span: Span) -> Option<&str> {
        printed(&self.printed, span)
    }
}

/// How `print` writes the expression that stands there; `None` where the text is none.
fn printed(all: &[(Span, String)], span: Span) -> Option<&str> {
    let at = all.binary_search_by_key(&span, |(span, _)| *span).ok()?;
    all.get(at).map(|(_, text)| text.as_str())
}

/// Whether two trees hold the same keys, texts and expressions.
fn same(a: &Reading<'_>, left: &Node<'_>, b: &Reading<'_>, right: &Node<'_>) -> bool {
    match (&left.kind, &right.kind) {
        (Kind::Empty, Kind::Empty) => true,
        (Kind::Scalar(x), Kind::Scalar(y)) => match (a.printed(left.span), b.printed(right.span)) {
            (Some(x), Some(y)) => x == y,
            (None, None) => x.text() == y.text(),
            _ => false,
        },
        (Kind::List(x), Kind::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(a, x, b, y)),
        (Kind::Map(x), Kind::Map(y)) => {
            x.entries.len() == y.entries.len()
                && x.entries
                    .iter()
                    .zip(&y.entries)
                    .all(|(x, y)| x.key.value == y.key.value && same(a, &x.value, b, &y.value))
        }
        _ => false,
    }
}
