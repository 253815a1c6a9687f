//! An expression as `print` writes it, on the lines that its author gave it.

use crate::syntax::expr::KEYWORDS;

/// The lines of an expression. `text` is what it was read from, `written` the same with its line breaks, `printed` how `print`
/// writes it. Numbers outside of windows stay as they are spelt, and parentheses that only help a reader stay. Where the breaks cannot be placed again the lines stay as they are.
pub(super) fn expression(text: &str, written: &str, printed: &str) -> Vec<String> {
    let breaks = written.trim().contains('\n');
    let from = without_idle(tokens(written));
    let to = tokens(printed);
    match placed(&from, &to) {
        Some(lines) if breaks => lines,
        Some(lines) => vec![lines.join(" ")],
        None if breaks => written.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect(),
        None => vec![text.trim().to_owned()],
    }
}

/// A word, a sign, a text, or a number with its unit.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    text: &'a str,
    /// White space stands before it.
    space: bool,
    /// A line break does.
    breaks: bool,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        let gap = rest.get(..blank).unwrap_or("");
        let rest = rest.get(blank..).unwrap_or("");
        let len = length(rest);
        if len == 0 {
            break;
        }
        let text = rest.get(..len).unwrap_or("");
        out.push(Token { text, space: blank > 0, breaks: gap.contains('\n') });
        at += blank + len;
    }
    out
}

fn length(rest: &str) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    let word = |from: usize| {
        let tail = rest.get(from..).unwrap_or("");
        tail.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).map_or(rest.len(), |i| from + i)
    };
    match first {
        '"' => {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |(i, _)| i + 1)
        }
        '`' => rest.get(1..).and_then(|r| r.find('`')).map_or(rest.len(), |i| i + 2),
        c if c.is_ascii_digit() => number(rest),
        c if c.is_alphanumeric() || c == '_' || c == '$' => {
            let end = word(0);
            // `FY2026-Q1`.
            if rest.starts_with("FY") && rest.get(end..).is_some_and(|r| r.starts_with("-Q")) {
                word(end + 1)
            } else {
                end
            }
        }
        _ if ["->", "<=", ">=", "!="].iter().any(|sign| rest.starts_with(sign)) => 2,
        c => c.len_utf8(),
    }
}

/// `12`, `0.5`, `10%`, `28d`, `28 days`, `2026-03-01T10:00:00+01:00`.
fn number(rest: &str) -> usize {
    let mut end = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let glued = matches!(c, '-' | '.' | ':' | '+') && next.is_some_and(|n| n.is_alphanumeric());
        if !(c.is_alphanumeric() || c == '_' || c == '%' || glued) {
            break;
        }
        end = i + c.len_utf8();
    }
    // A word after a plain number is its unit, unless it goes on with the sentence.
    let plain = rest.get(..end).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b == b'.'));
    let tail = rest.get(end..).unwrap_or("");
    let blank = tail.len() - tail.trim_start().len();
    let after = tail.get(blank..).unwrap_or("");
    let unit = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '/')).unwrap_or(after.len());
    let unit = after.get(..unit).unwrap_or("");
    let is_unit = unit.chars().next().is_some_and(char::is_alphabetic) && !KEYWORDS.contains(&unit) && unit != "no";
    if plain && blank > 0 && is_unit { end + blank + unit.len() } else { end }
}

/// Without parentheses that say nothing to anybody: around one word, around others, around the whole or an argument.
fn without_idle(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let at = |i: Option<usize>| i.and_then(|i| tokens.get(i)).map(|token| token.text);
    let mut open = Vec::new();
    let mut idle = vec![false; tokens.len()];
    for (end, token) in tokens.iter().enumerate() {
        if token.text == "(" {
            open.push(end);
        }
        if token.text != ")" {
            continue;
        }
        let Some(start) = open.pop() else { return tokens };
        let before = at(start.checked_sub(1));
        let groups = before.is_none_or(|text| {
            ["(", ",", "->", "+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">="].contains(&text)
                || (KEYWORDS.contains(&text) && text != "in")
        });
        let delimited = matches!(before, None | Some("(" | ",")) && matches!(at(Some(end + 1)), None | Some(")" | ","));
        if groups && (end == start + 2 || delimited) {
            idle.iter_mut().enumerate().filter(|(i, _)| *i == start || *i == end).for_each(|(_, idle)| *idle = true);
        }
    }
    let mut out: Vec<Token<'_>> = Vec::with_capacity(tokens.len());
    let mut breaks = false;
    for (token, idle) in tokens.into_iter().zip(idle) {
        breaks |= token.breaks;
        if !idle {
            out.push(Token { breaks: std::mem::take(&mut breaks), ..token });
        }
    }
    out
}

/// The tokens as written, in the spelling and with the spaces of those printed; `None` where the two do not run side by side.
fn placed(from: &[Token<'_>], to: &[Token<'_>]) -> Option<Vec<String>> {
    let mut out = Placed { lines: vec![String::new()], depth: 0 };
    let mut at = 0;
    let mut before = "";
    for token in to {
        // Parentheses that the grammar does not need.
        while let Some(old) = from.get(at).filter(|old| is_parenthesis(old.text) && old.text != token.text) {
            out.push(old.text, old.space, old.breaks)?;
            at += 1;
        }
        match from.get(at) {
            Some(old) if alike(old.text, token.text) => {
                // In windows there is one spelling.
                let window = ["over", "within", "gap", "after", "max", "last"].contains(&before);
                let number = is_number(old.text) && !window;
                let text = if number { &old.text.split_whitespace().collect::<Vec<_>>().join(" ") } else { token.text };
                out.push(text, token.space, old.breaks)?;
                at += 1;
            }
            _ if is_parenthesis(token.text) => out.push(token.text, token.space, false)?,
            _ => return None,
        }
        before = token.text;
    }
    for old in from.get(at..)? {
        if old.text != ")" {
            return None;
        }
        out.push(old.text, old.space, old.breaks)?;
    }
    Some(out.lines)
}

struct Placed {
    lines: Vec<String>,
    depth: usize,
}

impl Placed {
    fn push(&mut self, text: &str, space: bool, breaks: bool) -> Option<()> {
        if text == ")" {
            self.depth = self.depth.saturating_sub(1);
        }
        let line = self.lines.last_mut()?;
        if breaks && !line.is_empty() {
            self.lines.push("  ".repeat(self.depth) + text);
        } else {
            let inside = line.ends_with('(') || text == ")";
            if space && !inside && !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(text);
        }
        self.depth += usize::from(text == "(");
        Some(())
    }
}

fn is_parenthesis(text: &str) -> bool {
    text == "(" || text == ")"
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether one is the other in another spelling.
fn alike(old: &str, new: &str) -> bool {
    let bare = |text: &str| text.trim_matches('`').to_owned();
    old == new
        || bare(old) == bare(new)
        || (is_number(old) && is_number(new))
        || (old.starts_with('"') && new.starts_with('"'))
}
