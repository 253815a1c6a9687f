//! Sources, columns and lookups.

use crate::schema::kind::Shape::{Bool, Columns, Map, Pair, Suggested, Text, TextMap, Texts, Word};
use crate::schema::kind::{Key, Kind, Shape, key};

const FORMATS: Shape = Word(&["parquet", "arrow", "csv", "ndjson"]);
const TIMES: Shape = Suggested(&["iso", "epoch_s", "epoch_ms", "epoch_us"]);
const POLICY: Shape = Word(&["earlier", "later", "reject"]);

pub(super) const SOURCE: Kind = Kind {
    word: "source",
    what: "A set of files that are read as one table: a row is an event, or a state.",
    main: None,
    keys: &[
        key(
            "files",
            Texts,
            "A pattern of files or a list of them, relative to the data folder.",
            "events/**/*.parquet",
        )
        .required(),
        FORMAT,
        key("time", Text, "The column that says when it happened; `none` for a table without time.", "ts").required(),
        TIME_FORMAT,
        TIME_ZONE,
        key("on_gap", POLICY, "A local time that the clocks skip.", "later").default("later"),
        key("on_overlap", POLICY, "A local time that the clocks show twice.", "earlier").default("earlier"),
        key("actor", Columns, "The column that says who did it, or a list of columns that say so together.", "user_id"),
        key("key", Texts, "A column or a list: rows with equal keys are copies of one event.", "event_id"),
        key("where", Text, "A condition on the row; rows out of scope are counted and not used.", "not is_test"),
        key("snapshot", Bool, "Rows are states, a balance a day, and never add up over time.", "true").default("false"),
        SEPARATOR,
        QUOTE,
        DECIMAL,
        THOUSANDS,
        MAX_BAD_ROWS,
        key(
            "complete_until",
            Text,
            "A date up to which the files are complete, where the latest event cannot tell.",
            "2026-10-01",
        ),
        key(
            "delivered",
            Word(&["daily"]),
            "Files come a whole day at a time: the latest event's day is complete.",
            "daily",
        ),
        LINKS,
        COLUMNS,
    ],
    either: &[],
};

const FORMAT: Key = key("format", FORMATS, "The files' format, where their names do not say it.", "parquet");
const TIME_FORMAT: Key = key("time_format", TIMES, "How times are written: a word or a pattern.", "'%d/%m/%Y %H:%M'");
const TIME_ZONE: Key = key("time_zone", Text, "Where the clocks of local times hung.", "Europe/Berlin");
const SEPARATOR: Key = key("separator", Text, "Of CSV: one character, or `tab`.", "';'");
const QUOTE: Key = key("quote", Text, "Of CSV: one character, or `none` for fields that are never quoted.", "none");
const DECIMAL: Key =
    key("decimal", Text, "Of CSV: what stands before the decimal places of numbers, a point or a comma.", "','")
        .default(".");
const THOUSANDS: Key =
    key("thousands", Text, "Of CSV: what stands between thousands: a point, a comma, an apostrophe or a space.", "'.'");
const MAX_BAD_ROWS: Key =
    key("max_bad_rows", Text, "Rows of text that may be ones that cannot be read: a number or a share.", "1%")
        .default("0.1%");
const LINKS: Key = key("links", TextMap, "From columns to lookups: `NAME: COLUMN -> LOOKUP`.", "{item: sku -> items}");
const COLUMNS: Key = key("columns", Map(&COLUMN), "What the files cannot say of their columns.", "{amount: decimal}");

pub(super) const COLUMN: Kind = Kind {
    word: "column",
    what: "What the file cannot say of a column; or how it is computed.",
    main: Some("type"),
    keys: &[
        key(
            "type",
            Word(&["text", "number", "integer", "decimal", "bool", "instant", "date", "duration", "list"]),
            "Its type; `number` leaves the kind of number to the file, `list` what its elements are.",
            "integer",
        ),
        key("from", Text, "Its name in the file, or the path of a nested field.", "duration_ms"),
        key("unit", Text, "What its numbers are in.", "ms"),
        key("expr", Text, "Computed from other columns of the row, and of its links.", "quantity * unit_price"),
        TIME_FORMAT,
        TIME_ZONE,
    ],
    either: &[],
};

pub(super) const LOOKUP: Kind = Kind {
    word: "lookup",
    what: "Facts about actors or things, one row a key.",
    main: None,
    keys: &[
        key("source", Text, "In place of `files`: the rows of this source. Needs `latest`.", "app"),
        key("files", Texts, "A pattern of files or a list of them, relative to the data folder.", "crm/users.csv"),
        FORMAT,
        key("latest", Text, "In place of `key`: `KEY by TIME`; of each key's rows the newest stands.", "user_id by ts"),
        key("key", Texts, "The column that is looked up, or a list of columns.", "user_id"),
        key("actor", Bool, "It describes the actors.", "true").default("false"),
        LINKS,
        COLUMNS,
        SEPARATOR,
        QUOTE,
        DECIMAL,
        THOUSANDS,
        MAX_BAD_ROWS,
        key("valid", Pair, "Two columns between whose times a row holds.", "[from_date, to_date]"),
    ],
    either: &[&["files", "source"], &["key", "latest"]],
};
