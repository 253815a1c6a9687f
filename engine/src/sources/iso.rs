//! ISO 8601 dates and times, read fast: a file has millions of them.

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Iso {
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00 on a clock without a zone.
    Naive(i64),
    /// Microseconds since 1970-01-01T00:00Z.
    Aware(i64),
}

/// `2026-10-02`, `2026-10-02 10:30`, `2026-10-02T10:30:15.250`, each of the latter with `Z`, ` UTC`, `+02`, `+0200` or
/// `+02:00`. Digits after the microseconds are cut off; a leap second is the second before it.
pub(crate) fn parse(text: &[u8]) -> Option<Iso> {
    let year = digits(text.get(..4)?)?;
    let (b'-', b'-') = (*text.get(4)?, *text.get(7)?) else { return None };
    let day = days(i64::from(year), digits(text.get(5..7)?)?, digits(text.get(8..10)?)?)?;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else { return Some(Iso::Date(day)) };
    let clock = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" ")).or_else(|| rest.strip_prefix(b"t"))?;
    let (time, zone) = time_of_day(clock)?;
    let naive = i64::from(day) * DAY + time;
    if zone.is_empty() {
        return Some(Iso::Naive(naive));
    }
    Some(Iso::Aware(naive - offset(zone)?))
}

/// Days since 1970-01-01 of a day that exists.
pub(crate) fn days(year: i64, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > longest {
        return None;
    }
    // Years that begin in March, so that the leap day is the last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    i32::try_from(days).ok()
}

/// Microseconds since midnight, and what follows.
fn time_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let hour = digits(text.get(..2)?)?;
    let minute = digits(text.get(3..5)?)?;
    if text.get(2) != Some(&b':') || hour > 23 || minute > 59 {
        return None;
    }
    let mut micros = (i64::from(hour) * 60 + i64::from(minute)) * 60_000_000;
    let rest = text.get(5..)?;
    let Some(rest) = rest.strip_prefix(b":") else { return Some((micros, rest)) };
    let second = digits(rest.get(..2)?)?;
    if second > 60 {
        return None;
    }
    micros += i64::from(second.min(59)) * 1_000_000;
    let rest = rest.get(2..)?;
    let Some(fraction) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else {
        return Some((micros, rest));
    };
    let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || count > 12 {
        return None;
    }
    let mut scale = 100_000;
    for byte in fraction.iter().take(count.min(6)) {
        micros += i64::from(byte - b'0') * scale;
        scale /= 10;
    }
    Some((micros, fraction.get(count..)?))
}

/// Microseconds east of Greenwich.
fn offset(zone: &[u8]) -> Option<i64> {
    let zone = zone.strip_prefix(b" ").unwrap_or(zone);
    if matches!(zone, b"Z" | b"z" | b"UTC") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let hours = digits(rest.get(..2)?)?;
    let minutes = match rest.get(2..)? {
        [] => 0,
        [b':', minutes @ ..] | minutes => digits(minutes).filter(|_| minutes.len() == 2)?,
    };
    if hours > 25 || minutes > 59 {
        return None;
    }
    Some(sign * (i64::from(hours) * 60 + i64::from(minutes)) * 60_000_000)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::{Iso, days, parse};

    #[test]
    fn agrees_with_jiff() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2011-12-09T12:50:00.123456Z",
            "2000-02-29T23:59:59.9999999+05:30",
            "0001-01-01T00:00:00Z",
            "9999-12-30T21:59:59Z",
        ] {
            let expected = text.parse::<jiff::Timestamp>().unwrap();
            // jiff rounds towards zero; before 1970 that differs by less than a microsecond.
            let Some(Iso::Aware(found)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert!((found - expected.as_microsecond()).abs() <= 1, "{text}");
        }
        let mut day = jiff::civil::date(1890, 1, 1);
        while day.year() < 2110 {
            let since = day.since(jiff::civil::date(1970, 1, 1)).unwrap().get_days();
            assert_eq!(days(i64::from(day.year()), day.month() as u32, day.day() as u32), Some(since), "{day}");
            day = day.checked_add(jiff::Span::new().days(13)).unwrap();
        }
    }

    #[test]
    fn shapes() {
        assert_eq!(parse(b"1970-01-02"), Some(Iso::Date(1)));
        assert_eq!(parse(b"1970-01-01 00:01"), Some(Iso::Naive(60_000_000)));
        assert_eq!(parse(b"1970-01-01 00:00:01 UTC"), Some(Iso::Aware(1_000_000)));
        assert_eq!(parse(b"1970-01-01T01:00:00+01"), Some(Iso::Aware(0)));
        assert_eq!(parse(b"1970-01-01T01:00:00+0100"), Some(Iso::Aware(0)));
        for odd in
            ["", "1970", "1970-1-1", "1970-01-01T", "1970-01-01T24:00", "1970-01-01T10", "1970-13-01", "1970-01-01x"]
        {
            assert_eq!(parse(odd.as_bytes()), None, "{odd}");
        }
    }
}
