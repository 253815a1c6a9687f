//! `retention(A -> B, day 7)`.

use crate::calendar::Grain;
use crate::check::findings::Check;
use crate::check::metrics::Metrics;
use crate::diag::Code;
use crate::functions::Function;
use crate::ir::{Bucket, Journey, JourneyKind, Order, Retention};
use crate::source::Span;
use crate::syntax::ast::{Arg, Flag, OptionWord};

/// Periods after a start, and rows of a table.
const MOST: u32 = 1000;

/// `day 7`, `day 0 to 10`, `any day 1 to 3`.
struct Offset {
    grain: Grain,
    from: u32,
    to: Option<u32>,
    any: bool,
}

impl Offset {
    fn buckets(&self) -> Vec<Bucket> {
        let to = self.to.unwrap_or(self.from);
        match self.any {
            true => vec![Bucket { from: self.from, to }],
            false => (self.from..=to).map(|at| Bucket { from: at, to: at }).collect(),
        }
    }
}

impl<'a> Metrics<'_, 'a> {
    pub(super) fn retention(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<Journey> {
        let (mut offsets, mut at_least, mut same) = (Vec::new(), 1, None);
        let mut flags: Vec<Flag> = Vec::new();
        self.plain(function, args, span, |option| {
            match option {
                OptionWord::Offset { grain, from, to, any } => {
                    offsets.push(Offset { grain: *grain, from: *from, to: *to, any: *any });
                }
                OptionWord::AtLeast(n) => at_least = *n,
                OptionWord::Same(held) => same = Some(held.as_ref()),
                OptionWord::Flag(flag @ (Flag::OnOrAfter | Flag::Rolling | Flag::Recurring | Flag::MatureOnly)) => {
                    flags.push(*flag)
                }
                _ => return None,
            }
            Some(())
        })?;
        let has = |flag: Flag| flags.contains(&flag);
        let grain = self.offsets(&offsets, has(Flag::OnOrAfter), span)?;
        let buckets: Vec<Bucket> = offsets.iter().flat_map(Offset::buckets).collect();
        if at_least == 0 {
            return self.bad(Code::JourneyOption, span, "a return of no events", "write `at least 2`, or leave it out");
        }
        if has(Flag::Rolling) && matches!(grain, Grain::Quarter | Grain::Year) {
            let message = format!("a rolling {grain} has no length of its own");
            return self.bad(Code::JourneyOption, span, message, "count rolling days, weeks or months (of 30 days)");
        }
        let written = self.chain(function, args, span)?;
        let [start, back] = written else {
            let message = "a retention goes from one event to one other";
            return self.bad(Code::JourneySteps, span, message, "write `retention(A -> B, day 7)`");
        };
        let sets = [self.step_set(&start.expr), self.step_set(&back.expr)];
        let sets = sets.into_iter().collect::<Check<Vec<_>>>()?;
        let trail = self.trail(&sets, same, Order::Ordered, span)?;
        let kind = JourneyKind::Retention(Retention {
            grain,
            table: buckets.len() > 1,
            buckets,
            on_or_after: has(Flag::OnOrAfter),
            rolling: has(Flag::Rolling),
            recurring: has(Flag::Recurring),
            at_least,
            same: same.is_some(),
            mature_only: has(Flag::MatureOnly),
        });
        Ok(Journey { trail, kind })
    }

    /// The grain of the offsets, which make sense.
    fn offsets(&self, offsets: &[Offset], on_or_after: bool, span: Span) -> Check<Grain> {
        let Some(Offset { grain, .. }) = offsets.first() else {
            let message = "how long after the first day is not said";
            let help = "write `day 7`, `week 4`, `any day 1 to 7`, or a table: `day 0 to 10`";
            return self.bad(Code::JourneyOption, span, message, help);
        };
        if let Some(other) = offsets.iter().find(|o| o.grain != *grain) {
            let message = format!("offsets in {grain}s and in {}s", other.grain);
            return self.bad(Code::JourneyOption, span, message, "one retention has one grain: make two metrics");
        }
        let long = offsets.iter().any(|o| o.to.is_some_and(|to| to <= o.from) || o.to.unwrap_or(o.from) > MOST);
        if long || offsets.len() > MOST as usize {
            let message = format!("offsets go up, to at most {MOST}");
            return self.bad(Code::JourneyOption, span, message, "write `day 0 to 10`");
        }
        if offsets.iter().any(|o| o.any && o.from == 0) {
            let message = format!("{grain} 0 is the cohort itself, and any of the {grain}s from it on has everybody");
            return self.bad(Code::JourneyOption, span, message, format!("begin with {grain} 1: `any {grain} 1 to 7`"));
        }
        if on_or_after && offsets.iter().any(|o| o.any) {
            let message = format!("`any {grain}` has an end, and `on or after` has none");
            return self.bad(Code::JourneyOption, span, message, "leave one out");
        }
        let buckets: Vec<Bucket> = offsets.iter().flat_map(Offset::buckets).collect();
        let twice = buckets.iter().enumerate().find(|(at, b)| buckets.iter().take(*at).any(|other| other == *b));
        if let Some((_, twice)) = twice {
            let message = format!("{grain} {twice} stands there twice");
            return self.bad(Code::JourneyOption, span, message, "leave one out");
        }
        Ok(*grain)
    }
}
