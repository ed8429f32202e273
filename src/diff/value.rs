//! Values as a reader sees them.

use crate::engine::Value;

/// Characters that are shown of a value.
const WIDEST: usize = 80;

/// A value in one line. A text stands in quotes where it could be taken for something else: NULL, nothing, two lines.
pub fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "NULL".to_string(),
        Value::List(_) | Value::Struct(_) => value.to_json().to_string(),
        Value::Text(text) if is_unclear(text) => serde_json::Value::from(text.as_str()).to_string(),
        other => other.to_string(),
    };
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text,
    }
}

fn is_unclear(text: &str) -> bool {
    text.is_empty() || text == "NULL" || text.trim() != text || text.contains(char::is_control)
}

/// The beginning of a value, where it is longer than that.
pub fn brief(value: &str, length: usize) -> String {
    match value.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_string(),
    }
}

/// Two values that differ, each cut so that it shows where they begin to.
pub fn beside(before: &str, after: &str, length: usize) -> (String, String) {
    let alike = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    let skipped = alike.saturating_sub(length / 3);
    if alike < length * 2 / 3 || skipped == 0 {
        return (brief(before, length), brief(after, length));
    }
    let from = |value: &str| format!("…{}", brief(&value.chars().skip(skipped).collect::<String>(), length));
    (from(before), from(after))
}

/// A number with commas between its thousands; any other text as it is.
pub(super) fn spaced(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    match whole.parse::<u64>() {
        Ok(whole) => format!("{sign}{}{rest}", crate::progress::grouped(whole)),
        Err(_) => number.to_string(),
    }
}

/// How much more a sum is, in percent of what it was: `+4.2 %`; nothing where that says nothing.
pub(super) fn percent(before: &str, after: &str) -> Option<String> {
    let (before, after) = (before.parse::<f64>().ok()?, after.parse::<f64>().ok()?);
    let share = (after - before) / before.abs() * 100.0;
    match share.is_finite() && share.abs() >= 0.005 {
        true if share.abs() < 0.05 => Some(format!("{share:+.2} %")),
        true => Some(format!("{share:+.1} %")),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_values_so_that_none_is_taken_for_another() {
        let texts = ["", "NULL", "a", " a", "a\nb", "x|y"].map(|text| shown(&Value::Text(text.to_string())));
        assert_eq!(texts, ["\"\"", "\"NULL\"", "a", "\" a\"", "\"a\\nb\"", "x|y"]);
        assert_eq!(shown(&Value::Null), "NULL");
        assert_eq!(shown(&Value::Text("é".repeat(81))), format!("{}… (81 characters)", "é".repeat(80)));
        assert_eq!(["1234567.50", "-1000", "12", "1e+20"].map(spaced), ["1,234,567.50", "-1,000", "12", "1e+20"]);
        assert_eq!(percent("100.00", "104.20").as_deref(), Some("+4.2 %"));
        assert_eq!(percent("-100", "-50").as_deref(), Some("+50.0 %"));
        assert_eq!(percent("100000", "100001"), None);
        assert_eq!((brief("abc", 3), brief("abcd", 3)), ("abc".to_string(), "abc…".to_string()));
        assert_eq!(beside("abc", "abd", 9), ("abc".to_string(), "abd".to_string()));
        let long = "a".repeat(50);
        let told = beside(&format!("{long}x"), &format!("{long}y{long}"), 9);
        assert_eq!(told, ("…aaax".to_string(), "…aaayaaaaa…".to_string()));
        assert_eq!(percent("0", "4"), None);
        assert_eq!(percent("NULL", "4"), None);
    }
}
