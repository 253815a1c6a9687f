//! `kepi compile`: any stage, printed.

use kepi_lang::ir::hash::Hasher;
use kepi_lang::ir::print::{Printer, additivity};
use kepi_lang::ir::{Ask, MetricExpr, Program};
use kepi_lang::syntax::ast::Expr;
use kepi_lang::syntax::document::Document;
use kepi_lang::syntax::print::expr as printed;
use serde_yaml::{Mapping, Value};

use crate::args::{Common, CompileArgs, QueryArgs, Stage};
use crate::commands::{Stop, query};
use crate::exit::Exit;
use crate::session::Session;
use crate::{output, project};

pub fn run(common: &Common, args: &CompileArgs) -> Result<Exit, Stop> {
    let mut out = String::new();
    let needs_data = args.emit.iter().any(|s| matches!(s, Stage::Plan | Stage::Physical | Stage::Ir));
    let mut session = if needs_data { Some(Session::open(common)?) } else { None };
    for (i, stage) in args.emit.iter().enumerate() {
        if args.emit.len() > 1 {
            out += &format!("{}# {}\n", if i > 0 { "\n" } else { "" }, name(*stage));
        }
        out += &match (stage, &mut session) {
            (Stage::Ast, _) => ast(common, args)?,
            (Stage::Ir, Some(session)) => ir(session, args)?,
            (Stage::Plan, Some(session)) => plans(session, args)?.0,
            (Stage::Physical, Some(session)) => plans(session, args)?.1,
            (_, None) => String::new(),
        };
    }
    output::print(&out);
    Ok(Exit::Fine)
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ast => "ast",
        Stage::Ir => "ir",
        Stage::Plan => "plan",
        Stage::Physical => "physical",
    }
}

/// The definitions' expressions as they were parsed, with the parentheses that the grammar needs and no others.
fn ast(common: &Common, args: &CompileArgs) -> Result<String, Stop> {
    let definitions = project::read(&project::root(common).map_err(Stop::Usage)?);
    if definitions.findings.iter().any(|f| f.is_error()) {
        return Err(Stop::Findings { exit: Exit::Findings, findings: definitions.findings, map: definitions.map });
    }
    let wanted = |name: &str| args.metric.as_deref().is_none_or(|m| m == name);
    let mut root = Mapping::new();
    for document in &definitions.documents {
        for (section, name, expr) in expressions(document) {
            if wanted(name) {
                let section = root.entry(section.into()).or_insert_with(|| Value::Mapping(Mapping::new()));
                if let Some(section) = section.as_mapping_mut() {
                    section.insert(name.into(), printed(expr).into());
                }
            }
        }
    }
    if let (true, Some(name)) = (root.is_empty(), &args.metric) {
        return Err(Stop::Usage(format!("nothing is named `{name}`")));
    }
    yaml(&Value::Mapping(root))
}

fn expressions(document: &Document) -> impl Iterator<Item = (&'static str, &str, &Expr)> {
    let events = document.events.iter().map(|d| ("events", d.name.value.as_str(), &d.expr));
    let spans = document.spans.iter().map(|d| ("spans", d.name.value.as_str(), &d.source));
    let segments = document.segments.iter().map(|d| ("segments", d.name.value.as_str(), &d.expr));
    let metrics = document.metrics.iter().map(|d| ("metrics", d.name.value.as_str(), &d.expr));
    let objectives =
        document.objectives.iter().filter_map(|d| Some(("objectives", d.name.value.as_str(), d.metric.as_ref()?)));
    events.chain(spans).chain(segments).chain(metrics).chain(objectives)
}

/// The typed program: a metric's expression over measures, its unit, type, additivity and hash.
fn ir(session: &mut Session, args: &CompileArgs) -> Result<String, Stop> {
    let mut root = Mapping::new();
    let mut add = |name: &str, expr: &MetricExpr, hash: Option<&str>, program: &Program| {
        let mut entry = Mapping::new();
        entry.insert("expr".into(), Printer::new(&program.sources, &program.lookups).metric(expr).into());
        entry.insert("type".into(), format!("{:?}", expr.ty).to_lowercase().into());
        let unit = expr.unit.to_string();
        entry.insert("unit".into(), if unit.is_empty() { Value::Null } else { unit.into() });
        entry.insert("additivity".into(), additivity(expr.additivity).into());
        if let Some(hash) = hash {
            entry.insert("hash".into(), hash.into());
        }
        root.insert(name.into(), Value::Mapping(entry));
    };
    let program = std::sync::Arc::clone(&session.program);
    let hasher = Hasher::new(&program);
    match &args.metric {
        None => program.metrics.iter().for_each(|m| add(&m.name, &m.expr, Some(&hasher.metric(m)), &program)),
        Some(text) => {
            let expr = session.expression("METRIC", text)?;
            let typed = session.typed(&expr, &[], None)?;
            let hash = typed.metric.map(|id| hasher.metric(&program.metrics[id.0 as usize]));
            add(text, &typed.expr, hash.as_deref(), &program);
        }
    }
    yaml(&Value::Mapping(root))
}

fn plans(session: &mut Session, args: &CompileArgs) -> Result<(String, String), Stop> {
    let question = QueryArgs::of(session.metrics(args.metric.as_deref()));
    let asks: Vec<Ask> = query::asks(session, &question)?.into_iter().map(|a| a.ask).collect();
    let (logical, physical) = session.explain(asks)?;
    Ok((logical, physical))
}

fn yaml(value: &Value) -> Result<String, Stop> {
    serde_yaml::to_string(value).map_err(|e| Stop::Data(format!("the program cannot be written as YAML: {e}")))
}
