//! `materialized: table`: made whole, in place of what was there.

use crate::engine::RelationKind;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;

/// Makes the table; runs inside the step's transaction, so that readers see the old one until it commits.
/// Returns the number of its rows.
pub fn make(session: &Session, relation: &Relation, sql: &str) -> Result<u64, SqlError> {
    if session.kind_of(relation)? == Some(RelationKind::View) {
        session.drop(relation)?;
    }
    session.run(&create(relation, sql))?;
    Ok(u64::try_from(session.count(&format!("select count(*) from {relation}"))?).unwrap_or(0))
}

/// The statement, with the model's SQL on lines of its own, so that a place in it can be told.
pub(super) fn create(relation: &Relation, sql: &str) -> String {
    format!("create or replace table {relation} as (\n{sql}\n)")
}
