//! What is not asked, and why.

use crate::metricflow::case::Case;
use crate::metricflow::definitions::{Measured, Traits};

const NO_METRIC: &str = "no metric: the values of dimensions alone are no question of kepi's";
const CUSTOM_CALENDAR: &str = "a custom calendar (`alien_day`)";
const APPROXIMATE: &str = "an approximate percentile, which depends on the engine";
const FAN_OUT: &str =
    "a join on a key that is not unique: MetricFlow counts a row once for each copy, kepi refuses (K0612)";

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
    let mut names = case.conditions();
    names.extend(case.columns().iter().cloned());
    let any = |wanted: &str| names.iter().any(|n| n.contains(wanted));
    if case.model == "EXTENDED_DATE_MODEL" && any("listing__") {
        return Some(FAN_OUT);
    }
    if case.model == "UNPARTITIONED_MULTI_HOP_JOIN_MODEL" && any("account_id__") && !any("account_id__account_month") {
        return Some(FAN_OUT);
    }
    // A user has a row a day.
    let daily = [
        "home_state",
        "created_at",
        "ds_partitioned",
        "last_profile_edit_ts",
        "bio_added_ts",
        "last_login_ts",
        "archived_at",
        "ds",
    ];
    let of_day = |name: &String| {
        let rest = name.split("user__").nth(1).unwrap_or_default();
        daily.iter().any(|d| rest.strip_prefix(d).is_some_and(|after| after.is_empty() || after.starts_with("__")))
    };
    let own_day = |m: &Measured<'_>| m.table.has("ds_partitioned");
    if case.model == "SIMPLE_MODEL" && names.iter().any(of_day) && !traits.measured.iter().all(own_day) {
        return Some(FAN_OUT);
    }
    None
}
