//! Whether two answers are the same.

use kepi_lang::results::{Answer, AnswerRow, Ledger, LookupUse, Results};
use kepi_lang::value::Value;

use crate::reference::Answers;

/// What differs; nothing when all is the same. `pruned`: by source, whether pieces of its files may have been left out by
/// time, so that what would have been said of their rows (no time is read always) is that they are outside.
pub fn differences(engine: &Results, reference: &Answers, pruned: &[bool]) -> Vec<String> {
    let mut found = Vec::new();
    if engine.answers.len() != reference.answers.len() {
        found.push(format!("{} answers, {} expected", engine.answers.len(), reference.answers.len()));
    }
    for (number, (found_answer, wanted)) in engine.answers.iter().zip(&reference.answers).enumerate() {
        found.extend(answers(found_answer, wanted).map(|what| format!("ask {number}: {what}")));
    }
    for (one, other) in pairs(&engine.ledgers, &reference.ledgers, |l| l.source) {
        match (one, other) {
            (Some(engine), Some(wanted)) => {
                let pruned = pruned.get(engine.source.0 as usize) == Some(&true);
                found.extend(ledgers(engine, wanted, pruned));
            }
            (one, other) => found.push(format!("a ledger is missing: {one:?}, {other:?}")),
        }
    }
    let lookup = |l: &LookupUse| (l.name.clone(), l.link.clone(), l.rows, l.missing);
    let (one, other): (Vec<Looked>, Vec<Looked>) =
        (engine.lookups.iter().map(lookup).collect(), reference.lookups.iter().map(lookup).collect());
    let same = |(a, b): (&Looked, &Looked)| {
        let pruned = reference.in_scope.contains(&a.1) && pruned.contains(&true);
        (&a.0, &a.1, a.2) == (&b.0, &b.1, b.2) && (a.3 == b.3 || (pruned && a.3 < b.3))
    };
    if one.len() != other.len() || !one.iter().zip(&other).all(same) {
        found.push(format!("lookups {one:?}, expected {other:?}"));
    }
    found
}

/// A lookup's name, link, rows, and rows without a match.
type Looked = (String, String, u64, u64);

type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

fn pairs<'a, T, K: Ord>(left: &'a [T], right: &'a [T], key: impl Fn(&T) -> K) -> Vec<Pair<'a, T>> {
    let mut keys: Vec<K> = left.iter().chain(right).map(&key).collect();
    keys.sort();
    keys.dedup();
    let find = |list: &'a [T], k: &K| list.iter().find(|item| key(item) == *k);
    keys.iter().map(|k| (find(left, k), find(right, k))).collect()
}

fn answers(engine: &Answer, wanted: &Answer) -> Option<String> {
    let rows = engine.rows.iter().zip(&wanted.rows);
    let same = |(one, other): (&AnswerRow, &AnswerRow)| {
        (one.period, &one.by, one.complete) == (other.period, &other.by, other.complete)
            && is_same(&one.value, &other.value)
    };
    if engine.rows.len() == wanted.rows.len() && rows.clone().all(same) {
        return None;
    }
    // As many as can be looked at, from the first that differs.
    let from = rows.clone().position(|pair| !same(pair)).unwrap_or(engine.rows.len().min(wanted.rows.len()));
    let shown = |answer: &Answer| {
        let lines = answer.rows.iter().skip(from).take(10).map(|r| {
            format!("    {} {:?} {:?}{}\n", r.period, r.by, r.value, if r.complete { "" } else { " incomplete" })
        });
        lines.collect::<String>()
    };
    Some(format!(
        "{} rows, {} expected; from row {from} on the engine has\n{}the reference\n{}",
        engine.rows.len(),
        wanted.rows.len(),
        shown(engine),
        shown(wanted)
    ))
}

/// Whole numbers, decimals, texts, times: exactly. Floats to 1e-9 of their size: sums are exact on both sides, but the
/// steps after them (quotients, roots, squares of deviations) are rounded one by one, and not in the same order.
pub fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            let (a, b) = (a.get(), b.get());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) || (a - b).abs() < 1e-12
        }
        _ => a == b,
    }
}

fn ledgers(engine: &Ledger, wanted: &Ledger, pruned: bool) -> Vec<String> {
    let mut found = Vec::new();
    if !engine.balances() {
        found.push(format!("the ledger does not balance: {engine:?}"));
    }
    let numbers = |l: &Ledger| {
        let left_out = [l.no_time, l.out_of_scope, l.outside];
        let rest = [
            l.files,
            l.read,
            l.unparsable,
            l.duplicates,
            l.used,
            l.differing,
            l.unclaimed,
            l.no_actor,
            l.unknown,
            l.moved,
            l.null_values,
        ];
        (left_out, rest, (l.first, l.watermark, l.complete_until))
    };
    let ((a, rest, times), (b, wanted_rest, wanted_times)) = (numbers(engine), numbers(wanted));
    let moved = a[1] <= b[1] && a[2] >= b[2] && a[0] == b[0] && a[1] + a[2] == b[1] + b[2];
    if (a != b && !(pruned && moved)) || rest != wanted_rest || times != wanted_times {
        found.push(format!("the engine's ledger is\n            {engine:?}\n            the reference's {wanted:?}"));
    }
    found
}
