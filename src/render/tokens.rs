//! Jinja's tokens with their places, as the passes over a file want them.

use std::ops::Range;

use minijinja::machinery::{Token, Tokenizer};

/// One token and the bytes of the file that it stands on.
#[derive(Debug)]
pub(super) struct Lexeme<'text> {
    pub token: Token<'text>,
    pub span: Range<usize>,
}

impl Lexeme<'_> {
    /// The name, where it is one.
    pub fn name(&self) -> Option<&str> {
        match &self.token {
            Token::Ident(name) => Some(name),
            _ => None,
        }
    }

    /// The value, where it is a text literal.
    pub fn literal(&self) -> Option<&str> {
        match &self.token {
            Token::Str(text) => Some(text),
            Token::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a name that Jinja keeps for itself, so that what follows begins an operand.
    pub fn is_keyword(&self) -> bool {
        matches!(
            self.name(),
            Some(
                "in" | "not" | "and" | "or" | "if" | "else" | "elif" | "is" | "set" | "do" | "for" | "call" | "filter"
            )
        )
    }
}

/// All tokens of a file.
///
/// # Errors
/// What the tokenizer says of a file that it cannot read.
pub(super) fn tokens(text: &str) -> Result<Vec<Lexeme<'_>>, minijinja::Error> {
    let mut tokenizer = Tokenizer::new(text, "", false, minijinja::syntax::SyntaxConfig::default());
    let mut found = Vec::new();
    while let Some((token, span)) = tokenizer.next_token()? {
        found.push(Lexeme { token, span: span.start_offset as usize..span.end_offset as usize });
    }
    Ok(found)
}

/// Whether the tokens at `at` are a block's beginning, and which: `{% name`.
pub(super) fn block_at<'tokens>(lexemes: &'tokens [Lexeme<'_>], at: usize) -> Option<&'tokens str> {
    match lexemes.get(at)?.token {
        Token::BlockStart => lexemes.get(at + 1)?.name(),
        _ => None,
    }
}

/// For every opening bracket the position of the one that closes it, or the number of tokens where none does.
pub(super) fn pairs(lexemes: &[Lexeme<'_>]) -> Vec<usize> {
    let mut closing = vec![lexemes.len(); lexemes.len()];
    let mut open = Vec::new();
    for (at, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => open.push(at),
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                if let Some(opened) = open.pop() {
                    closing[opened] = at;
                }
            }
            _ => {}
        }
    }
    closing
}
