//! `modules.datetime`: dates, times and spans as templates know them from Python. Every time is UTC.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use minijinja::value::{DynObject, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::render::values::entries;
use crate::render::values::split;
use crate::render::values::wrong;

/// A date or a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    time: DateTime,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Date,
    /// Without zone.
    Time,
    /// With `+00:00` where it prints.
    Zoned,
}

/// A span of time, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Delta(i64);

/// What makes them: `datetime`, `date`, `timedelta`, and the zone `utc`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Maker {
    Times,
    Dates,
    Deltas,
    Zones,
}

const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;

impl Moment {
    /// A point in time, printed with its zone.
    pub fn of(timestamp: Timestamp) -> Self {
        Self { time: TimeZone::UTC.to_datetime(timestamp), what: What::Zoned }
    }

    fn format(&self, pattern: &str) -> Result<String, Error> {
        let pattern = pattern.replace("%%", "\0").replace("%f", "%6f").replace('\0', "%%");
        let moment = self.time.to_zoned(TimeZone::UTC).map_err(|error| wrong(error.to_string()))?;
        strtime::format(&pattern, &moment)
            .map_err(|error| wrong(format!("cannot format a time as `{pattern}`: {error}")))
    }

    fn iso(&self, separator: &str) -> String {
        let (date, time) = (self.time.date(), self.time.time());
        if self.what == What::Date {
            return date.to_string();
        }
        let micros = self.time.subsec_nanosecond() / 1000;
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let zone = if self.what == What::Zoned { "+00:00" } else { "" };
        format!("{date}{separator}{:02}:{:02}:{:02}{fraction}{zone}", time.hour(), time.minute(), time.second())
    }

    fn plus(self, micros: i64) -> Result<Value, Error> {
        let micros = if self.what == What::Date { micros.div_euclid(DAY) * DAY } else { micros };
        let time = self.time.checked_add(SignedDuration::from_micros(micros));
        time.map(|time| Value::from_object(Self { time, ..self })).map_err(|_| wrong("this time is out of range"))
    }

    fn micros(&self) -> Result<i64, Error> {
        let zoned = self.time.to_zoned(TimeZone::UTC).map_err(|error| wrong(error.to_string()))?;
        Ok(zoned.timestamp().as_microsecond())
    }

    fn replaced(&self, arguments: &[Value]) -> Result<Value, Error> {
        let mut changed = *self;
        let named = split(arguments).1.map(Value::from).map(|named| entries(&named)).transpose()?.unwrap_or_default();
        for (name, value) in named {
            if name.as_str() == Some("tzinfo") {
                changed.what = if value.is_none() { What::Time } else { What::Zoned };
                continue;
            }
            let number = value.as_i64().ok_or_else(|| wrong(format!("`{name}` wants a number")))?;
            let small = i8::try_from(number).unwrap_or(-1);
            let with = changed.time.with();
            let with = match name.as_str().unwrap_or_default() {
                "year" => with.year(i16::try_from(number).unwrap_or(i16::MAX)),
                "month" => with.month(small),
                "day" => with.day(small),
                "hour" => with.hour(small),
                "minute" => with.minute(small),
                "second" => with.second(small),
                "microsecond" => with.subsec_nanosecond(i32::try_from(number * 1000).unwrap_or(-1)),
                other => return Err(wrong(format!("`{other}` is no part of a time"))),
            };
            changed.time = with.build().map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Value::from_object(changed))
    }
}

/// `a + b` or `a - b` where one of them is a time or a span; `None` where neither is.
pub(super) fn combined(a: &Value, b: &Value, minus: bool) -> Option<Result<Value, Error>> {
    let sign = if minus { -1 } else { 1 };
    let moment = |value: &Value| value.downcast_object_ref::<Moment>().copied();
    let delta = |value: &Value| value.downcast_object_ref::<Delta>().copied();
    match (moment(a), delta(a), moment(b), delta(b)) {
        (Some(time), _, _, Some(Delta(micros))) => Some(time.plus(micros.saturating_mul(sign))),
        (_, Some(Delta(micros)), Some(time), _) if !minus => Some(time.plus(micros)),
        (Some(one), _, Some(other), _) if minus => {
            Some(one.micros().and_then(|one| Ok(Value::from_object(Delta(one - other.micros()?)))))
        }
        (_, Some(Delta(one)), _, Some(Delta(other))) => {
            Some(Ok(Value::from_object(Delta(one.saturating_add(other.saturating_mul(sign))))))
        }
        _ => None,
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "year" => Value::from(self.time.year()),
            "month" => Value::from(self.time.month()),
            "day" => Value::from(self.time.day()),
            "hour" => Value::from(self.time.hour()),
            "minute" => Value::from(self.time.minute()),
            "second" => Value::from(self.time.second()),
            "microsecond" => Value::from(self.time.subsec_nanosecond() / 1000),
            "tzinfo" if self.what == What::Zoned => Value::from("UTC"),
            "tzinfo" => Value::from(()),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let first = arguments.first().and_then(Value::as_str);
        Ok(match method {
            "strftime" => Value::from(self.format(first.ok_or_else(|| wrong("`strftime` wants a format"))?)?),
            "isoformat" => Value::from(self.iso(first.unwrap_or("T"))),
            "date" => Value::from_object(Self { time: self.time.date().to_datetime(Time::MIN), what: What::Date }),
            "weekday" => Value::from(self.time.weekday().to_monday_zero_offset()),
            "isoweekday" => Value::from(self.time.weekday().to_monday_one_offset()),
            "timestamp" => Value::from(self.micros()? as f64 / SECOND as f64),
            "astimezone" => Value::from_object(Self { what: What::Zoned, ..**self }),
            "replace" => self.replaced(arguments)?,
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.time.cmp(&other.downcast_ref::<Self>()?.time))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(" "))
    }
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(match key.as_str()? {
            "days" => self.0.div_euclid(DAY),
            "seconds" => self.0.rem_euclid(DAY) / SECOND,
            "microseconds" => self.0.rem_euclid(SECOND),
            _ => return None,
        }))
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "total_seconds" => Ok(Value::from(self.0 as f64 / SECOND as f64)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        let seconds = rest / SECOND;
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if rest % SECOND != 0 { write!(f, ".{:06}", rest % SECOND) } else { Ok(()) }
    }
}

impl Maker {
    fn made(self, arguments: &[Value]) -> Result<Value, Error> {
        let (positional, named) = split(arguments);
        let given = |at: usize, name: &str| {
            let named = named.as_ref().and_then(|named| named.get::<Option<Value>>(name).ok().flatten());
            positional.get(at).cloned().or(named)
        };
        let whole = |at: usize, name: &str| given(at, name).map_or(0, |value| value.as_i64().unwrap_or(-1));
        let small = |at: usize, name: &str| i8::try_from(whole(at, name)).unwrap_or(-1);
        if let Self::Deltas = self {
            let units = [DAY, SECOND, 1, 1000, 60 * SECOND, 3600 * SECOND, 7 * DAY];
            let names = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
            let mut micros = 0.0;
            for (at, (name, unit)) in names.iter().zip(units).enumerate() {
                let number = given(at, name).map_or(Ok(0.0), f64::try_from);
                micros += number.map_err(|_| wrong(format!("`{name}` wants a number")))? * unit as f64;
            }
            return Ok(Value::from_object(Delta(micros.round() as i64)));
        }
        let year = i16::try_from(whole(0, "year")).unwrap_or(-1);
        let date = Date::new(year, small(1, "month"), small(2, "day"));
        let nanos = i32::try_from(whole(6, "microsecond").saturating_mul(1000)).unwrap_or(-1);
        let time = Time::new(small(3, "hour"), small(4, "minute"), small(5, "second"), nanos);
        let time = date.and_then(|date| Ok(date.to_datetime(time?)));
        let time = time.map_err(|error| wrong(format!("this is no date: {error}")))?;
        let zoned = given(7, "tzinfo").is_some_and(|zone| !zone.is_none());
        let what = match self {
            Self::Dates => What::Date,
            _ if zoned => What::Zoned,
            _ => What::Time,
        };
        Ok(Value::from_object(Moment { time, what }))
    }

    fn parsed(self, text: &str, pattern: Option<&str>) -> Result<Value, Error> {
        let trimmed = text.trim_end_matches('Z').trim_end_matches("+00:00");
        let zoned = trimmed.len() < text.len();
        let time = match pattern {
            Some(pattern) => strtime::parse(pattern, text).and_then(|parsed| {
                parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.to_datetime(Time::MIN)))
            }),
            None => {
                trimmed.parse::<DateTime>().or_else(|_| trimmed.parse().map(|date: Date| date.to_datetime(Time::MIN)))
            }
        };
        let time = time.map_err(|_| match pattern {
            Some(pattern) => wrong(format!("`{text}` is no time of the form `{pattern}`")),
            None => wrong(format!("`{text}` is no time")),
        })?;
        let what = match self {
            Self::Dates => What::Date,
            _ if zoned && pattern.is_none() => What::Zoned,
            _ => What::Time,
        };
        Ok(Value::from_object(Moment { time, what }))
    }
}

impl Object for Maker {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("utc")).then(|| Value::from("UTC"))
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        match **self {
            Self::Zones => Ok(Value::from("UTC")),
            maker => maker.made(arguments),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let text = |at: usize| arguments.get(at).and_then(Value::as_str);
        let now = |what: What| {
            let now = Moment::of(Timestamp::now());
            let time = if what == What::Date { now.time.date().to_datetime(Time::MIN) } else { now.time };
            Value::from_object(Moment { time, what })
        };
        match (**self, method) {
            (Self::Times, "now") if !arguments.is_empty() => Ok(now(What::Zoned)),
            (Self::Times, "now" | "utcnow" | "today") => Ok(now(What::Time)),
            (Self::Dates, "today") => Ok(now(What::Date)),
            (Self::Times, "strptime") => match (text(0), text(1)) {
                (Some(given), Some(pattern)) => self.parsed(given, Some(pattern)),
                _ => Err(wrong("`strptime` wants a text and a format")),
            },
            (Self::Times | Self::Dates, "fromisoformat") => {
                self.parsed(text(0).ok_or_else(|| wrong("`fromisoformat` wants a text"))?, None)
            }
            (Self::Times, "fromtimestamp" | "utcfromtimestamp") => {
                let seconds = arguments.first().cloned().map(f64::try_from);
                let seconds =
                    seconds.and_then(Result::ok).ok_or_else(|| wrong(format!("`{method}` wants a number")))?;
                let time = Timestamp::from_microsecond((seconds * SECOND as f64) as i64);
                let time = time.map_err(|error| wrong(error.to_string()))?;
                Ok(Value::from_object(Moment { what: What::Time, ..Moment::of(time) }))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// `modules.datetime`.
pub(super) fn module() -> Value {
    Value::from_pairs([
        ("datetime", Value::from_object(Maker::Times)),
        ("date", Value::from_object(Maker::Dates)),
        ("timedelta", Value::from_object(Maker::Deltas)),
        ("timezone", Value::from_object(Maker::Zones)),
    ])
}

/// `modules.pytz`, the one zone there is.
pub(super) fn zones() -> Value {
    Value::from_pairs([
        ("utc", Value::from("UTC")),
        ("UTC", Value::from("UTC")),
        ("timezone", Value::from_object(Maker::Zones)),
    ])
}
