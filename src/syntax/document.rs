//! Definitions as they were written: decoded from YAML, with a place for every value, nothing resolved.

use crate::source::{FileId, Span, Spanned};
use crate::syntax::ast::{Baseline, Effect, Expr, Guardrail, Name, Target};
use crate::syntax::trial::TestDef;

/// Text whose meaning a later stage reads (a date, a zone, a glob).
pub type Text = Spanned<String>;

/// `kepi.yaml`.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub file: FileId,
    pub version: Spanned<u32>,
    pub name: Option<Text>,
    pub time_zone: Option<Text>,
    pub week_start: Option<Text>,
    pub fiscal_year_start: Option<Text>,
    pub currency: Option<Text>,
    pub definitions: Vec<Text>,
    pub data: Vec<Text>,
    pub as_of: Option<Text>,
    /// Libraries of metrics.
    pub uses: Vec<Text>,
    pub lints: Vec<(Name, Text)>,
}

/// One definition file.
#[derive(Clone, Debug)]
pub struct Document {
    pub file: FileId,
    /// It is of the standard library.
    pub library: bool,
    pub sources: Vec<SourceDef>,
    pub events: Vec<EventDef>,
    pub spans: Vec<SpansDef>,
    pub lookups: Vec<LookupDef>,
    pub segments: Vec<SegmentDef>,
    pub metrics: Vec<MetricDef>,
    pub benchmarks: Vec<BenchmarkDef>,
    pub goals: Vec<GoalDef>,
    pub objectives: Vec<ObjectiveDef>,
    pub releases: Vec<ReleaseDef>,
    pub reports: Vec<ReportDef>,
    pub tests: Vec<TestDef>,
    /// Names whose definitions could not be read. A finding says why; a use of such a name is no second mistake.
    pub broken: Vec<Name>,
}

impl Document {
    /// A file without definitions.
    pub fn empty(file: FileId) -> Self {
        Self {
            file,
            library: false,
            sources: Vec::new(),
            events: Vec::new(),
            spans: Vec::new(),
            lookups: Vec::new(),
            segments: Vec::new(),
            metrics: Vec::new(),
            benchmarks: Vec::new(),
            goals: Vec::new(),
            objectives: Vec::new(),
            releases: Vec::new(),
            reports: Vec::new(),
            tests: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Every definition that could be read, and where it stands from its name on.
    pub fn definitions(&self) -> Vec<(&Name, Span)> {
        let mut out = Vec::new();
        out.extend(self.sources.iter().map(|d| (&d.name, d.span)));
        out.extend(self.events.iter().map(|d| (&d.name, d.span)));
        out.extend(self.spans.iter().map(|d| (&d.name, d.span)));
        out.extend(self.lookups.iter().map(|d| (&d.name, d.span)));
        out.extend(self.segments.iter().map(|d| (&d.name, d.span)));
        out.extend(self.metrics.iter().map(|d| (&d.name, d.span)));
        out.extend(self.benchmarks.iter().map(|d| (&d.name, d.span)));
        out.extend(self.goals.iter().map(|d| (&d.name, d.span)));
        out.extend(self.objectives.iter().map(|d| (&d.name, d.span)));
        out.extend(self.releases.iter().map(|d| (&d.name, d.span)));
        out.extend(self.reports.iter().map(|d| (&d.name, d.span)));
        out
    }
}

#[derive(Clone, Debug)]
pub struct SourceDef {
    pub name: Name,
    /// The whole definition, for "the source … lacks …".
    pub span: Span,
    pub files: Vec<Text>,
    pub format: Option<Text>,
    pub time: Option<TimeDef>,
    pub time_format: Option<Text>,
    pub time_zone: Option<Text>,
    /// What a local time that does not exist or exists twice means: `earlier` | `later` | `reject`.
    pub on_gap: Option<Text>,
    pub on_overlap: Option<Text>,
    /// The columns that together say who did it; empty: nothing does.
    pub actor: Vec<Text>,
    pub key: Vec<Text>,
    pub scope: Option<Expr>,
    pub snapshot: Option<Spanned<bool>>,
    pub text: TextDef,
    pub complete_until: Option<Text>,
    /// `daily`.
    pub delivered: Option<Text>,
    pub links: Vec<LinkDef>,
    pub columns: Vec<ColumnDef>,
}

#[derive(Clone, Debug)]
pub enum TimeDef {
    Column(Text),
    /// `time: none`.
    None(Span),
}

/// `listing: listing_id -> listings`.
#[derive(Clone, Debug)]
pub struct LinkDef {
    pub name: Name,
    /// At least one.
    pub columns: Vec<Text>,
    pub lookup: Name,
}

/// How the lines of text files are read.
#[derive(Clone, Debug, Default)]
pub struct TextDef {
    pub separator: Option<Text>,
    pub quote: Option<Text>,
    pub decimal: Option<Text>,
    pub thousands: Option<Text>,
    pub max_bad_rows: Option<Text>,
}

/// `valid: [from_date, to_date]`.
#[derive(Clone, Debug)]
pub struct ValidDef {
    pub from: Text,
    pub to: Text,
}

#[derive(Clone, Debug)]
pub struct ColumnDef {
    pub name: Name,
    pub span: Span,
    pub ty: Option<Text>,
    pub from: Option<Text>,
    pub unit: Option<Text>,
    pub expr: Option<Expr>,
    pub time_format: Option<Text>,
    pub time_zone: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct EventDef {
    pub name: Name,
    pub span: Span,
    pub expr: Expr,
    pub time: Option<Text>,
    /// As of a source; empty: its source's.
    pub actor: Vec<Text>,
    pub title: Option<Text>,
    pub description: Option<Text>,
    pub owner: Option<Text>,
    pub allow: Vec<AllowDef>,
}

/// Things that last: a row each.
#[derive(Clone, Debug)]
pub struct SpansDef {
    pub name: Name,
    pub span: Span,
    /// The rows: an event set.
    pub source: Expr,
    /// Columns of times: when a span begins, and when it ends; null where it has not.
    pub from: Text,
    pub until: Text,
    /// As of a source; empty: its source's.
    pub actor: Vec<Text>,
    pub title: Option<Text>,
    pub description: Option<Text>,
    pub owner: Option<Text>,
    pub allow: Vec<AllowDef>,
}

#[derive(Clone, Debug)]
pub struct LookupDef {
    pub name: Name,
    pub span: Span,
    pub files: Vec<Text>,
    pub format: Option<Text>,
    pub text: TextDef,
    /// The source whose files these are, with its columns, links and condition.
    pub source: Option<Name>,
    /// At least one column.
    pub key: Vec<Text>,
    /// The time that tells the newest row of a key.
    pub latest: Option<Text>,
    pub scope: Option<Expr>,
    /// `actor: true`: it describes the actors of the sources.
    pub actor: Option<Spanned<bool>>,
    /// From when to when a row holds.
    pub valid: Option<ValidDef>,
    pub links: Vec<LinkDef>,
    pub columns: Vec<ColumnDef>,
}

#[derive(Clone, Debug)]
pub struct SegmentDef {
    pub name: Name,
    pub span: Span,
    pub expr: Expr,
    pub title: Option<Text>,
    pub description: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct MetricDef {
    pub name: Name,
    pub span: Span,
    pub expr: Expr,
    /// The expression in the one style. Files are decoded side by side, what needs all of them is not.
    pub formula: String,
    pub title: Option<Text>,
    pub unit: Option<Text>,
    pub better: Option<Text>,
    pub stage: Option<Text>,
    pub value_area: Option<Text>,
    pub kind: Option<Text>,
    pub by: Vec<Expr>,
    pub grain: Option<Text>,
    pub owner: Option<Text>,
    pub description: Option<Text>,
    /// Who defined it: author, title, year, or an address.
    pub source: Option<Text>,
    /// What it assumes, where it is no observation.
    pub model: Option<Text>,
    pub allow: Vec<AllowDef>,
}

#[derive(Clone, Debug)]
pub struct BenchmarkDef {
    pub name: Name,
    pub span: Span,
    pub metric: Expr,
    pub kind: Option<Text>,
    pub value: BenchmarkValue,
    pub title: Option<Text>,
    pub source: Option<Text>,
    pub as_of: Option<Text>,
    pub expires: Option<Text>,
    pub allow: Vec<AllowDef>,
}

#[derive(Clone, Debug)]
pub enum BenchmarkValue {
    One(Baseline),
    /// `{p25: 3.1 minutes, p50: …}`; the amounts are literals.
    Quantiles(Vec<(Name, Baseline)>),
}

#[derive(Clone, Debug)]
pub struct GoalDef {
    pub name: Name,
    pub span: Span,
    pub title: Option<Text>,
    pub description: Option<Text>,
    pub parent: Option<Name>,
    pub owner: Option<Text>,
    pub allow: Vec<AllowDef>,
}

#[derive(Clone, Debug)]
pub struct ObjectiveDef {
    pub name: Name,
    pub span: Span,
    pub title: Option<Text>,
    pub metric: Option<Expr>,
    pub target: Option<Target>,
    pub due: Option<Text>,
    pub start: Option<Text>,
    pub created: Option<Text>,
    pub owner: Option<Text>,
    pub supports: Option<Name>,
    pub because: Option<Text>,
    pub population: Option<Text>,
    pub compare: Vec<Name>,
    pub guardrails: Vec<Guardrail>,
    /// `every 2 weeks`.
    pub check_in: Option<Text>,
    pub actions: Vec<ActionDef>,
    pub aspirational: Option<Spanned<bool>>,
    pub latch: Option<Spanned<bool>>,
    pub on_track: Option<Text>,
    pub at_risk: Option<Text>,
    pub allow: Vec<AllowDef>,
    pub changes: Vec<ChangeDef>,
}

#[derive(Clone, Debug)]
pub struct AllowDef {
    pub lint: Name,
    pub reason: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct ActionDef {
    pub span: Span,
    pub what: Text,
    pub owner: Option<Text>,
    pub due: Option<Text>,
    pub release: Option<Name>,
    pub expect: Option<Effect>,
    pub status: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct ChangeDef {
    pub span: Span,
    pub on: Option<Text>,
    pub what: Option<Text>,
    /// What stood there before.
    pub was: Option<Text>,
    pub reason: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct ReleaseDef {
    pub name: Name,
    pub span: Span,
    pub at: Text,
    pub title: Option<Text>,
    pub description: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct ReportDef {
    pub name: Name,
    pub span: Span,
    pub title: Option<Text>,
    pub sections: Vec<SectionDef>,
}

#[derive(Clone, Debug)]
pub enum SectionDef {
    /// `objectives`, `benchmarks`, `metrics`.
    All(Name),
    Stage(Text),
    Metric(Name),
    Objective(Name),
}
