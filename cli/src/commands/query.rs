//! `kepi query`.

use jiff::Timestamp;
use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::check::{Typed, needs_days};
use kepi_lang::ir::Ask;
use kepi_lang::report::plan::companions::{Companions, of_survey};
use kepi_lang::results::order::{self, Key, Order};

use crate::args::{Common, QueryArgs, TableFormat};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::range::{self, Asked};
use crate::session::Session;
use crate::{findings, output, table};

/// A question about one metric.
pub struct Wanted {
    pub typed: Typed,
    pub ask: Ask,
    /// By period: an end of the range falls into it.
    pub cut: Vec<bool>,
}

pub fn run(common: &Common, args: &QueryArgs) -> Result<Exit, Stop> {
    let mut session = Session::open(common)?;
    let wanted = asks(&mut session, args)?;
    let orders = orders(args)?;
    let mut asks: Vec<Ask> = wanted.iter().map(|w| w.ask.clone()).collect();
    let told = args.format == TableFormat::Json;
    let rests: Vec<_> = wanted.iter().map(|w| if told { rests(&session, w, &mut asks) } else { None }).collect();
    let (question, mut results) = session.answer(asks)?;
    let beside = results.answers.split_off(wanted.len());
    if !orders.is_empty() || args.limit.is_some() {
        let limit = args.limit.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let own = question.asks.get(..wanted.len()).unwrap_or(&question.asks);
        order::arrange(own, &mut results.answers, &orders, limit);
    }
    let answers: Vec<table::Answered> = wanted
        .iter()
        .zip(&results.answers)
        .zip(&rests)
        .map(|((w, answer), rests)| {
            let known = rests
                .as_ref()
                .and_then(|(on, at)| Some((on, beside.get(*at - wanted.len())?, beside.get(at + 1 - wanted.len())?)));
            table::Answered { typed: &w.typed, ask: &w.ask, rows: &answer.rows, cut: &w.cut, known }
        })
        .collect();
    let calendar = &session.program.settings.calendar;
    output::print(&match args.format {
        TableFormat::Table => table::text(&answers),
        TableFormat::Csv => table::csv(&answers),
        TableFormat::Md => table::markdown(&answers),
        TableFormat::Json => table::json(&answers, &results, calendar, session.as_of.at),
    });
    findings::report(&session.lone, &session.map, common);
    Ok(Exit::Fine)
}

/// Of what people answered: what its intervals are made of, asked beside it; where the two answers stand after those of the metrics.
fn rests(session: &Session, wanted: &Wanted, asks: &mut Vec<Ask>) -> Option<(Companions, usize)> {
    let stage = wanted.typed.metric.and_then(|id| session.program.metrics.get(id.0 as usize)?.stage.as_deref());
    let on = of_survey(&wanted.typed.expr, stage)?;
    let before = asks.len();
    asks.extend(on.exprs().map(|expr| Ask { expr: expr.clone(), ..wanted.ask.clone() }));
    Some((on, before))
}

/// What `--order` says, key by key.
///
/// # Errors
/// Where a key is neither `period` nor asked for.
fn orders(args: &QueryArgs) -> Result<Vec<Order>, Stop> {
    let one = |text: &String| {
        let text = text.trim();
        let (name, descending) = match text.rsplit_once(char::is_whitespace) {
            Some((name, word)) if word.eq_ignore_ascii_case("desc") => (name.trim_end(), true),
            Some((name, word)) if word.eq_ignore_ascii_case("asc") => (name.trim_end(), false),
            _ => (text, false),
        };
        let at = |list: &[String]| list.iter().position(|known| known.trim() == name);
        let key = match (at(&args.by), at(&args.metrics)) {
            (Some(dimension), _) => Key::Dimension(dimension),
            (None, Some(metric)) => Key::Metric(metric),
            (None, None) if name == "period" => Key::Period,
            (None, None) => {
                let known = args.by.iter().chain(&args.metrics).map(|k| format!("`{k}`")).collect::<Vec<_>>();
                let line = format!(
                    "`--order {text}`: there is no `{name}` to order by; there are `period`, {}",
                    known.join(", ")
                );
                return Err(Stop::Usage(line));
            }
        };
        Ok(Order { key, descending })
    };
    args.order.iter().map(one).collect()
}

/// What a query asks of the engine, metric by metric.
///
/// # Errors
/// Where an option or an expression is not understood.
pub fn asks(session: &mut Session, args: &QueryArgs) -> Result<Vec<Wanted>, Stop> {
    let by = args.by.iter().map(|text| session.expression("--by", text)).collect::<Result<Vec<_>, _>>()?;
    let condition = args.condition.as_ref().map(|text| session.expression("--where", text)).transpose()?;
    let mut wanted = Vec::new();
    for name in &args.metrics {
        let expr = session.expression("METRIC", name)?;
        let mut typed = session.typed(&expr, &by, condition.as_ref())?;
        let own = typed.metric.filter(|_| args.own_by).and_then(|id| session.program.metrics.get(id.0 as usize));
        if let Some(own) = own.map(|metric| metric.by.clone()).filter(|own| !own.is_empty()) {
            let own = own.iter().map(|text| session.expression("by", text)).collect::<Result<Vec<_>, _>>()?;
            typed = session.typed(&expr, &own, condition.as_ref())?;
        }
        let asked = periods(session, args, name, &typed)?;
        let cut = asked.iter().map(|a| a.cut).collect();
        let periods = asked.into_iter().map(|a| a.period).collect();
        let ask = Ask { name: name.clone(), expr: typed.expr.clone(), by: typed.by.clone(), periods };
        wanted.push(Wanted { typed, ask, cut });
    }
    Ok(wanted)
}

/// The periods a metric is asked for: its own grain unless one is named; one unbounded period where no source has a time.
fn periods(session: &Session, args: &QueryArgs, name: &str, typed: &Typed) -> Result<Vec<Asked>, Stop> {
    let calendar = &session.program.settings.calendar;
    let sources = typed.expr.sources();
    let timeless = sources.iter().all(|id| session.program.sources[id.0 as usize].time.is_none());
    let asked = match args.grain.as_deref() {
        None => None,
        Some("total") => Some(None),
        Some(text) => Some(Some(Grain::parse(text).ok_or_else(|| {
            Stop::Usage(format!("`{text}` is no grain: minute, hour, day, week, month, quarter, year or total"))
        })?)),
    };
    if timeless {
        if let Some(Some(grain)) = asked {
            let line = format!("`{name}` reads sources without time only: it has a total, and no value by {grain}");
            return Err(Stop::Usage(line));
        }
        let unbounded = Interval { start: Timestamp::MIN, end: Timestamp::MAX };
        return range::periods(calendar, unbounded, None, (false, false));
    }
    let first = sources.iter().filter_map(|id| session.dataset.extents()[id.0 as usize].first).min();
    let from = args.from.as_deref().map(|t| range::instant(calendar, t)).transpose()?;
    let to = args.to.as_deref().map(|t| range::instant(calendar, t)).transpose()?;
    let end = to.unwrap_or(session.as_of.at);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Stop::Usage("the range is empty: `--to` comes no later than `--from`".to_string()));
    }
    // A total of no rows at all is a number too.
    let everything = (asked == Some(None)).then_some(Timestamp::MIN);
    let start = from.or(first).or(everything).unwrap_or(end);
    let grain = asked.unwrap_or(Some(typed.grain.unwrap_or(Grain::Day)));
    if grain.is_none_or(|g| g > Grain::Day) && needs_days(&typed.expr) {
        let line = format!("`{name}` is a stock of an instant: ask for it by day, or for `last({name} per day)`");
        return Err(Stop::Usage(line));
    }
    range::periods(calendar, Interval { start, end }, grain, (from.is_some(), to.is_some()))
}
