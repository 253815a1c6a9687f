//! A new project: its files, and writing them where nothing is in the way.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::output;

/// Folders that are not kept in the repository, without slashes around them.
const IGNORED: [&str; 2] = ["reports", ".kepi"];
const WORKFLOW: &str = include_str!("../templates/common/workflow.yml");
const GITIGNORE: &str = ".gitignore";
const MANIFEST: &str = "kepi.yaml";

/// What a file of the project is made of.
pub enum Content {
    Text(String),
    /// A copy of a file that is there.
    Copy(PathBuf),
}

/// The files of a project that is not there yet, by their paths below its folder.
pub struct Scaffold {
    root: PathBuf,
    files: Vec<(String, Content)>,
    /// Written by somebody else, after it has been made sure that nothing is in the way.
    others: Vec<String>,
}

impl Scaffold {
    /// With the manifest, `.gitignore` and a workflow that checks and reports.
    pub fn new(root: &Path, manifest: String) -> Self {
        let workflow = WORKFLOW.replace("{{version}}", env!("CARGO_PKG_VERSION"));
        let files = vec![
            (MANIFEST.to_owned(), Content::Text(manifest)),
            (".github/workflows/kepi.yml".to_owned(), Content::Text(workflow)),
        ];
        Self { root: root.to_path_buf(), files, others: Vec::new() }
    }

    pub fn text(&mut self, path: &str, text: impl Into<String>) {
        self.files.push((path.to_owned(), Content::Text(text.into())));
    }

    pub fn copy(&mut self, path: &str, from: PathBuf) {
        self.files.push((path.to_owned(), Content::Copy(from)));
    }

    pub fn other(&mut self, path: &str) {
        self.others.push(path.to_owned());
    }

    /// What is in the way of writing, as a line for the user.
    pub fn in_the_way(&self) -> Option<String> {
        let paths = self.files.iter().map(|(path, _)| path).chain(&self.others);
        let there: Vec<String> =
            paths.filter(|path| self.root.join(path).exists()).map(|path| format!("`{path}`")).collect();
        let root = self.root.display();
        if there.iter().any(|path| path.as_str() == "`kepi.yaml`") {
            return Some(format!("{root} holds a kepi.yaml already; name another folder, or say --force"));
        }
        (!there.is_empty())
            .then(|| format!("{root} holds {} already; name another folder, or say --force", there.join(", ")))
    }

    /// Writes everything, the manifest last: a folder is a project once the rest of it is there. Returns the paths.
    ///
    /// # Errors
    /// The path that could not be written, and what the file system says.
    pub fn write(self) -> Result<Vec<String>, (PathBuf, io::Error)> {
        let mut files = self.files;
        files.sort_by(|a, b| (a.0 == MANIFEST).cmp(&(b.0 == MANIFEST)).then_with(|| a.0.cmp(&b.0)));
        let ignore = self.root.join(GITIGNORE);
        ignored(&self.root).map_err(|e| (ignore, e))?;
        for (path, content) in &files {
            let full = self.root.join(path);
            put(&full, content).map_err(|e| (full, e))?;
        }
        let mut paths: Vec<String> = files.into_iter().map(|(path, _)| path).chain(self.others).collect();
        paths.push(GITIGNORE.to_owned());
        paths.sort();
        Ok(paths)
    }
}

fn put(path: &Path, content: &Content) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(io::Error::other("no file can have this name"));
    };
    fs::create_dir_all(folder)?;
    match content {
        Content::Text(text) => output::write_all(folder, &[(name.to_owned(), text.clone())]),
        Content::Copy(from) => output::copy(from, folder, name),
    }
}

/// Reports and what is kept of the data are not kept in the repository. What the file says already stays.
fn ignored(root: &Path) -> io::Result<()> {
    let old = match fs::read_to_string(root.join(GITIGNORE)) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let said = |name: &&str| old.lines().any(|line| line.trim().trim_matches('/') == *name);
    let new: String = IGNORED.iter().filter(|name| !said(name)).map(|name| format!("/{name}\n")).collect();
    if new.is_empty() {
        return Ok(());
    }
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    output::write_all(root, &[(GITIGNORE.to_owned(), format!("{old}{gap}{new}"))])
}
