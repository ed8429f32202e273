//! `materialized: view`: the statement itself, under a name.

use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;
use crate::run::HERE;

/// Makes the view; runs inside the step's transaction. No table may stand in its place.
pub(super) fn make(session: &Session, relation: &Relation, sql: &str) -> Result<(), SqlError> {
    session.run(&HERE.create_view(relation, sql))
}
