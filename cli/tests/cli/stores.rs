//! Object stores and web servers, spoken to on loopback: the same answers as from a folder, and what is said when they fail.

#[path = "../../../tests/support/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::server::{Server, Trick};
use crate::cli::case::repository;

const KEY: &str = "AKTEST";
const SECRET: &str = "never-to-be-shown";
const CSV: &str = "at,user,price\n2026-01-01T10:00:00Z,1,2.50\n2026-01-01T11:00:00Z,2,1.25\nnot a time,2,1.00\n";
const MORE: &str = "at,user,price\n2026-01-02T10:00:00Z,1,4.00\n2026-01-03T10:00:00Z,3,\n";

fn project(data: &str, files: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("metrics")).unwrap();
    fs::create_dir_all(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("kepi.yaml"), format!("kepi: 1\nname: t\ntime_zone: UTC\ndata: {data}\n")).unwrap();
    let definitions = format!(
        "sources:\n  app: {{files: {files}, time: at, actor: user}}\nmetrics:\n  visits: count(app)\n  people: unique(app)\n  paid: sum(app.price)\n"
    );
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    folder
}

fn kepi(folder: &Path, line: &str, more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if ["AWS_", "GOOGLE_", "AZURE_", "KEPI_"].iter().any(|of| text.starts_with(of)) || text.ends_with("_PROXY") {
            command.env_remove(&name);
        }
    }
    command.args(line.split(' ')).current_dir(folder).env("NO_COLOR", "1").env("KEPI_STORE_TIMEOUT", "5");
    more.iter().for_each(|(name, value)| _ = command.env(name, value));
    command.output().unwrap()
}

/// What is printed with the credentials of `server`, and none of what must not be.
fn printed(folder: &Path, line: &str, server: &Server, more: &[(&str, &str)]) -> String {
    let url = server.url();
    let mut all = vec![
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "eu-central-1"),
    ];
    all.extend(more);
    let output = kepi(folder, line, &all);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains(SECRET) && !text.contains(KEY), "{text}");
    text
}

fn s3() -> Server {
    Server::start().with_key(KEY)
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new("gzip")
        .arg("-c")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

/// The report's ledger and the answers, where the files come from and what tells them by taken out.
fn answers(folder: &Path, server: &Server, prefix: &str) -> serde_json::Value {
    let text = printed(folder, "query visits people paid --format json", server, &[]);
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    fn plain(value: &mut serde_json::Value, prefix: &str) {
        match value {
            serde_json::Value::Object(map) => {
                map.retain(|key, _| key != "fingerprint" && key != "hash");
                map.values_mut().for_each(|value| plain(value, prefix));
            }
            serde_json::Value::Array(list) => list.iter_mut().for_each(|value| plain(value, prefix)),
            serde_json::Value::String(text) => *text = text.replace(prefix, "PLACE"),
            _ => {}
        }
    }
    plain(&mut document, prefix);
    document
}

#[test]
fn the_same_answers_as_from_a_folder() {
    let ndjson = "{\"at\":\"2026-01-01T10:00:00Z\",\"user\":\"1\",\"price\":2.5}\n{\"at\":\"2026-01-04T10:00:00Z\",\"user\":\"4\"}\n";
    let many = |n: usize| format!("at,user,price\n2026-01-0{n}T10:00:00Z,{n},{n}.25\n");
    for (name, files) in [
        ("'*.csv'", vec![("a.csv", CSV.into()), ("b.csv", MORE.into()), (".hidden.csv", "x\n1\n".into())]),
        (
            "'day=*/*.csv'",
            (1..=9)
                .map(|n| {
                    (
                        [
                            "",
                            "day=1/a.csv",
                            "day=2/a b.csv",
                            "day=3/ü.csv",
                            "day=4/a+b.csv",
                            "day=5/a.csv",
                            "day=6/a.csv",
                            "day=7/a.csv",
                            "day=8/a.csv",
                            "day=9/a.csv",
                        ][n],
                        many(n).into_bytes(),
                    )
                })
                .collect(),
        ),
        ("'**/*.ndjson.gz'", vec![("x/y/a.ndjson.gz", gzip(ndjson))]),
    ] {
        let server = s3();
        let local = project("data", name);
        for (file, content) in &files {
            let path = local.path().join("data").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            server.put(&format!("/bucket/events/{file}"), content.clone());
        }
        server.put("/bucket/other/z.csv", "nothing\n");
        let expected = answers(local.path(), &server, "data");
        assert_eq!(server.asked().len(), 0);
        for (data, files) in [
            ("s3://bucket/events/", name.to_owned()),
            ("[data, s3://bucket/events]", name.to_owned()),
            ("[s3://bucket]", format!("\"s3://bucket/events/{}\"", name.trim_matches('\''))),
        ] {
            let remote = project(data, &files);
            assert_eq!(answers(remote.path(), &server, "s3://bucket/events"), expected, "{data} {files}");
        }
        assert!(server.asked().iter().all(|asked| !asked.path.contains("other")));
    }
}

#[test]
fn google_and_plain_servers_as_well() {
    let server = Server::start();
    server.put("/bucket/events/a.csv", CSV);
    server.put("/bucket/events/b.csv", MORE);
    let local = project("data", "'*.csv'");
    fs::write(local.path().join("data/a.csv"), CSV).unwrap();
    fs::write(local.path().join("data/b.csv"), MORE).unwrap();
    let expected = answers(local.path(), &server, "data");
    let web = format!("{}/bucket/events", server.url());
    let plain = project(&web, "[a.csv, b.csv]");
    assert_eq!(answers(plain.path(), &server, &web), expected);
    let whole = project(&web, &format!("[\"{web}/a.csv\", \"{web}/b.csv\"]"));
    assert_eq!(answers(whole.path(), &server, &web), expected);

    let account = format!(
        "{{\"gcs_base_url\": \"{}\", \"disable_oauth\": true, \"client_email\": \"\", \"private_key\": \"\", \"private_key_id\": \"\"}}",
        server.url()
    );
    let google = project("gs://bucket/events", "'*.csv'");
    let text = printed(
        google.path(),
        "query visits --grain total",
        &server,
        &[("GOOGLE_SERVICE_ACCOUNT_KEY", &account), ("GOOGLE_ALLOW_HTTP", "true")],
    );
    assert!(text.ends_with(" 4\n"), "{text}");
}

#[test]
fn of_parquet_only_what_is_needed_is_fetched() {
    let content = fs::read(repository().join("examples/retail/data/online_retail.parquet")).unwrap();
    let whole = content.len() as u64;
    let definitions = "sources:\n  app: {files: '*.parquet', time: invoice_ts, time_zone: UTC, actor: customer_id}\nmetrics:\n  lines: count(app)\n  french: 'count(app where country = \"France\")'\n";
    let server = s3();
    server.put("/bucket/events/a.parquet", content.clone());
    let folder = project("data", "x");
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    fs::write(folder.path().join("data/a.parquet"), content).unwrap();
    let line = "query lines french --grain total";
    let expected = printed(folder.path(), line, &server, &[]);
    assert!(expected.contains("541909") && expected.contains("8557"), "{expected}");
    let manifest = "kepi: 1\nname: t\ntime_zone: UTC\ndata: s3://bucket/events\n";
    fs::write(folder.path().join("kepi.yaml"), manifest).unwrap();
    server.forget();
    assert_eq!(printed(folder.path(), line, &server, &[]), expected);
    let asked = server.asked();
    assert!(asked.iter().filter(|a| a.path.ends_with(".parquet")).all(|a| a.range.is_some()), "{asked:?}");
    // The clock twice, once for its extent; the country; the footer twice: `check` and the run.
    let sent: u64 = asked.iter().map(|asked| asked.sent).sum();
    assert!(sent < whole / 4, "{sent} of {whole}: {asked:?}");
}

/// The ends of many files are asked for at once, but never more than sixteen at a time.
#[test]
fn footers_are_fetched_together() {
    let lists = repository().join("engine/tests/data/types/lists.parquet");
    let content = fs::read(lists).unwrap();
    let definitions = "sources:\n  app: {files: '*.parquet', time: none}\nmetrics:\n  lines: count(app)\n";
    let server = s3();
    let names: Vec<String> = (0..40).map(|n| format!("part-{n:02}.parquet")).collect();
    names.iter().for_each(|name| server.put(&format!("/bucket/events/{name}"), content.clone()));
    // None of the first sixteen is answered before the sixteenth has been asked for.
    server.trick("GET", ".parquet", 16, Trick::Together(16));
    let folder = project("s3://bucket/events", "x");
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    let text = printed(folder.path(), "check", &server, &[("KEPI_STORE_TIMEOUT", "30"), ("KEPI_STORE_RETRIES", "0")]);
    assert!(text.starts_with("ok:"), "{text}");
    assert_eq!(server.most(), 16);
    let mut asked: Vec<String> = server.asked().iter().filter(|a| a.range.is_some()).map(|a| a.path.clone()).collect();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, names.iter().map(|name| format!("/bucket/events/{name}")).collect::<Vec<_>>());
}

/// One pass finds out what the values are, one reads them.
#[test]
fn text_is_fetched_twice() {
    let server = s3();
    server.put("/bucket/events/a.csv", CSV);
    server.put("/bucket/events/b.csv", MORE);
    let folder = project("s3://bucket/events", "'*.csv'");
    let text = printed(folder.path(), "query visits people --grain total", &server, &[]);
    assert!(text.contains(" 4\n") && text.contains(" 3\n"), "{text}");
    let of = |name: &str| server.asked().iter().filter(|asked| asked.path.ends_with(name)).count();
    assert_eq!((of("a.csv"), of("b.csv")), (2, 2));
}

#[test]
fn arrow_files_and_streams() {
    let folder = repository().join("cli/tests/data/arrow");
    for name in ["file.arrow", "stream.arrow"] {
        let content = fs::read(folder.join(name)).unwrap();
        let whole = content.len() as u64;
        assert!(whole > 2 << 16, "{whole} bytes come in one piece");
        let server = s3();
        server.put("/bucket/events/a.arrow", content.clone());
        let local = project("data", "a.arrow");
        fs::write(local.path().join("data/a.arrow"), &content).unwrap();
        let expected = answers(local.path(), &server, "data");
        let remote = project("s3://bucket/events", "a.arrow");
        assert_eq!(answers(remote.path(), &server, "s3://bucket/events"), expected);
        assert!(server.asked().iter().filter(|a| a.sent > 0 && a.path.ends_with("a.arrow")).all(|a| a.range.is_some()));
        for (trick, code) in
            [(Trick::Status(403, ""), "K0632"), (Trick::Cut(10), "K0635"), (Trick::Replaced(vec![0; 9]), "K0616")]
        {
            for passed in [0, 3, 8] {
                let server = s3();
                server.put("/bucket/events/a.arrow", content.clone());
                server.trick("GET", "a.arrow", passed, Trick::Pass);
                server.trick("GET", "a.arrow", usize::MAX, trick.clone());
                let text = printed(remote.path(), "query visits --no-cache", &server, &[("KEPI_STORE_RETRIES", "0")]);
                let wanted = format!("error[{code}]: `s3://bucket/events/a.arrow` ");
                assert!(text.contains(&wanted), "{name}, after {passed}, {trick:?}: {text}");
            }
        }
    }
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    for trick in [Trick::Status(500, ""), Trick::Status(503, "<Code>SlowDown</Code>"), Trick::Cut(40), Trick::Cut(0)] {
        let server = s3();
        server.put("/bucket/events/a.csv", CSV);
        server.trick("GET", "a.csv", 2, trick.clone());
        let folder = project("s3://bucket/events", "a.csv");
        let text = printed(folder.path(), "query visits --grain total", &server, &[]);
        assert!(text.ends_with(" 2\n"), "{trick:?}: {text}");
        let parts: Vec<_> = server.asked().iter().filter_map(|asked| asked.range.clone()).collect();
        assert_eq!(parts.contains(&"bytes=40-87".to_owned()), matches!(trick, Trick::Cut(40)), "{parts:?}");
    }
}

/// One trick, and what is said about it.
fn says(server: &Server, data: &str, files: &str, expected: &[&str]) {
    let folder = project(data, files);
    let quick = [("KEPI_STORE_RETRIES", "1"), ("KEPI_STORE_TIMEOUT", "1")];
    let start = Instant::now();
    let text = printed(folder.path(), "query visits", server, &quick);
    for part in expected {
        assert!(text.contains(part), "{data} {files}: {part} is not in\n{text}");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{text}");
}

#[test]
fn failures_say_what_they_are() {
    let all = usize::MAX;
    let denied = "<Error><Code>AccessDenied</Code><AWSAccessKeyId>AKTEST</AWSAccessKeyId></Error>";
    for (method, part, trick, expected) in [
        (
            "GET",
            "/bucket",
            Trick::Status(500, "<Code>InternalError</Code>"),
            "error[K0635]: `s3://bucket/events` cannot be listed: the server answers with an error of its own (500, InternalError)",
        ),
        (
            "GET",
            "a.csv",
            Trick::Status(500, ""),
            "error[K0635]: `s3://bucket/events/a.csv` cannot be read: the server answers with an error of its own (500)",
        ),
        (
            "GET",
            "/bucket",
            Trick::Status(403, denied),
            "error[K0632]: `s3://bucket/events` cannot be listed: access is denied (403, AccessDenied)",
        ),
        (
            "GET",
            "a.csv",
            Trick::Status(403, denied),
            "error[K0632]: `s3://bucket/events/a.csv` cannot be read: access is denied (403, AccessDenied)",
        ),
        (
            "GET",
            "a.csv",
            Trick::Status(404, ""),
            "error[K0633]: `s3://bucket/events/a.csv` cannot be read: it does not exist (404)",
        ),
        (
            "GET",
            "a.csv",
            Trick::Cut(30),
            "error[K0635]: `s3://bucket/events/a.csv` cannot be read: the answer breaks off",
        ),
        ("GET", "/bucket", Trick::Hang, "error[K0634]: `s3://bucket/events` cannot be listed: there is no answer"),
        ("GET", "a.csv", Trick::Hang, "error[K0634]: `s3://bucket/events/a.csv` cannot be read: there is no answer"),
        (
            "GET",
            "a.csv",
            Trick::Replaced(MORE.into()),
            "error[K0616]: `s3://bucket/events/a.csv` has changed while it was being read",
        ),
        (
            "GET",
            "/bucket",
            Trick::Status(301, ""),
            "error[K0636]: `s3://bucket/events` cannot be listed: the store refers to another one",
        ),
    ] {
        let server = s3();
        server.put("/bucket/events/a.csv", CSV);
        server.trick(method, part, all, trick);
        says(&server, "s3://bucket/events", "'*.csv'", &[expected, "stops every metric of source `app`"]);
    }
    let server = s3();
    server.put("/bucket/events/a.csv", CSV);
    says(
        &server,
        "s3://other/events",
        "'*.csv'",
        &["error[K0633]: `s3://other/events` cannot be listed: it does not exist (404, NoSuchBucket)"],
    );
    says(&server, "s3://other/events", "a.csv", &["error[K0633]: `s3://other/events`", "NoSuchBucket"]);
    says(
        &server,
        "s3://bucket/events",
        "b.csv",
        &["error[K0601]: no file matches `b.csv` below `s3://bucket/events`", "`s3://bucket/events` holds `a.csv`"],
    );
    says(&server, "s3://bucket", "'*/b.csv'", &["error[K0601]", "`s3://bucket` holds `events/`"]);
    says(
        &server,
        "http://127.0.0.1:1/events",
        "a.csv",
        &["error[K0634]: `http://127.0.0.1:1/events/a.csv`", "refused"],
    );
    says(&server, "https://nowhere.invalid/events", "a.csv", &["error[K0634]: `https://nowhere.invalid/events/a.csv`"]);
}

#[test]
fn parquet_that_fails_while_it_is_scanned() {
    let content = fs::read(repository().join("examples/retail/data/online_retail.parquet")).unwrap();
    let server = s3();
    server.put("/bucket/events/a.parquet", content);
    let folder = project("s3://bucket/events", "x");
    let definitions = "sources:\n  app: {files: '*.parquet', time: invoice_ts, time_zone: UTC, actor: customer_id}\nmetrics:\n  lines: 'count(app where country = \"France\")'\n";
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    let quick = [("KEPI_STORE_RETRIES", "0")];
    let text = printed(folder.path(), "query lines --grain total --no-cache", &server, &quick);
    assert!(text.ends_with(" 8557\n"), "{text}");
    let asked = server.asked().iter().filter(|asked| asked.path.ends_with(".parquet")).count();
    for (trick, code) in [
        (Trick::Status(500, ""), "K0635"),
        (Trick::Cut(10), "K0635"),
        (Trick::Whole, "K0635"),
        (Trick::Status(403, ""), "K0632"),
        (Trick::Replaced(vec![0; 9]), "K0616"),
    ] {
        let server = s3();
        let content = fs::read(repository().join("examples/retail/data/online_retail.parquet")).unwrap();
        server.put("/bucket/events/a.parquet", content);
        // Everything before the scan goes well.
        server.trick("GET", ".parquet", asked - 1, Trick::Pass);
        server.trick("GET", ".parquet", usize::MAX, trick.clone());
        let text = printed(folder.path(), "query lines --grain total --no-cache", &server, &quick);
        assert!(text.contains(&format!("error[{code}]: `s3://bucket/events/a.parquet` ")), "{trick:?}: {text}");
    }
}

#[test]
fn no_redirect_leads_away() {
    let (server, other) = (Server::start(), Server::start());
    for server in [&server, &other] {
        server.put("/events/a.csv", CSV);
        server.put("/events/moved/a.csv", MORE);
        server.put("/secret/a.csv", CSV);
    }
    let data = format!("{}/events", server.url());
    for (to, expected) in [
        (format!("{}/events/a.csv", other.url()), "error[K0636]"),
        ("http://localhost:1/events/a.csv".to_owned(), "is redirected to another server, `http://localhost`"),
        ("/secret/a.csv".to_owned(), "is redirected out of the prefix that `data` names"),
        ("/events/../secret/a.csv".to_owned(), "is redirected out of the prefix that `data` names"),
        ("/events/%2e%2e/secret/a.csv".to_owned(), "is redirected out of the prefix that `data` names"),
        ("/events/a.csv".to_owned(), "is redirected more than 5 times"),
    ] {
        let server = Server::start();
        let data = format!("{}/events", server.url());
        server.put("/secret/a.csv", CSV);
        server.trick("", "/events/a.csv", usize::MAX, Trick::Redirect(to));
        says(&server, &data, "a.csv", &["error[K0636]", expected]);
        assert!(server.asked().iter().all(|asked| asked.path.starts_with("/events/")), "{:?}", server.asked());
    }
    assert!(other.asked().is_empty());
    server.trick("", "/events/a.csv", usize::MAX, Trick::Redirect("/events/moved/a.csv".to_owned()));
    let folder = project(&data, "a.csv");
    let text = printed(folder.path(), "query visits --grain total", &server, &[]);
    assert!(text.ends_with(" 2\n"), "{text}");
    let store = s3();
    store.put("/bucket/events/a.csv", CSV);
    store.trick("GET", "a.csv", usize::MAX, Trick::Redirect(format!("{}/events/a.csv", other.url())));
    says(
        &store,
        "s3://bucket/events",
        "'*.csv'",
        &["error[K0636]: `s3://bucket/events/a.csv` is redirected to another server"],
    );
    assert!(other.asked().is_empty());
}

#[test]
fn only_what_is_named_is_asked() {
    let server = s3();
    server.put("/bucket/events/a.csv", CSV);
    server.put("/bucket/eventsx/a.csv", CSV);
    server.put("/other/a.csv", CSV);
    let web = server.url();
    for files in [
        "s3://bucket/eventsx/a.csv".to_owned(),
        "s3://other/a.csv".to_owned(),
        "s3://bucket/*/a.csv".to_owned(),
        "gs://bucket/events/a.csv".to_owned(),
        format!("{web}/other/a.csv"),
    ] {
        let folder = project("s3://bucket/events", &format!("\"{files}\""));
        let text = printed(folder.path(), "query visits", &server, &[]);
        assert!(text.contains(&format!("error[K0603]: `{files}` lies below no place that `data` names")), "{text}");
    }
    for files in ["s3://bucket/events/../other/a.csv", "s3://bucket/events/{..,b}/a.csv", "file:///etc/passwd"] {
        let folder = project("s3://bucket/events", &format!("\"{files}\""));
        let text = printed(folder.path(), "query visits", &server, &[]);
        assert!(text.contains("error[K0207]"), "{text}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn credentials_come_from_the_environment_and_for_what_is_named() {
    let server = s3();
    server.put("/bucket/events/a.csv", CSV);
    let url = server.url();
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".aws")).unwrap();
    let profile = format!("[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    fs::write(home.path().join(".aws/credentials"), profile).unwrap();
    let home = home.path().to_string_lossy().into_owned();
    let environment = [
        ("HOME", home.as_str()),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_METADATA_ENDPOINT", &url),
        ("GOOGLE_SERVICE_ACCOUNT_KEY", "no JSON"),
    ];
    let folder = project("s3://bucket/events", "a.csv");
    let output = kepi(folder.path(), "query visits", &environment);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("error[K0631]: `s3://bucket/events` cannot be read: the environment holds no credentials"),
        "{text}"
    );
    assert!(
        text.contains("set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_SKIP_SIGNATURE=true`"),
        "{text}"
    );
    assert!(server.asked().is_empty());
    // What stands in them does not matter where nothing is named.
    let folder = project("data", "a.csv");
    fs::write(folder.path().join("data/a.csv"), CSV).unwrap();
    let output = kepi(folder.path(), "query visits --grain total", &environment);
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(" 2\n"), "{output:?}");
    let folder = project("gs://bucket/events", "a.csv");
    let output = kepi(folder.path(), "query visits", &environment);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("error[K0631]: `gs://bucket/events` cannot be connected to"), "{text}");
    // Nothing of the environment goes to a plain server.
    let open = Server::start();
    open.put("/events/a.csv", CSV);
    let folder = project(&format!("{}/events", open.url()), "a.csv");
    let text = printed(folder.path(), "query visits --grain total", &open, &[]);
    assert!(text.ends_with(" 2\n") && open.asked().iter().all(|asked| asked.authorization.is_none()), "{text}");
}
