//! Who does what when in an app.
//!
//! An actor is a few numbers drawn once: when it comes, how often it is there, how soon it tires, whether it gets to pay. A day of an
//! actor is drawn from the seed, the actor and the day alone. The rows that must be (sign-up, activation, payments) are
//! fixed; all others are shared out over the active days by weight, so that the sum is what was asked for.

use crate::generate::random::Random;
use crate::generate::{App, GenerateError, Layout, Order};

/// The events, in the order of their numbers in a row.
pub const EVENTS: [&str; 13] = [
    "signup",
    "activate",
    "login",
    "play",
    "search",
    "skip",
    "pause",
    "add_to_playlist",
    "share",
    "follow",
    "error",
    "subscribe",
    "payment",
];
const SIGNUP: u8 = 0;
const ACTIVATE: u8 = 1;
const LOGIN: u8 = 2;
const PLAY: u8 = 3;
const PAUSE: u8 = 6;
const ERROR: u8 = 10;
const SUBSCRIBE: u8 = 11;
const PAYMENT: u8 = 12;

/// What an actor does, other than what is fixed; by number of the event.
const MIX: [u32; 11] = [0, 0, 4, 46, 15, 12, 8, 6, 3, 4, 2];

pub(super) const COUNTRIES: [&str; 8] = ["DE", "FR", "GB", "US", "ES", "IT", "NL", "PL"];
const COUNTRY_WEIGHTS: [u32; 8] = [28, 14, 16, 18, 8, 7, 5, 4];
pub(super) const PLANS: [&str; 3] = ["free", "plus", "pro"];
pub(super) const PLATFORMS: [&str; 3] = ["ios", "android", "web"];
const ANDROID: u8 = 1;

/// Of a thousand actors, those that were there before the first day.
const BEFORE: u64 = 300;
/// Days between two payments.
const MONTH: u32 = 30;
const DAY_US: i64 = 86_400_000_000;
/// Rows of a block that is shuffled as a whole.
const BLOCK: usize = 1 << 20;

/// By hour of the day: how likely a visit begins in it, on working days and at weekends.
const HOURS: [[u32; 24]; 2] = [
    [4, 2, 1, 1, 1, 3, 12, 28, 34, 24, 20, 22, 28, 24, 20, 22, 28, 40, 48, 52, 50, 40, 24, 10],
    [10, 6, 3, 2, 1, 1, 3, 8, 18, 30, 38, 40, 40, 38, 38, 38, 38, 40, 42, 44, 42, 36, 26, 16],
];
/// Monday first: how likely an actor is there, in parts of a thousand of its usual.
const WEEKDAYS: [u64; 7] = [980, 1000, 1010, 1000, 1040, 880, 840];

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Microseconds since 1970.
    pub at: i64,
    pub actor: u32,
    pub event: u8,
    pub country: u8,
    pub plan: u8,
    pub platform: u8,
    /// Seconds, of what has a length.
    pub duration: Option<i32>,
    /// Cents, of payments.
    pub amount: Option<i32>,
}

#[derive(Clone, Copy, Debug)]
struct Actor {
    /// The first day, counted from the log's first; negative for those that were there before.
    from: i32,
    /// How likely it is there on an early day, in a million.
    likely: u32,
    /// The age in days at which that has halved.
    half: u16,
    country: u8,
    platform: u8,
    /// The age at which it activates, subscribes.
    activates: Option<u16>,
    subscribes: Option<u16>,
    /// 1 or 2, once subscribed.
    plan: u8,
    payments: u8,
}

/// Calls `take` with the rows in order, some at a time.
pub(super) fn generate(
    app: &App,
    take: &mut dyn FnMut(&[Row]) -> Result<(), GenerateError>,
) -> Result<(), GenerateError> {
    check(app)?;
    let world = World::new(app);
    let shares = Shares::new(app, &world)?;
    match app.order {
        Order::Time => by_day(&world, &shares, take),
        Order::Shuffled => shuffled(&world, &shares, take),
    }
}

fn check(app: &App) -> Result<(), GenerateError> {
    let refuse = |text: &str| Err(GenerateError::Parameters(text.to_owned()));
    if app.actors == 0 || app.days == 0 || app.events == 0 {
        return refuse("events, actors and days must be at least 1");
    }
    if app.days > 36_500 {
        return refuse("at most 36500 days can be generated");
    }
    match (app.order, app.layout) {
        (Order::Shuffled, Layout::Daily) => refuse("a file a day has an order in time: it cannot be shuffled"),
        (_, Layout::Files(0)) => refuse("at least one file must be written"),
        (_, Layout::Files(n)) if u64::from(n) > app.events => refuse("there cannot be more files than events"),
        _ => Ok(()),
    }
}

struct World<'a> {
    app: &'a App,
    actors: Vec<Actor>,
    /// Midnight of the first day, in days since 1970.
    epoch_day: i64,
    /// Monday = 0.
    weekday: u32,
}

/// What is fixed of an active day, and the weight of the rest.
struct Day {
    fixed: u32,
    weight: u64,
}

impl<'a> World<'a> {
    fn new(app: &'a App) -> Self {
        let weekday = u32::from(app.start.weekday().to_monday_zero_offset() as u8);
        let epoch_day = i64::from(jiff::civil::date(1970, 1, 1).until(app.start).map_or(0, |span| span.get_days()));
        let arrivals = arrivals(app.seed, app.actors, app.days, weekday, BEFORE);
        let actors = arrivals.into_iter().enumerate().map(|(i, from)| actor(app, i as u64, from)).collect();
        Self { app, actors, epoch_day, weekday }
    }

    fn weekday_of(&self, day: u32) -> usize {
        ((self.weekday + day) % 7) as usize
    }

    /// An actor's day; `None` where it is not there.
    fn day(&self, index: usize, actor: &Actor, day: u32) -> Option<Day> {
        let age = u32::try_from(day as i32 - actor.from).ok()?;
        let mut fixed = u32::from(age == 0);
        fixed += u32::from(actor.activates.map(u32::from) == Some(age));
        let paid = actor.subscribes.and_then(|s| age.checked_sub(u32::from(s)));
        if let Some(since) = paid {
            fixed += u32::from(since == 0) + u32::from(pays(actor, since));
        }
        let mut random = Random::of(self.app.seed, 1 + index as u64, u64::from(day));
        let half = u64::from(actor.half);
        let mut likely = u64::from(actor.likely) * (half * 1000 / (half + u64::from(age)) * 85 / 100 + 150) / 1000;
        likely = likely * WEEKDAYS.get(self.weekday_of(day)).copied().unwrap_or(1000) / 1000;
        if actor.activates.is_none_or(|a| age < u32::from(a)) {
            likely /= 3;
        }
        if paid.is_some_and(|since| since < u32::from(actor.payments) * MONTH) {
            likely = likely * 3 / 2;
        }
        let there = fixed > 0 || random.in_million(likely);
        let weight = 3 + random.below(8) + random.below(8) * random.below(4);
        there.then_some(Day { fixed, weight })
    }

    /// The rows of an actor's day, in order of time.
    fn rows(&self, index: usize, actor: &Actor, day: u32, rest: u64, out: &mut Vec<Row>) {
        let age = (i64::from(day) - i64::from(actor.from)).max(0) as u32;
        let subscribed = actor.subscribes.and_then(|s| age.checked_sub(u32::from(s)));
        let starts = age == 0;
        let activates = actor.activates.map(u32::from) == Some(age);
        let first: Vec<u8> = [(starts, SIGNUP), (activates, ACTIVATE)].iter().filter(|f| f.0).map(|f| f.1).collect();
        let last: Vec<u8> = [(subscribed == Some(0), SUBSCRIBE), (subscribed.is_some_and(|s| pays(actor, s)), PAYMENT)]
            .iter()
            .filter(|f| f.0)
            .map(|f| f.1)
            .collect();
        let count = first.len() as u64 + rest + last.len() as u64;
        if count == 0 {
            return;
        }
        let mut random = Random::of(self.app.seed ^ 0x0726_f777, 1 + index as u64, u64::from(day));
        let times = self.times(day, count, &mut random);
        let paying = subscribed.is_some_and(|since| since < u32::from(actor.payments) * MONTH);
        for (i, at) in (0..count).zip(times) {
            let from_end = count - 1 - i;
            let event = match (first.get(i as usize), last.get((last.len() as u64).wrapping_sub(from_end + 1) as usize))
            {
                (Some(event), _) => *event,
                (None, Some(event)) if from_end < last.len() as u64 => *event,
                _ if i == first.len() as u64 && !starts => LOGIN,
                _ => random.weighted(&MIX) as u8,
            };
            // One platform has more mishaps than the others.
            let slip = event == PLAY && actor.platform == ANDROID && random.in_million(15_000);
            let event = if slip { ERROR } else { event };
            let plan = if paying && (event != SUBSCRIBE) { actor.plan } else { 0 };
            out.push(Row {
                at,
                actor: index as u32,
                event,
                country: actor.country,
                plan,
                platform: actor.platform,
                duration: match event {
                    PLAY => Some(20 + (random.below(60) * random.below(60) / 4) as i32 + random.below(160) as i32),
                    PAUSE => Some(1 + (random.below(40) * random.below(40)) as i32),
                    _ => None,
                },
                amount: (event == PAYMENT).then_some(if actor.plan == 2 { 1999 } else { 999 }),
            });
        }
    }

    /// Times of a day's rows: visits that begin by the rhythm of the day, the rows of each one after the other.
    fn times(&self, day: u32, count: u64, random: &mut Random) -> Vec<i64> {
        let midnight = (self.epoch_day + i64::from(day)) * DAY_US;
        let hours = HOURS.get(usize::from(self.weekday_of(day) >= 5)).unwrap_or(&HOURS[0]);
        let visits = 1 + random.below(1 + count / 12);
        let mut times = Vec::with_capacity(count as usize);
        for visit in 0..visits {
            let size = count * (visit + 1) / visits - count * visit / visits;
            let mut at = random.weighted(hours) as i64 * 3_600_000_000 + random.below(3_600_000_000) as i64;
            for _ in 0..size {
                times.push(midnight + if at < DAY_US { at } else { 2 * DAY_US - 1 - at }.max(0));
                at += 2_000_000 + random.below(240_000_000) as i64;
            }
        }
        times.sort_unstable();
        times
    }
}

fn pays(actor: &Actor, since: u32) -> bool {
    since.is_multiple_of(MONTH) && since / MONTH < u32::from(actor.payments)
}

/// The first day of each actor: of a thousand so many before the log, the others more each day, fewer at weekends.
pub(super) fn arrivals(seed: u64, actors: u32, days: u32, weekday: u32, before: u64) -> Vec<i32> {
    let before = u64::from(actors) * before / 1000;
    let after = u64::from(actors) - before;
    let weights: Vec<u64> = (0..u64::from(days))
        .map(|day| {
            let growth = 1000 + day * 1500 / u64::from(days).max(30);
            growth * WEEKDAYS.get(((u64::from(weekday) + day) % 7) as usize).copied().unwrap_or(1000)
        })
        .collect();
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    let mut out: Vec<i32> = (0..before)
        .map(|i| {
            let mut random = Random::of(seed ^ 0xbef00e, i, 0);
            -1 - (random.below(240) as i32)
        })
        .collect();
    out.sort_unstable();
    let mut sum: u128 = 0;
    let mut placed: u128 = 0;
    for (day, weight) in weights.iter().enumerate() {
        sum += u128::from(*weight);
        let until = u128::from(after) * sum / total.max(1);
        out.extend((placed..until).map(|_| day as i32));
        placed = until;
    }
    out
}

fn actor(app: &App, index: u64, from: i32) -> Actor {
    let mut random = Random::of(app.seed ^ 0xac704, index, 0);
    let country = random.weighted(&COUNTRY_WEIGHTS) as u8;
    let platform = random.weighted(&[42, 38, 20]) as u8;
    let (likely, half) = match random.weighted(&[50, 35, 15]) {
        0 => (180_000 + random.below(200_000), 3 + random.below(6)),
        1 => (400_000 + random.below(250_000), 10 + random.below(30)),
        _ => (700_000 + random.below(250_000), 60 + random.below(120)),
    };
    // Each month's newcomers get on a little better than those before.
    let better = u64::try_from(from).unwrap_or(0) * 120_000 / u64::from(app.days).max(90);
    let activates = random.in_million(520_000 + better).then(|| random.weighted(&[70, 18, 8, 4]) as u16);
    let pays = activates.filter(|_| random.in_million(150_000)).map(|a| a + random.below(21) as u16);
    let plan = 1 + u8::from(random.in_million(300_000));
    let mut payments = 1;
    while payments < 60 && random.in_million(880_000) {
        payments += 1;
    }
    Actor {
        from,
        likely: likely as u32,
        half: half as u16,
        country,
        platform,
        activates,
        subscribes: pays,
        plan,
        payments,
    }
}

/// How the rows that are not fixed are shared out: an actor's day gets what lies between two marks of one long line.
struct Shares {
    /// The weight of all days of the actors before.
    before: Vec<u64>,
    total: u64,
    free: u64,
}

impl Shares {
    fn new(app: &App, world: &World) -> Result<Self, GenerateError> {
        let mut before = Vec::with_capacity(world.actors.len());
        let (mut total, mut fixed) = (0u64, 0u64);
        for (index, actor) in world.actors.iter().enumerate() {
            before.push(total);
            for day in actor.from.max(0) as u32..app.days {
                if let Some(day) = world.day(index, actor, day) {
                    total += day.weight;
                    fixed += u64::from(day.fixed);
                }
            }
        }
        match app.events.checked_sub(fixed) {
            Some(free) => Ok(Self { before, total: total.max(1), free }),
            None => Err(GenerateError::Parameters(format!(
                "{} actors sign up, activate and pay {fixed} times: that is more than {} events",
                app.actors, app.events
            ))),
        }
    }

    /// Rows up to a mark.
    fn until(&self, mark: u64) -> u64 {
        (u128::from(mark) * u128::from(self.free) / u128::from(self.total)) as u64
    }
}

fn by_day(
    world: &World,
    shares: &Shares,
    take: &mut dyn FnMut(&[Row]) -> Result<(), GenerateError>,
) -> Result<(), GenerateError> {
    let mut marks = shares.before.clone();
    let mut rows = Vec::new();
    for day in 0..world.app.days {
        rows.clear();
        // They are in order of their first days.
        let there = world.actors.iter().take_while(|actor| actor.from <= day as i32);
        for ((index, actor), mark) in there.enumerate().zip(&mut marks) {
            let Some(found) = world.day(index, actor, day) else { continue };
            let rest = shares.until(*mark + found.weight) - shares.until(*mark);
            *mark += found.weight;
            world.rows(index, actor, day, rest, &mut rows);
        }
        rows.sort_by_key(|row| (row.at, row.actor));
        take(&rows)?;
    }
    Ok(())
}

fn shuffled(
    world: &World,
    shares: &Shares,
    take: &mut dyn FnMut(&[Row]) -> Result<(), GenerateError>,
) -> Result<(), GenerateError> {
    let mut rows = Vec::new();
    let mut block = 0;
    // Actors are numbered as they come: in that order blocks would begin later and later.
    let mut order: Vec<usize> = (0..world.actors.len()).collect();
    Random::of(world.app.seed ^ 0x0de4, 0, 0).shuffle(&mut order);
    for (done, index) in order.into_iter().enumerate() {
        let Some(actor) = world.actors.get(index) else { continue };
        let mut mark = shares.before.get(index).copied().unwrap_or_default();
        for day in actor.from.max(0) as u32..world.app.days {
            let Some(found) = world.day(index, actor, day) else { continue };
            let rest = shares.until(mark + found.weight) - shares.until(mark);
            mark += found.weight;
            world.rows(index, actor, day, rest, &mut rows);
        }
        if rows.len() >= BLOCK || done + 1 == world.actors.len() {
            Random::of(world.app.seed ^ 0x5a0f, block, 0).shuffle(&mut rows);
            take(&rows)?;
            rows.clear();
            block += 1;
        }
    }
    Ok(())
}
