//! Two programs, definition by definition.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::diff::define::{Definer, Definition};
use crate::diff::{Change, Class, How, Key, Kind, Part, Side};

/// The most ways to one definition that are told.
const MOST_WAYS: usize = 5;

/// The definitions that are not what they were, in the order in which they rest on each other, then by name.
pub fn meaning(base: Side, head: Side) -> Vec<Change> {
    let none = BTreeMap::new();
    let after = Definer::new(head, &none).all();
    // Rows are told apart by their sources' names: sources come first.
    let mut before = Definer::new(base, &none).all();
    let sources = renamed(&before, &after, |key| key.kind == Kind::Source);
    if !sources.is_empty() {
        let names = sources.iter().map(|(old, new)| (old.name.clone(), new.name.clone())).collect();
        before = Definer::new(base, &names).all();
    }
    let renamed = renamed(&before, &after, |_| true);
    compare(&before, &after, &renamed)
}

/// Definitions that went, and the ones of the same meaning that came: old keys to new ones.
fn renamed(before: &[Definition], after: &[Definition], wanted: impl Fn(&Key) -> bool) -> BTreeMap<Key, Key> {
    let keys = |all: &[Definition]| all.iter().map(|d| d.key.clone()).collect::<BTreeSet<Key>>();
    let (old, new) = (keys(before), keys(after));
    let mut came: BTreeMap<(Kind, String), VecDeque<&Key>> = BTreeMap::new();
    let mut candidates: Vec<&Definition> = after.iter().filter(|d| !old.contains(&d.key) && wanted(&d.key)).collect();
    candidates.sort_by(|a, b| a.key.cmp(&b.key));
    for definition in candidates {
        came.entry((definition.key.kind, told_apart(definition))).or_default().push_back(&definition.key);
    }
    let mut went: Vec<&Definition> = before.iter().filter(|d| !new.contains(&d.key) && wanted(&d.key)).collect();
    went.sort_by(|a, b| a.key.cmp(&b.key));
    let mut pairs = BTreeMap::new();
    for definition in went {
        let same = came.get_mut(&(definition.key.kind, told_apart(definition))).and_then(VecDeque::pop_front);
        pairs.extend(same.map(|key| (definition.key.clone(), key.clone())));
    }
    pairs
}

/// By what a definition is known again under another name: a goal has nothing but its title.
fn told_apart(definition: &Definition) -> String {
    let title = definition.parts.iter().find(|p| p.label == "title" && definition.key.kind == Kind::Goal);
    format!("{}{}", definition.meaning(), title.map_or("", |t| t.meaning.as_str()))
}

fn compare(before: &[Definition], after: &[Definition], renamed: &BTreeMap<Key, Key>) -> Vec<Change> {
    let old: BTreeMap<&Key, &Definition> = before.iter().map(|d| (renamed.get(&d.key).unwrap_or(&d.key), d)).collect();
    let new: BTreeMap<&Key, &Definition> = after.iter().map(|d| (&d.key, d)).collect();
    let mut changes: BTreeMap<&Key, Change> = BTreeMap::new();
    for (key, definition) in &new {
        let change = match old.get(key) {
            None => Some(Change {
                key: (*key).clone(),
                was: None,
                how: How::Added,
                class: Class::Compatible,
                parts: Vec::new(),
                because: Vec::new(),
                span: Some(definition.span),
            }),
            Some(was) => changed(was, definition),
        };
        changes.extend(change.map(|change| (*key, change)));
    }
    for (key, definition) in &old {
        if !new.contains_key(key) {
            let removed = Change {
                key: (*key).clone(),
                was: Some(definition.key.name.clone()),
                how: How::Removed,
                class: Class::Breaking,
                parts: Vec::new(),
                because: Vec::new(),
                span: None,
            };
            changes.insert(key, removed);
        }
    }
    let graph = Graph { old: &old, new: &new, changes: &changes, renamed };
    let because: BTreeMap<Key, Vec<Vec<Key>>> =
        changes.iter().map(|(key, change)| ((*key).clone(), graph.because(key, change))).collect();
    let mut changes: Vec<Change> = changes.into_values().collect();
    for change in &mut changes {
        change.because = because.get(&change.key).cloned().unwrap_or_default();
    }
    changes
}

/// What differs of a definition that both sides have.
fn changed(was: &Definition, is: &Definition) -> Option<Change> {
    let mut parts = Vec::new();
    for part in &is.parts {
        let Some(before) = was.parts.iter().find(|p| p.label == part.label) else { continue };
        if before.meaning != part.meaning {
            // What is read alike and means another thing shows nothing.
            let (old, new) = if before.shown == part.shown {
                (String::new(), String::new())
            } else {
                (before.shown.clone(), part.shown.clone())
            };
            parts.push(Part { label: part.label, class: part.class, old, new });
        }
    }
    let renamed = was.key.name != is.key.name;
    if parts.is_empty() && !renamed {
        return None;
    }
    // What follows from another part is not said twice.
    let follows = |p: &Part| ["formula", "actor"].contains(&p.label) && p.old == p.new;
    if parts.iter().any(|p| p.class != Class::Prose && !follows(p)) {
        parts.retain(|p| !follows(p));
    }
    parts.sort_by_key(|p| std::cmp::Reverse(p.class));
    let class = parts.iter().map(|p| p.class).max().unwrap_or(Class::Prose);
    Some(Change {
        key: is.key.clone(),
        was: Some(was.key.name.clone()),
        how: if renamed { How::Renamed } else { How::Changed },
        class: if renamed { class.max(Class::Compatible) } else { class },
        parts,
        because: Vec::new(),
        span: Some(is.span),
    })
}

/// Who rests on whom.
struct Graph<'a> {
    old: &'a BTreeMap<&'a Key, &'a Definition>,
    new: &'a BTreeMap<&'a Key, &'a Definition>,
    changes: &'a BTreeMap<&'a Key, Change>,
    renamed: &'a BTreeMap<Key, Key>,
}

impl Graph<'_> {
    /// What a definition rests on, on either side, by the names of the head.
    fn uses(&self, key: &Key) -> BTreeSet<Key> {
        let of = |d: Option<&&Definition>| d.map(|d| d.uses.clone()).unwrap_or_default();
        let old = of(self.old.get(key)).into_iter().map(|k| self.renamed.get(&k).cloned().unwrap_or(k));
        of(self.new.get(key)).into_iter().chain(old).collect()
    }

    /// Whether a definition was changed itself, in more than its prose.
    fn itself(&self, key: &Key) -> bool {
        let Some(change) = self.changes.get(key) else { return false };
        match change.how {
            How::Added | How::Removed => true,
            _ if change.class == Class::Prose => false,
            _ => match (self.old.get(key), self.new.get(key)) {
                (Some(old), Some(new)) => old.own != new.own && change.parts.iter().any(|p| p.class != Class::Prose),
                _ => true,
            },
        }
    }

    fn because(&self, key: &Key, change: &Change) -> Vec<Vec<Key>> {
        let moved = matches!(change.how, How::Changed | How::Renamed) && change.class != Class::Prose;
        if !moved || change.parts.iter().all(|p| p.class == Class::Prose) {
            return Vec::new();
        }
        let of_settings = |label: &str| ["calendar", "unit", "formula", "due", "baseline"].contains(&label);
        let by_settings = change.parts.iter().any(|p| of_settings(p.label));
        let mut ways = Vec::new();
        let mut seen = BTreeSet::from([key.clone()]);
        let mut next = VecDeque::from([vec![key.clone()]]);
        while let Some(way) = next.pop_front() {
            let Some(last) = way.last() else { continue };
            for used in self.uses(last) {
                if !seen.insert(used.clone()) {
                    continue;
                }
                let mut longer = way.clone();
                longer.push(used.clone());
                let cause =
                    if used.kind == Kind::Settings { by_settings && self.calendar() } else { self.itself(&used) };
                if cause {
                    ways.push(longer.into_iter().rev().collect());
                } else {
                    next.push_back(longer);
                }
            }
        }
        ways.truncate(MOST_WAYS);
        ways
    }

    /// Whether the settings differ in what numbers depend on; "now" and the data folder are not part of a meaning.
    fn calendar(&self) -> bool {
        let settings = self.changes.iter().find(|(key, _)| key.kind == Kind::Settings);
        settings.is_some_and(|(_, change)| {
            change.parts.iter().any(|p| p.class != Class::Prose && !["as of", "data"].contains(&p.label))
        })
    }
}
