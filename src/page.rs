//! Pages of HTML, made from templates.

use minijinja::Environment;
use minijinja::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde_json::Value as Json;

use crate::error::Error;
use crate::error::Result;

/// Templates that may include each other.
pub struct Pages(Environment<'static>);

impl Pages {
    /// `templates` are names and texts; the names end in `.html`, so that every value is escaped unless it is said to be
    /// HTML.
    ///
    /// # Errors
    /// A fault in a template.
    pub fn of(templates: &[(&'static str, &'static str)]) -> Result<Self> {
        let mut engine = Environment::new();
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            engine.set_syntax(syntax);
        }
        for (name, text) in templates {
            engine.add_template(name, text).map_err(fault)?;
        }
        Ok(Self(engine))
    }

    /// The page that a template makes of these facts.
    ///
    /// # Errors
    /// A fault in the template.
    pub fn page(&self, template: &str, facts: Json) -> Result<String> {
        self.0.get_template(template).and_then(|it| it.render(Value::from(Serde(facts)))).map_err(fault)
    }
}

fn fault(error: minijinja::Error) -> Error {
    Error::call("cannot make the page").because(error.to_string())
}
