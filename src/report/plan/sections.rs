//! What a report shows, in which order.

use crate::diag::suggest::closest;
use crate::diag::{Code, Diagnostic};
use crate::ir::{self, MetricId, Program};
use crate::report::Section;
use crate::report::plan::{Request, add_once};

#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
    /// Indexes of the program's objectives.
    pub(super) objectives: Vec<usize>,
    pub(super) metrics: Vec<MetricId>,
}

pub(super) fn choose(program: &Program, request: &Request) -> Result<Chosen, Vec<Diagnostic>> {
    let spec = match &request.report {
        Some(name) => Some(program.reports.iter().find(|r| r.name == *name).ok_or_else(|| unknown(program, name))?),
        None => program.reports.first().filter(|_| program.reports.len() == 1),
    };
    let all = [ir::Section::Objectives, ir::Section::Metrics, ir::Section::Benchmarks];
    let mut chosen =
        Chosen { title: spec.map_or_else(|| program.settings.name.clone(), |r| r.title.clone()), ..Chosen::default() };
    for section in spec.map_or(&all[..], |r| &r.sections[..]) {
        chosen.add(program, section);
    }
    Ok(chosen)
}

impl Chosen {
    fn add(&mut self, program: &Program, section: &ir::Section) {
        match section {
            ir::Section::Objectives => {
                let objectives = (0..program.objectives.len()).map(|i| self.objective(i)).collect();
                self.sections.push(Section::Objectives(objectives));
            }
            ir::Section::Objective(index) => {
                let index = self.objective(*index);
                match self.sections.last_mut() {
                    Some(Section::Objectives(list)) => list.push(index),
                    _ => self.sections.push(Section::Objectives(vec![index])),
                }
            }
            ir::Section::Metrics => self.by_stage(program),
            ir::Section::Stage(stage) => self.stage(program, Some(stage)),
            ir::Section::Metric(id) => {
                let index = add_once(&mut self.metrics, *id);
                match self.sections.last_mut() {
                    Some(Section::Metrics { metrics, .. }) => metrics.push(index),
                    _ => self.sections.push(Section::Metrics { title: "Metrics".to_owned(), metrics: vec![index] }),
                }
            }
            ir::Section::Benchmarks => {
                self.sections.push(Section::Benchmarks((0..program.benchmarks.len()).collect()));
            }
        }
    }

    fn objective(&mut self, index: usize) -> usize {
        self.objectives.iter().position(|i| *i == index).unwrap_or_else(|| {
            self.objectives.push(index);
            self.objectives.len() - 1
        })
    }

    /// A section a stage, in the order in which the stages are first written; metrics without a stage last.
    fn by_stage(&mut self, program: &Program) {
        let mut stages: Vec<&String> = Vec::new();
        for stage in program.metrics.iter().filter_map(|m| m.stage.as_ref()) {
            if !stages.contains(&stage) {
                stages.push(stage);
            }
        }
        for stage in stages {
            self.stage(program, Some(stage));
        }
        self.stage(program, None);
    }

    fn stage(&mut self, program: &Program, stage: Option<&String>) {
        let ids = program.metrics.iter().zip(0u32..).filter(|(m, _)| m.stage.as_ref() == stage);
        let metrics: Vec<usize> = ids.map(|(_, i)| add_once(&mut self.metrics, MetricId(i))).collect();
        if !metrics.is_empty() {
            let title = stage.map_or_else(|| "Other metrics".to_owned(), |s| heading(s));
            self.sections.push(Section::Metrics { title, metrics });
        }
    }
}

/// `revenue` → `Revenue`, `current_value` → `Current value`.
fn heading(stage: &str) -> String {
    let words = stage.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn unknown(program: &Program, name: &str) -> Vec<Diagnostic> {
    let names = program.reports.iter().map(|r| r.name.as_str());
    let near = closest(name, names.clone());
    let finding = Diagnostic::without_place(Code::UnknownReport, format!("there is no report `{name}`"));
    let known: Vec<String> = names.map(|n| format!("`{n}`")).collect();
    let help = match (near, known.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "the project has no `reports:`; without a name everything is reported".to_owned(),
        (None, false) => format!("there are {}", known.join(", ")),
    };
    vec![finding.help(help)]
}
