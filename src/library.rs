//! The standard library: what product teams measure, said in the language itself and compiled in; `use: [std]` of the manifest
//! brings it.
//!
//! Its metrics measure names that a project gives to its own events and spans (`signup`, `active`, `purchase`). One that
//! measures a name which the project does not have is not there.

use crate::source::SourceMap;
use crate::syntax::document::{Document, Manifest};
use crate::syntax::parse_document;

/// What `use:` calls it.
pub const NAME: &str = "std";

/// A file a stage, in the order of a customer's life.
const FILES: [(&str, &str); 7] = [
    ("adoption", include_str!("../metrics/adoption.yaml")),
    ("engagement", include_str!("../metrics/engagement.yaml")),
    ("retention", include_str!("../metrics/retention.yaml")),
    ("conversion", include_str!("../metrics/conversion.yaml")),
    ("revenue", include_str!("../metrics/revenue.yaml")),
    ("churn", include_str!("../metrics/churn.yaml")),
    ("feedback", include_str!("../metrics/feedback.yaml")),
];

/// A name that a project gives to its own events or spans, for the library's metrics to measure.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub name: &'static str,
    /// The section that it is defined in: `events` or `spans`.
    pub section: &'static str,
    /// Columns that some of the metrics read, with what they hold.
    pub columns: &'static [(&'static str, &'static str)],
    pub about: &'static str,
    /// A definition, as an example.
    pub example: &'static str,
}

const fn spans(name: &'static str, about: &'static str, example: &'static str) -> Binding {
    Binding { name, section: "spans", columns: &[], about, example }
}

const fn event(name: &'static str, about: &'static str, example: &'static str) -> Binding {
    Binding { name, section: "events", columns: &[], about, example }
}

impl Binding {
    const fn with(mut self, columns: &'static [(&'static str, &'static str)]) -> Self {
        self.columns = columns;
        self
    }
}

/// Every name that the library's metrics measure.
pub const BINDINGS: &[Binding] = &[
    event("signup", "an account is made; the start of an actor's life", "signup: app where event = \"signup\""),
    event("set_up", "the account is set up", "set_up: app where event = \"profile_completed\""),
    event(
        "activate",
        "the actor has had what the product is for, for the first time",
        "activate: first(app where event = \"play\")",
    ),
    event("active", "use that counts, not every event", "active: app where event in (\"play\", \"search\")"),
    event("login", "the actor logs in", "login: app where event = \"login\""),
    event("feature_use", "one of the features is used", "feature_use: app where feature is not null")
        .with(&[("feature", "the name of the feature")]),
    event("page_view", "a page or a screen is shown", "page_view: app where event = \"page_view\"")
        .with(&[("page", "the name of the page")]),
    event("purchase", "money comes in: an order, a payment", "purchase: payments where status = \"paid\"")
        .with(&[("amount", "what was paid")]),
    spans(
        "membership",
        "a paid subscription or membership, from its start to its end",
        "membership: {source: subscriptions where plan != \"trial\", from: started_at, until: ended_at}",
    )
    .with(&[("mrr", "what it brings in a month"), ("reason", "why it ended; null where nobody said")]),
    spans(
        "trial",
        "a trial, from its start to its end",
        "trial: {source: subscriptions where plan = \"trial\", from: started_at, until: ended_at}",
    ),
    event("nps_answer", "an answer to \"would you recommend us\"", "nps_answer: surveys where kind = \"nps\"")
        .with(&[("score", "0 to 10")]),
    event("csat_answer", "an answer to \"how content are you\"", "csat_answer: surveys where kind = \"csat\"")
        .with(&[("score", "1 to 5")]),
    event("ces_answer", "an answer to \"it was easy\"", "ces_answer: surveys where kind = \"ces\"")
        .with(&[("score", "1 to 7")]),
    event("gap_answer", "what is wished for beside what is had", "gap_answer: surveys where kind = \"gap\"")
        .with(&[("desired", "the satisfaction that is wished for"), ("current", "the satisfaction that is had")]),
    event("survey_sent", "a survey is sent to an actor", "survey_sent: mails where kind = \"survey\""),
    event("survey_answer", "a survey is answered", "survey_answer: surveys where score is not null"),
    event("ticket", "the actor asks for help", "ticket: support"),
];

/// The binding with this name.
pub fn binding(name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|b| b.name == name)
}

/// The library's files where the manifest uses it; they become files of the map, named `std/adoption.yaml` and so on.
pub fn documents(manifest: &Manifest, map: &mut SourceMap) -> Vec<Document> {
    if manifest.uses.iter().any(|used| used.value == NAME) { read(map) } else { Vec::new() }
}

/// All of the library's files.
pub fn read(map: &mut SourceMap) -> Vec<Document> {
    let parse = |(stage, text): (&str, &str)| {
        let file = map.add(format!("{NAME}/{stage}.yaml"), text);
        // They have no finding: a test holds them to it.
        let (document, _) = parse_document(map, file);
        Document { library: true, ..document }
    };
    FILES.into_iter().map(parse).collect()
}

/// Whether the library has a metric with this name.
pub fn has(name: &str) -> bool {
    let line = |line: &str| line.strip_prefix("  ").and_then(|l| l.strip_suffix(':')) == Some(name);
    FILES.iter().any(|(_, text)| text.lines().any(line))
}
