//! A [`Diff`] as text, as Markdown for one comment, as JSON and as annotations. Same diff, same bytes.

mod github;
mod human;
mod json;
mod markdown;

use std::fmt::Write;

use crate::diff::{Cause, Change, Class, Diff, How, Key, Kind, Moved, Numbers, Part};
use crate::report::{NumberFormat, format};
use crate::source::SourceMap;
use crate::value::Value;

/// For a terminal; `colour`: with escapes. `map` is the head's.
pub fn human(diff: &Diff, colour: bool) -> String {
    human::text(diff, colour)
}

/// One comment of a pull request: GitHub-flavoured, long parts folded, shorter than a comment may be.
pub fn markdown(diff: &Diff) -> String {
    markdown::comment(diff)
}

/// For programs; `docs/diff-json.md` describes every key.
pub fn json(diff: &Diff, map: &SourceMap) -> String {
    json::document(diff, map)
}

/// Annotations of a GitHub workflow, a line each. `prefix`: the project's folder below the repository's root, with a `/` at
/// its end.
pub fn github(diff: &Diff, map: &SourceMap, prefix: &str) -> String {
    github::annotations(diff, map, prefix)
}

/// `metric dau`.
pub(super) fn named(key: &Key) -> String {
    if key.kind == Kind::Settings { key.name.clone() } else { format!("{} {}", key.kind.as_str(), key.name) }
}

/// `event active → metric dau`.
pub(super) fn way(way: &[Key]) -> String {
    way.iter().map(named).collect::<Vec<_>>().join(" → ")
}

/// `2 definitions change in meaning (1 breaking)`, `1 number moves`: what a reader wants to know first.
pub(super) fn headline(diff: &Diff) -> String {
    if diff.alone {
        return "the base does not compile".to_owned();
    }
    let mut says = Vec::new();
    let meant = diff.changes.iter().filter(|c| c.class != Class::Prose);
    let breaking = meant.clone().filter(|c| c.class == Class::Breaking).count();
    let changed = meant.count();
    let verb = |n: usize| if n == 1 { "changes" } else { "change" };
    if changed > 0 {
        let mut say = format!("{} {} in meaning", count(changed, "definition"), verb(changed));
        if breaking > 0 {
            let _ = write!(say, " ({breaking} breaking)");
        }
        says.push(say);
    }
    let prose = diff.changes.iter().filter(|c| c.class == Class::Prose).count();
    if prose > 0 {
        says.push(format!("{} {} in prose only", count(prose, "definition"), verb(prose)));
    }
    let moved = diff.numbers.iter().filter(|n| n.values.iter().any(both)).count();
    if moved > 0 {
        says.push(format!("{} {}", count(moved, "metric"), if moved == 1 { "moves" } else { "move" }));
    }
    let flipped = diff.objectives.iter().filter(|o| o.flipped).count();
    if flipped > 0 {
        says.push(format!("{} {}", count(flipped, "objective"), if flipped == 1 { "flips" } else { "flip" }));
    }
    if !diff.goalposts.is_empty() {
        let bare = diff.goalposts.iter().filter(|g| g.unexplained()).count();
        says.push(match bare {
            0 => "goalposts were moved".to_owned(),
            _ => "goalposts were moved without a reason".to_owned(),
        });
    }
    if says.is_empty() { "nothing changes in meaning".to_owned() } else { says.join(", ") }
}

/// Whether an objective is new, and not merely one that has nothing to be compared with.
pub(super) fn is_added(diff: &Diff, name: &str) -> bool {
    let added = |c: &Change| c.key.kind == Kind::Objective && c.key.name == name && c.how == How::Added;
    diff.changes.iter().any(added)
}

pub(super) fn count(n: usize, noun: &str) -> String {
    format::plural(u64::try_from(n).unwrap_or(u64::MAX), noun)
}

/// Both sides have the value.
pub(super) fn both(moved: &Moved) -> bool {
    moved.old.is_some() && moved.new.is_some()
}

/// `changed`, `renamed from visits`.
pub(super) fn how(change: &Change) -> String {
    match (change.how, &change.was) {
        (How::Renamed, Some(was)) => format!("renamed from {was}"),
        (how, _) => how.as_str().to_owned(),
    }
}

/// The parts that say something, `scope, formula`.
pub(super) fn labels(change: &Change) -> String {
    change.parts.iter().map(|p| p.label).collect::<Vec<_>>().join(", ")
}

/// The parts with a text of their own.
pub(super) fn spelt(change: &Change) -> impl Iterator<Item = &Part> {
    change.parts.iter().filter(|p| p.old != p.new)
}

pub(super) fn value(value: Option<&Value>, as_shown: &NumberFormat) -> String {
    match value {
        None => "—".to_owned(),
        Some(value) => match value.as_f64() {
            Some(number) => format::number(number, as_shown),
            None if value.is_null() => format::NO_DATA.to_owned(),
            None => value.to_string(),
        },
    }
}

/// A row of the table of what moved: period, part, old, new, difference, relative, cause.
pub(super) fn row(numbers: &Numbers, moved: &Moved) -> [String; 6] {
    let by: Vec<String> = moved.by.iter().map(|(_, value)| value.to_string()).collect();
    let mut place = moved.period.clone();
    if !by.is_empty() {
        let _ = write!(place, ", {}", by.join(", "));
    }
    if !moved.complete {
        place += " (incomplete)";
    }
    let old_format = numbers.other_unit.as_ref().unwrap_or(&numbers.format);
    [
        place,
        value(moved.old.as_ref(), old_format),
        value(moved.new.as_ref(), &numbers.format),
        moved.difference.map_or_else(String::new, |d| format::difference(d, &numbers.format)),
        moved.relative.map_or_else(String::new, format::change),
        causes(numbers, moved),
    ]
}

/// `definition`; of several, what each adds.
fn causes(numbers: &Numbers, moved: &Moved) -> String {
    let one = |(cause, adds): &(Cause, Option<f64>)| match adds {
        Some(adds) => format!("{} {}", cause.as_str(), format::difference(*adds, &numbers.format)),
        None => cause.as_str().to_owned(),
    };
    match moved.causes.as_slice() {
        [(cause, _)] => cause.as_str().to_owned(),
        several => several.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// `12 of 60 values move, at most by 20 %`, `no value moves`.
pub(super) fn summary(numbers: &Numbers) -> String {
    let moved = numbers.values.iter().filter(|m| both(m)).count();
    let all = moved + numbers.same;
    let mut says = Vec::new();
    if all > 0 {
        let verb = if moved == 1 { "moves" } else { "move" };
        let mut say = if moved == 0 {
            format!("none of {} {verb}", count(all, "value"))
        } else {
            format!("{} of {} {verb}", format::grouped(&moved.to_string()), count(all, "value"))
        };
        let most = numbers.values.iter().filter_map(|m| m.relative).max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if let Some(most) = most.filter(|_| moved > 0) {
            let _ = write!(say, ", at most by {}", format::change(most));
        }
        says.push(say);
    }
    let only_old = numbers.values.iter().filter(|m| m.new.is_none()).count();
    let only_new = numbers.values.iter().filter(|m| m.old.is_none()).count();
    for (n, side) in [(only_old, "base"), (only_new, "head")] {
        if n > 0 {
            says.push(format!("{} only at the {side}", count(n, "value")));
        }
    }
    if says.is_empty() { "no value on either side".to_owned() } else { says.join(", ") }
}

/// The values of a line, in eight heights; a blank where there is none. One scale for all lines of a metric.
pub(super) fn sparks(numbers: &Numbers) -> (String, String) {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const MOST: usize = 24;
    let from = numbers.series.len().saturating_sub(MOST);
    let series = numbers.series.get(from..).unwrap_or_default();
    let old: Vec<Option<f64>> = series.iter().map(|(_, old, _)| *old).collect();
    let new: Vec<Option<f64>> = series.iter().map(|(.., new)| *new).collect();
    let scale = |values: &[Option<f64>], of: &[Option<f64>]| {
        let all = of.iter().flatten().copied();
        let (low, high) = (all.clone().fold(f64::INFINITY, f64::min), all.fold(f64::NEG_INFINITY, f64::max));
        let block = |v: f64| {
            let share = if high > low { (v - low) / (high - low) } else { 0.5 };
            BLOCKS.get(((share * 7.0).round() as usize).min(7)).copied().unwrap_or(' ')
        };
        values.iter().map(|v| v.map_or(' ', block)).collect::<String>()
    };
    if numbers.other_unit.is_some() {
        return (scale(&old, &old), scale(&new, &new));
    }
    let all: Vec<Option<f64>> = old.iter().chain(&new).copied().collect();
    (scale(&old, &all), scale(&new, &all))
}
