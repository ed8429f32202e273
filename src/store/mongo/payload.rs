//! A payload as BSON.
//!
//! What is written here reads back, by [`to_json`](super::json::to_json), as the same payload: names, their order, every
//! number to its last digit, and what every text says; only white space and the choice among a text's escapes are lost,
//! which canonical JSON does not see. A payload of which BSON would make another one ([`to_bson`] says which) is kept as
//! text instead.

use std::ops::Range;

use mongodb::bson::RawDocumentBuf;
use mongodb::bson::spec::ElementType;

use super::json::{DIGITS, digits};

/// The most bytes of BSON. A server takes documents of 16 MiB, and the rest of the event needs room too.
const LONGEST: usize = 15 << 20;

/// How many objects and arrays may stand in each other, the outermost counted. A server takes 100 in a document, and a
/// write command wraps the payload in a few.
const DEEPEST: usize = 90;

/// How many periods a name may hold: a server takes names of less than 255 words between periods.
const MOST_PERIODS: usize = 200;

/// Up to so many members of an object are compared one by one.
const FEW: usize = 16;

/// The BSON of a JSON object, or `None` where [`to_json`](super::json::to_json) would not make the same payload of it.
///
/// These have no BSON: a name that an object says twice; a number that BSON would print in another way (`1.50`, `-0`,
/// any power of ten, more than 64 bits, more digits than a double holds); a name that is empty, holds NUL, or begins
/// with `$`, which update operators refuse and which extended JSON would read as a type; text that is no Unicode; more
/// than 90 levels; more than 15 MiB. Names with periods in them do: MongoDB's manual ("Field Names with Periods") takes
/// them below the top level, also in what an update operator sets, as long as they are of less than 255 words.
///
/// The text is known to be JSON; what is not, is `None` too or reads as what it most resembles.
pub(super) fn to_bson(json: &str) -> Option<RawDocumentBuf> {
    let text = json.trim_matches([' ', '\t', '\n', '\r']);
    let out = Vec::with_capacity(text.len() + text.len() / 4 + 64);
    let mut reader = Reader { text, at: 0, out, names: Vec::with_capacity(32) };
    reader.object(1)?;
    if reader.at < text.len() {
        return None;
    }
    RawDocumentBuf::from_bytes(reader.out).ok()
}

/// Reads JSON and writes BSON as it goes.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: Vec<u8>,
    /// Where in the output the names of all objects that are open stand, innermost last.
    names: Vec<Range<usize>>,
}

impl Reader<'_> {
    /// The byte that comes next; 0, which stands nowhere in JSON, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == byte).then(|| self.at += 1)
    }

    /// Whether another element follows, and if so goes to its beginning, else behind the closing bracket.
    fn another(&mut self, is_first: bool, end: u8) -> Option<bool> {
        self.space();
        if self.peek() == end {
            self.at += 1;
            return Some(false);
        }
        if !is_first {
            self.take(b',')?;
            self.space();
        }
        Some(true)
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        let (start, first) = (self.open(depth)?, self.names.len());
        while self.another(self.names.len() == first, b'}')? {
            let kind = self.out.len();
            self.out.push(0);
            self.name()?;
            self.space();
            self.take(b':')?;
            self.space();
            self.value(kind, depth)?;
        }
        if is_any_twice(&self.out, &mut self.names[first..]) {
            return None;
        }
        self.names.truncate(first);
        self.close(start)
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        let start = self.open(depth)?;
        let mut index = 0_u32;
        while self.another(index == 0, b']')? {
            let kind = self.out.len();
            self.out.push(0);
            self.out.extend_from_slice(digits(&index, &mut [0; DIGITS]).as_bytes());
            self.out.push(0);
            self.value(kind, depth)?;
            index += 1;
        }
        self.close(start)
    }

    /// Begins a document, and returns where its length is to be written.
    fn open(&mut self, depth: usize) -> Option<usize> {
        if depth > DEEPEST {
            return None;
        }
        self.out.extend_from_slice(&[0; 4]);
        Some(self.out.len() - 4)
    }

    fn close(&mut self, start: usize) -> Option<()> {
        self.out.push(0);
        self.write_length(start, self.out.len() - start)
    }

    fn write_length(&mut self, at: usize, length: usize) -> Option<()> {
        let length = i32::try_from(length).ok().filter(|_| self.out.len() <= LONGEST)?;
        self.out[at..at + 4].copy_from_slice(&length.to_le_bytes());
        Some(())
    }

    /// Writes what comes next, and its type at `kind`.
    fn value(&mut self, kind: usize, depth: usize) -> Option<()> {
        let element = match self.peek() {
            b'{' => {
                self.object(depth + 1)?;
                ElementType::EmbeddedDocument
            }
            b'[' => {
                self.array(depth + 1)?;
                ElementType::Array
            }
            b'"' => {
                let start = self.out.len();
                self.out.extend_from_slice(&[0; 4]);
                self.string()?;
                self.out.push(0);
                self.write_length(start, self.out.len() - start - 4)?;
                ElementType::String
            }
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.word()?,
        };
        self.out[kind] = element as u8;
        (self.out.len() <= LONGEST).then_some(())
    }

    fn word(&mut self) -> Option<ElementType> {
        let rest = &self.text.as_bytes()[self.at..];
        let (length, element, says) = if rest.starts_with(b"true") {
            (4, ElementType::Boolean, Some(1))
        } else if rest.starts_with(b"false") {
            (5, ElementType::Boolean, Some(0))
        } else if rest.starts_with(b"null") {
            (4, ElementType::Null, None)
        } else {
            return None;
        };
        self.at += length;
        self.out.extend(says);
        Some(element)
    }

    fn number(&mut self) -> Option<ElementType> {
        let start = self.at;
        let mut is_whole = true;
        loop {
            match self.peek() {
                b'-' | b'0'..=b'9' => {}
                b'.' => is_whole = false,
                // Libraries differ in how they spell a power of ten, so what is kept must not depend on one.
                b'+' | b'e' | b'E' => return None,
                _ => break,
            }
            self.at += 1;
        }
        let token = &self.text[start..self.at];
        let mut printed = [0; DIGITS];
        if !is_whole {
            let number: f64 = token.parse().ok().filter(|number: &f64| number.is_finite())?;
            self.out.extend_from_slice(&number.to_le_bytes());
            return (digits(&number, &mut printed) == token).then_some(ElementType::Double);
        }
        let number: i64 = token.parse().ok()?;
        let element = match i32::try_from(number) {
            Ok(number) => {
                self.out.extend_from_slice(&number.to_le_bytes());
                ElementType::Int32
            }
            Err(_) => {
                self.out.extend_from_slice(&number.to_le_bytes());
                ElementType::Int64
            }
        };
        (digits(&number, &mut printed) == token).then_some(element)
    }

    /// Writes a member's name with the NUL that ends it.
    fn name(&mut self) -> Option<()> {
        let start = self.out.len();
        self.string()?;
        let name = &self.out[start..];
        if name.is_empty() || name[0] == b'$' || name.contains(&0) {
            return None;
        }
        if name.len() > MOST_PERIODS && name.iter().filter(|byte| **byte == b'.').count() > MOST_PERIODS {
            return None;
        }
        self.names.push(start..self.out.len());
        self.out.push(0);
        Some(())
    }

    /// Writes what a string says.
    fn string(&mut self) -> Option<()> {
        let start = self.at;
        self.take(b'"')?;
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let mut is_plain = true;
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    at += 2;
                }
                0..0x20 => return None,
                _ => at += 1,
            }
        }
        if is_plain {
            self.out.extend_from_slice(&bytes[self.at..at]);
        } else {
            let said: String = serde_json::from_str(self.text.get(start..=at)?).ok()?;
            self.out.extend_from_slice(said.as_bytes());
        }
        self.at = at + 1;
        Some(())
    }
}

/// Whether two of these stretches say the same. Brings many of them into an order of its own.
fn is_any_twice(text: &[u8], names: &mut [Range<usize>]) -> bool {
    let said = |name: &Range<usize>| &text[name.start..name.end];
    if names.len() <= FEW {
        return (1..names.len()).any(|at| names[..at].iter().any(|name| said(name) == said(&names[at])));
    }
    names.sort_unstable_by(|a, b| said(a).cmp(said(b)));
    names.windows(2).any(|pair| said(&pair[0]) == said(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::canonical_json;
    use crate::store::mongo::json::to_json;
    use mongodb::bson::{self, doc};
    use proptest::prelude::*;

    fn back(document: &RawDocumentBuf) -> String {
        to_json(document, &mut Vec::new()).unwrap().to_string()
    }

    /// The text without white space, and each string as `serde_json` writes it.
    fn compact(text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(first) = rest.chars().next() {
            let mut length = first.len_utf8();
            if first == '"' {
                let mut read = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                out.push_str(&serde_json::to_string(&read.next().unwrap().unwrap()).unwrap());
                length = read.byte_offset();
            } else if !first.is_ascii_whitespace() {
                out.push(first);
            }
            rest = &rest[length..];
        }
        out
    }

    #[test]
    fn keeps_the_types_and_the_order_of_a_payload() {
        let text = "{ \"b\" : 1, \"a.b\":[2147483648, -2147483648,12.5,150.0,-0.0,0.001,[],{}],
            \"_id\":\"\\u00e9\\n\\\"\\/\\ud83d\\ude00\\u0000\",\"t\":true,\"f\":false,\"n\":null }\n";
        let document = to_bson(text).unwrap();
        assert_eq!(back(&document), compact(text));
        let expected = doc! {
            "b": 1, "a.b": [1_i64 << 31, i32::MIN, 12.5, 150.0, -0.0, 0.001, [], {}],
            "_id": "é\n\"/😀\0", "t": true, "f": false, "n": bson::Bson::Null,
        };
        assert_eq!(bson::Document::try_from(&*document).unwrap(), expected);
        assert_eq!(to_bson("{}").unwrap().as_bytes(), b"\x05\0\0\0\0");
    }

    #[test]
    fn refuses_what_bson_would_change() {
        let numbers = ["-0", "12.50", "1e3", "1E16", "1e+16", "0.1000000000000000055", "9223372036854775808", "1e400"];
        let others = [
            r#"{"a":1,"b":2,"a":1}"#,
            r#"{"a":[{"b":1,"\u0062":1}]}"#,
            r#"{"$oid":"65a4fbc8e4b0c1d2e3f40516"}"#,
            r#"{"a":{"\u0024set":1}}"#,
            r#"{"":1}"#,
            r#"{"a\u0000b":1}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"\ud800":1}"#,
            // No JSON, or no object.
            "",
            "[]",
            "{",
            "{}{}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":nul}"#,
            r#"{"a":01}"#,
            r#"{"a":1-2}"#,
            r#"{"a":"\"}"#,
            "{\"a\":\"\n\"}",
        ];
        let numbers = numbers.map(|number| format!("{{\"a\":{number}}}"));
        for text in numbers.iter().map(String::as_str).chain(others) {
            assert_eq!(to_bson(text), None, "{text}");
        }
        let many = |last: &str| {
            let members: Vec<String> = (0..100).map(|index| format!("\"k{index}\":0")).collect();
            format!("{{{},\"{last}\":0}}", members.join(","))
        };
        assert!(to_bson(&many("k100")).is_some());
        assert_eq!(to_bson(&many("k50")), None);
    }

    #[test]
    fn refuses_what_a_server_would() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(to_bson(&nested(90)).is_some());
        assert_eq!(to_bson(&nested(91)), None);
        assert_eq!(to_bson(&nested(100_000)), None);
        let named = |periods: usize| format!("{{\"a\":{{\"{}\":1}}}}", "x.".repeat(periods));
        assert!(to_bson(&named(200)).is_some());
        assert_eq!(to_bson(&named(201)), None);
        assert!(to_bson(&format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST - 13))).is_some());
        assert_eq!(to_bson(&format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST - 12))), None);
        assert_eq!(to_bson(&format!("{{\"a\":[{}0]}}", "0,".repeat(2_000_000))), None);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
            2 => "[a-c]{1,2}".prop_map(|text| format!("\"{text}\"")),
            1 => r#""(\\\\|\\"|\\n|\\u00[0-7][0-9a-f]|\\ud83d\\ude0[0-9]|[$.é ]){0,6}""#,
        ]
    }

    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<i16>().prop_map(|number| number.to_string()),
            any::<i128>().prop_map(|number| number.to_string()),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:?}")),
            "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?",
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        ]
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![text(), number(), Just("true".into()), Just("false".into()), Just("null".into())];
        leaf.prop_recursive(6, 48, 8, |inner| prop_oneof![object(inner.clone()), array(inner)])
    }

    fn array(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        proptest::collection::vec(inner, 0..8).prop_map(|items| format!("[ {}]", items.join(",\n")))
    }

    fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        proptest::collection::vec((text(), inner), 0..8).prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} :\t{value}")).collect();
            format!("{{{}\r\n}}", members.join(" , "))
        })
    }

    proptest! {
        #[test]
        fn a_payload_reads_back_as_it_was_or_has_no_bson(text in object(value())) {
            if let Some(document) = to_bson(&text) {
                let json = back(&document);
                prop_assert_eq!(&json, &compact(&text));
                prop_assert_eq!(canonical_json(&json), canonical_json(&text));
            }
        }

        #[test]
        fn ordinary_payloads_have_bson(
            members in proptest::collection::btree_map("[a-z.]{1,5}", (any::<i64>(), any::<String>(), -1e9..1e9), 0..40),
        ) {
            let text = serde_json::to_string(&members).unwrap();
            prop_assert_eq!(to_bson(&text).map(|document| back(&document)), Some(text));
        }

        #[test]
        fn no_text_is_a_panic(text in "[\\[\\]{}\",:\\\\u0-9aeE.+ -]{0,40}|.{0,40}") {
            let _ = to_bson(&text);
            let _ = to_bson(&format!("{{\"a\":{text}"));
        }
    }
}
