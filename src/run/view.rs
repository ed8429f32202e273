//! `materialized: view`: the statement itself, under a name.

use crate::engine::RelationKind;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;

/// Makes the view; runs inside the step's transaction.
pub(super) fn make(session: &Session, relation: &Relation, sql: &str) -> Result<(), SqlError> {
    if session.kind_of(relation)? == Some(RelationKind::Table) {
        session.drop(relation)?;
    }
    session.run(&format!("create or replace view {relation} as (\n{sql}\n)"))
}
