//! Definitions are not trusted: what they name stays below the data folder.

use kepi_lang::ir::ScalarType;

use super::{Project, column, program, read, said, source};

fn refused(project: &Project, glob: &str) -> Vec<String> {
    let all = program("UTC", vec![source(glob, vec![column("a", ScalarType::Int, false)])], Vec::new());
    said(&read(project, all).unwrap_err())
}

#[test]
fn paths_that_lead_out() {
    let project = Project::new().write("in.csv", "a\n1\n");
    std::fs::write(project.root().join("out.csv"), "a\n1\n").unwrap();
    let cases = [
        ("../out.csv", "K0603 `../out.csv` leads out of the data folder (`..`)"),
        ("x/../../out.csv", "K0603 `x/../../out.csv` leads out of the data folder (`..`)"),
        ("{..,x}/out.csv", "K0603 `{..,x}/out.csv` leads out of the data folder (`..`)"),
        ("/etc/passwd", "K0603 `/etc/passwd` is an absolute path"),
        ("C:\\x.csv", "K0603 `C:\\x.csv` is an absolute path"),
        ("s3://bucket/x.csv", "K0603 `s3://bucket/x.csv` lies below no place that `data` names"),
        ("none.csv", "K0601 no file matches `none.csv` below `data`"),
        ("*.parquet", "K0601 no file matches `*.parquet` below `data`"),
        ("$HOME/x.csv", "K0601 no file matches `$HOME/x.csv` below `data`"),
        ("[", "K0604 `[` is not a file pattern: unclosed character class; missing ']'"),
    ];
    for (glob, expected) in cases {
        assert_eq!(refused(&project, glob), [expected], "{glob}");
    }
}

#[test]
fn the_data_folder() {
    let project = Project::new().write("in.csv", "a\n1\n");
    for (folder, expected) in [
        ("missing", "K0602 the data folder `missing` cannot be read: it does not exist"),
        ("..", "K0603 the data folder `..` leads out of the project (`..`)"),
        ("/tmp", "K0603 the data folder `/tmp` is an absolute path"),
        ("data/in.csv", "K0602 `data/in.csv`, the data folder, is a file"),
    ] {
        let mut all = program("UTC", vec![source("in.csv", vec![column("a", ScalarType::Int, false)])], Vec::new());
        all.settings.data = vec![folder.to_owned()];
        assert_eq!(said(&read(&project, all).unwrap_err()), [expected]);
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use kepi_lang::ir::ScalarType;

    use super::refused;
    use crate::sources::tests::{Project, column, program, read, said, source};

    #[test]
    fn links_that_lead_out() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
        let project = Project::new();
        symlink(outside.path().join("secret.csv"), project.data().join("file.csv")).unwrap();
        symlink(outside.path(), project.data().join("folder")).unwrap();
        for (glob, name) in [
            ("file.csv", "file.csv"),
            ("f*.csv", "file.csv"),
            ("folder/secret.csv", "folder"),
            ("folder/*.csv", "folder"),
            ("**/secret.csv", "folder"),
        ] {
            let expected = format!("K0603 `data/{name}` is a link that leads out of the data folder");
            assert_eq!(refused(&project, glob), [expected], "{glob}");
        }
    }

    #[test]
    fn a_data_folder_that_leads_out() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("x.csv"), "a\n1\n").unwrap();
        let project = Project::new();
        symlink(outside.path(), project.root().join("linked")).unwrap();
        let mut all = program("UTC", vec![source("x.csv", vec![column("a", ScalarType::Int, false)])], Vec::new());
        all.settings.data = vec!["linked".to_owned()];
        let expected = "K0603 the data folder `linked` is a link that leads out of the project";
        assert_eq!(said(&read(&project, all).unwrap_err()), [expected]);
    }

    /// Links that stay inside are followed; a file is read once however many ways lead to it, and rings end.
    #[test]
    fn links_that_stay() {
        let project = Project::new().write("deep/a.csv", "a\n1\n");
        symlink(project.data().join("deep/a.csv"), project.data().join("b.csv")).unwrap();
        symlink(project.data(), project.data().join("deep/ring")).unwrap();
        let all = program("UTC", vec![source("**/*.csv", vec![column("a", ScalarType::Int, false)])], Vec::new());
        assert_eq!(read(&project, all).unwrap().rows, ["1"]);
    }

    #[test]
    fn not_a_file() {
        let project = Project::new();
        std::fs::create_dir(project.data().join("folder.csv")).unwrap();
        assert_eq!(refused(&project, "folder.csv"), ["K0605 `data/folder.csv` is a folder"]);
    }
}
