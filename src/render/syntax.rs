//! What the parser says of a text that is no Jinja, in our words.

/// The message and the help for a syntax error; `at` is the text under the caret.
pub(super) fn explained(detail: &str, at: &str) -> (String, Option<String>) {
    let statement = detail.strip_prefix("unknown statement ");
    if let Some(word) = statement {
        if let Some(opened) = word.strip_prefix("end") {
            return (format!("`{word}` ends nothing"), Some(format!("there is no open `{{% {opened} %}}` before it")));
        }
        let help = crate::error::suggestion(word, STATEMENTS.iter().copied());
        return (format!("`{word}` is no statement of Jinja"), help);
    }
    if let Some((found, expected)) = detail.strip_prefix("unexpected ").and_then(|rest| rest.split_once(", expected "))
    {
        if found == "end of input" || found == "end of file" {
            return (format!("the file ends too early: {expected} is missing"), None);
        }
        let found = if at.is_empty() || at.contains('\n') { found.to_string() } else { format!("`{at}`") };
        let help = (expected == "end of variable block" || expected == "end of block")
            .then(|| "an operator or a comma is missing before it, or the block is not closed".to_string());
        return (format!("{found} is not expected here, but {expected}"), help);
    }
    if detail.contains("unexpected end of input") || detail.contains("unexpected end of") && detail.contains("file") {
        return ("the file ends too early: a block is not closed".to_string(), None);
    }
    let detail = detail.strip_prefix("syntax error: ").unwrap_or(detail);
    (format!("this is no Jinja: {detail}"), None)
}

const STATEMENTS: &[&str] =
    &["if", "elif", "else", "for", "set", "do", "macro", "call", "filter", "raw", "test", "docs"];
