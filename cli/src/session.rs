//! A checked program over open files: what every command that needs numbers begins with.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kepi_engine::cache::Cache;
use kepi_engine::{Dataset, Options, Progress};
use kepi_lang::check::{AskSpec, Checked, Typed};
use kepi_lang::diag::lint::Levels;
use kepi_lang::diag::{Diagnostic, human};
use kepi_lang::ir::{Ask, Program, Question};
use kepi_lang::results::{Results, lone_events};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::ast::Expr;
use kepi_lang::syntax::expr::expression;
use kepi_lang::syntax::located::Located;

use crate::args::Common;
use crate::commands::Stop;
use crate::exit::Exit;
use crate::findings::colour;
use crate::pause;
use crate::progress::Watch;
use crate::project;
use crate::range::{self, AsOf};

pub struct Session {
    pub map: SourceMap,
    pub checked: Checked,
    pub program: Arc<Program>,
    pub dataset: Dataset,
    pub as_of: AsOf,
    pub named: Vec<project::Named>,
    pub levels: Levels,
    begun: Instant,
    progress: Arc<Progress>,
    cache: Option<Arc<Cache>>,
    colour: bool,
    verbose: bool,
    quiet: bool,
    /// Findings of the check that are no errors.
    pub warnings: Vec<Diagnostic>,
    /// Latest events that stand alone; among the warnings, too.
    pub lone: Vec<Diagnostic>,
}

impl Session {
    /// # Errors
    /// Where the definitions have errors, the files cannot be read, or nothing says what time it is.
    pub fn open(common: &Common) -> Result<Self, Stop> {
        let begun = Instant::now();
        let progress = Arc::new(Progress::default());
        progress.on_rows(|| pause::at("rows"));
        let watch = Watch::begin(common.quiet, &progress, begun);
        let (loaded, cache) = project::load(common, &progress).map_err(Stop::Usage)?;
        let failed = loaded.has_errors();
        let (map, findings, named, levels) = (loaded.map, loaded.findings, loaded.named, loaded.levels);
        let program = loaded.checked.as_ref().filter(|_| !failed).and_then(|c| c.program.clone());
        let (Some(checked), Some(program)) = (loaded.checked, program) else {
            let exit = if findings.iter().any(is_about_data) { Exit::Data } else { Exit::Findings };
            return Err(Stop::Findings { exit, findings, map });
        };
        let mut program = program;
        if let Some(text) = &common.as_of {
            // What lookups hold is as of then.
            program.settings.as_of = Some(range::instant(&program.settings.calendar, text)?);
        }
        let program = Arc::new(program);
        let options = Options {
            threads: common.threads.map(usize::from),
            progress: Arc::clone(&progress),
            cache: cache.clone(),
            memory: crate::memory::given(),
        };
        let dataset = match Dataset::open(&loaded.root, Arc::clone(&program), options) {
            Ok(dataset) => dataset,
            Err(findings) => return Err(Stop::Findings { exit: Exit::Data, findings, map }),
        };
        drop(watch);
        if common.verbose {
            note!("checked and opened in {} ms", begun.elapsed().as_millis());
        }
        let as_of = range::as_of(common.as_of.as_deref(), &program, dataset.extents())?;
        let lone = lone_events(&program, dataset.extents(), as_of.given);
        let lone: Vec<_> = lone.into_iter().filter_map(|f| levels.apply(f)).collect();
        let mut findings = findings;
        findings.extend(lone.iter().cloned());
        let (verbose, quiet) = (common.verbose, common.quiet);
        Ok(Self {
            map,
            checked,
            program,
            dataset,
            as_of,
            named,
            levels,
            begun,
            progress,
            cache,
            colour: colour(common.color, std::io::stderr().is_terminal()),
            verbose,
            quiet,
            warnings: findings,
            lone,
        })
    }

    /// Reads an expression of the command line; it becomes a file of the map, so that findings can point into it.
    ///
    /// # Errors
    /// Its syntax errors.
    pub fn expression(&mut self, option: &str, text: &str) -> Result<Expr, Stop> {
        let file = self.map.add(format!("<{option}>"), text);
        expression(&Located::plain(text, file, 0)).map_err(|findings| self.stop(Exit::Usage, findings))
    }

    /// Types an expression within a breakdown and a condition.
    ///
    /// # Errors
    /// What the checker says.
    pub fn typed(&self, expr: &Expr, by: &[Expr], condition: Option<&Expr>) -> Result<Typed, Stop> {
        let spec = AskSpec { expr, by, condition };
        self.checked.scope.ask(&spec).map_err(|findings| self.stop(Exit::Usage, findings))
    }

    /// The name of one metric as it was said, or those of all.
    pub fn metrics(&self, one: Option<&str>) -> Vec<String> {
        match one {
            Some(name) => vec![name.to_owned()],
            None => self.program.metrics.iter().map(|m| m.name.clone()).collect(),
        }
    }

    /// # Errors
    /// What the engine says.
    pub fn answer(&self, asks: Vec<Ask>) -> Result<(Question, Results), Stop> {
        let question = Question { asks, as_of: self.as_of.at, as_of_given: self.as_of.given, range: None };
        let results = self.results(&question)?;
        Ok((question, results))
    }

    /// The answers to a question; with `-v` what was read for them, on stderr.
    ///
    /// # Errors
    /// What the engine says.
    pub fn results(&self, question: &Question) -> Result<Results, Stop> {
        let begun = Instant::now();
        let watch = Watch::begin(self.quiet, &self.progress, self.begun);
        let results = self.dataset.answer(question);
        drop(watch);
        let notes = self.cache.iter().flat_map(|cache| cache.notes());
        for note in notes.filter_map(|note| self.levels.apply(note)).filter(|_| !self.quiet) {
            note!("{}\n", human::full(&note, &self.map, self.colour));
        }
        let results = results.map_err(|findings| self.stop(Exit::Data, findings))?;
        if self.verbose {
            self.say_spent(&results, question.asks.len(), begun.elapsed());
        }
        Ok(results)
    }

    /// What was read for an answer, and where the time went.
    fn say_spent(&self, results: &Results, questions: usize, took: Duration) {
        let spent = self.progress.take_spent();
        for ledger in &results.ledgers {
            note!(
                "{}: {} rows, {} used, {} file(s), {} bytes",
                ledger.name,
                ledger.read,
                ledger.used,
                ledger.files,
                ledger.bytes
            );
            for pass in spent.passes.iter().filter(|pass| pass.source == ledger.name) {
                let read = pass.files.saturating_sub(pass.kept + pass.skipped);
                let speed = match pass.took.as_secs_f64() {
                    took if took > 0.0 && read > 0 => {
                        format!(": {:.2} million rows a second", pass.rows as f64 / took / 1e6)
                    }
                    _ => String::new(),
                };
                note!(
                    "  {read} file(s) read, {} skipped, {} not read again as what is asked of them was kept{speed}",
                    pass.skipped,
                    pass.kept
                );
            }
        }
        if self.cache.is_some() && crate::memory::given().is_some() {
            note!("no state of a file is kept under --memory-limit, and none that was kept is used");
        }
        let stages = spent.stages.iter().map(|(stage, took)| format!("{stage} in {} ms", took.as_millis()));
        let stages = stages.collect::<Vec<_>>().join(", ");
        note!("answered {questions} question(s) in {} ms: {stages}", took.as_millis());
    }

    /// The plans of a question, logical and physical.
    ///
    /// # Errors
    /// What the engine says.
    pub fn explain(&self, asks: Vec<Ask>) -> Result<(String, String), Stop> {
        let question = Question { asks, as_of: self.as_of.at, as_of_given: self.as_of.given, range: None };
        let explained = self.dataset.explain(&question).map_err(|findings| self.stop(Exit::Data, findings))?;
        Ok((explained.logical, explained.physical))
    }

    /// What is read for a question and what is kept of it, in words.
    ///
    /// # Errors
    /// What the engine says.
    pub fn words(&self, asks: Vec<Ask>) -> Result<String, Stop> {
        let question = Question { asks, as_of: self.as_of.at, as_of_given: self.as_of.given, range: None };
        self.dataset.words(&question).map_err(|findings| self.stop(Exit::Data, findings))
    }

    pub fn stop(&self, exit: Exit, findings: Vec<Diagnostic>) -> Stop {
        Stop::Findings { exit, findings, map: self.map.clone() }
    }
}

/// Codes of the 600s are about files and what is in them.
fn is_about_data(finding: &Diagnostic) -> bool {
    finding.is_error() && finding.code.as_str().starts_with("K06")
}
