//! Benchmarks, goals and objectives.

use crate::schema::kind::Shape::{Bool, Many, One, Suggested, Text, TextOrMap, Texts};
use crate::schema::kind::{ALLOW, Kind, key};

pub(super) const BENCHMARK: Kind = Kind {
    word: "benchmark",
    what: "What a metric is held against.",
    main: None,
    keys: &[
        key("metric", Text, "What it is a value of; an expression is allowed.", "duration").required(),
        key(
            "value",
            TextOrMap,
            "One amount, quantiles, or computed anew each time: a period, `last 8 weeks`, `median of last 8 weeks`.",
            "{p25: 3.1 minutes, p50: 5.4 minutes}",
        )
        .required(),
        key(
            "kind",
            Suggested(&["industry", "historical", "internal", "target"]),
            "What sort it is, for people.",
            "industry",
        ),
        key("title", Text, "What people call it.", "The usual play"),
        key("source", Text, "Where it comes from.", "A study of 2026"),
        key("as_of", Text, "The day it was true; freezes a computed one.", "2026-01-15"),
        key("expires", Text, "The day from which a report fails until somebody looks it up again.", "2027-01-31"),
        ALLOW,
    ],
    either: &[],
};

pub(super) const GOAL: Kind = Kind {
    word: "goal",
    what: "What objectives are for.",
    main: Some("title"),
    keys: &[
        key("title", Text, "What people call it.", "More listeners pay"),
        key("description", Text, "More about it, for people.", "By the end of next year"),
        key("parent", Text, "The goal above it.", "growth"),
        key("owner", Text, "Who answers for it.", "board"),
        ALLOW,
    ],
    either: &[],
};

pub(super) const OBJECTIVE: Kind = Kind {
    word: "objective",
    what: "A metric with an aim: specific, measurable, achievable, relevant, time-bound.",
    main: None,
    keys: &[
        key("thresholds", One(&THRESHOLDS), "The least probability for each status.", "{on_track: 70%, at_risk: 30%}"),
        key("title", Text, "What people call it.", "Plays get longer"),
        key("metric", Text, "A metric or an expression, with its scope.", "duration where pro").required(),
        key(
            "target",
            Text,
            "`reach X`, `increase by X from BASELINE`, `reduce to X from BASELINE`, `keep at least X`, `keep between X and Y`.",
            "increase by 20% from 2026-Q3",
        )
        .required(),
        key("due", Text, "A period or a date.", "2026-Q4").required(),
        key("start", Text, "When it begins; the end of the baseline unless it is said.", "2026-10-01"),
        key("created", Text, "When it was set.", "2026-09-20"),
        key("owner", Text, "Who answers for it.", "growth").required(),
        key("supports", Text, "A goal or another objective.", "retention"),
        key("because", Text, "Why it is worth it, for people.", "Who listens longer stays longer."),
        key("population", Text, "Whom it is about, for people.", "Listeners on the pro plan"),
        key("compare", Texts, "Benchmarks to stand beside it.", "[industry]"),
        key(
            "guardrails",
            Texts,
            "What must not suffer: `METRIC <= AMOUNT`, `METRIC no worse than AMOUNT`.",
            "[crash_rate <= 1%]",
        ),
        key("check_in", Text, "How often it is looked at.", "every 2 weeks"),
        key("actions", Many(&ACTION), "What is done for it.", "[{do: Ship autoplay, owner: player}]"),
        key("aspirational", Bool, "A stretch, which should have a guardrail in another value area.", "true").default("false"),
        key("latch", Bool, "Reached once is reached.", "true").default("false"),
        ALLOW,
        key(
            "changes",
            Many(&CHANGE),
            "What was changed after the start, and why.",
            "[{on: 2026-10-15, what: target, was: increase by 10% from 2026-Q3, reason: the launch came later}]",
        ),
    ],
    either: &[],
};

pub(super) const THRESHOLDS: Kind = Kind {
    word: "map of thresholds",
    what: "The least probability for each status.",
    main: None,
    keys: &[
        key("on_track", Text, "From this probability on it is on track.", "70%").default("70%"),
        key("at_risk", Text, "From this probability on it is at risk, below it off track.", "30%").default("30%"),
    ],
    either: &[],
};

pub(super) const ACTION: Kind = Kind {
    word: "action",
    what: "What is done for an objective.",
    main: None,
    keys: &[
        key("do", Text, "What is done.", "Ship autoplay").required(),
        key("owner", Text, "By whom.", "player"),
        key("due", Text, "By when.", "2026-11-15"),
        key("release", Text, "The release that brings it.", "autoplay"),
        key("expect", Text, "What it is expected to bring.", "+8%"),
        key(
            "status",
            Suggested(&["planned", "doing", "done", "dropped"]),
            "How far it is: `done` is one that is over.",
            "done",
        ),
    ],
    either: &[],
};

pub(super) const CHANGE: Kind = Kind {
    word: "change",
    what: "A change of an objective after its start.",
    main: None,
    keys: &[
        key("on", Text, "The day of the change.", "2026-10-15"),
        key("what", Suggested(&["target", "baseline", "due", "scope"]), "What was changed.", "target"),
        key("was", Text, "What stood there before.", "increase by 10% from 2026-Q3"),
        key("reason", Text, "Why it was changed.", "the launch came later"),
    ],
    either: &[],
};
