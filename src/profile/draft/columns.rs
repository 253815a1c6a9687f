//! The columns of a table as definitions know them.

use crate::ir::ScalarType;
use crate::profile::draft::{Table, comment};
use crate::profile::guess::{self, Written};
use crate::profile::names::{Taken, can_be_said, cleaned, words};
use crate::syntax::print::{yaml, yaml_in_flow};

/// A column that definitions can use.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub raw: String,
    /// What expressions call it.
    pub name: String,
    pub unit: Option<String>,
}

/// The columns, and their part of the definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub list: Vec<Named>,
    pub text: String,
    /// The name of a column worked out of quantity and price.
    pub value: Option<String>,
}

impl Columns {
    pub fn name(&self, raw: &str) -> Option<&str> {
        self.list.iter().find(|column| column.raw == raw).map(|column| column.name.as_str())
    }

    pub fn unit(&self, raw: &str) -> Option<&str> {
        self.list.iter().find(|column| column.raw == raw)?.unit.as_deref()
    }
}

pub(super) fn columns(table: &Table) -> Columns {
    let mut out = Columns::default();
    let mut taken = Taken::default();
    // A column's own name is its own, whatever another one would be called.
    for column in table.profile.columns.iter().filter(|column| can_be_said(&column.name)) {
        taken.give(&column.name);
    }
    let clock = table.guess.clock.as_ref();
    for (at, column) in table.profile.columns.iter().enumerate() {
        if column.name.trim().is_empty() {
            continue;
        }
        let name = if can_be_said(&column.name) {
            column.name.clone()
        } else {
            taken.give(&cleaned(&column.name, &format!("column_{}", at + 1)))
        };
        let Some(ty) = column.ty.and_then(ScalarType::word) else {
            let what =
                if column.ty.is_some() { "no value in any row" } else { "bytes: declare it as `text` if they are" };
            out.text += &comment(6, &format!("{}: {what}", yaml(&column.name)));
            continue;
        };
        // How its values are read is said at the source: a type of its own would be that of the raw values.
        if clock.is_some_and(|c| c.role.column == column.name && c.written != Written::Plain) {
            continue;
        }
        let is = |role: &Option<guess::Role>| role.as_ref().is_some_and(|role| role.column == column.name);
        let id = guess::named_id(column) || is(&table.guess.actor) || is(&table.guess.within);
        let guessed = if id { None } else { guess::unit(column) };
        let unit = guessed.as_ref().and_then(|guess| guess.unit.clone());
        let mut fields = Vec::new();
        if name != column.name {
            fields.push(format!("from: {}", yaml_in_flow(&column.name)));
        }
        // Where the source says a zone it holds for all its columns.
        let zone = column.naive && column.ty == Some(ScalarType::Instant) && !clock.is_some_and(|c| c.naive);
        if fields.is_empty() && unit.is_none() && !zone {
            out.text += &format!("      {}: {ty}", yaml(&name));
        } else {
            fields.push(format!("type: {ty}"));
            fields.extend(unit.as_ref().map(|unit| format!("unit: {unit}")));
            if zone {
                fields.push("time_zone: UTC".to_owned());
            }
            out.text += &format!("      {}: {{{}}}", yaml(&name), fields.join(", "));
        }
        match guessed {
            Some(guess) if guess.unit.is_some() => out.text += &format!("  # unit: a guess, {}\n", guess.why),
            Some(guess) => out.text += &format!("  # {}: add `unit:`\n", guess.why),
            None if zone => out.text += "  # time_zone: a guess\n",
            None => out.text.push('\n'),
        }
        out.list.push(Named { raw: column.name.clone(), name, unit });
    }
    value(table, &mut out, &mut taken);
    out
}

/// Quantity times price of one, where a table has both and no amount.
fn value(table: &Table, out: &mut Columns, taken: &mut Taken) {
    let find = |of: &[&str], with: &[&str]| {
        let mut numbers = table.profile.columns.iter().filter(|column| column.is_number());
        numbers.find(|column| {
            let words = words(&column.name);
            let has = |of: &[&str]| of.iter().any(|word| words.iter().any(|w| w == word));
            has(of) && (with.is_empty() || has(with))
        })
    };
    let amount = find(&["amount", "revenue", "total", "value", "sales"], &[]);
    let (Some(quantity), Some(price), None) =
        (find(&["quantity", "qty"], &[]), find(&["price"], &["unit", "item", "each"]), amount)
    else {
        return;
    };
    let (Some(quantity), Some(price)) = (out.name(&quantity.name), out.name(&price.name)) else { return };
    let expr = format!("{quantity} * {price}");
    let name = taken.give("value");
    out.text += &format!("      {name}: {{expr: {}}}  # a guess\n", yaml_in_flow(&expr));
    out.value = Some(name);
}
