//! A table of cohorts as a heat map, and the curve of what all of them together do.

use crate::ir::Bucket;
use crate::report::chart::axis::{Scale, ticks};
use crate::report::chart::svg::Svg;
use crate::report::figure::Cohorts;
use crate::report::format;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 150.0;
const ROW: f64 = 26.0;
/// Cells narrower than this carry no text; the table behind the figure has it.
const READABLE: f64 = 38.0;

/// A row for each cohort, the newest last, and one for all of them; a column for each offset.
pub fn heat_map(id: &str, title: &str, cohorts: &Cohorts, describe: &str) -> String {
    let rows = cohorts.cohorts.len() + 1;
    let mut svg = Svg::new(WIDTH, ROW * (rows + 1) as f64);
    let columns = cohorts.offsets.len().max(1);
    let wide = (WIDTH - LEFT) / columns as f64;
    let readable = wide >= READABLE;
    // The cohort itself is 100 % by definition, and would leave the others pale.
    let all = cohorts.cohorts.iter().flat_map(|c| cohorts.offsets.iter().zip(&c.cells));
    let most = all.filter(|(offset, _)| offset.to > 0).filter_map(|(_, cell)| cell.value).fold(0.0, f64::max);
    let shade = |value: f64| if most > 0.0 { (value / most).min(1.0) } else { 0.0 };
    let every = if readable { 1 } else { (READABLE / wide).ceil() as usize };
    for (column, offset) in cohorts.offsets.iter().enumerate().step_by(every) {
        let text = if column == 0 { format!("{} {offset}", cohorts.grain) } else { offset.to_string() };
        svg.text("c-label", (LEFT + wide * (column as f64 + 0.5), ROW * 0.7), "middle", &text);
    }
    let pooled = cohorts.pooled.iter().map(|p| (p.value, p.cohorts > 0));
    let mut row = |at: usize, label: &str, size: Option<u64>, cells: &mut dyn Iterator<Item = (Option<f64>, bool)>| {
        let top = ROW * at as f64;
        svg.text("c-label", (0.0, top + ROW * 0.68), "start", label);
        if let Some(size) = size {
            svg.text("c-label", (LEFT - 10.0, top + ROW * 0.68), "end", &format::count(size));
        }
        for (column, (value, complete)) in cells.enumerate() {
            let left = LEFT + wide * column as f64;
            match value {
                Some(value) => {
                    svg.shade((left + 1.0, top + 1.0), (wide - 2.0, ROW - 2.0), shade(value));
                    if readable {
                        let at = (left + wide / 2.0, top + ROW * 0.68);
                        svg.text("c-cell", at, "middle", &format::brief_share(value));
                    }
                }
                None if !complete => svg.rect("c-unknown", (left + 3.0, top + 3.0), (wide - 6.0, ROW - 6.0)),
                None => {}
            }
        }
    };
    row(1, "all", None, &mut pooled.into_iter());
    for (at, cohort) in (2..).zip(&cohorts.cohorts) {
        row(at, &cohort.label, cohort.size, &mut cohort.cells.iter().map(|c| (c.value, c.complete)));
    }
    svg.finish(id, title, describe)
}

/// The share of all cohorts of which it is known, by offset. Null with fewer than two of them.
pub fn curve(id: &str, title: &str, cohorts: &Cohorts) -> Option<String> {
    let columns = cohorts.offsets.len().max(1) as f64;
    let points = (0u32..).zip(&cohorts.offsets).zip(&cohorts.pooled).filter_map(|((column, at), p)| {
        // Above the column of the heat map.
        Some((LEFT + (WIDTH - LEFT) * (f64::from(column) + 0.5) / columns, *at, p.value?))
    });
    let points: Vec<(f64, Bucket, f64)> = points.collect();
    if points.len() < 2 {
        return None;
    }
    let (height, bottom, top) = (170.0, 24.0, 12.0);
    let most = points.iter().map(|p| p.2).fold(0.0, f64::max);
    let (_, high, marks) = ticks(0.0, most, 4);
    let y = Scale { low: 0.0, high, from: height - bottom, to: top };
    let mut svg = Svg::new(WIDTH, height);
    for mark in marks {
        svg.line("c-grid", (LEFT, y.at(mark)), (WIDTH, y.at(mark)));
        svg.text("c-label", (LEFT - 10.0, y.at(mark) + 4.0), "end", &format::brief_share(mark));
    }
    let drawn: Vec<_> = points.iter().map(|(x, _, v)| (*x, y.at(*v))).collect();
    svg.polyline("c-line", &drawn);
    let every = points.len().div_ceil(12);
    for (number, ((_, at, value), place)) in points.iter().zip(&drawn).enumerate() {
        svg.dot("c-dot", *place, 3.0, &format!("{} {at}: {}", cohorts.grain, format::share(*value)));
        if number % every == 0 {
            let text = if number == 0 { format!("{} {at}", cohorts.grain) } else { at.to_string() };
            svg.text("c-label", (place.0, height - 6.0), "middle", &text);
        }
    }
    Some(svg.finish(id, title, ""))
}
