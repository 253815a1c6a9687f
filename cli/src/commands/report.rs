//! `kepi report`.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use kepi_lang::report::evaluate::evaluate;
use kepi_lang::report::plan::{Request, plan};
use kepi_lang::report::{Report, Status, render};

use crate::args::{Common, ReportArgs, ReportFormat};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::session::Session;
use crate::{findings, output, range};

pub fn run(common: &Common, args: &ReportArgs) -> Result<Exit, Stop> {
    let fail_on = statuses(&args.fail_on).map_err(Stop::Usage)?;
    let root = crate::project::root(common).map_err(Stop::Usage)?;
    let session = Session::open(common)?;
    let calendar = &session.program.settings.calendar;
    let flag = common.as_of.as_deref().map(|t| range::instant(calendar, t)).transpose()?;
    let mut request = Request { as_of: flag, report: args.name.clone(), ..Request::default() };
    if args.stamp {
        request.commit = commit(&root);
        request.run_at = Some(Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    let program = &session.program;
    let (plan, question) = plan(program, &session.checked.scope, session.dataset.extents(), &request)
        .map_err(|findings| session.stop(Exit::Usage, findings))?;
    let results = session.results(&question)?;
    let mut report = evaluate(program, &plan, &results);
    report.findings = report.findings.into_iter().filter_map(|f| session.levels.apply(f)).collect();
    report.findings.extend(session.warnings.iter().cloned());
    kepi_lang::diag::sort(&mut report.findings);
    if let Some(format) = args.format {
        output::print(&render_as(format, &report, &session, common));
    } else {
        let out = args.out.clone().unwrap_or_else(|| root.join("reports"));
        let name = args.name.clone().or_else(|| program.reports.first().map(|r| r.name.clone()));
        let files = write(&out, &name.unwrap_or_else(|| "report".to_string()), &report, &session, common)?;
        output::print(&render_as(ReportFormat::Text, &report, &session, common));
        if !common.quiet {
            note!("written: {}", files.join(", "));
        }
    }
    let failed = report.objectives.iter().any(|o| fail_on.contains(&o.status));
    let errors = report.findings.iter().any(kepi_lang::diag::Diagnostic::is_error);
    Ok(if failed || errors { Exit::Findings } else { Exit::Fine })
}

fn render_as(format: ReportFormat, report: &Report, session: &Session, common: &Common) -> String {
    match format {
        ReportFormat::Html => render::html(report, &session.map),
        ReportFormat::Md => render::markdown(report, &session.map),
        ReportFormat::Json => render::json(report, &session.map),
        ReportFormat::Text => {
            let terminal = std::io::stdout().is_terminal();
            let width = terminal_size::terminal_size().map_or(100, |(w, _)| usize::from(w.0));
            let style = render::Style {
                colour: findings::colour(common.color, terminal),
                width: if terminal { width.clamp(60, 140) } else { 100 },
            };
            render::text(report, &session.map, &style)
        }
    }
}

fn write(out: &Path, name: &str, report: &Report, session: &Session, common: &Common) -> Result<Vec<String>, Stop> {
    let formats = [(ReportFormat::Html, "html"), (ReportFormat::Md, "md"), (ReportFormat::Json, "json")];
    let files: Vec<(String, String)> = formats
        .iter()
        .map(|(format, ending)| (format!("{name}.{ending}"), render_as(*format, report, session, common)))
        .collect();
    output::write_all(out, &files)
        .map_err(|e| Stop::Data(format!("the report cannot be written to {}: {e}", out.display())))?;
    Ok(files.iter().map(|(name, _)| out.join(name).display().to_string()).collect())
}

fn statuses(names: &[String]) -> Result<Vec<Status>, String> {
    names
        .iter()
        .map(|name| {
            Status::ALL.iter().copied().find(|s| s.as_str() == name.trim()).ok_or_else(|| {
                let known: Vec<_> = Status::ALL.iter().map(|s| s.as_str()).collect();
                format!("`{name}` is no status: {}", known.join(", "))
            })
        })
        .collect()
}

/// The commit that the definitions' folder is at; `None` outside of git.
fn commit(root: &Path) -> Option<String> {
    let out = Command::new("git").arg("-C").arg(root).args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    (out.status.success() && !text.trim().is_empty()).then(|| text.trim().to_string())
}
