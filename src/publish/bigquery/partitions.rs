//! Statements by ranges of partitions: BigQuery lets one statement change 4,000 partitions, and a table has 10,000 at most.

use gcp_bigquery_client::model::range_partitioning_range::RangePartitioningRange;

use crate::check::Publishable;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::quote;

use super::layout::Layout;

/// BigQuery's own limit of a table.
const MOST_OF_A_TABLE: usize = 10_000;

/// Half of what one statement may change: rows may also come from, or go with, partitions that the warehouse has no more.
const MOST_OF_A_RANGE: usize = 2_000;

/// How rows are told apart by their partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ranges {
    pub(super) column: String,
    /// Where each range but the first begins, as literals.
    pub(super) bounds: Vec<String>,
}

impl Ranges {
    /// The ranges that all partitions of a table fall into; one where they are few, or there are none.
    ///
    /// # Errors
    /// Where the table has more partitions than BigQuery holds.
    pub(super) fn of(session: &Session, publishable: &Publishable, layout: &Layout) -> Result<Self> {
        let Some(Partitioning { column, unit, begin, literal }) = Partitioning::of(layout) else {
            return Ok(Self::default());
        };
        let found = session.query(&format!(
            "select cast(begin as varchar) from (select distinct {begin} as begin from {} where {} is not null)
             order by begin",
            publishable.relation,
            quote(&column),
        ))?;
        if found.rows.len() > MOST_OF_A_TABLE {
            let (rows, most) = (found.rows.len(), MOST_OF_A_TABLE);
            return Err(Error::call(format!("`{}` cannot be published to BigQuery", publishable.name))
                .because(format!("it has {rows} partitions by {unit} of `{column}`, and BigQuery holds {most} a table"))
                .help("let `partition_by` say wider ones, as in `granularity: month`"));
        }
        let begins = found.rows.iter().map(|row| row[0].to_string());
        let bounds = begins.step_by(MOST_OF_A_RANGE).skip(1).map(|begin| literal(&begin)).collect();
        Ok(Self { column, bounds })
    }

    /// A condition for each range, on rows of `alias` (empty where the column needs none); none where so few rows change
    /// that one statement will do, or there is one range.
    pub(super) fn conditions(&self, alias: &str, changed: Option<u64>) -> Vec<String> {
        if changed.is_some_and(|rows| rows <= MOST_OF_A_RANGE as u64) {
            return Vec::new();
        }
        let column = match alias.is_empty() {
            true => format!("`{}`", self.column),
            false => format!("{alias}.`{}`", self.column),
        };
        let Some(first) = self.bounds.first() else { return Vec::new() };
        let between = |(index, from): (usize, &String)| match self.bounds.get(index + 1) {
            Some(to) => format!("{column} >= {from} AND {column} < {to}"),
            None => format!("{column} >= {from}"),
        };
        let rest = self.bounds.iter().enumerate().map(between);
        [format!("({column} < {first} OR {column} IS NULL)")].into_iter().chain(rest).collect()
    }
}

/// By what a table is partitioned.
struct Partitioning {
    column: String,
    /// As in `day`.
    unit: String,
    /// Where the partition of a row begins, in DuckDB's SQL.
    begin: String,
    /// The same, as BigQuery writes it.
    literal: fn(&str) -> String,
}

impl Partitioning {
    fn of(layout: &Layout) -> Option<Self> {
        let table = &layout.table;
        if let Some(time) = &table.time_partitioning {
            let (column, unit) = (time.field.clone()?, time.r#type.to_lowercase());
            let is_date = layout.columns.iter().any(|(name, sent)| *name == column && sent.cast == "DATE");
            let quoted = quote(&column);
            return Some(match is_date {
                true => Self {
                    begin: format!("cast(date_trunc('{unit}', {quoted}) as date)"),
                    literal: |begin| format!("DATE '{begin}'"),
                    column,
                    unit,
                },
                // A time with zone would be cut at the days of the session's own.
                false => Self {
                    begin: format!("date_trunc('{unit}', make_timestamp(epoch_us({quoted})))"),
                    literal: |begin| format!("TIMESTAMP '{begin}+00'"),
                    column,
                    unit,
                },
            });
        }
        let range = table.range_partitioning.as_ref()?;
        let RangePartitioningRange { start, interval, .. } = range.range.as_ref()?;
        let column = range.field.clone()?;
        let quoted = quote(&column);
        let begin = format!("{start} + {interval} * cast(floor(({quoted} - {start}) / {interval}) as bigint)");
        Some(Self { begin, literal: str::to_string, unit: format!("{interval}s"), column })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::engine::Engine;
    use crate::project::NodeConfig;

    fn ranges(select: &str, partition_by: Json) -> Result<Ranges> {
        let engine = Engine::in_memory()?;
        let session = engine.session()?;
        session.run(&format!("create table t as {select}"))?;
        let Json::Object(settings) = json!({ "partition_by": partition_by }) else { panic!("no mapping") };
        let table = Publishable { config: NodeConfig::new(settings), ..Publishable::for_test("t") };
        let columns = session.described(&table.relation)?.unwrap();
        Ranges::of(&session, &table, &Layout::of(&table, &columns, "run")?)
    }

    fn days(count: usize) -> String {
        format!("select date '2000-01-01' + day::integer as day from range({count}) numbers(day) union all select null")
    }

    #[test]
    fn many_partitions_are_split_and_too_many_refused() {
        let by_day = json!({"field": "day"});
        for (count, bounds) in [(0, 0), (2000, 0), (2001, 1), (10_000, 4)] {
            assert_eq!(ranges(&days(count), by_day.clone()).unwrap().bounds.len(), bounds, "{count}");
        }
        let split = ranges(&days(5000), by_day.clone()).unwrap();
        assert_eq!(
            split.conditions("s", Some(2001)),
            [
                "(s.`day` < DATE '2005-06-23' OR s.`day` IS NULL)",
                "s.`day` >= DATE '2005-06-23' AND s.`day` < DATE '2010-12-14'",
                "s.`day` >= DATE '2010-12-14'",
            ]
        );
        assert!(
            ranges(&days(5000), json!({"field": "day", "granularity": "month"}))
                .unwrap()
                .conditions("", None)
                .is_empty()
        );
        let error = ranges(&days(10_001), by_day).unwrap_err();
        assert!(error.to_string().contains("it has 10001 partitions by day of `day`"), "{error}");
    }

    #[test]
    fn times_are_split_where_their_hours_begin_and_numbers_where_their_ranges_do() {
        let hours =
            "select timestamp '2025-01-01 00:59:59.5' + to_hours(i::integer) as made_at from range(2500) numbers(i)";
        let by_hour = json!({"field": "made_at", "data_type": "timestamp", "granularity": "hour"});
        for select in [hours.to_string(), format!("select made_at::timestamptz as made_at from ({hours})")] {
            let split = ranges(&select, by_hour.clone()).unwrap();
            assert_eq!(split.conditions("", None)[1], "`made_at` >= TIMESTAMP '2025-03-25 08:00:00+00'");
        }
        let numbers = "select i * 5 as i from range(-10, 9000) numbers(i)";
        let by_number =
            json!({"field": "i", "data_type": "int64", "range": {"start": 0, "end": 50000, "interval": 10}});
        let split = ranges(numbers, by_number).unwrap();
        assert_eq!(split.conditions("", None)[0], "(`i` < 19950 OR `i` IS NULL)");
    }
}
