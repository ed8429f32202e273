//! `materialized: table`: made whole, in place of what was there.

use crate::dialect::Layout;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::name::Relation;
use crate::run::HERE;

/// Makes the table; runs inside the step's transaction, so that readers see the old one until it commits. No view may
/// stand in its place. Returns the number of rows.
pub fn make(session: &Session, relation: &Relation, sql: &str) -> Result<u64, SqlError> {
    let rows = session.count(&HERE.create_table(relation, sql, &Layout::default()))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}
