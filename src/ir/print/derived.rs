//! Rows that are made of others, as text.

use std::fmt::Write;

use crate::ir::print::{Over, Printer};
use crate::ir::{Branch, ColumnId, Derived, Edge, RowExpr, Rule};

impl Printer<'_> {
    /// A branch of a set whose rows are made of others.
    pub(super) fn over(&self, branch: &Branch, derived: &Derived) -> String {
        let row = |expr: &RowExpr| self.derived_row(expr, derived);
        let list = |exprs: &[RowExpr]| exprs.iter().map(row).collect::<Vec<_>>().join(", ");
        let mut text = self.derived(derived);
        if let Some(value) = &branch.value {
            let _ = write!(text, ".{}", row(value));
        }
        if let Some(filter) = &branch.filter {
            let _ = write!(text, " where {}", row(filter));
        }
        for (word, exprs) in [("per", &branch.keys), ("by", &branch.by)] {
            if !exprs.is_empty() {
                let _ = write!(text, " {word} {}", list(exprs));
            }
        }
        text
    }

    /// A set whose rows are made of others: `sessions(app.user, gap 30m)`.
    pub fn derived(&self, derived: &Derived) -> String {
        let mut of: Vec<String> = derived.of.iter().map(|branch| self.branch(branch)).collect();
        for ((branch, text), also) in derived.of.iter().zip(&mut of).zip(&derived.also) {
            let word = if derived.rule == Rule::Open { "until" } else { "with" };
            let _ = write!(text, " {word} {}", self.branch_row(also, branch));
        }
        if self.meaning {
            of.sort();
        }
        let of = of.join(" or ");
        match &derived.rule {
            Rule::First => format!("first({of})"),
            Rule::FirstOf(grain) => format!("first({of}) per {grain}"),
            Rule::Asked(Edge::First) => format!("first({of}) per period"),
            Rule::Asked(Edge::Last) => format!("last({of}) per period"),
            Rule::Open => format!("open({of})"),
            Rule::Sessions(rule) => {
                let mut text = format!("sessions({of}");
                if rule.by_id {
                    text.push_str(", id");
                }
                if let Some(gap) = rule.gap {
                    let _ = write!(text, ", gap {gap}{}, max {}", if rule.or_more { " or more" } else { "" }, rule.max);
                }
                text.push_str(if rule.split { ", split at midnight)" } else { ")" });
                text
            }
        }
    }

    /// An expression over the rows of a branch.
    fn branch_row(&self, expr: &RowExpr, branch: &Branch) -> String {
        match &branch.derived {
            Some(derived) => self.derived_row(expr, derived),
            None => self.sources.get(branch.source.0 as usize).map(|s| self.row(expr, s)).unwrap_or_default(),
        }
    }

    /// An expression over rows that are made of others.
    pub fn derived_row(&self, expr: &RowExpr, derived: &Derived) -> String {
        let own = |id: ColumnId| Derived::column(id).to_owned();
        let made = |at: Edge, of: &[RowExpr]| {
            let mut each: Vec<String> = derived.of.iter().zip(of).map(|(b, e)| self.branch_row(e, b)).collect();
            if self.meaning {
                each.sort();
            }
            each.dedup();
            let word = match (at, &derived.rule) {
                (Edge::Last, _) => "exit.",
                (Edge::First, Rule::Sessions(_)) => "entry.",
                (Edge::First, _) => "",
            };
            format!("{word}{}", each.join(" or "))
        };
        self.written(expr, &Over { columns: &[], links: &[], own: &own, made: &made })
    }
}
