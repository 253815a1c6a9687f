//! `kepi fmt`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax;
use similar::TextDiff;

use crate::args::{Common, FmtArgs};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::{files, findings, output, project};

const STDIN: &str = "-";

/// What came of the files.
#[derive(Default)]
struct Outcome {
    changed: Vec<String>,
    unchanged: usize,
    map: SourceMap,
    findings: Vec<Diagnostic>,
}

pub fn run(common: &Common, args: &FmtArgs) -> Result<Exit, Stop> {
    if args.files.iter().any(|file| file.as_os_str() == STDIN) {
        return stdin(common, args);
    }
    let mut outcome = Outcome::default();
    for path in paths(common, args)? {
        let shown = path.display().to_string();
        let text = match files::read(&path) {
            Ok(text) => text,
            Err(why) => {
                let finding = Diagnostic::without_place(Code::DefinitionUnreadable, format!("{shown}: {why}"));
                outcome.findings.push(finding);
                continue;
            }
        };
        let Some(formatted) = outcome.formatted(&shown, &text) else { continue };
        if formatted == text {
            outcome.unchanged += 1;
            continue;
        }
        if args.diff {
            output::print(&difference(&shown, &text, &formatted));
        } else if !args.check {
            write(&path, formatted).map_err(|e| Stop::Data(format!("{shown} cannot be written: {e}")))?;
        }
        outcome.changed.push(shown);
    }
    findings::report(&outcome.findings, &outcome.map, common);
    if !common.quiet {
        output::print(&outcome.summary(args));
    }
    let refused = outcome.findings.iter().any(Diagnostic::is_error);
    let would = (args.check || args.diff) && !outcome.changed.is_empty();
    Ok(if refused || would { Exit::Findings } else { Exit::Fine })
}

/// From stdin to stdout.
fn stdin(common: &Common, args: &FmtArgs) -> Result<Exit, Stop> {
    if args.files.len() > 1 {
        return Err(Stop::Usage("`-` stands alone: stdin is one file".to_owned()));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| Stop::Data(format!("stdin cannot be read: {e}")))?;
    let mut outcome = Outcome::default();
    let Some(formatted) = outcome.formatted("<stdin>", &text) else {
        findings::report(&outcome.findings, &outcome.map, common);
        return Ok(Exit::Findings);
    };
    if args.diff {
        output::print(&difference("<stdin>", &text, &formatted));
    } else if !args.check {
        output::print(&formatted);
        return Ok(Exit::Fine);
    }
    Ok(if formatted == text { Exit::Fine } else { Exit::Findings })
}

/// The files that are named, those of the folders that are named, else those of the project.
fn paths(common: &Common, args: &FmtArgs) -> Result<Vec<PathBuf>, Stop> {
    if args.files.is_empty() {
        let root = project::root(common).map_err(Stop::Usage)?;
        return of_project(&root);
    }
    let mut out = BTreeSet::new();
    for path in &args.files {
        if path.join("kepi.yaml").is_file() {
            out.extend(of_project(path)?);
        } else if path.is_dir() {
            let matchers: Vec<_> = ["**/*.yaml", "**/*.yml"].iter().filter_map(|p| files::matcher(p).ok()).collect();
            let found = files::find(path, &matchers)
                .map_err(|e| Stop::Data(format!("the folder {} cannot be listed: {e}", path.display())))?;
            out.extend(found.into_iter().map(|file| path.join(file)));
        } else if path.is_file() {
            out.insert(path.clone());
        } else {
            return Err(Stop::Usage(format!("there is no file or folder {}", path.display())));
        }
    }
    Ok(out.into_iter().collect())
}

fn of_project(root: &Path) -> Result<Vec<PathBuf>, Stop> {
    let definitions = project::read(root);
    // A file that cannot be read is refused by itself; a manifest that names none must say why.
    if definitions.manifest.is_none() {
        return Err(Stop::Findings { exit: Exit::Findings, findings: definitions.findings, map: definitions.map });
    }
    let current = std::env::current_dir().ok();
    let shown = current.and_then(|here| root.strip_prefix(&here).ok().map(Path::to_path_buf)).unwrap_or(root.into());
    let unread: Vec<Diagnostic> = definitions
        .findings
        .into_iter()
        .filter(|f| f.is_error() && f.primary.is_none() && f.code != Code::NoDefinitions)
        .collect();
    if !unread.is_empty() {
        return Err(Stop::Findings { exit: Exit::Findings, findings: unread, map: definitions.map });
    }
    Ok(definitions.map.files().map(|(_, file)| shown.join(&file.path)).collect())
}

/// Through links: what a link leads to is written anew, the link stays.
fn write(path: &Path, text: String) -> std::io::Result<()> {
    let real = fs::canonicalize(path)?;
    let permissions = fs::metadata(&real)?.permissions();
    if permissions.readonly() {
        return Err(std::io::Error::other("it is read-only"));
    }
    let (Some(folder), Some(name)) = (real.parent(), real.file_name().and_then(|name| name.to_str())) else {
        return Err(std::io::Error::other("a name that is not UTF-8"));
    };
    output::write_all(folder, &[(name.to_owned(), text)])?;
    fs::set_permissions(&real, permissions)
}

fn difference(name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(name, name).to_string()
}

impl Outcome {
    /// The text in the one style; `None` where it cannot be read, with the findings.
    fn formatted(&mut self, name: &str, text: &str) -> Option<String> {
        let file = self.map.add(name, text);
        match syntax::format(&self.map, file) {
            Ok(formatted) => Some(formatted),
            Err(found) => {
                self.findings.extend(found);
                None
            }
        }
    }

    fn summary(&self, args: &FmtArgs) -> String {
        let files = |n: usize| format!("{n} file{}", if n == 1 { "" } else { "s" });
        let would = args.check || args.diff;
        let verb = if would { "would be formatted" } else { "formatted" };
        let mut out = String::new();
        // The difference has named them.
        if !args.diff {
            self.changed.iter().for_each(|file| out += &format!("{verb}: {file}\n"));
        }
        let mut parts = Vec::new();
        if !self.changed.is_empty() {
            parts.push(format!("{} {verb}", files(self.changed.len())));
        }
        if self.unchanged > 0 {
            parts.push(format!("{} already formatted", files(self.unchanged)));
        }
        let refused: BTreeSet<_> = self
            .findings
            .iter()
            .map(|f| f.primary.as_ref().map_or(&f.message[..], |p| &self.map.file(p.span.file).path))
            .collect();
        if !refused.is_empty() {
            let stay = if refused.len() == 1 { "stays as it is" } else { "stay as they are" };
            parts.push(format!("{} cannot be read and {stay}", files(refused.len())));
        }
        if !parts.is_empty() && !args.diff {
            out += &format!("{}\n", parts.join(", "));
        }
        out
    }
}
