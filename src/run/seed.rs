//! A seed: a CSV file as a table, its types inferred or declared by `column_types`.

use crate::engine::RelationKind;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::name::quote;
use crate::project::Node;
use crate::project::NodeConfig;

/// Loads the file in place of what was there; runs inside the step's transaction. Returns the number of rows.
pub(super) fn load(
    session: &Session,
    relation: &Relation,
    node: &Node,
    root: &std::path::Path,
    config: &NodeConfig,
) -> Result<u64> {
    if session.kind_of(relation)? == Some(RelationKind::View) {
        session.drop(relation)?;
    }
    let file = root.join(&node.file.path);
    let text = |value: &str| format!("'{}'", value.replace('\'', "''"));
    let mut options = vec![
        text(&file.display().to_string()),
        "header = true".to_string(),
        "strict_mode = true".to_string(),
        // dbt reads these as NULL.
        "nullstr = ['', 'null', 'NULL', 'Null']".to_string(),
        "sample_size = -1".to_string(),
        format!("delim = {}", text(config.text("delimiter").unwrap_or(","))),
    ];
    let declared: Vec<(String, String)> = config
        .get("column_types")
        .and_then(|types| types.as_object())
        .into_iter()
        .flatten()
        .filter_map(|(name, data_type)| Some((name.clone(), data_type.as_str()?.to_string())))
        .collect();
    if !declared.is_empty() {
        let types = declared.iter().map(|(name, data_type)| format!("{}: {}", text(name), text(data_type)));
        options.push(format!("types = {{{}}}", types.collect::<Vec<_>>().join(", ")));
    }
    session
        .run(&format!("create or replace table {relation} as select * from read_csv({})", options.join(", ")))
        .map_err(|error| {
            Error::data(format!("cannot load `{}`", node.file.path.display()))
                .because(error)
                .help("every line needs the header's number of fields; `column_types` must fit all values")
        })?;
    if node.file.text.trim().is_empty() {
        return Err(Error::call(format!("seed `{}` is empty", node.file.path.display()))
            .help("its first line names the columns"));
    }
    Ok(u64::try_from(session.count(&format!("select count(*) from {}", quoted(relation)))?).unwrap_or(0))
}

fn quoted(relation: &Relation) -> String {
    format!("{}.{}.{}", quote(&relation.database), quote(&relation.schema), quote(&relation.name))
}
