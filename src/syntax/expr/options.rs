//! The arguments of a call: expressions, sequences of steps, and options.

use pest::iterators::Pair;

use crate::diag::Code;
use crate::source::Spanned;
use crate::syntax::ast::{Arg, Flag, OptionWord, Step};
use crate::syntax::expr::lower::Lower;
use crate::syntax::expr::{Rule, text_of};

impl<'t> Lower<'t> {
    pub(super) fn arguments(&mut self, pair: Pair<'t, Rule>, depth: &mut u32) -> Option<Vec<Arg>> {
        // No `collect`: every argument is read, so that each gets its findings.
        let mut args = Some(Vec::new());
        for argument in pair.into_inner() {
            match (self.argument(argument, depth), &mut args) {
                (Some(arg), Some(args)) => args.push(arg),
                _ => args = None,
            }
        }
        args
    }

    fn argument(&mut self, pair: Pair<'t, Rule>, depth: &mut u32) -> Option<Arg> {
        if pair.as_rule() != Rule::chain {
            let span = self.span(&pair);
            return Some(Arg::Option(Spanned::new(self.option(pair, depth)?, span)));
        }
        let sentences: Vec<_> = pair.into_inner().filter(|p| p.as_rule() == Rule::expr).collect();
        if sentences.len() == 1 {
            let argument = sentences.into_iter().next()?;
            return Some(Arg::Expr(self.whole_argument(argument)?.unboxed(depth)));
        }
        let last = sentences.len() - 1;
        let mut steps = Some(Vec::new());
        for (i, sentence) in sentences.into_iter().enumerate() {
            match (self.step(sentence, i == 0 || i == last, depth), &mut steps) {
                (Some(step), Some(steps)) => steps.push(step),
                _ => steps = None,
            }
        }
        steps.map(Arg::Chain)
    }

    fn step(&mut self, pair: Pair<'t, Rule>, at_an_end: bool, depth: &mut u32) -> Option<Step> {
        let (tree, excluded) = self.step_sentence(pair, at_an_end)?;
        Some(Step { expr: tree.unboxed(depth), excluded })
    }

    fn option(&mut self, pair: Pair<'t, Rule>, depth: &mut u32) -> Option<OptionWord> {
        let rule = pair.as_rule();
        let mut parts =
            pair.into_inner().filter(|p| !matches!(p.as_rule(), Rule::kw_excluding | Rule::kw_same | Rule::kw_id));
        let first = parts.next()?;
        Some(match rule {
            Rule::opt_within => OptionWord::Within(self.window(first)?),
            Rule::opt_gap => OptionWord::Gap { length: self.length(&first)?, or_more: parts.next().is_some() },
            Rule::opt_after => OptionWord::After(self.length(&first)?),
            Rule::opt_max => OptionWord::Max(self.length(&first)?),
            Rule::opt_least => OptionWord::AtLeast(self.integer(&first)?),
            Rule::opt_offset => {
                let any = first.as_rule() == Rule::any_of;
                let grain = if any { parts.next()? } else { first };
                let from = self.integer(&parts.next()?)?;
                let to = match parts.next() {
                    Some(to) => Some(self.integer(&to)?),
                    None => None,
                };
                OptionWord::Offset { grain: self.grain(&grain)?, from, to, any }
            }
            Rule::opt_top => OptionWord::Top { top: self.integer(&first)?, of: self.integer(&parts.next()?)? },
            Rule::opt_excluding => OptionWord::Excluding(self.sentence(first)?.boxed(depth)),
            Rule::opt_same => OptionWord::Same(Box::new(self.key(first, depth)?.expr)),
            Rule::opt_id => OptionWord::Id(Box::new(self.key(first, depth)?.expr)),
            Rule::flag => OptionWord::Flag(flag(first.as_rule())?),
            _ => return None,
        })
    }

    /// A whole number that counts things.
    pub(super) fn integer(&mut self, pair: &Pair<'t, Rule>) -> Option<u32> {
        let written = text_of(pair);
        match written.replace('_', "").parse() {
            Ok(n) => Some(n),
            Err(_) => {
                let help = format!("write a number of at most {}", u32::MAX);
                let message = format!("`{written}` is too large");
                self.report(Code::NumberSpelling, self.span(pair), message, help);
                None
            }
        }
    }
}

fn flag(rule: Rule) -> Option<Flag> {
    Some(match rule {
        Rule::any_order => Flag::AnyOrder,
        Rule::first_entry => Flag::FirstEntry,
        Rule::each_entry => Flag::EachEntry,
        Rule::latest_entry => Flag::LatestEntry,
        Rule::on_or_after => Flag::OnOrAfter,
        Rule::all_answers => Flag::AllAnswers,
        Rule::split_at_midnight => Flag::SplitAtMidnight,
        Rule::mature_only => Flag::MatureOnly,
        Rule::exclude_actors => Flag::ExcludeActors,
        Rule::no_repeats => Flag::NoRepeats,
        Rule::ignoring_repeats => Flag::IgnoringRepeats,
        Rule::increasing => Flag::Increasing,
        Rule::ordered => Flag::Ordered,
        Rule::strict => Flag::Strict,
        Rule::rolling => Flag::Rolling,
        Rule::recurring => Flag::Recurring,
        Rule::approximate => Flag::Approximate,
        Rule::discrete => Flag::Discrete,
        _ => return None,
    })
}
