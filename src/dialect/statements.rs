//! The statements that materializations run.
//!
//! A model's SQL always stands on lines of its own, so that a place in it can be told.

use crate::dialect::Dialect;
use crate::dialect::Layout;
use crate::name::Relation;

/// How the table and the rows on their way are called in statements; conditions of models say these names too.
const THERE: &str = "DBT_INTERNAL_DEST";
const FRESH: &str = "DBT_INTERNAL_SOURCE";

impl Dialect {
    /// A table, made whole in place of one that was there.
    pub fn create_table(self, relation: &Relation, sql: &str, layout: &Layout) -> String {
        match layout.clauses(self).as_str() {
            "" => format!("create or replace table {} as (\n{sql}\n)", self.relation(relation)),
            clauses => format!("create or replace table {}\n{clauses}as (\n{sql}\n)", self.relation(relation)),
        }
    }

    /// A view in place of one that was there.
    pub fn create_view(self, relation: &Relation, sql: &str) -> String {
        match self {
            Self::DuckDb => format!("create or replace view {} as (\n{sql}\n)", self.relation(relation)),
            // No parentheses: BigQuery's view is a query.
            Self::BigQuery => format!("create or replace view {} as\n{sql}", self.relation(relation)),
        }
    }

    /// Where the rows of an increment wait for the table, only for this session.
    pub fn staged(self, relation: &Relation) -> Relation {
        let name = format!("{}__cp_new", relation.name);
        match self {
            Self::DuckDb => Relation::new("temp", "main", name),
            Self::BigQuery => Relation::new("", "_SESSION", name),
        }
    }

    /// Makes the table in which they wait.
    pub fn stage(self, relation: &Relation, sql: &str) -> String {
        let name = self.quote(&self.staged(relation).name);
        let word = match self {
            Self::DuckDb => "temporary",
            Self::BigQuery => "temp",
        };
        format!("create or replace {word} table {name} as (\n{sql}\n)")
    }

    /// Adds all rows of `fresh`.
    pub fn insert(self, relation: &Relation, fresh: &Relation, columns: &[String]) -> String {
        let names = self.list(columns);
        format!("insert into {} ({names}) select {names} from {}", self.relation(relation), self.relation(fresh))
    }

    /// Takes away the rows whose key some row of `fresh` has, where `extra` conditions hold as well.
    pub fn delete_matching(self, relation: &Relation, fresh: &Relation, key: &[String], extra: &str) -> String {
        let matched = self.matching(key);
        let (there, fresh, names) = (self.relation(relation), self.relation(fresh), self.list(key));
        match self {
            Self::DuckDb => format!(
                "delete from {there} as {THERE} using (select distinct {names} from {fresh}) as {FRESH}
                     where {matched}{extra}"
            ),
            Self::BigQuery => format!(
                "delete from {there} as {THERE}
                     where exists (select 1 from {fresh} as {FRESH} where {matched}){extra}"
            ),
        }
    }

    /// Puts the rows of `fresh` in place of those with their key, and adds the others. Only `updated` columns change.
    pub fn merge(
        self,
        relation: &Relation,
        fresh: &Relation,
        (columns, updated): (&[String], &[&String]),
        key: &[String],
        extra: &str,
    ) -> String {
        let sets: Vec<String> = updated.iter().map(|name| format!("{0} = {FRESH}.{0}", self.quote(name))).collect();
        let values: Vec<String> = columns.iter().map(|name| format!("{FRESH}.{}", self.quote(name))).collect();
        format!(
            "merge into {} as {THERE} using {} as {FRESH} on ({}{extra})
         when matched then update set {}
         when not matched then insert ({}) values ({})",
            self.relation(relation),
            self.relation(fresh),
            self.matching(key),
            sets.join(", "),
            self.list(columns),
            values.join(", ")
        )
    }

    /// Adds a column, of which all rows have none.
    pub fn add_column(self, relation: &Relation, name: &str, data_type: &str) -> String {
        format!("alter table {} add column {} {data_type}", self.relation(relation), self.quote(name))
    }

    /// Takes a column away.
    pub fn drop_column(self, relation: &Relation, name: &str) -> String {
        format!("alter table {} drop column {}", self.relation(relation), self.quote(name))
    }

    /// Gives a column another type.
    pub fn retype_column(self, relation: &Relation, name: &str, data_type: &str) -> String {
        let (relation, name) = (self.relation(relation), self.quote(name));
        format!("alter table {relation} alter column {name} set data type {data_type}")
    }

    /// Takes a table or a view away.
    pub fn drop_relation(self, kind: &str, relation: &Relation) -> String {
        format!("drop {kind} {}", self.relation(relation))
    }

    fn list(self, names: &[String]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    fn matching(self, key: &[String]) -> String {
        let equal = |name: &String| format!("{THERE}.{0} = {FRESH}.{0}", self.quote(name));
        key.iter().map(equal).collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Relation {
        Relation::new("shop", "main", "t")
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_made_whole() {
        let layout = Layout::of(Some(&json!({"field": "d"})), &names(&["a"])).unwrap();
        let made = Dialect::ALL.map(|dialect| dialect.create_table(&table(), "select 1", &layout));
        assert_eq!(made[0], "create or replace table \"shop\".\"main\".\"t\" as (\nselect 1\n)");
        assert_eq!(
            made[1],
            "create or replace table `shop`.`main`.`t`\npartition by `d`\ncluster by `a`\nas (\nselect 1\n)"
        );
        let made = Dialect::ALL.map(|dialect| dialect.create_view(&table(), "select 1"));
        assert_eq!(made[0], "create or replace view \"shop\".\"main\".\"t\" as (\nselect 1\n)");
        assert_eq!(made[1], "create or replace view `shop`.`main`.`t` as\nselect 1");
    }

    #[test]
    fn rows_on_their_way() {
        let [duckdb, bigquery] = Dialect::ALL.map(|dialect| {
            let fresh = dialect.staged(&table());
            [
                dialect.stage(&table(), "select 1"),
                dialect.insert(&table(), &fresh, &names(&["id", "of"])),
                dialect.delete_matching(&table(), &fresh, &names(&["id"]), " and x"),
            ]
        });
        assert_eq!(duckdb[0], "create or replace temporary table \"t__cp_new\" as (\nselect 1\n)");
        assert_eq!(
            duckdb[1],
            r#"insert into "shop"."main"."t" ("id", "of") select "id", "of" from "temp"."main"."t__cp_new""#
        );
        assert_eq!(bigquery[0], "create or replace temp table `t__cp_new` as (\nselect 1\n)");
        assert_eq!(
            bigquery[1],
            "insert into `shop`.`main`.`t` (`id`, `of`) select `id`, `of` from `_SESSION`.`t__cp_new`"
        );
        let said = bigquery[2].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            said,
            "delete from `shop`.`main`.`t` as DBT_INTERNAL_DEST where exists (select 1 from `_SESSION`.`t__cp_new` as \
             DBT_INTERNAL_SOURCE where DBT_INTERNAL_DEST.`id` = DBT_INTERNAL_SOURCE.`id`) and x"
        );
    }

    #[test]
    fn a_merge_updates_only_what_it_is_told() {
        let (columns, dialect) = (names(&["id", "a", "b"]), Dialect::BigQuery);
        let updated = [&columns[1]];
        let said = dialect.merge(&table(), &dialect.staged(&table()), (&columns, &updated), &names(&["id"]), "");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            said,
            "merge into `shop`.`main`.`t` as DBT_INTERNAL_DEST using `_SESSION`.`t__cp_new` as DBT_INTERNAL_SOURCE on \
             (DBT_INTERNAL_DEST.`id` = DBT_INTERNAL_SOURCE.`id`) \
             when matched then update set `a` = DBT_INTERNAL_SOURCE.`a` \
             when not matched then insert (`id`, `a`, `b`) values (DBT_INTERNAL_SOURCE.`id`, DBT_INTERNAL_SOURCE.`a`, \
             DBT_INTERNAL_SOURCE.`b`)"
        );
    }

    #[test]
    fn columns_that_come_and_go() {
        let dialect = Dialect::BigQuery;
        assert_eq!(dialect.add_column(&table(), "a", "int64"), "alter table `shop`.`main`.`t` add column `a` int64");
        assert_eq!(dialect.drop_column(&table(), "a"), "alter table `shop`.`main`.`t` drop column `a`");
        assert_eq!(
            dialect.retype_column(&table(), "a", "numeric"),
            "alter table `shop`.`main`.`t` alter column `a` set data type numeric"
        );
        assert_eq!(dialect.drop_relation("view", &table()), "drop view `shop`.`main`.`t`");
    }
}
