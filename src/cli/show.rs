//! `cp show`: rows of a model, or of a query.

use crate::cli;
use crate::cli::arguments::ShowFlags;
use crate::config::OutputFormat;
use crate::engine::SqlError;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::flow;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::run::Database;
use crate::run::Failure;
use crate::ui;

pub fn perform(flags: ShowFlags) -> Result<()> {
    let (inline, limit) = (flags.inline, flags.limit);
    let (house, console) = cli::open("show", flags.deferral.over(flags.selection.over(flags.project.flags())))?;
    console.close();
    let engine = flow::explore(&house)?;
    let session = engine.session()?;
    let database = Database { session: &session, observe: &Silent };
    let queries = match inline {
        Some(text) => vec![house.renderer.compile_text(&house.scanned, "inline", &text, &database, None)?],
        None if house.settings.flags.select.is_empty() => {
            return Err(Error::call("nothing to show").help("write `--select MODEL` or `--inline \"select …\"`"));
        }
        None => {
            let (selected, unmatched) = house.select(&[NodeKind::Model, NodeKind::Seed, NodeKind::Test])?;
            if let Some(fault) = unmatched.into_iter().next() {
                return Err(Error::call(fault.message.clone())
                    .help(fault.help.unwrap_or_else(|| "`cp ls` lists the names".to_string())));
            }
            // A test that comes along with its model is not what was asked for.
            let tests_only = selected.iter().all(|id| house.project.nodes[id].kind == NodeKind::Test);
            let wanted = selected
                .into_iter()
                .filter(|id| tests_only || house.project.nodes[id].kind != NodeKind::Test)
                .collect();
            house.compile(&wanted, &database)?.into_values().collect()
        }
    };
    if queries.len() > 1 && house.settings.flags.output == OutputFormat::Json {
        return Err(Error::call("`--output json` shows one thing at a time").help("select one model"));
    }
    for sql in queries {
        let bounded = match limit {
            limit if limit < 0 => sql,
            limit => format!("select * from (\n{}\n) as shown limit {limit}", sql.trim_end().trim_end_matches(';')),
        };
        let table = session.query(&bounded).map_err(|error| explained(&error, &bounded))?;
        ui::write_out(&match house.settings.flags.output {
            OutputFormat::Text => ui::to_text(&table),
            OutputFormat::Json => ui::to_json(&table),
        });
    }
    Ok(())
}

/// A query's failure with its place in the query; what is not built yet is named as such.
fn explained(error: &SqlError, sql: &str) -> Error {
    let kind = Failure::Sql(error.clone()).kind();
    let place = error.span.clone().map(|span| Place::new("query", sql, span));
    let help = match error.kind.as_str() {
        "Catalog Error" | "Binder Error" if error.message.contains("does not exist") => {
            Some("it may not be built yet: `cp build`, or `cp run --select +MODEL`".to_string())
        }
        _ => error.hint.clone(),
    };
    let fault = Diagnostic::error(error.to_string(), place).help(help);
    Error::from(fault).of(kind)
}
