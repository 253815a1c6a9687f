//! What stands between two values: line breaks, comments, and signs of YAML that are written anew.

/// The stretch of text between two values.
#[derive(Debug, Default)]
pub(super) struct Gap<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// There is a line break in it.
    pub(super) broken: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A comment behind a value.
    Trailing(&'a str),
    /// A comment on a line of its own, and its column.
    Own(&'a str, usize),
    Blank,
    /// `---`.
    Document,
}

impl<'a> Gap<'a> {
    /// `text[from..to]`, which no value overlaps.
    pub(super) fn read(text: &'a str, from: usize, to: usize) -> Self {
        let mut gap = Self::default();
        let mut at = from;
        for part in text.get(from..to).unwrap_or("").split_inclusive('\n') {
            let before = text.get(..at).unwrap_or("");
            let whole = before.is_empty() || before.ends_with('\n');
            let line = part.trim_end_matches('\n');
            // Where no value stands the sign begins a comment, wherever it is.
            match line.find('#') {
                Some(start) => {
                    let (signs, comment) = line.split_at(start);
                    let column = at + start - before.rfind('\n').map_or(0, |i| i + 1);
                    let comment = comment.trim_end();
                    let own = whole && signs.trim().is_empty();
                    gap.items.push(if own { Item::Own(comment, column) } else { Item::Trailing(comment) });
                }
                None if whole && line.starts_with("---") => gap.items.push(Item::Document),
                None if whole && line.trim().is_empty() && part.ends_with('\n') => gap.items.push(Item::Blank),
                None => {}
            }
            gap.broken |= part.ends_with('\n');
            at += part.len();
        }
        gap
    }

    pub(super) fn has_comments(&self) -> bool {
        self.items.iter().any(|item| *item != Item::Blank)
    }
}
