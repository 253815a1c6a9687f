//! Two columns that say together who did it: identifiers that begin again in each tenant.

use crate::profile::guess::{ACTORS, Role, has, is_identifier, named_id};
use crate::profile::names::words;
use crate::profile::text::grouped;
use crate::profile::{Column, Profile};

/// Words for what people belong to.
const AROUND: [&str; 15] = [
    "tenant",
    "organisation",
    "organization",
    "org",
    "workspace",
    "company",
    "account",
    "merchant",
    "shop",
    "store",
    "site",
    "instance",
    "realm",
    "mandant",
    "mandanten",
];
/// Pairs of columns that are looked at.
const MOST: usize = 4;
/// Characters of an identifier that may begin again; what is longer is one everywhere.
const SHORT: u64 = 6;

/// Which columns, by their names, may say together who did it: what somebody belongs to, and who it is there.
pub fn pairs(names: &[&str]) -> Vec<(usize, usize)> {
    let is = |name: &str, of: &[&str]| {
        let words = words(name);
        let id = words.len() == 1 || words.last().is_some_and(|last| super::IDS.contains(&last.as_str()));
        id && has(&words, of).is_some()
    };
    let outer: Vec<usize> = (0..names.len()).filter(|at| names.get(*at).is_some_and(|n| is(n, &AROUND))).collect();
    let inner = |at: &usize| names.get(*at).is_some_and(|n| is(n, &ACTORS) && !is(n, &AROUND));
    let inner: Vec<usize> = (0..names.len()).filter(inner).collect();
    let all = outer.iter().flat_map(|a| inner.iter().map(|b| (*a, *b)));
    all.take(MOST).collect()
}

/// What the actors belong to, if one of them alone clearly is not somebody: short identifiers that are there in several.
pub(super) fn within(profile: &Profile, actor: &Role) -> Option<Role> {
    let inner = profile.column(&actor.column).filter(|column| begins_again(column))?;
    let ids = inner.distinct.value;
    let mut found = profile.pairs.iter().filter(|pair| pair.inner == actor.column);
    found.find_map(|pair| {
        let outer = profile.column(&pair.outer).filter(|column| is_identifier(column) || named_id(column))?;
        let (pairs, around) = (pair.distinct.value, outer.distinct.value);
        // More than one somebody for each identifier, and more than one in each of what they belong to.
        let clear = around >= 2 && outer.nulls == 0 && pairs >= ids + 5 && pairs * 2 >= ids * 3 && pairs >= around * 2;
        let about = if pair.distinct.about || inner.distinct.about { "about " } else { "" };
        let why = format!(
            "{about}{} pairs of `{}` and `{}` but only {} of the latter, which seem to begin again in each of the former",
            grouped(pairs),
            pair.outer,
            pair.inner,
            grouped(ids)
        );
        clear.then(|| Role { column: pair.outer.clone(), why })
    })
}

fn begins_again(column: &Column) -> bool {
    is_identifier(column) && (column.is_number() || column.lengths.is_some_and(|(_, longest)| longest <= SHORT))
}

#[cfg(test)]
mod tests {
    use super::{pairs, within};
    use crate::ir::ScalarType::{self, Int, Text};
    use crate::profile::guess::Role;
    use crate::profile::tests::column;
    use crate::profile::{Count, Pair, Profile};

    #[test]
    fn by_their_names() {
        assert_eq!(pairs(&["ts", "tenant_id", "user_id", "user_name"]), [(1, 2)]);
        assert_eq!(pairs(&["user", "workspace", "org_id"]), [(1, 0), (2, 0)]);
        assert_eq!(pairs(&["ts", "user_id", "country"]), []);
        // Both are what people belong to.
        assert_eq!(pairs(&["company_id", "account_id"]), []);
    }

    #[test]
    fn identifiers_that_begin_again() {
        let seen = |ty: ScalarType, longest, (tenants, users, all): (u64, u64, u64)| {
            let mut user = column("user_id", ty, users);
            user.lengths = (ty == Text).then_some((1, longest));
            let count = |value| Count { value, about: false };
            let pair = Pair { outer: "tenant_id".to_owned(), inner: "user_id".to_owned(), distinct: count(all) };
            let columns = vec![column("tenant_id", Text, tenants), user];
            let profile = Profile { rows: 1000, seen: 1000, columns, pairs: vec![pair], ..Profile::default() };
            within(&profile, &Role { column: "user_id".to_owned(), why: String::new() }).is_some()
        };
        assert!(seen(Int, 0, (4, 30, 100)));
        assert!(seen(Text, 3, (4, 30, 100)));
        // Long identifiers are one everywhere; so are those of people who belong to one.
        assert!(!seen(Text, 36, (4, 30, 100)));
        assert!(!seen(Int, 0, (4, 100, 100)));
        // A few who belong to two.
        assert!(!seen(Int, 0, (4, 100, 120)));
        // One tenant.
        assert!(!seen(Int, 0, (1, 30, 30)));
        // A user of each.
        assert!(!seen(Int, 0, (40, 1, 40)));
    }
}
