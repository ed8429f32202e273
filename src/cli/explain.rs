//! `cp explain`: why a row is what it is.

use std::path::PathBuf;

use clap::Args;

use crate::cli;
use crate::cli::arguments::Project;
use crate::cli::golden;
use crate::config::Flags;
use crate::config::OutputFormat;
use crate::error::Result;
use crate::flow;
use crate::ui;

#[derive(Args)]
pub struct ExplainFlags {
    /// The model that the row is in
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// The row's key, as the model declares it: VALUE, VALUE,VALUE or COLUMN=VALUE,..; one `--key` for each part where a value has a comma; one part of several will do where it is enough
    #[arg(long, value_name = "KEY", required = true)]
    pub key: Vec<String>,
    /// Tell the events in so many steps at most, several in one where there are more; -1 is one each
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub limit: i64,
    /// Tell payloads too; the row's own columns are told in any case, and either may hold personal data
    #[arg(long)]
    pub payload: bool,
    /// Explain the row in a build of this folder's events, made in memory [default: the warehouse]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub project: Project,
}

pub fn perform(flags: ExplainFlags) -> Result<()> {
    let ExplainFlags { model, key, limit, payload, data, project } = flags;
    let (house, console) = cli::open("explain", Flags { data, ..project.flags() })?;
    let explained = house.explain(&model, &key, usize::try_from(limit).ok(), payload, &console);
    console.close();
    let explanation = explained?;
    ui::write_out(&match house.settings.flags.output {
        OutputFormat::Json => format!("{}\n", explanation.to_json()),
        OutputFormat::Text => flow::explain_text(&explanation)
            .iter()
            .map(|paragraph| golden::lines(&paragraph.name, &paragraph.headline, &paragraph.lines))
            .collect::<Vec<_>>()
            .join("\n"),
    });
    Ok(())
}
