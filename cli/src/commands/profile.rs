//! `kepi profile`.

use std::path::{Path, PathBuf};

use kepi_lang::profile::draft::Table;
use kepi_lang::profile::{json, text};

use crate::args::{Common, ProfileArgs, ProfileFormat};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::profiled::{Profiled, drafted, profiled};
use crate::{files, inputs, output, project};

pub fn run(common: &Common, args: &ProfileArgs) -> Result<Exit, Stop> {
    if let Some(out) = args.out.as_deref().filter(|out| out.exists() && !args.force) {
        return Err(Stop::Usage(format!("{} is there already; name another file, or say --force", out.display())));
    }
    let inputs = inputs::find(&args.files, data_folder(common)?.as_deref()).map_err(Stop::Data)?;
    let all = profiled(&inputs, args.sample, common.quiet)?;
    let definitions = drafted(&all).one_file();
    let tables: Vec<Table> = all.iter().map(Profiled::table).collect();
    if let Some(out) = &args.out {
        write(out, &definitions)?;
    }
    output::print(&match args.format {
        ProfileFormat::Json => json::json(&tables, &definitions),
        ProfileFormat::Yaml => definitions,
        ProfileFormat::Text => {
            let seen = tables.iter().map(text::text).collect::<Vec<_>>().join("\n");
            match &args.out {
                Some(_) => seen,
                None => format!(
                    "{seen}\nDefinitions (`--out FILE` writes them, `kepi init --from` a project around them)\n\n{definitions}"
                ),
            }
        }
    });
    if let Some(out) = args.out.as_ref().filter(|_| !common.quiet) {
        note!("written: {}", out.display());
    }
    Ok(Exit::Fine)
}

/// The data folder of the project at hand, if there is one with one folder.
fn data_folder(common: &Common) -> Result<Option<PathBuf>, Stop> {
    let root = match &common.project {
        Some(_) => Some(project::root(common).map_err(Stop::Usage)?),
        None => std::env::current_dir().ok().and_then(|here| files::nearest_project(&here)),
    };
    let Some(root) = root else { return Ok(None) };
    let manifest = project::read(&root).manifest;
    let folder = manifest.and_then(|manifest| match manifest.data.as_slice() {
        [] => Some("data".to_owned()),
        [one] => Some(one.value.clone()),
        _ => None,
    });
    Ok(folder.filter(|folder| !folder.contains("://")).map(|folder| root.join(folder)))
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    let name = path.file_name().and_then(|name| name.to_str());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = match name {
        Some(name) => output::write_all(folder, &[(name.to_owned(), text.to_owned())]),
        None => Err(std::io::Error::other("no file can have this name")),
    };
    written.map_err(|e| Stop::Data(format!("{} cannot be written: {e}", path.display())))
}
