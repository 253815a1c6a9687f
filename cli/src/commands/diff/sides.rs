//! The two sides of a comparison, read.

use std::path::{Path, PathBuf};

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::diff::Side;
use kepi_lang::source::SourceMap;

use crate::args::DiffArgs;
use crate::commands::Stop;
use crate::commands::diff::data;
use crate::exit::Exit;
use crate::git::{Repository, Revision, Snapshot};
use crate::project::{self, Definitions, Folder};

pub struct Sides {
    pub root: PathBuf,
    pub base: Definitions,
    pub head: Definitions,
    /// As a person reads it.
    pub base_name: String,
    pub head_name: String,
    /// The project's folder below the repository's root.
    pub prefix: String,
    pub notes: Vec<String>,
    history: History,
}

enum History {
    Git {
        repository: Repository,
        base: Revision,
        /// `None`: the folder as it is.
        head: Option<Revision>,
    },
    Folder(PathBuf),
}

impl Sides {
    /// Reads the definitions of both sides.
    pub fn read(root: &Path, args: &DiffArgs) -> Result<Self, Stop> {
        if let Some(folder) = &args.base_dir {
            return Self::of_folders(root, folder);
        }
        let repository = Repository::around(root).map_err(stop)?;
        let (base, head) = revisions(&repository, args.revisions.as_deref()).map_err(stop)?;
        let mut notes = Vec::new();
        let head_definitions = match &head {
            None => project::read(root),
            Some(revision) => {
                let snapshot = Snapshot::of(&repository, revision).map_err(stop)?;
                if !has_manifest(&snapshot) {
                    return Err(stop(absent(revision, &repository)));
                }
                project::read_tree(root, &snapshot)
            }
        };
        let snapshot = Snapshot::of(&repository, &base).map_err(stop)?;
        let base_definitions = if has_manifest(&snapshot) {
            project::read_beside(root, &snapshot, Some(&head_definitions))
        } else {
            notes.push(format!(
                "{} holds no kepi.yaml in {}: all definitions are new",
                base.shown(),
                if repository.prefix.is_empty() { "the repository's root" } else { repository.prefix.as_str() }
            ));
            nothing(&head_definitions)
        };
        Ok(Self {
            root: root.to_path_buf(),
            base: base_definitions,
            head: head_definitions,
            base_name: base.shown(),
            head_name: head.as_ref().map_or("the working tree".to_owned(), Revision::shown),
            prefix: repository.prefix.clone(),
            notes,
            history: History::Git { repository, base, head },
        })
    }

    fn of_folders(root: &Path, folder: &Path) -> Result<Self, Stop> {
        if !folder.join("kepi.yaml").is_file() {
            return Err(Stop::Usage(format!("{} holds no kepi.yaml", folder.display())));
        }
        let head = project::read(root);
        Ok(Self {
            root: root.to_path_buf(),
            base: project::read_beside(root, &Folder(folder), Some(&head)),
            head,
            base_name: folder.display().to_string(),
            head_name: root.display().to_string(),
            prefix: String::new(),
            notes: Vec::new(),
            history: History::Folder(folder.to_path_buf()),
        })
    }

    /// Data files that differ between the sides and that a source or a lookup reads, relative to the project's folder. None where
    /// the base has none at all.
    pub fn data_changed(&self, base: Side, head: Side, notes: &mut Vec<String>) -> Result<Vec<String>, Stop> {
        let folders = data::local(&base.program.settings.data);
        let mut changed = match &self.history {
            History::Git { repository, base, head } => {
                data::touched(repository, base, head.as_ref(), &folders, notes).map_err(stop)
            }
            History::Folder(folder) => data::differing(folder, &self.root, &folders)
                .map_err(|e| Stop::Data(format!("the data of {} cannot be read: {e}", folder.display()))),
        }?;
        let read = |path: &str| [base, head].iter().any(|side| data::is_read(path, side.program));
        changed.retain(|line| line.get(2..).is_some_and(read));
        Ok(changed)
    }

    /// Folders with the data as they are on each side; nothing for the side that has the folder as it is.
    pub fn data(&self, base: Side, head: Side) -> Result<(data::Place, data::Place), Stop> {
        match &self.history {
            History::Folder(folder) => Ok((data::Place::There(folder.clone()), data::Place::Here)),
            History::Git { repository, base: revision, head: other } => {
                let of = |revision: &Revision, side: Side| {
                    data::written(repository, revision, &data::local(&side.program.settings.data)).map_err(stop)
                };
                let before = of(revision, base)?;
                let after = match other {
                    None => data::Place::Here,
                    Some(revision) => of(revision, head)?,
                };
                Ok((before, after))
            }
        }
    }

    /// The head's data, where only these are wanted.
    pub fn head_data(&self, head: Side) -> Result<data::Place, Stop> {
        let History::Git { repository, head: Some(revision), .. } = &self.history else {
            return Ok(data::Place::Here);
        };
        let folders = data::local(&head.program.settings.data);
        let mut ignored = Vec::new();
        let touched = data::touched(repository, revision, None, &folders, &mut ignored).map_err(stop)?;
        if touched.is_empty() {
            Ok(data::Place::Here)
        } else {
            data::written(repository, revision, &folders).map_err(stop)
        }
    }
}

/// What is compared: the base, and the head unless that is the folder as it is.
fn revisions(repository: &Repository, text: Option<&str>) -> Result<(Revision, Option<Revision>), Diagnostic> {
    let Some(text) = text else { return Ok((repository.base()?, None)) };
    let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
    if let Some((base, head)) = text.split_once("...") {
        let (base, head) = (repository.revision(&or_head(base))?, repository.revision(&or_head(head))?);
        return Ok((repository.merge_base(&base, &head)?, Some(head)));
    }
    if let Some((base, head)) = text.split_once("..") {
        return Ok((repository.revision(&or_head(base))?, Some(repository.revision(&or_head(head))?)));
    }
    Ok((repository.revision(text)?, None))
}

fn has_manifest(snapshot: &Snapshot) -> bool {
    snapshot.files().iter().any(|file| file.path == "kepi.yaml")
}

fn absent(revision: &Revision, repository: &Repository) -> Diagnostic {
    let folder = if repository.prefix.is_empty() { "its root" } else { repository.prefix.as_str() };
    let message = format!("{} holds no kepi.yaml in {folder}", revision.shown());
    Diagnostic::without_place(Code::NoBase, message).help("name a revision that has the project in this folder")
}

/// A project of the same settings without a definition.
fn nothing(head: &Definitions) -> Definitions {
    let mut map = SourceMap::new();
    for (_, file) in head.map.files().take(1) {
        map.add(file.path.clone(), file.text.clone());
    }
    let (manifest, documents) = (head.manifest.clone(), Vec::new());
    Definitions { root: head.root.clone(), map, manifest, documents, findings: Vec::new() }
}

/// What git says against the command line is an answer to it; a git that fails is another matter.
pub fn stop(finding: Diagnostic) -> Stop {
    let exit = if finding.code == Code::GitFailed { Exit::Data } else { Exit::Usage };
    Stop::Findings { exit, findings: vec![finding], map: SourceMap::new() }
}
