//! `cp test`: the checks, of the models on the sample and of what is in the warehouse.

use crate::cli;
use crate::cli::arguments::TestFlags;
use crate::cli::summary;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::flow::Stop;
use crate::project::NodeKind;
use crate::ui;

pub fn perform(flags: TestFlags) -> Result<()> {
    let (house, console) = cli::open("test", flags.flags())?;
    if house.settings.flags.unreferenced {
        console.close();
        return unreferenced(&house);
    }
    if let Some(model) = &house.settings.flags.scaffold {
        console.close();
        ui::write_out(&house.scaffold(model)?);
        return Ok(());
    }
    if house.settings.flags.dry_run {
        return summary::plan(&house, &house.dry_run(&[NodeKind::Test])?);
    }
    let done = house.test(&console, &Stop::listen(crate::ui::say))?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}

/// Prints snapshots of models that are gone.
fn unreferenced(house: &House) -> Result<()> {
    let files = house.unreferenced_snapshots()?;
    for file in &files {
        ui::write_out(&format!("{}\n", file.display()));
    }
    match files.len() {
        0 => Ok(()),
        1 => Err(Error::data("a snapshot is of a model that is gone").help("remove this file")),
        count => Err(Error::data(format!("{count} snapshots are of models that are gone")).help("remove these files")),
    }
}
