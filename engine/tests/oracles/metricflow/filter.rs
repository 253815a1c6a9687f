//! Conditions of a case: SQL around names, said in kepi's language.

use std::iter::Peekable;
use std::str::Chars;

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain};

use crate::metricflow::names::Names;

/// A name in a condition, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `<dim x>`, `<entity x>`, `<time x grain>`, or the name of a column.
    Name {
        text: String,
        grain: Option<String>,
    },
    /// `<metric m by e>`.
    Metric {
        metric: String,
        by: String,
    },
    Text(String),
    Number(String),
    Word(String),
    Sign(String),
}

/// A condition that all rows must meet: one of those that `AND` joins.
#[derive(Clone, Debug)]
pub struct Part(pub Vec<Token>);

/// The conditions joined by `AND` at the top.
pub fn parts(text: &str) -> Result<Vec<Part>, String> {
    let tokens = without_casts(tokens(text)?);
    let mut depth = 0usize;
    let mut parts = vec![Vec::new()];
    let mut any_or = false;
    for token in &tokens {
        match token {
            Token::Sign(s) if s == "(" => depth += 1,
            Token::Sign(s) if s == ")" => depth = depth.saturating_sub(1),
            Token::Word(w) if depth == 0 && w == "or" => any_or = true,
            Token::Word(w) if depth == 0 && w == "and" => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(token.clone());
        }
    }
    Ok(if any_or { vec![Part(tokens)] } else { parts.into_iter().map(Part).collect() })
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '\'' {
            chars.next();
            found.push(Token::Text(quoted(&mut chars)));
        } else if c.is_ascii_digit() {
            found.push(Token::Number(run(&mut chars, |c| c.is_ascii_digit() || c == '.')));
        } else if c.is_alphabetic() || c == '_' {
            let word = run(&mut chars, |c| c.is_alphanumeric() || c == '_');
            found.push(match word.to_lowercase().as_str() {
                known @ ("and" | "or" | "not" | "in" | "is" | "null" | "like" | "between" | "true" | "false"
                | "cast" | "as" | "timestamp" | "date") => Token::Word(known.to_owned()),
                _ => Token::Name { text: word, grain: None },
            });
        } else if c == '<' {
            chars.next();
            match chars.peek() {
                Some(next) if next.is_alphabetic() => {
                    let inner = run(&mut chars, |c| c != '>');
                    chars.next();
                    found.push(named(&inner)?);
                }
                Some('=' | '>') => {
                    let next = chars.next().unwrap_or_default();
                    found.push(Token::Sign(if next == '>' { "!=".to_owned() } else { "<=".to_owned() }));
                }
                _ => found.push(Token::Sign("<".to_owned())),
            }
        } else {
            chars.next();
            let two = chars.peek() == Some(&'=') && ['>', '!'].contains(&c);
            if two {
                chars.next();
            }
            found.push(Token::Sign(if two { format!("{c}=") } else { c.to_string() }));
        }
    }
    Ok(found)
}

fn run(chars: &mut Peekable<Chars<'_>>, take: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    while let Some(c) = chars.next_if(|c| take(*c)) {
        out.push(c);
    }
    out
}

fn quoted(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut out = String::new();
    while let Some(c) = chars.next() {
        if c != '\'' {
            out.push(c);
        } else if chars.next_if_eq(&'\'').is_some() {
            out.push('\'');
        } else {
            break;
        }
    }
    out
}

fn named(inner: &str) -> Result<Token, String> {
    let words: Vec<&str> = inner.split_whitespace().collect();
    let name = |text: &str, grain: Option<&str>| Token::Name { text: text.to_owned(), grain: grain.map(str::to_owned) };
    Ok(match words[..] {
        ["dim" | "entity" | "time", x] => name(x, None),
        ["time" | "dim", x, grain] => name(x, Some(grain)),
        ["metric", metric, "by", by] => Token::Metric { metric: metric.to_owned(), by: by.to_owned() },
        _ => return Err(format!("`<{inner}>` is not understood")),
    })
}

/// `CAST(x AS TIMESTAMP)` is x.
fn without_casts(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::new();
    // By parenthesis that is open: whether a cast opened it.
    let mut open = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        match &token {
            Token::Word(w) if w == "cast" => {
                rest.next();
                open.push(true);
            }
            Token::Word(w) if ["as", "timestamp", "date"].contains(&w.as_str()) => {}
            Token::Sign(s) if s == "(" => {
                open.push(false);
                out.push(token);
            }
            Token::Sign(s) if s == ")" => {
                if !open.pop().unwrap_or(false) {
                    out.push(token);
                }
            }
            _ => out.push(token),
        }
    }
    out
}

/// A date, or an instant, where the text is one.
fn literal(text: &str) -> String {
    let bytes = text.as_bytes();
    let date = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[0].is_ascii_digit();
    match text.split_once([' ', 'T']) {
        None if date => text.to_owned(),
        Some((day, clock)) if date && clock.trim_start_matches(['0', ':', '.']).is_empty() => day.to_owned(),
        Some((day, clock)) if date => format!("{day}T{clock}Z"),
        _ => format!("\"{}\"", text.replace('"', "\\\"")),
    }
}

impl Part {
    /// Whether it speaks of the clock alone.
    pub fn is_of_clock(&self, names: &Names<'_>) -> bool {
        let mut any = false;
        let all = self.0.iter().all(|token| match token {
            Token::Name { text, grain } => {
                any = true;
                names.condition(text, grain.as_deref()).is_ok_and(|(_, clock)| clock)
            }
            Token::Metric { .. } => false,
            _ => true,
        });
        all && any
    }

    /// The metrics that it compares, with what they are broken down by.
    pub fn metrics(&self) -> Vec<(String, String)> {
        let of = |t: &Token| match t {
            Token::Metric { metric, by } => Some((metric.clone(), by.clone())),
            _ => None,
        };
        self.0.iter().filter_map(of).collect()
    }

    /// In kepi's words; `metric` says what stands for a metric.
    pub fn said(
        &self,
        names: &Names<'_>,
        metric: &mut dyn FnMut(&str, &str) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut words: Vec<String> = Vec::new();
        for token in &self.0 {
            words.push(match token {
                Token::Name { text, grain } => names.condition(text, grain.as_deref())?.0,
                Token::Metric { metric: name, by } => metric(name, by)?,
                Token::Text(text) => literal(text),
                Token::Number(text) | Token::Sign(text) | Token::Word(text) => text.clone(),
            });
        }
        Ok(words.join(" ").replace("( ", "(").replace(" )", ")").replace(" ,", ","))
    }

    /// Whether a period that begins at an instant meets it.
    pub fn holds(&self, names: &Names<'_>, calendar: &Calendar, start: Timestamp) -> Result<bool, String> {
        let mut rest = &self.0[..];
        let value = any_of(&mut rest, names, calendar, start)?;
        if rest.is_empty() { Ok(value) } else { Err(format!("{rest:?} is left over")) }
    }
}

fn takes(rest: &mut &[Token], wanted: &str) -> bool {
    let found = match rest.first() {
        Some(Token::Word(w) | Token::Sign(w)) => w == wanted,
        _ => false,
    };
    if found {
        *rest = &rest[1..];
    }
    found
}

fn any_of(rest: &mut &[Token], names: &Names<'_>, calendar: &Calendar, at: Timestamp) -> Result<bool, String> {
    let mut value = all_of(rest, names, calendar, at)?;
    while takes(rest, "or") {
        value |= all_of(rest, names, calendar, at)?;
    }
    Ok(value)
}

fn all_of(rest: &mut &[Token], names: &Names<'_>, calendar: &Calendar, at: Timestamp) -> Result<bool, String> {
    let mut value = one(rest, names, calendar, at)?;
    while takes(rest, "and") {
        value &= one(rest, names, calendar, at)?;
    }
    Ok(value)
}

fn one(rest: &mut &[Token], names: &Names<'_>, calendar: &Calendar, at: Timestamp) -> Result<bool, String> {
    if takes(rest, "not") {
        return Ok(!one(rest, names, calendar, at)?);
    }
    if takes(rest, "(") {
        let value = any_of(rest, names, calendar, at)?;
        takes(rest, ")");
        return Ok(value);
    }
    let side = |rest: &mut &[Token]| -> Result<Timestamp, String> {
        let token = rest.first().cloned();
        *rest = rest.get(1..).unwrap_or_default();
        match token {
            Some(Token::Name { text, grain }) => {
                Ok(calendar.floor(at, names.clock_grain(&text, grain.as_deref()).max(Grain::Minute)))
            }
            Some(Token::Text(text)) => calendar.parse_instant(&text).map_err(|e| e.message),
            other => Err(format!("{other:?} is no time")),
        }
    };
    let left = side(rest)?;
    let sign = match rest.first() {
        Some(Token::Sign(sign)) => sign.clone(),
        Some(Token::Word(word)) if word == "between" => word.clone(),
        other => return Err(format!("{other:?} compares nothing")),
    };
    *rest = &rest[1..];
    let right = side(rest)?;
    Ok(match sign.as_str() {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        "between" if takes(rest, "and") => left >= right && left <= side(rest)?,
        _ => return Err(format!("`{sign}` compares nothing")),
    })
}
