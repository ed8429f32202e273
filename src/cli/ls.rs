//! `cp ls`: what the project holds, one line each.

use serde_json::json;

use crate::cli;
use crate::cli::arguments::LsFlags;
use crate::config::OutputFormat;
use crate::error::Result;
use crate::graph;
use crate::ui;

pub fn perform(flags: LsFlags) -> Result<()> {
    let kinds = flags.resource_type;
    let (house, console) = cli::open("ls", flags.selection.over(flags.project.flags()))?;
    console.close();
    let flags = &house.settings.flags;
    let selection = graph::select(
        &house.project,
        &house.scanned,
        &house.graph,
        &flags.select,
        &flags.exclude,
        house.state.as_ref(),
    )?;
    selection.unmatched.iter().for_each(ui::show_diagnostic);
    let mut lines = Vec::new();
    for id in &selection.ids {
        let (kind, name, path, shown) = match (house.project.nodes.get(id), house.project.sources.get(id)) {
            (Some(node), _) => (node.kind.as_str(), &node.name, &node.file.path, node.fqn.join(".")),
            (None, Some(source)) => {
                ("source", &source.name, &source.file.path, format!("source:{}", source.fqn.join(".")))
            }
            (None, None) => continue,
        };
        if !kinds.is_empty() && !kinds.iter().any(|wanted| wanted == kind || wanted == "all") {
            continue;
        }
        lines.push(match flags.output {
            OutputFormat::Text => shown,
            OutputFormat::Json => json!({
                "unique_id": id.as_str(),
                "resource_type": kind,
                "name": name,
                "original_file_path": path,
                "depends_on": house.graph.parents(id).iter().map(|parent| parent.as_str()).collect::<Vec<_>>(),
            })
            .to_string(),
        });
    }
    match flags.output {
        OutputFormat::Text => ui::write_out(&lines.iter().map(|line| format!("{line}\n")).collect::<String>()),
        OutputFormat::Json => ui::write_out(&format!("[\n{}\n]\n", lines.join(",\n"))),
    }
    Ok(())
}
