//! What an installation brings beside the command: its version, completions, manual pages.

use std::fs;
use std::process::{Command, Output};

fn kepi(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kepi")).args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    let output = kepi(args);
    assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_version_names_the_commit() {
    let text = printed(&["--version"]);
    let version = concat!("kepi ", env!("CARGO_PKG_VERSION"));
    let rest = text.trim_end().strip_prefix(version).unwrap_or_else(|| panic!("{text}"));
    // An archive without git has no commit to name.
    if let Some(commit) = rest.strip_prefix(" (").and_then(|r| r.strip_suffix(')')) {
        let (hash, day) = commit.split_once(' ').unwrap();
        assert!(hash.len() >= 7 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{text}");
        assert!(day.len() == 10 && day.matches('-').count() == 2, "{text}");
    } else {
        assert_eq!(rest, "");
    }
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = printed(&["completions", shell]);
        for word in ["check", "query", "report", "fail-on", "as-of"] {
            assert!(text.contains(word), "{shell}: no {word}");
        }
    }
    assert_eq!(kepi(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn completions_of_bash_are_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kepi.bash");
    fs::write(&file, printed(&["completions", "bash"])).unwrap();
    let Ok(output) = Command::new("bash").arg("-n").arg(&file).output() else { return };
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man");
    assert!(kepi(&["man", "--out", &out.to_string_lossy()]).status.success());
    let help = printed(&["--help"]);
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let names: Vec<&str> = commands.filter_map(|l| l.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(names.contains(&"report"), "{help}");
    for name in names.iter().filter(|n| **n != "help" && !n.is_empty()) {
        let page = fs::read_to_string(out.join(format!("kepi-{name}.1"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains(&format!("kepi {name}")), "{page}");
    }
    let whole = fs::read_to_string(out.join("kepi.1")).unwrap();
    assert!(whole.starts_with(".ie") && whole.contains(".SH OPTIONS") && whole == printed(&["man"]), "{whole}");
}
