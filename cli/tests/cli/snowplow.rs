//! Snowplow's own tests of its web model: the same events, and the sessions, page views and users that are to come of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::case::repository;
use crate::cli::oracle::json;

/// Snowplow reads an event once, by its id; leaves out what was sent more than three days after it was made; ends a session three days after
/// its first event for good. A session is of its id alone: who is behind it may change.
const DEFINITIONS: &str = r#"
sources:
  app:
    files: events.csv
    time: derived_tstamp
    time_zone: UTC
    actor: domain_userid
    key: event_id
    where: (app_id is null or app_id != "consent_accel") and dvce_sent_tstamp < dvce_created_tstamp + 3 days
    columns:
      app_id: text
      dvce_created_tstamp: {type: instant, time_zone: UTC}
      dvce_sent_tstamp: {type: instant, time_zone: UTC}
events:
  page_view: app where event_name = "page_view" and page_view_id is not null
  page_ping: app where event_name = "page_ping"
  seen: page_view or page_ping
  of_session: {expr: app, actor: domain_sessionid}
  of_page: {expr: page_view, actor: page_view_id}
  page_of_session: {expr: page_view, actor: domain_sessionid}
  any_visit: sessions(of_session, gap 3 days, max 3 days)
  visit: first(any_visit)
  viewing: sessions(page_of_session, gap 3 days, max 3 days)
  viewed: first(of_page)
metrics:
  event_count: sum(visit.events)
  views: count(viewed)
  looks: count(seen)
  # A ping comes every ten seconds, the first after five.
  engaged: sum((if count(page_ping) > 0 then 10 * count(page_ping) - 5 else 0) per page_view_id)
  last_seen: count(seen)
"#;

/// By the values of the breakdowns.
fn table(folder: &Path, metric: &str, by: &[&str]) -> BTreeMap<Vec<String>, i64> {
    let mut args = vec!["query", metric, "--grain", "total", "--format", "json"];
    by.iter().for_each(|dimension| args.extend(["--by", *dimension]));
    let found = json(folder, &args);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = found["metrics"][0]["rows"].as_array().unwrap().clone();
    let row = |row: &Value| {
        let key = by.iter().map(|d| text(&row["by"][*d])).collect();
        (key, row["value"].as_i64().unwrap_or_else(|| panic!("{metric}: {row}")))
    };
    rows.iter().map(row).collect()
}

/// A file of what is expected, a row by the names of its columns. No field is quoted.
fn expected(name: &str) -> Vec<BTreeMap<String, String>> {
    let path = repository().join("cli/tests/oracles/snowplow_web").join(name);
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    lines.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

/// Microseconds, of `2021-03-02 15:55:18.539` and of `2021-03-02T15:55:18.539Z`.
fn instant(text: &str) -> i64 {
    let text = format!("{}Z", text.trim_end_matches('Z').replace(' ', "T"));
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

const SECOND: i64 = 1_000_000;

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("data")).unwrap();
    fs::create_dir_all(at("metrics")).unwrap();
    fs::copy(repository().join("cli/tests/oracles/snowplow_web/events.csv"), at("data/events.csv")).unwrap();
    fs::write(at("kepi.yaml"), "kepi: 1\nname: web\ntime_zone: UTC\n").unwrap();
    fs::write(at("metrics/all.yaml"), DEFINITIONS).unwrap();
    folder
}

#[test]
fn snowplow_sessions_and_page_views() {
    let folder = project();
    let ask = |metric: &str, by: &[&str]| table(folder.path(), metric, by);
    let visits = ask("event_count", &["domain_sessionid", "start", "end"]);
    let span = |id: &str| {
        let key = visits.keys().find(|key| key[0] == id).unwrap_or_else(|| panic!("no session {id}"));
        (instant(&key[1]), instant(&key[2]), visits[key])
    };
    // Those of the session's three days.
    let views: Vec<(String, String, i64)> = ask("views", &["page_view_id", "domain_sessionid", "time"])
        .into_keys()
        .filter(|key| instant(&key[2]) <= span(&key[1]).1)
        .map(|key| (key[0].clone(), key[1].clone(), instant(&key[2])))
        .collect();
    let of = |id: &str| views.iter().filter(|(_, session, _)| session == id).collect::<Vec<_>>();
    let engaged = ask("engaged", &["page_view_id", "domain_sessionid"]);
    let engaged_in = |id: &str| engaged.iter().filter(|(key, _)| key[1] == id).map(|(_, value)| value).sum::<i64>();

    let sessions = expected("sessions.csv");
    assert_eq!(sessions.len(), 18);
    for row in &sessions {
        let id = row["domain_sessionid"].as_str();
        let (start, end, events) = span(id);
        let pages = of(id).len() as i64;
        // To Snowplow a ping without its page view is one of five seconds before, of a page of its own.
        let (start, pages) = if pages == 0 { (start - 5 * SECOND, 1) } else { (start, pages) };
        assert_eq!((start, end), (instant(&row["start_tstamp"]), instant(&row["end_tstamp"])), "{id}");
        let absolute = end.div_euclid(SECOND) - start.div_euclid(SECOND);
        let found = [("page_views", pages), ("total_events", events), ("absolute_time_in_s", absolute)];
        for (column, value) in found.into_iter().chain([("engaged_time_in_s", engaged_in(id))]) {
            assert_eq!(value.to_string(), row[column], "{id}: {column}");
        }
    }
    // One more here: an event of a page that was never seen, which is no session to Snowplow.
    let known: BTreeSet<&str> = sessions.iter().map(|row| row["domain_sessionid"].as_str()).collect();
    let seen: BTreeSet<String> = ask("looks", &["domain_sessionid"]).into_keys().map(|key| key[0].clone()).collect();
    let others: Vec<&str> = visits.keys().map(|key| key[0].as_str()).filter(|id| !known.contains(id)).collect();
    assert_eq!(others.len(), 1);
    assert!(others.iter().all(|id| !seen.contains(*id)), "{others:?}");

    // Where a session began and ended, by its page views.
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in
        ask("count(viewing)", &["domain_sessionid", "start", "entry.page_urlpath", "exit.page_urlpath"]).into_keys()
    {
        ends.entry(key[0].clone()).or_insert_with(|| key[2..].to_vec());
    }
    for row in sessions.iter().filter(|row| !of(&row["domain_sessionid"]).is_empty()) {
        let pages = [&row["first_page_urlpath"], &row["last_page_urlpath"]];
        assert_eq!(ends[&row["domain_sessionid"]].iter().collect::<Vec<_>>(), pages, "{}", row["domain_sessionid"]);
    }

    let pages = expected("page_views.csv");
    assert_eq!((pages.len(), views.len()), (43, 43));
    let last = ask("last_seen", &["page_view_id", "domain_sessionid", "time"]);
    for row in &pages {
        let (id, session) = (row["page_view_id"].as_str(), row["domain_sessionid"].as_str());
        let (_, _, start) = of(session).into_iter().find(|(view, ..)| view == id).unwrap_or_else(|| panic!("no {id}"));
        assert_eq!(*start, instant(&row["start_tstamp"]), "{id}");
        assert_eq!(of(session).len().to_string(), row["page_views_in_session"], "{id}");
        let pings = engaged.get(&vec![id.to_owned(), session.to_owned()]).copied().unwrap_or(0);
        assert_eq!(pings.to_string(), row["engaged_time_in_s"], "{id}");
        // A copy of a page view says nothing of its end: with pings it is theirs.
        let end = last.keys().filter(|key| key[0] == id && key[1] == session).map(|key| instant(&key[2])).max();
        let end = if pings == 0 { *start } else { end.unwrap() };
        assert_eq!(end, instant(&row["end_tstamp"]), "{id}");
    }

    // A session is its first event's user's.
    let visitors = ask("count(any_visit)", &["domain_sessionid", "entry.domain_userid"]);
    let users = expected("users.csv");
    assert_eq!(users.len(), 11);
    for row in &users {
        let user = row["domain_userid"].as_str();
        let own = visitors.keys().filter(|key| key[1] == user && known.contains(key[0].as_str()));
        let own: Vec<&str> = own.map(|key| key[0].as_str()).collect();
        assert_eq!(own.len().to_string(), row["sessions"], "{user}");
        let pages: usize = own.iter().map(|id| of(id).len().max(1)).sum();
        assert_eq!(pages.to_string(), row["page_views"], "{user}");
        let engaged: i64 = own.iter().map(|id| engaged_in(id)).sum();
        assert_eq!(engaged.to_string(), row["engaged_time_in_s"], "{user}");
    }
}
