//! A small shop: orders and cancellations, and who its customers are.

use jiff::civil::Date;

use crate::generate::random::Random;

const COUNTRIES: [&str; 6] = ["DE", "FR", "NL", "ES", "IT", "PL"];
const CHANNELS: [&str; 4] = ["search", "newsletter", "social", "direct"];
const KINDS: [&str; 2] = ["private", "business"];
const CATEGORIES: [(&str, u64, u64); 5] = [
    ("books", 900, 2_600),
    ("garden", 1_500, 9_000),
    ("kitchen", 1_200, 7_500),
    ("toys", 800, 4_500),
    ("decor", 700, 6_000),
];
/// By hour of the day, how likely an order is placed.
const HOURS: [u32; 24] = [3, 1, 1, 1, 1, 2, 6, 12, 18, 24, 28, 30, 34, 30, 26, 26, 28, 32, 36, 42, 44, 36, 20, 8];
/// Monday first.
const WEEKDAYS: [u64; 7] = [1080, 1000, 980, 990, 940, 900, 1110];
/// By month: a shop lives on its last quarter.
const SEASON: [u64; 12] = [820, 800, 900, 960, 1000, 960, 900, 920, 1020, 1120, 1420, 1500];

/// An order, or the cancellation of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Seconds since 1970.
    pub at: i64,
    /// `purchase` or `cancellation`.
    pub event: &'static str,
    pub order: u32,
    /// `None` for guests.
    pub customer: Option<u32>,
    pub country: &'static str,
    pub channel: &'static str,
    pub category: &'static str,
    pub items: u32,
    pub cents: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub id: u32,
    pub kind: &'static str,
    pub country: &'static str,
}

/// The orders of so many days, about `daily` a day, in order of time, and the customers.
pub fn shop(start: Date, days: u32, daily: u32, seed: u64) -> (Vec<Purchase>, Vec<Customer>) {
    let epoch = i64::from(jiff::civil::date(1970, 1, 1).until(start).map_or(0, |span| span.get_days())) * 86_400;
    let mut customers: Vec<Customer> = Vec::new();
    let mut purchases = Vec::new();
    let mut order = 10_000;
    let mut date = start;
    for day in 0..days {
        let mut random = Random::of(seed, u64::from(day), 1);
        let weekday = usize::from(date.weekday().to_monday_zero_offset() as u8);
        let month = usize::from(date.month().unsigned_abs()) - 1;
        let growth = 900 + 260 * u64::from(day) / u64::from(days.max(1));
        let factor = WEEKDAYS.get(weekday).unwrap_or(&1000) * SEASON.get(month).unwrap_or(&1000) * growth / 1_000_000;
        let mean = u64::from(daily) * factor / 1000;
        for _ in 0..mean * 3 / 4 + random.below(1 + mean / 2) {
            order += 1;
            let at =
                epoch + i64::from(day) * 86_400 + random.weighted(&HOURS) as i64 * 3600 + random.below(3600) as i64;
            let customer = customer(&mut customers, &mut random);
            let known = customer.and_then(|id| customers.get(id));
            let country = known.map_or_else(|| pick(&COUNTRIES, &[50, 16, 12, 9, 8, 5], &mut random), |c| c.country);
            let business = known.is_some_and(|c| c.kind == "business");
            let (category, low, span) =
                CATEGORIES.get(random.weighted(&[30, 18, 22, 16, 14])).copied().unwrap_or(CATEGORIES[0]);
            let items = 1 + random.below(3) as u32 + if business { random.below(9) as u32 } else { 0 };
            let price = low + random.below(span) * random.below(100) / 100;
            let purchase = Purchase {
                at,
                event: "purchase",
                order,
                customer: customer.map(|id| 501 + id as u32),
                country,
                channel: pick(&CHANNELS, &[40, 24, 16, 20], &mut random),
                category,
                items,
                cents: u64::from(items) * price,
            };
            // Cancelled after some hours or days, more often where orders come by social media.
            if random.in_million(if purchase.channel == "social" { 110_000 } else { 60_000 }) {
                let later = 3600 + random.below(5 * 86_400) as i64;
                purchases.push(Purchase { at: at + later, event: "cancellation", ..purchase.clone() });
            }
            purchases.push(purchase);
        }
        date = date.tomorrow().unwrap_or(date);
    }
    let end = epoch + i64::from(days) * 86_400;
    purchases.retain(|p| p.at < end);
    purchases.sort_by_key(|p| (p.at, p.order));
    (purchases, customers)
}

/// A guest, a new customer, or one who comes back.
fn customer(customers: &mut Vec<Customer>, random: &mut Random) -> Option<usize> {
    let known = customers.len() as u64;
    match random.weighted(&[12, 22, 66]) {
        0 => None,
        2 if known > 0 => {
            // Some are faithful from the first, most come back soon or not at all.
            let among = if random.in_million(250_000) { known.min(120) } else { known.min(500) };
            let ago = random.below(among);
            Some(if among == known || random.in_million(750_000) { known - 1 - ago } else { ago } as usize)
        }
        _ => {
            let kind = pick(&KINDS, &[84, 16], random);
            let country = pick(&COUNTRIES, &[50, 16, 12, 9, 8, 5], random);
            customers.push(Customer { id: 501 + known as u32, kind, country });
            Some(known as usize)
        }
    }
}

fn pick(of: &[&'static str], weights: &[u32], random: &mut Random) -> &'static str {
    of.get(random.weighted(weights)).copied().unwrap_or_default()
}
