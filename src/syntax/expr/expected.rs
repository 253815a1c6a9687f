//! What the grammar expected, in words. No rule's name reaches a reader.

use std::collections::BTreeSet;

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::diag::{Code, Diagnostic};
use crate::syntax::expr::Rule;
use crate::syntax::expr::found::Found;
use crate::syntax::located::Located;

/// What may stand at a place, in the order in which a message names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    Value,
    Name,
    Column,
    Text,
    Whole,
    Key,
    Window,
    Length,
    Unit,
    Words(&'static str),
    Operator,
    Phrase,
    Arrow,
    Comma,
    Close,
    End,
}

impl Want {
    fn words(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Name => "a name",
            Self::Column => "a column",
            Self::Text => "a text in double quotes",
            Self::Whole => "a whole number",
            Self::Key => "`actor`, a grain, a column or an event set",
            Self::Window => "a window such as `28 days`, `month to date` or `all time`",
            Self::Length => "a length of time such as `7d` or `28 days`",
            Self::Unit => "a unit",
            Self::Words(words) => words,
            Self::Operator => "an operator",
            Self::Phrase => "a phrase (`where`, `per`, `over`)",
            Self::Arrow => "`->`",
            Self::Comma => "`,`",
            Self::Close => "`)`",
            Self::End => "the end",
        }
    }

    /// What a rule stands for; `None` for one that says nothing to a reader.
    fn of(rule: Rule) -> Option<Self> {
        Some(match rule {
            Rule::expression | Rule::expr | Rule::operation | Rule::condition | Rule::sum => Self::Value,
            Rule::operand | Rule::postfix | Rule::group | Rule::literal => Self::Value,
            Rule::conditional | Rule::kw_if | Rule::argument | Rule::chain | Rule::boolean | Rule::kw_null => {
                Self::Value
            }
            Rule::number | Rule::percent | Rule::period | Rule::instant | Rule::quantity | Rule::magnitude => {
                Self::Value
            }
            Rule::amount | Rule::signed | Rule::benchmark => Self::Words("an amount such as `45 minutes` or `20%`"),
            Rule::name | Rule::plain | Rule::quoted | Rule::guarded | Rule::raw_name | Rule::raw_part => Self::Name,
            Rule::field => Self::Column,
            Rule::text | Rule::unescaped => Self::Text,
            Rule::integer | Rule::digits | Rule::fraction => Self::Whole,
            Rule::key => Self::Key,
            Rule::window | Rule::to_date => Self::Window,
            Rule::span | Rule::duration | Rule::count | Rule::all_time => Self::Length,
            Rule::short_unit | Rule::long_unit => Self::Length,
            Rule::unit | Rule::unit_word => Self::Unit,
            Rule::grain => Self::Words("a grain such as `day` or `week`"),
            Rule::comparison | Rule::compare_op | Rule::in_list | Rule::in_range | Rule::pattern | Rule::null_test => {
                Self::Operator
            }
            Rule::operator_ahead | Rule::arithmetic_op | Rule::boolean_op | Rule::joined | Rule::tail => Self::Operator,
            Rule::kw_in | Rule::kw_like | Rule::kw_is => Self::Operator,
            Rule::phrase | Rule::where_phrase | Rule::per_phrase | Rule::over_phrase => Self::Phrase,
            Rule::kw_where | Rule::kw_per | Rule::kw_over => Self::Phrase,
            Rule::kw_and => Self::Words("`and`"),
            Rule::kw_then => Self::Words("`then`"),
            Rule::kw_else => Self::Words("`else`"),
            Rule::kw_of => Self::Words("`of`"),
            Rule::kw_from => Self::Words("`from`"),
            Rule::kw_last | Rule::base | Rule::recent | Rule::statistic => {
                Self::Words("a baseline such as `2026-Q3`, `last 8 weeks` or an amount")
            }
            Rule::arrow => Self::Arrow,
            Rule::target
            | Rule::reach
            | Rule::change
            | Rule::keep
            | Rule::kw_reach
            | Rule::kw_keep
            | Rule::direction => Self::Words("`reach`, `increase`, `reduce` or `keep`"),
            Rule::way => Self::Words("`by` or `to`"),
            Rule::limit | Rule::at_least | Rule::at_most | Rule::above | Rule::below => {
                Self::Words("`at least`, `at most`, `above`, `below` or `between`")
            }
            Rule::bound | Rule::bound_op => Self::Words("`<=`, `>=`, `<`, `>`"),
            Rule::no_worse | Rule::no_worse_than => Self::Words("`no worse than`"),
            Rule::sign => Self::Words("`+` or `-`"),
            Rule::EOI => Self::End,
            // Beginnings of a value that need no mention beside it, and rules that are never expected by themselves.
            Rule::minus | Rule::kw_not | Rule::member | Rule::arguments | Rule::kw_within | Rule::kw_between => {
                return None;
            }
            Rule::option | Rule::opt_within | Rule::opt_gap | Rule::opt_after | Rule::opt_max | Rule::opt_least => {
                return None;
            }
            Rule::opt_offset | Rule::opt_top | Rule::opt_excluding | Rule::opt_same | Rule::opt_id | Rule::flag => {
                return None;
            }
            Rule::exclude_actors
            | Rule::no_repeats
            | Rule::ignoring_repeats
            | Rule::increasing
            | Rule::any_order
            | Rule::first_entry
            | Rule::each_entry
            | Rule::latest_entry
            | Rule::on_or_after => {
                return None;
            }
            Rule::all_answers | Rule::split_at_midnight | Rule::mature_only | Rule::ordered | Rule::strict => {
                return None;
            }
            Rule::rolling | Rule::recurring | Rule::approximate | Rule::discrete | Rule::or_more | Rule::any_of => {
                return None;
            }
            Rule::kw_excluding | Rule::kw_same | Rule::kw_id | Rule::name_char => return None,
            Rule::keyword | Rule::keyword_letter | Rule::keyword_word => return None,
            Rule::offset | Rule::year | Rule::quarter | Rule::week | Rule::month | Rule::day | Rule::two => {
                return None;
            }
            Rule::gap | Rule::space => return None,
            Rule::test_ahead | Rule::phrase_ahead | Rule::option_ahead | Rule::literal_ahead => return None,
            Rule::option_letter | Rule::option_word => return None,
            Rule::baseline | Rule::guardrail | Rule::effect | Rule::link | Rule::linked => return None,
        })
    }
}

/// What follows `is`.
pub(super) const NULL_TEST: &str = "`null` or `not null`";

/// The grammar's error as a finding.
pub(super) fn explain(error: &Error<Rule>, entry: Rule, text: &Located) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        let help = "give parts of the expression names: define them as metrics or events of their own";
        return Diagnostic::new(Code::ExpressionTooLarge, text.whole(), "an expression that is too deep").help(help);
    };
    let found = Found::at(&text.text, at);
    let mut wants: BTreeSet<Want> = positives.iter().filter_map(|rule| Want::of(*rule)).collect();
    narrow(&mut wants, entry, &found);
    if positives.contains(&Rule::kw_and) {
        // The second bound of `between` is still to come.
        wants = BTreeSet::from([Want::Words("`and`")]);
    }
    if let Some(hint) = found.hint(&wants, entry) {
        return Diagnostic::new(hint.code, text.span(hint.range), hint.message).help(hint.help);
    }
    let message = format!("expected {}, found {}", list(&wants), found.words());
    let (code, forms) = forms(entry);
    let help = found.help(&wants, entry).unwrap_or_else(|| forms.to_owned());
    Diagnostic::new(code, text.span(found.range()), message).help(help)
}

/// Leaves out what a longer word in the list says already, and what cannot stand there.
fn narrow(wants: &mut BTreeSet<Want>, entry: Rule, found: &Found<'_>) {
    match found.previous_word() {
        Some("is") if wants.contains(&Want::Value) => *wants = BTreeSet::from([Want::Words(NULL_TEST)]),
        Some("not") if !wants.contains(&Want::Value) => {
            *wants = BTreeSet::from([Want::Words("`in`, `between` or `like`")])
        }
        _ => {}
    }
    if wants.contains(&Want::Value) {
        wants.retain(|w| !matches!(w, Want::Name | Want::Text | Want::Whole | Want::Length | Want::Unit));
    }
    if found.previous_word() == Some("per") && wants.remove(&Want::Name) {
        wants.insert(Want::Key);
    }
    if wants.contains(&Want::Window) {
        wants.remove(&Want::Length);
    }
    if wants.iter().any(|w| !matches!(w, Want::Length | Want::Unit)) && found.follows_number() {
        // After a number a unit may always stand; where it need not, it is no help.
        wants.retain(|w| !matches!(w, Want::Length | Want::Unit));
    }
    if wants.contains(&Want::Operator) {
        wants.remove(&Want::Words("`and`"));
        wants.remove(&Want::Whole);
        if entry == Rule::expression && (wants.contains(&Want::End) || wants.contains(&Want::Arrow)) {
            wants.insert(Want::Phrase);
        }
        if found.depth() > 0 {
            wants.extend([Want::Comma, Want::Close]);
        }
    }
    if entry == Rule::guardrail && wants.remove(&Want::Phrase) {
        wants.insert(Want::Words("`where`"));
    }
}

/// "a, b or c".
fn list(wants: &BTreeSet<Want>) -> String {
    let words: Vec<_> = wants.iter().map(|w| w.words()).collect();
    match words.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// What each kind of text is called.
pub(super) fn noun(entry: Rule) -> &'static str {
    match entry {
        Rule::target => "a target",
        Rule::baseline => "a baseline",
        Rule::guardrail => "a guardrail",
        Rule::effect => "an effect",
        Rule::link => "a link",
        _ => "an expression",
    }
}

/// The code of each kind of text, and the forms it has.
pub(super) fn forms(entry: Rule) -> (Code, &'static str) {
    match entry {
        Rule::target => (
            Code::TargetSyntax,
            "write `reach 45 minutes`, `increase by 20% from 2026-Q3`, `reduce to 3%`, `keep at least 99%` or \
             `keep between 3 and 5 minutes`",
        ),
        Rule::baseline => (
            Code::BaselineSyntax,
            "write `2026-Q3`, `last 8 weeks`, `median of last 8 weeks` or an amount such as `5.4 minutes`",
        ),
        Rule::guardrail => (
            Code::GuardrailSyntax,
            "write `crash_rate <= 1%` or `unsubscribes no worse than 5%`; a scope stands in parentheses: \
             `(crash_rate where …) <= 1%`",
        ),
        Rule::effect => (Code::EffectSyntax, "write `+8%` or `-3 minutes`"),
        Rule::link => {
            (Code::LinkSyntax, "write `column -> lookup`, or `(column, column) -> lookup` for a key of several columns")
        }
        _ => (Code::ExpressionSyntax, "write an expression, such as `count(signup)`"),
    }
}
