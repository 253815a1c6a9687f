//! An objective's figure: the measure, the pace it should keep, the target, where it is heading, and what was released.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::report::chart::axis::{Scale, ticks};
use crate::report::chart::spark::runs;
use crate::report::chart::svg::Svg;
use crate::report::format;
use crate::report::{NumberFormat, Objective, Point, Release};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 76.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 28.0;

/// `None` where there is no point to draw.
pub fn objective(id: &str, o: &Objective, releases: &[Release], as_of: Timestamp, zone: &TimeZone) -> Option<String> {
    let points = line(o);
    if points.iter().all(|p| p.value.is_none()) {
        return None;
    }
    let frame = Frame::new(o, points, as_of);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    frame.axes(&mut svg, &o.format, zone);
    frame.target(&mut svg, o);
    frame.markers(&mut svg, o, releases, as_of);
    frame.pace(&mut svg, o);
    frame.cone(&mut svg, o, as_of);
    frame.line(&mut svg, points, &o.format);
    Some(svg.finish(id, &format!("{}: {}", o.title, o.target.text), &describe(o, points)))
}

/// What is drawn: the measure on windows as long as the target's; a kept band is about single periods.
pub fn line(o: &Objective) -> &[Point] {
    if o.target.maintain || o.trailing.iter().all(|p| p.value.is_none()) { &o.series } else { &o.trailing }
}

fn describe(o: &Objective, points: &[Point]) -> String {
    let known: Vec<&Point> = points.iter().filter(|p| p.value.is_some()).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return String::new() };
    let show = |p: &Point| p.value.map_or(String::new(), |v| format::number(v, &o.format));
    let mut text = format!("From {} in {} to {} in {}.", show(first), first.label, show(last), last.label);
    if let Some(target) = o.target.value.or(o.target.upper) {
        text += &format!(" Target {} by {}.", format::number(target, &o.format), o.due_label);
    }
    if let Some(p) = &o.projection {
        let [value, low, high] = [p.value, p.interval.low, p.interval.high].map(|v| format::number(v, &o.format));
        text += &format!(" Projected {value}, 80 % interval {low} to {high}.");
    }
    text
}

struct Frame {
    x: Scale,
    y: Scale,
    ticks: Vec<f64>,
}

impl Frame {
    fn new(o: &Objective, points: &[Point], as_of: Timestamp) -> Self {
        let mut values: Vec<f64> = points.iter().filter_map(|p| p.value).collect();
        values
            .extend([o.target.value, o.target.upper, o.baseline.as_ref().and_then(|b| b.value)].into_iter().flatten());
        values.extend(o.projection.iter().flat_map(|p| p.path.iter().flat_map(|q| [q.low, q.high])));
        values.retain(|v| v.is_finite());
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = (high - low) * 0.06;
        // A line that is never negative keeps its zero in sight rather than a scale below it.
        let floor = if low >= 0.0 { (low - room).max(0.0) } else { low - room };
        let (low, high, ticks) = ticks(floor, high + room, 4);
        let times = points.iter().filter(|p| p.value.is_some()).map(|p| p.end);
        let ends = o.due.into_iter().chain(o.start).chain([as_of]);
        let ends: Vec<f64> = times.chain(ends).map(seconds).collect();
        let first = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let last = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            x: Scale { low: first, high: last, from: LEFT, to: WIDTH - RIGHT },
            y: Scale { low, high, from: HEIGHT - BOTTOM, to: TOP },
            ticks,
        }
    }

    fn point(&self, at: Timestamp, value: f64) -> (f64, f64) {
        (self.x.at(seconds(at)), self.y.at(value))
    }

    fn axes(&self, svg: &mut Svg, number: &NumberFormat, zone: &TimeZone) {
        for tick in &self.ticks {
            let y = self.y.at(*tick);
            svg.line("c-grid", (LEFT, y), (WIDTH - RIGHT, y));
            svg.text("c-label", (LEFT - 8.0, y + 4.0), "end", &format::compact(*tick, number));
        }
        svg.line("c-axis", (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM));
        let mut free = f64::NEG_INFINITY;
        for (at, label) in months(self.x.low, self.x.high, zone) {
            let x = self.x.at(at);
            svg.line("c-axis", (x, HEIGHT - BOTTOM), (x, HEIGHT - BOTTOM + 4.0));
            if x - free > 26.0 && x < WIDTH - RIGHT + 10.0 {
                svg.text("c-label", (x, HEIGHT - BOTTOM + 17.0), "middle", &label);
                free = x + label.chars().count() as f64 * 3.2;
            }
        }
    }

    fn target(&self, svg: &mut Svg, o: &Objective) {
        let (left, right) = (LEFT, WIDTH - RIGHT);
        let (top, bottom) = (self.y.to, self.y.from);
        let edge = |v: f64| self.y.at(v).clamp(top, bottom);
        let (from, to) = match (o.target.value, o.target.upper) {
            (Some(low), Some(high)) => (edge(high), edge(low)),
            (Some(v), None) if o.higher_is_better => (top, edge(v)),
            (Some(v), None) => (edge(v), bottom),
            (None, Some(v)) => (edge(v), bottom),
            (None, None) => return,
        };
        svg.rect("c-band", (left, from), (right - left, to - from));
        for value in [o.target.value, o.target.upper].into_iter().flatten() {
            let y = edge(value);
            svg.line("c-target", (left, y), (right, y));
            svg.text("c-goal", (right + 6.0, y + 4.0), "start", &format::compact(value, &o.format));
        }
    }

    fn markers(&self, svg: &mut Svg, o: &Objective, releases: &[Release], as_of: Timestamp) {
        let now = self.x.at(seconds(as_of));
        svg.line("c-now", (now, TOP - 4.0), (now, HEIGHT - BOTTOM));
        let mut free = f64::NEG_INFINITY;
        for release in o.releases.iter().filter_map(|i| releases.get(*i)) {
            let x = self.x.at(seconds(release.at));
            svg.line("c-release", (x, TOP - 4.0), (x, HEIGHT - BOTTOM));
            let name: String = release.title.chars().take(24).collect();
            let end = x + name.chars().count() as f64 * 6.2;
            if x > free && end < WIDTH {
                svg.text("c-mark", (x + 3.0, TOP - 10.0), "start", &name);
                free = end + 6.0;
            } else {
                svg.dot("c-mark", (x, TOP - 4.0), 3.0, &release.title);
            }
        }
    }

    fn pace(&self, svg: &mut Svg, o: &Objective) {
        let base = o.baseline.as_ref().and_then(|b| b.value);
        if let (Some(start), Some(due), Some(base), Some(target), false) =
            (o.start, o.due, base, o.target.value, o.target.maintain)
        {
            svg.polyline("c-pace", &[self.point(start, base), self.point(due, target)]);
        }
    }

    fn cone(&self, svg: &mut Svg, o: &Objective, as_of: Timestamp) {
        let (Some(projection), Some(actual)) = (&o.projection, o.actual.value) else { return };
        let from = self.point(o.actual.end.unwrap_or(as_of), actual);
        let edge = |value: fn(&crate::report::ProjectionPoint) -> f64| -> Vec<(f64, f64)> {
            projection.path.iter().map(|p| self.point(p.at, value(p))).collect()
        };
        let mut area = vec![from];
        area.extend(edge(|p| p.high));
        area.extend(edge(|p| p.low).into_iter().rev());
        svg.area("c-cone", &area);
        let mut median = vec![from];
        median.extend(edge(|p| p.median));
        svg.polyline("c-median", &median);
    }

    fn line(&self, svg: &mut Svg, points: &[Point], number: &NumberFormat) {
        for run in runs(points) {
            let known: Vec<_> =
                run.iter().filter(|(i, _)| points[*i].complete).map(|(i, v)| self.point(points[*i].end, *v)).collect();
            svg.polyline("c-line", &known);
        }
        // Many dots would hide the line.
        let every = points.len() <= 40;
        let last = points.iter().rposition(|p| p.value.is_some());
        for (i, point) in points.iter().enumerate() {
            let Some(value) = point.value.filter(|_| every || Some(i) == last) else { continue };
            let class = if point.complete { "c-dot" } else { "c-open" };
            let note = if point.complete { "" } else { " (incomplete)" };
            let tip = format!("{}: {}{note}", point.label, format::number(value, number));
            svg.dot(class, self.point(point.end, value), 3.2, &tip);
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}

/// Starts of months in the zone, thinned to at most fourteen, labelled `Jan 2011` at the first and at each January, else `Feb`.
fn months(low: f64, high: f64, zone: &TimeZone) -> Vec<(f64, String)> {
    let (Ok(from), Ok(to)) = (Timestamp::from_second(low as i64), Timestamp::from_second(high as i64)) else {
        return Vec::new();
    };
    let (from, to) = (zone.to_datetime(from).date(), zone.to_datetime(to).date());
    let index = |d: jiff::civil::Date| i32::from(d.year()) * 12 + i32::from(d.month()) - 1;
    let (first, last) = (index(from), index(to));
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 600].into_iter().find(|s| (last - first) / s <= 13).unwrap_or(1200);
    let mut out: Vec<(f64, String)> = Vec::new();
    for month in (first..=last).filter(|m| m.rem_euclid(step) == 0) {
        let (Ok(year), Ok(number)) = (i16::try_from(month.div_euclid(12)), i8::try_from(month.rem_euclid(12) + 1))
        else {
            continue;
        };
        let Ok(date) = jiff::civil::Date::new(year, number, 1) else { continue };
        let Ok(start) = date.to_zoned_datetime(zone.clone()) else { continue };
        let at = seconds(start.timestamp());
        if at >= low && at <= high {
            let pattern = if out.is_empty() || number == 1 { "%b %Y" } else { "%b" };
            out.push((at, date.strftime(pattern).to_string()));
        }
    }
    out
}
