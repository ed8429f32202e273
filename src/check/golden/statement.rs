//! What of a statement matters: neither its comments nor its layout.

use sha2::Digest;
use sha2::Sha256;

/// A hash of the statement; layout and comments change it not.
pub fn hash(sql: &str) -> String {
    hash_of(bare(sql).as_bytes())
}

/// A short hash of anything.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The statement without comments, and with white space only where two words would become one.
fn bare(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut is_apart = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => {
                is_apart = true;
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                is_apart = true;
                rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
                continue;
            }
            '\'' | '"' => quoted(rest, first),
            white if white.is_whitespace() => {
                is_apart = true;
                rest = &rest[white.len_utf8()..];
                continue;
            }
            other => other.len_utf8(),
        };
        if is_apart && out.chars().next_back().is_some_and(is_word) && is_word(first) {
            out.push(' ');
        }
        is_apart = false;
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// How long the text or name between quotes is, with them; a doubled quote is part of it.
fn quoted(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.' | '\'' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_comments_do_not_matter_and_texts_do() {
        let equal = ["select a, b\nfrom t -- why\nwhere c = 'x  y'", "select a,b from /* what */ t where c='x  y'"];
        assert_eq!(bare(equal[0]), bare(equal[1]));
        for (one, other) in [
            ("select 'a b'", "select 'a  b'"),
            ("select 'it''s --x'", "select 'it''s'"),
            ("select \"a  b\"", "select \"a b\""),
            ("select a b", "select ab"),
            ("select 1 .5", "select 1.5"),
        ] {
            assert_ne!(hash(one), hash(other), "{one} and {other}");
        }
        assert_eq!(bare("select 'open -- "), "select 'open -- ");
    }
}
