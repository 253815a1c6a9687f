//! Where YAML ends a plain scalar silently: at ` #`, which begins a comment, and inside `[…]` and `{…}` at a comma.
//! What is left then has a parenthesis or a quote that nothing closes.

/// The parenthesis or quote that is open at the end of the text, and its place.
pub(super) fn open_at_end(text: &str) -> Option<(usize, char)> {
    let mut parentheses = Vec::new();
    let mut quote: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some((_, q)) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '`' => quote = Some((at, c)),
                '(' => parentheses.push((at, c)),
                ')' => {
                    parentheses.pop();
                }
                _ => {}
            },
        }
    }
    quote.or(parentheses.pop())
}

/// What follows a plain scalar, when it cut the scalar short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Comment,
    Comma,
}

/// `rest` is the file from the scalar's end on.
pub(super) fn cut_by(rest: &str, in_flow: bool) -> Option<Cut> {
    let blanks = rest.trim_start_matches([' ', '\t']);
    if blanks.len() < rest.len() && blanks.starts_with('#') {
        return Some(Cut::Comment);
    }
    (in_flow && blanks.trim_start_matches(['\r', '\n', ' ', '\t']).starts_with(',')).then_some(Cut::Comma)
}

#[cfg(test)]
mod tests {
    use super::{Cut, cut_by, open_at_end};

    #[test]
    fn finds_what_is_left_open() {
        let cases = [
            ("count(x)", None),
            ("count(x", Some((5, '('))),
            ("a = \"b (\" and c", None),
            ("a = \"b", Some((4, '"'))),
            ("`Plan Type", Some((0, '`'))),
            ("f(g(x)", Some((1, '('))),
            ("95)", None),
        ];
        for (text, expected) in cases {
            assert_eq!(open_at_end(text), expected, "{text}");
        }
    }

    #[test]
    fn tells_a_comment_from_a_comma() {
        assert_eq!(cut_by(" # c\n", false), Some(Cut::Comment));
        assert_eq!(cut_by("# c\n", false), None);
        assert_eq!(cut_by(", b]", true), Some(Cut::Comma));
        assert_eq!(cut_by(", b]", false), None);
        assert_eq!(cut_by("\nb: c", true), None);
    }
}
