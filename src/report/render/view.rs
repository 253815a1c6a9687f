//! A report as the words and figures that are shown: what HTML, Markdown and text have in common.

mod data;
mod journey;
mod metric;
mod objective;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::calendar::Calendar;
use crate::diag::Severity;
use crate::report::{Report, Section, Status, format};
use crate::source::SourceMap;

pub use data::{LedgerView, LookupView};
pub use journey::JourneyView;
pub use metric::{BenchmarkView, MetricView};
pub use objective::ObjectiveView;

#[derive(Serialize)]
pub struct View {
    pub title: String,
    pub project: String,
    pub as_of: String,
    pub time_zone: String,
    pub verdict: Option<Verdict>,
    pub sections: Vec<SectionView>,
    pub findings: Vec<Finding>,
    pub ledgers: Vec<LedgerView>,
    pub lookups: Vec<LookupView>,
    pub provenance: Provenance,
}

#[derive(Serialize)]
pub struct Verdict {
    /// `7 objectives: 2 achieved, 1 on track, …`.
    pub say: String,
    pub chips: Vec<Chip>,
}

#[derive(Serialize)]
pub struct Chip {
    pub id: String,
    pub title: String,
    pub status: &'static str,
    pub tone: &'static str,
    pub sign: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SectionView {
    Objectives { objectives: Vec<ObjectiveView> },
    Metrics { title: String, metrics: Vec<MetricView> },
    Benchmarks { benchmarks: Vec<BenchmarkView> },
}

#[derive(Serialize)]
pub struct Finding {
    pub severity: &'static str,
    pub tone: &'static str,
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub place: String,
}

#[derive(Serialize)]
pub struct Provenance {
    pub definitions: String,
    pub data: String,
    pub version: String,
    pub commit: Option<String>,
    pub run_at: Option<String>,
}

pub fn report(report: &Report, map: &SourceMap) -> View {
    let zone = Calendar::zone_named(&report.time_zone).unwrap_or(TimeZone::UTC);
    let sections = report.sections.iter().map(|s| section(s, report, &zone)).collect();
    View {
        title: report.title.clone(),
        project: report.project.clone(),
        as_of: report.as_of_label.clone(),
        time_zone: report.time_zone.clone(),
        verdict: verdict(report),
        sections,
        findings: report.findings.iter().map(|f| finding(f, map)).collect(),
        ledgers: report.ledgers.iter().map(|l| data::ledger(l, &zone)).collect(),
        lookups: data::lookups(&report.lookups),
        provenance: Provenance {
            definitions: short_hash(&report.provenance.definition_hash),
            data: short_hash(&report.provenance.data_fingerprint),
            version: report.provenance.kepi_version.clone(),
            commit: report.provenance.commit.clone(),
            run_at: report.provenance.run_at.clone(),
        },
    }
}

fn section(section: &Section, report: &Report, zone: &TimeZone) -> SectionView {
    match section {
        Section::Objectives(ids) => SectionView::Objectives {
            objectives: ids
                .iter()
                .filter_map(|i| Some(objective::view(report.objectives.get(*i)?, report, zone)))
                .collect(),
        },
        Section::Metrics { title, metrics } => SectionView::Metrics {
            title: title.clone(),
            metrics: metrics.iter().filter_map(|i| Some(metric::view(report.metrics.get(*i)?))).collect(),
        },
        Section::Benchmarks(ids) => SectionView::Benchmarks {
            benchmarks: ids.iter().filter_map(|i| Some(metric::benchmark(report.benchmarks.get(*i)?))).collect(),
        },
    }
}

fn verdict(report: &Report) -> Option<Verdict> {
    let shown: Vec<usize> = report
        .sections
        .iter()
        .flat_map(|s| if let Section::Objectives(ids) = s { ids.clone() } else { Vec::new() })
        .collect();
    let objectives: Vec<_> = shown.iter().filter_map(|i| report.objectives.get(*i)).collect();
    if objectives.is_empty() {
        return None;
    }
    let parts: Vec<String> = Status::ALL
        .iter()
        .map(|status| (objectives.iter().filter(|o| o.status == *status).count(), status))
        .filter(|(n, _)| *n > 0)
        .map(|(n, status)| format!("{n} {}", status.words()))
        .collect();
    let chips = objectives
        .iter()
        .map(|o| Chip {
            id: anchor(&o.name),
            title: o.title.clone(),
            status: o.status.words(),
            tone: tone(o.status),
            sign: sign(o.status),
        })
        .collect();
    Some(Verdict {
        say: format!("{}: {}", format::plural(objectives.len() as u64, "objective"), format::list(&parts)),
        chips,
    })
}

fn finding(finding: &crate::diag::Diagnostic, map: &SourceMap) -> Finding {
    let (severity, tone) = match finding.severity {
        Severity::Error => ("error", "bad"),
        Severity::Warning => ("warning", "warn"),
        Severity::Info => ("info", ""),
    };
    let place = finding
        .primary
        .as_ref()
        .map_or(String::new(), |label| format!("{}:{}", map.file(label.span.file).path, map.position(label.span)));
    Finding {
        severity,
        tone,
        code: finding.code.as_str(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        place,
    }
}

/// An id for a page: names hold letters of any script, so everything else becomes a dash.
pub fn anchor(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect();
    format!("o-{safe}")
}

/// The first 16 characters: enough to tell two apart.
fn short_hash(hash: &str) -> String {
    hash.chars().take(16).collect()
}

pub fn tone(status: Status) -> &'static str {
    match status {
        Status::Achieved | Status::OnTrack => "good",
        Status::AtRisk => "warn",
        Status::OffTrack | Status::Missed => "bad",
        Status::Pending | Status::NotStarted | Status::NoData => "",
    }
}

/// A sign beside the words, so that no status is told by colour alone.
pub fn sign(status: Status) -> &'static str {
    match status {
        Status::Achieved => "✔",
        Status::OnTrack => "↗",
        Status::AtRisk => "!",
        Status::OffTrack => "↘",
        Status::Missed => "✘",
        Status::Pending => "…",
        Status::NotStarted => "○",
        Status::NoData => "–",
    }
}
