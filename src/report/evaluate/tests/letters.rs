//! The five letters: what holds, what does not, and what an objective allows.

use jiff::civil::date;

use crate::calendar::{Grain, PeriodLiteral};
use crate::ir::{Amount, Baseline, Change, Due, Objective, Target};
use crate::report::evaluate::tests::house::{House, at, dec, mean, objective, period, weeks};
use crate::report::{Check, LetterStatus};

/// Up by a share from January to the end of March.
fn up(share: &str) -> Objective {
    let from = Baseline::Period(period(PeriodLiteral::Month(2026, 1)));
    let target = Target::Change { increase: true, change: Change::ByShare(dec(share)), from };
    objective(mean(), Grain::Day, target, Due::Period(period(PeriodLiteral::Month(2026, 3))))
}

/// Days around 50, up and down by turns.
fn house() -> House {
    let days: Vec<f64> = (0..50).map(|i| 50.0 + [0.0, 2.0, -1.0, 1.0, -2.0][i % 5]).collect();
    House::daily(date(2026, 1, 1), &days).now("2026-02-20")
}

fn check(house: &House, id: &str) -> Check {
    let letters = house.card().smart;
    letters.iter().flat_map(|l| &l.checks).find(|c| c.id == id).unwrap().clone()
}

#[test]
fn every_letter_and_every_check() {
    let card = house().with(up("0.1")).card();
    let letters: String = card.smart.iter().map(|l| l.letter).collect();
    assert_eq!(letters, "SMART");
    let ids: Vec<&str> = card.smart.iter().flat_map(|l| &l.checks).map(|c| c.id).collect();
    let expected = "S1 S2 S3 M1 M2 M3 M4 A1 A2 A3 R1 R2 T1 T2 T3";
    assert_eq!(ids.join(" "), expected);
}

#[test]
fn noise_is_told_from_change() {
    // January: mean 50, s 1.44; half of the interval about 0.53.
    let within = house().with(up("0.01"));
    assert_eq!(check(&within, "M4").status, LetterStatus::Weak);
    assert!(within.codes().contains(&"K0555"));
    let beyond = house().with(up("0.02"));
    assert_eq!(check(&beyond, "M4").status, LetterStatus::Holds);
    let evidence = &check(&beyond, "M4").evidence;
    assert!(evidence.starts_with("|target − baseline| = 1 > ") && evidence.contains("half-width"), "{evidence}");
}

#[test]
fn what_never_happened_and_what_always_does() {
    let far = house().with(up("1"));
    assert_eq!(check(&far, "A1").status, LetterStatus::Weak);
    assert!(far.codes().contains(&"K0556"));
    // Ten times as high as all that is needed.
    let days: Vec<f64> = (0..50).map(|i| if i < 31 { 50.0 } else { 500.0 + f64::from(i % 2) }).collect();
    let easy =
        House::daily(date(2026, 1, 1), &days).now("2026-02-20").with(Objective { grain: Grain::Day, ..up("0.1") });
    assert!(!easy.codes().contains(&"K0556"), "{:?}", easy.codes());
    let few = House::daily(date(2026, 1, 29), &[50.0; 5]).now("2026-02-03").with(up("0.1"));
    assert_eq!(check(&few, "A3").status, LetterStatus::Unknown);
    assert!(few.codes().contains(&"K0559"));
}

#[test]
fn a_rate_that_was_hardly_ever_seen() {
    // One day before the due date the level would have to double.
    let target = Target::Change {
        increase: true,
        change: Change::To(Amount::Literal(dec("100"))),
        from: Baseline::Literal(dec("50")),
    };
    let mut steep = objective(mean(), Grain::Day, target, Due::Date(date(2026, 2, 20)));
    steep.start = Some(at("2026-02-01"));
    let steep = house().with(steep);
    assert_eq!(check(&steep, "A2").status, LetterStatus::Weak);
    assert!(steep.codes().contains(&"K0558"));
    let near = Objective {
        target: Target::Change {
            increase: true,
            change: Change::To(Amount::Literal(dec("49.5"))),
            from: Baseline::Literal(dec("49")),
        },
        ..steep.program.objectives[0].clone()
    };
    assert_eq!(check(&house().with(near), "A2").status, LetterStatus::Holds);
}

#[test]
fn what_is_allowed_is_evidence_and_no_finding() {
    for lint in ["K0555", "m4"] {
        let mut calm = up("0.01");
        calm.allow = vec![(lint.into(), "a first step".into())];
        let calm = house().with(calm);
        assert!(!calm.codes().contains(&"K0555"));
        assert!(check(&calm, "M4").evidence.ends_with("(allowed: a first step)"));
    }
}

#[test]
fn reviews_are_counted() {
    let mut watched = up("0.1");
    watched.check_in = Some(weeks(2));
    // From 1 February to 31 March: fifty-nine days, five fortnights begun.
    assert_eq!(check(&house().with(watched.clone()), "T3").evidence, "every 2 weeks: 5 check-ins");
    watched.check_in = None;
    assert_eq!(check(&house().with(watched), "T3").status, LetterStatus::Weak);
    let dates = check(&house().with(up("0.1")), "T1");
    assert_eq!(dates.evidence, "from 1 Feb 2026 to 31 Mar 2026");
}
