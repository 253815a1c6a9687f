//! Writing files so that none is ever half there.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::{interrupt, pause};

/// Writes all files of a report, then gives them their names: a reader sees the old or the new file, never a part, and a run
/// that is killed leaves no part behind.
///
/// # Errors
/// What the file system says.
pub fn write_all(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let ready = files
        .iter()
        .map(|(name, content)| {
            let file = Unnamed::new(folder, &mut |file| file.write_all(content.as_bytes()))?;
            Ok((file, folder.join(name)))
        })
        .collect::<io::Result<Vec<_>>>()?;
    pause::at("names");
    // All get their names, or none: Ctrl-C waits.
    let mut hold = interrupt::hold();
    let named = ready.into_iter().try_for_each(|(file, path)| file.name(folder, &path));
    hold.finished();
    named
}

/// Copies a file into a folder that is there; the copy has its name once it is whole.
///
/// # Errors
/// What the file system says.
pub fn copy(from: &Path, folder: &Path, name: &str) -> io::Result<()> {
    let file = Unnamed::new(folder, &mut |file| io::copy(&mut fs::File::open(from)?, file).map(|_| ()))?;
    let mut hold = interrupt::hold();
    let named = file.name(folder, &folder.join(name));
    hold.finished();
    named
}

/// A file with content and without a name, where the system has such files; else one with a name that says it is temporary.
enum Unnamed {
    #[cfg(target_os = "linux")]
    Free(fs::File),
    Beside(tempfile::NamedTempFile),
}

impl Unnamed {
    fn new(folder: &Path, fill: &mut dyn FnMut(&mut fs::File) -> io::Result<()>) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(mut file) = free_file(folder) {
            fill(&mut file)?;
            file.sync_all()?;
            return Ok(Self::Free(file));
        }
        let mut hold = interrupt::hold();
        let mut file = tempfile::Builder::new().prefix(".kepi-").suffix(".part").tempfile_in(folder)?;
        hold.unfinished(file.path());
        drop(hold);
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        Ok(Self::Beside(file))
    }

    fn name(self, folder: &Path, path: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Free(file) => {
                // A link cannot replace a file: it gets a name of its own first, already whole, and is renamed over the old one.
                let beside =
                    tempfile::Builder::new().prefix(".kepi-").suffix(".part").make_in(folder, |p| link(&file, p))?;
                beside.into_temp_path().persist(path).map_err(|e| e.error)
            }
            Self::Beside(file) => {
                readable(file.path())?;
                file.persist(path).map(|_| ()).map_err(|e| e.error)
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn free_file(folder: &Path) -> Option<fs::File> {
    use rustix::fs::{Mode, OFlags, open};
    // Not every file system has unnamed files.
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    open(folder, flags, Mode::from_raw_mode(0o644)).ok().map(fs::File::from)
}

#[cfg(target_os = "linux")]
fn link(file: &fs::File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, from, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Temporary files are private to their owner; reports are ordinary files.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A line on stderr; that nobody reads it any more (`2>&1 | head`) is no error.
macro_rules! note {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// Prints a result; a reader that has closed the pipe is no error.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        note!("error: standard output cannot be written: {error}");
    }
}
