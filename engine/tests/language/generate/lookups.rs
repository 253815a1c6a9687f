//! Lookups: their definitions and their rows.

use jiff::ToSpan;
use jiff::civil::date;

use kepi_lang::decimal::Decimal;

use crate::data::{Cell, Data, Field, Kind, Table};
use crate::generate::Moment;
use crate::generate::tables::{KINDS, encoding, spread};
use crate::random::Random;

/// Which lookups a project has, apart from the users'.
#[derive(Clone, Copy, Debug)]
pub struct Lookups {
    pub users: bool,
    /// Users are told apart by `kind` and `user_id` together.
    pub pairs: bool,
    pub whole_users: bool,
    pub shops: bool,
    pub areas: bool,
    /// By `kind` and `n`.
    pub tiers: bool,
    /// The newest row of each `kind`.
    pub moods: bool,
    /// The newest row of the first source for each `kind`.
    pub states: bool,
}

impl Lookups {
    /// `links:` of the source of a number.
    pub fn links(&self, number: usize) -> String {
        let mut links = Vec::new();
        let mut link = |there: bool, text: &str| links.extend(there.then(|| format!("      {text}\n")));
        link(self.shops, "shop: kind -> shops");
        link(self.tiers, "tier: (kind, n) -> tiers");
        link(self.moods, "mood: kind -> moods");
        link(self.states && number == 1, "state: kind -> states");
        if links.is_empty() { String::new() } else { format!("    links:\n{}", links.concat()) }
    }

    /// Conditions of the source of a number that look through its links.
    pub fn conditions(&self, number: usize) -> Vec<&'static str> {
        let mut found = Vec::new();
        let mut with = |there: bool, texts: &[&'static str]| {
            if there {
                found.extend_from_slice(texts);
            }
        };
        with(self.shops, &["shop.rank < 4", "shop.region != \"north\" or n > 2", "shop.high or n is null"]);
        with(self.areas, &["shop.area.climate = \"mild\" or flag"]);
        with(self.tiers, &["tier.perk is null or n > 0", "tier.bonus >= 1"]);
        with(self.moods, &["mood.level > 0", "not mood.up"]);
        with(self.states && number == 1, &["state.n > 1 or flag", "state.flag is not null"]);
        found
    }

    /// Definitions and rows. `dated`: the times that users' rows hold at; else a user has one row.
    pub fn make(&self, random: &mut Random, dated: Option<&Moment>, moment: &Moment, data: &mut Data) -> String {
        let mut text = String::new();
        if self.users {
            data.lookups.push(user_table(random, *self, dated));
            let valid = if dated.is_some() { ", valid: [from_date, to_date]" } else { "" };
            let key = if self.pairs { "[kind, user_id]" } else { "user_id" };
            text += &format!("  users: {{files: users_*, key: {key}, actor: true{valid}}}\n");
        }
        if self.shops {
            data.lookups.push(shop_table(random));
            let high = if self.areas { "area.height > 4 or rank = 1" } else { "rank > 2" };
            let links = if self.areas { ", links: {area: region -> areas}" } else { "" };
            text += &format!("  shops: {{files: shops_*, key: code{links}, columns: {{high: {{expr: {high}}}}}}}\n");
        }
        if self.areas {
            data.lookups.push(area_table(random));
            text += "  areas: {files: areas_*, key: name}\n";
        }
        if self.tiers {
            data.lookups.push(tier_table(random));
            text += "  tiers: {files: tiers_*, key: [code, level]}\n";
        }
        if self.moods {
            data.lookups.push(mood_table(random, moment));
            text += "  moods: {files: moods_*, latest: code by seen_at, columns: {up: {expr: level > 2}}}\n";
        }
        if self.states {
            data.of_sources.push(0);
            text += "  states: {source: alpha, latest: kind by other_at}\n";
        }
        if text.is_empty() { text } else { format!("lookups:\n{text}") }
    }
}

/// The parts of a user's key.
type User<'a> = (Option<&'a str>, i64);

/// `dated`: several rows a user, each of which holds for a while, with gaps now and then.
fn user_table(random: &mut Random, lookups: Lookups, dated: Option<&Moment>) -> Table {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let whole = lookups.whole_users;
    let key = if whole { Kind::Int } else { Kind::Text };
    let mut fields =
        vec![field("user_id", key), field("plan", Kind::Text), field("age", Kind::Int), field("joined", Kind::Date)];
    if dated.is_some() {
        fields.extend([field("from_date", Kind::Date), field("to_date", Kind::Date)]);
    }
    fields.extend(lookups.pairs.then(|| field("kind", Kind::Text)));
    let mut rows = Vec::new();
    let kinds: Vec<Option<&str>> = if lookups.pairs { KINDS.into_iter().map(Some).collect() } else { vec![None] };
    let all = kinds.into_iter().flat_map(|kind| (1..=5).map(move |id| (kind, id)));
    let ids = all.filter(|_| random.chance(80)).collect::<Vec<User<'_>>>();
    let spans = |random: &mut Random| {
        let Some(moment) = dated else { return vec![Vec::new()] };
        let mut days: Vec<_> = (0..random.range(0, 4)).map(|_| moment.date(random)).collect();
        days.sort();
        let bounds: Vec<Cell> = days.into_iter().map(Cell::Date).collect();
        let all: Vec<Cell> = [Cell::Null].into_iter().chain(bounds).chain([Cell::Null]).collect();
        let spans = all.windows(2).map(<[Cell]>::to_vec);
        spans.filter(|_| random.chance(85)).collect()
    };
    let known: Vec<(User<'_>, Vec<Cell>)> =
        ids.into_iter().flat_map(|id| spans(random).into_iter().map(move |span| (id, span))).collect();
    for ((kind, id), span) in known {
        let null = |random: &mut Random, cell| if random.chance(15) { Cell::Null } else { cell };
        let (plan, age) = (random.pick(&["pro", "free", "team"]), random.range(18, 60));
        let joined = date(2023, 1, 1) + random.range(0, 700).days();
        rows.push(vec![
            if whole { Cell::Int(id) } else { Cell::Text(format!("u{id}")) },
            null(random, Cell::Text(plan.to_owned())),
            null(random, Cell::Int(age)),
            null(random, Cell::Date(joined)),
        ]);
        rows.last_mut().expect("a row").extend(span.into_iter().chain(kind.map(|kind| Cell::Text(kind.to_owned()))));
    }
    // At least one row, so that the columns have types.
    let first = if whole { Cell::Int(99) } else { Cell::Text("u99".to_owned()) };
    rows.push(vec![first, Cell::Text("pro".to_owned()), Cell::Int(40), Cell::Date(date(2020, 2, 29))]);
    if dated.is_some() {
        rows.last_mut().expect("a row").extend([Cell::Date(date(2020, 2, 29)), Cell::Date(date(2020, 3, 1))]);
    }
    rows.last_mut().expect("a row").extend(lookups.pairs.then(|| Cell::Text("a".to_owned())));
    Table { name: "users".to_owned(), encoding: encoding(random), fields, files: vec![rows] }
}

fn shop_table(random: &mut Random) -> Table {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let fields = vec![field("code", Kind::Text), field("region", Kind::Text), field("rank", Kind::Int)];
    let codes: Vec<&str> = KINDS.into_iter().filter(|_| random.chance(70)).chain(["zzz"]).collect();
    let rows = codes.into_iter().map(|code| {
        let region =
            if random.chance(20) { Cell::Null } else { Cell::Text(random.pick(&["north", "south"]).to_owned()) };
        vec![Cell::Text(code.to_owned()), region, Cell::Int(random.range(1, 4))]
    });
    let rows = rows.collect::<Vec<_>>();
    Table { name: "shops".to_owned(), encoding: encoding(random), fields, files: vec![rows] }
}

fn area_table(random: &mut Random) -> Table {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let fields = vec![field("name", Kind::Text), field("climate", Kind::Text), field("height", Kind::Int)];
    let names: Vec<&str> = ["north", "south"].into_iter().filter(|_| random.chance(75)).chain(["zzz"]).collect();
    let rows = names.into_iter().map(|name| {
        let climate =
            if random.chance(20) { Cell::Null } else { Cell::Text(random.pick(&["mild", "harsh"]).to_owned()) };
        vec![Cell::Text(name.to_owned()), climate, Cell::Int(random.range(0, 9))]
    });
    let rows = rows.collect::<Vec<_>>();
    Table { name: "areas".to_owned(), encoding: encoding(random), fields, files: vec![rows] }
}

fn tier_table(random: &mut Random) -> Table {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    // The same whole numbers, whichever kind of number they are written as.
    let level = random.one(&[Kind::Int, Kind::Decimal, Kind::Float]);
    let fields =
        vec![field("level", level), field("code", Kind::Text), field("perk", Kind::Text), field("bonus", Kind::Int)];
    let keys = KINDS.into_iter().flat_map(|code| (0..9).map(move |n| (code, n)));
    let keys: Vec<(&str, i64)> = keys.filter(|_| random.chance(60)).chain([("zzz", 1)]).collect();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (code, n) in keys {
        let n = match level {
            Kind::Int => Cell::Int(n),
            Kind::Decimal => Cell::Decimal(Decimal::new(i128::from(n) * 100, 2)),
            _ => Cell::Float(n as f64),
        };
        let perk = if random.chance(20) { Cell::Null } else { Cell::Text(random.pick(&["gold", "tin"]).to_owned()) };
        rows.push(vec![n, Cell::Text(code.to_owned()), perk, Cell::Int(random.range(0, 5))]);
    }
    // A key of which a part is null is none, however often it is there.
    for _ in 0..random.below(3) {
        rows.push(vec![Cell::Null, Cell::Text("a".to_owned()), Cell::Text("lost".to_owned()), Cell::Int(9)]);
    }
    Table { name: "tiers".to_owned(), encoding: encoding(random), fields, files: spread(random, rows) }
}

/// Several rows of each key, at times of which some are null and some the same.
fn mood_table(random: &mut Random, moment: &Moment) -> Table {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let fields = vec![
        field("code", Kind::Text),
        field("level", Kind::Int),
        field("seen_at", Kind::Zoned),
        field("mood", Kind::Text),
    ];
    let times: Vec<_> = (0..4).map(|_| moment.instant(random)).collect();
    let mut rows = Vec::new();
    for _ in 0..random.range(3, 25) {
        let null = |random: &mut Random, percent: usize, cell| if random.chance(percent) { Cell::Null } else { cell };
        let (kind, mood) = (random.pick(&KINDS).to_owned(), random.pick(&["calm", "wild"]).to_owned());
        let at = if random.chance(60) { random.one(&times) } else { moment.instant(random) };
        let level = random.range(0, 4);
        rows.push(vec![
            null(random, 8, Cell::Text(kind)),
            null(random, 15, Cell::Int(level)),
            null(random, 8, Cell::Zoned(at)),
            null(random, 15, Cell::Text(mood)),
        ]);
    }
    rows.push(vec![Cell::Text("zzz".to_owned()), Cell::Int(1), Cell::Zoned(times[0]), Cell::Text("calm".to_owned())]);
    Table { name: "moods".to_owned(), encoding: encoding(random), fields, files: spread(random, rows) }
}
