//! The numbers of both sides, and the objectives' statuses: only of what is affected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_engine::{Dataset, Options, Progress};
use kepi_lang::calendar::Grain;
use kepi_lang::check::Checked;
use kepi_lang::diag::Diagnostic;
use kepi_lang::diff::{self, Answered, Cause, Change, Class, How, Judged, Kind, Numbers, NumbersRun, Side, Tolerance};
use kepi_lang::ir::{Ask, Program, Question, ReportSpec, Section};
use kepi_lang::report::Report;
use kepi_lang::report::evaluate::evaluate;
use kepi_lang::report::plan::{Plan, Request, plan};
use kepi_lang::results::{Results, known_to};
use kepi_lang::source::SourceMap;

use crate::args::Common;
use crate::commands::Stop;
use crate::commands::diff::data::Place;
use crate::commands::diff::sides::Sides;
use crate::exit::Exit;
use crate::project::{self, Definitions};
use crate::range::{self, AsOf};

/// What is compared.
pub struct Wanted<'a> {
    /// `None`: the base does not compile.
    pub before: Option<Side<'a>>,
    pub after: Side<'a>,
    pub changes: &'a [Change],
    /// Data files that differ.
    pub changed: &'a [String],
    pub tolerance: Tolerance,
}

#[derive(Default)]
pub struct Measured {
    pub as_of: Option<Timestamp>,
    pub numbers: Vec<Numbers>,
    pub objectives: Vec<Judged>,
    /// Where pacing begins, by the base's name of an objective.
    pub begun: BTreeMap<String, Timestamp>,
    pub notes: Vec<String>,
}

/// Metrics and objectives that are affected: names at the base and at the head.
#[derive(Default)]
struct Affected {
    metrics: Vec<(Option<String>, Option<String>)>,
    /// By which the base is asked too, by the head's name.
    grains: BTreeMap<String, Grain>,
    /// Names at the base, names at the head.
    objectives: (BTreeSet<String>, BTreeSet<String>),
}

impl Affected {
    fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.objectives.0.is_empty() && self.objectives.1.is_empty()
    }
}

fn affected(wanted: &Wanted) -> Affected {
    let grains = wanted.after.program.metrics.iter().map(|m| (m.name.clone(), m.grain)).collect();
    let mut affected = Affected { grains, ..Affected::default() };
    let names = |program: &Program| program.objectives.iter().map(|o| o.name.clone()).collect();
    let Some(before) = wanted.before else {
        affected.objectives.1 = names(wanted.after.program);
        return affected;
    };
    // Another title or name moves no number.
    let counts = |c: &&Change| {
        c.class > Class::Prose && !(c.how == How::Renamed && c.parts.iter().all(|p| p.class == Class::Prose))
    };
    for change in wanted.changes.iter().filter(counts) {
        let old = change.was.clone();
        let new = (change.how != How::Removed).then(|| change.key.name.clone());
        match change.key.kind {
            Kind::Metric => affected.metrics.push((old, new)),
            Kind::Objective => {
                affected.objectives.0.extend(old);
                affected.objectives.1.extend(new);
            }
            _ => {}
        }
    }
    if !wanted.changed.is_empty() {
        let was = |kind: Kind, name: &str| {
            let change = wanted.changes.iter().find(|c| c.key.kind == kind && c.key.name == name);
            change.map_or(Some(name.to_owned()), |c| c.was.clone())
        };
        for metric in &wanted.after.program.metrics {
            if !affected.metrics.iter().any(|(_, new)| new.as_ref() == Some(&metric.name)) {
                affected.metrics.push((was(Kind::Metric, &metric.name), Some(metric.name.clone())));
            }
        }
        affected.objectives = (names(before.program), names(wanted.after.program));
    }
    affected
}

/// Runs both sides. Where nothing is affected, no file is opened.
pub fn measure(common: &Common, sides: &Sides, wanted: &Wanted, progress: &Arc<Progress>) -> Result<Measured, Stop> {
    let affected = affected(wanted);
    if affected.is_empty() {
        return Ok(Measured::default());
    }
    let (before_data, after_data) = match wanted.before.filter(|_| !wanted.changed.is_empty()) {
        Some(before) => sides.data(before, wanted.after)?,
        None => (Place::Here, sides.head_data(wanted.after)?),
    };
    let here = after_data.folder(&sides.root);
    let open = Opener { common, progress };
    let last = open.open(&sides.head, here, None).map_err(|(findings, map)| {
        let exit = if findings.iter().any(|f| f.is_error() && f.code.as_str().starts_with("K06")) {
            Exit::Data
        } else {
            Exit::Findings
        };
        Stop::Findings { exit, findings, map }
    })?;
    let as_of = range::as_of(common.as_of.as_deref(), &last.program, last.dataset.extents())?;
    let given = last.program.settings.as_of;
    let mut measured = Measured { as_of: Some(as_of.at), ..Measured::default() };
    let mut opened: Vec<(Cause, Opened)> = Vec::new();
    if let Some(before) = wanted.before {
        let mut add = |cause: Cause, definitions: &Definitions, folder: &Path, what: &str| match open.open(
            definitions,
            folder,
            Some(given),
        ) {
            Ok(side) => opened.push((cause, side)),
            Err((findings, _)) => {
                let first = findings.iter().find(|f| f.is_error()).map_or("", |f| f.message.as_str());
                measured.notes.push(format!("{what}: {first}"));
            }
        };
        let name = &sides.base_name;
        if !before_data.is_here() || !after_data.is_here() && !wanted.changed.is_empty() {
            let folder = before_data.folder(&sides.root);
            add(Cause::Data, &sides.base, folder, &format!("{name} cannot be run over its own files"));
        }
        add(Cause::Data, &sides.base, here, &format!("{name} cannot be run over the head's files"));
        let (old, new) = (&before.program.settings.calendar, &wanted.after.program.settings.calendar);
        let calendar = |c: &kepi_lang::calendar::Calendar| (c.zone.clone(), c.week_start, c.fiscal_year_start);
        if calendar(old) != calendar(new) {
            let moved = in_calendar_of(&sides.base, &sides.head);
            add(Cause::Calendar, &moved, here, &format!("{name} cannot be run in the head's calendar"));
        }
    }
    opened.push((Cause::Definition, last));
    let hybrid = wanted.before.and_then(|before| {
        let head = &opened.last()?.1.program;
        diff::without_targets(before.program, head, wanted.changes)
    });
    let mut runs = Vec::new();
    for (index, (cause, side)) in opened.iter().enumerate() {
        let head = index + 1 == opened.len();
        let hybrid = hybrid.as_ref().filter(|_| head);
        let run = side.run(&affected, as_of, head, hybrid)?;
        runs.push((*cause, run));
    }
    measured.numbers = numbers(&affected, &opened, &runs, wanted.tolerance);
    judge(&mut measured, &runs, wanted);
    Ok(measured)
}

fn numbers(
    affected: &Affected,
    opened: &[(Cause, Opened)],
    runs: &[(Cause, Ran)],
    tolerance: Tolerance,
) -> Vec<Numbers> {
    let last = opened.len().saturating_sub(1);
    let mut all = Vec::new();
    for (old, new) in &affected.metrics {
        // Where the base could not be run there is nothing to compare with.
        if opened.len() < 2 && old.is_some() {
            continue;
        }
        let sides = opened.iter().zip(runs).enumerate();
        let each =
            sides.map(|(index, (side, ran))| one(side, &ran.1, (if index == last { new } else { old }).as_ref()));
        all.extend(diff::numbers(&with_base(each.collect()), tolerance));
    }
    all
}

fn one<'a>((cause, side): &'a (Cause, Opened), ran: &'a Ran, name: Option<&String>) -> NumbersRun<'a> {
    let metric = name.and_then(|n| side.program.metrics.iter().find(|m| m.name == *n));
    let answers = name.map(|name| ran.answered(name)).unwrap_or_default();
    NumbersRun { cause: *cause, metric, answers }
}

/// A side without the metric stands before a lone one.
fn with_base(mut runs: Vec<NumbersRun>) -> Vec<NumbersRun> {
    if runs.len() < 2 {
        runs.insert(0, NumbersRun { cause: Cause::Definition, metric: None, answers: Vec::new() });
    }
    runs
}

fn judge(measured: &mut Measured, runs: &[(Cause, Ran)], wanted: &Wanted) {
    let mut reports: Vec<diff::Run> = Vec::new();
    for (cause, run) in runs {
        reports.extend(run.between.as_ref().map(|report| diff::Run { cause: Cause::Definition, report }));
        let cause = if run.between.is_some() { Cause::Target } else { *cause };
        reports.extend(run.report.as_ref().map(|report| diff::Run { cause, report }));
    }
    if wanted.before.is_some() && runs.len() > 1 {
        if let Some(first) = reports.first() {
            let start = |o: &kepi_lang::report::Objective| Some((o.name.clone(), o.start?));
            measured.begun = first.report.objectives.iter().filter_map(start).collect();
        }
        measured.objectives = diff::judged(&reports, wanted.changes);
        return;
    }
    let Some(last) = reports.last() else { return };
    measured.objectives = diff::judged(&[*last], wanted.changes);
    for objective in &mut measured.objectives {
        objective.old = None;
    }
}

/// A side over files.
struct Opened {
    checked: Checked,
    program: Arc<Program>,
    dataset: Dataset,
    map: SourceMap,
}

struct Opener<'a> {
    common: &'a Common,
    progress: &'a Arc<Progress>,
}

impl Opener<'_> {
    /// `now`: "now" as the other side has it, if it says so.
    fn open(
        &self,
        definitions: &Definitions,
        folder: &Path,
        now: Option<Option<Timestamp>>,
    ) -> Result<Opened, (Vec<Diagnostic>, SourceMap)> {
        let mut definitions = definitions.clone();
        definitions.root = folder.to_path_buf();
        let project = project::check(definitions, true, self.progress);
        let failed = project.has_errors();
        let (map, findings) = (project.map, project.findings);
        let program = project.checked.as_ref().filter(|_| !failed).and_then(|c| c.program.clone());
        let (Some(checked), Some(mut program)) = (project.checked, program) else { return Err((findings, map)) };
        if let Some(now) = now {
            program.settings.as_of = now;
        } else if let Some(text) = &self.common.as_of {
            match range::instant(&program.settings.calendar, text) {
                Ok(at) => program.settings.as_of = Some(at),
                Err(Stop::Findings { findings, map, .. }) => return Err((findings, map)),
                Err(_) => {}
            }
        }
        let program = Arc::new(program);
        let threads = self.common.threads.map(usize::from);
        let memory = crate::memory::given();
        let options = Options { threads, progress: Arc::clone(self.progress), cache: None, memory };
        match Dataset::open(folder, Arc::clone(&program), options) {
            Ok(dataset) => Ok(Opened { checked, program, dataset, map }),
            Err(findings) => Err((findings, map)),
        }
    }
}

/// What a side answers.
struct Ran {
    asks: Vec<Ask>,
    results: Results,
    report: Option<Report>,
    /// With the base's targets.
    between: Option<Report>,
}

impl Ran {
    fn answered(&self, metric: &str) -> Vec<Answered<'_>> {
        let pairs = self.asks.iter().zip(&self.results.answers);
        pairs.filter(|(ask, _)| ask.name == metric).map(|(ask, answer)| Answered { ask, rows: &answer.rows }).collect()
    }
}

impl Opened {
    fn run(&self, affected: &Affected, as_of: AsOf, head: bool, hybrid: Option<&Program>) -> Result<Ran, Stop> {
        let side = Side { program: &self.program, scope: &self.checked.scope };
        let mut asks = Vec::new();
        for (old, new) in &affected.metrics {
            let Some(name) = (if head { new } else { old }).as_ref() else { continue };
            let grain = new.as_ref().and_then(|new| affected.grains.get(new)).copied();
            asks.extend(diff::asks(side, self.dataset.extents(), as_of.at, name, grain));
        }
        let metrics = asks.len();
        let names = if head { &affected.objectives.1 } else { &affected.objectives.0 };
        let request = Request { as_of: as_of.given.then_some(as_of.at), ..Request::default() };
        let planned = |program: &Program| self.planned(program, names, &request);
        let (report, between) = (planned(&self.program)?, hybrid.map(planned).transpose()?.flatten());
        let mut question = Question { asks, as_of: as_of.at, as_of_given: as_of.given, range: None };
        // Reports of another "now" are asked by themselves.
        let same_now = report.as_ref().is_none_or(|(_, q, _)| q.as_of == as_of.at && q.as_of_given == as_of.given);
        for (_, planned, _) in report.iter().chain(&between).filter(|_| same_now) {
            question.asks.extend(planned.asks.iter().cloned());
        }
        let mut results = self.answer(&question)?;
        let mut rest = results.answers.split_off(metrics);
        let mut evaluated = |planned: Option<(Plan, Question, Program)>| -> Result<Option<Report>, Stop> {
            let Some((plan, asked, program)) = planned else { return Ok(None) };
            let results = if same_now {
                let later = rest.split_off(asked.asks.len().min(rest.len()));
                Results {
                    answers: std::mem::replace(&mut rest, later),
                    ledgers: results.ledgers.clone(),
                    lookups: results.lookups.clone(),
                }
            } else {
                self.answer(&asked)?
            };
            Ok(Some(evaluate(&program, &plan, &results)))
        };
        let report = evaluated(report)?;
        let between = evaluated(between)?;
        question.asks.truncate(metrics);
        Ok(Ran { asks: question.asks, results, report, between })
    }

    fn answer(&self, question: &Question) -> Result<Results, Stop> {
        if question.asks.is_empty() {
            return Ok(Results::default());
        }
        let stop = |findings| Stop::Findings { exit: Exit::Data, findings, map: self.map.clone() };
        self.dataset.answer(question).map_err(stop)
    }

    /// A report of these objectives; `None` where there are none of them.
    fn planned(
        &self,
        program: &Program,
        names: &BTreeSet<String>,
        request: &Request,
    ) -> Result<Option<(Plan, Question, Program)>, Stop> {
        let all = program.objectives.iter().enumerate().filter(|(_, o)| names.contains(&o.name));
        let sections: Vec<Section> = all.map(|(index, _)| Section::Objective(index)).collect();
        let known = request.as_of.is_some() || known_to(program, self.dataset.extents()).is_some();
        if sections.is_empty() || !known {
            return Ok(None);
        }
        let mut program = program.clone();
        program.reports = vec![ReportSpec { name: "diff".to_owned(), title: String::new(), sections }];
        let planned = plan(&program, &self.checked.scope, self.dataset.extents(), request);
        let (plan, question) =
            planned.map_err(|findings| Stop::Findings { exit: Exit::Findings, findings, map: self.map.clone() })?;
        Ok(Some((plan, question, program)))
    }
}

/// The base's definitions with the head's calendar.
fn in_calendar_of(base: &Definitions, head: &Definitions) -> Definitions {
    let mut moved = base.clone();
    if let (Some(manifest), Some(other)) = (&mut moved.manifest, &head.manifest) {
        manifest.time_zone.clone_from(&other.time_zone);
        manifest.week_start.clone_from(&other.week_start);
        manifest.fiscal_year_start.clone_from(&other.fiscal_year_start);
    }
    moved
}

/// "Now" as the command line or the manifest says it; `None` where only data could tell.
pub fn stated_now(common: &Common, program: &Program) -> Result<Option<Timestamp>, Stop> {
    match &common.as_of {
        Some(text) => Ok(Some(range::instant(&program.settings.calendar, text)?)),
        None => Ok(program.settings.as_of),
    }
}
