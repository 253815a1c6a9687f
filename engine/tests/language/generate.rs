//! Random projects: definitions as text, tables, and the expressions to ask. Everything follows from a seed.

mod expressions;
mod lookups;
mod tables;
mod times;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use kepi_lang::calendar::{Calendar, Grain, Interval};

use crate::data::Data;
use crate::pipeline::Text;
use crate::random::Random;
use expressions::Writer;
pub use lookups::Lookups;
pub use times::Moment;

/// A question: an expression and the periods that it is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub text: Text,
    pub grain: Option<Grain>,
    pub interval: Interval,
}

/// A project, its tables, and what is asked of it.
#[derive(Clone, Debug)]
pub struct Project {
    pub manifest: String,
    pub definitions: String,
    pub data: Data,
    pub asks: Vec<Asked>,
    pub as_of: Timestamp,
    pub as_of_given: bool,
}

/// An event set, and what can be said of its rows.
#[derive(Clone, Debug)]
pub struct Set {
    pub name: String,
    /// Names of columns that all of its branches have.
    pub columns: Vec<&'static str>,
    pub actor: Option<&'static str>,
    pub time: bool,
    pub stock: bool,
    /// It has the link `state`.
    pub states: bool,
}

/// What the writer of expressions knows of a project.
#[derive(Clone, Debug)]
pub struct Names {
    pub sets: Vec<Set>,
    /// Users with `plan`, `age` and `joined`, and the segment `vip`; shops behind `kind` with `region` and `rank`, their areas
    /// with `climate` and `height`; tiers with `perk` and `bonus`, moods with `mood` and `level`.
    pub lookups: Lookups,
    /// `price` is in USD.
    pub money: bool,
    /// Metrics by name: the set, whether it is a count of actors, and the name.
    pub metrics: Vec<(usize, &'static str)>,
}

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Beirut",
];

/// The project of a seed, with so many asks (of which the checker refuses some).
pub fn project(seed: u64, asks: usize) -> Project {
    let mut random = Random::new(seed);
    let random = &mut random;
    let zone = random.pick(&ZONES);
    let week_start = if random.chance(60) { "monday" } else { random.pick(&["sunday", "saturday", "wednesday"]) };
    let fiscal = if random.chance(60) { "01-01" } else { random.pick(&["02-01", "04-01", "10-01", "07-15", "12-31"]) };
    let (month, day) = fiscal.split_once('-').expect("month and day");
    let calendar = Calendar {
        zone: Calendar::zone_named(zone).expect("a zone"),
        week_start: if week_start == "monday" { Weekday::Monday } else { Weekday::Sunday },
        fiscal_year_start: (month.parse().expect("a month"), day.parse().expect("a day")),
    };
    let moment = Moment::new(random, calendar);
    let made = tables::tables(random, &moment);
    let pinned = random.chance(12);
    let given = random.chance(12);
    let last = made.last.unwrap_or_else(|| moment.instant(random));
    let as_of = if pinned || given { moment.instant(random) } else { moment.after(random, last) };
    let mut manifest = format!("kepi: 1\nname: random\ntime_zone: {zone}\nweek_start: {week_start}\n");
    manifest += &format!("fiscal_year_start: {fiscal}\ncurrency: USD\n");
    if pinned {
        manifest += &format!("as_of: {as_of}\n");
    }
    let mut writer = Writer { random, names: &made.names, moment: &moment, used: Vec::new(), only: None };
    let asked = (0..asks).map(|_| writer.asked()).collect();
    Project { manifest, definitions: made.definitions, data: made.data, asks: asked, as_of, as_of_given: given }
}

/// A day as an expression shows it.
fn literal(date: Date) -> String {
    date.to_string()
}
