//! Small figures: a line without axes, a bar.

use crate::report::Point;
use crate::report::chart::axis::Scale;
use crate::report::chart::svg::Svg;

/// A line of a metric's latest complete periods; the last one carries a dot. Null where nothing has a value.
pub fn spark(id: &str, title: &str, series: &[Point]) -> Option<String> {
    let values: Vec<f64> = series.iter().filter_map(|p| p.value).collect();
    if values.is_empty() {
        return None;
    }
    let (width, height, pad) = (180.0, 40.0, 4.0);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let x = Scale { low: 0.0, high: (series.len().max(2) - 1) as f64, from: pad, to: width - pad };
    let y = Scale { low, high, from: height - pad, to: pad };
    let mut svg = Svg::new(width, height);
    for run in runs(series) {
        let points: Vec<_> = run.iter().map(|(i, v)| (x.at(*i as f64), y.at(*v))).collect();
        if let [only] = points[..] {
            svg.dot("c-dot", only, 1.6, "");
        }
        svg.polyline("c-line", &points);
    }
    if let Some((i, v)) = series.iter().enumerate().rev().find_map(|(i, p)| Some((i, p.value?))) {
        svg.dot("c-dot", (x.at(i as f64), y.at(v)), 3.0, "");
    }
    Some(svg.finish(id, title, ""))
}

/// Runs of points that have a value: a line is not drawn over what is not known.
pub fn runs(series: &[Point]) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut open = false;
    for (i, point) in series.iter().enumerate() {
        match (point.value, runs.last_mut().filter(|_| open)) {
            (Some(v), Some(run)) => run.push((i, v)),
            (Some(v), None) => runs.push(vec![(i, v)]),
            (None, _) => {}
        }
        open = point.value.is_some();
    }
    runs
}

/// A share of a track, 0 to 1.
pub fn bar(id: &str, title: &str, share: f64) -> String {
    let (width, height) = (120.0, 10.0);
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let mut svg = Svg::new(width, height);
    svg.rect("c-track", (0.0, 0.0), (width, height));
    svg.rect("c-bar", (0.0, 0.0), (width * share, height));
    svg.finish(id, title, "")
}
