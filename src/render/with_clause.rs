//! Common table expressions put in front of a query, before those that it has of its own.

/// `sql` with these common table expressions (name, query) in front.
pub(super) fn put_before(sql: &str, expressions: &[(String, String)]) -> String {
    if expressions.is_empty() {
        return sql.to_string();
    }
    let written: Vec<String> = expressions.iter().map(|(name, query)| format!("{name} as (\n{query}\n)")).collect();
    let written = written.join(",\n");
    let start = after_blanks(sql, 0);
    let (before, query) = sql.split_at(start);
    let Some(with) = after_word(sql, start, "with") else {
        return format!("{before}with {written}\n{query}");
    };
    let list = after_blanks(sql, with);
    let list = after_word(sql, list, "recursive").map_or(list, |recursive| after_blanks(sql, recursive));
    let (head, rest) = sql.split_at(list);
    format!("{}{written},\n{rest}", spaced(head))
}

fn spaced(head: &str) -> String {
    if head.ends_with(char::is_whitespace) { head.to_string() } else { format!("{head} ") }
}

/// The first byte from `at` on that belongs to no blank and no comment.
fn after_blanks(sql: &str, mut at: usize) -> usize {
    loop {
        let rest = &sql[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("--") {
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        } else if trimmed.starts_with("/*") {
            at += comment_length(trimmed);
        } else {
            return at;
        }
    }
}

/// The length of a block comment; they nest, as in PostgreSQL.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The byte behind a word, where it stands at `at`.
fn after_word(sql: &str, at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    let found = sql.get(at..end)?.eq_ignore_ascii_case(word);
    let goes_on = sql[end..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    (found && !goes_on).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_every_beginning_of_a_query() {
        let one = [("p".to_string(), "select 1".to_string())];
        let cases = [
            ("select * from p", "with p as (\nselect 1\n)\nselect * from p"),
            ("\n-- with\nselect 2", "\n-- with\nwith p as (\nselect 1\n)\nselect 2"),
            ("with a as (select 2) select 3", "with p as (\nselect 1\n),\na as (select 2) select 3"),
            (
                "/* a /* b */ */ WITH Recursive r as (x) y",
                "/* a /* b */ */ WITH Recursive p as (\nselect 1\n),\nr as (x) y",
            ),
            ("with--x\na as (b) c", "with--x\np as (\nselect 1\n),\na as (b) c"),
            ("withdrawals", "with p as (\nselect 1\n)\nwithdrawals"),
            ("with\u{e9} x", "with p as (\nselect 1\n)\nwith\u{e9} x"),
            ("(select 1)", "with p as (\nselect 1\n)\n(select 1)"),
            ("", "with p as (\nselect 1\n)\n"),
            ("/* never ended", "/* never endedwith p as (\nselect 1\n)\n"),
        ];
        for (given, expected) in cases {
            assert_eq!(put_before(given, &one), expected, "{given}");
        }
        assert_eq!(put_before("x", &[]), "x");
    }
}
