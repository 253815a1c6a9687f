//! `kepi fmt` beyond what cases can say: stdin, links, rights of files.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const LOOSE: &str = "metrics:\r\n    a:   count( play )\r\n";
const STRICT: &str = "metrics:\n  a: count(play)\n";

fn fmt(folder: &Path, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kepi"))
        .arg("fmt")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn stdin_goes_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let run = fmt(folder.path(), &["-"], LOOSE);
    assert_eq!((run.status.code(), String::from_utf8_lossy(&run.stdout).as_ref()), (Some(0), STRICT));
    assert_eq!(fmt(folder.path(), &["-", "--check"], LOOSE).status.code(), Some(1));
    assert_eq!(fmt(folder.path(), &["-", "--check"], STRICT).status.code(), Some(0));
    let diff = fmt(folder.path(), &["-", "--diff"], LOOSE);
    assert!(String::from_utf8_lossy(&diff.stdout).contains("+  a: count(play)\n"));
    let broken = fmt(folder.path(), &["-"], "metrics: [\n");
    assert_eq!((broken.status.code(), broken.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("error[K0101]"));
}

#[cfg(unix)]
#[test]
fn links_and_rights_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.yaml"), folder.path().join("link.yaml"));
    fs::write(&real, LOOSE).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.yaml", &link).unwrap();
    assert_eq!(fmt(folder.path(), &["link.yaml"], "").status.code(), Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), STRICT);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside them");
}
