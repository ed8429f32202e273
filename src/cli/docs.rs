//! `cp docs`: the project as a static site, and a look at it.

use crate::cli;
use crate::cli::arguments::DocsFlags;
use crate::error::Error;
use crate::error::Result;
use crate::flow::Served;
use crate::flow::Stop;
use crate::ui;

pub fn perform(flags: DocsFlags) -> Result<()> {
    // A port that is taken is told before anything is made.
    let served = flags.serve.then(|| Served::at(flags.port)).transpose()?;
    let (house, console) = cli::open("docs", flags.common.flags())?;
    let made = house.write_docs(&console);
    console.close();
    let made = made?;
    match served {
        None => ui::write_out(&format!("{}\n", house.settings.layout.shown(&house.site().join("index.html")))),
        Some(served) => {
            let stop = Stop::listen(ui::say);
            stop.finish_first("stopped");
            ui::write_out(&format!("{}\n", served.address()));
            served.answer(&house.site(), || stop.is_asked())?;
        }
    }
    match made.broken.as_slice() {
        [] => Ok(()),
        [first, more @ ..] => {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            Err(Error::call(format!("`{first}`{more} does not compile; the site says why"))
                .help(format!("`cp compile --select {first}` says so here")))
        }
    }
}
