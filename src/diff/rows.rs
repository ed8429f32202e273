//! Two tables in one database, compared by a key where there is one that fits both, else as heaps of rows.

use serde::Serialize;

use crate::diff::pair::Pair;
use crate::diff::pair::listed;
use crate::diff::pair::text;
use crate::diff::value::shown;
use crate::engine::Column;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::engine::Value;
use crate::name::quote;

/// Rows that are shown of each sort.
const SHOWN: usize = 5;

/// What became of a table's data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Rows on each side; `None` where the side has no such table.
    pub before: Option<u64>,
    pub after: Option<u64>,
    pub added: u64,
    pub removed: u64,
    /// Rows of equal key with other values; without a key such a row counts as one removed and one added.
    pub changed: u64,
    /// What the rows were told apart by; empty where it was all of their columns.
    pub key: Vec<String>,
    /// Why not by the declared key, if so.
    pub without_key: Option<String>,
    pub columns_added: Vec<String>,
    pub columns_removed: Vec<String>,
    pub columns_retyped: Vec<Retyped>,
    /// Whether the columns that both have stand in another order.
    pub is_reordered: bool,
    /// Columns with other values in rows of equal key.
    pub columns_changed: Vec<ColumnChange>,
    /// Sums of numeric columns that are otherwise.
    pub sums: Vec<Sum>,
    pub examples_changed: Vec<RowChange>,
    /// Keys (without one: whole rows) that are only in the working tree, and only at the base.
    pub examples_added: Vec<Vec<String>>,
    pub examples_removed: Vec<Vec<String>>,
}

/// A column of another type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retyped {
    pub name: String,
    pub before: String,
    pub after: String,
}

/// A column, and in how many rows its value is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnChange {
    pub name: String,
    pub rows: u64,
}

/// A column's sum over all rows; as text, so that no digit is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    pub column: String,
    pub before: String,
    pub after: String,
}

/// A row of equal key with other values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    pub key: Vec<String>,
    pub cells: Vec<CellChange>,
}

/// One value that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellChange {
    pub column: String,
    pub before: String,
    pub after: String,
}

/// A table of one side: its name, or a query in parentheses.
pub(super) struct Form {
    pub(super) from: String,
    /// As it is declared.
    pub(super) key: Vec<String>,
    /// Columns whose values say nothing.
    pub(super) masked: Vec<String>,
}

impl Rows {
    /// Whether nothing is otherwise.
    pub fn is_equal(&self) -> bool {
        self.before == self.after
            && self.added + self.removed + self.changed == 0
            && self.columns_added.is_empty()
            && self.columns_removed.is_empty()
            && self.columns_retyped.is_empty()
            && !self.is_reordered
    }

    /// A table that is on one side only.
    pub(super) fn alone(session: &Session, form: &Form, is_after: bool) -> Result<Self, SqlError> {
        let count = Some(count(session, &form.from)?);
        let names = columns(session, form)?.into_iter().map(|column| column.name).collect();
        Ok(match is_after {
            true => Self { after: count, columns_added: names, ..Self::default() },
            false => Self { before: count, columns_removed: names, ..Self::default() },
        })
    }

    /// Compares the tables of both sides.
    pub(super) fn between(session: &Session, before: &Form, after: &Form) -> Result<Self, SqlError> {
        let (old, new) = (columns(session, before)?, columns(session, after)?);
        let masked: Vec<_> = before.masked.iter().chain(&after.masked).collect();
        let is_masked = |name: &str| masked.iter().any(|masked| masked.eq_ignore_ascii_case(name));
        let find = |columns: &[Column], name: &str| {
            columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)).cloned()
        };
        let pairs: Vec<Pair> = new
            .iter()
            .filter_map(|after| {
                let before = find(&old, &after.name)?;
                Some(Pair { before, after: after.clone(), is_masked: is_masked(&after.name) })
            })
            .collect();
        let missing = |these: &[Column], those: &[Column]| -> Vec<String> {
            let alone = these.iter().filter(|column| find(those, &column.name).is_none());
            alone.map(|column| column.name.clone()).collect()
        };
        let order = old.iter().filter(|column| find(&new, &column.name).is_some()).map(|column| &column.name);
        let mut rows = Self {
            before: Some(count(session, &before.from)?),
            after: Some(count(session, &after.from)?),
            columns_added: missing(&new, &old),
            columns_removed: missing(&old, &new),
            columns_retyped: pairs.iter().filter_map(Pair::retyped).collect(),
            is_reordered: !order.eq(pairs.iter().map(|pair| &pair.before.name)),
            ..Self::default()
        };
        let seen: Vec<&Pair> = pairs.iter().filter(|pair| !pair.is_masked).collect();
        if seen.is_empty() || (rows.is_equal() && are_equal(session, before, after, &seen)?) {
            return Ok(rows);
        }
        match rows.choose_key(session, before, after, &seen)? {
            Some(key) => rows.compare_by_key(session, before, after, &seen, &key)?,
            None => rows.compare_whole(session, before, after, &seen)?,
        }
        rows.compare_sums(session, before, after, &seen)?;
        Ok(rows)
    }

    /// The declared key, where it tells every row from all others on both sides.
    fn choose_key<'p>(
        &mut self,
        session: &Session,
        before: &Form,
        after: &Form,
        pairs: &[&'p Pair],
    ) -> Result<Option<Vec<&'p Pair>>, SqlError> {
        let find = |name: &String| pairs.iter().find(|pair| pair.after.name.eq_ignore_ascii_case(name)).copied();
        if after.key.is_empty() {
            self.without_key = Some("no key is declared".to_string());
            return Ok(None);
        }
        let key: Option<Vec<&Pair>> = after.key.iter().map(find).collect();
        let Some(key) = key else {
            self.without_key = Some("only one side has the columns of the key".to_string());
            return Ok(None);
        };
        for (form, side) in [(before, "at the base"), (after, "in the working tree")] {
            let names: Vec<_> = key.iter().map(|pair| quote(&pair.after.name)).collect();
            let doubled = session.count(&format!(
                "select count(*) - count(distinct row({})) from {}",
                names.join(", "),
                form.from
            ))?;
            if doubled > 0 {
                self.without_key = Some(format!("the key is not unique {side}"));
                return Ok(None);
            }
        }
        self.key = key.iter().map(|pair| pair.after.name.clone()).collect();
        Ok(Some(key))
    }

    fn compare_by_key(
        &mut self,
        session: &Session,
        before: &Form,
        after: &Form,
        pairs: &[&Pair],
        key: &[&Pair],
    ) -> Result<(), SqlError> {
        let values: Vec<&&Pair> =
            pairs.iter().filter(|pair| !key.iter().any(|key| key.after.name == pair.after.name)).collect();
        let mut select = vec![
            "case when b.cp_is is null then 'added' when a.cp_is is null then 'removed' else 'changed' end as cp_what"
                .to_string(),
        ];
        for (at, pair) in key.iter().enumerate() {
            let [b, a] = pair.sides();
            select.push(format!("case when a.cp_is is null then {} else {} end as cp_k{at}", text(&b), text(&a)));
        }
        for (at, pair) in values.iter().enumerate() {
            let [b, a] = pair.sides();
            select.push(format!("{} as cp_d{at}, {b} as cp_b{at}, {a} as cp_a{at}", pair.differs()));
        }
        let on: Vec<_> = key.iter().map(|pair| format!("not ({})", pair.differs_exactly())).collect();
        let any: Vec<_> = (0..values.len()).map(|at| format!(" or cp_d{at}")).collect();
        session.run(&format!(
            "create or replace temp table cp_differences as select * from (
                 select {}
                 from (select *, 1 as cp_is from {}) as b full join (select *, 1 as cp_is from {}) as a on {}
             ) where cp_what <> 'changed'{}",
            select.join(",\n"),
            before.from,
            after.from,
            on.join(" and "),
            any.concat()
        ))?;
        self.read_counts(session, &values)?;
        self.read_examples(session, key.len(), &values)
    }

    fn read_counts(&mut self, session: &Session, values: &[&&Pair]) -> Result<(), SqlError> {
        let mut counts: Vec<String> =
            ["added", "removed", "changed"].map(|what| format!("count(*) filter (cp_what = '{what}')")).to_vec();
        counts.extend((0..values.len()).map(|at| format!("count(*) filter (cp_what = 'changed' and cp_d{at})")));
        let told = session.query(&format!("select {} from cp_differences", counts.join(", ")))?;
        let mut counts = told.rows.into_iter().flatten().map(|count| whole(&count));
        let mut next = || counts.next().unwrap_or(0);
        (self.added, self.removed, self.changed) = (next(), next(), next());
        for pair in values {
            let rows = next();
            if rows > 0 {
                self.columns_changed.push(ColumnChange { name: pair.after.name.clone(), rows });
            }
        }
        Ok(())
    }

    fn read_examples(&mut self, session: &Session, keys: usize, values: &[&&Pair]) -> Result<(), SqlError> {
        let key: Vec<String> = (0..keys).map(|at| format!("cp_k{at}")).collect();
        let key = key.join(", ");
        let cells: Vec<String> = (0..values.len()).map(|at| format!(", cp_d{at}, cp_b{at}, cp_a{at}")).collect();
        let examples = |what: &str, cells: &str| {
            session.query(&format!(
                "select {key}{cells} from cp_differences where cp_what = '{what}' order by {key} limit {SHOWN}"
            ))
        };
        for row in examples("changed", &cells.concat())?.rows {
            let (key, cells) = row.split_at(keys);
            let cells = cells.chunks(3).zip(values).filter(|(cell, _)| cell[0].as_bool() == Some(true));
            let cells = cells.map(|(cell, pair)| CellChange {
                column: pair.after.name.clone(),
                before: shown(&cell[1]),
                after: shown(&cell[2]),
            });
            let cells = cells.collect();
            self.examples_changed.push(RowChange { key: key.iter().map(shown).collect(), cells });
        }
        let keys = |rows: Vec<Vec<Value>>| rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        self.examples_added = keys(examples("added", "")?.rows);
        self.examples_removed = keys(examples("removed", "")?.rows);
        Ok(())
    }

    fn compare_whole(
        &mut self,
        session: &Session,
        before: &Form,
        after: &Form,
        pairs: &[&Pair],
    ) -> Result<(), SqlError> {
        let names: Vec<String> = pairs.iter().map(|pair| quote(&pair.after.name)).collect();
        session.run(&format!(
            "create or replace temp table cp_differences as
             select {names}, sum(cp_side) as cp_count from (
                 select {}, -1 as cp_side from {} union all select {}, 1 as cp_side from {}
             ) group by {names} having sum(cp_side) <> 0",
            listed(pairs, |pair| &pair.before),
            before.from,
            listed(pairs, |pair| &pair.after),
            after.from,
            names = names.join(", "),
        ))?;
        let told = session.query(
            "select coalesce(sum(cp_count) filter (cp_count > 0), 0), coalesce(-sum(cp_count) filter (cp_count < 0), 0)
             from cp_differences",
        )?;
        if let Some([added, removed]) = told.rows.first().map(Vec::as_slice) {
            (self.added, self.removed) = (whole(added), whole(removed));
        }
        let examples = |which: &str| -> Result<Vec<Vec<String>>, SqlError> {
            let told = session.query(&format!(
                "select {names} from cp_differences where cp_count {which} 0 order by {by} limit {SHOWN}",
                names = names.join(", "),
                by = names.iter().map(|name| format!("cast({name} as varchar)")).collect::<Vec<_>>().join(", "),
            ))?;
            Ok(told.rows.iter().map(|row| row.iter().map(shown).collect()).collect())
        };
        self.examples_added = examples(">")?;
        self.examples_removed = examples("<")?;
        Ok(())
    }

    fn compare_sums(
        &mut self,
        session: &Session,
        before: &Form,
        after: &Form,
        pairs: &[&Pair],
    ) -> Result<(), SqlError> {
        let is_key = |name: &str| self.key.iter().any(|key| key == name);
        let numeric: Vec<&&Pair> = pairs.iter().filter(|pair| pair.is_numeric() && !is_key(&pair.after.name)).collect();
        if numeric.is_empty() {
            return Ok(());
        }
        let sums = |form: &Form| -> Result<Vec<Value>, SqlError> {
            let sums: Vec<String> = numeric
                .iter()
                .map(|pair| match pair.is_float() {
                    true => format!("round(sum({}), 6)", quote(&pair.after.name)),
                    false => format!("sum({})", quote(&pair.after.name)),
                })
                .collect();
            Ok(session
                .query(&format!("select {} from {}", sums.join(", "), form.from))?
                .rows
                .into_iter()
                .flatten()
                .collect())
        };
        for ((pair, before), after) in numeric.iter().zip(sums(before)?).zip(sums(after)?) {
            if before != after {
                let column = pair.after.name.clone();
                self.sums.push(Sum { column, before: shown(&before), after: shown(&after) });
            }
        }
        Ok(())
    }
}

/// Whether two tables of as many rows hold the same ones.
fn are_equal(session: &Session, before: &Form, after: &Form, pairs: &[&Pair]) -> Result<bool, SqlError> {
    let missing = session.count(&format!(
        "select count(*) from (select {} from {} except all select {} from {})",
        listed(pairs, |pair| &pair.before),
        before.from,
        listed(pairs, |pair| &pair.after),
        after.from
    ))?;
    Ok(missing == 0)
}

fn columns(session: &Session, form: &Form) -> Result<Vec<Column>, SqlError> {
    let told = session.query(&format!("describe select * from {}", form.from))?;
    Ok(told.rows.iter().map(|row| Column { name: row[0].to_string(), data_type: row[1].to_string() }).collect())
}

fn count(session: &Session, from: &str) -> Result<u64, SqlError> {
    Ok(session.count(&format!("select count(*) from {from}"))?.try_into().unwrap_or(0))
}

fn whole(value: &Value) -> u64 {
    value.as_integer().unwrap_or(0).try_into().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    fn compared(before: &str, after: &str, key: &[&str], masked: &[&str]) -> Rows {
        let session = Engine::in_memory().unwrap().session().unwrap();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let form = |from: &str| Form { from: format!("({from}\n)"), key: owned(key), masked: owned(masked) };
        Rows::between(&session, &form(before), &form(after)).unwrap()
    }

    /// What is otherwise, in a line.
    fn told(rows: &Rows) -> String {
        let columns: Vec<_> = rows.columns_changed.iter().map(|it| format!("{} {}", it.name, it.rows)).collect();
        let sums: Vec<_> = rows.sums.iter().map(|it| format!("{} {} {}", it.column, it.before, it.after)).collect();
        let Rows { added, removed, changed, .. } = rows;
        format!("+{added} -{removed} ~{changed} [{}] [{}]", columns.join(", "), sums.join(", "))
    }

    #[test]
    fn equal_tables_are_equal_whatever_the_order_of_their_rows() {
        let values =
            "select * from (values (1, 'a', [1], map {'x': 1}), (2, null, null, null)) as t(id, name, list, map)";
        assert!(compared(values, &format!("{values} order by id desc"), &["id"], &[]).is_equal());
        assert!(compared(values, &format!("{values} order by id desc"), &[], &[]).is_equal());
        let near = compared(
            "select 1 as id, 0.3::double as x",
            "select 1 as id, 0.1::double + 0.2::double as x",
            &["id"],
            &[],
        );
        assert!(near.is_equal(), "{near:?}");
        let far = compared("select 1 as id, 'inf'::double as x", "select 1 as id, '-inf'::double as x", &["id"], &[]);
        assert_eq!(far.changed, 1);
        assert!(compared("select 1 as id, uuid() as x", "select 1 as id, uuid() as x", &["id"], &["X"]).is_equal());
    }

    #[test]
    fn rows_are_told_apart_by_the_key_where_it_is_one() {
        let before = "select * from (values (1, 'a', 1.50), (2, 'b', 2.00), (3, null, 4.00)) as t(id, name, amount)";
        let after = "select * from (values (1, 'a', 1.75), (3, 'c', 4.00), (4, 'd', 1.00)) as t(id, name, amount)";
        let rows = compared(before, after, &["ID"], &[]);
        assert_eq!(told(&rows), "+1 -1 ~2 [name 1, amount 1] [amount 7.50 6.75]");
        assert_eq!(
            (&rows.examples_added, &rows.examples_removed),
            (&vec![vec!["4".to_string()]], &vec![vec!["2".to_string()]])
        );
        let cell = &rows.examples_changed[1].cells[0];
        assert_eq!((cell.before.as_str(), cell.after.as_str()), ("NULL", "c"));
        let doubled = compared(before, &format!("{after} union all select 1, 'a', 1.75"), &["id"], &[]);
        assert_eq!(doubled.without_key.as_deref(), Some("the key is not unique in the working tree"));
        assert_eq!(told(&doubled), "+4 -3 ~0 [] [id 6 9, amount 7.50 8.50]");
        assert_eq!(
            compared(before, after, &["nothing"], &[]).without_key.as_deref(),
            Some("only one side has the columns of the key")
        );
    }

    #[test]
    fn columns_come_go_move_and_change_their_type() {
        let rows = compared(
            "select 1 as id, 'x' as name, 2 as gone",
            "select 'y' as fresh, 'x' as name, '1' as id",
            &["name"],
            &[],
        );
        assert_eq!((rows.columns_added, rows.columns_removed), (vec!["fresh".to_string()], vec!["gone".to_string()]));
        assert!(rows.is_reordered && rows.changed == 0);
        assert_eq!(rows.columns_retyped[0].before, "INTEGER");
        let words = compared("select 1 as id, 5 as x", "select '1' as id, 'five' as x", &["id"], &[]);
        assert_eq!(told(&words), "+0 -0 ~1 [x 1] []");
        let wider = compared(
            "select 1 as id, 1.5::decimal(9, 2) as x",
            "select 1 as id, 1.5::decimal(18, 4) as x",
            &["id"],
            &[],
        );
        assert_eq!((wider.changed, wider.columns_retyped.len()), (0, 1));
        assert!(!compared("select 1 as a", "select 1 as b", &[], &[]).is_equal());
    }
}
