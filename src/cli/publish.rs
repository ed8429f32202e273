//! `cp publish`: the checks, then all tables together.

use crate::cli;
use crate::cli::arguments::PublishFlags;
use crate::cli::summary;
use crate::config::Flags;
use crate::config::OutputFormat;
use crate::error::Error;
use crate::error::Result;
use crate::flow::Stop;
use crate::progress::grouped;
use crate::ui;

pub fn perform(flags: PublishFlags) -> Result<()> {
    let (full_refresh, dry_run) = (flags.full_refresh, flags.dry_run);
    let (house, console) = cli::open("publish", Flags { republish: full_refresh, dry_run, ..flags.project.flags() })?;
    if dry_run && house.settings.bigquery.is_none() {
        return Err(Error::call("a folder is always published whole, and only where something has changed")
            .help("`--dry-run` is for BigQuery; set `BQ_PROJECT`"));
    }
    let done = house.check_and_publish(&console, &Stop::listen(crate::ui::say))?;
    console.close();
    if let Some(Ok(published)) = &done.published
        && published.is_rehearsal()
        && house.settings.flags.output == OutputFormat::Text
    {
        rehearsal(published);
    }
    summary::show(&house, &done);
    done.verdict()
}

/// What a dry run found: the rows of each table, and the SQL.
fn rehearsal(published: &crate::flow::Published) {
    let row = |table: &crate::flow::PublishedTable| {
        let changes = table.changes.unwrap_or_default();
        [table.rows, changes.inserted, changes.updated, changes.deleted, table.bytes].map(grouped).to_vec()
    };
    let rows: Vec<Vec<String>> =
        published.tables.iter().map(|table| [vec![table.name.clone()], row(table)].concat()).collect();
    let heads = ["table", "rows", "insert", "update", "delete", "bytes"];
    ui::write_out(&ui::columns(&heads, &rows, &[1, 2, 3, 4, 5]));
    if let Some(script) = &published.script {
        ui::write_out(&format!("\n{script}\n"));
    }
}
