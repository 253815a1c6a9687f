//! What `kepi --version` says: the version, and the commit and day it was built from where there is git. And how it is linked.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=KEPI_COMMIT");
    let version = env!("CARGO_PKG_VERSION");
    let given = std::env::var("KEPI_COMMIT").ok().filter(|c| !c.trim().is_empty());
    let text = match given.map(|c| c.trim().to_string()).or_else(commit) {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_string(),
    };
    println!("cargo:rustc-env=KEPI_VERSION={text}");
    // Where a program may lie anywhere, its tables of functions are set right page by page before it begins: as long as all the
    // rest of a small check takes to start.
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

/// `abc1234 2026-11-01`; `None` outside of kepi's own repository: an archive that was unpacked in another one is of no
/// commit of that one.
fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.canonicalize().ok()?;
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(&root).args(args).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_string())
    };
    if Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()? != root {
        return None;
    }
    // Only a new commit builds again. A path that is not there would build every time.
    let head = git(&["rev-parse", "--symbolic-full-name", "HEAD"]);
    for path in ["HEAD", "packed-refs"].into_iter().chain(head.as_deref().filter(|h| *h != "HEAD")) {
        let path = root.join(git(&["rev-parse", "--git-path", path])?);
        if path.exists() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    git(&["show", "--no-patch", "--abbrev=7", "--format=%h %cs", "HEAD"])
}
