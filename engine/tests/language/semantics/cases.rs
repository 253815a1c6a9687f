//! Constructs by the day.

use crate::semantics::{Case, check};

const fn case(row: &'static str, expr: &'static str, values: &'static str) -> Case {
    Case { row, expr, by: &[], values }
}

const fn by(row: &'static str, expr: &'static str, by: &'static [&'static str], values: &'static str) -> Case {
    Case { row, expr, by, values }
}

const COUNTRY: &[&str] = &["country"];

#[test]
fn measures_of_rows() {
    check(&[
        case("count", "count(order)", "4 | 0 | 3"),
        by("count by", "count(order)", COUNTRY, "(none): 0 | 0 | 1\nDE: 2 | 0 | 2\nFR: 2 | 0 | 0"),
        // Two orders cannot be told: their flag is unknown.
        case("count, condition unknown", "count(order where flag)", "2 | 0 | 1"),
        case("count, condition unknown", "count(order where not flag)", "1 | 0 | 1"),
        // The order without a user has no part in it.
        case("unique", "unique(order)", "2 | 0 | 2"),
        by("unique by", "unique(order)", COUNTRY, "(none): 0 | 0 | 1\nDE: 1 | 0 | 1\nFR: 1 | 0 | 0"),
        case("unique of a column", "unique(order.country)", "2 | 0 | 1"),
        case("sum", "sum(order.amount)", "100 | 0 | 12"),
        by("sum by", "sum(order.amount)", COUNTRY, "(none): 0 | 0 | 0\nDE: 30 | 0 | 12\nFR: 70 | 0 | 0"),
        case("sum of an expression", "sum(order.n * order.amount)", "300 | 0 | 45.5"),
        case("mean", "mean(order.amount)", "25 | - | 6"),
        by("mean by", "mean(order.amount)", COUNTRY, "(none): - | - | -\nDE: 15 | - | 6\nFR: 35 | - | -"),
        case("median", "median(order.amount)", "25 | - | 6"),
        case("median, discrete", "median(order.amount, discrete)", "20 | - | 5.5"),
        // Of 1, 2, 3, 4: rank 2.7 from zero; of 5, 7: rank 0.9.
        case("percentile", "percentile(order.n, 90)", "3.7 | - | 6.8"),
        case("percentile, discrete", "percentile(order.n, 90, discrete)", "4 | - | 7"),
        by("percentile by", "percentile(order.n, 90)", COUNTRY, "(none): - | - | 5\nDE: 1.9 | - | 7\nFR: 3.9 | - | -"),
        // The root of 5/3; the root of 2.
        case("stddev", "stddev(order.n)", "1.290994449 | - | 1.414213562"),
        by(
            "stddev by, of one value",
            "stddev(order.n)",
            COUNTRY,
            "(none): - | - | -\nDE: 0.707106781 | - | -\nFR: 0.707106781 | - | -",
        ),
        case("min", "min(order.amount)", "10 | - | 5.5"),
        case("max", "max(order.amount)", "40 | - | 6.5"),
        by("max by", "max(order.amount)", COUNTRY, "(none): - | - | -\nDE: 20 | - | 6.5\nFR: 40 | - | -"),
        // On the third the earliest order has no amount, and two share the next instant: the key decides.
        case("first", "first(order.amount)", "10 | - | 5.5"),
        case("last", "last(order.amount)", "40 | - | 6.5"),
        by("last by", "last(order.n)", COUNTRY, "(none): - | - | 5\nDE: 2 | - | 7\nFR: 4 | - | -"),
        case("share", "share(order.flag)", "0.666666667 | - | 0.5"),
        by("share by", "share(order.flag)", COUNTRY, "(none): - | - | 1\nDE: 0.5 | - | 0\nFR: 1 | - | -"),
        case("share of a comparison", "share(order.n >= 3)", "0.5 | - | 1"),
        case("units", "count(order where took >= 2s)", "3 | 0 | 0"),
    ]);
}

#[test]
fn unions() {
    check(&[
        case("E or F", "count(order or click)", "5 | 1 | 3"),
        case("E or F", "unique(order or click)", "3 | 1 | 2"),
        by("E or F by", "count(order or click)", COUNTRY, "(none): 0 | 0 | 1\nDE: 3 | 0 | 2\nFR: 2 | 1 | 0"),
        by("E or F by", "unique(order or click)", COUNTRY, "(none): 0 | 0 | 1\nDE: 2 | 0 | 1\nFR: 1 | 1 | 0"),
        case("E or F, two types of numbers", "sum((order or click).n)", "12 | 0.25 | 12"),
        case("E or F, two types of numbers", "unique((order or click).n)", "4 | 1 | 2"),
        by(
            "E or F by, two types of numbers",
            "count(order or click)",
            &["n"],
            "(none): 0 | 0 | 1\n0.25: 0 | 1 | 0\n1: 1 | 0 | 0\n2: 2 | 0 | 0\n3: 1 | 0 | 0\n4: 1 | 0 | 0\n5: 0 | 0 | 1\n7: 0 | 0 | 1\n",
        ),
        // e1 and e3 satisfy one side, e4 the other, and e3 both.
        case("a row matched twice counts once", "count((order where flag) or (order where n > 2))", "3 | 0 | 2"),
    ]);
}

#[test]
fn distributions_and_series() {
    check(&[
        case("X per actor", "mean(count(order) per actor)", "1.5 | - | 1.5"),
        case("X per actor, count", "count(count(order) per actor)", "2 | 0 | 2"),
        case("X per actor, count of a condition", "count(count(order) per actor >= 2)", "1 | 0 | 1"),
        case("X per actor, share", "share(count(order) per actor >= 2)", "0.5 | - | 0.5"),
        by(
            "X per actor by",
            "mean(count(order) per actor)",
            COUNTRY,
            "(none): - | - | 1\nDE: 2 | - | 2\nFR: 1 | - | -",
        ),
        // u2 has no amount on the third, which is null to a mean and zero to a sum.
        case("X per actor, null members", "mean(mean(order.amount) per actor)", "22.5 | - | 6"),
        case("X per actor, zero members", "mean(sum(order.amount) per actor)", "30 | - | 6"),
        case("X per actor, null members", "count(mean(order.amount) per actor)", "2 | 0 | 1"),
        // The order without a country is left out.
        case("X per col", "sum(sum(order.n) per country)", "10 | - | 7"),
        case("X per col", "max(sum(order.n) per country)", "7 | - | 7"),
        case("X per col", "stddev(sum(order.n) per country)", "2.828427125 | - | -"),
        case("X per col, then per actor", "max(count(count(order) per country) per actor)", "1 | - | 1"),
        // Another base: who clicked on the day, whether or not they ordered.
        case("X per E.actor", "mean(count(order) per click.actor)", "0 | 0 | -"),
        case("X per E.actor", "mean(count(order) per click.actor over 3 days)", "0 | 1 | 2"),
        // Of 28 and 29 February and 1 March: 0, 1, 4.
        case("X per day", "mean(count(order) per day over 3 days)", "1.666666667 | 1.666666667 | 2.333333333"),
        case("X per day, null periods", "mean(mean(order.amount) per day over 3 days)", "13 | 13 | 15.5"),
        case("X per day", "count(count(order) per day over 3 days > 0)", "2 | 2 | 2"),
        case("X per day", "first(count(order) per day over 3 days)", "0 | 1 | 4"),
        case("X per day", "sum(count(order) per day over 3 days)", "5 | 5 | 7"),
        by(
            "X per day by",
            "max(count(order) per day over 2 days)",
            COUNTRY,
            "(none): 0 | 0 | 1\nDE: 2 | 2 | 2\nFR: 2 | 2 | 0",
        ),
        case("X over W per day", "max((unique(order) over 2 days) per day over 2 days)", "3 | 3 | 2"),
        // Of (0, 0), (1, 0), (4, 1): 7/3 by the root of 26/3 × 2/3; then of (1, 0), (4, 1), (0, 1) and (4, 1), (0, 1), (3, 0).
        case(
            "correlation",
            "correlation(count(order) per day over 3 days, count(click) per day over 3 days)",
            "0.970725343 | 0.277350098 | -0.277350098",
        ),
        case(
            "correlation of what does not vary",
            "correlation(count(order) per day, count(click) per day)",
            "- | - | -",
        ),
    ]);
}

#[test]
fn windows_and_comparisons_in_time() {
    check(&[
        case("m over W", "count(order) over 2 days", "5 | 4 | 3"),
        case("m over W, sets are united", "unique(order) over 3 days", "3 | 3 | 3"),
        by("m over W by", "unique(order) over 3 days", COUNTRY, "(none): 0 | 0 | 1\nDE: 1 | 1 | 2\nFR: 2 | 2 | 1"),
        case("m over W, empty", "mean(order.amount) over 2 days", "20.2 | 25 | 6"),
        case("m over all time", "count(order) over all time", "5 | 5 | 8"),
        case("m over W to date", "count(order) over month to date", "4 | 4 | 7"),
        case("m over hours", "count(order) over 15h", "3 | 0 | 2"),
        case("ago", "ago(count(order), 1 day)", "1 | 4 | 0"),
        // 28 February lies before the first order.
        case("ago, before history", "ago(count(order), 2 days)", "- | 1 | 4"),
        case("ago, 1 period", "ago(sum(order.amount), 1 period)", "1 | 100 | 0"),
        by("ago by", "ago(count(order), 1 day)", COUNTRY, "DE: 0 | 2 | 0\nFR: 1 | 2 | 0"),
        case("change", "change(count(order), 1 day)", "3 | -1 | -"),
        by("change by", "change(count(order), 1 day)", COUNTRY, "(none): - | - | -\nDE: - | -1 | -\nFR: 1 | -1 | -"),
    ]);
}

#[test]
fn arithmetic_of_metrics() {
    check(&[
        case("a / b", "sum(order.amount) / unique(order)", "50 | - | 6"),
        by(
            "a / b by",
            "sum(order.amount) / unique(order)",
            COUNTRY,
            "(none): - | - | 0\nDE: 30 | - | 12\nFR: 70 | - | -",
        ),
        case("a + b", "count(order) + count(click)", "5 | 1 | 3"),
        by("a + b by", "count(order) + count(click)", COUNTRY, "(none): 0 | 0 | 1\nDE: 3 | 0 | 2\nFR: 2 | 1 | 0"),
        // Whole numbers in orders, decimals in clicks.
        by(
            "a / b by, two types of numbers",
            "count(order) / count(click)",
            &["n"],
            "(none): - | - | -\n0.25: - | 0 | -\n1: - | - | -\n2: 1 | - | -\n3: - | - | -\n4: - | - | -\n5: - | - | -\n7: - | - | -",
        ),
        case("a + b, null spreads", "mean(order.amount) + 1 EUR", "26 | - | 7"),
        case("coalesce", "coalesce(mean(order.amount), 0)", "25 | 0 | 6"),
        case("if", "if count(order) > 3 then mean(order.amount) else 0", "25 | 0 | 0"),
        case("if, unknown", "if mean(order.amount) > 6 EUR then 1 else 2", "1 | 2 | 2"),
        case("total", "total(count(order))", "4 | 0 | 3"),
        by(
            "total by",
            "count(order) / total(count(order))",
            COUNTRY,
            "(none): 0 | - | 0.333333333\nDE: 0.5 | - | 0.666666667\nFR: 0.5 | - | 0",
        ),
        // Users of several countries count once in the total.
        by(
            "total by",
            "total(unique(order)) - unique(order)",
            COUNTRY,
            "(none): 2 | 0 | 1\nDE: 1 | 0 | 1\nFR: 1 | 0 | 2",
        ),
        case("m where", "(sum(order.amount) / count(order)) where country = \"DE\"", "15 | - | 6"),
    ]);
}

#[test]
fn lookups_and_segments() {
    check(&[
        // u3 has no plan, one order no user.
        by("lookup by", "count(order)", &["user.plan"], "(none): 1 | 0 | 2\nfree: 1 | 0 | 1\npro: 2 | 0 | 0"),
        case("lookup in a condition", "count(order where user.plan = \"pro\")", "2 | 0 | 0"),
        case("lookup, no row is null", "count(order where user.plan is null)", "1 | 0 | 2"),
        case("lookup, nulls", "mean(order.user.age)", "33.333333333 | - | 40"),
        case("segment", "count(order where pro)", "2 | 0 | 0"),
        // Neither pro nor known: unknown.
        case("segment, unknown", "count(order where not pro)", "1 | 0 | 1"),
        by("segment by", "unique(order)", &["pro"], "(none): 0 | 0 | 1\nfalse: 1 | 0 | 1\ntrue: 1 | 0 | 0"),
        by(
            "two dimensions",
            "count(order)",
            &["user.plan", "country"],
            "(none), DE: 0 | 0 | 2
            (none), FR: 1 | 0 | 0
            free, (none): 0 | 0 | 1
            free, FR: 1 | 0 | 0
            pro, DE: 2 | 0 | 0",
        ),
    ]);
}

#[test]
fn snapshots() {
    check(&[
        case("sum of states", "sum(balance.amount)", "150 | - | 120"),
        case("count of states", "count(balance)", "2 | - | 1"),
        by("sum of states by", "sum(balance.amount)", &["account_id"], "a: 100 | - | 120\nb: 50 | - | -"),
        case("last of a series of states", "last(sum(balance.amount) per day over 2 days)", "150 | 150 | 120"),
        case("mean of a series of states", "mean(sum(balance.amount) per day over 3 days)", "150 | 150 | 135"),
        case("states per actor", "max(sum(balance.amount) per actor)", "100 | - | 120"),
    ]);
}
