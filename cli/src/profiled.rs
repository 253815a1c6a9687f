//! Files, looked at, and what was guessed.

use std::sync::Arc;
use std::time::Instant;

use kepi_engine::Progress;
use kepi_engine::profile::Input;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::TimeFormat;
use kepi_lang::profile::draft::{Draft, Table, draft};
use kepi_lang::profile::guess::{Guess, Written, guess};
use kepi_lang::profile::{Profile, Times};
use kepi_lang::source::SourceMap;

use crate::commands::Stop;
use crate::exit::Exit;
use crate::inputs::{Group, Inputs};
use crate::progress::Watch;

/// A table of the files.
pub struct Profiled {
    profile: Profile,
    guess: Guess,
    times: Option<Times>,
}

impl Profiled {
    pub fn table(&self) -> Table<'_> {
        Table { profile: &self.profile, guess: &self.guess, times: self.times.as_ref() }
    }
}

/// Looks at all groups; what is wrong with all files is said in one go.
///
/// # Errors
/// Files that cannot be read.
pub fn profiled(inputs: &Inputs, sample: Option<u64>, quiet: bool) -> Result<Vec<Profiled>, Stop> {
    let progress = Arc::new(Progress::default());
    let _watch = Watch::begin(quiet, &progress, Instant::now());
    let mut all = Vec::new();
    let mut findings = Vec::new();
    for group in &inputs.groups {
        match one(inputs, group, sample, &progress) {
            Ok(profiled) => all.push(profiled),
            Err(found) => findings.extend(found),
        }
    }
    if findings.is_empty() {
        return Ok(all);
    }
    kepi_lang::diag::sort(&mut findings);
    Err(Stop::Findings { exit: Exit::Data, findings, map: SourceMap::new() })
}

fn one(
    inputs: &Inputs,
    group: &Group,
    sample: Option<u64>,
    progress: &Arc<Progress>,
) -> Result<Profiled, Vec<Diagnostic>> {
    let input = Input::open_seen(&inputs.root, &group.patterns, sample, progress)?;
    let mut profile = input.profile().map_err(|finding| vec![finding])?;
    profile.name = group.name.clone();
    profile.patterns = group.patterns.clone();
    let mut guess = guess(&profile);
    let times = match &guess.clock {
        None => None,
        Some(clock) => {
            let format = match &clock.written {
                Written::Plain => None,
                Written::Epoch("epoch_s") => Some(TimeFormat::EpochSeconds),
                Written::Epoch("epoch_ms") => Some(TimeFormat::EpochMilliseconds),
                Written::Epoch(_) => Some(TimeFormat::EpochMicroseconds),
                Written::Pattern(pattern, _) => Some(TimeFormat::Pattern(pattern.clone())),
            };
            match format {
                None => profile.column(&clock.role.column).and_then(|column| column.times.clone()),
                Some(format) => input.times(&clock.role.column, format).map_err(|finding| vec![finding])?,
            }
        }
    };
    // No value of it is a time after all.
    if times.is_none() {
        guess.clock = None;
    }
    Ok(Profiled { profile, guess, times })
}

pub fn drafted(all: &[Profiled]) -> Draft {
    let tables: Vec<Table> = all.iter().map(Profiled::table).collect();
    draft(&tables)
}
