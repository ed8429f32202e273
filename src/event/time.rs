//! How a time is read, in every form that producers use. All are UTC unless they carry an offset.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Epoch numbers above this are milliseconds, others seconds.
const MILLISECONDS_ABOVE: i128 = 100_000_000_000;

/// The years that are believed: from this second of the epoch (2000-01-01) to before the other (2100-01-01).
const FIRST_SECOND: i64 = 946_684_800;
const END_SECOND: i64 = 4_102_444_800;

/// Reads a time, given as text or as the token of a JSON number, to the microsecond.
///
/// Forms: `2023-10-10T22:31:55Z`; without `Z`; with fractions of a second; with an offset (`+01:00`, `+0100`, `+01`);
/// with a space for the `T`, with `/` for the `-`, without seconds; epoch seconds or, above 10^11, milliseconds.
/// `None` is what cannot be read, or what lies outside the years 2000 to 2099.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = match text.as_bytes().get(4) {
        Some(b'-' | b'/') => civil(text)?,
        _ => epoch(text)?,
    };
    is_believed(time).then_some(time)
}

/// Whether a time lies in the years 2000 to 2099; what does not, is as good as unreadable.
pub fn is_believed(time: Timestamp) -> bool {
    (FIRST_SECOND..END_SECOND).contains(&time.as_second())
}

fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let micros = if !whole.is_empty() && whole.len() <= 18 && is_plain(whole) && is_plain(fraction) {
        let (seconds, micros) = (whole.parse::<i128>().ok()?, i128::from(micros_of(fraction)));
        // Compared with its fraction, so that just above the limit is above it.
        if seconds > MILLISECONDS_ABOVE || (seconds == MILLISECONDS_ABOVE && micros > 0) {
            seconds * 1_000 + micros / 1_000
        } else {
            seconds * 1_000_000 + micros
        }
    } else if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        // A number with a power of ten, as some JSON writers make of a large one.
        let number: f64 = text.parse().ok()?;
        let scale = if number > MILLISECONDS_ABOVE as f64 { 1e3 } else { 1e6 };
        (number.is_finite() && number.abs() < 1e16).then_some((number * scale) as i128)?
    } else {
        return None;
    };
    Timestamp::from_microsecond(i64::try_from(micros).ok()?).ok()
}

/// The first six digits after the point.
fn micros_of(fraction: &str) -> i64 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    digits.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'))
}

fn civil(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.digits(4)?;
    let separator = rest.one_of(b"-/")?;
    let month = rest.digits(2)?;
    rest.one_of(&[separator])?;
    let day = rest.digits(2)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.digits(2)?;
    rest.one_of(b":")?;
    let minute = rest.digits(2)?;
    let (mut second, mut micros) = (0, 0);
    if rest.one_of(b":").is_some() {
        second = rest.digits(2)?;
        if rest.one_of(b".,").is_some() {
            let length = rest.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            micros = micros_of(std::str::from_utf8(&rest.0[..length]).ok()?);
            rest.0 = &rest.0[length..];
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = rest.offset()?;
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second();
    let seconds = midnight + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second) - i64::from(offset);
    Timestamp::from_microsecond(seconds * 1_000_000 + micros).ok()
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn digits(&mut self, count: usize) -> Option<i32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0')))?;
        self.0 = rest;
        Some(number)
    }

    fn one_of(&mut self, accepted: &[u8]) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        if !accepted.contains(&byte) {
            return None;
        }
        self.0 = rest;
        Some(byte)
    }

    /// The offset from UTC in seconds, which is the last that may stand there.
    fn offset(&mut self) -> Option<i32> {
        let _ = self.one_of(b" ");
        if self.0.is_empty() || matches!(self.0, b"Z" | b"z" | b"UTC") {
            return Some(0);
        }
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.digits(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            let _ = self.one_of(b":");
            self.digits(2)?
        };
        (self.0.is_empty() && hours <= 18 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_form_of_the_contract() {
        for (text, expected) in [
            ("2023-10-10T22:31:55Z", "2023-10-10T22:31:55Z"),
            ("2023-10-10T22:31:55", "2023-10-10T22:31:55Z"),
            ("2023-10-10T22:31:55.123456789Z", "2023-10-10T22:31:55.123456Z"),
            ("2023-10-10T22:31:55.5+01:00", "2023-10-10T21:31:55.5Z"),
            ("2023-10-10T22:31:55-0330", "2023-10-11T02:01:55Z"),
            ("2023-10-10 22:31:55+01", "2023-10-10T21:31:55Z"),
            ("2023/10/11 00:04:00", "2023-10-11T00:04:00Z"),
            ("2023-10-10 22:31", "2023-10-10T22:31:00Z"),
            ("  2023-10-10 22:31:55  ", "2023-10-10T22:31:55Z"),
            ("1736930628", "2025-01-15T08:43:48Z"),
            ("1736930628.25", "2025-01-15T08:43:48.25Z"),
            ("1736930628123", "2025-01-15T08:43:48.123Z"),
            ("1.736930628e9", "2025-01-15T08:43:48Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("2099-12-31T23:59:59.999999Z", "2099-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(parse_time(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            " ",
            "yesterday",
            "2023-10-10",
            "2023-13-10T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-10-10T24:00:00Z",
            "2023-10-10T22:31:60Z",
            "2023-10/10 22:31",
            "2023-10-10T22:31:55.Z",
            "2023-10-10T22:31:55Zx",
            "1999-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "0",
            "-5",
            "946684799",
            "20231010",
            "4102444800",
            "1e400",
            "-1e-400",
            "nan",
            "inf",
            "99999999999999999999999",
            "2023-10-10T22:31:55+99:00",
            "2023-é0-10T22:31:55",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9TZ:/+ .e-]{0,30}|.{0,20}") {
            let _ = parse_time(&text);
        }

        #[test]
        fn every_time_of_these_years_reads_as_it_was_written(micros in FIRST_SECOND * 1_000_000..END_SECOND * 1_000_000) {
            let time = Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(parse_time(&time.to_string()), Some(time));
        }
    }
}
