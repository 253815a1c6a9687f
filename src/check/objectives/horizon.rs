//! T1 to T3: the order of dates, the time the metric needs, the check-ins between.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{Interval, Length, SpanUnit, Window};
use crate::check::objectives::Checker;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Baseline, Collection, Due, JourneyKind, MetricExpr, MetricKind, Objective, Target};
use crate::syntax::document::ObjectiveDef;

impl Checker<'_> {
    pub(super) fn horizon(&mut self, def: &ObjectiveDef, objective: &Objective) {
        let Some(due) = self.due_window(objective) else { return };
        let at_due = def.due.as_ref().map_or(def.name.span, |text| text.span);
        let baseline = match &objective.target {
            Target::Change { from: Baseline::Period(period), .. } => Some(period),
            _ => None,
        };
        let mut ordered = true;
        if let (Some(start), Some(text)) = (objective.start, &def.start)
            && start >= due.end
        {
            ordered = false;
            let finding = Diagnostic::new(Code::DatesOutOfOrder, text.span, "the objective starts after it is due");
            self.push(finding.also(at_due, "due").help("write an earlier start or a later due date"));
        }
        let created = objective.created.map(|date| self.calendar.date_start(date));
        if let (Some(created), Some(text)) = (created, &def.created)
            && created >= due.end
        {
            ordered = false;
            let finding =
                Diagnostic::new(Code::DatesOutOfOrder, text.span, "the objective was due when it was created");
            self.push(finding.also(at_due, "due").help("write an earlier `created`, or a later due date"));
        }
        if let Some(period) = baseline
            && period.interval.end > due.start
        {
            ordered = false;
            let message = match period.interval.start >= due.end {
                true => format!("the baseline {} comes after the due date", period.label),
                false => format!("the baseline {} overlaps with what is measured at the due date", period.label),
            };
            let span = def.target.as_ref().map_or(def.name.span, |target| target.span);
            let finding = Diagnostic::new(Code::DatesOutOfOrder, span, message).also(at_due, "due");
            self.push(finding.help("take a baseline that ends before, or a later due date"));
        }
        let due_start = match &objective.due {
            Due::Period(period) => Some(period.interval.start),
            Due::Date(_) => None,
        };
        let start = objective.start.or(baseline.map(|period| period.interval.end)).or(created).or(due_start);
        let Some(start) = start.filter(|start| ordered && *start < due.end) else { return };
        self.latency(def, objective, Interval { start, end: due.end });
        self.check_ins(def, objective, Interval { start, end: due.end });
    }

    /// What the target is measured on: the due period, or the window of the baseline's length that ends with the due date.
    fn due_window(&self, objective: &Objective) -> Option<Interval> {
        match &objective.due {
            Due::Period(period) => Some(period.interval),
            Due::Date(date) => {
                let end = self.calendar.date_start(date.tomorrow().ok()?);
                let length = match &objective.target {
                    Target::Change { from: Baseline::Period(period), .. } => period.grain.map(|grain| grain.unit()),
                    _ => None,
                };
                let unit = length.unwrap_or(SpanUnit::Day);
                Some(self.calendar.before(end, Length { count: 1, unit }))
            }
        }
    }

    /// T2: what takes longer than there is time for cannot be told of those who enter after the start.
    fn takes_longer(&mut self, def: &ObjectiveDef, objective: &Objective, horizon: Interval) {
        let ends = |length: &Length| self.calendar.after(horizon.start, *length);
        let after = |what| move |length| (length, what);
        let entries = objective.expr.latencies().into_iter().map(after("an entry"));
        let all = entries.chain(objective.expr.session_latencies().into_iter().map(after("the start of a session")));
        let Some((longest, what)) = all.max_by_key(|(length, _)| ends(length)) else { return };
        if ends(&longest) <= horizon.end {
            return;
        }
        let span = def.due.as_ref().map_or(def.name.span, |text| text.span);
        let message = format!(
            "the metric is known {longest} after {what}, and from start ({}) to due date there {} {}",
            self.calendar.date_of(horizon.start),
            if whole_days(horizon) == Some(1) { "is" } else { "are" },
            days(horizon),
        );
        let help = "move the due date, or take a metric with a shorter window".to_owned();
        self.report_at(Code::ShortHorizon, span, message, help);
    }

    /// T2: a window that reaches back behind the start tells of the time before.
    fn latency(&mut self, def: &ObjectiveDef, objective: &Objective, horizon: Interval) {
        self.takes_longer(def, objective, horizon);
        let mut windows = Vec::new();
        metric_windows(&objective.expr, &mut windows);
        let lengths = windows.into_iter().filter_map(|window| match window {
            Window::Trailing(Length { count, unit: SpanUnit::Period }) => {
                Some(Length { count, unit: objective.grain.unit() })
            }
            Window::Trailing(length) => Some(length),
            Window::ToDate(_) | Window::AllTime => None,
        });
        let reach = |length: &Length| self.calendar.window(Window::Trailing(*length), horizon).start;
        let Some(longest) = lengths.min_by_key(reach) else { return };
        if reach(&longest) >= horizon.start {
            return;
        }
        let span = def.due.as_ref().map_or(def.name.span, |text| text.span);
        let message = format!(
            "the metric looks back {longest}, further than the {} from start ({}) to due date",
            days(horizon),
            self.calendar.date_of(horizon.start),
        );
        let move_it = match self.first_due(horizon.start, longest) {
            Some(date) => format!("move the due date to {date} or later"),
            None => "move the due date".to_owned(),
        };
        self.report_at(Code::ShortHorizon, span, message, format!("{move_it}, or take a metric with a shorter window"));
    }

    /// The first day that a window can end with and begin no earlier than `start`, if it is within three years.
    fn first_due(&self, start: Timestamp, length: Length) -> Option<Date> {
        let mut date = self.calendar.date_of(start);
        for _ in 0..3 * 366 {
            let end = self.calendar.date_start(date.tomorrow().ok()?);
            if self.calendar.window(Window::Trailing(length), Interval { start: end, end }).start >= start {
                return Some(date);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// T3: at least two, and where both are counted in one unit, the last on the due date.
    fn check_ins(&mut self, def: &ObjectiveDef, objective: &Objective, horizon: Interval) {
        let (Some(every), Some(text)) = (objective.check_in, &def.check_in) else { return };
        let finding = |message: String, help: &str| {
            Diagnostic::new(Code::CheckInCadence, text.span, message).help(help.to_owned())
        };
        // The window of two check-ins that ends with the due date begins before the start: there is time for one at most.
        let two = Length { count: every.count.saturating_mul(2), ..every };
        if self.calendar.before(horizon.end, two).start < horizon.start {
            let message = format!("a check-in every {every} happens less than twice in {}", days(horizon));
            self.push(finding(message, "check in more often"));
            return;
        }
        let divides = match (self.whole_months(horizon), every.months()) {
            (Some(months), Some(every)) => months % every == 0,
            (None, _) => match (whole_days(horizon), every.days()) {
                (Some(days), Some(every)) => days % every == 0 || days % 7 != 0,
                _ => true,
            },
            _ => true,
        };
        if !divides {
            let message = format!("check-ins every {every} do not end on the due date");
            self.push(finding(message, "take a rhythm that divides the time from start to due date"));
        }
    }

    /// The months of an interval that consists of months.
    fn whole_months(&self, interval: Interval) -> Option<i64> {
        let (from, to) = (self.calendar.date_of(interval.start), self.calendar.date_of(interval.end));
        let starts = self.calendar.date_start(from) == interval.start && self.calendar.date_start(to) == interval.end;
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        (starts && from.day() == 1 && to.day() == 1).then(|| months(to) - months(from))
    }
}

/// The days of an interval, clock changes aside.
fn whole_days(interval: Interval) -> Option<i64> {
    let hours = interval.end.duration_since(interval.start).as_hours();
    hours.checked_add(12).map(|hours| hours / 24)
}

fn days(interval: Interval) -> String {
    match whole_days(interval).unwrap_or_default() {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// Every window in an expression.
fn metric_windows(expr: &MetricExpr, found: &mut Vec<Window>) {
    match &expr.kind {
        MetricKind::Literal(_) | MetricKind::Measure(_) | MetricKind::Here { .. } => {}
        // Who has not been there since is told by that stretch of time.
        MetricKind::Journey { of, .. } => {
            if let JourneyKind::Churn { after } = &of.kind {
                found.push(Window::Trailing(*after));
            }
        }
        MetricKind::Over { of, window } => {
            found.push(*window);
            metric_windows(of, found);
        }
        MetricKind::Negate(of)
        | MetricKind::Not(of)
        | MetricKind::IsNull(of)
        | MetricKind::Total(of)
        | MetricKind::Convert { of, .. }
        | MetricKind::Ago { of, .. }
        | MetricKind::Change { of, .. } => metric_windows(of, found),
        MetricKind::Arithmetic { left, right, .. }
        | MetricKind::Compare { left, right, .. }
        | MetricKind::And(left, right)
        | MetricKind::Or(left, right) => {
            metric_windows(left, found);
            metric_windows(right, found);
        }
        MetricKind::In { of, list } => {
            metric_windows(of, found);
            list.iter().for_each(|e| metric_windows(e, found));
        }
        MetricKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|e| metric_windows(e, found));
        }
        MetricKind::Call { args, .. } => args.iter().for_each(|e| metric_windows(e, found)),
        MetricKind::Summary { of, .. } => collection_windows(of, found),
        MetricKind::Correlation { left, right } => {
            collection_windows(left, found);
            collection_windows(right, found);
        }
    }
}

fn collection_windows(collection: &Collection, found: &mut Vec<Window>) {
    match collection {
        Collection::Distribution { of, .. } | Collection::Series { of, .. } => metric_windows(of, found),
        Collection::Times { .. } | Collection::Entries { .. } => {}
        Collection::Over { of, window } => {
            found.push(*window);
            collection_windows(of, found);
        }
    }
}
