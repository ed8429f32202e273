//! `cp compile`: SQL as it would run, into `target/compiled`, and on stdout where one thing was asked for.

use crate::cli;
use crate::cli::arguments::CompileFlags;
use crate::error::Result;
use crate::flow;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::run::Database;
use crate::ui;

pub fn perform(flags: CompileFlags) -> Result<()> {
    let inline = flags.inline;
    let (house, console) = cli::open("compile", flags.deferral.over(flags.selection.over(flags.project.flags())))?;
    let engine = flow::explore(&house)?;
    let session = engine.session()?;
    let database = Database { session: &session, observe: &Silent };
    console.close();
    if let Some(text) = inline {
        let sql = house.compile_text(&text, &database)?;
        ui::write_out(&format!("{}\n", sql.trim_end()));
        return Ok(());
    }
    let (selected, unmatched) = house.select(&[NodeKind::Model, NodeKind::Test])?;
    unmatched.iter().for_each(ui::show_diagnostic);
    let compiled = house.compile(&selected, &database)?;
    // Tests come along with their model; they are not what was asked for.
    let models: Vec<_> = compiled.iter().filter(|(id, _)| house.project.nodes[*id].kind == NodeKind::Model).collect();
    match (models.as_slice(), house.settings.flags.select.is_empty()) {
        ([(_, sql)], false) => ui::write_out(&format!("{}\n", sql.trim_end())),
        _ => {
            ui::say(&format!("compiled {} nodes into {}/compiled", compiled.len(), house.project.target_path.display()))
        }
    }
    Ok(())
}
