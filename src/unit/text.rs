//! Units as they are written: `minutes`, `USD/user`, `money`, `%`.

use std::fmt;

use crate::unit::currencies::is_currency;
use crate::unit::{Dimension, Scale, Unit, noun, plural};

/// What names of units mean in a project.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// What `money` means.
    pub currency: Option<String>,
    /// What the project's actors are, in the singular.
    pub entities: std::collections::BTreeSet<String>,
}

/// Spellings, numerator and denominator of the scale; the first of each scale is what is shown.
const TIMES: &[(&[&str], u64, u64)] = &[
    (&["µs", "us", "microsecond", "microseconds"], 1, 1_000_000),
    (&["ms", "millisecond", "milliseconds"], 1, 1000),
    (&["s", "second", "seconds", "sec"], 1, 1),
    (&["min", "minute", "minutes"], 60, 1),
    (&["h", "hour", "hours"], 3600, 1),
    (&["days", "day", "d"], 86_400, 1),
    (&["weeks", "week", "w"], 604_800, 1),
];

const BYTES: &[(&[&str], u64)] = &[
    (&["B", "byte", "bytes"], 1),
    (&["kB", "KB", "kilobyte", "kilobytes"], 1000),
    (&["MB", "megabyte", "megabytes"], 1_000_000),
    (&["GB", "gigabyte", "gigabytes"], 1_000_000_000),
    (&["TB", "terabyte", "terabytes"], 1_000_000_000_000),
    (&["KiB"], 1 << 10),
    (&["MiB"], 1 << 20),
    (&["GiB"], 1 << 30),
    (&["TiB"], 1 << 40),
];

impl Unit {
    /// The unit that a text names, spelt that way; `None` when it names none.
    pub fn parse(text: &str, names: &Names) -> Option<Self> {
        let text = text.trim();
        let unit = match text.split_once('/') {
            Some((above, below)) => {
                let above = match above.trim() {
                    "1" => Self::none(),
                    word => Self::parse_one(word, names)?,
                };
                above.divide(&Self::parse_one(below.trim(), names)?)?
            }
            None => Self::parse_one(text, names)?,
        };
        let spelling = match text {
            "money" => names.currency.clone(),
            "percent" => Some("%".to_owned()),
            "none" | "number" => None,
            other => Some(other.to_owned()),
        };
        Some(Self { spelling, ..unit })
    }

    fn parse_one(word: &str, names: &Names) -> Option<Self> {
        if let Some((_, num, den)) = TIMES.iter().find(|(spellings, ..)| spellings.contains(&word)) {
            return Some(Self { scale: Scale { num: *num, den: *den }, ..Self::seconds() });
        }
        if let Some((_, num)) = BYTES.iter().find(|(spellings, _)| spellings.contains(&word)) {
            return Some(Self { scale: Scale { num: *num, den: 1 }, ..Self::of(Dimension::Bytes) });
        }
        match word {
            "none" | "number" => return Some(Self::none()),
            "%" | "percent" => return Some(Self::percent()),
            "point" | "points" => return Some(Self::of(Dimension::Points)),
            "money" => return names.currency.as_deref().map(Self::currency),
            code if is_currency(code) => return Some(Self::currency(code)),
            _ => {}
        }
        let lower = word.to_lowercase();
        let own = |e: &&String| **e == lower || plural(e) == lower;
        let shown = |e: &&String| noun(e) == lower || plural(&noun(e)) == lower;
        let entity = names.entities.iter().find(own).or_else(|| names.entities.iter().find(shown))?;
        Some(Self::entity(entity.clone()))
    }

    /// Words for a "did you mean" over units.
    pub fn known_words(names: &Names) -> Vec<String> {
        let times = TIMES.iter().flat_map(|(s, ..)| s.iter()).map(|s| (*s).to_owned());
        let bytes = BYTES.iter().flat_map(|(s, _)| s.iter()).map(|s| (*s).to_owned());
        let rest = ["percent", "points", "money"].iter().map(|s| (*s).to_owned());
        times.chain(bytes).chain(rest).chain(names.entities.iter().map(|e| plural(&noun(e)))).collect()
    }
}

/// The word for a time or byte unit of this scale.
fn scaled_word(dimension: &Dimension, scale: Scale) -> Option<String> {
    match dimension {
        Dimension::Time => {
            let (words, ..) = TIMES.iter().find(|(_, num, den)| (*num, *den) == (scale.num, scale.den))?;
            words.first().map(|w| (*w).to_owned())
        }
        Dimension::Bytes => {
            let (words, _) = BYTES.iter().find(|(_, num)| (*num, 1) == (scale.num, scale.den))?;
            words.first().map(|w| (*w).to_owned())
        }
        _ => None,
    }
}

impl fmt::Display for Unit {
    /// The spelling, else dimensions with their exponents: `USD/user`, `min`, `s²`. Nothing for a plain number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spelling) = &self.spelling {
            return f.write_str(spelling);
        }
        // The scale belongs to the one dimension that has scales, if a word exists for it.
        let scalable = self.dimensions.iter().find(|(d, e)| {
            matches!(d, Dimension::Time | Dimension::Bytes) && matches!(e, 1 | -1) && !self.scale.is_one()
        });
        let worded = scalable.and_then(|(d, e)| {
            let scale = if *e < 0 { self.scale.invert() } else { self.scale };
            Some((d.clone(), scaled_word(d, scale)?))
        });
        if worded.is_none() && !self.scale.is_one() {
            match self.scale {
                Scale { num: 1, den: 100 } if self.dimensions.is_empty() => return f.write_str("%"),
                Scale { num, den: 1 } => write!(f, "{num}")?,
                Scale { num, den } => write!(f, "{num}/{den}")?,
            }
            f.write_str(if self.dimensions.is_empty() { "" } else { " " })?;
        }
        let word = |dimension: &Dimension, above: bool| match (dimension, &worded) {
            (d, Some((of, word))) if d == of => word.clone(),
            (Dimension::Currency(code), _) => code.clone(),
            (Dimension::Entity(name), _) if above => plural(&noun(name)),
            (Dimension::Entity(name), _) => noun(name),
            (Dimension::Points, _) => "points".to_owned(),
            (Dimension::Time, _) => "s".to_owned(),
            (Dimension::Bytes, _) => "B".to_owned(),
        };
        let side = |above: bool| {
            let words = self.dimensions.iter().filter(|(_, e)| (**e > 0) == above).map(|(d, e)| {
                let power = match e.unsigned_abs() {
                    1 => String::new(),
                    n => format!("^{n}"),
                };
                format!("{}{power}", word(d, above))
            });
            words.collect::<Vec<_>>()
        };
        let (above, below) = (side(true), side(false));
        match (above.is_empty(), below.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => write!(f, "1/{}", below.join("/")),
            (false, true) => f.write_str(&above.join(" ")),
            (false, false) => write!(f, "{}/{}", above.join(" "), below.join("/")),
        }
    }
}
