//! Lints: warnings and hints, which a project may silence or take more seriously. Errors cannot be silenced.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, Severity};

/// Every finding that is no error by nature, under the name that `lints:` and `allow:` know it by.
pub const LINTS: &[(&str, Code)] = &[
    ("implied_baseline", Code::ImpliedBaseline),
    ("unsourced_baseline", Code::UnsourcedBaseline),
    ("check_in", Code::CheckInCadence),
    ("unaligned", Code::Unaligned),
    ("no_guardrail", Code::NoGuardrail),
    ("no_benchmark", Code::NothingToCompare),
    ("relative_percent", Code::RelativePercent),
    ("other_benchmark", Code::OtherBenchmark),
    ("unowned", Code::Unowned),
    ("unsourced_benchmark", Code::UnsourcedBenchmark),
    ("no_check_in", Code::NoCheckIn),
    ("small_baseline", Code::SmallBaseline),
    ("within_noise", Code::WithinNoise),
    ("unrealistic", Code::Unrealistic),
    ("no_stretch", Code::NoStretch),
    ("steep_rate", Code::SteepRate),
    ("short_history", Code::ShortHistory),
    ("guardrail_broken", Code::GuardrailBroken),
    ("unused_metric", Code::UnusedMetric),
    ("vanity_metric", Code::VanityMetric),
    ("bare_objective", Code::BareObjective),
    ("partial_weeks", Code::PartialWeeks),
    ("same_meaning", Code::SameMeaning),
    ("expires_soon", Code::ExpiresSoon),
    ("ownerless", Code::Ownerless),
    ("unused_allow", Code::UnusedAllow),
    ("unlabelled_model", Code::UnlabelledModel),
    ("lone_event", Code::LoneEvent),
    ("damaged_entry", Code::DamagedEntry),
    ("nothing_kept", Code::NothingKept),
];

/// Lints that say nothing until a project gives them a level: house rules that not every house has.
pub const QUIET: &[Code] = &[Code::Ownerless];

/// The lint with this name or code.
pub fn lint(text: &str) -> Option<Code> {
    let by_name = LINTS.iter().find(|(name, _)| *name == text).map(|(_, code)| *code);
    by_name.or_else(|| Code::parse(text).filter(|code| LINTS.iter().any(|(_, lint)| lint == code)))
}

/// How seriously a lint is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Off,
    As(Severity),
}

impl Level {
    /// The level with this spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "off" => Self::Off,
            "info" => Self::As(Severity::Info),
            "warn" => Self::As(Severity::Warning),
            "error" => Self::As(Severity::Error),
            _ => return None,
        })
    }
}

/// The levels that a project sets.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    levels: BTreeMap<Code, Level>,
}

impl Levels {
    pub fn set(&mut self, lint: Code, level: Level) {
        self.levels.insert(lint, level);
    }

    /// The finding at its level; `None` where it is switched off.
    pub fn apply(&self, finding: Diagnostic) -> Option<Diagnostic> {
        match self.levels.get(&finding.code) {
            None => (!QUIET.contains(&finding.code)).then_some(finding),
            Some(Level::Off) => None,
            Some(Level::As(severity)) => Some(finding.severity(*severity)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINTS, lint};
    use crate::diag::{Code, Severity};

    #[test]
    fn what_is_no_error_is_a_lint() {
        for code in Code::ALL {
            let known = LINTS.iter().filter(|(_, lint)| lint == code).count();
            assert_eq!(known, usize::from(code.severity() != Severity::Error), "{code}");
        }
        assert_eq!(lint("unaligned"), Some(Code::Unaligned));
        assert_eq!(lint("k0514"), Some(Code::Unaligned));
        assert_eq!(lint("K0502"), None);
    }
}
