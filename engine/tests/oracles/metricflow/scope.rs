//! What is not asked, and why.

use crate::metricflow::case::Case;
use crate::metricflow::definitions::Traits;

const NO_METRIC: &str = "no metric: the values of dimensions alone are no question of kepi's";
const CUSTOM_CALENDAR: &str = "a custom calendar (`alien_day`)";
const APPROXIMATE: &str = "an approximate percentile, which depends on the engine";
const CONVERSION: &str = "a conversion, which comes with the language's journeys";
const FAN_OUT: &str =
    "a join on a key that is not unique: MetricFlow counts a row once for each copy, kepi refuses (K0612)";
const NOT_YET: &str = "NOT YET: several hops, a composite key, or validity intervals";

/// What the case itself says.
pub fn of_case(case: &Case) -> Option<&'static str> {
    if case.metrics.is_empty() {
        return Some(NO_METRIC);
    }
    let mut texts = case.conditions();
    texts.extend(case.columns().iter().cloned());
    if texts.iter().any(|t| t.contains("alien_day")) {
        return Some(CUSTOM_CALENDAR);
    }
    if case.model.contains("MULTI_HOP") || case.model == "SCD_MODEL" {
        return Some(NOT_YET);
    }
    None
}

/// What its metrics say.
pub fn of_traits(case: &Case, traits: &Traits<'_>) -> Option<&'static str> {
    if traits.custom_calendar {
        return Some(CUSTOM_CALENDAR);
    }
    if traits.approximate {
        return Some(APPROXIMATE);
    }
    if traits.conversion {
        return Some(CONVERSION);
    }
    let mut names = case.conditions();
    names.extend(case.columns().iter().cloned());
    let any = |wanted: &str| names.iter().any(|n| n.contains(wanted));
    if case.model == "EXTENDED_DATE_MODEL" && any("listing__") {
        return Some(FAN_OUT);
    }
    if any("user__home_state") && !any("user__home_state_latest") || any("listing__user__") {
        return Some(NOT_YET);
    }
    None
}
