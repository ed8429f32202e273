//! `cp diff`: what the working tree does to the numbers, beside a revision of it.

use crate::cli;
use crate::cli::arguments::DiffFlags;
use crate::cli::arguments::DiffOutput;
use crate::cli::golden;
use crate::config::Flags;
use crate::error::Error;
use crate::error::Result;
use crate::flow;
use crate::ui;

pub fn perform(flags: DiffFlags) -> Result<()> {
    let (base, output, is_strict) = (flags.base, flags.output, flags.exit_code);
    let flags = Flags { data: flags.data, ..flags.selection.over(flags.common.flags()) };
    let (house, console) = cli::open("diff", flags)?;
    let compared = house.diff(base.as_deref(), &console);
    console.close();
    let report = compared?;
    ui::write_out(&match output {
        DiffOutput::Text => flow::diff_text(&report)
            .iter()
            .map(|paragraph| golden::lines(&paragraph.name, &paragraph.headline, &paragraph.lines))
            .collect::<Vec<_>>()
            .join("\n"),
        DiffOutput::Markdown => flow::diff_markdown(&report, flow::DIFF_LIMIT),
        DiffOutput::Json => format!("{}\n", report.to_json()),
        DiffOutput::Html => flow::diff_html(&report)?,
    });
    match is_strict && !report.is_equal() {
        true => Err(Error::data("the data of both sides is not equal").help("`--exit-code` asked for an error")),
        false => Ok(()),
    }
}
