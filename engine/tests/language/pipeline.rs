//! From the text of a project to a program, through the stages that the command goes through.

use std::path::Path;

use kepi_lang::calendar::{Calendar, Grain, Interval, Period};
use kepi_lang::check::{AskSpec, Checked, Scope, Typed, check};
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::Program;
use kepi_lang::resolve::resolve;
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::ast::Expr;
use kepi_lang::syntax::expr::expression;
use kepi_lang::syntax::located::Located;
use kepi_lang::syntax::{parse_document, parse_manifest};

/// A project that is fit to be asked.
pub struct Compiled {
    pub program: Program,
    pub scope: Scope,
}

/// Compiles `kepi.yaml` and one definition file, with the files below `root`.
pub fn compile(root: &Path, manifest: &str, definitions: &str) -> Result<Compiled, String> {
    let mut sources = SourceMap::new();
    let manifest = sources.add("kepi.yaml", manifest);
    let document = sources.add("metrics/all.yaml", definitions);
    let (manifest, mut found) = parse_manifest(&sources, manifest);
    let (document, more) = parse_document(&sources, document);
    found.extend(more);
    let manifest = manifest.ok_or_else(|| said(&sources, &found))?;
    let (project, more) = resolve(manifest, vec![document]);
    found.extend(more);
    let (schemas, more) = kepi_engine::schemas(root, &project.settings, &project.tables);
    found.extend(more);
    let Checked { program, diagnostics, scope } = check(project, Some(&schemas));
    found.extend(diagnostics);
    match program {
        Some(program) if !found.iter().any(Diagnostic::is_error) => Ok(Compiled { program, scope }),
        _ => Err(said(&sources, &found)),
    }
}

/// An expression to ask, as text.
#[derive(Clone, Debug)]
pub struct Text {
    pub expr: String,
    pub by: Vec<String>,
    pub condition: Option<String>,
}

impl Compiled {
    pub fn ask(&self, text: &Text) -> Result<Typed, String> {
        let expr = parse(&text.expr)?;
        let by = text.by.iter().map(|d| parse(d)).collect::<Result<Vec<_>, _>>()?;
        let condition = text.condition.as_deref().map(parse).transpose()?;
        let spec = AskSpec { expr: &expr, by: &by, condition: condition.as_ref() };
        self.scope.ask(&spec).map_err(|found| plain(&found))
    }

    pub fn calendar(&self) -> &Calendar {
        &self.program.settings.calendar
    }

    /// The periods of a grain that an interval touches; without a grain, or without time, the interval as one.
    pub fn periods(&self, grain: Option<Grain>, interval: Interval) -> Vec<Period> {
        match grain {
            Some(grain) => self.calendar().periods(interval, grain).expect("few periods"),
            None => vec![Calendar::total(interval)],
        }
    }
}

fn parse(text: &str) -> Result<Expr, String> {
    let mut sources = SourceMap::new();
    let file = sources.add("<expression>", text);
    expression(&Located::plain(text, file, 0)).map_err(|found| said(&sources, &found))
}

fn said(sources: &SourceMap, found: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| {
        let place = d
            .primary
            .as_ref()
            .map_or_else(String::new, |p| format!(" at {} `{}`", sources.position(p.span), sources.text(p.span)));
        format!("{}{place}: {}", d.code, d.message)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Findings without their places.
pub fn plain(found: &[Diagnostic]) -> String {
    found.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("\n")
}
