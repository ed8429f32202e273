//! `cp show`: rows of a model, or of a query.

use std::path::Path;

use crate::cli;
use crate::cli::arguments::ShowFlags;
use crate::config::OutputFormat;
use crate::engine::SqlError;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Result;
use crate::flow;
use crate::flow::House;
use crate::name::NodeId;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::project::SourceFile;
use crate::run::Database;
use crate::run::Failure;
use crate::run::explain;
use crate::run::placed;
use crate::ui;

/// What is shown.
enum Shown {
    Node(NodeId),
    /// The query as it was typed.
    Inline(String),
}

pub fn perform(flags: ShowFlags) -> Result<()> {
    let (inline, limit) = (flags.inline, flags.limit);
    let (house, console) = cli::open("show", flags.deferral.over(flags.selection.over(flags.project.flags())))?;
    console.close();
    let engine = flow::explore(&house)?;
    let session = engine.session()?;
    let database = Database { session: &session, observe: &Silent };
    let queries = match inline {
        Some(text) => {
            let sql = house.renderer.compile_text(&house.scanned, "inline", &text, &database, None)?;
            vec![(Shown::Inline(text), sql)]
        }
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
            house.compile(&wanted, &database)?.into_iter().map(|(id, sql)| (Shown::Node(id), sql)).collect()
        }
    };
    if queries.len() > 1 && house.settings.flags.output == OutputFormat::Json {
        return Err(Error::call("`--output json` shows one thing at a time").help("select one model"));
    }
    for (of, sql) in queries {
        let sql = sql.trim_end().trim_end_matches(';');
        let bounded = match limit {
            limit if limit < 0 => sql.to_string(),
            limit => format!("select * from (\n{sql}\n) as shown limit {limit}"),
        };
        let table = session.query(&bounded).map_err(|error| explained(&house, &of, &error, sql))?;
        ui::write_out(&match house.settings.flags.output {
            OutputFormat::Text => ui::to_text(&table),
            OutputFormat::Json => ui::to_json(&table),
        });
    }
    Ok(())
}

/// A query's failure with its place where somebody wrote it; what is not built yet is named as such.
fn explained(house: &House, of: &Shown, error: &SqlError, sql: &str) -> Error {
    let kind = Failure::Sql(error.clone()).kind();
    let mut fault = match of {
        Shown::Node(id) => {
            let failure = Failure::Sql(error.clone());
            explain(&house.project, &house.project.nodes[id], failure, Some(sql))
        }
        Shown::Inline(text) => {
            let source = SourceFile { path: "inline".into(), text: text.as_str().into() };
            let place = placed(&source, error, sql, Path::new("inline, compiled"));
            let help = || "`cp compile --inline` prints the SQL that ran".to_string();
            Diagnostic::error(error.to_string(), place).help(error.hint.clone().unwrap_or_else(help))
        }
    };
    if matches!(error.kind.as_str(), "Catalog Error" | "Binder Error") && error.message.contains("does not exist") {
        fault.help = Some("it may not be built yet: `cp build`, or `cp run --select +MODEL`".to_string());
    }
    Error::from(fault).of(kind)
}
