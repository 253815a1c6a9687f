//! Colours of the page that can be told apart: WCAG 2.2, 1.4.3 (text, 4.5 to 1) and 1.4.11 (what a figure is read by, 3 to 1).

use std::collections::BTreeMap;

use crate::report::chart::DARKEST;

const STYLE: &str = include_str!("../../../../templates/report.css");
const CARD: &str = "--card";
const PAGE: &str = "--page";

/// Text and what it stands on.
const TEXT: [(&str, &str); 17] = [
    ("--ink", PAGE),
    ("--ink", CARD),
    ("--soft", PAGE),
    ("--soft", CARD),
    ("--accent", PAGE),
    ("--accent", CARD),
    ("--good", CARD),
    ("--warn", CARD),
    ("--bad", CARD),
    ("--calm", CARD),
    ("--mark", CARD),
    ("--good", "--good-back"),
    ("--warn", "--warn-back"),
    ("--bad", "--bad-back"),
    ("--calm", "--calm-back"),
    ("--ink", "--track"),
    ("--soft", "--track"),
];
/// Lines, dots and bars, and what they stand on.
const FIGURE: [(&str, &str); 5] =
    [("--accent", CARD), ("--good", CARD), ("--soft", CARD), ("--mark", CARD), ("--accent", "--track")];

type Colours = BTreeMap<String, String>;

/// The variables that the first `:root` after a place sets.
fn set(after: &str) -> Colours {
    let from = STYLE.find(after).expect("a place in the style sheet");
    let (_, rest) = STYLE[from..].split_once(":root {").expect("variables");
    let (body, _) = rest.split_once('}').expect("an end");
    let pairs = body.split(';').filter_map(|declaration| declaration.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The six digits of `#rgb` or `#rrggbb`.
fn digits(colour: &str) -> String {
    let digits = colour.strip_prefix('#').expect("a colour in hex");
    if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.to_owned() }
}

/// Relative luminance of `#rgb` or `#rrggbb`, 0 to 1, as WCAG 2.2 defines it.
fn luminance(colour: &str) -> f64 {
    let wide = digits(colour);
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).expect("two hex digits")) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn poor(scheme: &str, colours: &Colours) -> Vec<String> {
    let all = TEXT.iter().map(|pair| (pair, 4.5)).chain(FIGURE.iter().map(|pair| (pair, 3.0)));
    all.filter_map(|((front, back), wanted)| {
        let found = contrast(&colours[*front], &colours[*back]);
        (found < wanted).then(|| format!("{scheme}: {front} on {back} is {found:.2} to 1, {wanted} is wanted"))
    })
    .collect()
}

#[test]
fn the_formula_is_the_published_one() {
    assert!((contrast("#000", "#fff") - 21.0).abs() < 1e-9);
    // The lightest grey that passes on white, and the next that does not.
    assert!(contrast("#767676", "#ffffff") > 4.5 && contrast("#777777", "#ffffff") < 4.5);
}

#[test]
fn text_and_figures_can_be_read() {
    let light = set(":root");
    let over = |base: &Colours, more: Colours| base.clone().into_iter().chain(more).collect::<Colours>();
    let dark = over(&light, set("prefers-color-scheme: dark"));
    let print = set("@media print");
    let schemes = [
        ("light", light.clone()),
        ("dark", dark.clone()),
        ("print", over(&light, print.clone())),
        ("print, of a dark screen", over(&dark, print)),
    ];
    let found: Vec<String> = schemes.iter().flat_map(|(name, colours)| poor(name, colours)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Text on the darkest cell of a heat map: the accent over the card.
#[test]
fn a_heat_map_can_be_read() {
    let light = set(":root");
    let dark: Colours = light.clone().into_iter().chain(set("prefers-color-scheme: dark")).collect();
    let print: Colours = light.clone().into_iter().chain(set("@media print")).collect();
    for (scheme, colours) in [("light", light), ("dark", dark), ("print", print)] {
        let (over, under) = (digits(&colours["--accent"]), digits(&colours[CARD]));
        let mixed: String = (0..3)
            .map(|channel| {
                let of = |text: &str| f64::from(u8::from_str_radix(&text[channel * 2..channel * 2 + 2], 16).unwrap());
                format!("{:02x}", (of(&over) * DARKEST + of(&under) * (1.0 - DARKEST)).round() as u8)
            })
            .collect();
        let found = contrast(&colours["--ink"], &format!("#{mixed}"));
        assert!(found >= 4.5, "{scheme}: {found:.2} to 1");
    }
}

/// Every colour of the page goes by a variable, so that the test above sees it.
#[test]
fn no_colour_stands_outside_of_the_variables() {
    let rules = STYLE.lines().filter(|line| !line.trim_start().starts_with("--") && !line.contains(":root"));
    let direct: Vec<&str> = rules.filter(|line| line.contains("color: #") || line.contains("background: #")).collect();
    assert!(direct.is_empty(), "colours by hand: {direct:?}");
}
