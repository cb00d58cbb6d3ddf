//! Numbers, counts and durations.

use indicatif::HumanCount;

use crate::support::catalog::number;

/// `x` to `digits` significant digits without trailing zeros; scientific below 0.001 and from
/// 100,000 on. The minus sign is ASCII.
fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return match x {
            x if x.is_nan() => "undefined".to_owned(),
            x if x.is_infinite() => x.to_string(),
            _ => "0".to_owned(),
        };
    }
    let scientific = format!("{x:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (1e-3..1e5).contains(&x.abs()) {
        let decimals = (digits as i32 - 1 - power).max(0) as usize;
        trim(&format!("{x:.decimals$}"))
    } else {
        format!("{}e{power}", trim(mantissa))
    }
}

/// As [`significant`], with a true minus: for pages and figures.
pub(crate) fn typeset(x: f64, digits: usize) -> String {
    significant(x, digits).replace('-', "\u{2212}")
}

/// Four significant digits in the form of the tables, which have the rest.
pub(crate) fn four_digits(x: f64) -> String {
    if x.is_nan() {
        return "undefined".to_owned();
    }
    number(format!("{x:.3e}").parse().unwrap_or(x))
}

/// Three decimals, so that the figures of a column line up; scientific where three decimals would
/// show nothing.
pub(crate) fn three_decimals(x: f64) -> String {
    if !x.is_finite() {
        significant(x, 3)
    } else if x == 0.0 || (0.001..1000.0).contains(&x.abs()) {
        format!("{x:.3}")
    } else {
        format!("{x:.1e}")
    }
}

/// `4,200`.
pub(crate) fn grouped(n: u64) -> String {
    HumanCount(n).to_string()
}

/// To two digits where there are many: `9999`, `1.2e12`.
pub(crate) fn order_of(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        _ => format!("{:.1e}", n as f64),
    }
}

/// `1 cell`, `4,200 cells`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    counted_as(n, noun, &format!("{noun}s"))
}

/// `1 match`, `2 matches`: for plurals that do not just add an s.
pub(crate) fn counted_as(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { several })
}

/// `3.5 s`, `35 s`, `12 min`, `3.4 h`.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Hexadecimal text of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Enough of a digest to tell it from another.
pub(crate) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// `11.6 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_have_no_trailing_zeros() {
        for (x, text) in [
            (0.95678, "0.957"),
            (12345.0, "12345"),
            (1.5e-7, "1.5e-7"),
            (-2.0, "-2"),
            (99999.9, "100000"),
            (0.1, "0.1"),
            (-0.0, "0"),
            (1e300, "1e300"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "undefined"),
        ] {
            assert_eq!(significant(x, 3), text);
        }
        assert_eq!(significant(0.123456, 4), "0.1235");
    }

    #[test]
    fn four_digits_are_rounded_and_keep_the_form_of_tables() {
        for (x, text) in [
            (0.123456, "0.1235"),
            (1234567.0, "1235000"),
            (1.5e-7, "1.5e-7"),
            (0.0, "0"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "undefined"),
        ] {
            assert_eq!(four_digits(x), text);
        }
        assert_eq!(typeset(-0.001234, 2), "\u{2212}0.0012");
        assert_eq!([9_999, 1_234_567_890_123].map(order_of), ["9999", "1.2e12"]);
    }

    #[test]
    fn three_decimals_where_they_show_something() {
        for (x, text) in [
            (0.9346, "0.935"),
            (0.0, "0.000"),
            (12345.0, "1.2e4"),
            (1e-6, "1.0e-6"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(three_decimals(x), text);
        }
    }

    #[test]
    fn counts_are_grouped_and_have_plurals() {
        assert_eq!(
            [0, 1, 1_234_567].map(|n| counted(n, "row")),
            ["0 rows", "1 row", "1,234,567 rows"]
        );
        assert_eq!(counted_as(2, "match", "matches"), "2 matches");
    }

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        assert_eq!(
            [3.54, 35.2, 720.0, 12_240.0].map(duration),
            ["3.5 s", "35 s", "12 min", "3.4 h"]
        );
    }
}
