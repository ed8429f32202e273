//! What dbt calls a generic test: the long name, the short one that fits a database, and the hash in its id.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::project::md5::md5;

/// Longer names are cut for the database.
const MAX_NAME: usize = 63;
/// Characters of the hash in a test's id.
const HASH_LENGTH: usize = 10;

/// The long name and the short one, made of the test's name, what it tests, and its arguments (`model` aside).
///
/// As in dbt: `test_type` is `unique` or `source_unique`, `tested` a model's or `<source>_<table>`.
pub(super) fn names(test_type: &str, tested: &str, arguments: &[(String, Json)]) -> (String, String) {
    let mut sorted: Vec<_> = arguments.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut parts = Vec::new();
    for (_, value) in sorted {
        match value {
            Json::Array(items) => parts.extend(items.iter().map(python_text)),
            Json::Object(fields) => parts.extend(fields.values().map(python_text)),
            value => parts.push(python_text(value)),
        }
    }
    let unique: Vec<String> = parts.iter().map(|part| cleaned(part)).collect();
    let identifier = format!("{test_type}_{tested}");
    let long = format!("{identifier}_{}", unique.join("__"));
    let short = match long.chars().count() > MAX_NAME {
        true => format!("{}_{}", identifier.chars().take(30).collect::<String>(), md5(long.as_bytes())),
        false => long.clone(),
    };
    (long, short)
}

/// The hash in the test's id: of its name and of what it is called with, written as Python writes it.
pub(super) fn hash(
    name: &str,
    namespace: Option<&str>,
    test: &str,
    model: &str,
    arguments: &[(String, Json)],
) -> String {
    let mut kwargs: serde_json::Map<String, Json> = arguments.iter().cloned().collect();
    kwargs.insert("model".to_string(), Json::String(model.to_string()));
    let metadata = serde_json::json!({
        "kwargs": kwargs,
        "name": test,
        "namespace": namespace,
    });
    let digest = md5(format!("{name}{}", representation(&metadata, true)).as_bytes());
    digest[digest.len() - HASH_LENGTH..].to_string()
}

/// Every run of characters other than ASCII letters, digits and `_` becomes one `_`.
fn cleaned(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut in_gap = false;
    for character in text.chars() {
        let fits = character.is_ascii_alphanumeric() || character == '_';
        if fits {
            cleaned.push(character);
        } else if !in_gap {
            cleaned.push('_');
        }
        in_gap = !fits;
    }
    cleaned
}

/// Python's `str(value)`.
fn python_text(value: &Json) -> String {
    match value {
        Json::Null => "None".to_string(),
        Json::Bool(true) => "True".to_string(),
        Json::Bool(false) => "False".to_string(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        value => representation(value, false),
    }
}

/// Python's `repr(value)`; `hashable` as dbt does before it hashes: keys sorted, every scalar a text.
fn representation(value: &Json, hashable: bool) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| representation(item, hashable)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            if hashable {
                fields.sort_by(|a, b| a.0.cmp(b.0));
            }
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), representation(value, hashable)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Json::String(text) => quoted(text),
        scalar if hashable => quoted(&python_text(scalar)),
        scalar => python_text(scalar),
    }
}

/// Python's `repr` of a text.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            character if character == quote => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if (character as u32) < 0x20 || character as u32 == 0x7f => {
                let _ = write!(quoted, "\\x{:02x}", character as u32);
            }
            character => quoted.push(character),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arguments(value: Json) -> Vec<(String, Json)> {
        value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Names that dbt-core 1.10 gave.
    #[test]
    fn names_tests_as_dbt_does() {
        let cases = [
            ("not_null", "fact_orders", json!({"column_name": "order_id"}), "not_null_fact_orders_order_id"),
            (
                "source_unique",
                "raw_events",
                json!({"column_name": "raw_event_id"}),
                "source_unique_raw_events_raw_event_id",
            ),
            (
                "accepted_values",
                "stg_x",
                json!({"values": ["a", "b c", 1, true], "column_name": "status"}),
                "accepted_values_stg_x_status__a__b_c__1__True",
            ),
            (
                "relationships",
                "stg_x",
                json!({"to": "ref('dim')", "field": "id", "column_name": "dim_id"}),
                "relationships_stg_x_dim_id__id__ref_dim_",
            ),
            ("is_sane", "stg_x", json!({}), "is_sane_stg_x_"),
        ];
        for (test, tested, given, expected) in cases {
            let (long, short) = names(test, tested, &arguments(given));
            assert_eq!(long, expected);
            assert_eq!(short, expected);
        }
        let many = json!({"column_name": "payment_status", "values": ["success", "failed", "unknown"]});
        let (long, short) = names("accepted_values", "stg_payments", &arguments(many));
        assert_eq!(long, "accepted_values_stg_payments_payment_status__success__failed__unknown");
        assert_eq!(short, format!("accepted_values_stg_payments_p_{}", md5(long.as_bytes())).replace("_p_", "_"));
    }
}
