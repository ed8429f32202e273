//! Values as a person reads them: thousands apart, shares as percent.

use crate::engine::Value;

/// What a column holds, as far as printing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A number, with its thousands apart.
    Number,
    /// A share of one, as percent.
    Share,
    /// As it is.
    Plain,
}

/// How to print a column, by its name: an id or a year is no quantity.
pub(super) fn style(column: &str) -> Style {
    match column {
        "share" => Style::Share,
        name if name.ends_with("_share") => Style::Share,
        "id" | "year" => Style::Plain,
        name if name.ends_with("_id") => Style::Plain,
        _ => Style::Number,
    }
}

/// Whether a value stands at the right of its column.
pub(super) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Decimal(_) | Value::Float(_))
}

/// A value in a cell; NULL is `-`.
pub(super) fn shown(value: &Value, style: Style) -> String {
    match (value, style) {
        (Value::Null, _) => "-".to_string(),
        (value, Style::Share) if is_number(value) => percent(&plain(value)),
        (value, Style::Number) if is_number(value) => thousands(&plain(value)),
        (value, _) => value.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// A number as plain digits; a float to six places at most.
fn plain(value: &Value) -> String {
    match value {
        Value::Float(number) if number.is_finite() => {
            let text = format!("{number:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        value => value.to_string(),
    }
}

/// `1234567.5` as `1,234,567.5`.
pub(super) fn thousands(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_string();
    }
    let mut grouped = String::with_capacity(text.len() + text.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

/// `0.0345` as `3.5 %`: one place, half away from zero. What is not quite nothing, or not quite all, does not look so.
fn percent(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = format!("{fraction:0<4}");
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) || whole.len() > 30 {
        return text.to_string();
    }
    let tenths: u128 = format!("{whole}{}", &fraction[..3]).parse().unwrap_or(0);
    let exact = fraction[3..].bytes().all(|digit| digit == b'0');
    let rounded = tenths + u128::from(fraction.as_bytes()[3] >= b'5');
    match rounded {
        0 if !exact => format!("{sign}<0.1 %"),
        1000 if tenths < 1000 => format!("{sign}>99.9 %"),
        _ => format!("{sign}{}.{} %", thousands(&(rounded / 10).to_string()), rounded % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(thousands("1234567.50"), "1,234,567.50");
        assert_eq!((thousands("-123").as_str(), thousands("-1234").as_str()), ("-123", "-1,234"));
        assert_eq!(thousands("1e30"), "1e30");
        assert_eq!(shown(&Value::Float(1234.5), Style::Number), "1,234.5");
        assert_eq!(shown(&Value::Null, Style::Share), "-");
    }

    #[test]
    fn shares_do_not_pretend() {
        let cases = [
            ("0", "0.0 %"),
            ("0.000000", "0.0 %"),
            ("0.0345", "3.5 %"),
            ("0.0344", "3.4 %"),
            ("1", "100.0 %"),
            ("0.0004", "<0.1 %"),
            ("0.9996", ">99.9 %"),
            ("-0.5", "-50.0 %"),
            ("12.5", "1,250.0 %"),
            ("NaN", "NaN"),
        ];
        for (share, expected) in cases {
            assert_eq!(percent(share), expected, "{share}");
        }
    }
}
