//! `materialized: incremental`: new rows meet those that are there, by `append`, `delete+insert` or `merge`.

use crate::engine::Column;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::project::NodeConfig;
use crate::project::Strategy;
use crate::run::HERE;
use crate::run::worker::Failure;

/// Brings the table up to date; runs inside the step's transaction. Returns the number of rows written.
pub(super) fn update(session: &Session, relation: &Relation, sql: &str, config: &NodeConfig) -> Result<u64, Failure> {
    let fresh = HERE.staged(relation);
    session.run(&HERE.stage(relation, sql))?;
    let columns = meet_columns(session, relation, &fresh, config)?;
    let rows = write(session, relation, &fresh, config, &columns);
    session.run(&HERE.drop_relation("table", &fresh))?;
    Ok(rows?)
}

fn write(
    session: &Session,
    relation: &Relation,
    fresh: &Relation,
    config: &NodeConfig,
    columns: &[String],
) -> Result<u64> {
    let insert = HERE.insert(relation, fresh, columns);
    let key = config.unique_key();
    let extra = config.texts("incremental_predicates").iter().map(|text| format!(" and {text}")).collect::<String>();
    let strategy = config.strategy().map_err(|word| {
        Error::call(format!("unknown incremental strategy `{word}`")).help("use append, delete+insert or merge")
    })?;
    Ok(match strategy {
        Strategy::Append => session.execute(&insert, &[])?,
        Strategy::DeleteInsert => {
            if !key.is_empty() {
                session.run(&HERE.delete_matching(relation, fresh, &key, &extra))?;
            }
            session.execute(&insert, &[])?
        }
        Strategy::Merge if key.is_empty() => session.execute(&insert, &[])?,
        Strategy::Merge => {
            let columns = (columns, &*updated(config, columns));
            session.execute(&HERE.merge(relation, fresh, columns, &key, &extra), &[])?
        }
    })
}

/// The columns that a merge changes in rows that are there.
fn updated<'c>(config: &NodeConfig, columns: &'c [String]) -> Vec<&'c String> {
    let only = config.texts("merge_update_columns");
    let except = config.texts("merge_exclude_columns");
    let is_updated = |name: &&String| {
        let is_in = |list: &[String]| list.iter().any(|listed| listed.eq_ignore_ascii_case(name));
        if only.is_empty() { !is_in(&except) } else { is_in(&only) }
    };
    columns.iter().filter(is_updated).collect()
}

/// Settles a difference in columns by `on_schema_change`; returns the columns to write.
fn meet_columns(session: &Session, relation: &Relation, fresh: &Relation, config: &NodeConfig) -> Result<Vec<String>> {
    let there = session.described(relation)?.unwrap_or_default();
    let new = session.described(fresh)?.unwrap_or_default();
    let missing_in = |columns: &[Column], others: &[Column]| -> Vec<Column> {
        let absent = |column: &&Column| !others.iter().any(|other| other.name.eq_ignore_ascii_case(&column.name));
        columns.iter().filter(absent).cloned().collect()
    };
    let added = missing_in(&new, &there);
    let gone = missing_in(&there, &new);
    let rule = config.text("on_schema_change").unwrap_or("ignore");
    match rule {
        "ignore" => {}
        "fail" if !added.is_empty() || !gone.is_empty() || !retyped(&there, &new).is_empty() => {
            let mut changes = change(&added, &gone);
            for column in retyped(&there, &new) {
                changes.push_str(&format!(
                    "{}`{}` is now {}",
                    if changes.is_empty() { "" } else { ", " },
                    column.name,
                    column.data_type
                ));
            }
            return Err(Error::data(format!("columns of `{}` have changed: {changes}", relation.name)).help(
                "run with `--full-refresh`, or set `on_schema_change` to `append_new_columns` or `sync_all_columns`",
            ));
        }
        "fail" => {}
        "append_new_columns" | "sync_all_columns" => {
            for column in &added {
                session.run(&HERE.add_column(relation, &column.name, &column.data_type))?;
            }
            if rule == "sync_all_columns" {
                for column in &gone {
                    session.run(&HERE.drop_column(relation, &column.name))?;
                }
                retype(session, relation, &there, &new)?;
            }
        }
        other => {
            return Err(Error::call(format!("unknown `on_schema_change` `{other}`"))
                .help("use ignore, fail, append_new_columns or sync_all_columns"));
        }
    }
    let writes_new = rule.ends_with("columns");
    let known =
        |column: &&Column| writes_new || there.iter().any(|other| other.name.eq_ignore_ascii_case(&column.name));
    let columns: Vec<String> = new.iter().filter(known).map(|column| column.name.clone()).collect();
    if rule == "ignore" && !gone.is_empty() {
        return Err(Error::data(format!("`{}` no longer gives: {}", relation.name, change(&[], &gone)))
            .help("run with `--full-refresh`, or set `on_schema_change`"));
    }
    Ok(columns)
}

fn retype(session: &Session, relation: &Relation, there: &[Column], new: &[Column]) -> Result<()> {
    for column in retyped(there, new) {
        session.run(&HERE.retype_column(relation, &column.name, &column.data_type))?;
    }
    Ok(())
}

/// Columns that both have, of another type in `new`.
fn retyped<'c>(there: &[Column], new: &'c [Column]) -> Vec<&'c Column> {
    let differs = |column: &&Column| {
        there.iter().any(|other| other.name.eq_ignore_ascii_case(&column.name) && other.data_type != column.data_type)
    };
    new.iter().filter(differs).collect()
}

fn change(added: &[Column], gone: &[Column]) -> String {
    let names = |columns: &[Column], what: &str| -> Vec<String> {
        columns.iter().map(|column| format!("{what} `{}`", column.name)).collect()
    };
    [names(added, "new"), names(gone, "gone")].concat().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::engine::Engine;

    /// Updates a table of `(1, 'a'), (2, 'b')` by `sql` and returns its rows, or the failure's message.
    fn updated(config: Json, sql: &str) -> Result<Vec<String>, String> {
        let engine = Engine::in_memory().unwrap();
        let session = engine.session().unwrap();
        session.run("create table t as select * from (values (1, 'a'), (2, 'b')) as rows (id, name)").unwrap();
        let Json::Object(fields) = config else { unreachable!("settings are an object") };
        let config = NodeConfig::new(fields);
        session.transaction(|session| update(session, &Relation::new("memory", "main", "t"), sql, &config)).map_err(
            |failure| match failure {
                Failure::Sql(error) => error.to_string(),
                Failure::Other(error) => error.to_string(),
            },
        )?;
        let table = session.query("select * from t order by all").unwrap();
        Ok(table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect())
    }

    #[test]
    fn strategies_meet_the_rows_that_are_there() {
        let new = "select 2 as id, 'B' as name union all select 3, 'c'";
        let append = json!({"incremental_strategy": "append"});
        assert_eq!(updated(append, new).unwrap(), ["1 a", "2 B", "2 b", "3 c"]);
        let delete = json!({"incremental_strategy": "delete+insert", "unique_key": "id"});
        assert_eq!(updated(delete, new).unwrap(), ["1 a", "2 B", "3 c"]);
        let merge = json!({"incremental_strategy": "merge", "unique_key": ["id"]});
        assert_eq!(updated(merge, new).unwrap(), ["1 a", "2 B", "3 c"]);
    }

    #[test]
    fn delete_insert_takes_all_rows_of_a_key() {
        let new = "select 1 as id, 'x' as name union all select 1, 'y'";
        let config = json!({"unique_key": "id"});
        assert_eq!(updated(config, new).unwrap(), ["1 x", "1 y", "2 b"]);
    }

    #[test]
    fn changed_columns_are_met_as_the_model_says() {
        let wider = "select 3 as id, 'c' as name, true as is_new";
        let with = |rule: &str| json!({"unique_key": "id", "on_schema_change": rule});
        assert_eq!(updated(with("ignore"), wider).unwrap().last().unwrap(), "3 c");
        assert!(updated(with("fail"), wider).unwrap_err().contains("new `is_new`"));
        assert_eq!(updated(with("append_new_columns"), wider).unwrap(), ["1 a ", "2 b ", "3 c true"]);
        assert_eq!(updated(with("sync_all_columns"), "select 3 as id, 1.5 as weight").unwrap(), ["1 ", "2 ", "3 1.5"]);
        assert!(updated(with("ignore"), "select 3 as id").unwrap_err().contains("gone `name`"));
        assert!(updated(with("never"), wider).unwrap_err().contains("unknown `on_schema_change`"));
    }

    #[test]
    fn a_failure_changes_nothing() {
        let config = json!({"unique_key": "id"});
        assert!(updated(config, "select 'x' as id, 'y' as name").is_err());
    }
}
