//! `allow`: lints that do not apply to a definition, each with its reason.

use crate::diag::Code;
use crate::source::Spanned;
use crate::syntax::decode::Decoder;
use crate::syntax::document::AllowDef;
use crate::syntax::yaml::{Kind as NodeKind, Node, shown};

/// `[{no_guardrail: nothing else depends on it}]`, or one such map.
pub(super) fn allow(d: &mut Decoder, node: Node) -> Option<Vec<AllowDef>> {
    d.many(node, |d, item| match item.kind {
        NodeKind::Map(map) => Some(
            map.entries
                .into_iter()
                .filter_map(|e| {
                    let lint = e.key.map(|k| k.into_owned());
                    if matches!(e.value.kind, NodeKind::Empty) {
                        no_reason(d, &lint);
                        return None;
                    }
                    d.text(e.value).map(|reason| AllowDef { lint, reason: Some(reason) })
                })
                .collect::<Vec<_>>(),
        ),
        _ => {
            let lint = d.text(item)?;
            no_reason(d, &lint);
            None
        }
    })
    .map(|lists| lists.into_iter().flatten().collect())
}

fn no_reason(d: &mut Decoder, lint: &Spanned<String>) {
    let name = shown(&lint.value);
    d.report(
        Code::NoReason,
        lint.span,
        format!("`{name}` is allowed without a reason"),
        &format!("write `{name}: why it is fine here`"),
    );
}
