//! The report as one page of HTML that needs nothing else, in light and dark, on a screen and on a phone.

use serde_json::Value as Json;
use serde_json::json;

use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Standing;
use crate::diff::phrase;
use crate::diff::rows::Sum;
use crate::diff::value::percent;
use crate::diff::value::spaced;
use crate::error::Result;
use crate::page::Pages;

const PAGE: &str = include_str!("page.html");

/// The report as a page.
///
/// # Errors
/// A fault in the page itself.
pub fn html(report: &Report) -> Result<String> {
    let facts = json!({
        "verdict": phrase::verdict(report),
        "sides": phrase::sides(report),
        "scores": phrase::scores(&report.counts),
        "published": report.published,
        "notes": report.notes,
        "models": report.told().into_iter().map(model).collect::<Vec<_>>(),
        "layout": names(report, Standing::Layout),
        "downstream": names(report, Standing::Downstream),
    });
    Pages::of(&[("page.html", PAGE)])?.page("page.html", facts)
}

fn names(report: &Report, standing: Standing) -> Json {
    report.standing(standing).map(|model| json!({"name": model.name, "is_published": model.is_published})).collect()
}

fn model(model: &Model) -> Json {
    let mut facts = json!(model);
    facts["headline"] = json!(phrase::summary(model));
    facts["origin"] = json!(phrase::origin(model));
    facts["below"] = json!(phrase::downstream(model));
    if let Some(rows) = &model.rows {
        let sum = |it: &Sum| {
            json!({
                "column": it.column,
                "before": spaced(&it.before),
                "after": spaced(&it.after),
                "change": percent(&it.before, &it.after),
            })
        };
        facts["rows"]["sums"] = rows.sums.iter().map(sum).collect();
    }
    facts["word"] = json!(match model.standing {
        Standing::Failed => "not built",
        Standing::Changed => "data changed",
        Standing::Added => "added",
        Standing::Removed => "removed",
        _ => "data equal",
    });
    facts
}
