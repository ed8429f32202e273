//! The functions of a rendering: `ref`, `source`, `var`, `return`, `run_query` and the others that dbt gives templates.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use crate::error::suggestion;
use crate::render::door::Answer;
use crate::render::door::Question;
use crate::render::fault::told;
use crate::render::references;
use crate::render::rendering::Rendering;
use crate::render::rows::TableValue;
use crate::render::values::from_json;
use crate::render::values::split;
use crate::render::values::wrong;

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Ref,
    Source,
    Config,
    Var,
    EnvVar,
    Doc,
    Log,
    Print,
    Return,
    /// A `return` that ends its macro.
    Result,
    IsIncremental,
    RunQuery,
    Statement,
    LoadResult,
    StoreResult,
    TryOrCompilerError,
    /// The prelude's.
    Start,
    Keep,
    /// A generic test's call.
    Test,
}

const VERBS: &[(&str, Verb)] = &[
    ("ref", Verb::Ref),
    ("source", Verb::Source),
    ("config", Verb::Config),
    ("var", Verb::Var),
    ("env_var", Verb::EnvVar),
    ("doc", Verb::Doc),
    ("log", Verb::Log),
    ("print", Verb::Print),
    ("return", Verb::Return),
    (crate::render::definitions::RESULT, Verb::Result),
    ("is_incremental", Verb::IsIncremental),
    ("run_query", Verb::RunQuery),
    ("statement", Verb::Statement),
    ("load_result", Verb::LoadResult),
    ("store_result", Verb::StoreResult),
    ("try_or_compiler_error", Verb::TryOrCompilerError),
    ("__cp_start", Verb::Start),
    ("__cp_keep", Verb::Keep),
    ("__cp_test", Verb::Test),
];

impl Verb {
    /// The function of a name.
    pub fn parse(name: &str) -> Option<Self> {
        VERBS.iter().find(|(known, _)| *known == name).map(|(_, verb)| *verb)
    }

    /// Names that a person may use.
    pub fn names() -> impl Iterator<Item = &'static str> {
        VERBS.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("__cp"))
    }

    fn name(self) -> &'static str {
        VERBS.iter().find(|(_, verb)| *verb == self).map_or("", |(name, _)| name)
    }
}

/// A function in one rendering.
#[derive(Debug)]
pub(super) struct Function {
    pub verb: Verb,
    pub rendering: Arc<Rendering>,
}

impl Object for Function {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        let rendering = &self.rendering;
        let given = Given { verb: self.verb, arguments };
        let nothing = Ok(Value::from(""));
        match self.verb {
            Verb::Ref => references::reference(rendering, arguments),
            Verb::Source => references::source(rendering, arguments),
            Verb::Config => crate::render::settings::note(rendering, arguments),
            Verb::Var => variable(rendering, &given),
            Verb::EnvVar => environment_variable(rendering, &given),
            Verb::Doc => document(rendering, &given),
            Verb::Log => {
                let aloud =
                    given.named("info").or_else(|| arguments.get(1).cloned()).is_some_and(|info| info.is_true());
                if aloud { say(rendering, given.at(0).to_string()) } else { nothing }
            }
            Verb::Print => say(rendering, given.at(0).to_string()),
            Verb::Return | Verb::Result => {
                let value = split(arguments).0.first().cloned().unwrap_or(Value::from(()));
                rendering.noted().returned = Some(value);
                if self.verb == Verb::Result { nothing } else { Err(wrong("`return` stands outside a macro")) }
            }
            Verb::IsIncremental => Ok(Value::from(rendering.incremental)),
            Verb::RunQuery => run_query(rendering, &given.at(0).to_string()),
            Verb::Statement => statement(rendering, state, &given),
            Verb::LoadResult => {
                Ok(rendering.noted().results.get(&given.at(0).to_string()).cloned().unwrap_or(Value::from(())))
            }
            Verb::StoreResult => {
                let result =
                    Value::from_pairs([("response", given.value("response")), ("table", given.value("agate_table"))]);
                rendering.noted().results.insert(given.at(0).to_string(), result);
                nothing
            }
            Verb::TryOrCompilerError => {
                let rest = arguments.get(2..).unwrap_or_default();
                given.at(1).call(state, rest).map_err(|_| told(given.at(0).to_string(), None))
            }
            Verb::Start | Verb::Keep => {
                let first = given.at(0);
                if self.verb == Verb::Start {
                    rendering.start(first)
                } else {
                    rendering.keep(first)
                }
                nothing
            }
            Verb::Test => crate::render::generic::call(rendering, state, arguments),
        }
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let given = Given { verb: self.verb, arguments };
        match (self.verb, method) {
            (Verb::Config, _) => crate::render::settings::method(&self.rendering, state, method, arguments),
            (Verb::Var, "has_var") => {
                Ok(Value::from(self.rendering.shared.variable(&given.at(0).to_string()).is_some()))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.verb.name())
    }
}

/// A call's arguments.
struct Given<'call> {
    verb: Verb,
    arguments: &'call [Value],
}

impl Given<'_> {
    /// A positional argument; undefined where there is none.
    fn at(&self, at: usize) -> Value {
        split(self.arguments).0.get(at).cloned().unwrap_or_default()
    }

    fn named(&self, name: &str) -> Option<Value> {
        split(self.arguments).1?.get::<Option<Value>>(name).ok().flatten()
    }

    fn value(&self, name: &str) -> Value {
        self.named(name).unwrap_or(Value::from(()))
    }

    /// The first argument, which is a name.
    fn name(&self) -> Result<String, Error> {
        match self.at(0) {
            name if name.kind() == ValueKind::String => Ok(name.to_string()),
            other => {
                Err(wrong(format!("`{}` wants a name, not {}", self.verb.name(), crate::render::values::named(&other))))
            }
        }
    }

    fn default(&self) -> Option<Value> {
        split(self.arguments).0.get(1).cloned().or_else(|| self.named("default"))
    }
}

fn variable(rendering: &Rendering, given: &Given<'_>) -> Result<Value, Error> {
    let name = given.name()?;
    let shared = &rendering.shared;
    shared.variable(&name).or_else(|| given.default()).ok_or_else(|| {
        let help = suggestion(&name, shared.project.vars.keys().map(String::as_str))
            .unwrap_or_else(|| format!("set it under `vars:` in `dbt_project.yml`, or with `--vars '{name}: …'`"));
        told(format!("variable `{name}` is not set"), Some(help))
    })
}

fn environment_variable(rendering: &Rendering, given: &Given<'_>) -> Result<Value, Error> {
    let name = given.name()?;
    if name.starts_with("DBT_ENV_SECRET") {
        let help = "secrets may be used in `profiles.yml` alone".to_string();
        return Err(told(format!("`{name}` is a secret, and a template's text is not"), Some(help)));
    }
    let environment = &rendering.shared.environment;
    environment.get(&name).map(Value::from).or_else(|| given.default()).ok_or_else(|| unset(&name, environment))
}

/// An environment variable is missing.
pub(super) fn unset(name: &str, environment: &crate::config::Environment) -> Error {
    let help = suggestion(name, environment.names())
        .unwrap_or_else(|| "set it in the environment or in `.env`, or give a default".to_string());
    told(format!("environment variable `{name}` is not set"), Some(help))
}

fn document(rendering: &Rendering, given: &Given<'_>) -> Result<Value, Error> {
    let name = split(given.arguments).0.last().cloned().unwrap_or_default().to_string();
    let docs = &rendering.shared.project.docs;
    docs.get(&name).map(|text| Value::from(text.as_str())).ok_or_else(|| {
        told(format!("there is no `docs` block `{name}`"), suggestion(&name, docs.keys().map(String::as_str)))
    })
}

/// A line for the person, at run time alone: a scan would say it twice.
pub(super) fn say(rendering: &Rendering, text: String) -> Result<Value, Error> {
    if !rendering.is_scan() {
        rendering.ask(Question::Say(text))?;
    }
    Ok(Value::from(""))
}

/// The rows of a query; `none` where nothing is executed.
pub(super) fn run_query(rendering: &Rendering, sql: &str) -> Result<Value, Error> {
    rendering.noted().introspects = true;
    if !rendering.execute {
        return Ok(Value::from(()));
    }
    match rendering.ask(Question::Query(sql.to_string()))? {
        Answer::Rows(rows) => Ok(Value::from_object(TableValue::new(&rows))),
        _ => Err(wrong("the query has no rows")),
    }
}

/// `{% call statement('name', fetch_result=true) %} SQL {% endcall %}`.
fn statement(rendering: &Rendering, state: &mut State<'_, '_>, given: &Given<'_>) -> Result<Value, Error> {
    rendering.noted().introspects = true;
    let name = split(given.arguments).0.first().cloned().or_else(|| given.named("name"));
    let caller = given.named("caller").ok_or_else(|| wrong("`statement` wants a body: `{% call statement(…) %}`"))?;
    if !rendering.execute {
        return Ok(Value::from(""));
    }
    let sql = caller.call(state, &[])?.to_string();
    let table = run_query(rendering, &sql)?;
    if let Some(name) = name.filter(|name| !name.is_none()) {
        let data = table.downcast_object_ref::<TableValue>().map_or(Value::from(()), TableValue::data);
        let result = Value::from_pairs([("response", Value::from("OK")), ("data", data), ("table", table)]);
        rendering.noted().results.insert(name.to_string(), result);
    }
    Ok(Value::from(""))
}

/// A setting as a value.
pub(super) fn setting(rendering: &Rendering, name: &str) -> Option<Value> {
    rendering.setting(name).map(|json| from_json(&json))
}
