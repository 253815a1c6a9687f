//! What actors are called: after the column that says who they are, in words that a reader knows.

/// What a column counts, by its name: `user_id` → `user`, `Customer ID` → `customer`; two columns of one entity count the same.
pub fn entity_of(column: &str) -> Option<String> {
    let of = |name: &str| {
        let trimmed = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).replace([' ', '-'], "_");
        let whole = trimmed(name);
        let stem = name.strip_suffix("id").map(trimmed).filter(|stem| !SHORT.contains(&stem.as_str()));
        Some(stem.unwrap_or(whole)).filter(|entity| !entity.is_empty())
    };
    let lower = column.to_lowercase();
    // Of a nested field the last name says it.
    lower.rsplit('.').next().and_then(of).or_else(|| of(&lower))
}

/// What stands before the `id` of `uid`, `uuid` and `guid`, which says nothing alone.
const SHORT: [&str; 3] = ["u", "uu", "gu"];

/// Words of a name that say that it is one of an identifier.
const ENDS: [&str; 10] = ["id", "key", "uuid", "guid", "no", "nr", "num", "number", "nummer", "hash"];

/// Words that say how somebody is known, not who it is.
const HIDDEN: [&str; 7] = ["pseudo", "anonymous", "anon", "distinct", "hashed", "cookie", "fingerprint"];

/// What one of an entity is called where it is shown: a `visitor` where an anonymous identifier is all that is known, a `user`
/// of `user_pseudo_id`. Entities that are shown alike are still two.
pub fn noun(entity: &str) -> String {
    let last = entity.rsplit('.').next().unwrap_or(entity);
    let mut words: Vec<&str> = last.split('_').filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && words.last().is_some_and(|last| ENDS.contains(last)) {
        words.pop();
    }
    let said: Vec<&str> = words.iter().filter(|word| !HIDDEN.contains(word)).copied().collect();
    if said.is_empty() && !words.is_empty() {
        return "visitor".to_owned();
    }
    let word = said.join("_");
    let glued =
        ENDS.iter().filter(|end| end.len() > 3).find_map(|end| word.strip_suffix(end)).filter(|stem| stem.len() > 2);
    match word.as_str() {
        "uid" => "user".to_owned(),
        "" | "id" | "uuid" | "guid" => "actor".to_owned(),
        _ => glued.unwrap_or(&word).trim_end_matches('_').to_owned(),
    }
}

/// Nouns of other languages that English would get wrong, and their plurals.
const OTHERS: [(&str, &str); 32] = [
    ("kunde", "kunden"),
    ("kunden", "kunden"),
    ("kundin", "kundinnen"),
    ("nutzer", "nutzer"),
    ("benutzer", "benutzer"),
    ("anwender", "anwender"),
    ("besucher", "besucher"),
    ("teilnehmer", "teilnehmer"),
    ("spieler", "spieler"),
    ("leser", "leser"),
    ("hoerer", "hoerer"),
    ("zuschauer", "zuschauer"),
    ("kaeufer", "kaeufer"),
    ("schueler", "schueler"),
    ("mieter", "mieter"),
    ("fahrer", "fahrer"),
    ("mitarbeiter", "mitarbeiter"),
    ("empfaenger", "empfaenger"),
    ("abonnent", "abonnenten"),
    ("klient", "klienten"),
    ("interessent", "interessenten"),
    ("mitglied", "mitglieder"),
    ("konto", "konten"),
    ("firma", "firmen"),
    ("haushalt", "haushalte"),
    ("geraet", "geraete"),
    ("vertrag", "vertraege"),
    ("klant", "klanten"),
    ("kund", "kunder"),
    ("bruker", "brukere"),
    ("utente", "utenti"),
    ("abbonato", "abbonati"),
];

/// `users` of `user`, `companies` of `company`. What is a plural already, and what is written with letters that English does not
/// have, stays as it is.
pub fn plural(singular: &str) -> String {
    let (before, last) = singular.rsplit_once('_').map_or(("", singular), |(before, last)| (before, last));
    if !before.is_empty() {
        return format!("{before}_{}", plural(last));
    }
    if last == "person" {
        return "people".to_owned();
    }
    if let Some((_, many)) = OTHERS.iter().find(|(one, _)| *one == last) {
        return (*many).to_owned();
    }
    let one = ["ss", "us", "is", "as"].iter().any(|end| last.ends_with(end));
    if !last.is_ascii() || (last.ends_with('s') && last.len() > 3 && !one) {
        return last.to_owned();
    }
    let vowel_before_y = |stem: &str| stem.ends_with(['a', 'e', 'i', 'o', 'u']) || stem.is_empty();
    if let Some(stem) = last.strip_suffix('y').filter(|stem| !vowel_before_y(stem)) {
        return format!("{stem}ies");
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|end| last.ends_with(end)) {
        return format!("{last}es");
    }
    format!("{last}s")
}

#[cfg(test)]
mod tests {
    use super::{entity_of, noun, plural};

    #[test]
    fn names_of_columns() {
        // Column, entity, what one and many are called.
        let cases = [
            ("user_id", "user", "user", "users"),
            ("userId", "user", "user", "users"),
            ("Customer ID", "customer", "customer", "customers"),
            ("CustomerID", "customer", "customer", "customers"),
            ("customer-number", "customer_number", "customer", "customers"),
            ("CustomerNumber", "customernumber", "customer", "customers"),
            ("account_key", "account_key", "account", "accounts"),
            ("company_id", "company", "company", "companies"),
            ("person_id", "person", "person", "people"),
            ("members_id", "members", "members", "members"),
            ("business_id", "business", "business", "businesses"),
            ("anonymous_id", "anonymous", "visitor", "visitors"),
            ("anonymousId", "anonymous", "visitor", "visitors"),
            ("distinct_id", "distinct", "visitor", "visitors"),
            ("cookie_id", "cookie", "visitor", "visitors"),
            ("visitor_id", "visitor", "visitor", "visitors"),
            ("user_pseudo_id", "user_pseudo", "user", "users"),
            ("anonymous_user_id", "anonymous_user", "user", "users"),
            ("device_id", "device", "device", "devices"),
            ("client_id", "client", "client", "clients"),
            ("uid", "uid", "user", "users"),
            ("uuid", "uuid", "actor", "actors"),
            ("props.user.id", "props.user", "user", "users"),
            ("kunden_id", "kunden", "kunden", "kunden"),
            ("kunde_id", "kunde", "kunde", "kunden"),
            ("Kundennummer", "kundennummer", "kunden", "kunden"),
            ("nutzer_id", "nutzer", "nutzer", "nutzer"),
            ("hörer_id", "hörer", "hörer", "hörer"),
            ("utilisateur_id", "utilisateur", "utilisateur", "utilisateurs"),
            ("domain_userid", "domain_user", "domain_user", "domain_users"),
        ];
        for (column, entity, one, many) in cases {
            assert_eq!(entity_of(column).as_deref(), Some(entity), "{column}");
            assert_eq!(noun(entity), one, "{column}");
            assert_eq!(plural(one), many, "{column}");
        }
        assert_eq!(entity_of("id"), None);
    }
}
