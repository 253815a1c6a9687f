//! The word or sign that stands where something else was expected, and what it tells about the slip.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diag::Code;
use crate::syntax::expr::expected::{NULL_TEST, Want};
use crate::syntax::expr::{KEYWORDS, Rule, scan};

const GRAINS: &[&str] = &["minute", "hour", "day", "week", "month", "quarter", "year"];

/// A place in a text and the token that begins there.
pub(super) struct Found<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

/// A finding of its own kind.
pub(super) struct Hint {
    pub(super) code: Code,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

impl<'t> Found<'t> {
    pub(super) fn at(text: &'t str, at: usize) -> Self {
        let rest = text.get(at..).unwrap_or("");
        let start = at + (rest.len() - rest.trim_start().len());
        let len = scan::token_length(text.get(start..).unwrap_or(""));
        Self { text, start, end: start + len }
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) fn depth(&self) -> usize {
        scan::depth_at(self.text, self.start)
    }

    fn token(&self) -> &'t str {
        self.text.get(self.start..self.end).unwrap_or("")
    }

    pub(super) fn words(&self) -> String {
        match self.token() {
            "" => "the end".to_owned(),
            token if token.chars().count() > 40 => "what follows".to_owned(),
            token => format!("`{token}`"),
        }
    }

    fn before(&self) -> &'t str {
        self.text.get(..self.start).unwrap_or("").trim_end()
    }

    pub(super) fn previous_word(&self) -> Option<&'t str> {
        let word = self.before().rsplit(|c| !scan::continues_name(c)).next()?;
        (!word.is_empty()).then_some(word)
    }

    pub(super) fn follows_number(&self) -> bool {
        self.previous_word().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn previous_range(&self, word: &str) -> Range<usize> {
        let end = self.before().len();
        end - word.len()..end
    }

    /// A slip that the word itself tells, in a finding of its own.
    pub(super) fn hint(&self, wants: &BTreeSet<Want>, entry: Rule) -> Option<Hint> {
        let token = self.token();
        let previous = self.previous_word().unwrap_or("");
        for (word, range) in [(token, self.range()), (previous, self.previous_range(previous))] {
            let lower = word.to_ascii_lowercase();
            if lower != word && KEYWORDS.contains(&lower.as_str()) {
                let message = format!("`{word}` in capitals: the words of the language are lower case");
                return Some(Hint { code: Code::ForeignSpelling, range, message, help: format!("write `{lower}`") });
            }
        }
        let hint = |code, message: String, help: String| Some(Hint { code, range: self.range(), message, help });
        if previous.eq_ignore_ascii_case("distinct") {
            let range = self.previous_range(previous);
            let message = format!("`{previous}` is no word of the language");
            let help = format!("write `unique(…)` to count different values: `unique({token})`");
            return Some(Hint { code: Code::ForeignSpelling, range, message, help });
        }
        let is_length = |w: &Want| matches!(w, Want::Length | Want::Unit);
        if !wants.is_empty() && wants.iter().all(is_length) && self.follows_number() {
            if token == "." {
                let message = "a fraction of a length of time".to_owned();
                let help = "write a whole number of a smaller unit: `36h` for one and a half days".to_owned();
                return hint(Code::DurationSpelling, message, help);
            }
            let message = format!("`{previous}` is no length of time: it has no unit");
            let help = format!("write `{previous}d` or `{previous} days`");
            return Some(Hint { code: Code::DurationSpelling, range: self.previous_range(previous), message, help });
        }
        match token {
            "if" => {
                let message = "`if` beside an operator stands in parentheses".to_owned();
                return hint(Code::ExpressionSyntax, message, "write `(if … then … else …)`".to_owned());
            }
            "when" if previous.eq_ignore_ascii_case("case") => {
                let message = "`case when` is no form of the language".to_owned();
                return hint(Code::ForeignSpelling, message, "write `if … then … else …`".to_owned());
            }
            "within" => {
                let message = "`within` without a length of time, or where none can stand".to_owned();
                let help = "write `within 14d` as an argument, or `per signup within 90d`".to_owned();
                return hint(Code::ExpressionSyntax, message, help);
            }
            "where" | "per" | "over" if entry == Rule::expression && !self.wants_value(wants) => {
                let message = format!("`{token}` here: a phrase follows one thing, a name, a call or parentheses");
                let help = format!("put the thing and its phrase in parentheses: `(… {token} …)`");
                return hint(Code::PhraseBesideOperator, message, help);
            }
            _ => {}
        }
        if self.wants_value(wants) && KEYWORDS.contains(&token) && self.stands_for_a_value() {
            let message = format!("expected a name, found `{token}`, a word of the language");
            let help = format!("a column of that name is written `` `{token}` ``, or after a dot");
            return hint(Code::KeywordAsName, message, help);
        }
        None
    }

    fn wants_value(&self, wants: &BTreeSet<Want>) -> bool {
        [Want::Value, Want::Key, Want::Name].iter().any(|w| wants.contains(w))
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

    /// The cure, as far as the place and the word tell it. `None` where only the forms of the whole can.
    pub(super) fn help(&self, wants: &BTreeSet<Want>, entry: Rule) -> Option<String> {
        let token = self.token();
        if entry != Rule::expression {
            let due = entry == Rule::target && token == "by" && wants.contains(&Want::End);
            return due.then(|| "when a target is due is said by the objective's `due:`".to_owned());
        }
        let wants_value = wants.contains(&Want::Value);
        Some(match token {
            "by" => "a breakdown is the `by:` of the metric; within an expression it is `per`".to_owned(),
            "->" => "steps are an argument of a call: `conversion(signup -> play, within 14d)`".to_owned(),
            "," if wants_value => "write the argument that is missing, or remove the comma".to_owned(),
            ")" if wants_value && self.before().ends_with(',') => "remove the comma before it".to_owned(),
            "*" if wants_value && self.before().ends_with('(') => {
                "name the source or the event set that is meant: `count(play)`".to_owned()
            }
            ")" if wants_value && self.before().ends_with('(') => "write a value between the parentheses".to_owned(),
            "in" => "write `in (…)`: the values stand in parentheses".to_owned(),
            _ if wants.contains(&Want::Words(NULL_TEST)) => {
                "write `is null` or `is not null`; compare with `=`".to_owned()
            }
            "," => "a comma stands between the arguments of a call, in its parentheses".to_owned(),
            grain if wants.contains(&Want::Window) && GRAINS.contains(&grain) => {
                format!("write `over 1 {grain}`, or `over {grain} to date`")
            }
            _ if wants.contains(&Want::Window) => {
                "write `over 28 days`, `over month to date` or `over all time`".to_owned()
            }
            _ if wants.contains(&Want::Length) => "write a whole number and a unit: `7d` or `28 days`".to_owned(),
            _ if wants.contains(&Want::Key) => {
                "write `per actor`, `per day`, or `per` and a column or an event set".to_owned()
            }
            _ if wants.contains(&Want::Column) => "write the name of a column after the dot".to_owned(),
            _ if wants.contains(&Want::Text) => "write `like \"a%\"`".to_owned(),
            _ if wants.contains(&Want::Words("`then`")) || wants.contains(&Want::Words("`else`")) => {
                "write `if … then … else …`".to_owned()
            }
            _ if wants.contains(&Want::Words("`and`")) => "write `between … and …`".to_owned(),
            "" if wants_value => "write the value that is missing at the end".to_owned(),
            _ if wants_value => format!("write a name, a call, a number or a text before `{token}`, or remove it"),
            "" => "write what is missing at the end".to_owned(),
            _ if wants.contains(&Want::Operator) => {
                format!("join the two with an operator, or remove `{token}`; a name with a space stands in backticks")
            }
            _ => format!("remove `{token}`"),
        })
    }
}
