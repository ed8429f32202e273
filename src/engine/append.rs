//! Rows into a table in the fastest way there is: in batches, each column as one array, as DuckDB holds them itself. Row
//! by row, it takes every value with a call of its own. What is left is mostly DuckDB compressing what it writes.

use std::mem::discriminant;
use std::sync::Arc;

use duckdb::Appender;
use duckdb::arrow::array::{
    ArrayRef, BooleanArray, Int64Array, LargeStringArray, LargeStringBuilder, TimestampMicrosecondArray,
};
use duckdb::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use duckdb::arrow::record_batch::RecordBatch;

use crate::engine::Cell;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::engine::Texts;
use crate::engine::clock;

/// Rows of a batch: as many as DuckDB works on at a time.
const BATCH_ROWS: usize = 2048;

/// Bytes of text after which a batch ends early, for it holds a copy of them.
const BATCH_BYTES: usize = 8 << 20;

/// Bytes of text after which the rows go on to the table, which need not stay in memory. By itself DuckDB counts rows,
/// and waits for 204,800.
const FLUSH_BYTES: usize = 64 << 20;

/// A column on its way into a table.
#[derive(Debug, Clone)]
pub enum Filled {
    Texts(Texts),
    Integers(Vec<i64>),
    /// Microseconds since 1970, UTC; or NULL.
    Timestamps(Vec<Option<i64>>),
}

impl Session {
    /// Appends rows that lie column by column already, which costs less than by [`Session::append`]. There is a column for
    /// every one of the table, in its order, and all are of one length.
    ///
    /// # Errors
    /// As those of [`Session::append`].
    pub fn append_columns(&self, schema: &str, table: &str, columns: Vec<Filled>) -> Result<(), SqlError> {
        if !self.is_in_transaction() {
            return self.transaction(|session| session.append_columns(schema, table, columns));
        }
        let _busy = clock::busy();
        let append = || {
            let columns = columns.into_iter().map(filled).collect::<Result<Vec<_>, String>>()?;
            let mut appender = self.connection.appender_to_db(table, schema).map_err(reason)?;
            append_arrays(&mut appender, columns)?;
            appender.flush().map_err(reason)
        };
        append().map_err(|reason| SqlError::new(&reason, table))
    }

    /// Appends rows to a table in the fastest way there is. `schema` and `table` are unquoted names; each row has a
    /// value for every column of the table, and a column's values are all of one kind, or NULL.
    ///
    /// # Errors
    /// When a value does not fit the table, or a constraint. Then nothing is appended; inside a
    /// [`Session::transaction`], once that is rolled back.
    pub fn append<'a, R>(&self, schema: &str, table: &str, rows: impl IntoIterator<Item = R>) -> Result<(), SqlError>
    where
        R: AsRef<[Cell<'a>]>,
    {
        if !self.is_in_transaction() {
            // DuckDB stores what it has as rows come, and so would keep those before a bad one.
            return self.transaction(|session| session.append(schema, table, rows));
        }
        let _busy = clock::busy();
        self.append_in_batches(schema, table, rows).map_err(|reason| SqlError::new(&reason, table))
    }

    fn append_in_batches<'a, R>(
        &self,
        schema: &str,
        table: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), String>
    where
        R: AsRef<[Cell<'a>]>,
    {
        let mut appender = self.connection.appender_to_db(table, schema).map_err(reason)?;
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let (mut in_batch, mut unflushed) = (0, 0);
        for row in rows {
            in_batch += text_bytes(row.as_ref())?;
            batch.push(row);
            if batch.len() < BATCH_ROWS && in_batch < BATCH_BYTES {
                continue;
            }
            append_batch(&mut appender, &batch)?;
            batch.clear();
            unflushed += std::mem::take(&mut in_batch);
            if unflushed >= FLUSH_BYTES {
                appender.flush().map_err(reason)?;
                unflushed = 0;
            }
        }
        append_batch(&mut appender, &batch)?;
        appender.flush().map_err(reason)
    }
}

fn reason(error: impl ToString) -> String {
    error.to_string()
}

/// How much text a row holds.
///
/// # Errors
/// A text longer than DuckDB can hold, which would cut it.
fn text_bytes(row: &[Cell<'_>]) -> Result<usize, String> {
    let mut bytes = 0;
    for text in row.iter().copied().filter_map(text) {
        require_short(text.len())?;
        bytes += text.len();
    }
    Ok(bytes)
}

fn require_short(bytes: usize) -> Result<(), String> {
    match u32::try_from(bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("a text of {bytes} bytes is longer than DuckDB can hold")),
    }
}

fn filled(column: Filled) -> Result<ArrayRef, String> {
    Ok(match column {
        Filled::Integers(numbers) => Arc::new(Int64Array::from(numbers)),
        Filled::Timestamps(times) => Arc::new(TimestampMicrosecondArray::from(times)),
        Filled::Texts(texts) => {
            require_short(texts.longest())?;
            let (text, bounds) = texts.into_parts();
            let bounds = OffsetBuffer::new(ScalarBuffer::from(bounds));
            Arc::new(LargeStringArray::try_new(bounds, Buffer::from_vec(text.into_bytes()), None).map_err(reason)?)
        }
    })
}

fn append_batch<'a, R: AsRef<[Cell<'a>]>>(appender: &mut Appender<'_>, rows: &[R]) -> Result<(), String> {
    let Some(first) = rows.first() else { return Ok(()) };
    let width = first.as_ref().len();
    if let Some(other) = rows.iter().map(|row| row.as_ref().len()).find(|length| *length != width) {
        return Err(format!("a row of {other} values among rows of {width}"));
    }
    append_arrays(appender, (0..width).map(|index| column_of(rows, index)).collect::<Result<Vec<_>, String>>()?)
}

fn append_arrays(appender: &mut Appender<'_>, columns: Vec<ArrayRef>) -> Result<(), String> {
    // DuckDB goes by position, so the names mean nothing.
    let columns = columns.into_iter().enumerate().map(|(index, column)| (index.to_string(), column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(reason)?;
    appender.append_record_batch(batch).map_err(reason)
}

/// One column of the rows, as an array of the kind that its values are of.
fn column_of<'a, R: AsRef<[Cell<'a>]>>(rows: &[R], index: usize) -> Result<ArrayRef, String> {
    let cells = || rows.iter().map(|row| row.as_ref()[index]);
    let values = || cells().filter(|cell| !matches!(cell, Cell::Null));
    let first = values().next().unwrap_or(Cell::Null);
    if values().any(|value| discriminant(&value) != discriminant(&first)) {
        return Err("values of different kinds in one column".to_string());
    }
    Ok(match first {
        Cell::Boolean(_) => Arc::new(cells().map(boolean).collect::<BooleanArray>()),
        Cell::Integer(_) => Arc::new(cells().map(number).collect::<Int64Array>()),
        Cell::Timestamp(_) => Arc::new(cells().map(number).collect::<TimestampMicrosecondArray>()),
        // NULL as text fits a column of any type.
        Cell::Text(_) | Cell::Null => {
            let bytes = cells().filter_map(text).map(str::len).sum();
            let mut texts = LargeStringBuilder::with_capacity(rows.len(), bytes);
            texts.extend(cells().map(text));
            Arc::new(texts.finish())
        }
    })
}

fn boolean(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Boolean(flag) => Some(flag),
        _ => None,
    }
}

fn number(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Integer(number) | Cell::Timestamp(number) => Some(number),
        _ => None,
    }
}

fn text(cell: Cell<'_>) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::engine::Value;
    use proptest::prelude::*;

    const COLUMNS: &str = "flag boolean, number bigint, moment timestamp, words varchar, payload json";

    fn session(create: &str) -> Session {
        let session = Engine::in_memory().unwrap().session().unwrap();
        session.run(create).unwrap();
        session
    }

    fn count(session: &Session) -> i64 {
        session.count("select count(*) from t").unwrap()
    }

    fn expected(cell: &Cell<'_>) -> Value {
        match *cell {
            Cell::Null => Value::Null,
            Cell::Boolean(flag) => Value::Boolean(flag),
            Cell::Text(text) => Value::Text(text.to_string()),
            Cell::Integer(number) => Value::Integer(number.into()),
            Cell::Timestamp(micros) => Value::Timestamp(micros),
        }
    }

    fn assert_comes_back(rows: &[[Cell<'_>; 5]]) {
        let session = session(&format!("create table t ({COLUMNS})"));
        session.append("main", "t", rows).unwrap();
        let found = session.query("select * from t order by rowid").unwrap().rows;
        let wanted: Vec<Vec<Value>> = rows.iter().map(|row| row.iter().map(expected).collect()).collect();
        assert!(found == wanted, "{} rows came back, or others than went in", found.len());
    }

    /// Values of one row, before they are borrowed.
    type Owned = (Option<bool>, Option<i64>, Option<i64>, Option<String>, Option<String>);

    fn cells((flag, number, micros, words, payload): &Owned) -> [Cell<'_>; 5] {
        fn or_null<'a, T>(value: Option<T>, cell: fn(T) -> Cell<'a>) -> Cell<'a> {
            value.map_or(Cell::Null, cell)
        }
        [
            or_null(*flag, Cell::Boolean),
            or_null(*number, Cell::Integer),
            or_null(*micros, Cell::Timestamp),
            or_null(words.as_deref(), Cell::Text),
            or_null(payload.as_deref(), Cell::Text),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_goes_in_comes_back(
            rows in proptest::collection::vec(
                any::<(Option<bool>, Option<i64>, Option<i32>, Option<String>, Option<i8>)>(), 0..40),
            times in prop_oneof![Just(1_usize), Just(200)],
        ) {
            let owned: Vec<Owned> = rows
                .into_iter()
                .map(|(flag, number, seconds, words, payload)| {
                    let payload = payload.map(|number| format!("{{\"number\": {number}.0}}"));
                    (flag, number, seconds.map(|seconds| i64::from(seconds) * 1_000_001), words, payload)
                })
                .collect();
            let rows: Vec<_> = std::iter::repeat_n(&owned, times).flatten().map(cells).collect();
            assert_comes_back(&rows);
        }
    }

    #[test]
    fn text_is_kept_to_the_byte() {
        let texts = ["", "\0", "a\0b\0", "naïve 日本 🦆", "\u{feff}'\"\\\r\n\u{7f}", "123456789012", "1234567890123"];
        let rows: Vec<_> = texts
            .iter()
            .map(|text| [Cell::Null, Cell::Null, Cell::Null, Cell::Text(text), Cell::Text("{ \"a\" : 1.0 }")])
            .collect();
        assert_comes_back(&rows);
    }

    #[test]
    fn values_that_begin_late_or_not_at_all_come_back() {
        let late = |index: i64, cell| if index < 3000 { Cell::Null } else { cell };
        let rows: Vec<_> = (0..5000)
            .map(|index| {
                [
                    late(index, Cell::Boolean(index % 2 == 0)),
                    late(index, Cell::Integer(i64::MIN + index)),
                    late(index, Cell::Timestamp(-index)),
                    late(index, Cell::Text("late")),
                    Cell::Null,
                ]
            })
            .collect();
        assert_comes_back(&rows);
    }

    #[test]
    fn very_long_texts_come_back() {
        let long = "é\0x".repeat(5_000_000);
        let session = session("create table t (number bigint, words varchar)");
        session
            .append("main", "t", (0..9).map(|number| [Cell::Integer(number), Cell::Text(&long[number as usize * 4..])]))
            .unwrap();
        let whole = session
            .query_with("select count(*) from t where words = substring(?, 1 + 3 * number)", &[Cell::Text(&long)])
            .unwrap();
        assert_eq!(whole.rows[0][0], Value::Integer(9));
        assert_eq!(session.count("select max(strlen(words)) from t").unwrap(), 20_000_000);
    }

    #[test]
    fn a_value_of_another_type_is_cast_or_refused() {
        let session = session("create table t (number integer, words varchar)");
        session.append("main", "t", [[Cell::Text("12"), Cell::Integer(34)]]).unwrap();
        let found = session.query("select * from t").unwrap().rows;
        assert_eq!(found, [[Value::Integer(12), Value::Text("34".to_string())]]);
        for misfit in [Cell::Text("twelve"), Cell::Integer(1 << 40), Cell::Timestamp(0)] {
            let error = session.append("main", "t", [[misfit, Cell::Null]]).unwrap_err();
            assert!(error.message.contains("type mismatch"), "{error}");
        }
        assert_eq!(count(&session), 1);
    }

    /// Row `bad` of many is one that cannot be.
    fn with_a_bad_row(bad: i64) -> impl Iterator<Item = [Cell<'static>; 2]> {
        (0..bad + 10)
            .map(move |number| [Cell::Integer(number), if number == bad { Cell::Null } else { Cell::Integer(number) }])
    }

    #[test]
    fn a_broken_constraint_appends_nothing() {
        let session = session("create table t (id bigint primary key, number bigint not null)");
        // The later one is found when DuckDB has taken 204,800 rows.
        for bad in [0, 5000, 300_000] {
            let error = session.append("main", "t", with_a_bad_row(bad)).unwrap_err();
            assert!(error.message.contains("NOT NULL constraint failed: t.number"), "{error}");
            assert_eq!(count(&session), 0, "row {bad}");
        }
        let twice = (0..2).map(|_| [Cell::Integer(1), Cell::Integer(1)]);
        assert!(session.append("main", "t", twice).unwrap_err().message.contains("PRIMARY KEY"));
        session.append("main", "t", [[Cell::Integer(1), Cell::Integer(1)]]).unwrap();
        assert_eq!(count(&session), 1);
    }

    #[test]
    fn misshapen_rows_append_nothing() {
        let session = session("create table t (a bigint, b bigint)");
        let good = || vec![Cell::Integer(1), Cell::Null];
        let after_many = |bad: Vec<Cell<'static>>| std::iter::repeat_with(good).take(5000).chain([bad]);
        for (bad, message) in [
            (vec![Cell::Null], "a row of 1 values among rows of 2"),
            (vec![], "a row of 0 values among rows of 2"),
            (vec![Cell::Text("1"), Cell::Null], "values of different kinds in one column"),
        ] {
            assert_eq!(session.append("main", "t", after_many(bad)).unwrap_err().message, message);
        }
        for rows in [vec![vec![]], vec![vec![Cell::Null]], vec![vec![Cell::Null; 3]]] {
            session.append("main", "t", rows).unwrap_err();
        }
        session.append("main", "missing", [good()]).unwrap_err();
        session.append("main", "nul\0", [good()]).unwrap_err();
        session.append("main", "t", Vec::<Vec<Cell>>::new()).unwrap();
        assert_eq!(count(&session), 0);
    }

    #[test]
    fn a_transaction_keeps_or_drops_what_was_appended() {
        let session = session("create table t (a bigint, b bigint not null)");
        let many = || (0..5000).map(|number| [Cell::Integer(number), Cell::Integer(number)]);
        let failed: Result<(), SqlError> = session.transaction(|session| {
            session.append("main", "t", many())?;
            session.append("main", "t", many())?;
            assert_eq!(count(session), 10_000);
            session.append("main", "t", with_a_bad_row(9000))
        });
        assert!(failed.unwrap_err().message.contains("NOT NULL"));
        assert_eq!(count(&session), 0);
        session.transaction(|session| session.append("main", "t", many())).unwrap();
        session.append("main", "t", many()).unwrap();
        assert_eq!(count(&session), 10_000);
    }
}
