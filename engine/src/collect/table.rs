//! The value of each measure for each span and group.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use kepi_lang::ir::{Aggregate, Measure};
use kepi_lang::value::Value;

use crate::collect::trails::Trail;
use crate::collect::value::coerce;
use crate::execute::state::{Merged, MergedMeasure};
use crate::operators::{Reader, TooLarge, decode_value};
use crate::plan::Plan;
use crate::plan::timeline::{ALWAYS, Timeline};
use crate::rows::FastState;

/// The breakdown of nothing, and the key of no distribution.
pub(crate) const ROOT: u32 = 0;

/// Values in a chain: each entry has a parent, so that a key's keys are its children.
#[derive(Default)]
pub(super) struct Chain {
    ids: HashMap<(u32, Vec<u8>), u32, FastState>,
    /// Parent and value, from entry 1 on.
    entries: Vec<(u32, Value)>,
}

impl Chain {
    pub(super) fn id(&mut self, parent: u32, bytes: &[u8], value: Value) -> u32 {
        *self.ids.entry((parent, bytes.to_vec())).or_insert_with(|| {
            self.entries.push((parent, value));
            self.entries.len() as u32
        })
    }

    fn parent(&self, id: u32) -> Option<&(u32, Value)> {
        self.entries.get((id as usize).checked_sub(1)?)
    }
}

/// One group of a measure: its value in each span in which it has rows, by number of span, ascending.
struct Group {
    by: u32,
    /// The key at each depth.
    keys: Vec<u32>,
    values: Vec<(u32, Result<Value, TooLarge>)>,
}

impl Group {
    fn at(&self, span: usize) -> Option<&Result<Value, TooLarge>> {
        let at = self.values.binary_search_by_key(&(span as u32), |v| v.0).ok()?;
        self.values.get(at).map(|v| &v.1)
    }
}

/// One measure.
pub(crate) struct MeasureTable {
    groups: Vec<Group>,
    known: HashMap<(u32, u32), u32, FastState>,
    /// By depth: breakdown and key to the keys one deeper, each with its groups. Made when first asked for.
    children: RefCell<HashMap<usize, Rc<Children>>>,
}

type Children = HashMap<(u32, u32), Vec<(u32, u32)>, FastState>;

impl MeasureTable {
    /// `None`: no rows.
    pub(crate) fn value(&self, by: u32, key: u32, span: usize) -> Option<Result<Value, TooLarge>> {
        let group = self.known.get(&(by, key))?;
        self.groups.get(*group as usize)?.at(span).cloned()
    }

    /// The breakdowns that have rows in a span.
    pub(crate) fn groups_in(&self, span: usize) -> impl Iterator<Item = u32> + '_ {
        self.groups.iter().filter(move |g| g.at(span).is_some()).map(|g| g.by)
    }

    /// Adds the keys below a key, at a depth, that have rows in a span.
    pub(crate) fn members(&self, by: u32, key: u32, depth: usize, span: usize, out: &mut BTreeSet<u32>) {
        let children = self.children.borrow().get(&depth).cloned();
        let children = children.unwrap_or_else(|| {
            let mut made = Children::default();
            for (number, group) in self.groups.iter().enumerate() {
                let parent = depth.checked_sub(1).map_or(Some(ROOT), |d| group.keys.get(d).copied());
                if let (Some(parent), Some(child)) = (parent, group.keys.get(depth)) {
                    made.entry((group.by, parent)).or_default().push((*child, number as u32));
                }
            }
            let made = Rc::new(made);
            self.children.borrow_mut().insert(depth, Rc::clone(&made));
            made
        });
        let below = children.get(&(by, key)).map(Vec::as_slice).unwrap_or_default();
        let inside = |number: &u32| self.groups.get(*number as usize).is_some_and(|g| g.at(span).is_some());
        out.extend(below.iter().filter(|(_, number)| inside(number)).map(|(child, _)| *child));
    }
}

/// All measures of a plan.
pub(crate) struct Tables {
    pub measures: Vec<MeasureTable>,
    /// By number of the measure, of trails.
    pub trails: HashMap<usize, Trail>,
    by: Chain,
    keys: Chain,
}

impl Tables {
    pub(crate) fn new(plan: &Plan, merged: Merged) -> Option<Self> {
        let (mut by, mut keys) = (Chain::default(), Chain::default());
        let mut measures = Vec::new();
        let mut trails = HashMap::new();
        for (number, (planned, mut merged)) in plan.measures.iter().zip(merged.measures).enumerate() {
            if planned.measure.aggregate == Aggregate::Trail {
                trails.insert(number, Trail::new(&planned.measure, &mut merged, &mut by)?);
                merged.cells.clear();
                merged.groups.clear();
            }
            let timeline = plan.timelines.get(planned.timeline)?;
            measures.push(measure_table(&planned.measure, timeline, merged, &mut by, &mut keys)?);
        }
        Some(Self { measures, trails, by, keys })
    }

    /// How many keys lead to this one, itself included.
    pub(crate) fn depth(&self, key: u32) -> usize {
        std::iter::successors(self.keys.parent(key), |(parent, _)| self.keys.parent(*parent)).count()
    }

    /// The values of a breakdown; whole numbers are whole, whatever the type of the dimension.
    pub(crate) fn by_values(&self, id: u32) -> Vec<Value> {
        let mut values = Vec::new();
        let mut at = id;
        while let Some((parent, value)) = self.by.parent(at) {
            values.push(value.clone());
            at = *parent;
        }
        values.reverse();
        values
    }
}

fn measure_table(
    measure: &Measure,
    timeline: &Timeline,
    mut merged: MergedMeasure,
    by: &mut Chain,
    keys: &mut Chain,
) -> Option<MeasureTable> {
    let branch = measure.branches.first();
    let count = branch.map_or(0, |b| b.by.len() + b.keys.len());
    let depth = branch.map_or(0, |b| b.by.len());
    // The cells of each group, in order of atom.
    let mut cells: Vec<Vec<(u32, u32)>> = vec![Vec::new(); merged.groups.len()];
    for (number, cell) in merged.cells.iter().enumerate() {
        if cell.rows > 0 {
            cells.get_mut(cell.group as usize)?.push((cell.atom, number as u32));
        }
    }
    let chains = chains(&timeline.spans);
    let mut table =
        MeasureTable { groups: Vec::new(), known: HashMap::default(), children: RefCell::new(HashMap::new()) };
    let names = std::mem::take(&mut merged.groups);
    let mut windows = Windows { scratch: merged.cells.len(), merged: &mut merged };
    for (bytes, cells) in names.iter().zip(&mut cells) {
        cells.sort_unstable();
        let (mut by_id, mut path) = (ROOT, Vec::new());
        let mut reader = Reader::new(bytes);
        for at in 0..count {
            let value = decode_value(&mut reader)?;
            let mut encoded = Vec::new();
            crate::operators::encode_value(&value, &mut encoded);
            if at < depth {
                by_id = by.id(by_id, &encoded, value);
            } else {
                let parent = path.last().copied().unwrap_or(ROOT);
                path.push(keys.id(parent, &encoded, value));
            }
        }
        let mut values = windows.values(&chains, &timeline.spans, cells);
        for (_, value) in &mut values {
            if let Ok(value) = value {
                *value = coerce(std::mem::replace(value, Value::Null), measure.ty);
            }
        }
        let key = path.last().copied().unwrap_or(ROOT);
        table.known.insert((by_id, key), table.groups.len() as u32);
        table.groups.push(Group { by: by_id, keys: path, values });
    }
    Some(table)
}

/// The spans (by number) in chains along which neither end moves back.
fn chains(spans: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    let of = |n: usize| spans.get(n).copied().unwrap_or((0, 0));
    order.sort_by_key(|n| of(*n));
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for number in order {
        let fits = |chain: &&mut Vec<usize>| chain.last().is_none_or(|last| of(*last).1 <= of(number).1);
        match chains.iter_mut().find(fits) {
            Some(chain) => chain.push(number),
            None => chains.push(vec![number]),
        }
    }
    chains
}

/// Values of spans that are merged from cells. Along a chain a window slides: what it has in common with the one before is
/// not merged again (two stacks: suffixes of the older cells, one running merge of the newer ones).
struct Windows<'a> {
    merged: &'a mut MergedMeasure,
    /// The first cell number that is free.
    scratch: usize,
}

impl Windows<'_> {
    fn values(
        &mut self,
        chains: &[Vec<usize>],
        spans: &[(u32, u32)],
        cells: &[(u32, u32)],
    ) -> Vec<(u32, Result<Value, TooLarge>)> {
        let timed = cells.partition_point(|c| c.0 < ALWAYS);
        let (timed, always) = cells.split_at(timed.min(cells.len()));
        let always = always.first().map(|c| c.1 as usize);
        let range = |number: usize| {
            let (from, to) = spans.get(number).copied().unwrap_or((0, 0));
            (timed.partition_point(|c| c.0 < from), timed.partition_point(|c| c.0 < to))
        };
        let mut values = Vec::new();
        for chain in chains {
            let mut slide = Slide::default();
            for (at, number) in chain.iter().enumerate() {
                let (low, high) = range(*number);
                let next = chain.get(at + 1).map(|n| range(*n));
                let value = match (high.saturating_sub(low), always) {
                    (0, None) => continue,
                    (0, Some(cell)) => self.merged.accumulator.finish(cell),
                    (1, None) => self.finish(timed, low),
                    (_, None) => {
                        let cell = self.slide(&mut slide, timed, low, high, next);
                        self.merged.accumulator.finish(cell)
                    }
                    (_, Some(cell)) => {
                        let out = self.scratch;
                        self.merged.accumulator.copy(out, cell);
                        for (_, from) in timed.get(low..high).unwrap_or_default() {
                            self.merged.accumulator.merge(out, *from as usize);
                        }
                        self.merged.accumulator.finish(out)
                    }
                };
                values.push((*number as u32, value));
            }
        }
        values.sort_by_key(|v| v.0);
        values
    }

    fn finish(&mut self, cells: &[(u32, u32)], at: usize) -> Result<Value, TooLarge> {
        cells.get(at).map_or(Ok(Value::Null), |c| self.merged.accumulator.finish(c.1 as usize))
    }

    /// The cell with the merge of `low..high`, at least two cells.
    fn slide(
        &mut self,
        slide: &mut Slide,
        cells: &[(u32, u32)],
        low: usize,
        high: usize,
        next: Option<(usize, usize)>,
    ) -> usize {
        let accumulator = &mut self.merged.accumulator;
        // Scratch: the result, the running merge, then the suffixes.
        let (out, back, front) = (self.scratch, self.scratch + 1, self.scratch + 2);
        let cell = |i: usize| cells.get(i).map_or(0, |c| c.1 as usize);
        let usable = slide.filled && low >= slide.low && low <= slide.middle && high >= slide.high;
        if !usable || (low == slide.middle && low != slide.low) {
            let overlapping = next.is_some_and(|(l, h)| low < l && l + 1 < high && h >= high);
            *slide = Slide { filled: true, low, middle: if overlapping { high } else { low }, high };
            if overlapping {
                for i in (low..high).rev() {
                    accumulator.copy(front + i - low, cell(i));
                    if i + 1 < high {
                        accumulator.merge(front + i - low, front + i + 1 - low);
                    }
                }
            } else {
                accumulator.copy(back, cell(low));
                (low + 1..high).for_each(|i| accumulator.merge(back, cell(i)));
            }
        } else {
            for i in slide.high..high {
                if i == slide.middle {
                    accumulator.copy(back, cell(i));
                } else {
                    accumulator.merge(back, cell(i));
                }
            }
            slide.high = high;
        }
        if low == slide.middle {
            return back;
        }
        if slide.high == slide.middle {
            return front + low - slide.low;
        }
        accumulator.copy(out, front + low - slide.low);
        accumulator.merge(out, back);
        out
    }
}

/// The suffixes of `low..middle` are kept, and the merge of `middle..high`.
#[derive(Default)]
struct Slide {
    filled: bool,
    low: usize,
    middle: usize,
    high: usize,
}
