//! `lints:` of the manifest.

use crate::diag::lint::{LINTS, Level, Levels, lint};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::resolve::Project;
use crate::syntax::ast::Name;
use crate::syntax::document::Manifest;

/// The levels that the manifest sets.
pub fn levels(manifest: &Manifest, findings: &mut Vec<Diagnostic>) -> Levels {
    let mut levels = Levels::default();
    for (name, text) in &manifest.lints {
        let code = match known(name) {
            Ok(code) => code,
            Err(finding) => {
                findings.push(finding);
                continue;
            }
        };
        let Some(level) = Level::parse(&text.value) else {
            let near = did_you_mean(&text.value, ["off", "info", "warn", "error"]);
            findings.push(
                Diagnostic::new(Code::BadSetting, text.span, format!("`{}` is no level of a lint{near}", text.value))
                    .help("write `off`, `info`, `warn` or `error`"),
            );
            continue;
        };
        levels.set(code, level);
    }
    levels
}

impl Project {
    /// The levels that the manifest sets, for findings that come after the checks: those of a report.
    pub fn lint_levels(&self) -> Levels {
        levels(&self.manifest, &mut Vec::new())
    }
}

/// The lint that a name in `lints:` or `allow:` means.
pub fn known(name: &Name) -> Result<Code, Diagnostic> {
    if let Some(code) = lint(&name.value) {
        return Ok(code);
    }
    let finding = |message: String| Diagnostic::new(Code::UnknownLint, name.span, message);
    if let Some(code) = Code::parse(&name.value) {
        let message = format!("{code} ({}) is an error, and errors cannot be switched off", code.summary());
        return Err(finding(message).help("correct what it is about"));
    }
    let names = LINTS.iter().map(|(name, _)| *name);
    let near = did_you_mean(&name.value, names.clone());
    let listed = names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Err(finding(format!("no lint is named `{}`{near}", name.value)).help(format!("the lints are {listed}")))
}
