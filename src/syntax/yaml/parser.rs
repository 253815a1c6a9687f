//! From the YAML parser's events to nodes. The one file that names the parser's crate.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StructureStyle};

use crate::diag::{Code, Diagnostic};
use crate::source::{FileId, Span, Spanned};
use crate::syntax::yaml::cut::{self, Cut};
use crate::syntax::yaml::frame::{Frame, Pending};
use crate::syntax::yaml::scalar;
use crate::syntax::yaml::{Entry, Kind, MAX_DEPTH, MAX_NODES, Map, Node, Scalar, Style, shown};

/// What one pass over a stretch of a file gave.
pub(super) struct Pass<'a> {
    pub(super) root: Option<Node<'a>>,
    pub(super) failure: Option<Failure>,
}

/// Why a pass ended early.
pub(super) struct Failure {
    /// `None` when it follows from a finding already given.
    pub(super) diagnostic: Option<Diagnostic>,
    pub(super) place: Span,
    /// The line that holds this byte is the last that this pass made sense of.
    pub(super) after: usize,
    /// There is no use in going on, nor in what has been read.
    pub(super) fatal: bool,
}

/// Reads `text[range]`; `budget` is how many more nodes the file may have.
pub(super) fn pass<'a>(
    text: &'a str,
    range: Range<usize>,
    file: FileId,
    budget: &mut usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Pass<'a> {
    let stretch = text.get(range.clone()).unwrap_or("");
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.emit_anchor_events = true;
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.block_nesting_limit = MAX_DEPTH + 1;
    let mut builder = Builder {
        text,
        file,
        base: range.start,
        frames: Vec::new(),
        root: None,
        documents: 0,
        after: range.start,
        value: range.start..range.start,
        cut_at: None,
        budget,
        diagnostics,
    };
    let mut failure = None;
    for next in Parser::new_from_str_with_options(stretch, options) {
        let step = match next {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Step::Fail(builder.syntax_error(&error)),
        };
        match step {
            Step::Go => {}
            Step::Stop => break,
            Step::Fail(why) => {
                builder.mark_last(why.place);
                failure = Some(why);
                break;
            }
        }
    }
    builder.close_all();
    Pass { root: builder.root, failure }
}

enum Step {
    Go,
    Stop,
    Fail(Failure),
}

struct Builder<'a, 'd> {
    text: &'a str,
    file: FileId,
    base: usize,
    frames: Vec<Frame<'a>>,
    root: Option<Node<'a>>,
    documents: usize,
    /// Start of the last node.
    after: usize,
    /// Start and end of the last scalar.
    value: Range<usize>,
    /// End of the last value that YAML cut.
    cut_at: Option<usize>,
    budget: &'d mut usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a> Builder<'a, '_> {
    fn event(&mut self, event: Event<'a>, span: granit_parser::Span) -> Step {
        let range = span.byte_range().unwrap_or(0..0);
        let place = self.span(range.start, range.end);
        let tag =
            span.tag_span().or_else(|| span.tag_start().map(granit_parser::Span::empty)).and_then(|s| s.byte_range());
        if let Some(tag) = tag {
            let tag = self.span(tag.start, tag.end);
            self.report(
                Code::YamlTag,
                tag,
                "a YAML tag, which nothing here needs",
                "take the tag out: every value is read as its text",
            );
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report(
                        Code::YamlDocuments,
                        place,
                        "a second YAML document in one file; what follows is not read",
                        "put it into a file of its own, or take the `---` out",
                    );
                    return Step::Stop;
                }
            }
            Event::Scalar(text, style, ..) => return self.scalar(text, style, place),
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                return self.open(Frame::List { items: Vec::new(), span: place, flow, cut: false }, place);
            }
            Event::MappingStart(style, ..) => {
                let map = Map { entries: Vec::new(), complete: true };
                let flow = style == StructureStyle::Flow;
                return self.open(Frame::Map { map, pending: None, span: place, flow, cut: false }, place);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Anchor(..) => self.report(
                Code::YamlAnchor,
                place,
                "a YAML anchor: definitions do not copy each other",
                "write the value out where it is needed, or give it a name of its own (a segment, a metric)",
            ),
            // The anchor has been reported.
            Event::Alias(_) => return self.node(Kind::Broken, place),
            Event::UnresolvedAlias(name) => {
                let message =
                    format!("`*{}` is read as a YAML alias, and definitions do not copy each other", shown(&name));
                self.report(
                    Code::YamlAnchor,
                    place,
                    message,
                    "write a value that begins with `*` as a block: `key: >-`, the text on the next line",
                );
                return self.node(Kind::Broken, place);
            }
            _ => {}
        }
        Step::Go
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.base + start, self.base + end)
    }

    fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic::new(code, span, message).help(help));
    }

    fn fail(&self, diagnostic: Diagnostic, fatal: bool) -> Step {
        let place = diagnostic.primary.as_ref().map_or(Span::new(self.file, self.base, self.base), |p| p.span);
        Step::Fail(Failure { diagnostic: Some(diagnostic), place, after: self.after, fatal })
    }

    /// Counts a node; `Fail` when there are too many.
    fn count(&mut self, span: Span) -> Step {
        self.after = span.start as usize;
        match self.budget.checked_sub(1) {
            Some(left) => {
                *self.budget = left;
                Step::Go
            }
            None => {
                let message = format!("more than {MAX_NODES} keys and values in one file");
                self.fail(Diagnostic::new(Code::YamlTooLarge, span, message).help("split it into several files"), true)
            }
        }
    }

    fn open(&mut self, frame: Frame<'a>, span: Span) -> Step {
        if self.frames.len() >= MAX_DEPTH {
            return self.fail(too_deep(span), false);
        }
        match self.count(span) {
            Step::Go => self.frames.push(frame),
            stop => return stop,
        }
        Step::Go
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, mut span: Span) -> Step {
        let style = match style {
            ScalarStyle::Plain if span.start == span.end => return self.node(Kind::Empty, span),
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let written = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
                let written = written.trim_end_matches(scalar::blank);
                span.end = span.start + written.len() as u32;
                Style::Block
            }
        };
        self.value = span.start as usize..span.end as usize;
        let kind = if style == Style::Plain && self.is_cut(&text, span) {
            Kind::Broken
        } else {
            Kind::Scalar(Scalar { text, style, source: self.text })
        };
        self.node(kind, span)
    }

    /// Whether YAML ended this plain scalar before its time; says so once for each `[…]` or `{…}`.
    fn is_cut(&mut self, text: &str, span: Span) -> bool {
        let rest = self.text.get(span.end as usize..).unwrap_or("");
        let in_flow = self.frames.last().is_some_and(Frame::is_flow);
        let Some(by) = cut::cut_by(rest, in_flow) else { return false };
        let Some((_, open)) = cut::open_at_end(text) else { return false };
        self.cut_at = Some(span.end as usize);
        let known = match self.frames.last_mut() {
            Some(Frame::List { cut, .. } | Frame::Map { cut, .. }) if in_flow => std::mem::replace(cut, true),
            _ => false,
        };
        if !known {
            let message = match by {
                Cut::Comment => "YAML ends this value at ` #`: the rest of the line is a comment",
                Cut::Comma => "YAML ends this value at the comma: inside `[…]` and `{…}` a comma begins the next one",
            };
            let help = match by {
                Cut::Comment => "write it as a block: `key: >-`, the text on the next line",
                Cut::Comma => {
                    "give it a line of its own: `- …` in a list, `key: …` or a block (`key: >-`, the text on the next line) in a map"
                }
            };
            let cut = Diagnostic::new(Code::CutScalar, span, message)
                .label(format!("this `{open}` is not closed"))
                .help(help);
            self.diagnostics.push(cut);
        }
        true
    }

    fn node(&mut self, kind: Kind<'a>, span: Span) -> Step {
        match self.count(span) {
            Step::Go => self.accept(Node::new(kind, span)),
            stop => return stop,
        }
        Step::Go
    }

    /// Puts a finished node where it belongs.
    fn accept(&mut self, node: Node<'a>) {
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { map, pending, .. }) => match pending.take() {
                Some(Pending::Key(key)) => {
                    // A value that is not there is shown where its key is.
                    let span = if matches!(node.kind, Kind::Empty) { key.span } else { node.span };
                    map.entries.push(Entry { key, value: Node { span, ..node } });
                }
                Some(Pending::Refused) => {}
                None => {
                    let key = match node.kind {
                        Kind::Scalar(s) if s.is_plain() && s.text() == "<<" => Err(Some(
                            Diagnostic::new(
                                Code::YamlMerge,
                                node.span,
                                "a YAML merge key: definitions do not copy each other",
                            )
                            .help("write the keys out"),
                        )),
                        Kind::Scalar(s) => Ok(Spanned::new(s.text, node.span)),
                        Kind::Broken => Err(None),
                        kind => {
                            let what = Node::new(kind, node.span).what();
                            Err(Some(Diagnostic::new(
                                Code::WrongShape,
                                node.span,
                                format!("a key is a text; found {what}"),
                            )))
                        }
                    };
                    *pending = Some(match key {
                        Ok(key) => Pending::Key(key),
                        Err(finding) => {
                            self.diagnostics.extend(finding);
                            map.complete = false;
                            Pending::Refused
                        }
                    });
                }
            },
        }
    }

    fn close(&mut self, end: Span) {
        if let Some(frame) = self.frames.pop() {
            let node = frame.finish(Some(end));
            self.accept(node);
        }
    }

    /// A failure leaves doubt about what stands before it: the value on its line, and whether the maps there have all their keys.
    fn mark_last(&mut self, failure: Span) {
        let at = failure.start as usize;
        let text = self.text;
        if let Some(root) = &mut self.root {
            // Text where a map was begun, such as `metrics:x`.
            if matches!(root.kind, Kind::Scalar(_)) {
                root.kind = Kind::Broken;
            }
        }
        let Some(Frame::Map { map, .. }) = self.frames.last_mut() else { return };
        let mut map = map;
        while let Some(entry) = map.entries.last_mut() {
            if same_line(text, entry.value.span.end as usize, at) && matches!(entry.value.kind, Kind::Scalar(_)) {
                entry.value.kind = Kind::Broken;
            }
            let Kind::Map(inner) = &mut entry.value.kind else { return };
            inner.complete = false;
            map = inner;
        }
    }

    /// Closes what a failure left open.
    fn close_all(&mut self) {
        while let Some(mut frame) = self.frames.pop() {
            if let Frame::List { flow: true, cut, .. } = &mut frame {
                *cut = true;
            }
            if let Frame::Map { map, pending, span, .. } = &mut frame {
                map.complete = false;
                if let Some(Pending::Key(key)) = pending.take() {
                    let span = Span { start: key.span.end, end: key.span.end, ..*span };
                    map.entries.push(Entry { key, value: Node::new(Kind::Broken, span) });
                }
            }
            let node = frame.finish(None);
            self.accept(node);
        }
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::YamlTooDeep, span, format!("lists and maps are nested more than {MAX_DEPTH} deep"))
        .help(SHALLOW)
}

const SHALLOW: &str = "write definitions as maps from names to definitions";
const CLOSE: &str = "close it, or write the keys or items on lines of their own";
const AS_BLOCK: &str = "write the value as a block: `key: >-`, the text on the next line";

impl Builder<'_, '_> {
    fn syntax_error(&self, error: &ScanError) -> Failure {
        let at = self.base + error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let (code, start, message, help) = self.explain(error, at);
        let len = self
            .text
            .get(start..)
            .and_then(|t| t.chars().next())
            .filter(|c| !c.is_control() || *c == '\t')
            .map_or(0, char::len_utf8);
        let mut diagnostic = Diagnostic::new(code, Span::new(self.file, start, start + len), message);
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        // What YAML makes of the rest of a value that it has cut is no second mistake.
        let follows = self.frames.iter().any(Frame::is_cut) || self.cut_at.is_some_and(|cut| self.same_line(cut, at));
        let place = Span::new(self.file, start, start + len);
        Failure { diagnostic: (!follows).then_some(diagnostic), place, after: self.after, fatal: false }
    }

    /// Code, place, message and cure of a syntax error.
    fn explain(&self, error: &ScanError, at: usize) -> (Code, usize, String, Option<&'static str>) {
        use ErrorKind as E;
        let yaml = |start: usize, message: &str, help: Option<&'static str>| {
            (Code::YamlSyntax, start, message.to_string(), help)
        };
        if let Some(open) = self.open_bracket(error.kind(), at) {
            let bracket = self.text.get(open..).and_then(|t| t.chars().next()).unwrap_or('[');
            return yaml(open, &format!("this `{bracket}` is not closed"), Some(CLOSE));
        }
        match error.kind() {
            E::TabNotAllowed
            | E::TabInBlockIndentation
            | E::TabInIndentation
            | E::TabInPlainScalar
            | E::TabAtBlockScalarStart => (
                Code::YamlTab,
                self.tab_near(at),
                "a tab where YAML wants spaces".to_string(),
                Some("indent with spaces"),
            ),
            E::RecursionLimitExceeded => {
                let message = too_deep(Span::new(self.file, at, at)).message;
                (Code::YamlTooDeep, at, message, Some(SHALLOW))
            }
            E::CommentInterceptedScalar => {
                let message = "` #` begins a comment, and the value goes on after it".to_string();
                (Code::CutScalar, at, message, Some(AS_BLOCK))
            }
            E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => {
                match self.quote_before(at) {
                    Some(quote) if self.text.get(quote..at).is_some_and(|t| t.contains('\n')) => yaml(
                        quote,
                        "this quote is closed only on a later line, and text follows there",
                        Some("close the quote"),
                    ),
                    quote => yaml(
                        quote.unwrap_or(at),
                        "a value that begins with a quote ends with it; here text follows",
                        Some(
                            "write an expression that begins with a quote as a block: `key: >-`, the text on the next line",
                        ),
                    ),
                }
            }
            E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
                yaml(at, "this quote is not closed", Some("close the quote"))
            }
            E::UnexpectedCharacter { character } if character.is_control() || *character == '\u{feff}' => {
                let message = format!("the character U+{:04X} is not allowed in YAML", u32::from(*character));
                let place = self.text.get(at..).and_then(|t| t.find(*character)).map_or(at, |i| at + i);
                yaml(place, &message, Some("take it out"))
            }
            E::UnknownQuotedScalarEscape => yaml(
                at,
                "a `\\` inside double quotes that begins no escape",
                Some("write `\\\\` for the character itself, or use single quotes"),
            ),
            E::UnexpectedCharacter { character: '`' } => {
                yaml(at, "a value cannot begin with a backtick in YAML", Some(AS_BLOCK))
            }
            E::UnexpectedCharacter { character } => {
                yaml(at, &format!("a value cannot begin with `{character}` in YAML"), Some(AS_BLOCK))
            }
            E::InvalidBlockScalarHeader => {
                yaml(at, "`>` or `|` begins a block of text, and the text stands on the lines after it", Some(AS_BLOCK))
            }
            E::MappingValueNotAllowed if self.same_line(self.value.start, at) => yaml(
                at,
                "`:` inside a value that has no quotes",
                Some("write the value as a block (`key: >-`, the text on the next line), or put it in quotes"),
            ),
            E::MappingValueNotAllowed if self.same_line(self.value.end, at) => yaml(
                at,
                "`:` inside a value that began on an earlier line",
                Some(
                    "indent a key like the keys around it; write a text that holds `: ` as a block (`key: >-`, the text on the next line)",
                ),
            ),
            E::MappingValueNotAllowed
            | E::ExpectedBlockMappingKey
            | E::InvalidIndentation
            | E::ExpectedBlockSequenceEntry => yaml(
                at,
                "this line is not indented like the lines it belongs to",
                Some("indent the keys of one map equally; a key has either a value or keys of its own"),
            ),
            E::SimpleKeyExpected | E::InvalidSimpleKey => {
                yaml(at, "a line without a `:` between the keys of a map", Some("write `key: value`"))
            }
            E::BlockSequenceEntryNotAllowed => {
                yaml(at, "a list's `-` cannot stand here", Some("begin the list on a line of its own"))
            }
            E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => {
                yaml(at, "this bracket closes nothing", None)
            }
            E::UnclosedFlowCollection { open } => yaml(at, &format!("this `{open}` is not closed"), Some(CLOSE)),
            E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator => yaml(
                at,
                "this does not go on like a list `[a, b]` or a map `{a: b, c: d}`",
                Some(
                    "give a value that holds `: `, `, ` or a bracket a line of its own, or a block (`key: >-`, the text on the next line)",
                ),
            ),
            E::UnexpectedEofBlockMapping
            | E::UnexpectedEofBlockSequence
            | E::UnexpectedEof
            | E::ExpectedNodeContent => match self.text.get(at..).and_then(|t| t.chars().next()) {
                Some(c) if !c.is_whitespace() => yaml(at, &format!("`{c}` cannot stand here"), Some(AS_BLOCK)),
                _ => yaml(at, "the file ends in the middle of a value", None),
            },
            E::DirectiveDisallowed => yaml(at, "a YAML directive, which nothing here needs", Some("take the line out")),
            _ => yaml(at, &format!("not valid YAML: {}", error.info()), None),
        }
    }

    /// The `[` or `{` on an earlier line that an error at `at` says is missing its end.
    fn open_bracket(&self, kind: &ErrorKind, at: usize) -> Option<usize> {
        use ErrorKind as E;
        let outer = self.frames.iter().find(|f| f.is_flow())?.start().start as usize;
        let always = matches!(
            kind,
            E::UnclosedFlowCollection { .. }
                | E::UnexpectedEofFlowSequence
                | E::UnexpectedEofFlowMapping
                | E::UnexpectedEofImplicitFlowMapping
        );
        let later = matches!(
            kind,
            E::InvalidColonPlacement
                | E::MappingValueNotAllowed
                | E::ExpectedFlowSequenceSeparator
                | E::ExpectedFlowMappingSeparator
                | E::InvalidFlowScalarIndent
                | E::BlockEntryInFlowCollection
        );
        (always || later && !self.same_line(outer, at)).then_some(outer)
    }

    /// Where the quoted value that ends before `at` begins.
    fn quote_before(&self, at: usize) -> Option<usize> {
        let from = self.value.end;
        let skipped = self.text.get(from..at)?.find(['"', '\''])?;
        Some(from + skipped)
    }

    fn tab_near(&self, at: usize) -> usize {
        let line = self.text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let from = if self.text.get(line..at).is_some_and(|t| t.trim_start().is_empty()) { line } else { at };
        self.text.get(from..).and_then(|t| t.find('\t')).map_or(at, |i| from + i)
    }

    fn same_line(&self, a: usize, b: usize) -> bool {
        same_line(self.text, a, b)
    }
}

fn same_line(text: &str, a: usize, b: usize) -> bool {
    !text.get(a.min(b)..a.max(b)).unwrap_or("").contains('\n')
}
