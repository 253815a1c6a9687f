//! Names for definitions out of what files call things.

use std::collections::BTreeSet;

use crate::resolve::is_reserved;
use crate::syntax::expr::{is_name, is_plain_name};

/// Characters of a name; what is longer is cut.
const LONGEST: usize = 60;

/// The words of a name, in lower case: `CustomerID` is `customer`, `id`; `event_time-ms` is `event`, `time`, `ms`.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        if !c.is_alphanumeric() {
            out.push(std::mem::take(&mut word));
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| chars.get(i)).copied().unwrap_or(' ');
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        let begins = c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && after.is_lowercase()));
        if begins || (c.is_ascii_digit() && before.is_alphabetic() && before.is_lowercase() && word.len() > 3) {
            out.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    out.push(word);
    out.retain(|word| !word.is_empty());
    out
}

/// Whether expressions can say the name as it is.
pub fn can_be_said(name: &str) -> bool {
    is_plain_name(name) && !is_reserved(name)
}

/// A name that expressions can say, as near to the text as may be; `other` where nothing of it remains.
pub fn cleaned(text: &str, other: &str) -> String {
    let mut name = words(text).join("_");
    if !is_name(&name) {
        name = name.chars().map(|c| if is_name(&format!("_{c}")) { c } else { '_' }).collect();
    }
    if name.chars().count() > LONGEST {
        name = name.chars().take(LONGEST).collect();
    }
    let name = name.trim_matches('_').to_owned();
    let name = match name.as_str() {
        "" => other.to_owned(),
        _ if is_name(&name) => name,
        _ => format!("_{name}"),
    };
    if can_be_said(&name) { name } else { format!("{name}_") }
}

/// Names that are taken, so that each is given once.
#[derive(Clone, Debug, Default)]
pub struct Taken(BTreeSet<String>);

impl Taken {
    /// The name, or the name with a number.
    pub fn give(&mut self, name: &str) -> String {
        let mut given = name.to_owned();
        let mut number = 1;
        while !self.0.insert(given.clone()) {
            number += 1;
            given = format!("{name}_{number}");
        }
        given
    }
}

/// `Weekly active users` of `weekly_active_users`.
pub fn title(name: &str) -> String {
    let text = words(name).join(" ");
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::{Taken, can_be_said, cleaned, title, words};

    #[test]
    fn words_of_names() {
        let cases = [
            ("CustomerID", "customer id"),
            ("user_id", "user id"),
            ("eventTimestampMs", "event timestamp ms"),
            ("HTTPStatus", "http status"),
            ("Plan Type", "plan type"),
            ("TotalCharges", "total charges"),
            ("Größe (cm)", "größe cm"),
            ("a.b-c", "a b c"),
            ("", ""),
            ("日本語", "日本語"),
        ];
        for (name, expected) in cases {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn names_that_can_be_said() {
        let cases = [
            ("play", "play"),
            ("Add To Cart", "add_to_cart"),
            ("share", "share_"),
            ("where", "where_"),
            ("2nd visit", "_2nd_visit"),
            ("`;--", "x"),
            ("first", "first_"),
            ("FY2026", "fy2026"),
            ("day", "day_"),
        ];
        for (text, expected) in cases {
            assert_eq!(cleaned(text, "x"), expected, "{text}");
            assert!(can_be_said(&cleaned(text, "x")), "{text}");
        }
        let mut taken = Taken::default();
        assert_eq!([taken.give("a"), taken.give("a"), taken.give("a")], ["a", "a_2", "a_3"]);
        assert_eq!(title("weekly_active_users"), "Weekly active users");
    }
}
