//! Links from page to page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::page::Page;

/// Links of a page whose file or heading is not there.
pub fn broken(path: &Path, page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in page.text.match_indices("](") {
        let target = page.text[at + 2..].split(')').next().unwrap_or_default();
        if target.contains("://") || target.contains(char::is_whitespace) {
            continue;
        }
        let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
        let file = if file.is_empty() { path.to_path_buf() } else { path.parent().unwrap().join(file) };
        let there = match heading {
            None => file.exists(),
            Some(heading) => fs::read_to_string(&file).is_ok_and(|text| headings(&text).contains(heading)),
        };
        if !there {
            found.push(format!("the link `{target}` leads nowhere"));
        }
    }
    found
}

/// Headings as links spell them: small letters, blanks as hyphens, no other signs.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|l| l.starts_with('#')).map(|l| l.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    titles.map(|t| t.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()).collect()
}
