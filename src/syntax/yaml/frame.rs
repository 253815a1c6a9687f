//! Lists and maps that are still open while a file is read.

use std::borrow::Cow;

use crate::source::{Span, Spanned};
use crate::syntax::yaml::{Kind, Map, Node};

/// A list or map that is still open.
pub(super) enum Frame<'a> {
    List { items: Vec<Node<'a>>, span: Span, flow: bool, cut: bool },
    Map { map: Map<'a>, pending: Option<Pending<'a>>, span: Span, flow: bool, cut: bool },
}

pub(super) enum Pending<'a> {
    Key(Spanned<Cow<'a, str>>),
    /// The key was refused; its value goes with it.
    Refused,
}

impl<'a> Frame<'a> {
    pub(super) fn is_flow(&self) -> bool {
        match self {
            Frame::List { flow, .. } | Frame::Map { flow, .. } => *flow,
        }
    }

    /// Whether YAML ended one of its values before its time.
    pub(super) fn is_cut(&self) -> bool {
        match self {
            Frame::List { cut, .. } | Frame::Map { cut, .. } => *cut,
        }
    }

    pub(super) fn start(&self) -> Span {
        match self {
            Frame::List { span, .. } | Frame::Map { span, .. } => *span,
        }
    }

    /// `end` is the closing bracket; a block ends where its last value does.
    pub(super) fn finish(self, end: Option<Span>) -> Node<'a> {
        let flow_end = end.filter(|_| self.is_flow());
        match self {
            Frame::List { items, span, cut, .. } => {
                let last = flow_end.or(items.last().map(|n| n.span));
                let span = last.map_or(span, |l| span.to(l));
                Node::new(if cut { Kind::Broken } else { Kind::List(items) }, span)
            }
            Frame::Map { mut map, span, cut, .. } => {
                if cut {
                    // The pieces behind the cut look like keys without a value.
                    map.entries.retain(|e| !matches!(e.value.kind, Kind::Empty));
                    map.complete = false;
                }
                let last = flow_end.or(map.entries.last().map(|e| e.key.span.to(e.value.span)));
                Node::new(Kind::Map(map), last.map_or(span, |l| span.to(l)))
            }
        }
    }
}
