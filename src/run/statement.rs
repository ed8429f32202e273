//! What would run for a model in a database that the tool does not run models in.

use crate::dialect::Dialect;
use crate::dialect::Layout;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::project::Materialization;
use crate::project::NodeConfig;
use crate::render::Compiled;

/// The statements that make a model's table or view whole, with the hooks around it; `None` for what has neither.
///
/// Those of an increment need the columns of the table that is there, which only the database knows.
///
/// # Errors
/// When a setting is not as it must be.
pub fn statement(
    dialect: Dialect,
    relation: &Relation,
    compiled: &Compiled,
    config: &NodeConfig,
) -> Result<Option<String>> {
    let fault =
        |reason: String| Error::call(format!("`{}` cannot be written for {dialect}", relation.name)).because(reason);
    let kind = config.materialization().map_err(|word| fault(format!("unknown materialization `{word}`")))?;
    let made = match kind {
        Materialization::View => dialect.create_view(relation, &compiled.sql),
        Materialization::Table | Materialization::Incremental => {
            let layout = Layout::of(config.get("partition_by"), &config.texts("cluster_by")).map_err(fault)?;
            dialect.create_table(relation, &compiled.sql, &layout)
        }
        Materialization::Ephemeral | Materialization::Seed | Materialization::Test => return Ok(None),
    };
    let header = config.text("sql_header").map(str::to_string);
    let all = compiled.pre_hooks.iter().cloned().chain(header).chain([made]).chain(compiled.post_hooks.iter().cloned());
    let all = all.map(|statement| format!("{};\n", statement.trim().trim_end_matches(';').trim_end()));
    Ok(Some(all.collect::<Vec<_>>().join("\n")))
}
