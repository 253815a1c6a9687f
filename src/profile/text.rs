//! A profile for people: plain text.

use jiff::Timestamp;

use crate::ir::ScalarType;
use crate::profile::draft::Table;
use crate::profile::guess::{Role, Written};
use crate::profile::{Column, Count, Histogram, Numbers, QUANTILES, SuspicionKind, TimeGrain, Times};
use crate::report::format::grouped as signed;
use crate::value::Value;

/// Frequent values that are shown.
const TOP: usize = 5;
/// Characters of a value that are shown.
const WIDTH: usize = 32;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A table: what it is, when things happened, each column, what to look at.
pub fn text(table: &Table) -> String {
    let mut out = head(table);
    if let Some((times, clock)) = table.times.zip(table.guess.clock.as_ref()) {
        out += &format!("\nTime ({})\n{}", flat(&clock.role.column, WIDTH), time(times));
    }
    out += "\nColumns\n";
    for column in &table.profile.columns {
        out += &self::column(column, table.profile.seen, table);
    }
    for (name, physical) in table.profile.unusable() {
        out += &format!("  {}  {physical}: cannot be used as it is\n", flat(name, WIDTH));
    }
    out
}

fn head(table: &Table) -> String {
    let (profile, guess) = (table.profile, table.guess);
    let bytes: u64 = profile.files.iter().map(|file| file.bytes).sum();
    let files = profile.files.len();
    let mut out = format!(
        "{}: {} rows in {} {} file{}, {}\n",
        flat(&profile.name, 60),
        grouped(profile.rows),
        grouped(files as u64),
        profile.format,
        if files == 1 { "" } else { "s" },
        size(bytes)
    );
    if profile.step > 1 {
        out += &format!(
            "  a sample of {} rows, one in {}, evenly over all files: all counts below are of the sample\n",
            grouped(profile.seen),
            grouped(profile.step)
        );
    }
    let mut role = |what: &str, role: Option<&Role>, none: &str, more: &str| {
        out += &match role {
            Some(role) => format!("  {what:<8}{}: {}{more}\n", flat(&role.column, WIDTH), role.why),
            None => format!("  {what:<8}{none}\n"),
        };
    };
    let clock = guess.clock.as_ref();
    role("time", clock.map(|c| &c.role), "none: no column of times is found", "");
    if let Some(clock) = clock {
        let zone = match (&clock.written, clock.naive) {
            (Written::Epoch(_), _) => "UTC: numbers since 1970 are",
            (_, true) => "not in the files; UTC is a guess",
            (_, false) if is_date(table, &clock.role.column) => "none: dates are days wherever they are",
            _ => "in the files",
        };
        out += &format!("  {:<8}{zone}\n", "zone");
    }
    if let Some(comma) = &profile.comma {
        let thousands = if comma.thousands { ", points between thousands" } else { "" };
        out += &format!("  {:<8}comma: {}{thousands}\n", "decimal", flat(&comma.why, 100));
    }
    let mut role = |what: &str, role: Option<&Role>, none: &str| {
        out += &match role {
            Some(role) => format!("  {what:<8}{}: {}\n", flat(&role.column, WIDTH), role.why),
            None => format!("  {what:<8}{none}\n"),
        };
    };
    role("actor", guess.actor.as_ref(), "none: no column is named like who did it");
    if guess.within.is_some() {
        role("", guess.within.as_ref(), "");
    }
    let unproved = if profile.step > 1 {
        "none: a sample proves nothing about all rows"
    } else {
        "none: no column of identifiers is without repeats"
    };
    role("key", guess.key.as_ref(), unproved);
    role("events", guess.event.as_ref(), "none: no column is named like what happened");
    let copies = profile.copies();
    let said = match copies.value {
        0 => "no row is an exact copy of another".to_owned(),
        1 if !copies.about => "one row is an exact copy of another".to_owned(),
        _ => format!("{} rows are exact copies of another", count(copies)),
    };
    out += &format!("  {:<8}{said}\n", "copies");
    if profile.bad > 0 {
        out += &format!("  ! {} cannot be read\n", rows(profile.bad));
        for row in profile.rejected.iter().take(TOP) {
            out += &format!("      {}, line {} {}\n", flat(&row.file, 60), row.line, flat(&row.why, 100));
        }
    }
    out
}

fn is_date(table: &Table, column: &str) -> bool {
    table.profile.column(column).is_some_and(|c| c.ty == Some(ScalarType::Date))
}

fn time(times: &Times) -> String {
    let mut out = format!(
        "  {} to {}; rows on {} of {} days\n",
        minute(times.first),
        minute(times.last),
        grouped(times.days),
        grouped(times.span_days)
    );
    let step = match times.grain {
        TimeGrain::Hours(1) => "hour".to_owned(),
        TimeGrain::Hours(n) => format!("{n} hours"),
        TimeGrain::Days(1) => "day".to_owned(),
        TimeGrain::Days(n) => format!("{n} days"),
    };
    out += &format!("  {}  a bar is {step}\n", bars(&times.counts));
    if times.gap_count > 0 {
        let named: Vec<String> = times
            .gaps
            .iter()
            .map(|(from, to)| match to - from {
                0 => day(*from),
                n => format!("{} to {} ({} days)", day(*from), day(*to), grouped(n.unsigned_abs() + 1)),
            })
            .collect();
        let more = times.gap_count - named.len() as u64;
        let more = if more > 0 { format!(" and {} shorter", grouped(more)) } else { String::new() };
        out += &format!("  days without rows: {}{more}\n", named.join(", "));
    }
    if times.unreadable > 0 {
        out += &format!("  ! {} values are no such time\n", grouped(times.unreadable));
    }
    out
}

fn column(column: &Column, seen: u64, table: &Table) -> String {
    let ty = match column.ty {
        Some(ScalarType::Int) => "integer",
        Some(ScalarType::Decimal) => "decimal",
        Some(ScalarType::Float) => "number",
        Some(ScalarType::Text) => "text",
        Some(ScalarType::Bool) => "bool",
        Some(ScalarType::Date) => "date",
        Some(ScalarType::Instant) if column.naive => "instant, no zone",
        Some(ScalarType::Instant) => "instant",
        Some(ScalarType::List(_)) => "list",
        Some(_) => "nothing",
        None => "bytes",
    };
    let nulls = match column.nulls {
        0 => "no nulls".to_owned(),
        n => format!("{} null{} ({})", grouped(n), if n == 1 { "" } else { "s" }, per_cent(n, seen)),
    };
    let mut out = format!("  {}  {ty}, {} distinct, {nulls}\n", flat(&column.name, WIDTH), count(column.distinct));
    if let Some(numbers) = &column.numbers {
        out += &self::numbers(column, numbers);
    } else if column.distinct.value > 1 {
        let lengths =
            column.lengths.map_or(String::new(), |(a, b)| format!("; {} to {} characters", grouped(a), grouped(b)));
        out += &format!("      {} to {}{lengths}\n", shown(&column.min), shown(&column.max));
    }
    if let Some(times) = &column.times {
        if table.guess.clock.as_ref().is_none_or(|c| c.role.column != column.name) {
            out += &format!("      {}\n", bars(&times.counts));
        }
    } else if column.distinct.value > 1 && column.distinct.value < column.filled(seen) {
        out += &top(column, seen);
    }
    for suspicion in &column.suspicions {
        let examples: Vec<String> = suspicion.examples.iter().map(|example| flat(example, 3 * WIDTH)).collect();
        let examples = if examples.is_empty() { String::new() } else { format!(": {}", examples.join(", ")) };
        let about = if suspicion.about { "about " } else { "" };
        let whole =
            [SuspicionKind::Constant, SuspicionKind::Empty, SuspicionKind::MostlyNumbers, SuspicionKind::DecimalComma]
                .contains(&suspicion.kind);
        let many = if whole { String::new() } else { format!("{about}{}: ", rows(suspicion.rows)) };
        out += &format!("      ! {many}{}{examples}\n", suspicion.kind.says());
    }
    out
}

fn numbers(column: &Column, numbers: &Numbers) -> String {
    let about = if numbers.about { "about " } else { "" };
    let quantiles: Vec<String> =
        QUANTILES.iter().zip(numbers.quantiles).map(|(q, value)| format!("{q} % {}", number(value))).collect();
    let signs = [(numbers.negative, "below 0"), (numbers.zero, "0")];
    let signs: String =
        signs.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("; {} are {what}", grouped(*n))).collect();
    format!(
        "      {} to {}, mean {}{signs}\n      {about}{}\n      {}\n",
        shown(&column.min),
        shown(&column.max),
        number(numbers.mean),
        quantiles.join("  "),
        histogram(&numbers.histogram)
    )
}

fn histogram(histogram: &Histogram) -> String {
    let ends = [(histogram.below, "below"), (histogram.above, "above")];
    let ends: String =
        ends.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("; {} {what}", grouped(*n))).collect();
    format!("{}  {} to {}{ends}", bars(&histogram.counts), number(histogram.from), number(histogram.to))
}

fn top(column: &Column, seen: u64) -> String {
    let about = if column.top_about { "at least " } else { "" };
    let values: Vec<String> = column
        .top
        .iter()
        .take(TOP)
        .map(|(value, n)| format!("{} {about}{} ({})", shown(value), grouped(*n), per_cent(*n, seen)))
        .collect();
    let more = column.distinct.value.saturating_sub(values.len() as u64);
    let more = if more > 0 { format!("; {} more", grouped(more)) } else { String::new() };
    format!("      {}{more}\n", values.join(", "))
}

/// Heights of eight; what is there at all has one.
fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let bar = |n: &u64| {
        if *n == 0 {
            return '·';
        }
        let height = (u128::from(*n) * 7 / u128::from(most)) as usize;
        BARS.get(height).copied().unwrap_or('█')
    };
    counts.iter().map(bar).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("`{}`", flat(text, WIDTH)),
        Value::Int(n) => signed(&n.to_string()),
        Value::Float(real) => number(real.get()),
        Value::Decimal(decimal) => signed(&decimal.normalized().to_string()),
        Value::Instant(at) => minute(*at),
        other => other.to_string(),
    }
}

/// On one line, not too long.
fn flat(text: &str, width: usize) -> String {
    let cut: String = text.chars().take(width).map(|c| if c.is_control() { '␣' } else { c }).collect();
    if text.chars().nth(width).is_some() { format!("{cut}…") } else { cut }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn day(days: i64) -> String {
    Timestamp::from_second(days.saturating_mul(86_400)).map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn count(count: Count) -> String {
    format!("{}{}", if count.about { "about " } else { "" }, grouped(count.value))
}

fn per_cent(part: u64, whole: u64) -> String {
    let share = part as f64 * 100.0 / whole.max(1) as f64;
    match share {
        0.0 => "0 %".to_owned(),
        s if s < 0.1 => "below 0.1 %".to_owned(),
        s if s < 10.0 => format!("{s:.1} %"),
        s if s > 99.0 && part < whole => format!("{:.1} %", s.min(99.9)),
        s => format!("{s:.0} %"),
    }
}

fn rows(n: u64) -> String {
    format!("{} row{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / *size as f64),
        None => format!("{bytes} B"),
    }
}

/// With commas between groups of three digits.
pub(crate) fn grouped(n: u64) -> String {
    signed(&n.to_string())
}

/// Four digits that count, whole numbers whole.
fn number(value: f64) -> String {
    if !value.is_finite() || value.abs() >= 1e15 || (value != 0.0 && value.abs() < 1e-4) {
        return format!("{value:e}");
    }
    if value.fract() == 0.0 {
        return signed(&format!("{value:.0}"));
    }
    let digits = match value.abs() {
        n if n >= 1000.0 => 1,
        n if n >= 100.0 => 2,
        n if n >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    signed(text.trim_end_matches('0').trim_end_matches('.'))
}
