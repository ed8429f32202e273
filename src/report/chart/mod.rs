//! Charts of sections: what `meta.report.chart` asks for, found in the rows of the section.
//!
//! `chart` is one of these, or a list of them:
//!
//! - `kind: line` draws columns `y` over a date `x`, all of it or the `last` so many days;
//! - `kind: bar` draws columns `y` for each text `x`, beside each other or `stacked`, the first `most` rows;
//! - `by` names a column whose values tell several lines or bars of one `y` apart;
//! - `unit` is `share`, `minutes`, or any other name, as `NGN`; without it, plain counts. `title` stands above it.

mod draw;
mod told;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::engine::Table;
use crate::engine::Value;
use crate::report::number::Unit;
use crate::report::number::as_float;

pub(super) use draw::spark;

/// Bars of more rows than this are a table.
const MOST_BARS: usize = 12;

/// More lines than this cannot be told apart.
const MOST_SERIES: usize = 6;

/// What to draw in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Line,
    Bar,
}

/// What a yml says of a chart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    kind: Kind,
    title: Option<String>,
    x: String,
    y: Vec<String>,
    by: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    stacked: bool,
    last: Option<i32>,
    most: Option<usize>,
}

/// A chart, ready to be drawn.
#[derive(Debug)]
pub(super) struct Chart {
    kind: Kind,
    pub(super) title: String,
    /// What stands along it: the name of the column `x`.
    over: String,
    pub(super) unit: Unit,
    is_stacked: bool,
    /// Dates of a line, in days since 1970; positions of bars.
    places: Vec<i32>,
    /// What each place is called.
    labels: Vec<String>,
    pub(super) series: Vec<Series>,
}

/// One line, or the bars of one colour.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    /// A value for each place.
    values: Vec<Option<f64>>,
}

impl Chart {
    /// Whether it wants the whole width of a page.
    pub(super) fn is_wide(&self) -> bool {
        self.kind == Kind::Line || self.places.len() > MOST_BARS / 2
    }

    /// Whether it is drawn as lines, not bars.
    pub(super) fn is_line(&self) -> bool {
        self.kind == Kind::Line
    }
}

/// The charts that `meta.report` asks for, and why others cannot be drawn. A table without rows has none.
pub(super) fn charts(report: &Json, section: &str, table: &Table) -> (Vec<Chart>, Vec<String>) {
    let declared = match report.get("chart") {
        None => return (Vec::new(), Vec::new()),
        Some(Json::Array(several)) => several.clone(),
        Some(one) => vec![one.clone()],
    };
    if table.rows.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let (mut charts, mut faults) = (Vec::new(), Vec::new());
    for declared in declared {
        let declared = serde_json::from_value::<Declared>(declared).map_err(|error| error.to_string());
        match declared.and_then(|declared| chart(&declared, section, table)) {
            Ok(chart) => charts.push(chart),
            Err(fault) => faults.push(format!("a chart cannot be drawn: {fault}")),
        }
    }
    (charts, faults)
}

fn chart(declared: &Declared, section: &str, table: &Table) -> Result<Chart, String> {
    let column = |name: &str| table.position(name).ok_or_else(|| format!("there is no column `{name}`"));
    let x = column(&declared.x)?;
    let y: Vec<usize> = declared.y.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    let by = declared.by.as_deref().map(column).transpose()?;
    let name = |row: &[Value], y: usize| match by {
        Some(by) => row[by].to_string(),
        None => in_words(&table.columns[y].name),
    };
    let mut rows: Vec<&Vec<Value>> = table.rows.iter().filter(|row| !row[x].is_null()).collect();
    if declared.kind == Kind::Line {
        if rows.iter().any(|row| day(&row[x]).is_none()) {
            return Err(format!("`{}` is no date", declared.x));
        }
        rows.sort_by_key(|row| day(&row[x]));
        let last = rows.last().and_then(|row| day(&row[x])).unwrap_or_default();
        rows.retain(|row| declared.last.is_none_or(|days| day(&row[x]).is_some_and(|day| day > last - days)));
    }
    let (mut places, mut labels, mut series) = (Vec::<i32>::new(), Vec::<String>::new(), Vec::<Series>::new());
    for row in rows {
        let label = row[x].to_string();
        let place = labels.iter().rposition(|held| *held == label).unwrap_or_else(|| {
            places.push(day(&row[x]).unwrap_or(labels.len() as i32));
            labels.push(label);
            labels.len() - 1
        });
        for &y in &y {
            let name = name(row, y);
            let held = series.iter().position(|series| series.name == name).unwrap_or_else(|| {
                series.push(Series { name, values: Vec::new() });
                series.len() - 1
            });
            let values = &mut series[held].values;
            values.resize(values.len().max(place + 1), None);
            values[place] = as_float(&row[y]);
        }
    }
    if series.len() > MOST_SERIES {
        return Err(format!("{} series are more than can be told apart, {MOST_SERIES}", series.len()));
    }
    if declared.kind == Kind::Bar {
        let most = declared.most.unwrap_or(MOST_BARS);
        places.truncate(most);
        labels.truncate(most);
    }
    for series in &mut series {
        series.values.resize(places.len(), None);
    }
    Ok(Chart {
        kind: declared.kind,
        title: declared.title.clone().unwrap_or_else(|| section.to_string()),
        over: in_words(&declared.x),
        unit: Unit::of(declared.unit.as_deref()),
        is_stacked: declared.stacked,
        places,
        labels,
        series,
    })
}

fn day(value: &Value) -> Option<i32> {
    match value {
        Value::Date(days) => Some(*days),
        _ => None,
    }
}

/// The name of a column as a person says it.
pub(super) fn in_words(column: &str) -> String {
    column.replace('_', " ")
}
