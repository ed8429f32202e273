//! The quality report: what is wrong with the data, first of all; then every number behind it.
//!
//! `reports/<day>/quality_report.html` is the page that people look at, `quality_report.txt` the same for a terminal or a
//! mail, `quality_report.json` for programs. The report knows nothing of the business: a model with
//! `meta.report: {title, order}` is a section, and its rows are the section's table. In it
//!
//! - a column `share` (or one that ends in `_share`) is a share of one, printed as percent;
//! - a column `query` is the SQL that shows the rows behind the numbers, printed beneath the table;
//! - a column `rows` says how many rows those are; groups of the first column where it is 0 are named, not tabled;
//! - a column that begins with `_` is not shown; rows come by `meta.report.order_by` (SQL), else by all columns.
//!
//! `meta.report` may say besides: `when` (an SQL condition) and `show` (a list of columns), which rows and columns it is;
//! `masked`, for rows in which what payloads say stands: what looks like a person's own in them is masked, names of
//! fields too; `chart` (see the module of that name); `rows`, how many are read at a glance; and `as_of`, the column that
//! tells the day of a row: a report of an earlier day leaves out what came later.
//!
//! The model with `meta.report: {headline: true}` holds the headline: for each `figure` a `value`, its `unit` (`share`,
//! `minutes`, or any other name), whether it is `better` `up` or `down` (null for what can only grow), and the first day
//! that it is of, `since`. With `as_of`, the last row of a figure counts.
//!
//! The model with `meta.report: {business_date: true}` says what day the report is about. Apart from that day, what
//! differs between two reports on the same data stands in one place: the lines `run` and `written`, and `run` in the JSON.

mod chart;
mod checks;
mod gather;
mod headline;
mod history;
mod html;
mod json;
mod layout;
mod mask;
mod number;
mod phrase;
mod queries;
mod sample;
mod section;
mod table;
mod text;
mod visible;

use std::path::{Path, PathBuf};

use crate::artifact;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::RunRecord;
use crate::project::Project;
use crate::render::Scanned;

/// Where the report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `reports/<day>`, or a folder in it; absolute where `reports` was.
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

/// What a report is on, besides the project and the warehouse.
#[derive(Debug, Default)]
pub struct Occasion<'a> {
    /// The run that the report belongs to; without one the last run that `target/run_results.json` remembers is told.
    pub record: Option<&'a RunRecord>,
    /// What became of the publication, in a phrase.
    pub verdict: &'a str,
    /// Seeds and models that are not what the project would make now, and why.
    pub outdated: Vec<(NodeId, String)>,
    /// The day, `YYYY-MM-DD`; without it the project's business date is taken, else the day of the run, in UTC.
    pub date: Option<&'a str>,
}

/// Writes the report on what is in the warehouse to `reports/<day>/`, over one that is there. A report of another day than
/// the business date never replaces one that was made on its day: it goes beside that, to `seen_from_<business date>/`.
///
/// # Errors
/// When `date` is no date, or the files cannot be written. A section that is not built, or whose query fails, is told
/// in the report and is no error.
pub fn write(
    project: &Project,
    scanned: &Scanned,
    session: &Session,
    occasion: &Occasion<'_>,
    reports: &Path,
) -> Result<Written> {
    if let Some(date) = occasion.date {
        check_date(date)?;
    }
    let page = gather::gather(project, scanned, session, occasion, reports);
    let mut folder = reports.join(&page.date);
    if let Some(last) = page.seen_from.as_ref().filter(|_| history::is_of_its_day(&folder)) {
        folder = folder.join(format!("seen_from_{last}"));
    }
    let files = [
        ("quality_report.txt", visible::visible(&text::text(&page))),
        ("quality_report.json", json::json(&page)),
        ("quality_report.html", visible::visible(&html::html(&page)?)),
    ];
    let mut written = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        artifact::replace(&path, content.as_bytes())?;
        written.push(path);
    }
    Ok(Written { folder, files: written })
}

/// The date names a folder, so it must be nothing but a date.
fn check_date(text: &str) -> Result<()> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if date.to_string() == text => Ok(()),
        _ => Err(Error::call(format!("`{text}` is no date")).help("write it as `2024-01-31`")),
    }
}

#[cfg(test)]
mod tests;
