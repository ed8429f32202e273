//! Jinja in the texts of yml files: `env_var` and `var`, before there is a project.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::Value;
use serde_json::Value as Json;

use crate::config::Environment;
use crate::config::ProfileValues;
use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::render::builtins::engine;
use crate::render::fault::plain;
use crate::render::fault::told;
use crate::render::values::from_json;
use crate::render::verbs::unset;

/// A yml text with its Jinja rendered. Secrets may be used here; no message holds a value.
///
/// # Errors
/// The text is no Jinja, names what is not there, or a variable is not set. The error has no place: the caller knows it.
pub fn expand(
    text: &str,
    environment: &Environment,
    vars: Option<&IndexMap<String, Json>>,
    target: Option<&ProfileValues>,
) -> Result<String> {
    if !["{{", "{%", "{#"].iter().any(|start| text.contains(start)) {
        return Ok(text.to_string());
    }
    let mut engine = engine();
    let known = Arc::new(environment.clone());
    engine.add_function("env_var", move |name: &str, default: Option<Value>| {
        known.get(name).map(Value::from).or(default).ok_or_else(|| unset(name, &known))
    });
    let vars: Arc<IndexMap<String, Json>> = Arc::new(vars.cloned().unwrap_or_default());
    engine.add_function("var", move |name: &str, default: Option<Value>| {
        vars.get(name).map(from_json).or(default).ok_or_else(|| {
            told(format!("variable `{name}` is not set"), suggestion(name, vars.keys().map(String::as_str)))
        })
    });
    if let Some(target) = target {
        let facts = [
            ("name", target.target.as_str()),
            ("schema", target.schema.as_str()),
            ("type", target.dialect.name()),
            ("profile_name", target.profile.as_str()),
        ];
        engine.add_global("target", Value::from_iter(facts));
    }
    let rendered = engine.template_from_str(text).and_then(|template| template.render(()));
    rendered.map_err(|error| {
        let (mut message, help) = plain(&error, text);
        for name in environment.names().filter(|name| name.starts_with("DBT_ENV_SECRET")) {
            if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
                message = message.replace(value, "***");
            }
        }
        let error = Error::call(message);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String> {
        let environment = Environment::of([("HOME_SCHEMA", "prod"), ("DBT_ENV_SECRET_KEY", "hush")]);
        let vars = IndexMap::from([("days".to_string(), Json::from(7))]);
        expand(text, &environment, Some(&vars), None)
    }

    #[test]
    fn no_message_holds_a_secret() {
        for text in ["{{ env_var('DBT_ENV_SECRET_KEY') + 1 }}", "{{ env_var('DBT_ENV_SECRET_KEY').nope() }}"] {
            let error = expanded(text).unwrap_err();
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn texts_are_expanded_and_faults_name_no_value() {
        assert_eq!(expanded("plain {x}").unwrap(), "plain {x}");
        assert_eq!(expanded("{{ env_var('HOME_SCHEMA') }}_{{ var('days') + 1 }}").unwrap(), "prod_8");
        assert_eq!(expanded("{{ env_var('NONE', 'x') | as_text }}").unwrap(), "x");
        assert_eq!(expanded("{{ env_var('DBT_ENV_SECRET_KEY') }}").unwrap(), "hush");
        let error = expanded("{{ env_var('HOME_SCHEM') }}").unwrap_err();
        assert_eq!(error.message(), "environment variable `HOME_SCHEM` is not set");
        assert_eq!(error.help_text(), Some("did you mean `HOME_SCHEMA`?"));
        assert_eq!(expanded("{{ var('dayz') }}").unwrap_err().help_text(), Some("did you mean `days`?"));
        assert_eq!(expanded("{{ targe }}").unwrap_err().message(), "`targe` is not defined");
        assert!(
            expanded("{{ env_var('DBT_ENV_SECRET_KEY').nope() + 1 }}")
                .is_err_and(|error| !error.to_string().contains("hush"))
        );
        assert!(expanded("{{ 1 ").is_err());
    }
}
