//! The SQL beneath a table: one query for all rows of a group wherever there is one.

use crate::engine::Table;
use crate::report::number;

/// A query to print, and the group of rows that it shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The first column's value; `None` where one query stands for the whole table.
    pub(super) group: Option<String>,
    pub(super) sql: String,
}

/// The queries of a table's rows (by position), each once. Rows of a group (an equal first column) whose queries
/// differ only in their last conditions are shown by one query without those.
pub(super) fn queries(table: &Table, rows: &[usize]) -> Vec<Query> {
    let Some(column) = table.position("query") else { return Vec::new() };
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter_map(|row| table.rows.get(*row)) {
        let Some(sql) = row[column].as_str().map(str::trim).filter(|sql| !sql.is_empty()) else { continue };
        let group = row.first().map(|value| number::shown(value, number::Style::Plain)).unwrap_or_default();
        match groups.iter_mut().find(|(held, _)| *held == group) {
            Some((_, held)) => held.push(sql),
            None => groups.push((group, vec![sql])),
        }
    }
    let mut found: Vec<Query> = Vec::new();
    for (group, mut sqls) in groups {
        sqls.dedup();
        let folded = if sqls.len() > 1 { common(&sqls) } else { None };
        let sqls = folded.map_or(sqls, |sql| vec![sql]);
        for sql in sqls {
            match found.iter_mut().find(|query| query.sql == sql) {
                Some(query) => {
                    let both =
                        query.group.take().map(|held| if held == group { held } else { format!("{held}, {group}") });
                    query.group = both;
                }
                None => found.push(Query { group: Some(group.clone()), sql: sql.to_string() }),
            }
        }
    }
    if let [only] = found.as_mut_slice() {
        only.group = None;
    }
    found
}

/// What all queries begin with, up to the last condition that they share; `None` where that is no whole query.
fn common<'a>(sqls: &[&'a str]) -> Option<&'a str> {
    let first = *sqls.first()?;
    let mut length = first.len();
    for sql in &sqls[1..] {
        let equal = first.char_indices().zip(sql.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
        length = length.min(equal.unwrap_or(first.len().min(sql.len())));
    }
    if length == first.len() {
        return Some(first);
    }
    let shared = &first[..length];
    let cuts = [" and ", " where "].map(|word| shared.rfind(word));
    // Only where the cut is outside of brackets and quotes is what stands before it a query.
    let mut at = cuts.into_iter().flatten().max()?;
    loop {
        let before = &first[..at];
        if is_whole(before) {
            // What is left off must be conditions and nothing more.
            return sqls.iter().all(|sql| is_conditions(&sql[at..])).then_some(before);
        }
        at = [" and ", " where "].map(|word| before.rfind(word)).into_iter().flatten().max()?;
    }
}

/// Whether brackets and quotes are closed, and no `or` or `between` is torn apart.
fn is_whole(sql: &str) -> bool {
    let (mut depth, mut quoted) = (0_i32, None);
    for character in sql.chars() {
        match (quoted, character) {
            (Some(quote), _) if quote == character => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quoted = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
    }
    let lower = sql.to_lowercase();
    depth == 0 && quoted.is_none() && !lower.contains(" or ") && !lower.contains(" between ")
}

fn is_conditions(rest: &str) -> bool {
    let rest = rest.to_lowercase();
    ![" group by ", " order by ", " having ", " limit ", " union ", " join "].iter().any(|word| rest.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_stands_for_a_group() {
        let a = "select * from t where kind = 'x and y' and coalesce(vendor, '(none)') = 'vendor_a'";
        let b = "select * from t where kind = 'x and y' and coalesce(vendor, '(none)') = 'vendor_b'";
        assert_eq!(common(&[a, b]), Some("select * from t where kind = 'x and y'"));
        assert_eq!(common(&["select 1 from t where a = 1", "select 1 from t where b = 1"]), Some("select 1 from t"));
        assert_eq!(common(&["select * from a", "select * from b"]), None);
        assert_eq!(
            common(&["select 1 from t where (a and b)", "select 1 from t where (a and c)"]),
            Some("select 1 from t")
        );
        assert_eq!(common(&[a, a]), Some(a));
        assert_eq!(common(&["select a from t where b = 1 group by a", "select a from t where b = 2 group by a"]), None);
    }
}
