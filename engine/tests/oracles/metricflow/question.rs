//! From a case to a question of kepi's, and from the answers to one table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Grain, Interval, Period};
use kepi_lang::check::Typed;
use kepi_lang::ir::{Additivity, Ask, Question};
use kepi_lang::results::order::{self, Key, Order};
use kepi_lang::results::{Answer, AnswerRow};
use kepi_lang::value::Value;

use crate::metricflow::case::Case;
use crate::metricflow::cell::Cell;
use crate::metricflow::definitions::{Definitions, Metric, Traits};
use crate::metricflow::filter::{self, Part, Token};
use crate::metricflow::names::{Column, Names};
use crate::metricflow::presence::{Need, presence};
use crate::pipeline::{Compiled, Text, plain};

/// A project of kepi's with the definitions that it says anew.
pub struct Model {
    pub definitions: Definitions,
    pub compiled: Compiled,
    pub dataset: Dataset,
    root: PathBuf,
    facts: String,
}

/// What a metric is in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub value: Value,
    /// All that it is made of has rows here; where that is not so MetricFlow has null.
    pub whole: bool,
    /// Something that it is made of has rows here; where that is not so MetricFlow has no row.
    pub any: bool,
}

/// By the values of the dimensions, in the order of the case's columns; then by metric.
pub type Rows = BTreeMap<Vec<Cell>, Vec<Found>>;

/// The days of MetricFlow's calendar, and the hours.
const DAYS: (&str, &str) = ("2000-01-01", "2041-01-01");
const HOURS: (&str, &str) = ("2019-12-28", "2020-01-04");

/// How the projects say what a conversion begins with.
const ENTRY: &str = "  entry:";
const ENTERED: &str = "site_visit";

/// In hours: longer than any window of a conversion.
const LONGEST_WINDOW: i64 = 2000 * 24;

/// What is to be known of a case before it is asked.
struct Plan<'a> {
    case: &'a Case,
    names: Names<'a>,
    traits: &'a Traits<'a>,
    columns: Vec<Column>,
    periods: Vec<Period>,
    /// Conditions on rows.
    rows: Vec<Part>,
    /// Conditions on periods.
    times: Vec<Part>,
}

impl Model {
    pub fn open(root: &Path, facts: &str) -> Result<Self, String> {
        Self::entered(root, facts, None)
    }

    /// The project in which a journey begins with those entries alone that meet a condition.
    fn entered(root: &Path, facts: &str, condition: Option<&str>) -> Result<Self, String> {
        let read = |path: &str| std::fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"));
        let mut said = read("metrics/all.yaml")?;
        if let Some(condition) = condition {
            let narrowed = format!("{ENTRY} {{expr: '{ENTERED} where {}'}}\n", condition.replace('\'', "''"));
            said = said.replacen(&format!("{ENTRY} {ENTERED}\n"), &narrowed, 1);
        }
        let compiled = crate::pipeline::compile(root, &read("kepi.yaml")?, &said)?;
        let program = Arc::new(compiled.program.clone());
        let dataset =
            Dataset::open(root, program, Options { threads: Some(1), ..Options::default() }).map_err(|e| plain(&e))?;
        let definitions = Definitions::read(facts).map_err(|e| e.to_string())?;
        Ok(Self { definitions, compiled, dataset, root: root.to_owned(), facts: facts.to_owned() })
    }

    fn calendar(&self) -> &Calendar {
        self.compiled.calendar()
    }

    fn instant(&self, text: &str) -> Result<Timestamp, String> {
        self.calendar().parse_instant(text).map_err(|e| e.message)
    }

    /// The table that answers a case, and its rows in the order that is asked for.
    pub fn rows(&self, case: &Case, traits: &Traits<'_>) -> Result<(Rows, Vec<Vec<Cell>>), String> {
        let plan = self.plan(case, traits)?;
        match self.entries(&plan)? {
            Some(condition) => Self::entered(&self.root, &self.facts, Some(&condition))?.asked(plan),
            None => self.asked(plan),
        }
    }

    /// Which entries a case wants of a conversion: its conditions and its range are on them, not on what follows.
    fn entries(&self, plan: &Plan<'_>) -> Result<Option<String>, String> {
        if !plan.traits.conversion {
            return Ok(None);
        }
        let mut conditions = Vec::new();
        for part in &plan.rows {
            conditions.push(format!("({})", part.said(&plan.names, &mut |_, _| Err("a metric".to_owned()))?));
        }
        if plan.case.time_constraint.is_some() {
            let Interval { start, end } = self.range(plan, &[], plan.grains().first().copied())?;
            conditions.push(format!("time >= {start} and time < {end}"));
        }
        Ok((!conditions.is_empty()).then(|| conditions.join(" and ")))
    }

    fn asked(&self, mut plan: Plan<'_>) -> Result<(Rows, Vec<Vec<Cell>>), String> {
        let case = plan.case;
        let typed = case.metrics.iter().map(|m| self.typed(&plan, m)).collect::<Result<Vec<_>, _>>()?;
        plan.periods = self.periods_of(&plan, &typed)?;
        let mut rows = Rows::new();
        let mut asks = Vec::new();
        for (metric, one) in case.metrics.iter().zip(&typed) {
            for (what, expr) in [
                ("", one.expr.clone()),
                (", whole", presence(&one.expr, Need::All)),
                (", any", presence(&one.expr, Need::Any)),
            ] {
                let name = format!("{metric}{what}");
                asks.push(Ask { name, expr, by: one.by.clone(), periods: plan.periods.clone() });
            }
        }
        let answers = self.answers(asks.clone(), plan.traits.conversion)?;
        for (number, of) in answers.chunks(3).enumerate() {
            for (key, found) in plan.table(of, &typed[number], self.calendar())? {
                let all = rows.entry(key).or_insert_with(|| vec![Found::absent(); case.metrics.len()]);
                all[number] = found;
            }
        }
        let order = plan.ordered(&asks, answers, &rows, self.calendar())?;
        Ok((rows, order))
    }

    fn answers(&self, asks: Vec<Ask>, conversion: bool) -> Result<Vec<Answer>, String> {
        // Up to the end of what is asked for, else up to the last event; MetricFlow does not wait for a window to pass.
        let ends = asks.iter().flat_map(|a| a.periods.last()).map(|p| p.interval.end).filter(|e| *e != Timestamp::MAX);
        let last =
            self.dataset.extents().iter().filter_map(|e| e.last).max().map(|t| self.calendar().next(t, Grain::Day));
        let mut as_of = ends.max().or(last).ok_or("no time to ask for")?;
        if conversion {
            as_of = as_of.checked_add(jiff::SignedDuration::from_hours(LONGEST_WINDOW)).map_err(|e| e.to_string())?;
        }
        let question = Question { asks, as_of, as_of_given: true, range: None };
        self.dataset.answer(&question).map(|r| r.answers).map_err(|e| plain(&e))
    }

    fn plan<'a>(&'a self, case: &'a Case, traits: &'a Traits<'a>) -> Result<Plan<'a>, String> {
        let names = Names { definitions: &self.definitions, measured: &traits.measured };
        let columns = case.dimensions().into_iter().map(|c| names.column(c)).collect::<Result<Vec<_>, _>>()?;
        let said = case.group_by.len() + case.group_by_params.len();
        if said > 0 && said != columns.len() {
            return Err(format!("{said} dimensions are asked for, and {} columns are expected", columns.len()));
        }
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        let later = traits.cumulative || traits.offset;
        let timed = columns.iter().any(|c| matches!(c, Column::Period(_)));
        for condition in case.conditions() {
            for part in filter::parts(&condition)? {
                // On the time of a window's end, or of what was earlier, not on that of the rows.
                if later && timed && part.is_of_clock(&names) { times.push(part) } else { rows.push(part) }
            }
        }
        Ok(Plan { case, names, traits, columns, periods: Vec::new(), rows, times })
    }

    /// The periods that a case asks for.
    fn periods_of(&self, plan: &Plan<'_>, typed: &[Typed]) -> Result<Vec<Period>, String> {
        let Plan { case, traits, .. } = plan;
        let mut periods = self.periods(plan, typed)?;
        let mut wrong = Ok(());
        periods.retain(|period| {
            plan.times.iter().all(|part| match part.holds(&plan.names, self.calendar(), period.interval.start) {
                Ok(holds) => holds,
                Err(why) => {
                    wrong = Err(why);
                    false
                }
            })
        });
        wrong?;
        if let (true, true, Some([from, _])) = (traits.cumulative, traits.offset, &case.time_constraint) {
            let from = self.instant(from)?;
            // Here MetricFlow applies the range to the earlier time as well.
            periods.retain(|p| {
                traits.offsets.iter().all(|by| self.calendar().shift_back(p.interval, *by, p.grain).start >= from)
            });
        }
        Ok(periods)
    }

    /// The range of a case, or where there may be rows.
    fn range(&self, plan: &Plan<'_>, typed: &[Typed], finest: Option<Grain>) -> Result<Interval, String> {
        let Plan { case, traits, .. } = plan;
        let calendar = self.calendar();
        if let Some([from, to]) = &case.time_constraint {
            // Ranges are widened to whole periods of the finest grain that is asked for, else of the coarsest clock.
            let grain = match finest {
                Some(grain) => grain,
                None => self.definitions.clock_grain(&case.metrics)?.max(Grain::Day),
            };
            let (from, to) = (self.instant(from)?, self.instant(to)?);
            return Ok(Interval { start: calendar.floor(from, grain), end: calendar.next(to, grain) });
        }
        let Some(finest) = finest else { return Ok(Interval::ALL) };
        let (from, to) = if finest < Grain::Day { HOURS } else { DAYS };
        let spine = Interval { start: self.instant(from)?, end: self.instant(to)? };
        if traits.spine || traits.cumulative {
            return Ok(spine);
        }
        // Nothing is there before the first event, nor 400 days (the longest offset is a year) after the last.
        let sources: BTreeSet<_> = typed.iter().flat_map(|t| t.expr.sources()).collect();
        let extents = || sources.iter().filter_map(|id| self.dataset.extents().get(id.0 as usize));
        let first = extents().filter_map(|e| e.first).min().unwrap_or(spine.start);
        let last = extents().filter_map(|e| e.last).max().unwrap_or(spine.end);
        let end = last.checked_add(jiff::SignedDuration::from_hours(400 * 24)).map_err(|e| e.to_string())?;
        Ok(Interval { start: first, end })
    }

    /// The pieces of time that the grains of the case cut the range into.
    fn periods(&self, plan: &Plan<'_>, typed: &[Typed]) -> Result<Vec<Period>, String> {
        let calendar = self.calendar();
        let grains = plan.grains();
        let range = self.range(plan, typed, grains.first().copied())?;
        let Some(finest) = grains.first().copied() else { return Ok(vec![Calendar::total(range)]) };
        let periods = calendar.periods(range, finest).map_err(|e| e.message)?;
        let mut pieces = Vec::new();
        for period in periods {
            // A week may lie in two months.
            let mut start = period.interval.start;
            while start < period.interval.end {
                let next = grains.iter().map(|g| calendar.next(start, *g)).min().unwrap_or(period.interval.end);
                let interval = Interval { start, end: next.min(period.interval.end) };
                let grain = (interval == period.interval).then_some(finest);
                if start >= range.end {
                    break;
                }
                pieces.push(Period { label: calendar.date_of(start).to_string(), grain, interval });
                start = interval.end;
            }
        }
        Ok(pieces)
    }

    /// A metric within the case's conditions and dimensions.
    fn typed(&self, plan: &Plan<'_>, metric: &str) -> Result<Typed, String> {
        let (mut expr, own) = self.subject(plan, metric)?;
        let mut conditions = Vec::new();
        let converts = self.definitions.metric(metric).is_some_and(Metric::is_conversion);
        let rows: &[Part] = if converts { &[] } else { &plan.rows };
        let (measured, plain): (Vec<&Part>, Vec<&Part>) =
            rows.iter().chain(&own).partition(|part| !part.metrics().is_empty());
        for part in &plain {
            conditions.push(format!("({})", part.said(&plan.names, &mut |_, _| Err("a metric".to_owned()))?));
        }
        if let (true, Some(said)) = (plain.is_empty() && !measured.is_empty(), self.per(plan, metric, &measured)?) {
            expr = said;
        } else {
            for part in measured {
                conditions.push(format!("({})", self.listed(plan, part)?));
            }
        }
        let condition = (!conditions.is_empty()).then(|| conditions.join(" and "));
        let later = plan.traits.cumulative || plan.traits.offset;
        let by = plan.columns.iter().filter_map(|column| match column {
            Column::Row(expr) => Some(expr.clone()),
            Column::PartOf(part, expr) => Some(part_of(part, expr)),
            Column::Part(part) if !later => Some(part_of(part, "time")),
            _ => None,
        });
        let by = by.collect();
        self.compiled.ask(&Text { expr, by, condition })
    }

    /// The metric. A window without a time to end at is none, so then its measure; and a filter that is a metric of all time
    /// cannot be said of a period, which has no rows after it, nor under another condition, which is not the filter's: then the
    /// measure and the filter.
    fn subject(&self, plan: &Plan<'_>, name: &str) -> Result<(String, Vec<Part>), String> {
        let plain = (name.to_owned(), Vec::new());
        let timed = plan.columns.iter().any(|c| matches!(c, Column::Period(_) | Column::Part(_)));
        let Some(metric) = self.definitions.metric(name) else { return Ok(plain) };
        let filter = metric.filter.as_deref().unwrap_or_default();
        let windowless = metric.kind == "cumulative" && !timed;
        let alone = !timed && plan.rows.is_empty();
        let filtered = metric.kind == "simple" && !alone && filter.contains("<metric");
        if !windowless && !filtered {
            return Ok(plain);
        }
        let measure = metric.measure();
        let simple = |m: &&Metric| m.kind == "simple" && m.filter.is_none() && m.measure() == measure;
        let Some(of) = self.definitions.metrics.iter().find(simple) else { return Ok(plain) };
        Ok((of.name.clone(), if filter.is_empty() { Vec::new() } else { filter::parts(filter)? }))
    }

    /// A condition on metrics of each member, where the metric counts the members: `count((… > 2) per listed.listing_id)`.
    fn per(&self, plan: &Plan<'_>, metric: &str, parts: &[&Part]) -> Result<Option<String>, String> {
        let counted = |name: &str| match name {
            "listings" | "active_listings" => Some(("listing", "listed.listing_id")),
            _ => None,
        };
        let timed = plan.columns.iter().any(|c| matches!(c, Column::Period(_) | Column::Part(_)));
        let Some((entity, key)) = counted(metric).filter(|_| !timed) else { return Ok(None) };
        let mut said = Vec::new();
        for part in parts {
            for (inner, by) in part.metrics() {
                let windowed = self.definitions.traits(std::slice::from_ref(&inner))?.cumulative;
                if windowed || by.rsplit("__").next() != Some(entity) {
                    return Ok(None);
                }
            }
            said.push(part.said(&plan.names, &mut |inner, _| Ok(format!("total({inner} over all time)")))?);
        }
        Ok(Some(format!("count(({}) per {key})", said.join(" and "))))
    }

    /// Another condition on metrics: who meets it is asked first, and listed.
    fn listed(&self, plan: &Plan<'_>, part: &Part) -> Result<String, String> {
        let mut tokens = Vec::new();
        let mut rest = part.0.iter().peekable();
        while let Some(token) = rest.next() {
            let Token::Metric { metric, by } = token else {
                tokens.push(token.clone());
                continue;
            };
            let (Some(Token::Sign(sign)), Some(Token::Number(number))) = (rest.next(), rest.next()) else {
                return Err("a metric is compared with a number".to_owned());
            };
            let bound: f64 = number.parse().map_err(|_| format!("`{number}` is no number"))?;
            let inner = self.definitions.traits(std::slice::from_ref(metric))?;
            let names = Names { definitions: &self.definitions, measured: &inner.measured };
            let key = names.condition(by, None)?.0;
            let typed = self.compiled.ask(&Text { expr: metric.clone(), by: vec![key], condition: None })?;
            let periods = vec![Calendar::total(Interval::ALL)];
            let ask = Ask { name: metric.clone(), expr: typed.expr, by: typed.by, periods };
            let mut members = Vec::new();
            for row in self.answers(vec![ask], false)?.into_iter().flat_map(|a| a.rows) {
                let holds = row.value.as_f64().is_some_and(|v| match sign.as_str() {
                    ">" => v > bound,
                    ">=" => v >= bound,
                    "<" => v < bound,
                    "<=" => v <= bound,
                    "=" => v == bound,
                    _ => v != bound,
                });
                if let (true, Some(Value::Text(key))) = (holds, row.by.first()) {
                    members.push(format!("\"{key}\""));
                }
            }
            let key = plan.names.condition(by, None)?.0;
            let list = match members.is_empty() {
                true => format!("({key} is null and {key} is not null)"),
                false => format!("{key} in ({})", members.join(", ")),
            };
            tokens.push(Token::Word(list));
        }
        Part(tokens).said(&plan.names, &mut |_, _| Err("a metric".to_owned()))
    }
}

impl Found {
    pub fn absent() -> Self {
        Self { value: Value::Null, whole: false, any: false }
    }
}

impl Plan<'_> {
    /// The grains of the clock that it asks for.
    fn grains(&self) -> BTreeSet<Grain> {
        let later = self.traits.cumulative || self.traits.offset;
        let of = |column: &Column| match column {
            Column::Period(grain) => Some(*grain),
            Column::Part(part) if later => grain_of(part),
            _ => None,
        };
        self.columns.iter().filter_map(of).collect()
    }

    /// The rows that MetricFlow has, in the case's order and as many as it wants.
    fn ordered(
        &self,
        asks: &[Ask],
        answers: Vec<Answer>,
        rows: &Rows,
        calendar: &Calendar,
    ) -> Result<Vec<Vec<Cell>>, String> {
        let every = |list: Vec<_>| list.into_iter().step_by(3).collect::<Vec<_>>();
        let asks: Vec<Ask> = asks.iter().step_by(3).cloned().collect();
        let mut answers: Vec<Answer> = every(answers);
        let there =
            |row: &AnswerRow| rows.get(&self.key(row, calendar)).is_some_and(|found| found.iter().any(|f| f.any));
        answers.iter_mut().for_each(|a| a.rows.retain(there));
        let orders = self.case.order_bys.iter().map(|text| self.order(text)).collect::<Result<Vec<_>, _>>()?;
        order::arrange(&asks, &mut answers, &orders, self.case.limit);
        let mut keys: Vec<Vec<Cell>> = Vec::new();
        for row in answers.first().into_iter().flat_map(|a| &a.rows) {
            keys.push(self.key(row, calendar));
        }
        Ok(keys)
    }

    fn order(&self, text: &str) -> Result<Order, String> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        if let Some(metric) = self.case.metrics.iter().position(|m| m == name) {
            return Ok(Order { key: Key::Metric(metric), descending });
        }
        let names = self.case.dimensions();
        let is =
            |column: &&str| *column == name || column.strip_prefix(name).is_some_and(|rest| rest.starts_with("__"));
        let at = names.iter().position(is).ok_or_else(|| format!("`{text}` is nothing to order by"))?;
        let is_row = |c: &Column| matches!(c, Column::Row(_) | Column::PartOf(..));
        Ok(match &self.columns[at] {
            Column::Period(_) | Column::Part(_) => Order { key: Key::Period, descending },
            _ => Order { key: Key::Dimension(self.columns[..at].iter().filter(|c| is_row(c)).count()), descending },
        })
    }

    /// The dimensions of a row, in the order of the case's columns.
    fn key(&self, row: &AnswerRow, calendar: &Calendar) -> Vec<Cell> {
        let start = self.periods[row.period].interval.start;
        let mut by = row.by.iter();
        let mut next = || by.next().unwrap_or(&Value::Null);
        let cell = |column: &Column| match column {
            Column::Period(grain) => Cell::of(&Value::Instant(calendar.floor(start, *grain))),
            Column::Part(part) if self.traits.cumulative || self.traits.offset => {
                Cell::of(&part_value(part, calendar, start))
            }
            Column::Part(part) | Column::PartOf(part, _) => Cell::part(part, next()),
            Column::Row(_) => Cell::of(next()),
        };
        self.columns.iter().map(cell).collect()
    }

    /// The rows of a metric: its values, whether it is whole, whether there is anything.
    fn table(&self, of: &[Answer], typed: &Typed, calendar: &Calendar) -> Result<BTreeMap<Vec<Cell>, Found>, String> {
        let [values, whole, any] = of else { return Err("three answers belong together".to_owned()) };
        let is = |answer: &Answer, period: usize, by: &[Value]| {
            let row = answer.rows.iter().find(|r| r.period == period && r.by == by);
            row.is_some_and(|r| r.value.as_f64().is_some_and(|v| v > 0.0))
        };
        let same = values.rows.len() == whole.rows.len() && values.rows.len() == any.rows.len();
        let mut table: BTreeMap<Vec<Cell>, Found> = BTreeMap::new();
        for (at, row) in values.rows.iter().enumerate() {
            let at_hand = |answer: &Answer| {
                if !same {
                    return is(answer, row.period, &row.by);
                }
                let twin = &answer.rows[at];
                twin.by == row.by && twin.period == row.period && twin.value.as_f64().is_some_and(|v| v > 0.0)
            };
            let found = Found { value: row.value.clone(), whole: at_hand(whole), any: at_hand(any) };
            let key = self.key(row, calendar);
            let Some(known) = table.get_mut(&key) else {
                table.insert(key, found);
                continue;
            };
            // Several periods with one name (the Januaries): they add up, or cannot be told.
            if !found.any {
                continue;
            }
            if known.any && typed.expr.additivity != Additivity::Additive {
                return Err(format!("`{}` does not add up over periods", self.case.metrics.join(", ")));
            }
            let sum = known.value.as_f64().unwrap_or(0.0) + found.value.as_f64().unwrap_or(0.0);
            *known = Found { value: Value::float(sum), whole: known.whole || found.whole, any: true };
        }
        Ok(table)
    }
}

/// The periods that a part of a time is the same in.
fn grain_of(part: &str) -> Option<Grain> {
    Some(match part {
        "year" => Grain::Year,
        "quarter" => Grain::Quarter,
        "month" => Grain::Month,
        _ => Grain::Day,
    })
}

/// A part of a time, as a row expression.
fn part_of(part: &str, time: &str) -> String {
    let function = match part {
        "year" => "year",
        "quarter" => "quarter_of_year",
        "month" => "month_of_year",
        "day" => "day_of_month",
        "dow" => "weekday",
        _ => "day_of_year",
    };
    format!("{function}({time})")
}

fn part_value(part: &str, calendar: &Calendar, at: Timestamp) -> Value {
    let date = calendar.date_of(at);
    let month = i128::from(date.month());
    Value::Int(match part {
        "year" => i128::from(date.year()),
        "quarter" => (month + 2) / 3,
        "month" => month,
        "day" => i128::from(date.day()),
        "dow" => i128::from(date.weekday().to_monday_one_offset()),
        _ => i128::from(date.day_of_year()),
    })
}
