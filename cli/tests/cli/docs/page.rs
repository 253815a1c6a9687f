//! A page and its blocks.

use std::fs;
use std::path::Path;

use crate::cli::case::repository;

pub struct Page {
    pub name: String,
    pub text: String,
    /// The code that a page of `docs/errors` explains.
    pub code: Option<String>,
    pub blocks: Vec<Block>,
}

pub struct Block {
    /// Where its fence stands.
    pub line: usize,
    pub language: String,
    attributes: Vec<(String, String)>,
    pub text: String,
    /// Where the text begins in the page, in bytes.
    pub start: usize,
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(repository()).unwrap().to_string_lossy().into_owned();
        let code = name.strip_prefix("docs/errors/").and_then(|n| n.strip_suffix(".md")).map(str::to_string);
        let mut blocks: Vec<Block> = Vec::new();
        let mut inside = false;
        let mut at = 0;
        for (i, line) in text.split_inclusive('\n').enumerate() {
            at += line.len();
            let line = line.trim_end_matches('\n');
            if let Some(info) = line.strip_prefix("```") {
                if !inside {
                    let mut words = words(info).into_iter();
                    let language = words.next().unwrap_or_default();
                    let attributes = words.map(|w| match w.split_once('=') {
                        Some((key, value)) => (key.to_string(), value.to_string()),
                        None => (w, String::new()),
                    });
                    let attributes = attributes.collect();
                    blocks.push(Block { line: i + 1, language, attributes, text: String::new(), start: at });
                }
                inside = !inside;
            } else if inside && let Some(block) = blocks.last_mut() {
                block.text += line;
                block.text.push('\n');
            }
        }
        assert!(!inside, "{name}: a block is not closed");
        for block in &blocks {
            let known = ["file", "finds", "in", "of", "exit", "skip"];
            for (key, _) in &block.attributes {
                assert!(known.contains(&key.as_str()), "{name}:{}: `{key}` says nothing about a block", block.line);
            }
        }
        Self { name, text, code, blocks }
    }

    /// Whether this is the page's first block of definitions.
    pub fn first(&self, block: &Block) -> bool {
        let first = self.blocks.iter().find(|b| b.language == "yaml" && b.attribute("file").is_none());
        first.is_some_and(|first| first.line == block.line)
    }
}

impl Block {
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

/// Words of an info string; `"…"` holds blanks.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out.retain(|w| !w.is_empty());
    out
}
