//! What the remaining periods may bring: paths drawn from history (a bootstrap, Efron 1979; blocks of a season, Politis and
//! Romano 1994), with a fixed seed.

use crate::stats::describe::{differences, percentile_of_sorted, sorted};
use crate::stats::random::Random;
use crate::stats::{Bounds, Direction};

/// Paths drawn when nothing else is asked for.
pub const PATHS: usize = 10_000;

/// The seed when nothing else is asked for.
pub const SEED: u64 = 1;

/// With fewer whole seasons than this a block would repeat the same few stretches: each step is drawn by itself.
const MIN_BLOCKS: usize = 5;

/// The most values that are drawn for one question.
const MAX_VALUES: usize = 50_000_000;

/// What is drawn from history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// For levels (a rate, a median, a stock): changes from one period to the next, added to the last value.
    Changes,
    /// For rates: changes of ln(p / (1 − p)), so that paths stay between 0 and 1. Shares of 0 and 1 are taken as half of the
    /// smallest distance from them that occurs.
    LogitChanges,
    /// For flows (orders, revenue of a period): the values themselves.
    Levels,
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulation {
    pub draw: Draw,
    /// Periods to draw.
    pub horizon: usize,
    /// Length of a season when there is one: steps are drawn from the same place in a season, in blocks of a whole season
    /// where history has five of them.
    pub season: Option<usize>,
    /// The metric's domain: paths do not leave it.
    pub domain: Bounds,
    pub paths: usize,
    pub seed: u64,
}

impl Simulation {
    /// [`PATHS`] paths with [`SEED`], without season or bounds.
    pub fn new(draw: Draw, horizon: usize) -> Self {
        let domain = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };
        Self { draw, horizon, season: None, domain, paths: PATHS, seed: SEED }
    }

    /// Draws the paths. `None` with too little history (two values; three for changes), without a horizon, or where paths
    /// and horizon are beyond all reason.
    pub fn run(&self, history: &[f64]) -> Option<Paths> {
        let size = self.paths.checked_mul(self.horizon).filter(|size| (1..=MAX_VALUES).contains(size))?;
        let edge = logit_edge(history);
        let pool = match self.draw {
            Draw::Levels => history.to_vec(),
            Draw::Changes => differences(history),
            Draw::LogitChanges => differences(&history.iter().map(|p| logit(*p, edge)).collect::<Vec<_>>()),
        };
        if pool.len() < 2 {
            return None;
        }
        let from = match self.draw {
            Draw::LogitChanges => logit(*history.last()?, edge),
            _ => *history.last()?,
        };
        let mut picker = Picker::new(pool.len(), self.season, self.seed);
        let mut values = Vec::with_capacity(size);
        for _ in 0..self.paths {
            picker.restart();
            let mut level = from;
            for step in 0..self.horizon {
                let drawn = *pool.get(picker.pick(step))?;
                let value = match self.draw {
                    Draw::Levels => drawn,
                    Draw::Changes => {
                        level = self.capped(level + drawn);
                        level
                    }
                    Draw::LogitChanges => {
                        level += drawn;
                        1.0 / (1.0 + (-level).exp())
                    }
                };
                values.push(self.capped(value));
            }
        }
        Some(Paths { horizon: self.horizon, values })
    }

    fn capped(&self, value: f64) -> f64 {
        value.max(self.domain.low).min(self.domain.high)
    }
}

/// Half of the smallest distance from 0 and 1 that occurs in history.
fn logit_edge(history: &[f64]) -> f64 {
    let distances = history.iter().flat_map(|p| [*p, 1.0 - p]).filter(|d| *d > 0.0);
    distances.fold(0.5, f64::min) / 2.0
}

fn logit(p: f64, edge: f64) -> f64 {
    let p = p.max(edge).min(1.0 - edge);
    (p / (1.0 - p)).ln()
}

/// Chooses which element of history is drawn next.
struct Picker {
    random: Random,
    len: usize,
    /// Length of a block, and the number of whole blocks in history.
    season: Option<(usize, usize)>,
    block: usize,
}

impl Picker {
    fn new(len: usize, season: Option<usize>, seed: u64) -> Self {
        let season = season.filter(|s| *s >= 2 && len / s >= 1).map(|s| (s, len / s));
        Self { random: Random::new(seed), len, season, block: 0 }
    }

    fn restart(&mut self) {
        self.block = 0;
    }

    /// The element of history for this step of a path.
    fn pick(&mut self, step: usize) -> usize {
        let Some((season, blocks)) = self.season else { return self.random.below(self.len) };
        // Blocks end where history ends, so that the first step continues the season where history leaves it.
        let first = self.len % season;
        let place = step % season;
        if blocks < MIN_BLOCKS {
            return first + place + season * self.random.below(blocks);
        }
        if place == 0 {
            self.block = self.random.below(blocks);
        }
        first + place + season * self.block
    }
}

/// Drawn paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    horizon: usize,
    /// Path by path.
    values: Vec<f64>,
}

impl Paths {
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.horizon)
    }

    /// What each path comes to, in ascending order.
    pub fn outcomes(&self, measure: impl Fn(&[f64]) -> f64) -> Outcomes {
        Outcomes { sorted: sorted(&self.iter().map(measure).collect::<Vec<_>>()) }
    }

    /// What the paths come to up to and including each step: `measure` is given longer and longer beginnings of each.
    pub fn cone(&self, measure: impl Fn(&[f64]) -> f64) -> Vec<Outcomes> {
        (1..=self.horizon).map(|steps| self.outcomes(|path| measure(path.get(..steps).unwrap_or(path)))).collect()
    }
}

/// What the paths come to, in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    sorted: Vec<f64>,
}

impl Outcomes {
    pub fn median(&self) -> Option<f64> {
        percentile_of_sorted(&self.sorted, 50.0)
    }

    /// The middle `level` of the outcomes.
    pub fn interval(&self, level: f64) -> Option<Bounds> {
        let tail = (1.0 - level) * 50.0;
        let at = |p| percentile_of_sorted(&self.sorted, p);
        Some(Bounds { low: at(tail)?, high: at(100.0 - tail)? })
    }

    /// The share of paths that reach the target. A path within a billionth of it reaches it: sums in binary fractions miss
    /// whole numbers by less.
    pub fn probability(&self, target: f64, direction: Direction) -> f64 {
        let slack = target.abs() * 1e-9;
        let count = match direction {
            Direction::Up => self.sorted.len() - self.sorted.partition_point(|value| *value < target - slack),
            Direction::Down => self.sorted.partition_point(|value| *value <= target + slack),
        };
        if self.sorted.is_empty() { 0.0 } else { count as f64 / self.sorted.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;

    const Y: [f64; 10] = [100.0, 104.0, 103.0, 110.0, 112.0, 118.0, 117.0, 123.0, 128.0, 131.0];

    fn last(path: &[f64]) -> f64 {
        path.last().copied().unwrap_or(f64::NAN)
    }

    /// All 9⁴ paths of four steps: 3539 of them reach 145.
    #[test]
    fn enumeration_agrees_with_the_reference_and_with_drawing() {
        let steps = differences(&Y);
        let mut reached = 0;
        for i in 0..9usize.pow(4) {
            let sum: f64 = (0..4).map(|k| steps[i / 9usize.pow(k) % 9]).sum();
            reached += usize::from(131.0 + sum >= 145.0);
        }
        assert_eq!(reached, 3539);
        let exact = 3539.0 / 6561.0;
        for seed in 1..6 {
            for paths in [10_000, 40_000] {
                let simulation = Simulation { seed, paths, ..Simulation::new(Draw::Changes, 4) };
                let drawn = simulation.run(&Y).unwrap().outcomes(last).probability(145.0, Direction::Up);
                assert_close(drawn, exact, 3.0 * (exact * (1.0 - exact) / paths as f64).sqrt());
            }
        }
    }

    /// The numbers themselves, also computed apart from this code: a change of generator or order of drawing shows here.
    #[test]
    fn the_same_everywhere() {
        let paths = Simulation { paths: 2, ..Simulation::new(Draw::Changes, 4) }.run(&Y).unwrap();
        assert_eq!(paths, Simulation { paths: 2, ..Simulation::new(Draw::Changes, 4) }.run(&Y).unwrap());
        let got: Vec<&[f64]> = paths.iter().collect();
        assert_eq!(got, [[136.0, 142.0, 146.0, 152.0], [130.0, 129.0, 132.0, 138.0]]);
    }

    #[test]
    fn flows_are_summed() {
        let paths = Simulation::new(Draw::Levels, 12).run(&[8.0, 10.0, 12.0]).unwrap();
        let year = paths.outcomes(|path| path.iter().sum());
        assert_close(year.median().unwrap(), 120.0, 1.0);
        // Twelve draws with variance 8/3: standard deviation 5.657, 80 % within ±1.2816 of it.
        let bounds = year.interval(0.8).unwrap();
        assert_close(bounds.half_width(), 1.2816 * 5.657, 0.8);
        let cone = paths.cone(|path| path.iter().sum());
        assert_eq!(cone.len(), 12);
        assert_eq!(cone.last(), Some(&year));
    }

    #[test]
    fn rates_stay_rates() {
        let history = [0.9, 0.95, 0.99, 1.0, 0.98, 0.97, 1.0];
        let paths = Simulation::new(Draw::LogitChanges, 20).run(&history).unwrap();
        assert!(paths.iter().flatten().all(|p| *p > 0.0 && *p <= 1.0));
        let capped = Simulation { domain: Bounds { low: 0.0, high: 1.0 }, ..Simulation::new(Draw::Changes, 20) };
        assert!(capped.run(&history).unwrap().iter().flatten().all(|p| (0.0..=1.0).contains(p)));
    }

    /// A season without noise is repeated exactly, whether in blocks or step by step, and for changes as for levels.
    #[test]
    fn seasons_go_on_where_history_ends() {
        let week = [1.0, 2.0, 3.0, 2.0, 1.0, 9.0, 8.0];
        for days in [17, 24, 45, 73] {
            let history: Vec<f64> = (0..days).map(|i| week[i % 7]).collect();
            let expected: Vec<f64> = (days..days + 16).map(|i| week[i % 7]).collect();
            for draw in [Draw::Levels, Draw::Changes] {
                let simulation = Simulation { season: Some(7), paths: 50, ..Simulation::new(draw, 16) };
                for path in simulation.run(&history).unwrap().iter() {
                    assert_eq!(path, expected, "{days} {draw:?}");
                }
            }
        }
    }

    #[test]
    fn too_little() {
        assert_eq!(Simulation::new(Draw::Changes, 4).run(&[1.0, 2.0]), None);
        assert_eq!(Simulation::new(Draw::Levels, 4).run(&[1.0]), None);
        assert_eq!(Simulation::new(Draw::LogitChanges, 4).run(&[]), None);
        assert_eq!(Simulation::new(Draw::Levels, 0).run(&Y), None);
        assert_eq!(Simulation::new(Draw::Levels, usize::MAX).run(&Y), None);
        let constant = Simulation::new(Draw::LogitChanges, 3).run(&[0.5, 0.5, 0.5]).unwrap();
        assert_eq!(constant.outcomes(last).probability(0.5, Direction::Up), 1.0);
        assert_eq!(constant.outcomes(last).probability(0.5, Direction::Down), 1.0);
    }
}
