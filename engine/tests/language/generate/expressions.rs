//! Expressions as text, most of which the checker lets through.

use kepi_lang::calendar::Grain;

use crate::generate::{Asked, Moment, Names, Set, literal};
use crate::pipeline::Text;
use crate::random::Random;

/// What a number counts, as far as it matters for adding and comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Plain,
    /// Actors of the source.
    Users,
    /// `price`, which may be money.
    Price,
    /// `took`.
    Time,
}

pub struct Writer<'r> {
    pub random: &'r mut Random,
    pub names: &'r Names,
    pub moment: &'r Moment,
    /// Numbers of the sets that the expression at hand measures.
    pub used: Vec<usize>,
    /// The one set that may be measured, where a phrase reaches all measures.
    pub only: Option<usize>,
}

impl Writer<'_> {
    pub fn asked(&mut self) -> Asked {
        self.used.clear();
        self.only = None;
        if self.random.chance(60) {
            self.only = Some(self.random.below(self.names.sets.len()));
        }
        let tag = self.tag();
        let depth = 1 + self.random.below(3);
        let expr = self.metric(tag, depth);
        let mut by = Vec::new();
        if self.random.chance(50) {
            let dimensions = self.dimensions();
            for _ in 0..1 + self.random.below(2) {
                let dimension = self.random.one(&dimensions.iter().map(String::as_str).collect::<Vec<_>>()).to_owned();
                if !by.contains(&dimension) {
                    by.push(dimension);
                }
            }
        }
        let condition = if self.random.chance(15) { Some(self.condition_on_all()) } else { None };
        let (mut grain, mut interval) = self.moment.asked(self.random);
        if self.used.iter().any(|s| !self.names.sets[*s].time) {
            (grain, interval) = (None, kepi_lang::calendar::Interval::ALL);
        }
        if self.used.iter().any(|s| self.names.sets[*s].stock) && grain.is_some_and(|g| g > Grain::Day) {
            grain = Some(Grain::Day);
            let end = self.moment.calendar.floor(interval.start, Grain::Day);
            let week = kepi_lang::calendar::Length { count: 1, unit: kepi_lang::calendar::SpanUnit::Week };
            interval = self.moment.calendar.before(self.moment.calendar.next(end, Grain::Day), week);
        }
        Asked { text: Text { expr, by, condition }, grain, interval }
    }

    fn tag(&mut self) -> Tag {
        match self.random.below(10) {
            0..=4 => Tag::Plain,
            5..=6 => Tag::Users,
            7..=8 => Tag::Price,
            _ => Tag::Time,
        }
    }

    fn maybe(&mut self, percent: usize) -> bool {
        self.random.chance(percent)
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.random.one(words)
    }

    /// A set that a measure of the tag can be of.
    fn set(&mut self, tag: Tag) -> usize {
        let fits = |set: &Set| match tag {
            Tag::Users => set.actor.is_some(),
            Tag::Time => set.columns.contains(&"took"),
            Tag::Plain | Tag::Price => true,
        };
        let fitting: Vec<usize> = match self.only {
            Some(only) => vec![only],
            None => (0..self.names.sets.len()).filter(|s| fits(&self.names.sets[*s])).collect(),
        };
        let set = if fitting.is_empty() { 0 } else { self.random.one(&fitting) };
        if !self.used.contains(&set) {
            self.used.push(set);
        }
        set
    }

    fn has(&self, set: usize, column: &str) -> bool {
        self.names.sets[set].columns.contains(&column)
    }

    // ---------------------------------------------------------------- rows

    /// A condition on the rows of a set; `@` stands before each column of it.
    fn condition(&mut self, set: usize, depth: usize) -> String {
        if depth > 0 && self.maybe(35) {
            let (a, b) = (self.condition(set, depth - 1), self.condition(set, depth - 1));
            return match self.random.below(4) {
                0 => format!("({a} and {b})"),
                1 => format!("({a} or {b})"),
                2 => format!("(not ({a}))"),
                _ => format!("(if {a} then {b} else @n > 1)"),
            };
        }
        let mut found = vec![
            "@kind = \"a\"".to_owned(),
            "@kind != \"b\"".to_owned(),
            "@kind in (\"a\", \"Bü\")".to_owned(),
            "@kind not in (\"a\", \"b\")".to_owned(),
            "@kind like \"%b%\"".to_owned(),
            "@kind not like \"_\"".to_owned(),
            "@kind is null".to_owned(),
            "@n is not null".to_owned(),
            format!("@n {} {}", self.word(&["=", "!=", "<", "<=", ">", ">="]), self.random.range(-2, 9)),
            "@n between 1 and 6".to_owned(),
            "@n * 2 > @n + 3".to_owned(),
            "@n / 0 is null".to_owned(),
            "length(@kind) > 1".to_owned(),
            "starts_with(lower(@kind), \"b\")".to_owned(),
            "contains(upper(@grade), \"H\")".to_owned(),
            "@grade = \"high\"".to_owned(),
        ];
        let money = if self.names.money { " USD" } else { "" };
        found.push(format!("@price >= 4.5{money}"));
        found.push(format!("@worth < {}{money}", self.random.range(1, 60)));
        found.push(format!("@price between 1 and 9.99{money}"));
        if self.has(set, "flag") {
            found.extend(["@flag", "not @flag", "@flag = false", "coalesce(@flag, false)"].map(str::to_owned));
        }
        if self.has(set, "ratio") {
            found.extend(["@ratio < 0.5", "@ratio > @n", "round(@ratio, 1) != 0.3"].map(str::to_owned));
        }
        if self.has(set, "took") {
            found.extend(["@took >= 2s", "@took < 500ms", "@took between 1 and 90 seconds"].map(str::to_owned));
        }
        let day = literal(self.moment.date(self.random));
        if self.has(set, "day_on") {
            found.push(format!("@day_on >= {day}"));
            found.push("month_of_year(@day_on) in (2, 3, 12)".to_owned());
            found.push("quarter_of_year(@day_on) <= 2 or day_of_year(@day_on) > 300".to_owned());
        }
        if self.has(set, "other_at") {
            found.push(format!("@other_at >= {day}"));
            found.push(format!("@other_at < {day}T02:30"));
        }
        if self.names.sets[set].time {
            found.push("hour(@time) < 12".to_owned());
            found.push("weekday(@time) in (6, 7)".to_owned());
            found.push(format!("day(@time) > {day}"));
            found.push(format!("@time >= {}", &day[..7]));
            if self.has(set, "other_at") {
                found.push("@other_at - @time > 3h".to_owned());
            }
        }
        if self.names.lookups.users && self.names.sets[set].actor == Some("user") {
            found.extend(["@user.plan = \"pro\"", "@user.age > 30", "@user.plan is null"].map(str::to_owned));
        }
        if self.names.lookups.shops {
            found.extend(["@shop.region = \"north\"", "@shop.rank < 3", "@shop.high"].map(str::to_owned));
        }
        if self.names.lookups.tiers {
            found.extend(["@tier.perk = \"gold\"", "@tier.bonus > 1", "@extra > 3"].map(str::to_owned));
        }
        if self.names.lookups.moods {
            found.extend(["@mood.mood = \"wild\"", "@mood.level < 3", "@mood.up"].map(str::to_owned));
        }
        if self.names.sets[set].states {
            found.extend(["@state.n > @n", "@state.flag", "@state.grade = \"high\""].map(str::to_owned));
        }
        if self.names.lookups.areas {
            found.extend(["@shop.area.climate = \"mild\"", "@shop.area.height > @shop.rank"].map(str::to_owned));
        }
        let at = self.random.below(found.len());
        found.swap_remove(at)
    }

    /// A condition where the rows are at hand.
    fn bare(&mut self, set: usize) -> String {
        let users = self.names.lookups.users && self.names.sets[set].actor == Some("user");
        if users && self.maybe(8) {
            return self.word(&["vip", "not vip", "vip or n > 3"]).to_owned();
        }
        self.condition(set, 1).replace('@', "")
    }

    /// A condition that every measure has the columns for.
    fn condition_on_all(&mut self) -> String {
        match self.used.first() {
            Some(set) if self.used.len() == 1 => self.bare(*set),
            _ => self.word(&["kind = \"a\"", "n > 1", "price is not null", "grade != \"b\"", "not (n = 3)"]).to_owned(),
        }
    }

    /// A number of each row.
    fn number(&mut self, set: usize, tag: Tag) -> String {
        let mut found: Vec<String> = match tag {
            Tag::Price => ["@price", "@worth", "@price * 2", "-@price", "abs(@price)", "floor(@price)", "@price * @n"]
                .map(str::to_owned)
                .to_vec(),
            Tag::Time if self.has(set, "took") => {
                ["@took", "@took * 3", "greatest(@took, 2s)"].map(str::to_owned).to_vec()
            }
            _ => {
                let words = ["@n", "@n", "@n + 1", "@n * @n", "abs(@n)", "coalesce(@n, 0)", "@n / 3", "length(@kind)"];
                let mut found = words.map(str::to_owned).to_vec();
                found.push("if @n > 3 then @n else 1".to_owned());
                found.push("least(@n, 5)".to_owned());
                found.push("sqrt(@n)".to_owned());
                found
            }
        };
        if matches!(tag, Tag::Plain | Tag::Users) {
            if self.has(set, "ratio") {
                found.extend(
                    ["@ratio", "@ratio", "round(@ratio, 1)", "ceil(@ratio)", "log(@ratio)", "@ratio * @n"]
                        .map(str::to_owned),
                );
            }
            if self.names.sets[set].time {
                found.extend(["hour(@time)", "day_of_month(@time)"].map(str::to_owned));
            }
            if self.names.lookups.users && self.names.sets[set].actor == Some("user") {
                found.push("@user.age".to_owned());
            }
            if self.names.lookups.shops {
                found.push("@shop.rank".to_owned());
            }
            if self.names.lookups.tiers {
                found.extend(["@tier.bonus", "@extra"].map(str::to_owned));
            }
            if self.names.lookups.moods {
                found.push("@mood.level * 2".to_owned());
            }
            if self.names.sets[set].states {
                found.push("@state.n".to_owned());
            }
            if self.names.lookups.areas {
                found.push("@shop.area.height".to_owned());
            }
        }
        if tag == Tag::Time && self.names.sets[set].time && self.has(set, "other_at") {
            found.push("@other_at - @time".to_owned());
        }
        let at = self.random.below(found.len());
        found.swap_remove(at)
    }

    /// Any value of a row.
    fn column(&mut self, set: usize) -> String {
        let wanted = ["kind", "n", "price", "ratio", "flag", "day_on", "grade", "worth", "other_at"];
        let mut found: Vec<&str> = wanted.into_iter().filter(|c| self.has(set, c)).collect();
        if self.names.sets[set].time {
            found.extend(["day(@time)", "week(@time)"]);
        }
        let column = self.random.one(&found);
        if column.contains('@') { column.to_owned() } else { format!("@{column}") }
    }

    fn dimensions(&self) -> Vec<String> {
        let sets: Vec<&Set> = self.used.iter().map(|s| &self.names.sets[*s]).collect();
        let all = |test: &dyn Fn(&Set) -> bool| sets.iter().all(|s| test(s));
        let mut found: Vec<&str> = vec!["kind", "n > 3", "n", "grade", "length(kind)"];
        found.extend(["flag", "day_on", "price"].into_iter().filter(|c| all(&|s| s.columns.contains(c))));
        if all(&|s| s.time) {
            found.extend(["day(time)", "weekday(time)", "hour(time) < 12", "month(time)"]);
        }
        if self.names.lookups.users && all(&|s| s.actor == Some("user")) {
            found.extend(["user.plan", "plan", "vip"]);
        }
        if self.names.lookups.shops {
            found.extend(["shop.region", "shop.rank", "shop.high"]);
        }
        if self.names.lookups.tiers {
            found.extend(["tier.perk", "tier.bonus"]);
        }
        if self.names.lookups.moods {
            found.extend(["mood.mood", "mood.level"]);
        }
        if all(&|s| s.states) {
            found.extend(["state.flag", "state.grade"]);
        }
        if self.names.lookups.areas {
            found.extend(["shop.area.climate", "shop.area.height"]);
        }
        found.into_iter().map(str::to_owned).collect()
    }

    // ---------------------------------------------------------------- measures

    fn measure(&mut self, tag: Tag) -> String {
        let set = self.set(tag);
        let name = self.names.sets[set].name.clone();
        let prefix = format!("{name}.");
        let own = self.maybe(25);
        let condition = if own { format!(" where {}", self.bare(set)) } else { String::new() };
        let rows = match self.random.below(8) {
            0 => format!("(({name} where {}) or ({name} where {})){condition}", self.bare(set), self.bare(set)),
            1 => format!("({name} where {}){condition}", self.bare(set)),
            _ => format!("{name}{condition}"),
        };
        if tag == Tag::Users && self.names.sets[set].actor.is_some() {
            return format!("unique({rows}{})", self.sketch());
        }
        if tag == Tag::Plain {
            match self.random.below(12) {
                0..=3 => return format!("count({rows})"),
                4 => {
                    let column = self.column(set).replace('@', &prefix);
                    return format!("unique({column}{condition}{})", self.sketch());
                }
                5 => return format!("share(({}){condition})", self.condition(set, 0).replace('@', &prefix)),
                _ => {}
            }
        }
        let mut number = self.number(set, tag).replace('@', &prefix);
        if own && !number.ends_with(')') && number.contains([' ', '-']) {
            number = format!("({number})");
        }
        match self.random.below(14) {
            0..=4 => format!("sum({number}{condition})"),
            5..=6 => format!("mean({number}{condition})"),
            7 => format!("min({number}{condition})"),
            8 => format!("max({number}{condition})"),
            9 => format!("median({number}{condition}{})", self.sketch()),
            10 => {
                let how = if self.maybe(40) { ", discrete" } else { self.sketch() };
                let rank = self.word(&["0", "10", "33.3", "90", "95", "100"]);
                format!("percentile({number}{condition}, {rank}{how})")
            }
            11 => format!("stddev({number}{condition})"),
            _ if self.names.sets[set].time => format!("{}({number}{condition})", self.word(&["first", "last"])),
            _ => format!("max({number}{condition})"),
        }
    }

    /// Of few values a sketch is exact.
    fn sketch(&mut self) -> &'static str {
        if self.maybe(25) { ", approximate" } else { "" }
    }

    // ---------------------------------------------------------------- metrics

    pub fn metric(&mut self, tag: Tag, depth: usize) -> String {
        if depth == 0 || self.maybe(20) {
            if self.maybe(6) && self.only.is_none_or(|s| s == 0) && tag == Tag::Plain {
                let (set, name) = self.random.one(&self.names.metrics);
                if !self.used.contains(&set) {
                    self.used.push(set);
                }
                return name.to_owned();
            }
            return self.measure(tag);
        }
        let d = depth - 1;
        match self.random.below(22) {
            0..=1 => self.within(|w| {
                let inner = w.metric(tag, d);
                let condition = w.condition_on_all();
                format!("({inner} where {condition})")
            }),
            2..=3 => format!("({} over {})", self.simple(tag), self.window()),
            4 => format!("ago({}, {})", self.metric(tag, d), self.length()),
            5 if tag == Tag::Plain => {
                let of = self.tag();
                format!("change({}, {})", self.metric(of, d), self.length())
            }
            6 => format!("total({})", self.metric(tag, d)),
            7 => format!("({} + {})", self.metric(tag, d), self.metric(tag, d)),
            8 => format!("({} - {})", self.metric(tag, d), self.metric(tag, d)),
            9 if tag == Tag::Plain => {
                let of = self.tag();
                format!("({} / {})", self.metric(of, d), self.metric(of, d))
            }
            9..=10 => format!("({} / {})", self.metric(tag, d), self.metric(Tag::Plain, d)),
            11 => format!("({} * {})", self.metric(tag, d), self.metric(Tag::Plain, 0)),
            12 => format!("coalesce({}, 0)", self.metric(tag, d)),
            13 => {
                let test = self.test(d);
                format!("(if {test} then {} else {})", self.metric(tag, d), self.metric(tag, d))
            }
            14 => {
                let function = self.word(&["least", "greatest"]);
                format!("{function}({}, {})", self.metric(tag, d), self.metric(tag, 0))
            }
            15 => {
                let function = self.word(&["abs", "floor", "ceil", "round"]);
                format!("{function}({})", self.metric(tag, d))
            }
            16 if tag == Tag::Plain => format!("{}({})", self.word(&["log", "sqrt"]), self.metric(tag, d)),
            17 if tag == Tag::Plain && self.maybe(40) => self.correlation(),
            _ => self.summary(tag, d),
        }
    }

    /// A condition on metrics.
    fn test(&mut self, depth: usize) -> String {
        let of = self.tag();
        match self.random.below(7) {
            0 => format!("{} is null", self.metric(of, depth)),
            1 => format!("{} in (0, 1, 2)", self.metric(Tag::Plain, depth)),
            2 => format!("({} > 0 and {} is not null)", self.metric(of, depth), self.metric(of, 0)),
            3 => format!("(not ({} > 0) or {} = 2)", self.metric(of, depth), self.metric(Tag::Plain, 0)),
            _ => {
                let op = self.word(&[">", "<=", "=", "!="]);
                format!("{} {op} {}", self.metric(of, depth), self.metric(of, 0))
            }
        }
    }

    /// Something of one set, to which a phrase can be put.
    fn within(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        let (only, used) = (self.only, std::mem::take(&mut self.used));
        if self.only.is_none() {
            self.only = Some(self.random.below(self.names.sets.len()));
        }
        let text = write(self);
        self.only = only;
        for set in used {
            if !self.used.contains(&set) {
                self.used.push(set);
            }
        }
        text
    }

    /// Without a window.
    fn simple(&mut self, tag: Tag) -> String {
        match self.random.below(5) {
            0 if tag == Tag::Plain => {
                let of = self.tag();
                format!("({} / {})", self.measure(of), self.measure(of))
            }
            1 if tag == Tag::Plain => format!("share({} >= 2)", self.distribution(Tag::Plain, 0)),
            _ => self.measure(tag),
        }
    }

    fn window(&mut self) -> &'static str {
        self.word(&[
            "1 day",
            "2 days",
            "7 days",
            "28 days",
            "2 weeks",
            "1 month",
            "3 months",
            "1 quarter",
            "1 year",
            "5h",
            "90m",
            "2 periods",
            "week to date",
            "month to date",
            "quarter to date",
            "year to date",
            "all time",
        ])
    }

    fn length(&mut self) -> &'static str {
        self.word(&[
            "1 day",
            "3 days",
            "1 week",
            "1 month",
            "1 quarter",
            "1 year",
            "1 period",
            "2 periods",
            "6h",
            "45m",
        ])
    }

    fn grain(&mut self) -> &'static str {
        if self.moment.is_short() && self.maybe(25) {
            return "hour";
        }
        self.word(&["day", "day", "week", "month"])
    }

    /// `X per actor`, `X per kind`, of one set.
    fn distribution(&mut self, tag: Tag, depth: usize) -> String {
        self.within(|w| {
            let inner = if depth > 0 && w.maybe(40) { w.metric(tag, depth - 1) } else { w.measure(tag) };
            let set = w.only.unwrap_or(0);
            let actor = w.names.sets[set].actor.is_some();
            let key = match w.random.below(10) {
                0..=5 if actor => "actor".to_owned(),
                6 => format!("{}.kind", w.names.sets[set].name),
                7 if actor => w.base(set),
                8 => "grade".to_owned(),
                _ => "kind".to_owned(),
            };
            let text = format!("{inner} per {key}");
            if w.maybe(15) { format!("{text} over {}", w.window()) } else { text }
        })
    }

    /// The members of another set over the same kind of actors.
    fn base(&mut self, set: usize) -> String {
        let actor = self.names.sets[set].actor;
        let others: Vec<usize> = (0..self.names.sets.len()).filter(|s| self.names.sets[*s].actor == actor).collect();
        let other = self.random.one(&others);
        if !self.used.contains(&other) {
            self.used.push(other);
        }
        format!("{}.actor", self.names.sets[other].name)
    }

    fn series(&mut self, tag: Tag, depth: usize) -> String {
        self.within(|w| {
            let inner = if depth > 0 && w.maybe(40) { w.metric(tag, depth - 1) } else { w.measure(tag) };
            let grain = w.grain();
            let text = format!("{inner} per {grain}");
            if grain != "hour" && w.maybe(35) { format!("{text} over {}", w.window()) } else { text }
        })
    }

    fn summary(&mut self, tag: Tag, depth: usize) -> String {
        let series = self.maybe(35);
        if tag == Tag::Plain && self.maybe(40) {
            let of = self.tag();
            let many = if series { self.series(of, depth) } else { self.distribution(of, depth) };
            return match self.random.below(3) {
                0 => format!("count({many})"),
                1 => format!("count({many} > 0)"),
                _ => format!("share({many} {} 0)", self.word(&[">", "<=", "!="])),
            };
        }
        let many = if series { self.series(tag, depth) } else { self.distribution(tag, depth) };
        match self.random.below(12) {
            0..=3 => format!("mean({many})"),
            4 => format!("median({many})"),
            5 => format!("percentile({many}, 80)"),
            6 => format!("percentile({many}, 25, discrete)"),
            7 => format!("stddev({many})"),
            8 => format!("min({many})"),
            9 if series => format!("{}({many})", self.word(&["first", "last"])),
            10 => format!("sum({many})"),
            _ => format!("max({many})"),
        }
    }

    fn correlation(&mut self) -> String {
        self.within(|w| {
            let (grain, window) = (w.grain(), w.window());
            let (a, b) = (w.measure(Tag::Plain), w.measure(Tag::Price));
            let over = if grain != "hour" && w.maybe(50) { format!(" over {window}") } else { String::new() };
            format!("correlation({a} per {grain}{over}, {b} per {grain}{over})")
        })
    }
}
