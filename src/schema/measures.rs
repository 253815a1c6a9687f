//! Events, spans, segments and metrics.

use crate::schema::kind::Shape::{Columns, Suggested, Text, Texts, Word};
use crate::schema::kind::{ALLOW, Kind, key};

pub(super) const EVENT: Kind = Kind {
    word: "event",
    what: "A name for some rows of a source.",
    main: Some("expr"),
    keys: &[
        key(
            "expr",
            Text,
            "The event set: `SOURCE where CONDITION`, or a union `A or B`.",
            "app where event = \"play\"",
        )
        .required(),
        key("time", Text, "Another of the source's columns as its clock.", "paid_at"),
        key("actor", Columns, "Another column as its actor, or a list of columns.", "user_id"),
        key("title", Text, "What people call it.", "A play"),
        key("description", Text, "More about it, for people.", "Counted from half a minute on"),
        key("owner", Text, "Who answers for it.", "player"),
        ALLOW,
    ],
    either: &[],
};

pub(super) const SPANS: Kind = Kind {
    word: "span",
    what: "Things that last, a row each: from when until when.",
    main: None,
    keys: &[
        key("source", Text, "The event set whose rows they are, of a source with a `time`.", "subscriptions")
            .required(),
        key("from", Text, "The column that says when a span begins.", "started_at").required(),
        key("until", Text, "The column that says when it ends; null where it has not.", "ended_at").required(),
        key("actor", Columns, "Another column as its actor, or a list of columns.", "account_id"),
        key("title", Text, "What people call it.", "Memberships"),
        key("description", Text, "More about it, for people.", "Paid ones without trials"),
        key("owner", Text, "Who answers for it.", "billing"),
        ALLOW,
    ],
    either: &[],
};

pub(super) const SEGMENT: Kind = Kind {
    word: "segment",
    what: "A condition on an actor, used as a condition and as a dimension.",
    main: Some("expr"),
    keys: &[
        key("expr", Text, "A condition on columns of the actors' lookup.", "user.plan != \"free\"").required(),
        key("title", Text, "What people call it.", "Paying listeners"),
        key("description", Text, "More about it, for people.", "On any plan but the free one"),
    ],
    either: &[],
};

pub(super) const METRIC: Kind = Kind {
    word: "metric",
    what: "What is measured, and how it is shown.",
    main: Some("expr"),
    keys: &[
        key("expr", Text, "The measure.", "sum(play.watched)").required(),
        key("title", Text, "What people call it.", "Time listened"),
        key("unit", Text, "The unit it is shown in; of the kind that the expression has.", "hours"),
        key(
            "better",
            Word(&["higher", "lower", "neither"]),
            "Which way is better; a target against it is refused.",
            "higher",
        ),
        key(
            "stage",
            Suggested(&[
                "acquisition",
                "activation",
                "adoption",
                "engagement",
                "retention",
                "revenue",
                "referral",
                "quality",
            ]),
            "Where in the life of a customer it belongs: a word of your own.",
            "engagement",
        ),
        key(
            "value_area",
            Word(&["current_value", "unrealized_value", "time_to_market", "ability_to_innovate"]),
            "Its area of evidence-based management.",
            "current_value",
        ),
        key(
            "kind",
            Word(&["actionable", "outcome", "vanity"]),
            "Whether it can be acted upon, is what comes of it, or only looks good.",
            "outcome",
        ),
        key(
            "by",
            Texts,
            "Dimensions that reports break it down by: columns, segments, expressions of a row.",
            "[user.plan]",
        ),
        key(
            "grain",
            Word(&["minute", "hour", "day", "week", "month", "quarter", "year"]),
            "The period it is looked at in.",
            "week",
        )
        .default("day"),
        key("owner", Text, "Who answers for it.", "growth"),
        key("description", Text, "More about it, for people.", "All the time that plays took."),
        key("source", Text, "Who defined it: author, title, year, or an address.", "House rules of 2025"),
        key(
            "model",
            Text,
            "What it assumes, where it is a model and no observation: a word or two.",
            "constant_hazard",
        ),
        ALLOW,
    ],
    either: &[],
};
