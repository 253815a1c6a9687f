//! The fields of JSON rows as columns: a nested object's are `outer.inner`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// More fields than this are names that are data: user ids as keys, for one.
pub(crate) const MAX_COLUMNS: usize = 10_000;
/// Bytes of a field's name, with the names around it.
pub(crate) const MAX_NAME: usize = 1024;

/// A tree of names, and the columns that its nodes are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Names {
    nodes: Vec<Node>,
    columns: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Node {
    parent: usize,
    /// As it is written in the file.
    name: String,
    /// With the names around it.
    path: String,
    children: Vec<usize>,
    by_name: HashMap<String, usize>,
    column: Option<usize>,
}

impl Default for Names {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], columns: Vec::new() }
    }
}

impl Names {
    pub const ROOT: usize = 0;

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a field of this name below `parent` would have a longer name than may be.
    pub fn too_long(&self, parent: usize, name: &str) -> bool {
        let around = self.nodes.get(parent).map_or(0, |node| node.path.len());
        around + name.len() > MAX_NAME
    }

    /// The node below `parent`, which has looked for `hint` names in the row before: rows have their fields in one order.
    pub fn child(&self, parent: usize, name: &str, hint: usize) -> Option<usize> {
        let node = self.nodes.get(parent)?;
        if let Some(guess) = node.children.get(hint)
            && self.nodes.get(*guess).is_some_and(|n| n.name == name)
        {
            return Some(*guess);
        }
        node.by_name.get(name).copied()
    }

    pub fn add(&mut self, parent: usize, name: &str) -> usize {
        let at = self.nodes.len();
        let Some(above) = self.nodes.get_mut(parent) else { return Self::ROOT };
        above.children.push(at);
        above.by_name.insert(name.to_owned(), at);
        let path = if parent == Self::ROOT { name.to_owned() } else { format!("{}.{name}", above.path) };
        self.nodes.push(Node { parent, name: name.to_owned(), path, ..Node::default() });
        at
    }

    pub fn column(&self, node: usize) -> Option<usize> {
        self.nodes.get(node)?.column
    }

    /// The column that a node is. A name with a dot and a nested one may be the same column.
    pub fn make_column(&mut self, node: usize) -> usize {
        let Some(found) = self.nodes.get_mut(node) else { return 0 };
        if let Some(column) = found.column {
            return column;
        }
        let known = found.path.contains('.').then(|| self.columns.iter().position(|c| *c == found.path)).flatten();
        let column = known.unwrap_or_else(|| {
            self.columns.push(found.path.clone());
            self.columns.len() - 1
        });
        found.column = Some(column);
        column
    }

    /// Nodes and columns there are, to come back to.
    pub fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.columns.len())
    }

    /// Forgets what has been added since.
    pub fn shrink(&mut self, (nodes, columns): (usize, usize)) {
        while self.nodes.len() > nodes {
            let Some(gone) = self.nodes.pop() else { return };
            if let Some(parent) = self.nodes.get_mut(gone.parent) {
                parent.children.pop();
                parent.by_name.remove(&gone.name);
            }
        }
        self.columns.truncate(columns);
        for node in &mut self.nodes {
            node.column = node.column.filter(|column| *column < columns);
        }
    }
}
