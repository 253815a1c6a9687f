//! `releases` and `reports`.

use crate::check::definitions::title;
use crate::check::objectives::Checker;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{MetricId, Release, ReportSpec, Section};
use crate::resolve::State;
use crate::syntax::document::{ReleaseDef, ReportDef, SectionDef, Text};

impl Checker<'_> {
    pub(super) fn release(&mut self, def: &ReleaseDef) -> Option<Release> {
        let at = match self.calendar.parse_instant(&def.at.value) {
            Ok(at) => at,
            Err(error) => {
                self.push(error.at(def.at.span));
                return None;
            }
        };
        Some(Release { name: def.name.value.clone(), title: title(def.title.as_ref(), &def.name.value), at })
    }

    /// Sections that name what does not exist were reported when names were resolved.
    pub(super) fn report(&mut self, def: &ReportDef) -> ReportSpec {
        let sections = def.sections.iter().filter_map(|section| self.section(section)).collect();
        ReportSpec { name: def.name.value.clone(), title: title(def.title.as_ref(), &def.name.value), sections }
    }

    fn section(&mut self, section: &SectionDef) -> Option<Section> {
        match section {
            SectionDef::All(word) => match word.value.as_str() {
                "objectives" => Some(Section::Objectives),
                "metrics" => Some(Section::Metrics),
                "benchmarks" => Some(Section::Benchmarks),
                _ => None,
            },
            SectionDef::Stage(stage) => self.stage(stage),
            SectionDef::Metric(name) => {
                let Some(index) = self.metrics.iter().position(|metric| metric.name == name.value) else {
                    let library = &self.project.library;
                    // That nothing is bound was reported with the names; what cannot be computed is known since then.
                    let unfit = library.find(&name.value).is_some_and(|e| matches!(e.state, State::Unfit(_)));
                    if let Some(finding) = library.absent(&name.value, name.span).filter(|_| unfit) {
                        self.push(finding);
                    }
                    return None;
                };
                u32::try_from(index).ok().map(|index| Section::Metric(MetricId(index)))
            }
            SectionDef::Objective(name) => {
                let index = self.project.objectives.iter().position(|def| def.name.value == name.value)?;
                Some(Section::Objective(index))
            }
        }
    }

    fn stage(&mut self, stage: &Text) -> Option<Section> {
        let mut known = self.project.metrics.iter().filter_map(|def| def.stage.as_ref());
        if !known.any(|text| text.value == stage.value) {
            let known = self.project.metrics.iter().filter_map(|def| def.stage.as_ref());
            let near = did_you_mean(&stage.value, known.map(|text| text.value.as_str()));
            let message = format!("no metric is of the stage `{}`{near}", stage.value);
            let finding = Diagnostic::new(Code::UnknownReference, stage.span, message);
            self.push(finding.help("write the `stage` of a metric"));
            return None;
        }
        Some(Section::Stage(stage.value.clone()))
    }
}
