//! Which rows have changed since the last publication, told by key and hash, and those rows as Parquet.
//!
//! What was published last is remembered in the warehouse, in the schema `cp_published`: for each table the key and the
//! hash of every row, and which publication that was. BigQuery's own ledger decides; where the memory is of another
//! publication, or there is none, keys and hashes are read back.

use std::path::Path;

use crate::check::Publishable;
use crate::engine::Cell;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::name::quote;
use crate::publish::Changes;

use super::layout::{Layout, ROW_HASH, ROW_KEY};
use super::types::Sent;

/// What is to be done with a row on its way.
pub(super) const OPERATION: &str = "_cp_operation";
pub(super) const INSERT: &str = "insert";
pub(super) const UPDATE: &str = "update";
pub(super) const DELETE: &str = "delete";

const SCHEMA: &str = "cp_published";

/// How many keys and hashes that were read back go into the comparison at once.
const READ_BACK: usize = 20_000;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) rows: u64,
    /// Over all keys and row hashes, and the columns: equal content has an equal hash, whatever the order.
    pub(super) hash: String,
}

/// The warehouse as it was at one moment, beside what was published.
///
/// Everything happens in the session's transaction: the memory is written only when that is committed.
pub(super) struct Comparison<'a> {
    session: &'a Session,
    database: &'a str,
    /// Where is published to, as `project.dataset`.
    place: String,
    /// Whether there is a memory.
    has_memory: bool,
}

impl<'a> Comparison<'a> {
    /// Looks, and leaves the warehouse as it is.
    pub(super) fn look_on(session: &'a Session, database: &'a str, place: String) -> Result<Self> {
        let has_memory = session.kind_of(&Relation::new(database, SCHEMA, "rows"))?.is_some();
        Ok(Self { session, database, place, has_memory })
    }

    /// Makes the memory, if it is missing.
    pub(super) fn open(session: &'a Session, database: &'a str, place: String) -> Result<Self> {
        let comparison = Self { session, database, place, has_memory: true };
        session.make_schema(database, SCHEMA)?;
        session.run(&format!(
            "create table if not exists {} (place varchar not null, publication varchar not null);
             create table if not exists {} (place varchar not null, table_name varchar not null, row_key varchar not null,
                 row_hash varchar not null)",
            comparison.relation("publications"),
            comparison.relation("rows"),
        ))?;
        Ok(comparison)
    }

    fn relation(&self, name: &str) -> Relation {
        Relation::new(self.database, SCHEMA, name)
    }

    /// The publication that is remembered.
    pub(super) fn remembered(&self) -> Result<Option<String>> {
        if !self.has_memory {
            return Ok(None);
        }
        let sql = format!("select publication from {} where place = ?", self.relation("publications"));
        let found = self.session.query_with(&sql, &[Cell::Text(&self.place)])?;
        Ok(found.rows.first().map(|row| row[0].to_string()))
    }

    /// Looks at a table: keys and hashes of all its rows.
    ///
    /// # Errors
    /// Where rows share a key, or hold what BigQuery does not take.
    pub(super) fn look(&self, table: &Publishable, layout: &Layout) -> Result<Content> {
        self.refuse_gaps(table, layout)?;
        let here = temporary("here", &table.name);
        self.session
            .run(&format!("create temp table {here} as select {ROW_KEY}, {ROW_HASH} from ({})", rows(table, layout)))?;
        let found = self.session.query(&format!(
            "select count(*), count(distinct {ROW_KEY}), md5(coalesce(string_agg({ROW_KEY} || {ROW_HASH}, '' order by {ROW_KEY}), ''))
             from {here}"
        ))?;
        let row = &found.rows[0];
        let (count, keys) = (row[0].as_integer().unwrap_or(0), row[1].as_integer().unwrap_or(0));
        if count != keys {
            return Err(Error::data(format!("cannot publish `{}`, in which rows share a key", table.name))
                .because(format!("{count} rows have {keys} keys ({})", table.key.join(", ")))
                .help("correct `meta.key` in the yml beside the model, and test that it is unique"));
        }
        Ok(Content { rows: u64::try_from(count).unwrap_or(0), hash: row[2].to_string() })
    }

    fn refuse_gaps(&self, table: &Publishable, layout: &Layout) -> Result<()> {
        for (column, sent) in &layout.columns {
            let Some(condition) = sent.has_gap(&quote(column)) else { continue };
            let rows = self.session.count(&format!("select count(*) from {} where {condition}", table.relation))?;
            if rows > 0 {
                return Err(Error::data(format!("cannot publish `{}` to BigQuery", table.name))
                    .because(format!("its column `{column}` has lists that hold NULL, in {rows} of its rows"))
                    .help("BigQuery has no NULL in a list; leave it out in the model, as with `list_filter`"));
            }
        }
        Ok(())
    }

    /// Takes what is remembered as what is published of a table.
    pub(super) fn published_as_remembered(&self, table: &str) -> Result<()> {
        self.session.execute(
            &format!(
                "create temp table {} as select row_key as {ROW_KEY}, row_hash as {ROW_HASH} from {}
                 where place = ? and table_name = ?",
                temporary("there", table),
                self.relation("rows")
            ),
            &[Cell::Text(&self.place), Cell::Text(table)],
        )?;
        Ok(())
    }

    /// Takes these keys and hashes as what is published of a table.
    pub(super) fn published_as_read(&self, table: &str, rows: &[Vec<Option<String>>]) -> Result<()> {
        let there = temporary("there", table);
        self.session.run(&format!("create temp table {there} ({ROW_KEY} varchar, {ROW_HASH} varchar)"))?;
        for some in rows.chunks(READ_BACK) {
            let json = serde_json::to_string(some).map_err(|error| Error::call("cannot write JSON").because(error))?;
            self.session.execute(
                &format!("insert into {there} select pair[1], pair[2] from (select unnest(from_json(?, '[[\"VARCHAR\"]]')) as pair)"),
                &[Cell::Text(&json)],
            )?;
        }
        Ok(())
    }

    /// Compares what a table holds with what is published of it.
    pub(super) fn compare(&self, table: &str) -> Result<Changes> {
        let (here, there, changes) = (temporary("here", table), temporary("there", table), temporary("changes", table));
        self.session.run(&format!(
            "create temp table {changes} as
             select
                 case when there.{ROW_KEY} is null then '{INSERT}' when here.{ROW_KEY} is null then '{DELETE}'
                      else '{UPDATE}' end as {OPERATION},
                 coalesce(here.{ROW_KEY}, there.{ROW_KEY}) as {ROW_KEY}
             from {here} as here full join {there} as there on here.{ROW_KEY} = there.{ROW_KEY}
             where here.{ROW_HASH} is distinct from there.{ROW_HASH}"
        ))?;
        let count = |operation: &str| -> Result<u64> {
            let sql = format!("select count(*) from {changes} where {OPERATION} = '{operation}'");
            Ok(u64::try_from(self.session.count(&sql)?).unwrap_or(0))
        };
        Ok(Changes { inserted: count(INSERT)?, updated: count(UPDATE)?, deleted: count(DELETE)? })
    }

    /// Writes what has changed of a table as Parquet.
    pub(super) fn export(&self, table: &Publishable, layout: &Layout, file: &Path) -> Result<()> {
        let changes = temporary("changes", &table.name);
        let columns: Vec<_> = layout
            .columns
            .iter()
            .map(|(name, sent)| {
                let value = sent.without_sign_of_zero(&format!("now.{}", quote(name)));
                format!("cast({value} as {}) as {}", sent.cast, quote(name))
            })
            .chain([format!("now.{ROW_HASH}")])
            .collect();
        self.session
            .run(&format!(
                "copy (select changed.{OPERATION}, {}, changed.{ROW_KEY} from {changes} as changed
                       left join ({}) as now on now.{ROW_KEY} = changed.{ROW_KEY}
                       order by changed.{OPERATION}, changed.{ROW_KEY})
                 to '{}' (format parquet, compression zstd)",
                columns.join(", "),
                rows(table, layout),
                file.display().to_string().replace('\'', "''"),
            ))
            .map_err(|error| Error::data(format!("cannot write `{}` for BigQuery", table.name)).because(error))?;
        Ok(())
    }

    /// Remembers what is published now.
    pub(super) fn remember<'b>(&self, publication: &str, tables: impl Iterator<Item = &'b str>) -> Result<()> {
        let (publications, rows) = (self.relation("publications"), self.relation("rows"));
        let place = [Cell::Text(&self.place)];
        self.session.execute(&format!("delete from {publications} where place = ?"), &place)?;
        self.session.execute(&format!("delete from {rows} where place = ?"), &place)?;
        self.session.execute(
            &format!("insert into {publications} values (?, ?)"),
            &[Cell::Text(&self.place), Cell::Text(publication)],
        )?;
        for table in tables {
            self.session.execute(
                &format!("insert into {rows} select ?, ?, {ROW_KEY}, {ROW_HASH} from {}", temporary("here", table)),
                &[Cell::Text(&self.place), Cell::Text(table)],
            )?;
        }
        Ok(())
    }

    /// Forgets what was looked at, so that all can be looked at again.
    pub(super) fn clear(&self, table: &str) -> Result<()> {
        for what in ["here", "there", "changes"] {
            self.session.run(&format!("drop table if exists {}", temporary(what, table)))?;
        }
        Ok(())
    }
}

/// A temporary table of this comparison.
fn temporary(what: &str, table: &str) -> String {
    format!("temp.main.{}", quote(&format!("_cp_{what}_{table}")))
}

/// A query of all columns of the table with the key and the hash of each row.
///
/// Values are hashed as DuckDB prints them, each a text of its own in a JSON array: so no two rows that differ look the
/// same, and no decimal passes through a double.
pub(super) fn rows(table: &Publishable, layout: &Layout) -> String {
    let printed = |name: &str, sent: &Sent| format!("cast({} as varchar)", sent.without_sign_of_zero(&quote(name)));
    // In what order and spelling the model names its columns says nothing of its rows.
    let mut columns: Vec<_> = layout.columns.iter().map(|(name, sent)| (name.to_lowercase(), name, sent)).collect();
    columns.sort_by(|one, other| one.0.cmp(&other.0));
    let all: Vec<_> = columns.iter().map(|(_, name, sent)| printed(name, sent)).collect();
    let shape: Vec<_> = columns.iter().map(|(name, _, sent)| format!("{name} {}", sent.cast)).collect();
    let hash =
        format!("md5('{}' || cast(json_array({}) as varchar))", shape.join(", ").replace('\'', "''"), all.join(", "));
    let key = match table.key.is_empty() {
        false => {
            let is_key = |key: &String| columns.iter().find(|(column, _, _)| *column == key.to_lowercase());
            let key: Vec<_> = table.key.iter().filter_map(is_key).map(|(_, name, sent)| printed(name, sent)).collect();
            format!("md5(cast(json_array({}) as varchar))", key.join(", "))
        }
        // Equal rows are told apart by their number.
        true => format!("md5({hash} || row_number() over (partition by {hash}))"),
    };
    format!("select *, {key} as {ROW_KEY}, {hash} as {ROW_HASH} from {}", table.relation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    const PLACE: &str = "p.d";

    /// A warehouse with one table `t`, keyed by `id` unless said otherwise.
    struct Shop {
        engine: Engine,
        table: Publishable,
    }

    impl Shop {
        fn new(create: &str, key: &[&str]) -> Self {
            let engine = Engine::in_memory().unwrap();
            engine.session().unwrap().run(create).unwrap();
            let table =
                Publishable { key: key.iter().map(|name| name.to_string()).collect(), ..Publishable::for_test("t") };
            Self { engine, table }
        }

        fn run(&self, sql: &str) {
            self.engine.session().unwrap().run(sql).unwrap();
        }

        /// Compares with what is remembered, writes the changes into the file, and remembers.
        fn publish(&self, file: &Path) -> Result<(Content, Changes)> {
            let session = self.engine.session().unwrap();
            session.transaction(|session| {
                let comparison = Comparison::open(session, "memory", PLACE.to_string())?;
                let columns = session.described(&self.table.relation)?.unwrap();
                let layout = Layout::of(&self.table, &columns, "run")?;
                let content = comparison.look(&self.table, &layout)?;
                comparison.published_as_remembered("t")?;
                let changes = comparison.compare("t")?;
                comparison.export(&self.table, &layout, file)?;
                comparison.remember("publication", ["t"].into_iter())?;
                comparison.clear("t")?;
                Ok((content, changes))
            })
        }

        fn changes(&self) -> Changes {
            self.publish(&tempfile::tempdir().unwrap().path().join("t.parquet")).unwrap().1
        }
    }

    fn changes(inserted: u64, updated: u64, deleted: u64) -> Changes {
        Changes { inserted, updated, deleted }
    }

    #[test]
    fn only_rows_that_differ_travel() {
        let shop = Shop::new(
            "create table t as select i as id, 'n' || i as note, (i / 3)::decimal(18, 2) as amount, i as _order
             from range(1000) numbers(i)",
            &["id"],
        );
        assert_eq!(shop.changes(), changes(1000, 0, 0));
        assert_eq!(shop.changes(), changes(0, 0, 0));
        shop.run("update t set _order = 0");
        assert_eq!(shop.changes(), changes(0, 0, 0), "what is not published does not count");
        shop.run("create or replace table t as select amount as AMOUNT, note, _order, id from t");
        assert_eq!(shop.changes(), changes(0, 0, 0), "nor does the order of columns, or how they are spelled");
        shop.run("update t set amount = amount + 0.01 where id < 3; delete from t where id > 994; insert into t (id, note, amount, _order) values (2000, null, 1, 1)");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.parquet");
        assert_eq!(shop.publish(&file).unwrap().1, changes(1, 3, 5));
        let session = shop.engine.session().unwrap();
        let sent = session
            .query(&format!("select {OPERATION}, count(*), count({ROW_KEY}), count({ROW_HASH}), count(id) from '{}' group by all order by all", file.display()))
            .unwrap();
        let told: Vec<String> =
            sent.rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(told, ["delete 5 5 0 0", "insert 1 1 1 1", "update 3 3 3 3"]);
    }

    #[test]
    fn zero_has_no_sign() {
        let shop = Shop::new("create table t as select 1 as id, 0.0::double as x", &["id"]);
        assert_eq!(shop.changes(), changes(1, 0, 0));
        shop.run("update t set x = '-0.0'::double");
        assert_eq!(shop.changes(), changes(0, 0, 0));
    }

    #[test]
    fn rows_without_a_key_are_told_apart_by_their_number() {
        let shop = Shop::new("create table t as select i % 2 as a, null::varchar as b from range(10) numbers(i)", &[]);
        assert_eq!(shop.changes(), changes(10, 0, 0));
        shop.run("insert into t values (0, null), (0, ''), (0, 'null')");
        assert_eq!(shop.changes(), changes(3, 0, 0));
        shop.run("delete from t where b is null and a = 1");
        assert_eq!(shop.changes(), changes(0, 0, 5));
    }

    #[test]
    fn a_shared_key_publishes_nothing() {
        let shop = Shop::new("create table t as select i % 9 as id from range(10) numbers(i)", &["id"]);
        let error = shop.publish(Path::new("unused")).unwrap_err();
        assert_eq!(error.message(), "cannot publish `t`, in which rows share a key");
    }

    #[test]
    fn content_does_not_depend_on_order_and_tells_types_apart() {
        let content = |create: &str| {
            let shop = Shop::new(create, &["id"]);
            shop.publish(&tempfile::tempdir().unwrap().path().join("t.parquet")).unwrap().0
        };
        let rows = "select i as id, timestamp '2025-01-01' + to_seconds(i) as moment from range(100) numbers(i)";
        let forward = content(&format!("create table t as {rows} order by i"));
        assert_eq!(content(&format!("create table t as {rows} order by hash(i)")), forward);
        assert_ne!(
            content(&format!("create table t as select id::varchar as id, moment from ({rows})")).hash,
            forward.hash
        );
        assert_ne!(content(&format!("create table t as {rows} limit 99")).hash, forward.hash);
    }

    #[test]
    fn a_list_that_holds_null_is_found_at_any_depth() {
        for (value, has_gap) in [
            ("[1, 2]", false),
            ("[1, null]", true),
            ("null::int[]", false),
            ("{'a': 'null', 'b': ['x']}", false),
            ("{'a': 1, 'b': ['x', null]}", true),
            ("[{'a': null}]", false),
            ("[{'a': 1}, null]", true),
            ("[{'a': [{'b': [1]}]}, {'a': null}]", false),
            ("[{'a': [{'b': [1]}]}, {'a': [{'b': [null]}]}]", true),
            ("[{'a': [{'b': [1]}]}, {'a': [{'b': null}, null]}]", true),
        ] {
            let shop = Shop::new(&format!("create table t as select 1 as id, {value} as odd"), &["id"]);
            let published = shop.publish(&tempfile::tempdir().unwrap().path().join("t.parquet"));
            assert_eq!(published.is_err(), has_gap, "{value}: {published:?}");
        }
    }
}
