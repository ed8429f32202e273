//! `materialized: table`: made whole, in place of what was there.

use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;

/// Makes the table; runs inside the step's transaction, so that readers see the old one until it commits. No view may
/// stand in its place.
pub fn make(session: &Session, relation: &Relation, sql: &str) -> Result<(), SqlError> {
    // The model's SQL stands on lines of its own, so that a place in it can be told.
    session.run(&format!("create or replace table {relation} as (\n{sql}\n)"))
}
