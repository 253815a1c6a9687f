//! Texts that come again and again, as small numbers, so that what depends on one of them alone is found out once for each
//! distinct text and not for each row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use kepi_lang::ir::{ColumnId, RowExpr, RowKind, ScalarType, Way};
use xxhash_rust::xxh3::xxh3_128;

use crate::plan::timeline::NONE;
use crate::rows::{Civil, Columns, FastState, RowError, evaluate};
use crate::sources::Clean;

/// More distinct texts are no longer few.
const FEW: usize = 4096;
/// Texts that are found without a table, by where their view falls: a power of two.
const NEAR: usize = 256;

/// The distinct texts of a column.
pub(crate) struct Codes {
    near: Vec<(u128, u32)>,
    known: HashMap<u128, u32, FastState>,
    /// By code; the first is null.
    texts: Vec<Option<String>>,
    /// There are too many of them.
    many: bool,
}

impl Default for Codes {
    fn default() -> Self {
        Self { near: vec![(0, NONE); NEAR], known: HashMap::default(), texts: vec![None], many: false }
    }
}

impl Codes {
    /// The code of each row; `None` where there are too many distinct texts.
    pub(crate) fn of(&mut self, values: &StringViewArray) -> Option<Vec<u32>> {
        if self.many {
            return None;
        }
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        let mut codes = Vec::with_capacity(values.len());
        let mut last = (0u128, NONE);
        for (row, view) in values.views().iter().enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                codes.push(0);
                continue;
            }
            // A short text is in its view; of a long one the view says where it is.
            let image = if *view as u32 <= 12 { *view } else { xxh3_128(values.value(row).as_bytes()) | 0xff };
            if last.1 != NONE && last.0 == image {
                codes.push(last.1);
                continue;
            }
            let spread = (image >> 64) as u64 ^ image as u64;
            let place = (spread.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize;
            let code = match self.near.get(place) {
                Some((known, code)) if *known == image && *code != NONE => *code,
                _ => {
                    let texts = &mut self.texts;
                    let code = *self.known.entry(image).or_insert_with(|| {
                        texts.push(Some(values.value(row).to_owned()));
                        (texts.len() - 1) as u32
                    });
                    if let Some(near) = self.near.get_mut(place) {
                        *near = (image, code);
                    }
                    code
                }
            };
            last = (image, code);
            codes.push(code);
        }
        self.many = self.texts.len() > FEW;
        (!self.many).then_some(codes)
    }

    pub(crate) fn count(&self) -> usize {
        self.texts.len()
    }
}

/// A condition on one column of text, and what it is worth for each code: false, true, null.
struct Condition {
    expr: RowExpr,
    column: ColumnId,
    worth: Vec<u8>,
    /// It fails for some text: rows are asked one by one.
    failed: bool,
}

/// The conditions of a suite that depend on one column of text alone.
#[derive(Default)]
pub(crate) struct Conditions {
    all: Vec<Condition>,
    /// By the address of the expression, which lives as long as the suite.
    places: HashMap<usize, usize>,
    pub codes: BTreeMap<ColumnId, Codes>,
}

/// What is known about a batch: the codes of its columns, and the values of conditions by the address of their expressions.
#[derive(Default)]
pub(crate) struct Known {
    pub codes: BTreeMap<ColumnId, Vec<u32>>,
    values: HashMap<usize, ArrayRef>,
}

impl Known {
    pub(crate) fn value(&self, expr: &RowExpr) -> Option<ArrayRef> {
        self.values.get(&address(expr)).cloned()
    }
}

fn address(expr: &RowExpr) -> usize {
    std::ptr::from_ref(expr).addr()
}

impl Conditions {
    /// `exprs` must stay where they are as long as this lives.
    pub(crate) fn new<'a>(exprs: impl Iterator<Item = &'a RowExpr>) -> Self {
        let mut found = Self::default();
        exprs.for_each(|expr| found.look(expr));
        found
    }

    fn look(&mut self, expr: &RowExpr) {
        if expr.ty == ScalarType::Bool
            && let Some(column) = single(expr)
        {
            let known = self.all.iter().position(|c| c.expr == *expr);
            let at = known.unwrap_or(self.all.len());
            if known.is_none() {
                self.all.push(Condition { expr: expr.clone(), column, worth: Vec::new(), failed: false });
                self.codes.entry(column).or_default();
            }
            self.places.insert(address(expr), at);
            return;
        }
        match &expr.kind {
            RowKind::And(a, b) | RowKind::Or(a, b) => {
                self.look(a);
                self.look(b);
            }
            RowKind::Not(a) => self.look(a),
            RowKind::If { condition, .. } => self.look(condition),
            _ => {}
        }
    }

    pub(crate) fn known(&mut self, clean: &Clean) -> Known {
        let mut known = Known::default();
        for (column, codes) in &mut self.codes {
            let Ok(values) = clean.column(*column) else { continue };
            if let Some(found) = values.as_string_view_opt().and_then(|values| codes.of(values)) {
                known.codes.insert(*column, found);
            }
        }
        let mut values: Vec<Option<ArrayRef>> = Vec::new();
        for condition in &mut self.all {
            let both = known.codes.get(&condition.column).zip(self.codes.get(&condition.column));
            values.push(both.and_then(|(codes, table)| condition.values(codes, table, clean)));
        }
        for (place, at) in self.places.iter().map(|(place, at)| (*place, *at)).collect::<BTreeMap<_, _>>() {
            if let Some(Some(value)) = values.get(at) {
                known.values.insert(place, Arc::clone(value));
            }
        }
        known
    }
}

impl Condition {
    fn values(&mut self, codes: &[u32], table: &Codes, clean: &Clean) -> Option<ArrayRef> {
        if self.failed {
            return None;
        }
        if self.worth.len() < table.count() {
            let new = table.texts.iter().skip(self.worth.len()).map(Option::as_deref);
            let texts = Texts { column: self.column, values: Arc::new(new.collect::<StringViewArray>()), clean };
            let Ok(found) = evaluate(&self.expr, &texts) else {
                self.failed = true;
                return None;
            };
            let found = found.as_boolean_opt()?;
            self.worth.extend(found.iter().map(|v| v.map_or(2, u8::from)));
        }
        let worth = |row: usize| codes.get(row).and_then(|code| self.worth.get(*code as usize)).copied().unwrap_or(2);
        let truth = BooleanBuffer::collect_bool(codes.len(), |row| worth(row) == 1);
        let nulls = self
            .worth
            .contains(&2)
            .then(|| NullBuffer::new(BooleanBuffer::collect_bool(codes.len(), |row| worth(row) != 2)));
        Some(Arc::new(BooleanArray::new(truth, nulls)))
    }
}

/// The one column that an expression depends on, of text.
fn single(expr: &RowExpr) -> Option<ColumnId> {
    let mut found = None;
    reads(expr, &mut found).then_some(found)?
}

/// Whether an expression reads no other column than the one found.
fn reads(expr: &RowExpr, found: &mut Option<ColumnId>) -> bool {
    let mut all = |parts: &[&RowExpr]| parts.iter().all(|part| reads(part, found));
    match &expr.kind {
        RowKind::Column(id) => {
            let same = expr.ty == ScalarType::Text && found.is_none_or(|known| known == *id);
            *found = Some(*id);
            same
        }
        RowKind::Literal(_) => true,
        RowKind::Not(a) | RowKind::IsNull(a) | RowKind::Like { of: a, .. } => all(&[a]),
        RowKind::And(a, b) | RowKind::Or(a, b) | RowKind::Compare { left: a, right: b, .. } => all(&[a, b]),
        RowKind::In { of, list } => all(&[of]) && list.iter().all(|item| reads(item, found)),
        RowKind::Call { args, .. } => args.iter().all(|arg| reads(arg, found)),
        _ => false,
    }
}

/// Distinct texts as rows.
struct Texts<'a> {
    column: ColumnId,
    values: ArrayRef,
    clean: &'a Clean,
}

impl Columns for Texts<'_> {
    fn rows(&self) -> usize {
        self.values.len()
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        match column == self.column {
            true => Ok(Arc::clone(&self.values)),
            false => Err(RowError::Internal("a condition of one column that reads another".to_owned())),
        }
    }

    fn linked(&self, _: &Way, _: ColumnId) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("a condition of one column that reads a lookup".to_owned()))
    }

    fn civil(&self) -> &Civil {
        self.clean.civil()
    }
}
