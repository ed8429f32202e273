//! Names that hold others: `adapter`, `api`, `exceptions`, `builtins`, and the packages of macros.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::error::suggestion;
use crate::render::door::Answer;
use crate::render::door::Question;
use crate::render::fault::raised;
use crate::render::fault::told;
use crate::render::relations::ColumnMaker;
use crate::render::relations::RelationValue;
use crate::render::relations::columns;
use crate::render::rendering::Rendering;
use crate::render::values::List;
use crate::render::values::split;
use crate::render::values::wrong;
use crate::render::verbs::Function;
use crate::render::verbs::Verb;
use crate::render::verbs::run_query;
use crate::render::verbs::say;

/// Which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Adapter,
    Api,
    Relations,
    Exceptions,
    Builtins,
    /// Macros by package.
    Package(String),
}

/// A holder of names in one rendering.
#[derive(Debug)]
struct Namespace {
    which: Which,
    rendering: Arc<Rendering>,
}

/// The holder of this name.
pub(super) fn named(rendering: &Arc<Rendering>, name: &str) -> Option<Value> {
    let which = match name {
        "adapter" => Which::Adapter,
        "api" => Which::Api,
        "exceptions" => Which::Exceptions,
        "builtins" => Which::Builtins,
        _ => return None,
    };
    Some(Value::from_object(Namespace { which, rendering: rendering.clone() }))
}

/// The macros of a package.
pub(super) fn package(rendering: &Arc<Rendering>, name: &str) -> Value {
    Value::from_object(Namespace { which: Which::Package(name.to_string()), rendering: rendering.clone() })
}

impl Object for Namespace {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let rendering = &self.rendering;
        match &self.which {
            Which::Package(package) => {
                rendering.shared.library.find_in(package, name).map(|found| rendering.callable(found))
            }
            Which::Builtins => {
                let verb = Verb::parse(name)
                    .filter(|verb| matches!(verb, Verb::Ref | Verb::Source | Verb::Config | Verb::Var));
                verb.map(|verb| Value::from_object(Function { verb, rendering: rendering.clone() }))
            }
            Which::Api => match name {
                "Column" => Some(Value::from_object(ColumnMaker { dialect: rendering.shared.dialect() })),
                "Relation" => Some(Value::from_object(Self { which: Which::Relations, rendering: rendering.clone() })),
                _ => None,
            },
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        match self.which {
            Which::Relations => self.relation(arguments),
            _ => Err(wrong("this cannot be called")),
        }
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        match &self.which {
            Which::Adapter => self.adapter(method, arguments),
            Which::Exceptions => self.exception(method, arguments),
            Which::Relations if matches!(method, "create" | "create_from") => self.relation(arguments),
            Which::Package(package) => {
                let library = &self.rendering.shared.library;
                let found = library.find_in(package, method).ok_or_else(|| {
                    told(format!("package `{package}` has no macro `{method}`"), suggestion(method, library.names()))
                })?;
                self.rendering.callable(found).call(state, arguments)
            }
            Which::Builtins | Which::Api => match self.get_value(&Value::from(method)) {
                Some(value) => value.call(state, arguments),
                None => Err(Error::from(ErrorKind::UnknownMethod)),
            },
            Which::Relations => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{:?}>", self.which)
    }
}

impl Namespace {
    fn relation(&self, arguments: &[Value]) -> Result<Value, Error> {
        let shared = &self.rendering.shared;
        RelationValue::create(shared.dialect(), arguments, &shared.relation_named("")).map(Value::from_object)
    }

    fn exception(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let text = arguments.first().map(Value::to_string).unwrap_or_default();
        match method {
            "warn" => say(&self.rendering, format!("warning: {text}")),
            "raise_not_implemented" => Err(raised(format!("not implemented: {text}"))),
            _ if method.starts_with("raise_") || method.ends_with("_error") => Err(raised(text)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn adapter(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let rendering = &self.rendering;
        let (positional, named) = split(arguments);
        let first = || {
            let named = || named.as_ref()?.get::<Value>("macro_name").ok();
            positional.first().cloned().or_else(named).map(|value| value.to_string()).unwrap_or_default()
        };
        match method {
            "dispatch" => self.dispatch(&first()),
            "quote" | "quote_as_configured" => Ok(Value::from(rendering.shared.dialect().quote(&first()))),
            "type" => Ok(Value::from(rendering.shared.dialect().name())),
            "is_motherduck" | "is_ducklake" => Ok(Value::from(false)),
            "commit" | "cache_added" | "cache_dropped" | "expand_target_column_types" => Ok(Value::from("")),
            "get_columns_in_relation"
            | "get_missing_columns"
            | "get_relation"
            | "load_relation"
            | "check_schema_exists"
            | "list_relations"
            | "list_schemas"
            | "execute" => {
                rendering.noted().introspects = true;
                self.asked(method, arguments)
            }
            _ => Err(told(
                format!("`adapter.{method}` is not supported"),
                suggestion(
                    method,
                    [
                        "dispatch",
                        "quote",
                        "get_columns_in_relation",
                        "get_missing_columns",
                        "get_relation",
                        "check_schema_exists",
                        "type",
                    ],
                ),
            )),
        }
    }

    fn dispatch(&self, name: &str) -> Result<Value, Error> {
        let library = &self.rendering.shared.library;
        let name = name.rsplit('.').next().unwrap_or(name);
        library.dispatch(name).map(|found| self.rendering.callable(found)).map_err(|looked| {
            let message = format!("no macro implements `{name}` for this database");
            told(message, Some(format!("neither `{}` nor `{}` is defined", looked[0], looked[1])))
        })
    }

    /// The methods that ask the database; where nothing is executed they find nothing.
    fn asked(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let rendering = &self.rendering;
        let nothing = !rendering.execute;
        let first = arguments.first().cloned().unwrap_or_default();
        match method {
            "get_columns_in_relation" if nothing => Ok(List::of([])),
            "get_missing_columns" if nothing => Ok(List::of([])),
            "list_relations" | "list_schemas" if nothing => Ok(List::of([])),
            "check_schema_exists" if nothing => Ok(Value::from(false)),
            _ if nothing => Ok(Value::from(())),
            "get_columns_in_relation" => Ok(columns(rendering.shared.dialect(), self.columns_of(&first)?)),
            "get_missing_columns" => {
                let known = self.columns_of(&arguments.get(1).cloned().unwrap_or_default())?;
                let missing = self
                    .columns_of(&first)?
                    .into_iter()
                    .filter(|(name, _)| !known.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)));
                Ok(columns(rendering.shared.dialect(), missing.collect()))
            }
            "get_relation" | "load_relation" => {
                let wanted = match first.downcast_object_ref::<RelationValue>() {
                    Some(relation) => relation.clone(),
                    None => {
                        let shared = &rendering.shared;
                        RelationValue::create(shared.dialect(), arguments, &shared.relation_named(""))?
                    }
                };
                match rendering.ask(Question::KindOf(wanted.relation.clone()))? {
                    Answer::Kind(Some(kind)) => Ok(Value::from_object(wanted.of_kind(kind))),
                    _ => Ok(Value::from(())),
                }
            }
            "check_schema_exists" => {
                let schema = arguments.get(1).unwrap_or(&first).to_string();
                let sql = format!(
                    "select schema_name from information_schema.schemata where schema_name = {}",
                    literal(&schema)
                );
                Ok(Value::from(run_query(rendering, &sql)?.len().unwrap_or(0) > 0))
            }
            "list_schemas" => run_query(rendering, "select distinct schema_name from information_schema.schemata"),
            "list_relations" => self.relations(&arguments.get(1).unwrap_or(&first).to_string()),
            _ => run_query(rendering, &first.to_string()),
        }
    }

    fn relations(&self, schema: &str) -> Result<Value, Error> {
        let rendering = &self.rendering;
        let sql = format!(
            "select table_catalog, table_name, table_type from information_schema.tables where table_schema = {} order by 2",
            literal(schema)
        );
        let mut found = Vec::new();
        for row in crate::render::values::items(&run_query(rendering, &sql)?)? {
            let cell = |at: usize| row.get_item_by_index(at).map(|value| value.to_string());
            let relation = crate::name::Relation::new(cell(0)?, schema, cell(1)?);
            let kind = if cell(2)? == "VIEW" { "view" } else { "table" };
            found.push(Value::from_object(RelationValue::new(rendering.shared.dialect(), relation).of_kind(kind)));
        }
        Ok(List::of(found))
    }

    fn columns_of(&self, relation: &Value) -> Result<Vec<(String, String)>, Error> {
        let Some(found) = relation.downcast_object_ref::<RelationValue>() else {
            return Err(wrong(format!("a relation is wanted here, not {}", named_value(relation))));
        };
        match self.rendering.ask(Question::ColumnsOf(found.relation.clone()))? {
            Answer::Columns(columns) => Ok(columns),
            _ => Ok(Vec::new()),
        }
    }
}

fn named_value(value: &Value) -> String {
    crate::render::values::named(value)
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
