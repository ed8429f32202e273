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

/// What a figure or the values of a chart are counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// A share of one, shown as percent.
    Share,
    /// Minutes, shown in what suits them: minutes, hours or days.
    Minutes,
    /// Of what is counted nothing more is known.
    Count,
    /// Anything else, as a currency.
    Other(String),
}

impl Unit {
    /// The unit that a yml or a column names.
    pub(super) fn of(name: Option<&str>) -> Self {
        match name {
            None | Some("" | "count") => Self::Count,
            Some("share") => Self::Share,
            Some("minutes") => Self::Minutes,
            Some(other) => Self::Other(other.to_string()),
        }
    }

    /// Its name in the JSON, which [`Unit::of`] reads.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Share => "share",
            Self::Minutes => "minutes",
            Self::Count => "count",
            Self::Other(name) => name,
        }
    }

    /// What stands beside a figure; nothing where the figure says it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Share | Self::Minutes | Self::Count => "",
            Self::Other(name) => name,
        }
    }

    /// What an axis is called.
    pub(super) fn axis(&self) -> &str {
        match self {
            Self::Share => "percent",
            Self::Minutes => "time",
            Self::Count => "number",
            Self::Other(name) => name,
        }
    }

    /// Exact, as in `1,234.50 NGN`.
    pub(super) fn exact(&self, digits: &str) -> String {
        let digits = match digits.split_once('.') {
            Some((whole, rest)) if !matches!(self, Self::Share) => {
                let rest = rest.trim_end_matches('0');
                // Of money there are two places, or none.
                if rest.is_empty() { whole.to_string() } else { format!("{whole}.{rest:0<2}") }
            }
            _ => digits.to_string(),
        };
        let digits = digits.as_str();
        match self {
            Self::Share => percent(digits),
            Self::Minutes => format!("{} minutes", thousands(digits)),
            Self::Count => thousands(digits),
            Self::Other(name) => format!("{} {name}", thousands(digits)),
        }
    }

    /// To three digits, as in `12.5 M`, `84.3 %`, `2.5 hours`; without the name of the unit.
    pub(super) fn short(&self, number: f64) -> String {
        match self {
            Self::Share => format!("{} %", rounded(number * 100.0, 1)),
            Self::Minutes if number == 0.0 => "0".to_string(),
            Self::Minutes if number.abs() >= 2.0 * 1440.0 => format!("{} days", three_digits(number / 1440.0)),
            Self::Minutes if number.abs() >= 120.0 => format!("{} hours", three_digits(number / 60.0)),
            Self::Minutes => format!("{} min", three_digits(number)),
            Self::Count | Self::Other(_) => match number.abs() {
                size if size >= 999.5e6 => format!("{} B", three_digits(number / 1e9)),
                size if size >= 999.5e3 => format!("{} M", three_digits(number / 1e6)),
                // A count is exact as long as it is short.
                size if size >= 9999.5 || (size >= 999.5 && *self != Self::Count) => {
                    format!("{} k", three_digits(number / 1e3))
                }
                _ => thousands(&three_digits(number)),
            },
        }
    }
}

/// A difference of shares in percentage points, to two places.
pub(super) fn points(difference: f64) -> String {
    match rounded(difference * 100.0, 2) {
        nothing if nothing == "0" => if difference > 0.0 { "<0.01" } else { ">-0.01" }.to_string(),
        points => points,
    }
}

/// A number for drawing; `None` where the value is none.
pub(super) fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(_) | Value::Decimal(_) => value.to_string().parse().ok(),
        Value::Float(number) => Some(*number).filter(|number| number.is_finite()),
        _ => None,
    }
}

fn three_digits(number: f64) -> String {
    let places = match number.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    rounded(number, places)
}

fn rounded(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_string() } else { text.to_string() }
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
    fn figures_are_short() {
        let money = Unit::of(Some("NGN"));
        let short = [1_839_065_450.24, 12_500_000.0, 999_999.0, 45_600.0, 1500.0, 12.345, 0.0, -2_000_000.0]
            .map(|number| money.short(number));
        assert_eq!(short, ["1.84 B", "12.5 M", "1 M", "45.6 k", "1.5 k", "12.3", "0", "-2 M"]);
        assert_eq!((Unit::Count.short(1551.0).as_str(), Unit::Share.short(0.842914).as_str()), ("1,551", "84.3 %"));
        assert_eq!([30.0, 150.0, 3600.0].map(|it| Unit::Minutes.short(it)), ["30 min", "2.5 hours", "2.5 days"]);
        assert_eq!(
            (money.exact("1234.500000").as_str(), Unit::Count.exact("1486.000000")),
            ("1,234.50 NGN", "1,486".into())
        );
        assert_eq!((money.exact("1234.50").as_str(), Unit::Share.exact("0.5").as_str()), ("1,234.50 NGN", "50.0 %"));
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
