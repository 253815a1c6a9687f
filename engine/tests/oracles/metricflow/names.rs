//! A case's names of dimensions as kepi says them.

use kepi_lang::calendar::Grain;

use crate::metricflow::definitions::{Definitions, Measured, Table};

/// What a column of a case's rows is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The clock of the metric: a grain of the periods.
    Period(Grain),
    /// A part of the clock: `metric_time__extract_month`.
    Part(String),
    /// A dimension: a row expression.
    Row(String),
    /// A part of a time that is no clock of the metric: the part, and the row expression.
    PartOf(String, String),
}

/// A name: the path over entities, what is at its end, a grain or a part.
#[derive(Clone)]
struct Name<'a> {
    path: Vec<&'a str>,
    last: &'a str,
    grain: Option<Grain>,
    part: Option<&'a str>,
    /// Below a minute: no grain of kepi's; the values of the data are of it as they are.
    fine: bool,
}

const METRIC_TIME: &str = "metric_time";
const FINE: [&str; 4] = ["second", "millisecond", "microsecond", "nanosecond"];

/// What kepi's projects call a table as a link.
fn link(table: &str) -> Option<&'static str> {
    Some(match table {
        "listings_latest" | "listings" | "listings_extended_source" => "listing",
        "lux_listing_mapping" => "lux",
        "lux_listings" => "lux_listing",
        "users_latest" => "user",
        "users_ds_source" => "profile",
        "companies" => "company",
        "primary_accounts" => "account",
        "bridge_table" => "bridge",
        "account_month_txns" => "txns",
        "customer_table" => "customer",
        "customer_other_data" => "other",
        "third_hop_table" => "third_hop",
        _ => return None,
    })
}

fn split(text: &str) -> Name<'_> {
    let mut parts: Vec<&str> = text.split("__").collect();
    let mut name = Name { path: Vec::new(), last: "", grain: None, part: None, fine: false };
    if let (Some(last), true) = (parts.last().copied(), parts.len() > 1) {
        name.part = last.strip_prefix("extract_");
        name.grain = Grain::parse(last);
        name.fine = FINE.contains(&last);
        if name.part.is_some() || name.grain.is_some() || name.fine {
            parts.pop();
        }
    }
    name.last = parts.pop().unwrap_or_default();
    name.path = parts;
    name
}

/// The names of one question.
pub struct Names<'a> {
    pub definitions: &'a Definitions,
    pub measured: &'a [Measured<'a>],
}

impl Names<'_> {
    /// A column of the rows that are expected.
    pub fn column(&self, text: &str) -> Result<Column, String> {
        let name = split(text);
        if self.is_clock(&name) {
            return match (name.part, name.grain) {
                (Some(part), _) => Ok(Column::Part(part.to_owned())),
                (None, Some(grain)) => Ok(Column::Period(grain)),
                (None, None) => Ok(Column::Period(self.definitions.default_grain(self.measured))),
            };
        }
        let expr = self.reach(&name)?;
        Ok(match name.part {
            Some(part) => Column::PartOf(part.to_owned(), expr),
            None => Column::Row(at_grain(expr, name.grain, name.fine)),
        })
    }

    /// A dimension, entity or time within a condition; the clock is `time`.
    pub fn condition(&self, text: &str, grain: Option<&str>) -> Result<(String, bool), String> {
        let name = split(text);
        let said = match grain {
            Some(grain) => Some(Grain::parse(grain).ok_or_else(|| format!("`{grain}` is no grain of kepi"))?),
            None => name.grain,
        };
        if self.is_clock(&name) {
            return Ok((at_grain("time".to_owned(), said.or(Some(Grain::Day)), false), true));
        }
        let name = self.shortest(name)?;
        let is_time = self.owner(&name).ok().and_then(|t| t.dimension(name.last)).is_some_and(|d| d.is_time());
        let grain = if is_time { said.or(Some(Grain::Day)) } else { said };
        Ok((at_grain(self.row(&name)?, grain, false), false))
    }

    /// The clock's grain in a condition.
    pub fn clock_grain(&self, text: &str, grain: Option<&str>) -> Grain {
        grain.and_then(Grain::parse).or(split(text).grain).unwrap_or(Grain::Day)
    }

    /// `metric_time`, or the time dimension that all measures are aggregated by.
    fn is_clock(&self, name: &Name<'_>) -> bool {
        if name.path.is_empty() && name.last == METRIC_TIME {
            return true;
        }
        let [entity] = name.path[..] else { return false };
        let own = |m: &Measured<'_>| m.table.primary() == Some(entity) && m.time() == Some(name.last);
        !self.measured.is_empty() && self.measured.iter().all(own)
    }

    /// The table at the end of a path.
    fn owner(&self, name: &Name<'_>) -> Result<&Table, String> {
        let unknown = || format!("nothing is found at `{}`", name.path.join("__") + "__" + name.last);
        let Some((entity, _)) = name.path.split_last() else {
            let table = self.measured.iter().map(|m| m.table).find(|t| t.has(name.last));
            return table.ok_or_else(unknown);
        };
        let local = self.measured.iter().map(|m| m.table).find(|t| t.primary() == Some(entity) && t.has(name.last));
        let keyed = || self.definitions.tables.iter().find(|t| t.is_keyed_by(entity) && t.has(name.last));
        match name.path.len() {
            1 => local.or_else(keyed),
            _ => keyed(),
        }
        .ok_or_else(unknown)
    }

    fn reach(&self, name: &Name<'_>) -> Result<String, String> {
        self.row(&self.shortest(name.clone())?)
    }

    /// The name as it is, or behind an entity of the measured table: the user of a booking is its listing's.
    fn shortest<'n>(&'n self, name: Name<'n>) -> Result<Name<'n>, String> {
        let Err(why) = self.row(&name) else { return Ok(name) };
        let entities = self.measured.first().into_iter().flat_map(|m| &m.table.entities);
        let longer = entities.map(|e| {
            let path = std::iter::once(e.name.as_str()).chain(name.path.iter().copied()).collect();
            Name { path, ..name.clone() }
        });
        longer.into_iter().find(|n| self.row(n).is_ok()).ok_or(why)
    }

    fn row(&self, name: &Name<'_>) -> Result<String, String> {
        let owner = self.owner(name)?;
        // `listing`, and `view__listing`: a column of the measured table itself.
        let measured_alone = self.measured.iter().all(|m| m.table.name == owner.name);
        if name.path.is_empty() || (name.path.len() == 1 && measured_alone) {
            return Ok(owner.column(name.last));
        }
        // The column, from the last table back to the first. Dimensions have their names in the lookups, entities are columns.
        let last = if owner.dimension(name.last).is_some() { name.last.to_owned() } else { owner.column(name.last) };
        let mut steps = vec![last];
        let mut wanted = name.last;
        for (at, entity) in name.path.iter().enumerate().rev() {
            let table = self.definitions.tables.iter().find(|t| t.is_keyed_by(entity) && t.has(wanted));
            let table = table.ok_or_else(|| format!("no table is keyed by `{entity}` and has `{wanted}`"))?;
            let link = link(&table.name).ok_or_else(|| format!("`{}` is no lookup of the project", table.name))?;
            steps.push(link.to_owned());
            // Bookings have no user: theirs is the one of the listing.
            let first = at == 0
                && self.measured.iter().all(|m| m.table.entity(entity).is_none() && m.table.primary() != Some(entity));
            if first {
                return Err(format!("`{entity}` is not reached from the measured table"));
            }
            wanted = entity;
        }
        // The day of the row and the user of its listing find a profile: a link of the source's own.
        if steps[1..] == ["profile", "listing"] {
            steps = vec![steps.swap_remove(0), "owner_profile".to_owned()];
        }
        steps.reverse();
        Ok(steps.join("."))
    }
}

fn at_grain(expr: String, grain: Option<Grain>, fine: bool) -> String {
    match grain {
        // The data's own times are of these grains.
        Some(Grain::Minute | Grain::Hour) | None => expr,
        Some(_) if fine => expr,
        Some(grain) => format!("{grain}({expr})"),
    }
}
