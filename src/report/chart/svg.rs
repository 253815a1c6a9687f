//! The writer: elements, escaped text, coordinates with one decimal.

use std::fmt::Write;

/// An SVG figure being written.
pub struct Svg {
    body: String,
    width: f64,
    height: f64,
}

/// The opacity of a cell of a heat map at its strongest.
pub const DARKEST: f64 = 0.45;

/// Text that stands in XML: nothing in it is markup any more, control characters that XML forbids are left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if (c as u32) < 0x20 || matches!(c as u32, 0xFFFE | 0xFFFF) => {}
            c => out.push(c),
        }
    }
    out
}

/// A coordinate with one decimal; `-0.0` is `0`, what is not finite is 0.
pub fn number(value: f64) -> String {
    let rounded = if value.is_finite() { (value * 10.0).round() / 10.0 } else { 0.0 };
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    /// One class gives an element its colour and stroke; [`fallback`] says what it is where no style sheet is.
    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        let _ =
            write!(self.body, r#"<line class="{class}"{} x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#, fallback(class));
    }

    /// A line through points; fewer than two draw nothing.
    pub fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        if points.len() > 1 {
            let _ = write!(self.body, r#"<path class="{class}"{} d="{}"/>"#, fallback(class), path(points));
        }
    }

    /// A filled area with the points as its edge.
    pub fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        if points.len() > 2 {
            let _ = write!(self.body, r#"<path class="{class}"{} d="{}Z"/>"#, fallback(class), path(points));
        }
    }

    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(number);
        let _ = write!(
            self.body,
            r#"<rect class="{class}"{} x="{x}" y="{y}" width="{width}" height="{height}"/>"#,
            fallback(class)
        );
    }

    /// A cell of a heat map, 0 to 1. Pale enough that text on the darkest can be read.
    pub fn shade(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), strength: f64) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(number);
        let opacity = (strength.clamp(0.0, 1.0) * DARKEST * 100.0).round() / 100.0;
        let _ = write!(
            self.body,
            r#"<rect class="c-heat"{} x="{x}" y="{y}" width="{width}" height="{height}" fill-opacity="{opacity}"/>"#,
            fallback("c-heat")
        );
    }

    /// A dot; with a text it tells it on hovering.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tip: &str) {
        let [x, y, radius] = [x, y, radius].map(number);
        let _ = write!(self.body, r#"<circle class="{class}"{} cx="{x}" cy="{y}" r="{radius}""#, fallback(class));
        if tip.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></circle>", escape(tip));
        }
    }

    /// `anchor`: start, middle or end.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
        let [x, y] = [x, y].map(number);
        let _ = write!(
            self.body,
            r#"<text class="{class}"{} x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            fallback(class),
            escape(text)
        );
    }

    /// The figure. `id` makes the ids of title and description unique in a page.
    pub fn finish(self, id: &str, title: &str, description: &str) -> String {
        let (id, width, height) = (escape(id), number(self.width), number(self.height));
        let description = if description.is_empty() {
            String::new()
        } else {
            format!(r#"<desc id="{id}-d">{}</desc>"#, escape(description))
        };
        let labels = if description.is_empty() { format!("{id}-t") } else { format!("{id}-t {id}-d") };
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{labels}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="system-ui, sans-serif"><title id="{id}-t">{}</title>{description}{}</svg>"#,
            escape(title),
            self.body
        )
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if i == 0 { "M" } else { "L" }, number(*x), number(*y));
    }
    out
}

/// Presentation attributes: weaker than any style sheet, so the page's colours win over them.
fn fallback(class: &str) -> &'static str {
    match class {
        "c-grid" => r##" stroke="#d9dee6" stroke-width="1""##,
        "c-axis" => r##" stroke="#6b7585" stroke-width="1""##,
        "c-line" => r##" stroke="#1f5fbf" stroke-width="2.2" fill="none" stroke-linejoin="round""##,
        "c-dot" => r##" fill="#1f5fbf""##,
        "c-open" => r##" fill="#ffffff" stroke="#1f5fbf" stroke-width="1.6""##,
        "c-pace" => r##" stroke="#6b7585" stroke-width="1.6" stroke-dasharray="2 4" fill="none""##,
        "c-target" => r##" stroke="#0b7a4b" stroke-width="1.6" fill="none""##,
        "c-band" => r##" fill="#0b7a4b" fill-opacity="0.12""##,
        "c-cone" => r##" fill="#1f5fbf" fill-opacity="0.16""##,
        "c-median" => r##" stroke="#1f5fbf" stroke-width="1.6" stroke-dasharray="5 3" fill="none""##,
        "c-release" => r##" stroke="#8a4fbf" stroke-width="1.2" stroke-dasharray="3 3""##,
        "c-now" => r##" stroke="#9aa3b0" stroke-width="1""##,
        "c-bar" => r##" fill="#1f5fbf" fill-opacity="0.75""##,
        "c-lost" => r##" fill="#a3161f" fill-opacity="0.6""##,
        "c-heat" => r##" fill="#1f5fbf""##,
        "c-unknown" => r##" fill="none" stroke="#6b7585" stroke-width="1" stroke-dasharray="2 3""##,
        "c-cell" | "c-value" => r##" fill="#1a2130" font-size="12""##,
        "c-track" => r##" fill="#e5e9ef""##,
        "c-label" => r##" fill="#4a5361" font-size="12""##,
        "c-mark" => r##" fill="#6f3aa6" font-size="12""##,
        "c-goal" => r##" fill="#08633c" font-size="12""##,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{Svg, escape, number};

    #[test]
    fn coordinates_are_stable() {
        for (value, text) in [(1.0, "1"), (1.25, "1.3"), (-0.04, "0"), (f64::NAN, "0"), (16_777_217.06, "16777217.1")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b>\"a\" & 'b'\u{0}</b>"), "&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;");
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("c-label", (0.0, 0.0), "start", "</text><script>");
        let out = svg.finish("i\"d", "<t>", "");
        assert!(!out.contains("<script>") && !out.contains("<t>") && out.contains(r#"role="img""#));
    }
}
