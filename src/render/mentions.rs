//! What a text says by name, known before anything is rendered and whichever branch a rendering takes.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::machinery::Token;

use crate::render::tokens::Lexeme;

/// A `ref` or `source` whose arguments are literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LiteralCall {
    pub source: bool,
    pub arguments: Vec<String>,
    /// The last argument's bytes, quotes included.
    pub span: Range<usize>,
}

/// What a text says by name, whether or not a rendering comes by.
#[derive(Debug, Clone, Default)]
pub(super) struct Mentions {
    /// Names, and `owner.name` of what is reached through `adapter`, `dbt` and the like.
    pub names: BTreeSet<String>,
    /// Literal first arguments of `dispatch`, and literal keys of `context`.
    pub dispatched: BTreeSet<String>,
    pub calls: Vec<LiteralCall>,
}

/// What the tokens at some positions mention.
pub(super) fn mentions(lexemes: &[Lexeme<'_>], positions: impl Iterator<Item = usize>) -> Mentions {
    let mut found = Mentions::default();
    for at in positions {
        let Some(name) = lexemes[at].name() else { continue };
        let before = |back: usize| at.checked_sub(back).map(|before| &lexemes[before]);
        if before(1).is_some_and(|lexeme| matches!(lexeme.token, Token::Dot)) {
            if let Some(owner) = before(2).and_then(Lexeme::name) {
                found.names.insert(format!("{owner}.{name}"));
            }
        } else {
            found.names.insert(name.to_string());
        }
        let argument = at + 2;
        match name {
            "get" if before(2).and_then(Lexeme::name) != Some("context") => {}
            "dispatch" | "context" | "get" => {
                if let Some(text) = lexemes.get(argument).and_then(Lexeme::literal) {
                    found.dispatched.insert(text.to_string());
                }
            }
            "ref" | "source" => found.calls.extend(literal_call(lexemes, at)),
            _ => {}
        }
    }
    found
}

fn literal_call(lexemes: &[Lexeme<'_>], at: usize) -> Option<LiteralCall> {
    if !matches!(lexemes.get(at + 1)?.token, Token::ParenOpen) {
        return None;
    }
    let mut call = LiteralCall { source: lexemes[at].name() == Some("source"), arguments: Vec::new(), span: 0..0 };
    let mut argument = at + 2;
    while let Some(text) = lexemes.get(argument).and_then(Lexeme::literal) {
        call.arguments.push(text.to_string());
        call.span = lexemes[argument].span.clone();
        if !matches!(lexemes.get(argument + 1)?.token, Token::Comma) {
            break;
        }
        argument += 2;
    }
    (!call.arguments.is_empty()).then_some(call)
}
