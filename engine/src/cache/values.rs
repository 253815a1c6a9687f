//! Values of periods, by ask: what is over is not made again. A value is named after what it rests on: the definition, the spans
//! of time that it needs, and the files that have rows in them. So a late file makes the periods again into which its rows
//! fall, and no others; and the states of files are only loaded for periods of which no value is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use kepi_lang::calendar::{Interval, Period};
use kepi_lang::ir::{Aggregate, Ask, ColumnId, Question, SourceId};
use kepi_lang::results::Extent;

use crate::cache::entry::{Key, Kind, Making};
use crate::cache::kept::{File, Keeping, Measured};
use crate::collect::Known;
use crate::collect::settled::Settled;
use crate::operators::Reader;
use crate::plan::{Plan, micros};

/// Values of an ask that are kept, the ones last used first, and their bytes.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 16 << 20;

/// The values of a question's asks.
#[derive(Default)]
pub(crate) struct Values {
    /// By ask: its entry, and what its periods are called in it; `None` where no value is kept.
    asks: Vec<Option<Of>>,
    /// By ask and period, what is known.
    pub known: Vec<Known>,
    /// By source of the question, the files that have to be known for the rest.
    pub needed: Vec<Vec<bool>>,
}

struct Of {
    entry: Key,
    periods: Vec<Key>,
    /// All values of the entry as they are, in order.
    all: Vec<(Key, Vec<u8>)>,
}

/// The spans that are needed of a source, by one clock; without a clock, of all its rows.
type Spans = BTreeMap<(usize, Option<ColumnId>), Vec<(i64, i64)>>;

/// What a period's value needs of the sources.
struct Resting<'a> {
    plan: &'a Plan,
    sources: &'a [Measured<'a>],
    /// By source of the program, its place among those of the question.
    places: BTreeMap<SourceId, usize>,
}

impl Resting<'_> {
    fn spans(&self, needs: &BTreeSet<(usize, Interval)>) -> Spans {
        let cap = micros(self.plan.as_of);
        let mut spans = Spans::new();
        for (measure, interval) in needs {
            let Some(planned) = self.plan.measures.get(*measure) else { continue };
            let trail = planned.measure.aggregate == Aggregate::Trail;
            let span = (micros(interval.start).min(cap), micros(interval.end).min(cap));
            for branch in &planned.measure.branches {
                if trail || branch.derived.is_some() {
                    // Their rows come from other times, too.
                    let mut all = BTreeSet::new();
                    branch.sources(&mut all);
                    let places = all.iter().filter_map(|id| self.places.get(id));
                    places.for_each(|at| _ = spans.entry((*at, None)).or_default());
                } else if let Some(at) = self.places.get(&branch.source) {
                    spans.entry((*at, branch.time)).or_default().push(span);
                }
            }
        }
        for spans in spans.values_mut() {
            spans.retain(|(from, to)| from < to);
            spans.sort_unstable();
            spans.dedup_by(|next, last| {
                let touches = next.0 <= last.1;
                if touches {
                    last.1 = last.1.max(next.1);
                }
                touches
            });
        }
        spans
    }

    /// The files of a source that have rows in the spans, or may have.
    fn files(&self, spans: &Spans, source: usize) -> Vec<bool> {
        let mut files = Vec::new();
        let Some(of) = self.sources.get(source) else { return files };
        files.resize(of.kept.files.len(), false);
        for ((_, clock), spans) in spans.range((source, None)..).take_while(|((at, _), _)| *at == source) {
            for (here, file) in files.iter_mut().zip(&of.kept.files) {
                *here |= file.as_ref().is_some_and(|file| rests(file, *clock, spans));
            }
        }
        files
    }
}

/// Whether rows of a file fall into one of the spans, as far as is known.
fn rests(file: &File, clock: Option<ColumnId>, spans: &[(i64, i64)]) -> bool {
    let (Some(clock), Some(reach)) = (clock, &file.reach) else { return true };
    let Some((least, most)) = reach.get(&clock) else { return false };
    // The first that does not end before the file begins.
    let at = spans.partition_point(|(_, to)| to <= least);
    spans.get(at).is_some_and(|(from, _)| from <= most)
}

impl Keeping {
    /// What is known of a question's periods, and which files are needed for the others. All files that had to be read have
    /// been.
    pub fn values(&self, question: &Question, plan: &Plan, extents: &[Extent], sources: &[Measured<'_>]) -> Values {
        let places = sources.iter().enumerate().map(|(at, of)| (of.work.spec.source, at)).collect();
        let resting = Resting { plan, sources, places };
        let needed = sources.iter().map(|of| vec![false; of.kept.files.len()]).collect();
        let mut values = Values { asks: Vec::new(), known: Vec::new(), needed };
        for (ask, needs) in question.asks.iter().zip(&plan.asks) {
            let entry = self.entry(ask, needs, extents, &resting);
            let mut of = entry.map(|entry| Of { entry, periods: Vec::new(), all: self.all(&entry) });
            let found: HashMap<Key, &[u8]> =
                of.iter().flat_map(|of| &of.all).map(|(key, bytes)| (*key, bytes.as_slice())).collect();
            let (mut known, mut periods) = (Known::new(), Vec::new());
            for (period, needs) in ask.periods.iter().zip(needs) {
                let spans = resting.spans(needs);
                let files: Vec<Vec<bool>> = (0..sources.len()).map(|at| resting.files(&spans, at)).collect();
                let settled = entry.and_then(|entry| {
                    let key = value(&entry, period, plan, &spans, &files, sources);
                    periods.push(key);
                    found.get(&key).and_then(|bytes| read(bytes))
                });
                if settled.is_none() {
                    for (needed, files) in values.needed.iter_mut().zip(&files) {
                        needed.iter_mut().zip(files).for_each(|(needed, here)| *needed |= here);
                    }
                }
                known.push(settled);
            }
            if let Some(of) = &mut of {
                of.periods = periods;
            }
            values.known.push(if of.is_some() { known } else { Known::new() });
            values.asks.push(of);
        }
        values
    }

    /// The entry with an ask's values; `None` where they rest on more than rows of known files in known spans.
    fn entry(
        &self,
        ask: &Ask,
        needs: &[BTreeSet<(usize, Interval)>],
        extents: &[Extent],
        resting: &Resting<'_>,
    ) -> Option<Key> {
        let measures: BTreeSet<usize> = needs.iter().flatten().map(|(measure, _)| *measure).collect();
        let mut of: BTreeSet<SourceId> = BTreeSet::new();
        for measure in measures {
            let measure = &resting.plan.measures.get(measure)?.measure;
            let plain = measure.aggregate != Aggregate::Trail && measure.branches.iter().all(|b| b.derived.is_none());
            plain.then_some(())?;
            of.extend(measure.branches.iter().map(|branch| branch.source));
        }
        let mut making = Making::new("ask");
        (&ask.expr, &ask.by).hash(&mut making);
        for id in &of {
            let source = resting.sources.get(*resting.places.get(id)?)?;
            id.hash(&mut making);
            making.write(&source.kept.definition?.0);
            // Where history begins: what is compared with a time before it is null.
            extents.get(id.0 as usize).and_then(|extent| extent.first).hash(&mut making);
        }
        (!of.is_empty()).then(|| making.key())
    }

    fn all(&self, entry: &Key) -> Vec<(Key, Vec<u8>)> {
        let Some(content) = self.cache.get(Kind::Values, entry) else { return Vec::new() };
        let all = read_all(&content);
        if all.is_none() {
            self.cache.damaged(entry);
        }
        all.unwrap_or_default()
    }

    /// Keeps what periods have turned out to be worth, and of what was there before what was used last.
    pub fn keep_values(&self, values: &Values, made: &[Known]) {
        for ((of, known), made) in values.asks.iter().zip(&values.known).zip(made) {
            let Some(of) = of.as_ref().filter(|_| made.iter().any(Option::is_some)) else { continue };
            let mut written: BTreeSet<Key> = BTreeSet::new();
            let (mut content, mut full) = (Vec::new(), false);
            let mut put = |key: &Key, bytes: &[u8]| {
                full |= written.len() == MOST || content.len() + bytes.len() > MOST_BYTES;
                if !full && written.insert(*key) {
                    content.extend(key.0);
                    content.extend((bytes.len() as u64).to_le_bytes());
                    content.extend_from_slice(bytes);
                }
            };
            // The last periods are those that are asked for again.
            for (key, (known, made)) in of.periods.iter().zip(known.iter().zip(made)).rev() {
                let mut bytes = Vec::new();
                if let Some(settled) = known.as_ref().or(made.as_ref()) {
                    settled.write(&mut bytes);
                    put(key, &bytes);
                }
            }
            of.all.iter().for_each(|(key, bytes)| put(key, bytes));
            self.cache.put(Kind::Values, &of.entry, &[&content]);
        }
        self.cache.tidy();
    }
}

/// The name of a period's value.
fn value(
    entry: &Key,
    period: &Period,
    plan: &Plan,
    spans: &Spans,
    files: &[Vec<bool>],
    sources: &[Measured<'_>],
) -> Key {
    let mut making = Making::new("value");
    making.write(&entry.0);
    (period.interval, period.grain).hash(&mut making);
    let mut until_now = period.interval.end > plan.as_of;
    for ((at, clock), spans) in spans {
        let Some(of) = sources.get(*at) else { continue };
        (of.work.spec.source, clock, spans).hash(&mut making);
        // Whatever clock a measure goes by, rows of the source's own "now" and later do not count.
        let own = of.work.spec.time.filter(|own| Some(*own) != *clock);
        let here = files.get(*at).into_iter().flatten().zip(&of.kept.files).filter(|(here, _)| **here);
        let mut reaches = here.filter_map(|(_, file)| Some(file.as_ref()?.reach.as_ref()));
        let later = |own: ColumnId| {
            let cap = micros(plan.as_of);
            reaches.any(|reach| reach.is_none_or(|reach| reach.get(&own).is_some_and(|(_, most)| *most >= cap)))
        };
        until_now |= own.is_some_and(later);
    }
    if until_now {
        plan.as_of.hash(&mut making);
    }
    for (files, of) in files.iter().zip(sources) {
        let here = files.iter().zip(&of.kept.files).filter(|(here, _)| **here);
        here.filter_map(|(_, file)| file.as_ref()).for_each(|file| making.write(&file.key.0));
        making.write_u8(0);
    }
    making.key()
}

fn read(bytes: &[u8]) -> Option<Settled> {
    let mut reader = Reader::new(bytes);
    Settled::read(&mut reader).filter(|_| reader.is_empty())
}

fn read_all(content: &[u8]) -> Option<Vec<(Key, Vec<u8>)>> {
    let mut reader = Reader::new(content);
    let mut all = Vec::new();
    while !reader.is_empty() {
        let key = Key(reader.take(32)?.try_into().ok()?);
        let n = reader.count(1)?;
        all.push((key, reader.take(n)?.to_vec()));
    }
    Some(all)
}
