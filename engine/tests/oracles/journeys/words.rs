//! Conditions in plain words, as kepi writes them.

/// `key = 'val' and $number = 1`: columns go through `column`; a number compared for equality may be text (`texts`).
pub fn condition(words: &str, texts: bool, column: &dyn Fn(&str) -> String) -> Result<String, String> {
    let tokens = tokens(words)?;
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = |n: usize| tokens.get(at + n).map_or("", String::as_str);
        let lower = token.to_lowercase();
        match lower.as_str() {
            "and" | "or" | "not" | "(" | ")" | "true" | "false" => out.push(lower),
            _ => {
                let column = column(token);
                let (text, used) = match (next(1).to_lowercase().as_str(), next(2).to_lowercase().as_str()) {
                    ("is", "missing" | "null") => (format!("{column} is null"), 3),
                    ("is", "set") => (format!("{column} is not null"), 3),
                    ("is", "not") => (format!("{column} is not null"), 4),
                    ("contains", _) => (format!("contains({column}, {})", literal(next(2), texts)), 3),
                    ("even", _) => (format!("floor({column} / 2) * 2 = {column}"), 2),
                    ("odd", _) => (format!("floor({column} / 2) * 2 != {column}"), 2),
                    ("=" | "==", _) => (format!("{column} = {}", literal(next(2), texts)), 3),
                    ("<>" | "!=", _) => (format!("{column} != {}", literal(next(2), texts)), 3),
                    (op @ ("<" | "<=" | ">" | ">="), _) => (format!("{column} {op} {}", literal(next(2), false)), 3),
                    _ => return Err(format!("no condition that is understood: {words}")),
                };
                out.push(text);
                at += used - 1;
            }
        }
        at += 1;
    }
    Ok(out.join(" "))
}

fn literal(token: &str, texts: bool) -> String {
    match token.strip_prefix('\'') {
        Some(text) => format!("{text:?}"),
        None if texts && token.parse::<f64>().is_ok() => format!("{token:?}"),
        None => token.to_owned(),
    }
}

/// Words, operators, and texts with a quote in front.
fn tokens(words: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = words.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' | '"' => {
                let end = rest[1..].find(first).ok_or_else(|| format!("no end of a text: {words}"))?;
                found.push(format!("'{}", &rest[1..=end]));
                rest = rest[end + 2..].trim_start();
                continue;
            }
            '(' | ')' => 1,
            '=' | '<' | '>' | '!' => rest.find(|c| !"=<>!".contains(c)).unwrap_or(rest.len()),
            _ => rest.find(|c: char| c.is_whitespace() || "=<>!()'\"".contains(c)).unwrap_or(rest.len()),
        };
        found.push(rest[..taken].to_owned());
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}
