//! A project around files: what they hold, definitions guessed from it, one objective to edit.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kepi_lang::syntax::print;

use crate::args::InitArgs;
use crate::commands::Stop;
use crate::commands::init::{cannot, made};
use crate::inputs::{self, Inputs};
use crate::profiled::{drafted, profiled};
use crate::scaffold::Scaffold;

/// Where copies go.
const DATA: &str = "data";

/// Writes a project; returns the paths of its files.
pub fn write(root: &Path, args: &InitArgs, name: &str, quiet: bool) -> Result<Vec<String>, Stop> {
    let (inputs, data) = placed(root, args)?;
    let all = profiled(&inputs, args.sample, quiet)?;
    let draft = drafted(&all);
    let timeless = all.iter().all(|table| table.table().times.is_none());
    let mut scaffold = Scaffold::new(root, manifest(name, &data, timeless.then(|| written_on(&inputs)).flatten()));
    scaffold.text("metrics/sources.yaml", format!("{HEAD}\n{}", draft.sources));
    scaffold.text("metrics/metrics.yaml", draft.metrics);
    scaffold.text("metrics/aims.yaml", draft.aims);
    let stay = root.join(&data).canonicalize().is_ok_and(|folder| folder == inputs.root);
    for file in inputs.groups.iter().flat_map(|group| &group.files).filter(|_| !stay) {
        scaffold.copy(&format!("{data}/{file}"), inputs.root.join(file));
    }
    if let Some(line) = scaffold.in_the_way().filter(|_| !args.force) {
        return Err(Stop::Usage(line));
    }
    made(root)?;
    scaffold.write().map_err(|(path, error)| cannot(&path, &error))
}

const HEAD: &str = "# Guessed from the files: read it, correct it, keep it.";

/// The files, and the data folder of the project: they stay where they are below it, or are copied into it.
fn placed(root: &Path, args: &InitArgs) -> Result<(Inputs, String), Stop> {
    let Some(data) = &args.data else {
        let there = root.join(DATA);
        let inputs = inputs::find(&args.from, Some(&there)).map_err(Stop::Data)?;
        return Ok((inputs, DATA.to_owned()));
    };
    let folder = root.join(data);
    let inputs = inputs::find(&args.from, Some(&folder)).map_err(Stop::Data)?;
    let outside =
        || Stop::Usage(format!("not all files lie below {}; without --data they are copied", folder.display()));
    let real = folder.canonicalize().map_err(|_| outside())?;
    if inputs.root != real {
        return Err(outside());
    }
    let project = root.canonicalize().map_err(|_| outside())?;
    let inner: PathBuf = real
        .strip_prefix(&project)
        .map_err(|_| Stop::Usage(format!("{} lies outside of the project {}", data.display(), root.display())))?
        .to_path_buf();
    let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
    let name = parts.ok_or_else(|| Stop::Usage(format!("{} has a name that is not UTF-8", data.display())))?.join("/");
    Ok((inputs, if name.is_empty() { ".".to_owned() } else { name }))
}

/// The day in UTC on which the latest of the files was written.
fn written_on(inputs: &Inputs) -> Option<Date> {
    let files = inputs.groups.iter().flat_map(|group| &group.files);
    let latest = files.filter_map(|file| fs::metadata(inputs.root.join(file)).ok()?.modified().ok()).max()?;
    Some(TimeZone::UTC.to_datetime(Timestamp::try_from(latest).ok()?).date())
}

/// `as_of`: for rows that do not say when they happened.
fn manifest(name: &str, data: &str, as_of: Option<Date>) -> String {
    let mut text = format!("kepi: 1\nname: {}\n", print::yaml(name));
    text += "# A guess: the zone whose days and months numbers are of.\ntime_zone: UTC\n";
    text += "# What `unit: money` means.\n# currency: EUR\n";
    text += &format!("data: {}\n", print::yaml(data));
    if let Some(date) = as_of {
        text += &format!(
            "# A guess: no row says when it happened; the latest file was written on this day.\nas_of: {date}\n"
        );
    }
    text
}
