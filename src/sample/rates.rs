//! Exchange rates: what one unit of each currency is worth in naira, on the days on which rates are quoted.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::Weekday;

use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::sample::Generated;
use crate::sample::Rates;
use crate::sample::check_year;
use crate::sample::draw::scatter;
use crate::sample::file::Draft;
use crate::sample::market::Currency;
use crate::sample::market::FOREIGN;
use crate::sample::timeline::DAY;
use crate::sample::timeline::midnight;

/// The currency whose rates begin later than the others', so that "the earliest known" has something to say.
const LATECOMER: &str = "RWF";
/// By how many days.
const LATE_BY: i64 = 90;

/// Writes the rates from the first to the last day, by date and currency, in place of what lies there.
///
/// A rate follows from the seed, the date and the currency alone: a file that reaches further repeats this one's rows.
///
/// # Errors
/// Dates out of range or in the wrong order, and a file that cannot be written: the call is not well.
pub fn rates(options: &Rates, observe: &dyn Observe) -> Result<Generated> {
    check_year(options.from.year())?;
    check_year(options.to.year())?;
    if options.to < options.from {
        let message = format!("rates cannot be made from `{}` to `{}`", options.from, options.to);
        return Err(Error::call(message).help("the last day comes after the first"));
    }
    observe.on(Progress::Stage { name: "rates", total: None });
    let mut draft = Draft::begin(&options.out)?;
    draft.write(b"date,currency,rate\n")?;
    let mut generated = Generated::default();
    let late = options.from.checked_add(LATE_BY.days()).unwrap_or(Date::MAX);
    for date in options.from.series(1.day()).take_while(|date| *date <= options.to) {
        if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            continue;
        }
        for currency in FOREIGN.iter().filter(|currency| currency.rated) {
            if currency.code == LATECOMER && date < late {
                continue;
            }
            let rate = rate(options.seed, date, currency);
            let row = format!("{date},{},{}.{:04}\n", currency.code, rate / 10_000, rate % 10_000);
            draft.write(row.as_bytes())?;
            generated.events += 1;
        }
    }
    let (path, bytes) = draft.finish()?;
    generated.files.push(path);
    generated.bytes = bytes;
    observe.on(Progress::Done { summary: format!("{} rates", generated.events) });
    Ok(generated)
}

/// Ten-thousandths of a naira: a slow swing of six percent around the level, and an unrest of half a percent a day.
fn rate(seed: u64, date: Date, currency: &Currency) -> i64 {
    const PERIOD: i64 = 240;
    let day = midnight(date) / DAY;
    let name = currency.code.bytes().fold(0, |name, byte| name << 8 | u64::from(byte));
    let phase = (scatter(seed ^ name) % PERIOD as u64) as i64;
    let swing = ((day + phase) % PERIOD - PERIOD / 2).abs() * 2_000 - 120_000;
    let unrest = (scatter(scatter(seed ^ name) ^ day as u64) % 10_001) as i64 - 5_000;
    currency.level * (1_000_000 + swing / 2 + unrest) / 1_000_000 / 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use jiff::civil::date;

    fn made(to: Date) -> String {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("seeds/fx_rates.csv");
        rates(&Rates { from: date(2024, 1, 1), to, out: out.clone(), seed: 42 }, &Silent).unwrap();
        std::fs::read_to_string(out).unwrap()
    }

    #[test]
    fn a_longer_file_begins_with_the_shorter() {
        let (short, long) = (made(date(2024, 3, 1)), made(date(2025, 1, 17)));
        assert!(long.starts_with(&short) && long.len() > short.len());
        assert!(short.starts_with("date,currency,rate\n2024-01-01,EGP,"));
        assert!(!long.contains("2024-01-06"), "a Saturday");
        assert!(!short.contains("RWF") && long.contains("2024-04-01,RWF,"));
        assert!(!long.contains("NGN") && !long.contains("ZMW"));
    }

    #[test]
    fn rates_stay_near_their_level() {
        for row in made(date(2025, 1, 17)).lines().skip(1) {
            let [_, code, rate] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let level = FOREIGN.iter().find(|currency| currency.code == code).unwrap().level as f64 / 1e6;
            let ratio = rate.parse::<f64>().unwrap() / level;
            assert!((0.92..1.08).contains(&ratio), "{row}: {ratio}");
        }
    }

    #[test]
    fn days_in_the_wrong_order_are_refused() {
        let options = Rates { from: date(2024, 2, 1), to: date(2024, 1, 1), out: "never/written".into(), seed: 1 };
        assert_eq!(rates(&options, &Silent).unwrap_err().exit_code(), 2);
    }
}
