//! States of measures that lie in temporary files: what a span of time needs is read when it is asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::Measure;

use crate::collect::table::{Breakdowns, Leaves, Plain, coerced};
use crate::collect::windows::{Store, Windows, chains};
use crate::execute::order::Order;
use crate::execute::run::{Run, wrong};
use crate::operators::{Accumulator, Reader, accumulator};
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::{ALWAYS, Timeline};
use crate::spill::{Piece, Spill};

/// All runs, with the numbers that their breakdowns have in all of them.
pub(super) struct Files(Vec<(Arc<SuiteSpec>, Vec<Placed>)>);

struct Placed {
    run: Run,
    /// By breakdown's place, by group.
    groups: Vec<Vec<u32>>,
}

impl Files {
    pub(super) fn new(suites: Vec<(Arc<SuiteSpec>, Vec<Run>)>, by: &mut Breakdowns) -> Result<Self, Diagnostic> {
        let mut placed = Vec::new();
        for (spec, runs) in suites {
            let breakdowns = breakdowns(&spec).len();
            let mut own = Vec::new();
            for run in runs {
                let mut groups = Vec::with_capacity(breakdowns);
                for breakdown in 0..breakdowns {
                    groups.push(run.groups(breakdown)?.iter().map(|bytes| by.id(bytes)).collect());
                }
                own.push(Placed { run, groups });
            }
            placed.push((spec, own));
        }
        Ok(Self(placed))
    }

    /// What there is of a measure.
    pub(super) fn measure(&self, number: usize, measure: &Arc<Measure>) -> Result<Spilled, Diagnostic> {
        let width = measure.branches.first().map_or(0, |b| b.keys.len());
        let mut files: Vec<Arc<Spill>> = Vec::new();
        let mut blobs = Vec::new();
        for (spec, placed) in &self.0 {
            let breakdowns = breakdowns(spec);
            for (at, taken) in spec.taken.iter().enumerate().filter(|(_, taken)| taken.measure == number) {
                let space = spec.spaces.get(taken.space).ok_or_else(wrong)?;
                let breakdown = breakdowns.iter().position(|exprs| *exprs == space.breakdown()).ok_or_else(wrong)?;
                for Placed { run, groups } in placed {
                    let known = files.iter().position(|file| Arc::ptr_eq(file, &run.spill));
                    let file = known.unwrap_or(files.len());
                    if known.is_none() {
                        files.push(Arc::clone(&run.spill));
                    }
                    for entry in run.entries(at)? {
                        let by = groups.get(breakdown).and_then(|groups| groups.get(entry.group as usize));
                        let by = *by.ok_or_else(wrong)?;
                        blobs.push(Blob { by, atom: entry.atom, file: file as u32, piece: entry.piece });
                    }
                }
            }
        }
        blobs.sort_unstable();
        let mut groups = BTreeMap::new();
        let mut from = 0;
        for same in blobs.chunk_by(|a, b| a.by == b.by) {
            same.first().into_iter().for_each(|first| _ = groups.insert(first.by, from..from + same.len()));
            from += same.len();
        }
        Ok(Spilled { measure: Arc::clone(measure), width, files, blobs, groups })
    }
}

/// The breakdowns of a suite's states, in their order there.
fn breakdowns(spec: &SuiteSpec) -> Vec<&[usize]> {
    let mut all: Vec<&[usize]> = spec.spaces.iter().map(|space| space.breakdown()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What one run knows of a breakdown in an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Blob {
    by: u32,
    atom: u32,
    /// Index into the files.
    file: u32,
    piece: Piece,
}

/// The states of one measure.
pub(super) struct Spilled {
    measure: Arc<Measure>,
    /// How many keys it has.
    pub width: usize,
    files: Vec<Arc<Spill>>,
    /// In order of breakdown and atom.
    blobs: Vec<Blob>,
    groups: BTreeMap<u32, Range<usize>>,
}

/// States that were read back.
pub(super) struct Brought {
    pub order: Order,
    pub accumulator: Box<dyn Accumulator>,
}

impl Spilled {
    fn read(&self, blob: &Blob) -> Result<Vec<u8>, Diagnostic> {
        self.files.get(blob.file as usize).ok_or_else(wrong)?.read(blob.piece)
    }

    fn of(&self, by: u32) -> &[Blob] {
        self.groups.get(&by).and_then(|places| self.blobs.get(places.clone())).unwrap_or_default()
    }

    /// Of a breakdown in a span.
    fn inside(&self, (from, to): (u32, u32), by: u32) -> impl Iterator<Item = &Blob> {
        let all = self.of(by);
        let inside = all.partition_point(|b| b.atom < from)..all.partition_point(|b| b.atom < to);
        let always = all.get(all.partition_point(|b| b.atom < ALWAYS)..).unwrap_or_default();
        all.get(inside).unwrap_or_default().iter().chain(always)
    }

    pub(super) fn groups_in(&self, span: (u32, u32)) -> Vec<u32> {
        self.groups.keys().copied().filter(|by| self.inside(span, *by).next().is_some()).collect()
    }

    /// The leaves of a span and breakdown.
    pub(super) fn keyed(&self, span: (u32, u32), by: u32) -> Result<Brought, Diagnostic> {
        let mut accumulator = accumulator(&self.measure);
        let mut order = Order { width: self.width, ..Order::default() };
        let mut next = 0u32;
        for blob in self.inside(span, by) {
            let bytes = self.read(blob)?;
            let mut reader = Reader::new(&bytes);
            let from = order.cells.len();
            while !reader.is_empty() {
                for _ in 0..self.width {
                    let key = reader.take(4).and_then(|key| key.try_into().ok()).ok_or_else(wrong)?;
                    order.keys.push(u32::from_le_bytes(key));
                }
                if !accumulator.read(next as usize, &mut reader) {
                    return Err(wrong());
                }
                order.cells.push(next);
                next += 1;
            }
            order.runs.push(from..order.cells.len());
        }
        Ok(Brought { order, accumulator })
    }

    /// The values of a measure without keys.
    pub(super) fn plain(&self, timeline: &Timeline) -> Result<Plain, Diagnostic> {
        let chains = chains(&timeline.spans);
        let mut plain = Plain::default();
        for by in self.groups.keys() {
            let atoms: Vec<&[Blob]> = self.of(*by).chunk_by(|a, b| a.atom == b.atom).collect();
            let first = atoms.iter().filter_map(|same| same.first());
            let cells: Vec<(u32, u32)> = first.zip(0u32..).map(|(blob, cell)| (blob.atom, cell)).collect();
            let mut accumulator = accumulator(&self.measure);
            let mut windows = Windows {
                accumulator: accumulator.as_mut(),
                scratch: cells.len(),
                store: Some(&Atoms { of: self, atoms: &atoms }),
            };
            let values = windows.values(&chains, &timeline.spans, &cells)?;
            plain.insert(*by, coerced(values, &self.measure));
        }
        Ok(plain)
    }

    /// All states, in memory.
    pub(super) fn leaves(&self) -> Result<Leaves, Diagnostic> {
        let mut leaves = Leaves {
            accumulator: accumulator(&self.measure),
            outers: Vec::new(),
            of: Vec::new(),
            cells: Vec::new(),
            scratch: 0,
        };
        for same in self.blobs.chunk_by(|a, b| (a.by, a.atom) == (b.by, b.atom)) {
            let cell = leaves.scratch;
            for blob in same {
                merge(leaves.accumulator.as_mut(), cell, &self.read(blob)?)?;
            }
            leaves.outers.extend(same.first().map(|blob| (blob.atom, blob.by)));
            leaves.of.push(cell as u32);
            leaves.cells.push(cell as u32);
            leaves.scratch += 1;
        }
        Ok(leaves)
    }
}

fn merge(accumulator: &mut dyn Accumulator, cell: usize, bytes: &[u8]) -> Result<(), Diagnostic> {
    let mut reader = Reader::new(bytes);
    if accumulator.read(cell, &mut reader) && reader.is_empty() { Ok(()) } else { Err(wrong()) }
}

/// The atoms of a breakdown, ascending.
struct Atoms<'a> {
    of: &'a Spilled,
    atoms: &'a [&'a [Blob]],
}

impl Store for Atoms<'_> {
    fn bring(&self, accumulator: &mut dyn Accumulator, place: usize, into: usize) -> Result<(), Diagnostic> {
        for blob in self.atoms.get(place).copied().unwrap_or_default() {
            merge(accumulator, into, &self.of.read(blob)?)?;
        }
        Ok(())
    }
}
