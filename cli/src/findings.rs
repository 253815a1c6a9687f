//! Printing findings.

use std::io::IsTerminal;
use std::path::Path;

use kepi_lang::diag::{Diagnostic, Severity, github, human, json, junit, sarif};
use kepi_lang::source::SourceMap;
use serde_json::json;

use crate::args::{Color, Common, FindingFormat};
use crate::git::Repository;
use crate::output;

/// Whether text for this stream is coloured; `NO_COLOR` switches automatic colour off.
pub fn colour(choice: Color, terminal: bool) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}

/// On stderr, for the commands whose result is something else.
pub fn report(findings: &[Diagnostic], map: &SourceMap, common: &Common) {
    let colour = colour(common.color, std::io::stderr().is_terminal());
    for finding in findings.iter().filter(|f| f.is_error() || !common.quiet) {
        note!("{}\n", human::full(finding, map, colour));
    }
    if let Some(summary) = summary(findings).filter(|_| findings.iter().any(Diagnostic::is_error)) {
        note!("{summary}");
    }
}

/// On stdout, as the result of `check`; `root` is the project's folder.
pub fn print(
    findings: &[Diagnostic],
    map: &SourceMap,
    format: FindingFormat,
    common: &Common,
    facts: &str,
    root: &Path,
) {
    // Forges know files by their place in the repository.
    let prefix = || Repository::around(root).map(|repository| repository.prefix).unwrap_or_default();
    match format {
        FindingFormat::Human => {
            let colour = colour(common.color, std::io::stdout().is_terminal());
            let shown = findings.iter().filter(|f| f.is_error() || !common.quiet);
            let mut text: String = shown.map(|f| human::full(f, map, colour) + "\n\n").collect();
            if !common.quiet || !findings.is_empty() {
                text += &format!("{}\n", summary(findings).unwrap_or_else(|| format!("ok: {facts}")));
            }
            output::print(&text);
        }
        FindingFormat::Short => {
            let shown = findings.iter().filter(|f| f.is_error() || !common.quiet);
            output::print(&shown.map(|f| human::short(f, map) + "\n").collect::<String>());
        }
        FindingFormat::Json => {
            let document = json!({
                "kepi": 1,
                "errors": count(findings, Severity::Error),
                "warnings": count(findings, Severity::Warning),
                "findings": json::findings(findings, map),
            });
            output::print(&format!("{document:#}\n"));
        }
        FindingFormat::Sarif => {
            let document = sarif::findings(findings, map, &prefix(), env!("KEPI_VERSION"));
            output::print(&format!("{document:#}\n"));
        }
        FindingFormat::Github => output::print(&github::findings(findings, map, &prefix())),
        FindingFormat::Junit => output::print(&junit::findings(findings, map)),
    }
}

fn count(findings: &[Diagnostic], severity: Severity) -> usize {
    findings.iter().filter(|f| f.severity == severity).count()
}

/// `2 errors, 1 warning`; `None` when there is nothing to count.
pub fn summary(findings: &[Diagnostic]) -> Option<String> {
    let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "remark")]
        .iter()
        .map(|(severity, word)| (count(findings, *severity), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
