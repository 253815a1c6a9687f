//! Exit codes: a public contract.

use std::process::ExitCode;

/// How a run ended; Ctrl-C ends one with 130 (`interrupt.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing to complain about.
    Fine,
    /// 1: findings: errors of a check, goals under `--fail-on`.
    Findings,
    /// 2: the command line is not understood.
    Usage,
    /// 3: data that cannot be read, a report that cannot be written.
    Data,
    /// 101, as Rust's own panics end: a mistake of kepi's.
    Bug,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Data => 3,
            Exit::Bug => 101,
        })
    }
}

/// Prints clap's answer: help and version are fine, everything else is a bad invocation.
pub fn usage(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
    // A closed pipe leaves nothing to report to.
    let _ = error.print();
    exit.into()
}

/// A panic is a bug of kepi's: it says so, and the process ends with 101 as Rust's own do.
pub fn on_panic() {
    let standard = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        note!("error[K0901]: kepi failed in a way it must not, please report it with the definitions that led here");
        standard(info);
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    const INSIDE: &str = "KEPI_TEST_PANICS";

    /// The hook is of the whole process, so that another one panics: this test once more, told to.
    #[test]
    fn a_panic_says_that_it_is_a_bug() {
        if std::env::var_os(INSIDE).is_some() {
            super::on_panic();
            panic!("row 7 of nothing");
        }
        let this = std::env::current_exe().unwrap();
        let name = "exit::tests::a_panic_says_that_it_is_a_bug";
        let run = Command::new(this).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(said.contains("error[K0901]: kepi failed in a way it must not"), "{said}");
        assert!(said.contains("row 7 of nothing"), "{said}");
        assert_eq!(run.status.code(), Some(101), "Rust's own exit code of a panic");
    }
}
