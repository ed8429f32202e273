//! `materialized: view`: the statement itself, under a name.

use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;

/// Makes the view; runs inside the step's transaction. No table may stand in its place.
pub(super) fn make(session: &Session, relation: &Relation, sql: &str) -> Result<(), SqlError> {
    session.run(&format!("create or replace view {relation} as (\n{sql}\n)"))
}
