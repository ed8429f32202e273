//! What producers have changed without a word: the models that tell of it, and the edits that they propose.
//!
//! A model says with `meta.drift` that it belongs here, and how it is shown:
//!
//! ```yaml
//! drift:
//!   title: Proposals               # above its rows
//!   order: 20                      # among the models
//!   when: confidence > 0.5         # which rows; an SQL condition
//!   order_by: confidence desc      # its rows; SQL. Else they come by all columns
//!   show: [vendor, path]           # as columns
//!   tell: evidence                 # as a line below the row
//!   is_fault: true                 # a row means that the data is not well
//!   write:                         # what to write into a list of `vars:`
//!     {variable: field_names, keys: [mapping, field], value: name, when: is_applicable}
//! ```

use serde_json::Value as Json;

use crate::artifact;
use crate::engine::Session;
use crate::engine::Table;
use crate::engine::Value;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::name::quote;
use crate::project;
use crate::project::Addition;
use crate::project::Project;
use crate::render::Scanned;

/// What one model tells.
#[derive(Debug)]
pub struct Finding {
    /// The model.
    pub model: String,
    pub title: String,
    /// Every column of the rows that its condition leaves.
    pub table: Table,
    /// Columns to show.
    pub show: Vec<String>,
    /// The column to tell below each row.
    pub tell: Option<String>,
    /// Whether a row means that the data is not well.
    pub is_fault: bool,
}

/// A name to be written into a list of `vars:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The variable, and the keys below it.
    pub keys: Vec<String>,
    pub name: String,
}

/// All that is known of drift.
#[derive(Debug, Default)]
pub struct Drift {
    pub findings: Vec<Finding>,
    /// Each once, whoever needs it.
    pub proposals: Vec<Proposal>,
    /// Why this may be out of date: what the project would build by now.
    pub stale: Option<String>,
}

impl Drift {
    /// How many rows mean that the data is not well.
    pub fn faults(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_fault).map(|finding| finding.table.rows.len()).sum()
    }
}

/// Asks the models of the warehouse.
///
/// # Errors
/// Where no model tells of drift, or one of them is not built.
pub fn read(project: &Project, scanned: &Scanned, session: &Session) -> Result<Drift> {
    let mut found = Vec::new();
    for (id, scan) in &scanned.nodes {
        let (Some(node), Some(told), Some(relation)) =
            (project.nodes.get(id), scan.config.meta("drift"), &scan.relation)
        else {
            continue;
        };
        let order = told.get("order").and_then(Json::as_f64).unwrap_or(f64::MAX);
        found.push((order, node.name.as_str(), told, relation));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    if found.is_empty() {
        return Err(Error::call("no model tells of drift").help("say so in its yml: `meta: {drift: {title: …}}`"));
    }
    let mut drift = Drift::default();
    for (_, model, told, relation) in found {
        if session.kind_of(relation)?.is_none() {
            return Err(Error::call(format!("model `{model}` is not built")).help("run `cp build` first"));
        }
        drift.findings.push(finding(session, model, told, relation)?);
        if let Some(write) = told.get("write") {
            for proposal in proposals(session, model, write, relation)? {
                if !drift.proposals.contains(&proposal) {
                    drift.proposals.push(proposal);
                }
            }
        }
    }
    Ok(drift)
}

fn finding(session: &Session, model: &str, told: &Json, relation: &Relation) -> Result<Finding> {
    let text = |key: &str| told.get(key).and_then(Json::as_str);
    let condition = text("when").unwrap_or("true");
    let order = text("order_by").unwrap_or("all");
    let table = session.query(&format!("select * from {relation} where {condition} order by {order}"))?;
    Ok(Finding {
        model: model.to_string(),
        title: text("title").unwrap_or(model).to_string(),
        table,
        show: texts(told.get("show")),
        tell: text("tell").map(str::to_string),
        is_fault: told.get("is_fault").and_then(Json::as_bool).unwrap_or(false),
    })
}

fn proposals(session: &Session, model: &str, write: &Json, relation: &Relation) -> Result<Vec<Proposal>> {
    let text = |key: &str| write.get(key).and_then(Json::as_str);
    let (Some(variable), Some(value)) = (text("variable"), text("value")) else {
        return Err(Error::call(format!("`meta: drift: write` of model `{model}` has no `variable` or no `value`"))
            .help("write `{variable: NAME, keys: [COLUMN], value: COLUMN, when: CONDITION}`"));
    };
    let mut columns = texts(write.get("keys"));
    columns.push(value.to_string());
    let columns = columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ");
    let condition = text("when").unwrap_or("true");
    let found = session.query(&format!("select distinct {columns} from {relation} where {condition} order by all"))?;
    let proposal = |row: &Vec<Value>| {
        let (name, keys) = row.split_last()?;
        let keys = std::iter::once(variable.to_string()).chain(keys.iter().map(Value::to_string)).collect();
        Some(Proposal { keys, name: name.to_string() })
    };
    Ok(found.rows.iter().filter_map(proposal).collect())
}

/// What became of the proposals.
#[derive(Debug, Default)]
pub struct Applied {
    pub written: Vec<Addition>,
    /// Those that are in the file already: the warehouse is older.
    pub present: Vec<Proposal>,
    /// Why each of the others is not.
    pub refused: Vec<Error>,
}

/// Writes the proposals into `dbt_project.yml`, at once all that can be written.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn apply(project: &Project, proposals: &[Proposal], command_line: &[String]) -> Result<Applied> {
    let mut file = project::definition_file(&project.root)?;
    let mut applied = Applied::default();
    for proposal in proposals {
        if let Some(variable) = proposal.keys.first().filter(|variable| command_line.contains(variable)) {
            let message = format!("`{variable}` comes from `--vars`, not from `{}`", file.path.display());
            applied.refused.push(Error::call(message).help(format!("add `{}` there", proposal.name)));
            continue;
        }
        match project::add_to_variable(&file, &project.name, &proposal.keys, &proposal.name) {
            Ok(Some(addition)) => {
                file = addition.file.clone();
                applied.written.push(addition);
            }
            Ok(None) => applied.present.push(proposal.clone()),
            Err(error) => applied.refused.push(error),
        }
    }
    if !applied.written.is_empty() {
        artifact::rewrite(&project.root.join(&file.path), file.text.as_bytes())?;
    }
    Ok(applied)
}

fn texts(value: Option<&Json>) -> Vec<String> {
    let items = value.and_then(Json::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_string)).collect()
}
