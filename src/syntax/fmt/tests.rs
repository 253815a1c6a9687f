use proptest::prelude::{any, prop, proptest};

use crate::source::SourceMap;

fn formatted(text: &str) -> String {
    let mut map = SourceMap::new();
    let file = map.add("a.yaml", text);
    super::format(&map, file).unwrap_or_else(|found| panic!("{text}\n{found:?}"))
}

#[test]
fn cases() {
    let cases = include_str!("tests.txt");
    for case in cases.split("\n=====").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let (before, after) = rest.split_once("\n-----\n").unwrap();
        let after = after.trim_end().to_owned() + "\n";
        let found = formatted(&before.replace("\\r", "\r"));
        assert_eq!(found, after, "{name}\nfound:\n{found}");
        assert_eq!(formatted(&found), found, "{name}: the second time");
    }
}

/// A file with something of everything, to be disturbed.
const WHOLE: &str = r#"sources:
  app:
    files: [a.csv, "b c.csv"]
    time: ts
    where: not (plan like "A%")
    columns:
      n: {type: number, unit: s}
      m: text
lookups: {}
events:
  play: app where event = "play"
metrics:
  plays: count(play)
  share:
    expr: >-
      share(count(play)
        where n > 1_000)
    description: |
      One

        two
    by: [
      plan,
      m
    ]
objectives:
  more:
    metric: plays
    target: increase by 5% from 2026-Q1
    guardrails:
      - plays >= 5
    actions:
      - do: one
        due: 2026-05-01
      - {do: two, owner: me}
    allow: [{unaligned: "for: a reason"}]
"#;

proptest! {
    /// Comments, blank lines, another indentation: none is lost, and the second time changes nothing.
    #[test]
    fn disturbed_files(
        noise in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, 0usize..12), 0..12),
        step in 1usize..4,
        returns in any::<bool>(),
    ) {
        let mut lines: Vec<String> = WHOLE
            .lines()
            .map(|line| {
                let text = line.trim_start();
                " ".repeat((line.len() - text.len()) / 2 * step) + text
            })
            .collect();
        for (n, (at, kind, column)) in noise.iter().enumerate() {
            let at = at.index(lines.len());
            match kind {
                0 => lines.insert(at, String::new()),
                1 => lines.insert(at, format!("{}# own {n}", " ".repeat(*column))),
                2 => lines[at] += &format!("  # behind {n}"),
                _ => lines[at] += "   ",
            }
        }
        let text = lines.join(if returns { "\r\n" } else { "\n" });
        let mut map = SourceMap::new();
        let file = map.add("a.yaml", text.as_str());
        match super::format(&map, file) {
            Ok(once) => {
                assert_eq!(formatted(&once), once, "{text}");
                assert_eq!(once.matches('#').count(), text.matches('#').count(), "{text}\n{once}");
            }
            // What was put into a block of text may have ended it.
            Err(found) => assert!(found.iter().all(|f| f.code != crate::diag::Code::Internal), "{text}\n{found:?}"),
        }
    }
}
