use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use crate::unit::{Dimension, Names, Scale, Unit, plural};

fn names() -> Names {
    Names { currency: Some("EUR".into()), entities: ["user", "company"].map(String::from).into() }
}

fn parse(text: &str) -> Unit {
    Unit::parse(text, &names()).unwrap_or_else(|| panic!("{text} is no unit"))
}

#[test]
fn units_are_read_and_shown() {
    // text, shown as it was spelt, shown without the spelling
    let cases = [
        ("minutes", "minutes", "min"),
        ("ms", "ms", "ms"),
        ("money", "EUR", "EUR"),
        ("USD", "USD", "USD"),
        ("USD/user", "USD/user", "USD/user"),
        ("USD / users", "USD / users", "USD/user"),
        ("minutes/company", "minutes/company", "min/company"),
        ("companies", "companies", "companies"),
        ("percent", "%", "%"),
        ("1/user", "1/user", "1/user"),
        ("MB", "MB", "MB"),
        ("GB/h", "GB/h", "2500000/9 B/s"),
        ("points", "points", "points"),
        ("none", "", ""),
    ];
    for (text, spelt, bare) in cases {
        let unit = parse(text);
        assert_eq!(unit.to_string(), spelt, "{text}");
        assert_eq!(Unit { spelling: None, ..unit }.to_string(), bare, "{text}");
    }
    for text in ["", "usd", "ABC", "months", "accounts", "USD/", "a/b/c"] {
        assert_eq!(Unit::parse(text, &names()), None, "{text}");
    }
    assert_eq!(Unit::parse("money", &Names::default()), None);
}

#[test]
fn conversions() {
    let factor = |a: &str, b: &str| parse(a).factor_to(&parse(b)).map(|s| (s.num, s.den));
    assert_eq!(factor("minutes", "s"), Some((60, 1)));
    assert_eq!(factor("ms", "minutes"), Some((1, 60_000)));
    assert_eq!(factor("percent", "none"), Some((1, 100)));
    assert_eq!(factor("USD/user", "USD/user"), Some((1, 1)));
    assert_eq!(factor("USD", "EUR"), None);
    assert_eq!(factor("users", "companies"), None);
    assert_eq!(factor("KiB", "kB"), Some((128, 125)));
}

#[test]
fn plurals() {
    for (one, many) in
        [("user", "users"), ("company", "companies"), ("day", "days"), ("box", "boxes"), ("person", "people")]
    {
        assert_eq!(plural(one), many);
    }
}

fn unit() -> impl Strategy<Value = Unit> {
    let dimension = prop::sample::select(vec![
        Dimension::Time,
        Dimension::Bytes,
        Dimension::Points,
        Dimension::Currency("USD".into()),
        Dimension::Currency("EUR".into()),
        Dimension::Entity("user".into()),
    ]);
    let exponent = (1i8..4).prop_flat_map(|n| prop::sample::select(vec![n, -n]));
    let scale = (1u64..5000, 1u64..5000);
    (prop::collection::btree_map(dimension, exponent, 0..4), scale).prop_map(|(dimensions, (num, den))| Unit {
        dimensions,
        scale: Scale::new(num, den).unwrap_or(Scale::ONE),
        spelling: None,
    })
}

proptest! {
    #[test]
    fn multiplication_is_a_commutative_group(a in unit(), b in unit(), c in unit()) {
        let times = |x: &Unit, y: &Unit| x.multiply(y).expect("small units fit");
        prop_assert!(times(&a, &b).same(&times(&b, &a)));
        prop_assert!(times(&times(&a, &b), &c).same(&times(&a, &times(&b, &c))));
        prop_assert!(times(&a, &Unit::none()).same(&a));
        prop_assert!(times(&a, &a.invert().expect("fits")).is_none());
        prop_assert!(times(&a, &b).divide(&b).expect("fits").same(&a));
    }

    #[test]
    fn factors_are_ratios_of_scales(a in unit(), scale in (1u64..5000, 1u64..5000)) {
        let b = Unit { scale: Scale::new(scale.0, scale.1).unwrap_or(Scale::ONE), ..a.clone() };
        let there = a.factor_to(&b).expect("one dimension");
        let back = b.factor_to(&a).expect("one dimension");
        prop_assert_eq!(there.times(back), Some(Scale::ONE));
        prop_assert!((there.to_f64() - a.scale.to_f64() / b.scale.to_f64()).abs() <= 1e-9 * there.to_f64());
    }

    #[test]
    fn powers_are_repeated_products(a in unit(), n in 0i8..3) {
        let mut product = Unit::none();
        for _ in 0..n { product = product.multiply(&a).expect("fits"); }
        prop_assert!(a.power(n).expect("fits").same(&product));
        prop_assert!(a.power(-n).expect("fits").multiply(&product).expect("fits").is_none());
    }
}

#[test]
fn what_does_not_fit_is_none_and_not_a_panic() {
    let huge = Unit { scale: Scale { num: u64::MAX, den: 1 }, ..Unit::seconds() };
    assert_eq!(huge.multiply(&huge), None);
    let steep = Unit { dimensions: [(Dimension::Time, i8::MIN)].into(), ..Unit::none() };
    assert_eq!(steep.invert(), None);
    assert_eq!(steep.multiply(&steep), None);
}
