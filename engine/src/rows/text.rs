//! Functions of text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringViewArray};
use kepi_lang::ir::RowFunction;

use crate::rows::RowError;
use crate::rows::operand::{Operand, shape, shaped, texts};

pub(crate) fn unary(function: RowFunction, of: &Operand) -> Result<Operand, RowError> {
    let values = texts(of.array())?;
    let map =
        |f: fn(&str) -> String| -> ArrayRef { Arc::new(values.iter().map(|v| v.map(f)).collect::<StringViewArray>()) };
    let out = match function {
        RowFunction::Lower => map(str::to_lowercase),
        RowFunction::Upper => map(str::to_uppercase),
        RowFunction::Trim => map(|s| s.trim().to_owned()),
        _ => {
            let count = |s: &str| i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
            Arc::new(values.iter().map(|v| v.map(count)).collect::<Int64Array>())
        }
    };
    Ok(of.same_shape(out))
}

pub(crate) fn search(function: RowFunction, of: &Operand, needle: &Operand) -> Result<Operand, RowError> {
    let test: fn(&str, &str) -> bool = match function {
        RowFunction::StartsWith => |a, b| a.starts_with(b),
        RowFunction::EndsWith => |a, b| a.ends_with(b),
        _ => |a, b| a.contains(b),
    };
    let (a, b) = (texts(of.array())?, texts(needle.array())?);
    let (n, scalar) = shape(of, needle);
    let value = |i: usize| {
        let (i, j) = (of.at(i), needle.at(i));
        (a.is_valid(i) && b.is_valid(j)).then(|| test(a.value(i), b.value(j)))
    };
    Ok(shaped(scalar, Arc::new((0..n).map(value).collect::<BooleanArray>())))
}

pub(crate) fn like(of: &Operand, pattern: &str) -> Result<Operand, RowError> {
    let pattern = Pattern::new(pattern);
    let out: BooleanArray = texts(of.array())?.iter().map(|v| v.map(|v| pattern.matches(v))).collect();
    Ok(of.same_shape(Arc::new(out)))
}

/// A LIKE pattern: pieces of fixed length between `%`s.
struct Pattern {
    pieces: Vec<Vec<Option<char>>>,
}

impl Pattern {
    fn new(pattern: &str) -> Self {
        let mut pieces = vec![Vec::new()];
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(chars.next().unwrap_or('\\')),
                c => Some(c),
            };
            if let Some(last) = pieces.last_mut() {
                last.push(piece);
            }
        }
        Self { pieces }
    }

    /// Greedy: each middle piece where it first fits, the last one at the end.
    fn matches(&self, text: &str) -> bool {
        let fits = |piece: &[Option<char>], text: &str| -> Option<usize> {
            let mut chars = text.char_indices();
            for want in piece {
                let (_, c) = chars.next()?;
                if want.is_some_and(|w| w != c) {
                    return None;
                }
            }
            Some(chars.next().map_or(text.len(), |(at, _)| at))
        };
        let Some((first, rest)) = self.pieces.split_first() else {
            return text.is_empty();
        };
        let Some(mut at) = fits(first, text) else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return at == text.len();
        };
        for piece in middle {
            let tail = text.get(at..).unwrap_or("");
            let found = tail
                .char_indices()
                .map(|(i, _)| i)
                .chain([tail.len()])
                .find_map(|i| fits(piece, tail.get(i..)?).map(|end| i + end));
            let Some(end) = found else { return false };
            at += end;
        }
        let tail = text.get(at..).unwrap_or("");
        let Some(skip) = tail.chars().count().checked_sub(last.len()) else {
            return false;
        };
        let start = tail.char_indices().nth(skip).map_or(tail.len(), |(i, _)| i);
        let end = tail.get(start..).unwrap_or("");
        fits(last, end) == Some(end.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn like_follows_sql() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "aéc", true),
            ("a_c", "ac", false),
            ("%", "", true),
            ("", "", true),
            ("_", "", false),
            ("a%b%c", "axxbyybc", true),
            ("a%b%c", "axxc", false),
            (r"100\%", "100%", true),
            (r"100\%", "1000", false),
            ("%aab", "aaab", true),
            ("ab%ab", "ab", false),
            ("%ab%ab%", "xabyab", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{text} like {pattern}");
        }
    }
}
