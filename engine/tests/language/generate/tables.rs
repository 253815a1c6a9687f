//! Sources and lookups: their definitions and their rows.

use jiff::Timestamp;
use kepi_lang::calendar::Calendar;
use kepi_lang::decimal::Decimal;

use crate::data::{Cell, Data, Encoding, Field, Kind, Table};
use crate::generate::lookups::Lookups;
use crate::generate::{Moment, Names, Set};
use crate::random::Random;

pub struct Made {
    pub definitions: String,
    pub data: Data,
    pub names: Names,
    /// The latest time of any row.
    pub last: Option<Timestamp>,
}

/// How a source tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Zoned,
    Naive,
    Written,
    Seconds,
    Milliseconds,
    Date,
    None,
}

/// Columns besides the clock; the clock is `at`.
const COLUMNS: [(&str, Kind); 9] = [
    ("user_id", Kind::Text),
    ("kind", Kind::Text),
    ("n", Kind::Int),
    ("price", Kind::Decimal),
    ("ratio", Kind::Float),
    ("flag", Kind::Bool),
    ("day_on", Kind::Date),
    ("took", Kind::Int),
    ("other_at", Kind::Zoned),
];

pub(super) const KINDS: [&str; 5] = ["a", "b", "a b", "Bü", "c,d"];
const SOURCE_ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"];

struct Builder<'r> {
    random: &'r mut Random,
    moment: &'r Moment,
    money: bool,
    lookups: Lookups,
    last: Option<Timestamp>,
}

pub fn tables(random: &mut Random, moment: &Moment) -> Made {
    let (money, whole_users) = (random.chance(50), random.chance(30));
    let (users, shops) = (random.chance(50), random.chance(35));
    let (tiers, moods, pairs) = (random.chance(30), random.chance(30), random.chance(20));
    let second = random.chance(55);
    let (areas, states) = (shops && random.chance(60), second && random.chance(50));
    let lookups = Lookups { users, pairs, whole_users, shops, areas, tiers, moods, states };
    let mut builder = Builder { random, moment, money, lookups, last: None };
    let mut text = "sources:\n".to_owned();
    let (mut data, mut sets) = (Data::default(), Vec::new());
    for name in ["alpha", "beta"].iter().take(if second { 2 } else { 1 }) {
        let (definition, table, set) = builder.source(name, sets.len());
        text += &definition;
        data.sources.push(table);
        sets.push(set);
    }
    let lookups = Lookups { users: users && sets.iter().any(|s| s.actor.is_some()), ..lookups };
    let last = builder.last;
    let random = builder.random;
    // Which row holds, a row without time cannot say.
    let dated = random.chance(50) && sets.iter().all(|s| s.time);
    text += &lookups.make(random, dated.then_some(moment), moment, &mut data);
    let users = lookups.users;
    text += "events:\n";
    let mut events = Vec::new();
    for set in &sets {
        let condition = random.pick(&[
            "n > 2",
            "kind = \"a\"",
            "flag",
            "not flag or n is null",
            "price > 0",
            "kind in (\"a\", \"b\")",
        ]);
        let condition = condition.replace("price > 0", if money { "price > 0 USD" } else { "price > 0" });
        text += &format!("  {}_some: {} where {condition}\n", set.name, set.name);
        events.push(Set { name: format!("{}_some", set.name), ..set.clone() });
    }
    if sets[0].time && !sets[0].stock {
        text += "  late: {expr: alpha, time: other_at}\n  of_kind: {expr: alpha, actor: kind}\n";
        events.push(Set { name: "late".to_owned(), ..sets[0].clone() });
        events.push(Set { name: "of_kind".to_owned(), actor: Some("kind"), ..sets[0].clone() });
    }
    if let [a, b] = &sets[..]
        && (a.time, a.stock, a.actor) == (b.time, b.stock, b.actor)
    {
        let columns = a.columns.iter().copied().filter(|c| b.columns.contains(c)).collect();
        text += "  either: alpha or beta_some\n";
        events.push(Set { name: "either".to_owned(), columns, states: false, ..a.clone() });
    }
    sets.extend(events);
    if users {
        text += "segments:\n  vip: plan = \"pro\" and age > 30\n";
    }
    text += "metrics:\n  rows: count(alpha)\n  total_n: sum(alpha.n)\n";
    let mut metrics = vec![(0, "rows"), (0, "total_n")];
    if sets[0].actor.is_some() {
        text += "  busy: share(count(alpha) per actor >= 2)\n";
        metrics.push((0, "busy"));
    }
    Made { definitions: text, data, names: Names { sets, lookups, money, metrics }, last }
}

impl Builder<'_> {
    fn source(&mut self, name: &str, number: usize) -> (String, Table, Set) {
        let random = &mut *self.random;
        let encoding = encoding(random);
        let clock = match random.below(20) {
            0..=5 => Clock::Zoned,
            6..=10 => Clock::Naive,
            11..=12 => Clock::Written,
            13..=14 => Clock::Seconds,
            15..=16 => Clock::Milliseconds,
            17..=18 => Clock::Date,
            _ if number == 0 => Clock::Zoned,
            _ => Clock::None,
        };
        let has_actor = random.chance(92);
        let keyed = random.chance(40);
        let stock = number == 1 && random.chance(15) && clock != Clock::None;
        let kept: Vec<(&'static str, Kind)> = COLUMNS
            .into_iter()
            .filter(|(c, _)| {
                matches!(*c, "user_id" | "kind" | "n" | "price" | "flag") || number == 0 || random.chance(80)
            })
            .collect();
        let zone = random.pick(&SOURCE_ZONES);
        let reject = random.chance(20);

        let mut text = format!("  {name}:\n    files: {name}_*\n");
        text += if clock == Clock::None { "    time: none\n" } else { "    time: at\n" };
        text += match clock {
            Clock::Written => "    time_format: \"%d/%m/%Y %H:%M:%S\"\n",
            Clock::Seconds => "    time_format: epoch_s\n",
            Clock::Milliseconds => "    time_format: epoch_ms\n",
            _ => "",
        };
        if matches!(clock, Clock::Naive | Clock::Written) {
            text += &format!("    time_zone: {zone}\n");
            let policies: &[&str] = if reject { &["reject"] } else { &["earlier", "later"] };
            for option in ["on_gap", "on_overlap"] {
                if random.chance(50) {
                    text += &format!("    {option}: {}\n", random.pick(policies));
                }
            }
        }
        if has_actor {
            text += if self.lookups.pairs { "    actor: [kind, user_id]\n" } else { "    actor: user_id\n" };
        }
        if keyed {
            text += if random.chance(70) { "    key: event_id\n" } else { "    key: [event_id, kind]\n" };
        }
        if random.chance(30) {
            let mut conditions = vec!["n < 11", "kind != \"b\"", "n is not null", "flag or n > 0"];
            conditions.extend(self.lookups.conditions(number));
            text += &format!("    where: {}\n", random.pick(&conditions));
        }
        if random.chance(10) && clock != Clock::None {
            text += &format!("    complete_until: {}\n", self.moment.date(random));
        }
        if random.chance(15) && clock != Clock::None {
            text += "    delivered: daily\n";
        }
        if stock {
            text += "    snapshot: true\n";
        }
        text += &self.lookups.links(number);
        // The second source may hold the same numbers as another type.
        let n = if number == 1 { random.one(&[Kind::Int, Kind::Int, Kind::Decimal, Kind::Float]) } else { Kind::Int };
        text += "    columns:\n";
        text += if n == Kind::Int { "      n: {type: integer}\n" } else { "      n: {type: number}\n" };
        text += if random.chance(30) { "      kind: text\n" } else { "" };
        if self.money {
            text += "      price: {unit: USD}\n";
        }
        let has = |column: &str| kept.iter().any(|(c, _)| *c == column);
        if has("took") {
            text += if random.chance(50) { "      took: {unit: ms}\n" } else { "      took: {unit: seconds}\n" };
        }
        text += "      worth: {expr: n * price}\n      grade: {expr: if n > 4 then \"high\" else kind}\n";
        text += if self.lookups.tiers { "      extra: {expr: \"coalesce(tier.bonus, 0) + n\"}\n" } else { "" };

        let mut fields = vec![Field { name: "at".to_owned(), kind: clock_kind(clock) }];
        fields.extend(kept.iter().map(|(c, kind)| {
            let kind = match *c {
                "user_id" if self.lookups.whole_users => Kind::Int,
                "n" => n,
                _ => *kind,
            };
            Field { name: (*c).to_owned(), kind }
        }));
        fields.push(Field { name: "event_id".to_owned(), kind: Kind::Int });
        if clock == Clock::None {
            fields.remove(0);
        }
        let count = random.one(&[0, 2, 15, 40, 70, 100]);
        let zone = Calendar::zone_named(zone).expect("a zone");
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        for id in 0..count {
            if keyed && random.chance(25) && !rows.is_empty() {
                let copied = random.below(rows.len());
                let mut row = rows[copied].clone();
                if random.chance(50) {
                    let at = random.below(row.len());
                    row[at] = cell(random, self.moment, &fields[at], clock, &zone);
                }
                rows.push(row);
                continue;
            }
            let row = fields.iter().map(|field| match field.name.as_str() {
                "event_id" if !random.chance(95) => Cell::Null,
                "event_id" => Cell::Int(id),
                _ => cell(random, self.moment, field, clock, &zone),
            });
            rows.push(row.collect());
        }
        for row in &rows {
            let at = match row.first() {
                Some(Cell::Zoned(t)) => Some(*t),
                Some(Cell::Naive(local)) => zone.to_timestamp(*local).ok(),
                Some(Cell::Date(day)) => Some(self.moment.calendar.date_start(*day)),
                Some(Cell::Int(n)) if clock == Clock::Seconds => Timestamp::from_second(*n).ok(),
                Some(Cell::Int(n)) if clock == Clock::Milliseconds => Timestamp::from_millisecond(*n).ok(),
                _ => None,
            };
            self.last = self.last.max(at);
        }
        let files = spread(random, rows);
        let table =
            Table { name: name.to_owned(), encoding: if count == 0 { Encoding::Csv } else { encoding }, fields, files };
        let mut columns: Vec<&'static str> = kept.iter().map(|(c, _)| *c).collect();
        columns.extend(["worth", "grade"]);
        columns.extend(self.lookups.tiers.then_some("extra"));
        let time = clock != Clock::None;
        let states = self.lookups.states && number == 1;
        let set = Set { name: name.to_owned(), columns, actor: has_actor.then_some("user"), time, stock, states };
        (text, table, set)
    }
}

fn clock_kind(clock: Clock) -> Kind {
    match clock {
        Clock::Zoned | Clock::None => Kind::Zoned,
        Clock::Naive => Kind::Naive,
        Clock::Written => Kind::Written,
        Clock::Seconds | Clock::Milliseconds => Kind::Int,
        Clock::Date => Kind::Date,
    }
}

fn cell(random: &mut Random, moment: &Moment, field: &Field, clock: Clock, zone: &jiff::tz::TimeZone) -> Cell {
    if random.chance(if field.name == "at" { 4 } else { 12 }) {
        return Cell::Null;
    }
    match (field.name.as_str(), field.kind) {
        ("at", Kind::Int) => {
            let t = moment.instant(random);
            Cell::Int(if clock == Clock::Seconds { t.as_second() } else { t.as_millisecond() })
        }
        (_, Kind::Naive | Kind::Written) => {
            let local = moment.local(random, zone);
            // The pattern has no fractions.
            Cell::Naive(local.with().subsec_nanosecond(0).build().expect("a time"))
        }
        (_, Kind::Zoned) => Cell::Zoned(moment.instant(random)),
        (_, Kind::Date) => Cell::Date(moment.date(random)),
        ("user_id", Kind::Int) => Cell::Int(random.range(1, 6)),
        ("user_id", _) => Cell::Text(format!("u{}", random.range(1, 6))),
        ("took", _) => Cell::Int(random.one(&[0, 1, 2, 30, 500, 1500, 90_000])),
        (_, Kind::Int) => Cell::Int(random.range(-3, 12)),
        ("n", Kind::Decimal) => Cell::Decimal(Decimal::new(i128::from(random.range(-6, 24)) * 50, 2)),
        ("n", Kind::Float) => Cell::Float(random.range(-6, 24) as f64 / 2.0),
        (_, Kind::Decimal) => Cell::Decimal(Decimal::new(i128::from(random.range(-500, 3000)), 2)),
        // Not all of them are sums of a few halves, so that the order of additions would show.
        (_, Kind::Float) => Cell::Float(match random.below(4) {
            0 => random.range(-20, 20) as f64 / 8.0,
            1 => random.range(-99, 99) as f64 / 10.0,
            2 => random.range(1, 9) as f64 / 3.0,
            _ => random.range(-5, 5) as f64 * 1e6 + 0.1,
        }),
        (_, Kind::Bool) => Cell::Bool(random.chance(50)),
        (_, Kind::Text) => Cell::Text(random.pick(&KINDS).to_owned()),
    }
}

/// Over one to three files.
pub(super) fn spread(random: &mut Random, rows: Vec<Vec<Cell>>) -> Vec<Vec<Vec<Cell>>> {
    let mut files = vec![Vec::new(); 1 + random.below(3)];
    for row in rows {
        let file = random.below(files.len());
        files[file].push(row);
    }
    files
}

pub(super) fn encoding(random: &mut Random) -> Encoding {
    random.one(&[Encoding::Parquet, Encoding::Parquet, Encoding::Csv, Encoding::Ndjson])
}
