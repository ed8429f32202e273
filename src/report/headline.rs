//! The headline: the figures that a person looks for first, and how they changed since the last report.

use serde_json::Value as Json;

use crate::engine::Session;
use crate::engine::Value;
use crate::error::Result;
use crate::name::quote;
use crate::render::Scanned;
use crate::report::gather::Stale;
use crate::report::history::Earlier;
use crate::report::number::Unit;
use crate::report::section::condition;

/// One figure.
pub(super) struct Figure {
    pub(super) name: String,
    /// NULL where it cannot be told, as a share of nothing.
    pub(super) value: Value,
    pub(super) unit: Unit,
    /// Whether more of it is good; `None` where neither is.
    pub(super) better: Option<Better>,
    /// The first and the last day that it tells of, `YYYY-MM-DD`, where it tells them.
    pub(super) since: Option<String>,
    pub(super) day: Option<String>,
    /// What the last report before this one said.
    pub(super) before: Option<String>,
    /// Why it may be older than the run: of such a figure no change is told, and no later report compares with it.
    pub(super) stale: Option<String>,
}

/// In which direction a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Up,
    Down,
}

impl Better {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl Figure {
    /// How much it changed, as exact digits; `None` where one of both is unknown.
    pub(super) fn change(&self) -> Option<String> {
        if self.stale.is_some() {
            return None;
        }
        let (now, before) = (millionths(&self.value.to_string())?, millionths(self.before.as_deref()?)?);
        Some(digits(now.checked_sub(before)?))
    }

    /// Whether the change is for the better; `None` where there is none, or nobody said what is better.
    pub(super) fn is_good_news(&self) -> Option<bool> {
        let change = millionths(&self.change()?)?;
        let is_up = change > 0;
        self.better.filter(|_| change != 0).map(|better| (better == Better::Up) == is_up)
    }
}

/// Fills in what an earlier report said of the figures.
pub(super) fn compare(figures: &mut [Figure], earlier: Option<&Earlier>) {
    for figure in figures {
        figure.before = earlier.and_then(|earlier| earlier.figures.get(&figure.name).cloned());
    }
}

/// The figures of the model marked `headline`: for each `figure` its row, or the last up to a day where the model has a
/// column that tells the day (`as_of`). `day` limits these; without it the last of all counts.
pub(super) fn headline(scanned: &Scanned, session: &Session, stale: &Stale, day: Option<&str>) -> Vec<Figure> {
    let marked = scanned.nodes.iter().find_map(|(id, scan)| {
        let report = scan.config.meta("report")?;
        let is_headline = report.get("headline").and_then(Json::as_bool) == Some(true);
        is_headline.then_some((id, scan.relation.as_ref()?, report))
    });
    let Some((id, relation, report)) = marked else { return Vec::new() };
    let figures = read(&relation.to_string(), report, session, day).unwrap_or_default();
    figures.into_iter().map(|figure| Figure { stale: stale.get(id).cloned(), ..figure }).collect()
}

fn read(relation: &str, report: &Json, session: &Session, day: Option<&str>) -> Result<Vec<Figure>> {
    let told = report.get("as_of").and_then(Json::as_str);
    let last = told.map_or(String::new(), |column| {
        format!(" qualify row_number() over (partition by figure order by {} desc) = 1", quote(column))
    });
    let order = report.get("order_by").and_then(Json::as_str).unwrap_or("figure");
    let table =
        session.query(&format!("select * from {relation}{}{last} order by {order}", condition(None, told, day)))?;
    let column = |name: &str| table.position(name);
    let (Some(figure), Some(value)) = (column("figure"), column("value")) else { return Ok(Vec::new()) };
    let text = |row: &[Value], name: &str| Some(row.get(column(name)?)?.as_str()?.to_string());
    let day_of = |row: &[Value], name: &str| row.get(column(name)?)?.to_string().get(..10).map(str::to_string);
    let figure = |row: &Vec<Value>| Figure {
        name: row[figure].to_string(),
        before: None,
        value: row[value].clone(),
        stale: None,
        since: day_of(row, "since"),
        day: told.and_then(|told| day_of(row, told)),
        unit: Unit::of(text(row, "unit").as_deref()),
        better: text(row, "better").and_then(|better| match better.as_str() {
            "up" => Some(Better::Up),
            "down" => Some(Better::Down),
            _ => None,
        }),
    };
    Ok(table.rows.iter().map(figure).collect())
}

/// A decimal number in millionths; `None` where it is none, or too large.
fn millionths(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.get(..6).unwrap_or(fraction);
    Some(sign * format!("{whole}{fraction:0<6}").parse::<i128>().ok()?)
}

fn digits(millionths: i128) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, fraction) = (millionths.unsigned_abs() / 1_000_000, millionths.unsigned_abs() % 1_000_000);
    format!("{sign}{whole}.{fraction:06}").trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_exact() {
        let figure = |value: &str, before: Option<&str>| Figure {
            name: "net".into(),
            value: Value::Decimal(value.into()),
            unit: Unit::of(None),
            better: Some(Better::Up),
            since: None,
            day: None,
            before: before.map(str::to_string),
            stale: None,
        };
        let change = |value, before| figure(value, Some(before)).change();
        assert_eq!(change("90071992547409931.10", "90071992547409931"), Some("0.1".into()));
        assert_eq!(change("0.842914", "0.9"), Some("-0.057086".into()));
        assert_eq!(change("-1.5", "-1.5"), Some("0".into()));
        assert_eq!(change("1", "many"), None);
        assert_eq!(figure("1", None).change(), None);
        assert_eq!(figure("1", Some("2")).is_good_news(), Some(false));
        assert_eq!(figure("2", Some("2")).is_good_news(), None);
        let stale = Figure { stale: Some("was not built".into()), ..figure("1", Some("2")) };
        assert_eq!((stale.change(), stale.is_good_news()), (None, None));
    }
}
