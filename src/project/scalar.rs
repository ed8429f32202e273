//! What a plain YAML word means: the rules of YAML 1.1, by which PyYAML, and so dbt, reads it.
//!
//! Dates stay texts, and so do `.inf`, `.nan` and times such as `12:30`, which JSON cannot say.

use serde_json::Number;

use crate::project::yaml::Value;

/// The value of a word that is not quoted.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => match number(text) {
            Some(number) => Value::Number(number, text.to_string()),
            None => Value::Text(text.to_string()),
        },
    }
}

fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) || text == "." {
        return None;
    }
    integer(text).or_else(|| decimal(text))
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = if let Some(digits) = digits.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = digits.strip_prefix("0b") {
        (2, digits)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    // A sign after the sign would be read by the parser of the standard library.
    if !digits.bytes().next()?.is_ascii_hexdigit() {
        return None;
    }
    let magnitude = u64::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    match negative {
        false => Some(magnitude.into()),
        true => i64::try_from(-i128::from(magnitude)).ok().map(Number::from),
    }
}

/// Digits with a point, perhaps an exponent with its sign: `1.5`, `.5`, `1.`, `1.5e+3`; not `1e3`.
fn decimal(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = unsigned.split_once('.')?;
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let starts = |part: &str| part.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        exponent
            .strip_prefix(['-', '+'])
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    if !digits(whole)
        || !digits(fraction)
        || !exponent_fits
        || !(starts(whole) || (whole.is_empty() && starts(fraction)))
    {
        return None;
    }
    Number::from_f64(text.replace('_', "").parse().ok()?)
}
