//! What the grammar expected, in words. No rule's name reaches a reader.

use std::collections::BTreeSet;

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::diag::{Code, Diagnostic};
use crate::syntax::expr::{KEYWORDS, Rule, scan};
use crate::syntax::located::Located;

/// What may stand at a place, in the order in which a message names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
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
    More,
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
            Self::More => "`,` or `)`",
            Self::End => "the end",
        }
    }

    /// What a rule stands for; `None` for one that says nothing to a reader.
    fn of(rule: Rule) -> Option<Self> {
        Some(match rule {
            Rule::expression | Rule::expr | Rule::or_expr | Rule::and_expr | Rule::not_expr | Rule::compared => {
                Self::Value
            }
            Rule::sum | Rule::product | Rule::unary | Rule::postfix | Rule::group | Rule::word | Rule::literal => {
                Self::Value
            }
            Rule::conditional | Rule::kw_if | Rule::argument | Rule::chain | Rule::boolean | Rule::kw_null => {
                Self::Value
            }
            Rule::number | Rule::percent | Rule::period | Rule::instant | Rule::quantity | Rule::magnitude => {
                Self::Value
            }
            Rule::amount | Rule::signed | Rule::benchmark => Self::Words("an amount such as `45 minutes` or `20%`"),
            Rule::name | Rule::plain | Rule::quoted | Rule::guarded | Rule::raw_name => Self::Name,
            Rule::field => Self::Column,
            Rule::text => Self::Text,
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
            Rule::add_op | Rule::mul_op | Rule::joined | Rule::tail | Rule::kw_or | Rule::kw_in | Rule::kw_like => {
                Self::Operator
            }
            Rule::kw_is | Rule::kw_between => Self::Operator,
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
            Rule::bound | Rule::bound_op | Rule::no_worse | Rule::no_worse_than => {
                Self::Words("`<=`, `>=`, `<`, `>` or `no worse than`")
            }
            Rule::sign => Self::Words("`+` or `-`"),
            Rule::EOI => Self::End,
            // Beginnings of a value that need no mention beside it, and rules that are never expected by themselves.
            Rule::minus | Rule::kw_not | Rule::member | Rule::arguments | Rule::kw_within => return None,
            Rule::option | Rule::opt_within | Rule::opt_gap | Rule::opt_after | Rule::opt_max | Rule::opt_least => {
                return None;
            }
            Rule::opt_offset | Rule::opt_top | Rule::opt_excluding | Rule::opt_same | Rule::opt_id | Rule::flag => {
                return None;
            }
            Rule::any_order | Rule::first_entry | Rule::each_entry | Rule::latest_entry | Rule::on_or_after => {
                return None;
            }
            Rule::all_answers | Rule::split_at_midnight | Rule::mature_only | Rule::ordered | Rule::strict => {
                return None;
            }
            Rule::rolling | Rule::recurring | Rule::approximate | Rule::discrete => return None,
            Rule::kw_excluding | Rule::kw_same | Rule::kw_id | Rule::keyword | Rule::name_char => return None,
            Rule::offset | Rule::year | Rule::quarter | Rule::week | Rule::month | Rule::day | Rule::two => {
                return None;
            }
            Rule::gap | Rule::space | Rule::WHITESPACE => return None,
            Rule::baseline | Rule::guardrail | Rule::effect | Rule::link => return None,
        })
    }
}

/// The grammar's error as a finding.
pub(super) fn explain(error: &Error<Rule>, entry: Rule, text: &Located) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let found = Found::at(&text.text, at);
    let span = text.span(found.start..found.end);
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        let help = "give parts of the expression names: define them as metrics or events of their own";
        return Diagnostic::new(Code::ExpressionTooLarge, text.whole(), "an expression that is too deep").help(help);
    };
    let wants: BTreeSet<Want> = positives.iter().filter_map(|rule| Want::of(*rule)).collect();
    if let Some((code, message, help)) = found.hint(&wants) {
        return Diagnostic::new(code, span, message).help(help);
    }
    let (code, forms) = forms(entry);
    let expected = expected(wants, &text.text, at);
    let message = format!("expected {expected}, found {}", found.words());
    let diagnostic = Diagnostic::new(code, span, message);
    match found.help().or(forms) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn expected(mut wants: BTreeSet<Want>, text: &str, at: usize) -> String {
    if wants.contains(&Want::Value) {
        // A value is all of these.
        wants.retain(|w| !matches!(w, Want::Name | Want::Text | Want::Whole | Want::Length | Want::Unit));
    }
    if wants.contains(&Want::Window) {
        wants.remove(&Want::Length);
    }
    if wants.contains(&Want::Operator) {
        wants.remove(&Want::Words("`and`"));
        if scan::depth_at(text, at) > 0 {
            wants.insert(Want::More);
        }
    }
    let words: Vec<_> = wants.into_iter().map(Want::words).collect();
    match words.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The code of each kind of text, and the forms it has.
fn forms(entry: Rule) -> (Code, Option<String>) {
    let (code, help) = match entry {
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
        Rule::link => (Code::LinkSyntax, "write `column -> lookup`"),
        _ => return (Code::ExpressionSyntax, None),
    };
    (code, Some(help.to_owned()))
}

/// The word or sign that stands where something else was expected.
struct Found<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Found<'t> {
    fn at(text: &'t str, at: usize) -> Self {
        let rest = text.get(at..).unwrap_or("");
        let start = at + (rest.len() - rest.trim_start().len());
        let rest = text.get(start..).unwrap_or("");
        let len = scan::token_length(rest);
        Self { text, start, end: start + len }
    }

    fn token(&self) -> &'t str {
        self.text.get(self.start..self.end).unwrap_or("")
    }

    fn words(&self) -> String {
        match self.token() {
            "" => "the end".to_owned(),
            token if token.chars().count() > 40 => "what follows".to_owned(),
            token => format!("`{token}`"),
        }
    }

    /// A finding of its own kind, where the word itself says what went wrong.
    fn hint(&self, wants: &BTreeSet<Want>) -> Option<(Code, String, String)> {
        let token = self.token();
        let lower = token.to_ascii_lowercase();
        let value_wanted = wants.contains(&Want::Value) || wants.contains(&Want::Key) || wants.contains(&Want::Name);
        if lower != token && KEYWORDS.contains(&lower.as_str()) {
            let message = format!("`{token}` in capitals: the words of the language are lower case");
            return Some((Code::ForeignSpelling, message, format!("write `{lower}`")));
        }
        if let Some(previous) = self.previous_word() {
            let lower = previous.to_ascii_lowercase();
            if lower != previous && KEYWORDS.contains(&lower.as_str()) {
                let message = format!("`{previous}` in capitals: the words of the language are lower case");
                return Some((Code::ForeignSpelling, message, format!("write `{lower}`")));
            }
            if lower == "distinct" {
                let message = "`distinct` is no word of the language".to_owned();
                let help = format!("write `unique(…)` to count different values: `unique({token})`");
                return Some((Code::ForeignSpelling, message, help));
            }
        }
        match token {
            "if" => {
                let message = "`if` beside an operator stands in parentheses".to_owned();
                return Some((Code::ExpressionSyntax, message, "write `(if … then … else …)`".to_owned()));
            }
            "when" => {
                let message = "`case when` is no form of the language".to_owned();
                return Some((Code::ForeignSpelling, message, "write `if … then … else …`".to_owned()));
            }
            "where" | "per" | "over" if !value_wanted && !wants.contains(&Want::Phrase) => {
                let message = format!("`{token}` here: a phrase follows one thing, a name, a call or parentheses");
                let help = format!("put the thing and its phrase in parentheses: `(… {token} …)`");
                return Some((Code::PhraseBesideOperator, message, help));
            }
            _ => {}
        }
        if value_wanted && KEYWORDS.contains(&token) && self.stands_for_a_value() {
            let message = format!("expected a name, found `{token}`, a word of the language");
            let help = format!("a column of that name is written `` `{token}` ``, or after a dot");
            return Some((Code::KeywordAsName, message, help));
        }
        None
    }

    /// Whether what follows the word could follow a value, so that the word was meant as a name.
    fn stands_for_a_value(&self) -> bool {
        let rest = self.text.get(self.end..).unwrap_or("").trim_start();
        let next = rest.get(..scan::token_length(rest)).unwrap_or("");
        match next {
            "" | ")" | "," | "." | "->" | "+" | "-" | "*" | "/" | "=" | "!=" | "<" | "<=" | ">" | ">=" => true,
            word => matches!(word, "where" | "per" | "over" | "and" | "or" | "in" | "is" | "like" | "between"),
        }
    }

    fn previous_word(&self) -> Option<&'t str> {
        let before = self.text.get(..self.start)?.trim_end();
        let word = before.rsplit(|c| !scan::continues_name(c)).next()?;
        (!word.is_empty()).then_some(word)
    }

    fn help(&self) -> Option<String> {
        match self.token() {
            "by" => Some("a breakdown is the `by:` of the metric; within an expression it is `per`".to_owned()),
            "," => Some("a comma stands between the arguments of a call; thousands are written `1_000`".to_owned()),
            _ => None,
        }
    }
}
