//! `kepi init`.

mod from;
mod template;

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::args::{Common, InitArgs, Template};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::output;

pub fn run(common: &Common, args: &InitArgs) -> Result<Exit, Stop> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal() && !common.quiet;
    let root = args.dir.as_path();
    let template = match args.template {
        _ if !args.from.is_empty() => None,
        Some(template) => Some(template),
        None if asks => Some(ask_template()?),
        None => Some(Template::App),
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None if asks => ask("What is it called", &folder_name(root))?,
        None => folder_name(root),
    };
    let paths = match template {
        Some(template) => template::write(root, template, args, &name)?,
        None => from::write(root, args, &name, common.quiet)?,
    };
    output::print(&written(common, root, &paths));
    Ok(Exit::Fine)
}

/// The folder of the project, made if need be.
fn made(root: &Path) -> Result<(), Stop> {
    fs::create_dir_all(root).map_err(|e| cannot(root, &e))
}

fn cannot(path: &Path, error: &io::Error) -> Stop {
    Stop::Data(format!("{} cannot be written: {error}", path.display()))
}

/// The name of a folder, whatever way it is written.
fn folder_name(folder: &Path) -> String {
    // One that is not there yet has no other way of being written.
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    real.file_name().map_or_else(|| "metrics".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn written(common: &Common, root: &Path, paths: &[String]) -> String {
    if common.quiet {
        return String::new();
    }
    let files: String = paths.iter().map(|path| format!("  {path}\n")).collect();
    let project = match root.to_string_lossy() {
        here if here == "." => String::new(),
        other => format!(" --project {other}"),
    };
    format!("written to {}:\n{files}\nnext:\n  kepi check{project}\n  kepi report{project}\n", root.display())
}

fn ask_template() -> Result<Template, Stop> {
    let names: Vec<String> = Template::value_variants().iter().map(template_name).collect();
    loop {
        let answer = ask(&format!("Which template: {}", names.join(", ")), "app")?;
        match Template::from_str(&answer, false) {
            Ok(template) => return Ok(template),
            Err(_) => note!("`{answer}` is none of them"),
        }
    }
}

fn template_name(template: &Template) -> String {
    template.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// One line from the terminal; nothing, or its end, is the default.
fn ask(question: &str, default: &str) -> Result<String, Stop> {
    let mut line = String::new();
    let mut asked = io::stderr();
    write!(asked, "{question} [{default}]: ")
        .and_then(|()| asked.flush())
        .and_then(|()| io::stdin().lock().read_line(&mut line))
        .map_err(|e| Stop::Data(e.to_string()))?;
    let answer = line.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}
