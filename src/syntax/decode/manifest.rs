//! `kepi.yaml`.

use crate::diag::Code;
use crate::source::{Span, Spanned};
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{Manifest, Text};
use crate::syntax::yaml::{Node, shown};

/// The version of the language that is read.
const VERSION: u32 = 1;

pub(crate) fn manifest(d: &mut Decoder, root: Option<Node>) -> Option<Manifest> {
    let start = Span::new(d.file, 0, 0);
    let Some(root) = root else {
        // A file of which nothing could be read has its finding already.
        if d.diagnostics.is_empty() {
            d.report(Code::MissingKey, start, "the manifest is empty", "write `kepi: 1`");
        }
        return None;
    };
    let mut f = Fields::of_node(d, root, Kind::manifest())?;
    let version = f.required(d, "kepi", "kepi: 1", version).unwrap_or(Spanned::new(VERSION, f.place()));
    let manifest = Manifest {
        file: d.file,
        version,
        name: f.optional(d, "name", Decoder::text),
        time_zone: f.optional(d, "time_zone", Decoder::text),
        week_start: f.optional(d, "week_start", Decoder::text),
        fiscal_year_start: f.optional(d, "fiscal_year_start", Decoder::text),
        currency: f.optional(d, "currency", Decoder::text),
        definitions: f.optional(d, "definitions", Decoder::texts).unwrap_or_default(),
        data: f.optional(d, "data", Decoder::texts).unwrap_or_default(),
        as_of: f.optional(d, "as_of", Decoder::text),
        uses: f.optional(d, "use", Decoder::texts).unwrap_or_default(),
        lints: f.optional(d, "lints", lints).unwrap_or_default(),
    };
    f.finish(d);
    Some(manifest)
}

fn version(d: &mut Decoder, node: Node) -> Option<Spanned<u32>> {
    let text = d.text(node)?;
    match text.value.parse::<u32>() {
        Ok(VERSION) => Some(text.map(|_| VERSION)),
        _ => {
            let message = format!("`{}` is no version of the language that this kepi reads", shown(&text.value));
            d.report(Code::LanguageVersion, text.span, message, "write `kepi: 1`");
            None
        }
    }
}

fn lints(d: &mut Decoder, node: Node) -> Option<Vec<(Name, Text)>> {
    let map = d.map(node, "a map from lints to levels (`{unowned: off}`)")?;
    Some(
        map.entries
            .into_iter()
            .filter_map(|e| {
                let name = e.key.map(|k| k.into_owned());
                d.text(e.value).map(|level| (name, level))
            })
            .collect(),
    )
}
