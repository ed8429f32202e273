//! JSON written by hand into bytes: the generator's hot path, where building a tree first would cost most of the time.

use jiff::Timestamp;
use jiff::tz::Offset;

/// How a moment is written; all that the data contract knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2025-01-15T09:43:48Z`
    Zulu,
    /// `2025-01-15T09:43:48`
    Bare,
    /// `2025-01-15T09:43:48.250Z`
    Fraction,
    /// `2025-01-15T10:43:48+01:00`, so many hours east.
    East(u8),
    /// `2025/01/15 09:43:48`
    Slashes,
    /// `2025-01-15 09:43`
    Minutes,
    /// `2025-01-15 09:43:48`
    Spaced,
    /// `1736934228`
    Seconds,
    /// `"1736934228"`
    SecondsText,
    /// `1736934228000`
    Millis,
    /// `"1736934228000"`
    MillisText,
}

/// All of them, for drift to choose from.
pub(super) const FORMS: [Form; 12] = [
    Form::Zulu,
    Form::Bare,
    Form::Fraction,
    Form::East(1),
    Form::East(3),
    Form::Slashes,
    Form::Minutes,
    Form::Spaced,
    Form::Seconds,
    Form::SecondsText,
    Form::Millis,
    Form::MillisText,
];

/// How much room is left between the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `{"a":1,"b":2}`
    Dense,
    /// `{"a": 1, "b": 2}`
    Loose,
    /// One part a line, indented by two blanks a level.
    Tall,
}

/// A text of JSON in the making. It knows where a comma belongs; that brackets match is the caller's.
pub(super) struct Json {
    bytes: Vec<u8>,
    style: Style,
    depth: usize,
    /// Whether nothing stands yet between the last bracket and here.
    fresh: bool,
}

impl Json {
    /// Nothing yet; in the style [`Style::Tall`] `depth` is how many levels around it are already open.
    pub(super) fn new(style: Style, depth: usize) -> Self {
        Self { bytes: Vec::with_capacity(1_024), style, depth, fresh: true }
    }

    /// What was written since the last [`Json::clear`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the text and keeps the room for the next.
    pub(super) fn clear(&mut self, style: Style) {
        self.bytes.clear();
        self.style = style;
        self.fresh = true;
    }

    /// Adds bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Keeps only so many bytes: how a line gets broken.
    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// `{` or `[`.
    pub(super) fn open(&mut self, bracket: u8) {
        self.bytes.push(bracket);
        self.depth += 1;
        self.fresh = true;
    }

    /// `}` or `]`.
    pub(super) fn close(&mut self, bracket: u8) {
        self.depth -= 1;
        if !self.fresh {
            self.line();
        }
        self.bytes.push(bracket);
        self.fresh = false;
    }

    /// Room for the next element of an array.
    pub(super) fn element(&mut self) {
        let gap: &[u8] = match (self.fresh, self.style) {
            (true, _) => b"",
            (false, Style::Loose) => b", ",
            (false, _) => b",",
        };
        self.raw(gap);
        self.line();
        self.fresh = false;
    }

    /// The next key of an object; its value follows.
    pub(super) fn key(&mut self, key: &str) {
        if self.style == Style::Dense {
            self.raw(if self.fresh { b"\"" } else { b",\"" });
            self.fresh = false;
            self.raw(key.as_bytes());
            self.raw(b"\":");
        } else {
            self.element();
            self.text(key);
            self.raw(b": ");
        }
    }

    /// A text in quotes. The generator's own words need no escapes.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes.push(b'"');
        self.raw(text.as_bytes());
        self.bytes.push(b'"');
    }

    /// `null`.
    pub(super) fn null(&mut self) {
        self.raw(b"null");
    }

    /// A number with at least so many digits.
    pub(super) fn digits(&mut self, number: u64, width: usize) {
        let mut room = [b'0'; 20];
        let mut start = room.len();
        let mut rest = number;
        while rest > 0 {
            start -= 1;
            room[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        start = start.min(room.len() - width.clamp(1, room.len()));
        self.raw(&room[start..]);
    }

    /// So many lower-case hexadecimal digits of a number, the lowest last.
    pub(super) fn hexadecimal(&mut self, number: u64, width: usize) {
        let mut room = [0; 16];
        let start = room.len() - width.min(room.len());
        let (mut place, mut rest) = (room.len(), number);
        while place > start {
            place -= 1;
            room[place] = b"0123456789abcdef"[(rest & 15) as usize];
            rest >>= 4;
        }
        self.raw(&room[start..]);
    }

    /// An amount in hundredths, written as `5000`, `5.6` or `5.62`. No amount is negative.
    pub(super) fn money(&mut self, hundredths: i64) {
        let hundredths = hundredths.unsigned_abs();
        self.digits(hundredths / 100, 1);
        match hundredths % 100 {
            0 => {}
            cents if cents % 10 == 0 => {
                self.bytes.push(b'.');
                self.digits(cents / 10, 1);
            }
            cents => {
                self.bytes.push(b'.');
                self.digits(cents, 2);
            }
        }
    }

    /// A moment, in seconds since 1970, UTC.
    pub(super) fn time(&mut self, second: i64, form: Form) {
        let quoted = !matches!(form, Form::Seconds | Form::Millis);
        if quoted {
            self.bytes.push(b'"');
        }
        match form {
            Form::Seconds | Form::SecondsText => self.digits(second.unsigned_abs(), 1),
            Form::Millis | Form::MillisText => self.digits(second.unsigned_abs() * 1_000, 1),
            _ => self.calendar(second, form),
        }
        if quoted {
            self.bytes.push(b'"');
        }
    }

    fn calendar(&mut self, second: i64, form: Form) {
        let east = if let Form::East(hours) = form { i64::from(hours) } else { 0 };
        let moment = Timestamp::from_second(second + east * 3_600).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = Offset::UTC.to_datetime(moment);
        let mut text = *b"0000-00-00T00:00:00";
        let year = local.year().unsigned_abs();
        put_two(&mut text, 0, year / 100);
        put_two(&mut text, 2, year % 100);
        put_two(&mut text, 5, local.month().unsigned_abs().into());
        put_two(&mut text, 8, local.day().unsigned_abs().into());
        put_two(&mut text, 11, local.hour().unsigned_abs().into());
        put_two(&mut text, 14, local.minute().unsigned_abs().into());
        put_two(&mut text, 17, local.second().unsigned_abs().into());
        if form == Form::Slashes {
            (text[4], text[7]) = (b'/', b'/');
        }
        if matches!(form, Form::Slashes | Form::Minutes | Form::Spaced) {
            text[10] = b' ';
        }
        self.raw(if form == Form::Minutes { &text[..16] } else { &text });
        match form {
            Form::Zulu => self.raw(b"Z"),
            Form::Fraction => self.raw(b".250Z"),
            Form::East(hours) => {
                self.bytes.push(b'+');
                self.digits(hours.into(), 2);
                self.raw(b":00");
            }
            _ => {}
        }
    }

    fn line(&mut self) {
        if self.style == Style::Tall {
            const BLANKS: &[u8; 17] = b"\n                ";
            self.raw(&BLANKS[..BLANKS.len().min(1 + 2 * self.depth)]);
        }
    }
}

/// Writes a number below 100 with two digits.
fn put_two(text: &mut [u8; 19], place: usize, number: u16) {
    text[place] = b'0' + (number / 10) as u8;
    text[place + 1] = b'0' + (number % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Json)) -> String {
        let mut json = Json::new(Style::Dense, 0);
        write(&mut json);
        String::from_utf8(json.bytes).unwrap()
    }

    #[test]
    fn a_moment_is_the_same_in_every_form() {
        let moment = 1_736_934_228;
        let forms = FORMS.map(|form| written(|json| json.time(moment, form)));
        assert_eq!(
            forms.join(" "),
            "\"2025-01-15T09:43:48Z\" \"2025-01-15T09:43:48\" \"2025-01-15T09:43:48.250Z\" \
             \"2025-01-15T10:43:48+01:00\" \"2025-01-15T12:43:48+03:00\" \"2025/01/15 09:43:48\" \
             \"2025-01-15 09:43\" \"2025-01-15 09:43:48\" 1736934228 \"1736934228\" 1736934228000 \"1736934228000\""
        );
    }

    #[test]
    fn amounts_are_plain_decimals() {
        let amounts = [0, 5, 50, 562, 500_000].map(|amount| written(|json| json.money(amount)));
        assert_eq!(amounts.join(" "), "0 0.05 0.5 5.62 5000");
    }

    #[test]
    fn styles_differ_in_room_only() {
        let texts = [Style::Dense, Style::Loose, Style::Tall].map(|style| {
            let mut json = Json::new(style, 0);
            json.open(b'{');
            json.key("a");
            json.open(b'[');
            json.element();
            json.digits(1, 1);
            json.element();
            json.digits(2, 3);
            json.close(b']');
            json.key("b");
            json.open(b'[');
            json.close(b']');
            json.close(b'}');
            String::from_utf8(json.bytes).unwrap()
        });
        assert_eq!(texts[0], r#"{"a":[1,002],"b":[]}"#);
        assert_eq!(texts[1], r#"{"a": [1, 002], "b": []}"#);
        assert_eq!(texts[2], "{\n  \"a\": [\n    1,\n    002\n  ],\n  \"b\": []\n}");
    }
}
