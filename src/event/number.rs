//! A JSON number in canonical form: as RFC 8785 writes a double, and exactly where a double cannot hold it.

/// How many significant digits every double can be told by.
const DOUBLE_DIGITS: usize = 17;

/// How many significant digits every double keeps.
const SAFE_DIGITS: usize = 15;

/// Writes a number, given as a JSON token.
///
/// RFC 8785 writes every number as the double nearest to it. That would make two numbers one where a double has too
/// few digits, so three kinds keep all of theirs, as `<digits>e<power of ten>`, the power left out where it is 0:
/// whole numbers that no double holds, fractions of more than 17 digits that no double holds, and what lies outside
/// the range of a double.
pub(super) fn write(token: &str, out: &mut String) {
    if let Some(plain) = plain(token) {
        out.push_str(plain);
        return;
    }
    let Some(exact) = Exact::of(token) else {
        // A power of ten beyond 64 bits: nothing can be said of it but what its producer said.
        out.push_str(token);
        return;
    };
    if exact.digits.is_empty() {
        out.push('0');
        return;
    }
    let nearest: f64 = token.parse().unwrap_or(f64::INFINITY);
    if nearest.is_finite()
        && nearest != 0.0
        && let Ok(standard) = serde_json_canonicalizer::to_string(&nearest)
    {
        let is_rounded_fraction = exact.power < 0 && exact.digits.len() <= DOUBLE_DIGITS;
        if is_rounded_fraction || Exact::of(&standard).as_ref() == Some(&exact) {
            out.push_str(&standard);
            return;
        }
    }
    exact.write(out);
}

/// The common case, which is its own canonical form but for zeros at its end: at most 15 digits, no power of ten.
fn plain(token: &str) -> Option<&str> {
    if token == "0" {
        return Some(token);
    }
    if token.len() > SAFE_DIGITS {
        return None;
    }
    let mut has_point = false;
    for &byte in token.as_bytes() {
        match byte {
            b'0'..=b'9' => {}
            b'.' => has_point = true,
            _ => return None,
        }
    }
    if !has_point {
        return Some(token);
    }
    // What is near 0 is written with a power of ten.
    if token.starts_with("0.00000") {
        return None;
    }
    Some(token.trim_end_matches('0').trim_end_matches('.'))
}

/// A number without any rounding: its digits without zeros at either end, and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Exact {
    is_negative: bool,
    digits: String,
    power: i64,
}

impl Exact {
    fn of(token: &str) -> Option<Self> {
        let (is_negative, unsigned) = match token.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, token),
        };
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        let power = power.checked_add(i64::try_from(significant.len() - digits.len()).ok()?)?;
        Some(Self { is_negative, digits: digits.to_string(), power })
    }

    fn write(&self, out: &mut String) {
        if self.is_negative {
            out.push('-');
        }
        out.push_str(&self.digits);
        if self.power != 0 {
            out.push_str(&format!("e{}", self.power));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(token: &str) -> String {
        let mut out = String::new();
        write(token, &mut out);
        out
    }

    #[test]
    fn writes_as_the_standard_does() {
        for (token, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0e5", "0"),
            ("0.000", "0"),
            ("1.0", "1"),
            ("12.50", "12.5"),
            ("-12.50", "-12.5"),
            ("100", "100"),
            ("1e3", "1000"),
            ("1E21", "1e+21"),
            ("1000000000000000000000", "1e+21"),
            ("123456789012345680000", "123456789012345680000"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("0.10000000000000001", "0.1"),
            ("333333333.33333329", "333333333.3333333"),
            ("9007199254740992", "9007199254740992"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            assert_eq!(canonical(token), expected, "{token}");
        }
    }

    #[test]
    fn keeps_every_digit_that_a_double_cannot_hold() {
        for (token, expected) in [
            ("9007199254740993", "9007199254740993"),
            ("-9223372036854775807", "-9223372036854775807"),
            ("1152921504606846976", "1152921504606846976"),
            ("12345678901234567890.125", "12345678901234567890125e-3"),
            ("1e400", "1e400"),
            ("10e399", "1e400"),
            ("-1.5e-400", "-15e-401"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ] {
            assert_eq!(canonical(token), expected, "{token}");
        }
    }

    proptest! {
        #[test]
        fn two_whole_numbers_are_never_one(a in any::<i128>(), step in 1i128..1000) {
            let b = a.wrapping_add(step);
            prop_assert_ne!(canonical(&a.to_string()), canonical(&b.to_string()));
        }

        #[test]
        fn short_decimals_agree_with_the_standard(whole in 0u64..1_000_000_000, fraction in "[0-9]{0,7}", minus in any::<bool>()) {
            let token = format!("{}{whole}{}{fraction}", if minus { "-" } else { "" }, if fraction.is_empty() { "" } else { "." });
            let number: f64 = token.parse().unwrap();
            prop_assert_eq!(canonical(&token), serde_json_canonicalizer::to_string(&number).unwrap());
        }
    }
}
