//! The manifest, the definition file, releases, reports and tests.

use crate::schema::kind::Shape::{Expected, Given, Levels, Many, Sections, Suggested, Text, TextMap, Texts, Version};
use crate::schema::kind::{Key, Kind, key};
use crate::schema::{aims, data, measures};

/// `kepi.yaml`.
pub const MANIFEST: Kind = Kind {
    word: "manifest",
    what: "A kepi project: where its definitions and data are, and which calendar it goes by.",
    main: None,
    keys: &[
        key("kepi", Version, "Version of the language.", "1").required(),
        key("name", Text, "Name of the project.", "streamly").default("kepi"),
        key("time_zone", Text, "IANA name of the time zone that days, weeks and months are those of.", "Europe/Berlin")
            .default("UTC"),
        key("week_start", Suggested(&DAYS), "The day that weeks begin with.", "monday").default("monday"),
        key("fiscal_year_start", Text, "Month and day that quarters and years begin with.", "'04-01'").default("01-01"),
        key("currency", Text, "What the unit `money` means: a code of ISO 4217.", "EUR"),
        key("definitions", Texts, "Patterns of definition files.", "[metrics/**/*.yaml]"),
        key("data", Texts, "Folders that sources may read, and prefixes of object stores.", "data").default("data"),
        key(
            "as_of",
            Text,
            "Now: a date or an instant. `--as-of` wins; without both it is the latest event.",
            "2026-10-01",
        ),
        key("use", Texts, "Libraries of metrics: `std`, the standard library.", "[std]"),
        key("lints", Levels, "Levels of lints.", "{unowned: off}"),
    ],
    either: &[],
};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A file of definitions.
pub const FILE: Kind = Kind {
    word: "definition file",
    what: "Definitions of kepi: sections, each a map from names to definitions.",
    main: None,
    keys: &[
        key("sources", Sections(&data::SOURCE), "Event files and what their columns mean.", "{}"),
        key("events", Sections(&measures::EVENT), "Names for what happens.", "{}"),
        key("spans", Sections(&measures::SPANS), "Things that last: subscriptions, memberships, trials.", "{}"),
        key("lookups", Sections(&data::LOOKUP), "Facts about actors and things, one row a key.", "{}"),
        key("segments", Sections(&measures::SEGMENT), "Conditions on actors.", "{}"),
        key("metrics", Sections(&measures::METRIC), "What is measured.", "{}"),
        key("benchmarks", Sections(&aims::BENCHMARK), "What the numbers are held against.", "{}"),
        key("goals", Sections(&aims::GOAL), "What the objectives are for.", "{}"),
        key("objectives", Sections(&aims::OBJECTIVE), "What is to be reached, by when, by whom.", "{}"),
        key("releases", Sections(&RELEASE), "Dates of the product to hold a series against.", "{}"),
        key("reports", Sections(&REPORT), "What a report shows.", "{}"),
        key("tests", Sections(&TEST), "Rows given and values expected.", "{}"),
    ],
    either: &[],
};

pub(super) const RELEASE: Kind = Kind {
    word: "release",
    what: "A date of the product, drawn into the series of the report.",
    main: Some("at"),
    keys: &[
        key("at", Text, "The day.", "2026-10-02").required(),
        key("title", Text, "What people call it.", "The new search"),
        key("description", Text, "More about it, for people.", "For everyone at once"),
    ],
    either: &[],
};

pub(super) const REPORT: Kind = Kind {
    word: "report",
    what: "A page: what `kepi report NAME` shows.",
    main: None,
    keys: &[
        key("title", Text, "Title of the page.", "Product review"),
        key("sections", Many(&SECTION), "What it shows, in this order.", "[objectives, {stage: engagement}]")
            .required(),
    ],
    either: &[],
};

/// The sections of a report that are one word.
pub(super) const SECTIONS: &[&str] = &["objectives", "metrics", "benchmarks"];

pub(super) const SECTION: Kind = Kind {
    word: "section",
    what: "A part of a report: one thing, or the metrics of one stage.",
    main: None,
    keys: &[
        key("stage", Text, "The metrics of this stage.", "engagement"),
        key("metric", Text, "One metric.", "revenue"),
        key("objective", Text, "One objective.", "longer_visits"),
    ],
    either: &[],
};

pub(super) const TEST: Kind = Kind {
    word: "test",
    what: "Rows, and what must come of them; or what holds on the real files.",
    main: None,
    keys: TEST_KEYS,
    either: &[],
};

const TEST_KEYS: &[Key] = &[
    key("title", Text, "What it is about.", "One person counts once"),
    key(
        "given",
        Given,
        "Rows by source or lookup, inline or a file below the project's folder. Without it the real files are tested.",
        "{app: [{ts: 2026-01-01T10:00:00Z, user_id: 1}], users: tests/users.csv}",
    ),
    key("as_of", Text, "Now of the test; else behind the latest row.", "2026-01-08"),
    key(
        "expect",
        Expected,
        "Values by `METRIC by GRAIN, DIMENSION…`, in the unit that the metric is shown in.",
        "{dau by day: {2026-01-01: 1, 2026-01-02: null}, revenue by total: 12.50 EUR}",
    ),
    key(
        "holds",
        TextMap,
        "What holds on any data: `between A and B`, `at least A`, `at most B`, `never falls`, `never rises`, `never null`, `parts sum to total`.",
        "{pro_share by day: between 0 and 1}",
    ),
    key("tolerance", Text, "How far a value may lie off: a share, or an amount.", "0.1%"),
    key(
        "findings",
        Texts,
        "Codes of findings that there must be; an error that is not named fails the test.",
        "[K0401]",
    ),
];
