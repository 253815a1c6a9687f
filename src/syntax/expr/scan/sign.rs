//! Signs: kepi's own, and those that only other languages have.

use crate::diag::Code;
use crate::syntax::expr::scan::{Before, Scan, continues_name, from, upto};

/// Signs of other languages, a longer one before its beginning: the sign, what it is here, the cure.
const FOREIGN: &[(&str, &str, &str)] = &[
    ("===", "`===` is no operator", "write `=` to compare"),
    ("!==", "`!==` is no operator", "write `!=` to compare"),
    ("==", "`==` is no operator", "write `=` to compare"),
    ("<>", "`<>` is no operator", "write `!=` to compare"),
    ("=<", "`=<` is no operator", "write `<=`"),
    ("=>", "`=>` is no operator", "write `>=` to compare, `->` between the steps of a sequence"),
    ("=~", "`=~` is no operator", "write `like \"%part%\"`"),
    ("~=", "`~=` is no operator", "write `!=` to compare"),
    ("&&", "`&&` is no operator", "write `and`"),
    ("&", "`&` is no operator", "write `and`"),
    ("||", "`||` is no operator", "write `or`"),
    ("|", "`|` is no operator", "write `or`"),
    ("**", "`**` is no operator", "write the product out: `x * x`"),
    ("^", "`^` is no operator", "write the product out: `x * x`"),
    ("%", "`%` is no operator", "write a percentage as `20%`; there is no remainder operator"),
    ("::", "`::` is no operator", "declare the type in the source's `columns:`"),
    ("!", "`!` is no operator", "write `not`"),
    ("→", "`→` is no operator", "write `->` between the steps of a sequence"),
    ("≥", "`≥` is no operator", "write `>=`"),
    ("≤", "`≤` is no operator", "write `<=`"),
    ("≠", "`≠` is no operator", "write `!=`"),
    ("×", "`×` is no operator", "write `*`"),
    ("÷", "`÷` is no operator", "write `/`"),
    ("−", "`−` is no operator", "write `-`, the hyphen"),
    ("–", "`–` is no operator", "write `-`, the hyphen"),
    ("?", "`?` is no operator", "write `if … then … else …`"),
    ("[", "`[` opens nothing here", "a list stands in parentheses: `in (\"a\", \"b\")`"),
    ("]", "`]` closes nothing here", "a list stands in parentheses: `in (\"a\", \"b\")`"),
    ("{", "`{` opens nothing here", "write parentheses"),
    ("}", "`}` closes nothing here", "write parentheses"),
    (";", "`;` ends nothing here", "remove it"),
    ("#", "`#` has no meaning here", "write a comment in YAML, outside of the expression"),
    ("€", "`€` is no unit", "write the currency's code after the amount: `9.99 EUR`"),
    ("£", "`£` is no unit", "write the currency's code after the amount: `9.99 GBP`"),
];

/// kepi's own signs.
const OWN: &[&str] = &["->", "<=", ">=", "!=", "<", ">", "=", "+", "-", "*", "/"];

/// Quotes that are not `"`, and what closes them.
fn closing_quote(c: char) -> Option<char> {
    match c {
        '\'' => Some('\''),
        '“' | '„' | '”' => Some('”'),
        '‘' | '‚' | '’' => Some('’'),
        '«' => Some('»'),
        _ => None,
    }
}

impl Scan<'_> {
    pub(super) fn sign(&mut self, c: char) {
        if closing_quote(c).is_some() {
            return self.foreign_quote(c);
        }
        let rest = self.rest();
        if c == ':' && !rest.starts_with("::") {
            return self.colon();
        }
        // The longest sign wins, whoever's it is: `!=` before `!`, `!==` before both.
        let own = OWN.iter().filter(|s| rest.starts_with(**s)).map(|s| s.len()).max().unwrap_or(0);
        let foreign = FOREIGN.iter().find(|(s, ..)| s.len() > own && rest.starts_with(s));
        match foreign {
            Some((sign, message, help)) => {
                self.report(Code::ForeignSpelling, sign.len(), *message, *help);
                self.operator(sign.len());
            }
            None if own > 0 => self.operator(own),
            None => {
                let message = format!("`{}` has no meaning here", c.escape_debug());
                let help = "a column whose name holds it stands in backticks: `` `Plan Type` ``";
                self.report(Code::ExpressionSyntax, c.len_utf8(), message, help);
                self.operator(c.len_utf8());
            }
        }
    }

    fn foreign_quote(&mut self, open: char) {
        let close = closing_quote(open).unwrap_or(open);
        // A typographic quote is closed by any of its kin: `“a“` and `„a“` are both written.
        let is_close = |c: char| c == close || (close == '”' && c == '“') || (close == '’' && c == '‘');
        let inner = from(self.rest(), open.len_utf8());
        let mut ends = inner.char_indices().filter(|(_, c)| is_close(*c)).peekable();
        let mut end = ends.next();
        // Doubled, the quote stands for itself.
        while let Some((i, _)) = end
            && open == '\''
            && ends.next_if(|(next, _)| *next == i + 1).is_some()
        {
            end = ends.next();
        }
        let help = match end {
            Some((i, _)) if i <= 60 => {
                format!("write `\"{}\"`", upto(inner, i).replace("''", "'").replace('\\', r"\\").replace('"', "\\\""))
            }
            _ => "write the text between `\"` and `\"`".to_owned(),
        };
        let len = open.len_utf8() + end.map_or(0, |(i, c)| i + c.len_utf8());
        self.report(Code::TextQuotes, len, format!("a text in `{open}`: texts stand in double quotes"), help);
        self.at += len;
        self.before = Before::Value;
    }

    fn colon(&mut self) {
        let ahead = upto(self.text, self.at).trim_end();
        let name = ahead.rsplit(|c| !continues_name(c)).next().unwrap_or("");
        if name.is_empty() {
            self.report(Code::ExpressionSyntax, 1, "`:` has no meaning here", "remove it");
        } else {
            let message = format!("`{name}:` is not how an argument is named");
            let help = format!("write the word and then its value, without a colon: `{name} …`");
            let start = ahead.len() - name.len();
            self.report_at(Code::NamedArgument, start..self.at + 1, message, help);
        }
        self.operator(1);
    }
}
