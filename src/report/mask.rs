//! What looks like a person's e-mail address, phone number or card number is masked: a report is passed on.

use std::sync::LazyLock;

use regex::Captures;
use regex::Regex;

use crate::engine::Value;
use crate::report::number::is_number;

/// Fewer digits than this are no phone number.
const FEWEST_DIGITS: usize = 9;

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\w.+%-]+@([\w-]+(?:\.[\w-]+)+)").ok());

/// Digits with what people write between them. A time is none: it is found first, and kept.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d\d-\d\d[ T]?[\d:.]*|[\w-]*[A-Za-z_][\w-]*|\+?\(?\d(?:[ ()./-]{0,2}\d){8,}").ok()
});

/// The text with `***@example.com` for an address, and `***12` for a phone or card number. Names and street addresses
/// cannot be told from other text, and stay.
pub(super) fn masked(text: &str) -> String {
    let (Some(email), Some(number)) = (EMAIL.as_ref(), NUMBER.as_ref()) else { return "***".to_string() };
    let text = email.replace_all(text, "***@$1");
    let number = number.replace_all(&text, |found: &Captures<'_>| {
        let found = &found[0];
        let digits: Vec<char> = found.chars().filter(char::is_ascii_digit).collect();
        let is_time = found.as_bytes().get(4) == Some(&b'-') && found.as_bytes().get(7) == Some(&b'-');
        // An id has letters among its digits.
        let is_id = found.chars().any(char::is_alphabetic);
        if is_time || is_id || digits.len() < FEWEST_DIGITS {
            return found.to_string();
        }
        format!("***{}", digits[digits.len() - 2..].iter().collect::<String>())
    });
    number.into_owned()
}

/// The value, masked where it is text.
pub(super) fn masked_value(value: Value) -> Value {
    if matches!(value, Value::Null | Value::Timestamp(_) | Value::Date(_)) || is_number(&value) {
        return value;
    }
    let text = value.to_string();
    let masked = masked(&text);
    if masked == text { value } else { Value::Text(masked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_person_is_masked() {
        let cases = [
            ("ada.obi+x@mail.example.com", "***@mail.example.com"),
            ("write to a@b.ng, or c@d.ng", "write to ***@b.ng, or ***@d.ng"),
            ("+234 803 123 4567", "***67"),
            ("call 08031234567 now", "call ***67 now"),
            ("(0803) 123-4567", "***67"),
            ("4111 1111 1111 1111", "***11"),
            ("byEmail.ada.obi@example.org", "***@example.org"),
            ("byPhone.2348031234567.name", "byPhone.***67.name"),
            ("{\"phone\":\"+2348031234567\",\"n\":12}", "{\"phone\":\"***67\",\"n\":12}"),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn what_helps_to_find_a_row_stays() {
        for text in [
            "ORD-2025-000123",
            "c4053eb394bd",
            "ac725e952246095f66fd594da28bd37bb1eeb6c536b7dcfd7e503eb561953ae4",
            "2025-01-15T10:00:00.123456Z",
            "2025-01-15 10:00:00",
            "12345.67",
            "vendor_a",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
