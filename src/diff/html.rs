//! The report as one page of HTML that needs nothing else, in light and dark, on a screen and on a phone.

use minijinja::Environment;
use minijinja::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde_json::Value as Json;
use serde_json::json;

use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Standing;
use crate::diff::phrase;
use crate::diff::value::percent;
use crate::diff::value::spaced;
use crate::error::Error;
use crate::error::Result;

/// The page; every value is escaped, for its name ends in `html`.
const PAGE: &str = include_str!("page.html");

/// The report as a page.
///
/// # Errors
/// A fault in the page itself.
pub fn html(report: &Report) -> Result<String> {
    let mut engine = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        engine.set_syntax(syntax);
    }
    engine.add_filter("spaced", |number: String| spaced(&number));
    engine.add_filter("percent", |before: String, after: String| percent(&before, &after).unwrap_or_default());
    let page = engine.add_template("page.html", PAGE).and_then(|()| engine.get_template("page.html"));
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
    page.and_then(|page| page.render(Value::from(Serde(facts))))
        .map_err(|error| Error::call("cannot make the page").because(error.to_string()))
}

fn names(report: &Report, standing: Standing) -> Json {
    report.standing(standing).map(|model| json!({"name": model.name, "is_published": model.is_published})).collect()
}

fn model(model: &Model) -> Json {
    let mut facts = json!(model);
    facts["headline"] = json!(phrase::summary(model));
    facts["origin"] = json!(phrase::origin(model));
    facts["below"] = json!(phrase::downstream(model));
    facts["word"] = json!(match model.standing {
        Standing::Failed => "not built",
        Standing::Changed => "data changed",
        Standing::Added => "added",
        Standing::Removed => "removed",
        _ => "data equal",
    });
    facts
}
