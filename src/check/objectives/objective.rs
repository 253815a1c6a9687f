//! `objectives`: each part in its turn, then the parts against each other.

use crate::calendar::Grain;
use crate::check::definitions::title;
use crate::check::lints::{allows, needless};
use crate::check::objectives::aim::Aimed;
use crate::check::objectives::{Checker, Subject, text};
use crate::decimal::Decimal;
use crate::diag::Code;
use crate::ir::{Action, Logged, Metric, Objective};
use crate::resolve::lints;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::document::{ActionDef, ObjectiveDef, Text};
use crate::syntax::print;

impl Checker<'_> {
    pub(super) fn objective(&mut self, def: &ObjectiveDef) -> Option<Objective> {
        let before = self.found.len();
        let allow = self.allow(def);
        let start_of_findings = self.found.len();
        let objective = self.parts(def, &allow);
        let findings = self.found.split_off(start_of_findings);
        let allowed = |code: Code| allow.iter().any(|(known, _)| *known == code);
        // What data say may be another thing tomorrow; what definitions say is known now.
        let stated = |code: Code| code.as_str() < "K0550";
        if findings.iter().all(|finding| !finding.is_error()) {
            for allow in &def.allow {
                let code = lints::known(&allow.lint).ok().filter(|code| stated(*code));
                if code.is_some_and(|code| findings.iter().all(|finding| finding.code != code)) {
                    self.push(needless(allow, &format!("the objective `{}`", def.name.value)));
                }
            }
        }
        self.found.extend(findings.into_iter().filter(|finding| !allowed(finding.code)));
        // An objective with an error in it would be judged by half of what it says.
        let whole = self.found.iter().skip(before).all(|finding| !finding.is_error());
        objective.filter(|_| whole)
    }

    fn parts(&mut self, def: &ObjectiveDef, allow: &[(Code, String)]) -> Option<Objective> {
        self.owner(def);
        let due = match &def.due {
            Some(text) => self.due(text),
            None => {
                let message = format!("the objective `{}` is never due", def.name.value);
                self.report_at(Code::NoDue, def.name.span, message, "write `due: 2026-Q4` or `due: 2026-12-31`");
                None
            }
        };
        let start = def.start.as_ref().and_then(|text| self.start(text));
        let created = def.created.as_ref().and_then(|text| self.date(text));
        let check_in = def.check_in.as_ref().and_then(|text| self.cadence(text));
        let thresholds = self.thresholds(def);
        let actions = def.actions.iter().map(|action| self.action(action)).collect();
        let changes = def.changes.iter().map(|change| {
            let on = change.on.as_ref().and_then(|text| self.date(text));
            let what = text(change.what.as_ref()).unwrap_or_default();
            Logged { on, what, was: text(change.was.as_ref()), reason: text(change.reason.as_ref()) }
        });
        let changes = changes.collect();
        let guardrails = def.guardrails.iter().filter_map(|guardrail| self.guardrail(guardrail)).collect();
        let target = def.target.as_ref();
        if target.is_none() {
            let message = format!("the objective `{}` has no target", def.name.value);
            let help = "write `target: increase by 20% from 2026-Q3`, `reach 45 minutes` or `keep at least 99%`";
            self.report_at(Code::NoTarget, def.name.span, message, help);
        }
        self.absent(def);
        let Some(expr) = &def.metric else {
            let message = format!("the objective `{}` has no metric", def.name.value);
            self.report_at(Code::NoMetric, def.name.span, message, "write `metric: NAME`");
            return None;
        };
        let typed = self.typed(expr, None)?;
        let metric = typed.metric.and_then(|id| self.metrics.get(id.0 as usize));
        let of = Subject { expr: &typed.expr, display: &typed.display };
        let compare = self.compared(def, metric.map(|m| m.name.as_str()), of);
        let value_area = metric.and_then(|m| m.value_area.clone());
        self.support(def, value_area.as_deref());
        self.metric_owner(metric, expr.span);
        self.vanity(metric, expr.span);
        let better = metric.and_then(|m| m.better);
        let name = metric.map_or(typed.formula.as_str(), |m| m.name.as_str());
        let aimed = Aimed { of, metric: name, better, due: due.as_ref() };
        let target_text = target.map(print::target).unwrap_or_default();
        let target = target.and_then(|target| self.target(target, aimed));
        let objective = Objective {
            name: def.name.value.clone(),
            span: def.name.span,
            title: title(def.title.as_ref(), &def.name.value),
            metric: typed.metric,
            grain: typed.grain.or(metric.map(|m| m.grain)).unwrap_or(Grain::Day),
            formula: typed.formula,
            expr: typed.expr,
            display: typed.display,
            better,
            target: target?,
            target_text,
            start,
            due: due?,
            created,
            owner: text(def.owner.as_ref()),
            population: text(def.population.as_ref()).or_else(|| scope_of(expr)),
            supports: text(def.supports.as_ref()),
            because: text(def.because.as_ref()),
            compare,
            guardrails,
            check_in,
            actions,
            aspirational: def.aspirational.as_ref().is_some_and(|flag| flag.value),
            latch: def.latch.as_ref().is_some_and(|flag| flag.value),
            thresholds,
            allow: allow.iter().map(|(code, reason)| (code.as_str().to_owned(), reason.clone())).collect(),
            changes,
            value_area,
        };
        self.guarded(def, &objective);
        self.horizon(def, &objective);
        Some(objective)
    }

    /// Hints at what an objective leaves unsaid, whatever its metric is.
    fn absent(&mut self, def: &ObjectiveDef) {
        let name = &def.name.value;
        if def.compare.is_empty() {
            let message = format!("the objective `{name}` stands beside nothing that is known");
            let help = "define a benchmark of its metric and write `compare: [NAME]`";
            self.report_at(Code::NothingToCompare, def.name.span, message, help);
        }
        if def.check_in.is_none() {
            let message = format!("the objective `{name}` says nothing about check-ins");
            self.report_at(Code::NoCheckIn, def.name.span, message, "write `check_in: every 2 weeks`");
        }
        // Of one that is aspirational a guardrail is asked for by itself.
        let aspirational = def.aspirational.as_ref().is_some_and(|flag| flag.value);
        if !aspirational && def.guardrails.is_empty() && def.actions.is_empty() {
            let message = format!("the objective `{name}` has neither a guardrail nor an action");
            let help =
                "write what is done for it (`actions: [{do: …, due: …}]`), or what must not suffer (`guardrails:`)";
            self.report_at(Code::BareObjective, def.name.span, message, help);
        }
    }

    /// S2: who answers for it.
    fn owner(&mut self, def: &ObjectiveDef) {
        if def.owner.is_none() {
            let message = format!("the objective `{}` has no owner", def.name.value);
            self.report_at(Code::NoOwner, def.name.span, message, "write `owner:` with a person or a team");
        }
    }

    fn metric_owner(&mut self, metric: Option<&Metric>, span: Span) {
        // Of the library's metrics nobody in the project can say it: the objective's owner answers for them.
        let allowed = |m: &Metric| {
            let def = self.project.metrics.iter().find(|def| def.name.value == m.name);
            def.is_some_and(|def| allows(&def.allow, Code::Unowned))
        };
        if let Some(metric) = metric.filter(|m| m.owner.is_none() && !m.library && !allowed(m)) {
            let message = format!("nobody owns the metric `{}`, which an objective is judged by", metric.name);
            self.report_at(Code::Unowned, span, message, "write `owner:` at the metric");
        }
    }

    /// What only looks good is no aim.
    fn vanity(&mut self, metric: Option<&Metric>, span: Span) {
        if let Some(metric) = metric.filter(|m| m.kind.as_deref() == Some("vanity")) {
            let message = format!("the objective is judged by `{}`, which is a vanity metric", metric.name);
            let help = "judge it by what people do or pay, and leave this one to a report";
            self.report_at(Code::VanityMetric, span, message, help);
        }
    }

    /// The lints that are allowed, with the reasons. Those that the project has switched off are allowed everywhere.
    fn allow(&mut self, def: &ObjectiveDef) -> Vec<(Code, String)> {
        let mut allowed = Vec::new();
        for allow in &def.allow {
            match lints::known(&allow.lint) {
                Ok(code) => allowed.push((code, text(allow.reason.as_ref()).unwrap_or_default())),
                Err(finding) => self.push(finding),
            }
        }
        let off = self.project.manifest.lints.iter().filter(|(_, level)| level.value == "off");
        allowed.extend(off.filter_map(|(name, _)| Some((lints::known(name).ok()?, "off in kepi.yaml".to_owned()))));
        allowed
    }

    fn thresholds(&mut self, def: &ObjectiveDef) -> Option<(Decimal, Decimal)> {
        let on_track = def.on_track.as_ref().map(|text| self.share(text));
        let at_risk = def.at_risk.as_ref().map(|text| self.share(text));
        if on_track.is_none() && at_risk.is_none() {
            return None;
        }
        let on_track = on_track.unwrap_or(Some(Decimal::new(70, 2)))?;
        let at_risk = at_risk.unwrap_or(Some(Decimal::new(30, 2)))?;
        if at_risk >= on_track {
            let span = def.at_risk.as_ref().or(def.on_track.as_ref()).map_or(def.name.span, |text| text.span);
            let message = "`at_risk` is not below `on_track`";
            self.report_at(Code::WrongValue, span, message, "write `thresholds: {on_track: 70%, at_risk: 30%}`");
            return None;
        }
        Some((on_track, at_risk))
    }

    /// `70%`, `0.7`.
    fn share(&mut self, text: &Text) -> Option<Decimal> {
        let written = text.value.trim();
        let share = match written.strip_suffix('%') {
            Some(percent) => percent.parse::<Decimal>().ok().and_then(|d| d.checked_div_exact(100)),
            None => written.parse::<Decimal>().ok(),
        };
        let share = share.filter(|share| (Decimal::ZERO..=Decimal::new(1, 0)).contains(share));
        if share.is_none() {
            let message = format!("`{}` is no probability", text.value);
            self.report_at(Code::WrongValue, text.span, message, "write a percentage between `0%` and `100%`");
        }
        share
    }

    fn action(&mut self, def: &ActionDef) -> Action {
        Action {
            what: def.what.value.clone(),
            owner: text(def.owner.as_ref()),
            due: def.due.as_ref().and_then(|text| self.last_day(text)),
            release: text(def.release.as_ref()),
            expect: def.expect.as_ref().map(print::effect),
            status: text(def.status.as_ref()),
        }
    }
}

/// The condition that a metric is narrowed to.
fn scope_of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Where { condition, .. } => Some(print::expr(condition)),
        _ => None,
    }
}
