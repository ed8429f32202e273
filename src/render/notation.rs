//! JSON and YAML as text, for `tojson` and `toyaml`, written as Python writes them.

use std::fmt::Write;

use serde_json::Value as Json;

/// JSON on one line, with a blank behind commas and colons and nothing but ASCII.
pub(super) fn json(value: &Json, sorted: bool) -> String {
    let mut text = String::new();
    write_json(&mut text, value, sorted);
    text
}

fn write_json(text: &mut String, value: &Json, sorted: bool) {
    match value {
        Json::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_json(text, value, sorted);
            }
            text.push(']');
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            if sorted {
                fields.sort_by_key(|(name, _)| *name);
            }
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_text(text, name);
                text.push_str(": ");
                write_json(text, value, sorted);
            }
            text.push('}');
        }
        Json::String(value) => write_text(text, value),
        other => text.push_str(&other.to_string()),
    }
}

fn write_text(text: &mut String, value: &str) {
    for letter in Json::from(value).to_string().chars() {
        if letter.is_ascii() {
            text.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a text cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
}

/// YAML in block style.
pub(super) fn yaml(value: &Json, sorted: bool) -> String {
    let mut text = String::new();
    write_yaml(&mut text, value, 0, sorted);
    text
}

fn write_yaml(text: &mut String, value: &Json, depth: usize, sorted: bool) {
    let indent = "  ".repeat(depth);
    match value {
        Json::Array(values) if !values.is_empty() => {
            for value in values {
                let mut inner = String::new();
                write_yaml(&mut inner, value, depth + 1, sorted);
                text.push_str(&format!("{indent}- {}", inner.trim_start_matches(' ')));
            }
        }
        Json::Object(fields) if !fields.is_empty() => {
            let mut fields: Vec<_> = fields.iter().collect();
            if sorted {
                fields.sort_by_key(|(name, _)| *name);
            }
            for (name, value) in fields {
                let inner = matches!(value, Json::Array(values) if !values.is_empty());
                let inner = inner || matches!(value, Json::Object(fields) if !fields.is_empty());
                text.push_str(&format!("{indent}{}:", plain(name)));
                text.push_str(if inner { "\n" } else { " " });
                // As PyYAML does, lists are not indented below their key.
                let deeper = if value.is_array() { depth } else { depth + 1 };
                write_yaml(text, value, if inner { deeper } else { 0 }, sorted);
            }
        }
        Json::Array(_) => text.push_str("[]\n"),
        Json::Object(_) => text.push_str("{}\n"),
        Json::String(value) => text.push_str(&format!("{}\n", plain(value))),
        other => text.push_str(&format!("{other}\n")),
    }
}

/// A text without quotes where YAML surely reads it as a text, else in quotes.
fn plain(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let safe =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | ' ' | '(' | ')' | '+');
    let starts = text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let plain = starts && !word && !text.ends_with(' ') && text.chars().all(safe);
    if plain { text.to_string() } else { Json::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_python_writes_them() {
        let value = serde_json::json!({"b": [1, "x", null], "a": {"é": true}, "c": []});
        assert_eq!(json(&value, true), r#"{"a": {"\u00e9": true}, "b": [1, "x", null], "c": []}"#);
        assert_eq!(yaml(&value, false), "b:\n- 1\n- x\n- null\na:\n  é: true\nc: []\n");
        assert_eq!(
            yaml(&serde_json::json!({"a": "yes", "b": "it is", "c": "1"}), true),
            "a: \"yes\"\nb: it is\nc: \"1\"\n"
        );
    }
}
