//! The page: a template over the view. Every value is escaped but the figures, which our own writer has escaped.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use crate::report::render::view::View;

const TEMPLATE: &str = include_str!("../../../templates/report.html");
const STYLE: &str = include_str!("../../../templates/report.css");

pub fn page(view: &View) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let rendered = environment.render_str(TEMPLATE, context! { css => STYLE, ..minijinja::Value::from(Serde(view)) });
    match rendered {
        Ok(page) => page,
        // The template is part of kepi and its tests render it whole: this says so rather than losing the report.
        Err(error) => {
            format!("<!doctype html><title>kepi</title><p>error K0901: the page cannot be made: {error:#}</p>")
        }
    }
}
