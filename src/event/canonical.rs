//! A payload as canonical JSON (RFC 8785), on which ids and the comparison of payloads stand.
//!
//! RFC 8785 speaks only of what I-JSON allows. What producers send beyond that is not refused, because an event
//! must not be lost for it; it gets a form that no other value has:
//!
//! - a number that a double cannot hold keeps its digits (see `number`), so that two 64-bit ids that differ by one
//!   stay two events;
//! - members of one name all stay, in their order.
//!
//! Two things have no form: text with half a surrogate pair, which is no Unicode and which no database takes as
//! JSON, and nesting deeper than [`MAX_DEPTH`].

use std::{borrow::Cow, cmp::Ordering, fmt, ops::Range};

use crate::event::number;

/// How deep a payload may be nested; more than any business event needs, less than any JSON reader stumbles over.
pub const MAX_DEPTH: usize = 100;

/// Why a payload has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCanonical {
    /// Half of a surrogate pair, as in `"\ud800"`.
    LoneSurrogate,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The text is no JSON at all.
    NotJson,
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoneSurrogate => f.write_str("holds text that is not Unicode (half a surrogate pair)"),
            Self::TooDeep => write!(f, "is nested more than {MAX_DEPTH} levels deep"),
            Self::NotJson => f.write_str("is not JSON"),
        }
    }
}

/// The canonical form of a JSON text.
///
/// # Errors
/// See [`NotCanonical`].
pub fn canonical_json(text: &str) -> Result<String, NotCanonical> {
    let mut writer =
        Writer { text, at: 0, out: String::with_capacity(text.len()), members: Vec::new(), scratch: String::new() };
    writer.space();
    writer.value(0)?;
    writer.space();
    if writer.at < text.len() {
        return Err(NotCanonical::NotJson);
    }
    Ok(writer.out)
}

/// What stops the copying of a text's plain stretch: its end, an escape, or what may not stand in it.
const STOP: u8 = 1;
/// The first byte of a character from U+E000 on: from there the order of UTF-8 may differ from that of UTF-16.
const HIGH: u8 = 2;

/// What each byte is inside a text; the loops over texts are hot, also in a build for development.
const KIND: [u8; 256] = {
    let mut kind = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if byte < 0x20 || byte == b'"' as usize || byte == b'\\' as usize {
            kind[byte] = STOP;
        } else if byte >= 0xee {
            kind[byte] = HIGH;
        }
        byte += 1;
    }
    kind
};

/// What a text says, and whether it holds a character from U+E000 on.
struct Said<'a> {
    text: Cow<'a, str>,
    is_high: bool,
}

/// A member of an object that is being written: its name, and where in the output it stands, name included.
struct Member<'a> {
    name: Said<'a>,
    written: Range<usize>,
}

struct Writer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// The members of all objects that are open, innermost last.
    members: Vec<Member<'a>>,
    scratch: String,
}

impl<'a> Writer<'a> {
    /// The byte that comes next; 0, which stands nowhere in JSON, at the end.
    fn peek(&self) -> u8 {
        let bytes = self.text.as_bytes();
        if self.at < bytes.len() { bytes[self.at] } else { 0 }
    }

    fn space(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < bytes.len() && matches!(bytes[at], b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        self.at = at;
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek() != byte {
            return Err(NotCanonical::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth > MAX_DEPTH {
            return Err(NotCanonical::TooDeep);
        }
        match self.peek() {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<(), NotCanonical> {
        let rest = &self.text[self.at..];
        for word in ["true", "false", "null"] {
            if rest.starts_with(word) {
                self.out.push_str(word);
                self.at += word.len();
                return Ok(());
            }
        }
        Err(NotCanonical::NotJson)
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < bytes.len() && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
            at += 1;
        }
        self.at = at;
        number::write(&self.text[start..self.at], &mut self.out);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.expect(b'[')?;
        self.out.push('[');
        self.space();
        if self.peek() != b']' {
            loop {
                self.space();
                self.value(depth + 1)?;
                self.space();
                if self.peek() != b',' {
                    break;
                }
                self.at += 1;
                self.out.push(',');
            }
        }
        self.expect(b']')?;
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.expect(b'{')?;
        self.out.push('{');
        let first = self.members.len();
        let start = self.out.len();
        self.space();
        if self.peek() != b'}' {
            loop {
                self.space();
                let begun = self.out.len();
                let name = self.string()?;
                self.space();
                self.expect(b':')?;
                self.out.push(':');
                self.space();
                self.value(depth + 1)?;
                self.members.push(Member { name, written: begun..self.out.len() });
                self.space();
                if self.peek() != b',' {
                    break;
                }
                self.at += 1;
                self.out.push(',');
            }
        }
        self.expect(b'}')?;
        self.sort(first, start);
        self.out.push('}');
        Ok(())
    }

    /// Brings the members from `first` on, which were written from `start` on, into their order.
    fn sort(&mut self, first: usize, start: usize) {
        let members = &mut self.members[first..];
        if !members.is_sorted_by(|a, b| by_utf16(&a.name, &b.name) != Ordering::Greater) {
            // Stable, so that members of one name stay in their order.
            members.sort_by(|a, b| by_utf16(&a.name, &b.name));
            self.scratch.clear();
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    self.scratch.push(',');
                }
                self.scratch.push_str(&self.out[member.written.clone()]);
            }
            self.out.truncate(start);
            self.out.push_str(&self.scratch);
        }
        self.members.truncate(first);
    }

    /// Writes a string in its canonical form and returns what it says.
    fn string(&mut self) -> Result<Said<'a>, NotCanonical> {
        self.expect(b'"')?;
        self.out.push('"');
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut is_high = false;
        loop {
            let plain = self.at;
            let mut at = plain;
            let mut kinds = 0;
            while at < bytes.len() && KIND[bytes[at] as usize] != STOP {
                kinds |= KIND[bytes[at] as usize];
                at += 1;
            }
            self.at = at;
            is_high |= kinds == HIGH;
            let span = &self.text[plain..at];
            self.out.push_str(span);
            if let Some(decoded) = &mut decoded {
                decoded.push_str(span);
            }
            match self.peek() {
                b'"' => break,
                b'\\' => {
                    let so_far = &self.text[start..at];
                    let character = self.escape()?;
                    is_high |= character >= '\u{e000}';
                    decoded.get_or_insert_with(|| so_far.to_string()).push(character);
                    write_character(character, &mut self.out);
                }
                _ => return Err(NotCanonical::NotJson),
            }
        }
        let text = decoded.map_or(Cow::Borrowed(&self.text[start..self.at]), Cow::Owned);
        self.at += 1;
        self.out.push('"');
        Ok(Said { text, is_high })
    }

    fn escape(&mut self) -> Result<char, NotCanonical> {
        self.at += 1;
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                match unit {
                    0xd800..=0xdbff => {
                        let rest = &self.text.as_bytes()[self.at..];
                        if !rest.starts_with(b"\\u") {
                            return Err(NotCanonical::LoneSurrogate);
                        }
                        self.at += 2;
                        let low = self.unit()?;
                        char::decode_utf16([unit, low])
                            .next()
                            .and_then(Result::ok)
                            .ok_or(NotCanonical::LoneSurrogate)?
                    }
                    _ => char::from_u32(unit.into()).ok_or(NotCanonical::LoneSurrogate)?,
                }
            }
            _ => return Err(NotCanonical::NotJson),
        })
    }

    /// Four hex digits.
    fn unit(&mut self) -> Result<u16, NotCanonical> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(NotCanonical::NotJson)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotCanonical::NotJson);
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| NotCanonical::NotJson)
    }
}

/// The order that RFC 8785 wants: by UTF-16 code units.
fn by_utf16(a: &Said<'_>, b: &Said<'_>) -> Ordering {
    if a.is_high || b.is_high { a.text.encode_utf16().cmp(b.text.encode_utf16()) } else { a.text.cmp(&b.text) }
}

fn write_character(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn canonical(text: &str) -> String {
        canonical_json(text).unwrap()
    }

    #[test]
    fn follows_the_examples_of_the_standard() {
        let text = r#"{ "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }"#;
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(canonical(text), expected);
        let order = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        assert_eq!(canonical(order), "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
    }

    #[test]
    fn keeps_what_the_standard_does_not_speak_of() {
        assert_eq!(canonical(r#"{"b":1,"a":2,"b":0}"#), r#"{"a":2,"b":1,"b":0}"#);
        assert_eq!(canonical_json(r#"{"a":"\ud800"}"#), Err(NotCanonical::LoneSurrogate));
        assert_eq!(canonical_json(r#"{"\udc00":1}"#), Err(NotCanonical::LoneSurrogate));
        assert_eq!(canonical_json(r#"["\ud800\u0041"]"#), Err(NotCanonical::LoneSurrogate));
        assert_eq!(canonical_json(&format!("{}1{}", "[".repeat(101), "]".repeat(101))), Err(NotCanonical::TooDeep));
        assert!(canonical_json(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).is_ok());
        for bad in ["", "{", "[1,]x", "{\"a\"}", "\"\\u12", "\"\\u+123\"", "\"é\\uéé", "nul", "[1}", "{} {}"] {
            assert!(canonical_json(bad).is_err(), "{bad}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1i64 << 53)..=(1i64 << 53)).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_and_is_its_own_canonical_form(value in json()) {
            let expected = serde_json_canonicalizer::to_string(&value).unwrap();
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap(), expected.clone()] {
                prop_assert_eq!(canonical(&text), expected.clone());
            }
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:\\\\u0-9aeE.+ -]{0,40}|.{0,40}") {
            let _ = canonical_json(&text);
        }
    }
}
