//! Patterns with `*`, `?` and `[…]`, as Python's `fnmatch` reads them, over texts and over paths.

/// Whether the text is one that the pattern describes; `*` is any text, even with dots and slashes.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    // Where to go on after the last `*`, should what follows it not fit.
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, read));
                at += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => match class(&pattern[at..]) {
                Some((length, class)) => class.holds(text[read]).then_some(length),
                None => (text[read] == '[').then_some(1),
            },
            Some(character) => (*character == text[read]).then_some(1),
            None => None,
        };
        match (step, retry) {
            (Some(length), _) => {
                at += length;
                read += 1;
            }
            (None, Some((after, from))) => {
                at = after;
                read = from + 1;
                retry = Some((after, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

/// What stands between `[` and `]`.
struct Class<'a> {
    negated: bool,
    inside: &'a [char],
}

impl Class<'_> {
    fn holds(&self, character: char) -> bool {
        let mut rest = self.inside;
        let mut held = false;
        while let [first, after @ ..] = rest {
            match after {
                ['-', last, beyond @ ..] => {
                    held |= (*first..=*last).contains(&character);
                    rest = beyond;
                }
                _ => {
                    held |= *first == character;
                    rest = after;
                }
            }
        }
        held != self.negated
    }
}

/// The class that a pattern begins with, and its length; `None` where `[` has no end and so stands for itself.
fn class(pattern: &[char]) -> Option<(usize, Class<'_>)> {
    let negated = pattern.get(1) == Some(&'!');
    let start = if negated { 2 } else { 1 };
    // A `]` in the first place is a member.
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|character| *character == ']')?;
    Some((end + 1, Class { negated, inside: &pattern[start..end] }))
}

/// Whether a pattern of a path describes `path` or a folder above it; `**` is any number of folders.
pub(super) fn matches_path(pattern: &str, path: &str) -> bool {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").map(str::to_string).collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    if pattern.is_empty() {
        return false;
    }
    // `ends[n]`: whether the pattern so far describes the first n parts of the path.
    let mut ends = vec![false; path.len() + 1];
    ends[0] = true;
    for wanted in &pattern {
        let mut next = vec![false; path.len() + 1];
        for count in 0..=path.len() {
            next[count] = match wanted.as_str() {
                "**" => ends[count] || (count > 0 && next[count - 1]),
                _ => count > 0 && ends[count - 1] && matches(wanted, &path[count - 1]),
            };
        }
        ends = next;
    }
    ends.iter().skip(1).any(|end| *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let cases = [
            ("stg_*", "stg_orders", true),
            ("*", "", true),
            ("*_a*b", "x_a_ab_a_b", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[x", "[x", true),
            ("", "a", false),
            ("stg", "stg_orders", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn paths() {
        let cases = [
            ("models/staging", "models/staging/a.sql", true),
            ("models/staging/", "models/staging/a.sql", true),
            ("./models/staging/a.sql", "models/staging/a.sql", true),
            ("models/stag", "models/staging/a.sql", false),
            ("models/*/a.sql", "models/staging/a.sql", true),
            ("models/*.sql", "models/staging/a.sql", false),
            ("models/**/*.sql", "models/x/y/a.sql", true),
            ("**/a.sql", "a.sql", true),
            ("", "a.sql", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(matches_path(pattern, path), expected, "{pattern} {path}");
        }
    }
}
