//! "Did you mean": the known word that a mistyped one is close to.

/// Longer words are not compared: they are no slip of the hand, and the comparison takes the product of the lengths.
const LONGEST: usize = 64;

/// The candidate nearest to `word`, when it is near enough to be meant: one slip in four letters. Of equals the first.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let most = (word.chars().count().max(candidate.chars().count()) / 4).max(1);
        if candidate.len().abs_diff(word.len()) > most * 4 {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
        if distance <= most && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `; did you mean \`x\`?` or nothing, to end a message with.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, candidates).map_or_else(String::new, |c| format!("; did you mean `{c}`?"))
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_words_only() {
        let keys = ["metric", "target", "due", "owner", "guardrails"];
        let cases = [
            ("metrics", Some("metric")),
            ("Metric", Some("metric")),
            ("gaurdrails", Some("guardrails")),
            ("du", Some("due")),
            ("x", None),
            ("onwer", Some("owner")),
            ("deadline", None),
        ];
        for (word, expected) in cases {
            assert_eq!(closest(word, keys), expected, "{word}");
        }
    }
}
