//! The value of each measure for each span and group.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Aggregate, Measure};
use kepi_lang::value::Value;

use crate::collect::keyed::Keyed;
use crate::collect::spilled::Files;
use crate::collect::trails::Trail;
use crate::collect::value::coerce;
use crate::collect::windows::{Values, Windows, chains};
use crate::execute::cells::{Present, SpaceCells};
use crate::execute::order::Order;
use crate::execute::run::{Run, wrong};
use crate::execute::state::SuiteState;
use crate::operators::{Accumulator, Reader, TooLarge, accumulator, decode_value};
use crate::parallel::parallel;
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Timeline;
use crate::rows::FastState;

/// The breakdown of nothing.
pub(crate) const ROOT: u32 = 0;
/// A breakdown that has no rows.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Breakdowns of all sources, numbered as they come; the first is that of nothing.
pub(super) struct Breakdowns {
    ids: HashMap<Box<[u8]>, u32, FastState>,
    pub bytes: Vec<Box<[u8]>>,
}

impl Breakdowns {
    pub(super) fn new() -> Self {
        let mut by = Self { ids: HashMap::default(), bytes: Vec::new() };
        by.id(&[]);
        by
    }

    pub(super) fn id(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(bytes) {
            return *id;
        }
        let id = self.bytes.len() as u32;
        self.bytes.push(bytes.into());
        self.ids.insert(bytes.into(), id);
        id
    }
}

/// The cells of a measure without keys that have rows, with what each of them knows.
pub(super) struct Leaves {
    pub accumulator: Box<dyn Accumulator>,
    /// Atom and breakdown.
    pub outers: Vec<(u32, u32)>,
    /// Of each leaf: its outer cell, and the accumulator's cell.
    pub of: Vec<u32>,
    pub cells: Vec<u32>,
    /// The first cell number that is free.
    pub scratch: usize,
}

/// A measure without keys: by breakdown, the value in each span in which it has rows, by number of span, ascending.
pub(super) type Plain = HashMap<u32, Values, FastState>;

/// One measure.
pub(crate) enum MeasureTable {
    Plain(Plain),
    Keyed(Keyed),
}

impl MeasureTable {
    /// Of a measure without keys; `None`: no rows.
    pub(crate) fn value(&self, by: u32, span: usize) -> Option<Result<Value, TooLarge>> {
        let Self::Plain(groups) = self else { return None };
        let values = groups.get(&by)?;
        let at = values.binary_search_by_key(&(span as u32), |v| v.0).ok()?;
        values.get(at).map(|v| v.1.clone())
    }

    pub(crate) fn keyed(&self) -> Option<&Keyed> {
        if let Self::Keyed(keyed) = self { Some(keyed) } else { None }
    }

    /// The breakdowns that have rows in a span.
    pub(crate) fn groups_in(&self, span: usize) -> Vec<u32> {
        match self {
            Self::Plain(groups) => {
                let inside = |values: &[(u32, _)]| values.binary_search_by_key(&(span as u32), |v| v.0).is_ok();
                let mut found: Vec<u32> = groups.iter().filter(|(_, v)| inside(v)).map(|(by, _)| *by).collect();
                found.sort_unstable();
                found
            }
            Self::Keyed(keyed) => keyed.groups_in(span),
        }
    }
}

/// All measures of a plan.
pub(crate) struct Tables {
    pub measures: Vec<MeasureTable>,
    /// By number of the measure, of trails.
    pub trails: HashMap<usize, Trail>,
    /// By measure: the starts of rows that may yet become others, in order; microseconds.
    pub open: Vec<Vec<i64>>,
    by: Breakdowns,
}

impl Tables {
    /// `None`: the states are not of this plan.
    pub(crate) fn new(plan: &Plan, suites: Vec<(&SuiteSpec, &mut SuiteState)>, threads: usize) -> Option<Self> {
        let mut by = Breakdowns::new();
        let mut parts: Vec<Vec<Part<'_>>> = plan.measures.iter().map(|_| Vec::new()).collect();
        for (spec, state) in suites {
            let SuiteState { bys, spaces, rows, accumulators, .. } = state;
            spaces.iter_mut().for_each(SpaceCells::close);
            let mut known: BTreeMap<usize, Arc<Order>> = BTreeMap::new();
            for (taken, accumulator) in spec.taken.iter().zip(std::mem::take(accumulators)) {
                let groups = bys.get(spec.spaces.get(taken.space)?.breakdown())?;
                let cells = spaces.get(taken.space)?;
                let one = plan.measures.get(taken.measure).is_some_and(|m| m.measure.branches.len() == 1);
                let order = (one && !cells.levels.is_empty()).then(|| {
                    Arc::clone(known.entry(taken.space).or_insert_with(|| Arc::new(Order::of(cells, threads))))
                });
                parts.get_mut(taken.measure)?.push(Part {
                    accumulator,
                    cells,
                    order,
                    groups: groups.bytes.iter().map(|bytes| by.id(bytes)).collect(),
                    rows: rows.get(&(taken.space, taken.filter))?,
                });
            }
        }
        let jobs: Vec<_> = plan.measures.iter().zip(parts).collect();
        let made = parallel(jobs, threads, |(planned, parts)| {
            let timeline = plan.timelines.get(planned.timeline)?;
            let measure = &planned.measure;
            let width = measure.branches.first().map_or(0, |b| b.keys.len());
            let one = one(measure, (timeline.atoms(), width), parts)?;
            if width > 0 {
                let ends = (one.present, one.accumulator, one.scratch);
                let keyed = Keyed::new((measure.ty, timeline), one.order, one.outers.into_iter(), ends);
                return Some((MeasureTable::Keyed(keyed), None));
            }
            let of: Vec<u32> = one.present.cells().collect();
            let leaves = Leaves {
                accumulator: one.accumulator,
                outers: one.outers,
                cells: of.clone(),
                of,
                scratch: one.scratch,
            };
            if measure.aggregate == Aggregate::Trail {
                let trail = Trail::new(leaves, &by.bytes, threads)?;
                return Some((MeasureTable::Plain(Plain::default()), Some(trail)));
            }
            Some((MeasureTable::Plain(plain(measure, timeline, leaves).ok()?), None))
        });
        let (mut measures, mut trails) = (Vec::new(), HashMap::new());
        for (number, made) in made.into_iter().enumerate() {
            let (table, trail) = made?;
            measures.push(table);
            trails.extend(trail.map(|trail| (number, trail)));
        }
        Some(Self { measures, trails, open: Vec::new(), by })
    }

    /// Of states that lie in temporary files.
    pub(crate) fn spilled(
        plan: &Plan,
        suites: Vec<(Arc<SuiteSpec>, Vec<Run>)>,
        threads: usize,
    ) -> Result<Self, Diagnostic> {
        let mut by = Breakdowns::new();
        let files = Files::new(suites, &mut by)?;
        let (mut measures, mut trails) = (Vec::new(), HashMap::new());
        for (number, planned) in plan.measures.iter().enumerate() {
            let spilled = files.measure(number, &planned.measure)?;
            let timeline = plan.timelines.get(planned.timeline).ok_or_else(wrong)?;
            measures.push(if planned.measure.aggregate == Aggregate::Trail {
                trails.insert(number, Trail::new(spilled.leaves()?, &by.bytes, threads).ok_or_else(wrong)?);
                MeasureTable::Plain(Plain::default())
            } else if spilled.width == 0 {
                MeasureTable::Plain(spilled.plain(timeline)?)
            } else {
                MeasureTable::Keyed(Keyed::spilled(planned.measure.ty, timeline, spilled))
            });
        }
        Ok(Self { measures, trails, open: Vec::new(), by })
    }

    /// A breakdown as bytes.
    pub(crate) fn by_bytes(&self, id: u32) -> &[u8] {
        self.by.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    pub(crate) fn by_id(&self, bytes: &[u8]) -> Option<u32> {
        self.by.ids.get(bytes).copied()
    }
}

/// The values of a breakdown; whole numbers are whole, whatever the type of the dimension.
pub(crate) fn by_values(bytes: &[u8]) -> Vec<Value> {
    let mut reader = Reader::new(bytes);
    let mut values = Vec::new();
    while let Some(value) = decode_value(&mut reader) {
        values.push(value);
    }
    values
}

/// What one suite knows of a branch of a measure.
struct Part<'a> {
    accumulator: Box<dyn Accumulator>,
    cells: &'a SpaceCells,
    /// Where it is the only branch, and there are keys.
    order: Option<Arc<Order>>,
    /// By its own number of a breakdown, that of all sources.
    groups: Vec<u32>,
    rows: &'a Present,
}

/// A measure's cells.
struct One {
    accumulator: Box<dyn Accumulator>,
    /// Atom and breakdown of each outer cell.
    outers: Vec<(u32, u32)>,
    order: Arc<Order>,
    present: Present,
    scratch: usize,
}

/// The branches of a measure as one.
fn one(measure: &Measure, (atoms, keys): (usize, usize), mut parts: Vec<Part<'_>>) -> Option<One> {
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        let outers = part.cells.outer.pairs.iter();
        let outers = outers.map(|(atom, by)| Some((*atom, *part.groups.get(*by as usize)?)));
        let outers = outers.collect::<Option<Vec<_>>>()?;
        let order = part.order.unwrap_or_else(|| Arc::new(Order::of(part.cells, 1)));
        let (present, scratch) = (part.rows.clone(), part.cells.count());
        return Some(One { accumulator: part.accumulator, outers, order, present, scratch });
    }
    let mut cells = SpaceCells::new(atoms, keys);
    let (mut accumulator, mut present) = (accumulator(measure), Present::default());
    for part in parts {
        let map = cells.absorb(part.cells, &part.groups)?;
        let pairs: Option<Vec<(u32, u32)>> =
            part.rows.cells().map(|cell| Some((*map.get(cell as usize)?, cell))).collect();
        let pairs = pairs?;
        pairs.iter().for_each(|(into, _)| present.set(*into));
        accumulator.absorb(part.accumulator, &mut pairs.into_iter()).then_some(())?;
    }
    cells.close();
    let (order, scratch) = (Arc::new(Order::of(&cells, 1)), cells.count());
    Some(One { accumulator, outers: cells.outer.pairs, order, present, scratch })
}

fn plain(measure: &Measure, timeline: &Timeline, mut leaves: Leaves) -> Result<Plain, Diagnostic> {
    // The cells of each breakdown, in order of atom.
    let mut groups: HashMap<u32, Vec<(u32, u32)>, FastState> = HashMap::default();
    for (outer, cell) in leaves.of.iter().zip(&leaves.cells) {
        if let Some((atom, by)) = leaves.outers.get(*outer as usize) {
            groups.entry(*by).or_default().push((*atom, *cell));
        }
    }
    let chains = chains(&timeline.spans);
    let (accumulator, scratch) = (leaves.accumulator.as_mut(), leaves.scratch);
    let mut windows = Windows { accumulator, scratch, store: None };
    let values = groups.into_iter().map(|(by, mut cells)| {
        cells.sort_unstable();
        let values = windows.values(&chains, &timeline.spans, &cells)?;
        Ok((by, coerced(values, measure)))
    });
    values.collect()
}

/// Values of the measure's type.
pub(super) fn coerced(mut values: Values, measure: &Measure) -> Values {
    for value in values.iter_mut().filter_map(|(_, value)| value.as_mut().ok()) {
        *value = coerce(std::mem::replace(value, Value::Null), measure.ty);
    }
    values
}
