//! `cp debug`: which project, profile, store and warehouse are in use, and whether they answer.

use crate::cli;
use crate::cli::arguments::Project;
use crate::config::OutputFormat;
use crate::error::Result;
use crate::ui;

pub fn perform(flags: Project) -> Result<()> {
    let (house, console) = cli::open("debug", flags.flags())?;
    console.close();
    let (facts, fault) = house.facts()?;
    ui::write_out(&match house.settings.flags.output {
        OutputFormat::Text => {
            let rows: Vec<_> = facts.into_iter().map(|(name, value)| vec![name.to_string(), value]).collect();
            ui::columns(&[], &rows, &[])
        }
        OutputFormat::Json => {
            let object: serde_json::Map<_, _> =
                facts.into_iter().map(|(name, value)| (name.to_string(), value.into())).collect();
            format!("{}\n", serde_json::Value::Object(object))
        }
    });
    fault.map_or(Ok(()), Err)
}
