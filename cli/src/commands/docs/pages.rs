//! The pages: an index, one for the metrics of each stage, one for the data, one for the aims. Links lead from each
//! definition to those that it is made of, and back.

use std::collections::BTreeMap;

use kepi_lang::ir::hash::Hasher;
use kepi_lang::ir::print::{Printer, additivity};
use kepi_lang::ir::{Approximation, Better, Metric, Program};
use kepi_lang::report::render::escaped;

use crate::commands::explain::lineage;
use crate::project::Named;

const INDEX: &str = "index.md";
const DATA: &str = "data.md";
const AIMS: &str = "aims.md";
/// Metrics that name no stage.
const OTHER: &str = "other";

/// Every page, by its name.
pub fn all(program: &Program, named: &[Named]) -> Vec<(String, String)> {
    let catalogue = Catalogue::new(program, named);
    let mut pages = vec![(INDEX.to_owned(), catalogue.index())];
    pages.extend(catalogue.stages.iter().map(|(stage, metrics)| (page_of(stage), catalogue.stage(stage, metrics))));
    pages.push((DATA.to_owned(), catalogue.data()));
    pages.push((AIMS.to_owned(), catalogue.aims()));
    pages
}

struct Catalogue<'a> {
    program: &'a Program,
    named: &'a [Named],
    /// Stages in the order of the first of their metrics.
    stages: Vec<(&'a str, Vec<&'a Metric>)>,
    /// By name, the page that it stands on.
    places: BTreeMap<&'a str, String>,
}

fn stage_of(metric: &Metric) -> &str {
    metric.stage.as_deref().unwrap_or(OTHER)
}

/// The page of a stage, which may be called anything: what is no letter, digit or `_` becomes its number.
fn page_of(stage: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    let name: String =
        stage.chars().map(|c| if plain(c) { c.to_string() } else { format!("-{:x}", u32::from(c)) }).collect();
    format!("metrics-{name}.md")
}

fn is_aim(kind: &str) -> bool {
    matches!(kind, "goal" | "objective" | "benchmark" | "release")
}

impl<'a> Catalogue<'a> {
    fn new(program: &'a Program, named: &'a [Named]) -> Self {
        let mut stages: Vec<(&str, Vec<&Metric>)> = Vec::new();
        let mut places = BTreeMap::new();
        // Of a metric and an aim with one name it is the metric that formulas mean.
        let aims = named.iter().filter(|n| is_aim(n.kind)).map(|n| (n.name.as_str(), AIMS.to_owned()));
        places.extend(aims);
        places.extend(named.iter().filter(|n| !is_aim(n.kind)).map(|n| (n.name.as_str(), DATA.to_owned())));
        places.extend(program.sources.iter().map(|s| (s.name.as_str(), DATA.to_owned())));
        for metric in &program.metrics {
            let stage = stage_of(metric);
            places.insert(&metric.name, page_of(stage));
            match stages.iter_mut().find(|(name, _)| *name == stage) {
                Some((_, metrics)) => metrics.push(metric),
                None => stages.push((stage, vec![metric])),
            }
        }
        Self { program, named, stages, places }
    }

    /// A name as a link to where it is explained.
    fn link(&self, name: &str) -> String {
        match self.places.get(name) {
            Some(page) => format!("[`{name}`]({page}#{name})"),
            None => format!("`{name}`"),
        }
    }

    fn links<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<String> {
        let links: Vec<_> = names.map(|name| self.link(name)).collect();
        (!links.is_empty()).then(|| links.join(", "))
    }

    fn index(&self) -> String {
        let program = self.program;
        let mut out = format!("# {}\n\n", escaped(&program.settings.name));
        let counts = [
            (program.metrics.len(), "metrics"),
            (program.sources.len(), "sources"),
            (program.objectives.len(), "objectives"),
        ];
        let counts: Vec<_> = counts.iter().map(|(n, what)| format!("{n} {what}")).collect();
        out += &format!("{}. [Data]({DATA}) · [Aims]({AIMS})\n", counts.join(", "));
        for (stage, metrics) in &self.stages {
            out += &format!(
                "\n## [{}]({})\n\n| metric | what | unit | owner |\n| --- | --- | --- | --- |\n",
                escaped(stage),
                page_of(stage)
            );
            for m in metrics {
                let owner = m.owner.as_deref().unwrap_or(if m.library { "standard library" } else { "" });
                out +=
                    &format!("| {} | {} | {} | {} |\n", self.link(&m.name), escaped(&m.title), unit(m), escaped(owner));
            }
        }
        out
    }

    fn stage(&self, stage: &str, metrics: &[&Metric]) -> String {
        let mut out = format!("# {}\n\n[{}]({INDEX})\n", escaped(stage), escaped(&self.program.settings.name));
        metrics.iter().for_each(|metric| out += &self.metric(metric));
        out
    }

    fn metric(&self, metric: &Metric) -> String {
        let program = self.program;
        let mut out = heading(&metric.name, &metric.title);
        if let Some(description) = &metric.description {
            out += &format!("{}\n\n", escaped(description));
        }
        out += &format!("```text\n{}\n```\n\n", metric.formula);
        let written = |text: &Option<String>| text.as_deref().map(escaped);
        let better = metric.better.map(|b| match b {
            Better::Higher => "higher is better",
            Better::Lower => "lower is better",
            Better::Neither => "neither is better",
        });
        let users = program.metrics.iter().filter(|m| m.mentions.contains(&metric.name)).map(|m| m.name.as_str());
        let aimed = program.objectives.iter().filter(|o| {
            o.metric.and_then(|id| program.metrics.get(id.0 as usize)).is_some_and(|m| m.name == metric.name)
        });
        let held = program.benchmarks.iter().filter(|b| b.metric == metric.name).map(|b| b.name.as_str());
        let dimensions: Vec<_> = metric.by.iter().map(|d| code(d)).collect();
        let read: Vec<_> = lineage(metric, program).iter().map(|column| code(column)).collect();
        let facts = [
            ("computed", Some(code(&Printer::new(&program.sources, &program.lookups).metric(&metric.expr)))),
            ("unit", Some(unit(metric)).filter(|unit| !unit.is_empty())),
            ("direction", better.map(str::to_owned)),
            ("adds up", Some(additivity(metric.expr.additivity).to_owned())),
            ("exact", Approximation::of(&metric.expr).words().map(|words| format!("no, {words}"))),
            ("grain", Some(metric.grain.to_string())),
            ("broken down by", Some(dimensions.join(", ")).filter(|d| !d.is_empty())),
            ("value area", metric.value_area.as_ref().map(|area| area.replace('_', " "))),
            ("kind", written(&metric.kind)),
            ("owner", written(&metric.owner)),
            ("defined by", written(&metric.source)),
            ("model", metric.model.as_ref().map(|model| escaped(&model.replace('_', " ")))),
            ("made of", self.links(metric.mentions.iter().map(String::as_str))),
            ("used by", self.links(users)),
            ("aimed at by", self.links(aimed.map(|o| o.name.as_str()))),
            ("held against", self.links(held)),
            ("reads", Some(read.join(", ")).filter(|r| !r.is_empty())),
            ("library", metric.library.then(|| "the standard library".to_owned())),
            ("hash", Some(code(&Hasher::new(program).metric(metric)))),
        ];
        out + &table(facts.into_iter())
    }

    fn data(&self) -> String {
        let program = self.program;
        let mut out = format!("# Data\n\n[{}]({INDEX})\n", escaped(&program.settings.name));
        for source in &program.sources {
            out += &heading(&source.name, &format!("{}, a source", source.name));
            let files: Vec<_> = source.files.iter().map(|(file, _)| format!("`{file}`")).collect();
            let name = |id: kepi_lang::ir::ColumnId| source.columns.get(id.0 as usize).map(|c| format!("`{}`", c.name));
            let key: Vec<_> = source.key.iter().filter_map(|id| name(*id)).collect();
            let links = self.links(
                source
                    .links
                    .iter()
                    .filter_map(|l| program.lookups.get(l.lookup.0 as usize).map(|lookup| lookup.name.as_str())),
            );
            let facts = [
                ("files", Some(files.join(", "))),
                ("time", source.time.and_then(name)),
                ("actor", source.entity.clone()),
                ("key", Some(key.join(", ")).filter(|k| !k.is_empty())),
                ("looks up", links),
            ];
            out += &table(facts.into_iter());
            out += "\n| column | type | unit |\n| --- | --- | --- |\n";
            for column in &source.columns {
                let ty = format!("{:?}", column.ty).to_lowercase();
                out += &format!("| `{}` | {ty} | {} |\n", column.name, column.unit);
            }
        }
        for named in self.named.iter().filter(|n| !is_aim(n.kind)) {
            out += &self.definition(named);
        }
        out
    }

    fn aims(&self) -> String {
        let mut out = format!("# Aims\n\n[{}]({INDEX})\n", escaped(&self.program.settings.name));
        for named in self.named.iter().filter(|n| is_aim(n.kind)) {
            out += &self.definition(named);
        }
        out
    }

    fn definition(&self, named: &Named) -> String {
        let article = if named.kind.starts_with(['e', 'o']) { "an" } else { "a" };
        let facts = named.facts.iter().map(|(label, fact)| {
            let linked = matches!(*label, "metric" | "supports" | "parent" | "source");
            let text = if linked && self.places.contains_key(fact.as_str()) { self.link(fact) } else { escaped(fact) };
            (*label, Some(text))
        });
        let users = self.program.metrics.iter().filter(|m| m.mentions.contains(&named.name)).map(|m| m.name.as_str());
        let users = if is_aim(named.kind) { None } else { self.links(users) };
        heading(&named.name, &format!("{}, {article} {}", named.name, named.kind))
            + &table(facts.chain([("used by", users)]))
    }
}

/// A text of code, within a table too.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn heading(name: &str, what: &str) -> String {
    format!("\n<a id=\"{name}\"></a>\n\n## {}\n\n`{name}`\n\n", escaped(what))
}

fn unit(metric: &Metric) -> String {
    match metric.display.to_string() {
        unit if !unit.is_empty() => unit,
        _ if metric.expr.proportion => "%".to_owned(),
        none => none,
    }
}

fn table<'f>(facts: impl Iterator<Item = (&'f str, Option<String>)>) -> String {
    let rows = facts.filter_map(|(label, fact)| Some(format!("| {label} | {} |\n", fact?)));
    format!("| | |\n| --- | --- |\n{}", rows.collect::<String>())
}
