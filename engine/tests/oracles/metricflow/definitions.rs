//! MetricFlow's definitions as plain facts: what a case's names refer to.

use std::collections::BTreeSet;

use kepi_lang::calendar::{Grain, Length};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub struct Definitions {
    pub tables: Vec<Table>,
    pub metrics: Vec<Metric>,
}

#[derive(Debug, Deserialize)]
pub struct Table {
    pub name: String,
    pub default_time: Option<String>,
    pub primary_entity: Option<String>,
    pub entities: Vec<Entity>,
    pub dimensions: Vec<Dimension>,
    pub measures: Vec<Measure>,
}

#[derive(Debug, Deserialize)]
pub struct Entity {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub expr: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Dimension {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub expr: Option<String>,
    #[serde(default)]
    pub type_params: Value,
}

#[derive(Debug, Deserialize)]
pub struct Measure {
    pub name: String,
    pub agg_time_dimension: Option<String>,
    #[serde(default)]
    pub agg_params: Value,
}

#[derive(Debug, Deserialize)]
pub struct Metric {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub type_params: Value,
    pub filter: Option<String>,
}

impl Table {
    pub fn primary(&self) -> Option<&str> {
        let declared = self.entities.iter().find(|e| e.kind == "primary").map(|e| e.name.as_str());
        self.primary_entity.as_deref().or(declared)
    }

    /// Whether a row is found by the entity.
    pub fn is_keyed_by(&self, entity: &str) -> bool {
        let keyed = |e: &Entity| e.name == entity && ["primary", "unique", "natural"].contains(&e.kind.as_str());
        self.primary_entity.as_deref() == Some(entity) || self.entities.iter().any(keyed)
    }

    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|e| e.name == name)
    }

    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|d| d.name == name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.dimension(name).is_some() || self.entity(name).is_some()
    }

    /// The column of the file behind a dimension or an entity.
    pub fn column(&self, name: &str) -> String {
        let of = |e: Option<&String>| e.cloned().unwrap_or_else(|| name.to_owned());
        match self.dimension(name) {
            Some(dimension) => of(dimension.expr.as_ref()),
            None => of(self.entity(name).and_then(|e| e.expr.as_ref())),
        }
    }
}

impl Dimension {
    pub fn is_time(&self) -> bool {
        self.kind == "time"
    }

    /// The grain of a time dimension; below a minute there is none here.
    pub fn grain(&self) -> Option<Grain> {
        self.type_params["time_granularity"].as_str().and_then(Grain::parse)
    }
}

impl Metric {
    /// The measure that it is of, when it is of one.
    pub fn measure(&self) -> Option<&str> {
        let measure = &self.type_params["measure"];
        measure.as_str().or_else(|| measure["name"].as_str())
    }

    pub fn is_conversion(&self) -> bool {
        self.kind.eq_ignore_ascii_case("conversion")
    }
}

/// A measure with the table that it is of.
#[derive(Clone, Copy)]
pub struct Measured<'a> {
    pub table: &'a Table,
    pub measure: &'a Measure,
}

impl Measured<'_> {
    pub fn time(&self) -> Option<&str> {
        self.measure.agg_time_dimension.as_deref().or(self.table.default_time.as_deref())
    }

    /// The grain of its clock.
    pub fn grain(&self) -> Grain {
        let dimension = self.time().and_then(|t| self.table.dimension(t));
        dimension.and_then(Dimension::grain).unwrap_or(Grain::Day)
    }
}

/// What a metric and those that it is made of are.
#[derive(Default)]
pub struct Traits<'a> {
    pub measured: Vec<Measured<'a>>,
    /// What follows, of conversions: no name of a case is one of its.
    pub converted: Vec<Measured<'a>>,
    pub kinds: BTreeSet<String>,
    /// A window of a measure over all days that came before.
    pub cumulative: bool,
    /// A metric of an earlier time.
    pub offset: bool,
    /// By how much.
    pub offsets: Vec<Length>,
    /// A row for each day of the calendar.
    pub spine: bool,
    pub conversion: bool,
    pub approximate: bool,
    pub custom_calendar: bool,
}

impl Definitions {
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name)
    }

    pub fn measure(&self, name: &str) -> Option<Measured<'_>> {
        self.tables.iter().find_map(|table| {
            let measure = table.measures.iter().find(|m| m.name == name)?;
            Some(Measured { table, measure })
        })
    }

    pub fn traits(&self, metrics: &[String]) -> Result<Traits<'_>, String> {
        let mut traits = Traits::default();
        for metric in metrics {
            self.collect(metric, &mut traits)?;
        }
        Ok(traits)
    }

    fn collect<'a>(&'a self, name: &str, traits: &mut Traits<'a>) -> Result<(), String> {
        let metric = self.metric(name).ok_or_else(|| format!("no metric `{name}` is defined"))?;
        let kind = metric.kind.to_lowercase();
        let params = &metric.type_params;
        traits.custom_calendar |= params.to_string().contains("alien_day");
        traits.cumulative |= kind == "cumulative";
        traits.conversion |= metric.is_conversion();
        traits.kinds.insert(kind);
        for key in ["numerator", "denominator"] {
            if let Some(inner) = params[key]["name"].as_str() {
                self.collect(inner, traits)?;
            }
        }
        for input in params["metrics"].as_array().into_iter().flatten() {
            traits.offset |= input["offset_window"].is_string() || input["offset_to_grain"].is_string();
            traits.offsets.extend(input["offset_window"].as_str().and_then(length));
            self.collect(input["name"].as_str().unwrap_or_default(), traits)?;
        }
        let conversion = &params["conversion_type_params"];
        let converted = &conversion["conversion_measure"];
        for input in [&params["measure"], &conversion["base_measure"], converted] {
            let Some(name) = input.as_str().or_else(|| input["name"].as_str()) else { continue };
            traits.spine |= input["join_to_timespine"] == Value::Bool(true);
            let measured = self.measure(name).ok_or_else(|| format!("no measure `{name}` is defined"))?;
            traits.approximate |= measured.measure.agg_params["use_approximate_percentile"] == Value::Bool(true);
            match std::ptr::eq(input, converted) {
                true => traits.converted.push(measured),
                false => traits.measured.push(measured),
            }
        }
        Ok(())
    }

    /// The grain of the clock when none is said.
    pub fn default_grain(&self, measured: &[Measured<'_>]) -> Grain {
        measured.iter().map(Measured::grain).max().unwrap_or(Grain::Day).max(Grain::Day)
    }

    /// The coarsest grain of the clocks that are read.
    pub fn clock_grain(&self, metrics: &[String]) -> Result<Grain, String> {
        let traits = self.traits(metrics)?;
        Ok(traits.measured.iter().chain(&traits.converted).map(Measured::grain).max().unwrap_or(Grain::Day))
    }
}

/// `2 days`.
fn length(text: &str) -> Option<Length> {
    let (count, unit) = text.split_once(' ')?;
    Some(Length { count: count.parse().ok()?, unit: Grain::parse(unit.trim_end_matches('s'))?.unit() })
}
