//! What the parser says of a text that is no Jinja, in our words.

use std::ops::Range;

use minijinja::machinery::Token;

use crate::error::Diagnostic;
use crate::error::Place;
use crate::error::suggestion;
use crate::project::SourceFile;
use crate::render::draft::Draft;
use crate::render::fault::located;
use crate::render::tokens::Lexeme;
use crate::render::tokens::block_at;
use crate::render::tokens::tokens;

/// The fault of a file that the tokenizer or the parser cannot read.
pub(super) fn unreadable(error: &minijinja::Error, file: &SourceFile, draft: &Draft) -> Diagnostic {
    let place: Place = located(error, file, draft);
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    let at = |span: Range<usize>| Place { span, ..place.clone() };
    let ends = detail.contains("end of input") || detail.contains("end of file");
    if let Some((word, span)) = unended(&file.text).filter(|_| ends) {
        let help = format!("write `{{% end{word} %}}` behind its last line");
        return Diagnostic::error(format!("`{word}` is never ended"), at(span)).help(help);
    }
    let (message, help) = explained(&detail, place.text.get(place.span.clone()).unwrap_or(""));
    let begins = match detail.as_str() {
        "unexpected end of comment" => file.text.rfind("{#").map(|start| start..start + 2),
        _ => None,
    };
    Diagnostic::error(message, begins.map_or_else(|| place.clone(), at)).help(help)
}

/// The message and the help for a syntax error; `at` is the text under the caret.
pub(super) fn explained(detail: &str, at: &str) -> (String, Option<String>) {
    if let Some(word) = detail.strip_prefix("unknown statement ") {
        if let Some(opened) = word.strip_prefix("end") {
            return (format!("`{word}` ends nothing"), Some(format!("there is no open `{{% {opened} %}}` before it")));
        }
        return (format!("`{word}` is no statement of Jinja"), suggestion(word, STATEMENTS.iter().copied()));
    }
    if let Some((found, expected)) = detail.strip_prefix("unexpected ").and_then(|rest| rest.split_once(", expected "))
    {
        let expected = named(expected);
        if found == "end of input" || found == "end of file" {
            return (format!("the file ends where {expected} is expected"), None);
        }
        let found = if at.is_empty() || at.contains('\n') { named(found) } else { format!("`{at}`") };
        let help = (expected == "`}}`" || expected == "`%}`")
            .then(|| format!("an operator or a comma is missing before it, or {expected}"));
        return (format!("{found} stands where {expected} is expected"), help);
    }
    let message = match detail.strip_prefix("unexpected end of ") {
        Some("comment") => "this comment is never ended".to_string(),
        Some("string") => "a text literal is never ended".to_string(),
        Some("raw block") => "`raw` is never ended".to_string(),
        Some(block @ ("variable block" | "block")) => {
            format!("something is missing before {}", named(&format!("end of {block}")))
        }
        _ => format!("this is no Jinja: {}", detail.strip_prefix("syntax error: ").unwrap_or(detail)),
    };
    (message, None)
}

fn named(token: &str) -> String {
    match token {
        "end of variable block" => "`}}`".to_string(),
        "end of block" => "`%}`".to_string(),
        "start of variable block" => "`{{`".to_string(),
        "start of block" => "`{%`".to_string(),
        other => other.to_string(),
    }
}

/// The last block that a file opens and never ends.
fn unended(text: &str) -> Option<(String, Range<usize>)> {
    let lexemes = tokens(text).ok()?;
    let mut open: Vec<(String, Range<usize>)> = Vec::new();
    for at in 0..lexemes.len() {
        let Some(word) = block_at(&lexemes, at) else { continue };
        let holds = matches!(word, "if" | "for" | "call" | "filter" | "with" | "macro" | "test");
        if holds || word == "set" && !assigns(&lexemes[at..]) {
            open.push((word.to_string(), lexemes[at + 1].span.clone()));
        } else if open.last().is_some_and(|(last, _)| word.strip_prefix("end") == Some(last)) {
            open.pop();
        }
    }
    open.pop()
}

fn assigns(lexemes: &[Lexeme<'_>]) -> bool {
    let block = lexemes.iter().take_while(|lexeme| !matches!(lexeme.token, Token::BlockEnd));
    block.into_iter().any(|lexeme| matches!(lexeme.token, Token::Assign))
}

const STATEMENTS: &[&str] =
    &["if", "elif", "else", "for", "set", "do", "macro", "call", "filter", "raw", "test", "docs"];
