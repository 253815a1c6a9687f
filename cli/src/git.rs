//! Earlier states of a project, read from the object store by plain `git`: nothing is checked out, nothing is fetched.
//!
//! All paths are relative to the project's folder, with `/`, whatever part of the repository that folder is.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use globset::GlobMatcher;
use kepi_lang::diag::{Code, Diagnostic};

use crate::files;
use crate::project::Tree;

/// The repository that a project's folder belongs to.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
    /// The project's folder below the repository's root, with a `/` at its end; empty where it is that.
    pub prefix: String,
}

/// A commit, and what it was asked for as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// `main`, `HEAD~2`.
    pub name: String,
    /// The whole hash, in hex.
    pub commit: String,
}

impl Revision {
    /// `main (1f2e3d4c5b6a)`; a hash stands alone.
    pub fn shown(&self) -> String {
        let short = self.commit.get(..12).unwrap_or(&self.commit);
        if self.commit.starts_with(&self.name) { short.to_owned() } else { format!("{} ({short})", self.name) }
    }
}

/// A file of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub path: String,
    pub id: String,
    pub bytes: u64,
}

/// What became of a file between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub path: String,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Added,
    Changed,
    Removed,
}

impl Repository {
    /// The repository around a folder.
    ///
    /// # Errors
    /// Where there is none, or git cannot tell.
    pub fn around(folder: &Path) -> Result<Self, Diagnostic> {
        let output = run(folder, &["rev-parse", "--show-prefix"], None)?;
        if !output.status.success() {
            let said = said(&output);
            return Err(if said.contains("not a git repository") || said.contains("must be run in a work tree") {
                let message = format!("`{}` is in no git repository", folder.display());
                let help = "run `git init` and commit the definitions, or compare two folders with `--base-dir`";
                Diagnostic::without_place(Code::NoRepository, message).help(help)
            } else {
                failed(&said)
            });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let prefix = text.lines().next().unwrap_or_default().to_owned();
        Ok(Self { folder: folder.to_path_buf(), prefix })
    }

    /// The commit that a name means: a branch, a tag, a hash, `HEAD~1`.
    ///
    /// # Errors
    /// Where there is none.
    pub fn revision(&self, name: &str) -> Result<Revision, Diagnostic> {
        if let Some(revision) = self.found(name)? {
            return Ok(revision);
        }
        if self.is_shallow()? {
            return Err(shallow(&format!("`{name}` is not part of the history that was fetched")));
        }
        let message = format!("git knows no revision `{name}`");
        let help = "name a branch, a tag or a commit (`main`, `origin/main`, `HEAD~1`); `git fetch` brings those of the server";
        Err(Diagnostic::without_place(Code::UnknownRevision, message).help(help))
    }

    /// Where the commit at hand left the default branch: that of `origin`, else `main` or `master`.
    ///
    /// # Errors
    /// Where there is no such branch, or no common history.
    pub fn base(&self) -> Result<Revision, Diagnostic> {
        let head = self.revision("HEAD")?;
        let named = self.text(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])?;
        let usual = ["origin/main", "origin/master", "main", "master"].map(str::to_owned);
        for name in named.into_iter().chain(usual) {
            if let Some(branch) = self.found(&name)? {
                return self.merge_base(&branch, &head);
            }
        }
        if self.is_shallow()? {
            return Err(shallow("the default branch is not part of the history that was fetched"));
        }
        let message = "there is no default branch to compare with: neither `main` nor `master`, here or at `origin`";
        Err(Diagnostic::without_place(Code::NoBase, message).help("name what to compare with: `kepi diff HEAD~1`"))
    }

    /// The latest commit that two have in common, under the name of the first.
    ///
    /// # Errors
    /// Where there is none.
    pub fn merge_base(&self, one: &Revision, other: &Revision) -> Result<Revision, Diagnostic> {
        if let Some(commit) = self.text(&["merge-base", &one.commit, &other.commit])? {
            return Ok(Revision { name: one.name.clone(), commit });
        }
        if self.is_shallow()? {
            let what =
                format!("where `{}` left `{}` is not part of the history that was fetched", other.name, one.name);
            return Err(shallow(&what));
        }
        let message = format!("`{}` and `{}` have no commit in common", one.name, other.name);
        let help = format!("name the revision itself: `kepi diff {}`", one.commit.get(..12).unwrap_or(&one.commit));
        Err(Diagnostic::without_place(Code::NoBase, message).help(help))
    }

    /// The files of a revision, sorted by path. Links and submodules are none, nor is what lies outside of the project's folder.
    ///
    /// # Errors
    /// What git says.
    pub fn files(&self, revision: &Revision) -> Result<Vec<Blob>, Diagnostic> {
        let output = self.bytes(&["ls-tree", "-r", "-z", "-l", &revision.commit, "--", "."])?;
        let mut files = Vec::new();
        for entry in output.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            // `100644 blob HASH    SIZE<tab>PATH`
            let Ok(entry) = std::str::from_utf8(entry) else { continue };
            let Some((facts, path)) = entry.split_once('\t') else { continue };
            if let [mode, "blob", id, bytes] = facts.split_whitespace().collect::<Vec<_>>()[..]
                && mode.starts_with("100")
            {
                let bytes = bytes.parse().unwrap_or(0);
                files.push(Blob { path: path.to_owned(), id: id.to_owned(), bytes });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The contents of files, in their order.
    ///
    /// # Errors
    /// What git says; an object that is missing.
    pub fn contents(&self, files: &[Blob]) -> Result<Vec<Vec<u8>>, Diagnostic> {
        let asked: String = files.iter().map(|file| format!("{}\n", file.id)).collect();
        let output = run(&self.folder, &["cat-file", "--batch"], Some(asked.as_bytes()))?;
        if !output.status.success() {
            return Err(failed(&said(&output)));
        }
        let mut rest = output.stdout.as_slice();
        let mut contents = Vec::with_capacity(files.len());
        for file in files {
            // `HASH blob SIZE`, a line break, the content, a line break.
            let content = rest.iter().position(|byte| *byte == b'\n').and_then(|end| {
                let (head, body) = rest.split_at(end);
                let bytes: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
                let content = body.get(1..)?.get(..bytes)?;
                rest = body.get(bytes + 2..)?;
                Some(content.to_vec())
            });
            match content {
                Some(content) => contents.push(content),
                None => return Err(failed(&format!("the content of {} is missing", file.path))),
            }
        }
        Ok(contents)
    }

    /// The project's files that differ between two revisions, or between one and the folder as it is (`to`: `None`), where files
    /// that git does not ignore count whether they were added or not. A renamed file is one that went and one that came.
    ///
    /// # Errors
    /// What git says.
    pub fn touched(&self, from: &Revision, to: Option<&Revision>) -> Result<Vec<Touched>, Diagnostic> {
        let mut args = vec!["diff", "--name-status", "--no-renames", "--no-ext-diff", "--relative", "-z", &from.commit];
        args.extend(to.map(|to| to.commit.as_str()));
        args.extend(["--", "."]);
        let output = self.bytes(&args)?;
        let mut fields = output.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mut touched = Vec::new();
        while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
            let how = match status.chars().next() {
                Some('A') => How::Added,
                Some('D') => How::Removed,
                _ => How::Changed,
            };
            touched.push(Touched { path: path.into_owned(), how });
        }
        if to.is_none() {
            let others = self.bytes(&["ls-files", "--others", "--exclude-standard", "-z", "--", "."])?;
            let others = others.split(|byte| *byte == 0).filter(|path| !path.is_empty());
            let added = |path: &[u8]| Touched { path: String::from_utf8_lossy(path).into_owned(), how: How::Added };
            touched.extend(others.map(added));
        }
        touched.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(touched)
    }

    fn found(&self, name: &str) -> Result<Option<Revision>, Diagnostic> {
        let commit = format!("{name}^{{commit}}");
        let found = self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        Ok(found.map(|commit| Revision { name: name.to_owned(), commit }))
    }

    fn is_shallow(&self) -> Result<bool, Diagnostic> {
        Ok(self.text(&["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true"))
    }

    /// The one line that a command prints; `None` where it fails without a word, or prints nothing.
    fn text(&self, args: &[&str]) -> Result<Option<String>, Diagnostic> {
        let output = run(&self.folder, args, None)?;
        let said = said(&output);
        // Git says 128 for names that it cannot make sense of, too.
        if !output.status.success() && said.contains("config") {
            return Err(failed(&said));
        }
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Some(text).filter(|text| output.status.success() && !text.is_empty()))
    }

    fn bytes(&self, args: &[&str]) -> Result<Vec<u8>, Diagnostic> {
        let output = run(&self.folder, args, None)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(&said(&output))) }
    }
}

fn run(folder: &Path, args: &[&str], input: Option<&[u8]>) -> Result<Output, Diagnostic> {
    let unable = |error: io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "`git` is not there".to_owned(),
            _ => format!("`git` cannot be run: {error}"),
        };
        Diagnostic::without_place(Code::GitFailed, message)
            .help("install git, or compare two folders with `--base-dir`")
    };
    let mut command = Command::new("git");
    // Of a hook that runs kepi; the project's own repository is meant.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(OsStr::new(name));
    }
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command.arg("-C").arg(folder).args(["-c", "core.fsmonitor=false"]).args(args);
    let Some(input) = input else { return command.stdin(Stdio::null()).output().map_err(unable) };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(unable)?;
    let pipe = child.stdin.take();
    // Git answers while it is asked: whoever writes must not wait for the end.
    std::thread::scope(|scope| {
        scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input)));
        child.wait_with_output()
    })
    .map_err(unable)
}

/// The first line of what git complains of.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().next().unwrap_or_default().trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned()
}

fn failed(said: &str) -> Diagnostic {
    let said = if said.is_empty() { "without saying why" } else { said };
    Diagnostic::without_place(Code::GitFailed, format!("git fails: {said}"))
        .help("see what `git status` says in the project's folder")
}

fn shallow(what: &str) -> Diagnostic {
    let help = "fetch all of it: `git fetch --unshallow origin`, in a workflow `fetch-depth: 0` of actions/checkout";
    Diagnostic::without_place(Code::ShallowHistory, what).help(help)
}

/// A revision's definition files.
pub struct Snapshot<'a> {
    repository: &'a Repository,
    files: Vec<Blob>,
}

impl<'a> Snapshot<'a> {
    /// # Errors
    /// What git says.
    pub fn of(repository: &'a Repository, revision: &Revision) -> Result<Self, Diagnostic> {
        Ok(Self { repository, files: repository.files(revision)? })
    }

    /// All of them, sorted by path.
    pub fn files(&self) -> &[Blob] {
        &self.files
    }

    fn file(&self, path: &str) -> Option<&Blob> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().and_then(|at| self.files.get(at))
    }
}

impl Tree for Snapshot<'_> {
    fn find(&self, matchers: &[GlobMatcher]) -> Result<Vec<String>, String> {
        let shown = |path: &str| !path.split('/').any(|name| name.starts_with('.'));
        let found = self.files.iter().filter(|f| shown(&f.path) && matchers.iter().any(|m| m.is_match(&f.path)));
        Ok(found.map(|f| f.path.clone()).collect())
    }

    fn texts(&self, paths: &[String]) -> Vec<Result<String, String>> {
        let wanted: Vec<Blob> =
            paths.iter().filter_map(|path| self.file(path)).filter(|f| files::fits(f.bytes).is_ok()).cloned().collect();
        let contents = match self.repository.contents(&wanted) {
            Ok(contents) => contents,
            Err(finding) => return paths.iter().map(|_| Err(finding.message.clone())).collect(),
        };
        let mut contents = contents.into_iter();
        let text = |path: &String| {
            let file = self.file(path).ok_or("it is not there")?;
            files::fits(file.bytes)?;
            contents.next().ok_or_else(|| "it is not there".to_owned()).and_then(files::text)
        };
        paths.iter().map(text).collect()
    }
}
