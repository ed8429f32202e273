//! The path pattern of a rule: which files of the events folder it means.

use std::fmt;

/// A path relative to the events folder, with `*` (any text but `/`), `?` (one character but `/`), `**/` (any
/// folders) and `{date}` (a day as `YYYY-MM-DD`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    AnyText,
    OneCharacter,
    AnyFolders,
    Date,
}

impl Pattern {
    /// Reads a pattern; the error is a phrase, and the part of the pattern it speaks of.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |what: &str, part: &str| Err((what.to_string(), part.to_string()));
        if text.is_empty() || text.ends_with('/') {
            return wrong("names no file", text);
        }
        if text.starts_with('/') || text.contains('\\') {
            return wrong("must be relative to the events folder, with `/`", text);
        }
        if text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return wrong("may not hold empty, `.` or `..` segments", text);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let at_segment = parts.is_empty() || parts.last() == Some(&Part::Literal('/'));
            let (part, length) = if rest.starts_with("**/") && (at_segment || parts.last() == Some(&Part::AnyFolders)) {
                (Part::AnyFolders, 3)
            } else if first == '{' {
                let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                if &rest[..end] != "{date}" {
                    return wrong("knows no placeholder but `{date}`, so not", &rest[..end]);
                }
                (Part::Date, end)
            } else {
                let part = match first {
                    '*' => Part::AnyText,
                    '?' => Part::OneCharacter,
                    other => Part::Literal(other),
                };
                (part, first.len_utf8())
            };
            parts.push(part);
            rest = &rest[length..];
        }
        Ok(Self { text: text.to_string(), parts })
    }

    /// Whether files of single days are meant.
    pub fn is_dated(&self) -> bool {
        self.parts.contains(&Part::Date)
    }

    /// Whether the path is meant; with a date, only that day's.
    pub fn matches(&self, path: &str, date: Option<&str>) -> bool {
        let text: Vec<char> = path.chars().collect();
        // Which lengths of the path the parts so far can account for.
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            reached = part.step(&text, &reached, date);
        }
        reached[text.len()]
    }

    /// The folder below which all files of this pattern lie; empty is the events folder itself.
    pub fn folder(&self) -> &str {
        let wild = self.text.find(['*', '?', '{']).unwrap_or(self.text.len());
        self.text[..wild].rfind('/').map_or("", |end| &self.text[..end])
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Part {
    fn step(self, text: &[char], reached: &[bool], date: Option<&str>) -> Vec<bool> {
        let mut next = vec![false; reached.len()];
        // Whether a part that may grow is under way here.
        let mut is_open = false;
        for at in 0..reached.len() {
            let here = text.get(at).copied();
            match self {
                Self::Literal(wanted) if reached[at] && here == Some(wanted) => next[at + 1] = true,
                Self::OneCharacter if reached[at] && here.is_some_and(|c| c != '/') => next[at + 1] = true,
                Self::Date if reached[at] && is_date(text.get(at..at + 10), date) => next[at + 10] = true,
                Self::AnyText => {
                    is_open |= reached[at];
                    next[at] = is_open;
                    is_open &= here != Some('/');
                }
                Self::AnyFolders => {
                    next[at] = reached[at] || (is_open && at > 0 && text[at - 1] == '/');
                    is_open |= reached[at];
                }
                _ => {}
            }
        }
        next
    }
}

fn is_date(text: Option<&[char]>, wanted: Option<&str>) -> bool {
    let Some(text) = text else { return false };
    let text: String = text.iter().collect();
    match wanted {
        Some(wanted) => text == wanted,
        None => is_day(&text),
    }
}

/// Whether the text is a day of the calendar, as `YYYY-MM-DD`.
pub fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(path, None)
    }

    #[test]
    fn means_what_it_says() {
        assert!(matches("bootstrap/orders_*.json", "bootstrap/orders_2023.json"));
        assert!(matches("bootstrap/orders_*.json", "bootstrap/orders_.json"));
        assert!(!matches("bootstrap/orders_*.json", "bootstrap/old/orders_2023.json"));
        assert!(!matches("bootstrap/orders_*.json", "bootstrap/orders_a/b.json"));
        assert!(matches("live/{date}/e?ents.jsonl", "live/2025-01-15/events.jsonl"));
        assert!(!matches("live/{date}/events.jsonl", "live/2025-02-30/events.jsonl"));
        assert!(!matches("live/{date}/events.jsonl", "live/today/events.jsonl"));
        assert!(matches("**/e.jsonl", "e.jsonl") && matches("**/e.jsonl", "a/b/e.jsonl"));
        assert!(matches("a/**/e", "a/e") && matches("a/**/e", "a/b/c/e") && !matches("a/**/e", "a/be"));
        assert!(matches("*a*b*c*d*e*f*g*", &"abcdefg".repeat(200)));
        let live = Pattern::parse("live/{date}/events.jsonl").unwrap();
        assert!(live.matches("live/2025-01-15/events.jsonl", Some("2025-01-15")));
        assert!(!live.matches("live/2025-01-16/events.jsonl", Some("2025-01-15")));
        assert_eq!((live.folder(), Pattern::parse("*.json").unwrap().folder()), ("live", ""));
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        for bad in ["", "a/", "/a", "a//b", "../a", "a\\b", "live/{day}/x", "a/{date"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }
}
