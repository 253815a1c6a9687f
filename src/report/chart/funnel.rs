//! A funnel: a bar for each step, and what it loses.

use crate::report::chart::svg::Svg;
use crate::report::figure::Funnel;
use crate::report::format;

const WIDTH: f64 = 720.0;
const ROW: f64 = 58.0;
const BAR: f64 = 22.0;
const RIGHT: f64 = 225.0;

pub fn funnel(id: &str, title: &str, funnel: &Funnel, describe: &str) -> String {
    let mut svg = Svg::new(WIDTH, ROW * funnel.steps.len() as f64);
    let entered = funnel.steps.first().map_or(1, |s| s.users.max(1)) as f64;
    let wide = |users: u64| (WIDTH - RIGHT) * (users as f64 / entered).min(1.0);
    let worst = funnel.bottleneck.as_ref().map(|b| b.step);
    for (number, step) in (1usize..).zip(&funnel.steps) {
        let top = ROW * (number - 1) as f64;
        let bar = top + 20.0;
        svg.text("c-label", (0.0, top + 13.0), "start", &format!("{number}. {}", format::clipped(&step.label, 78)));
        svg.rect("c-track", (0.0, bar), (WIDTH - RIGHT, BAR));
        svg.rect("c-bar", (0.0, bar), (wide(step.users), BAR));
        if worst == Some(number) {
            svg.rect("c-lost", (wide(step.users), bar), (wide(step.users + step.lost) - wide(step.users), BAR));
        }
        let right = WIDTH - RIGHT + 12.0;
        let of_first = step.of_first.map(format::share).unwrap_or_default();
        svg.text("c-value", (right, bar + 9.0), "start", &format!("{} ({of_first})", format::count(step.users)));
        let passed = match (step.of_previous, step.median_seconds) {
            (Some(share), Some(s)) => format!("{} pass, median {}", format::share(share), format::seconds(s)),
            (Some(share), None) => format!("{} pass", format::share(share)),
            _ => String::new(),
        };
        svg.text("c-label", (right, bar + 24.0), "start", &passed);
    }
    svg.finish(id, title, describe)
}
