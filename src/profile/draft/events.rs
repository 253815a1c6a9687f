//! `events`: a set for each name that the files hold.

use crate::profile::draft::tables::Plan;
use crate::profile::names::{Taken, cleaned};
use crate::profile::text::grouped;
use crate::syntax::print::{text, yaml};
use crate::value::Value;

/// Sets that are written; a tracking plan of more is for somebody to write.
const MOST: usize = 12;
/// Characters of a name that a condition is written on.
const LONGEST: usize = 100;

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub name: String,
    /// As it stands in the file.
    pub label: String,
    expr: String,
    rows: u64,
    about: bool,
}

pub(super) fn events(plan: &Plan, taken: &mut Taken) -> Vec<Event> {
    let Some(role) = &plan.table.guess.event else { return Vec::new() };
    let (Some(column), Some(name)) = (plan.table.profile.column(&role.column), plan.columns.name(&role.column)) else {
        return Vec::new();
    };
    let about = column.top_about || plan.table.profile.step > 1;
    column
        .top
        .iter()
        .filter_map(|(value, rows)| match value {
            Value::Text(label) => Some((label, *rows)),
            _ => None,
        })
        .filter(|(label, _)| label.chars().count() <= LONGEST && !label.chars().any(char::is_control))
        .take(MOST)
        .map(|(label, rows)| Event {
            name: taken.give(&cleaned(label, "event_")),
            label: label.clone(),
            expr: format!("{} where {name} = {}", plan.name, text(label)),
            rows: rows * plan.table.profile.step,
            about,
        })
        .collect()
}

pub(super) fn write(events: &[Event]) -> String {
    let line = |event: &Event| {
        let about = if event.about { "about " } else { "" };
        format!("  {}: {}  # {about}{} rows\n", yaml(&event.name), yaml(&event.expr), grouped(event.rows))
    };
    events.iter().map(line).collect()
}
