//! Relations and columns as templates see them: `this`, what `ref` gives, `api.Relation` and `api.Column`.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::dialect::Dialect;
use crate::name::Relation;
use crate::render::values::List;
use crate::render::values::entries;
use crate::render::values::split;
use crate::render::values::wrong;

/// A relation, and which of its parts print and how.
#[derive(Debug, Clone)]
pub(super) struct RelationValue {
    /// Whose quotes it prints in.
    dialect: Dialect,
    pub relation: Relation,
    /// Whether database, schema and name print.
    include: [bool; 3],
    /// Whether they print in quotes.
    quoted: [bool; 3],
    /// `table` or `view`, where that is known.
    kind: Option<String>,
    /// The name of the common table expression that stands for it.
    cte: Option<String>,
}

impl RelationValue {
    /// A relation that prints with all its parts in quotes.
    pub fn new(dialect: Dialect, relation: Relation) -> Self {
        Self { dialect, relation, include: [true; 3], quoted: [true; 3], kind: None, cte: None }
    }

    /// An ephemeral model: it prints as the name of its common table expression.
    pub fn ephemeral(dialect: Dialect, relation: Relation, cte: String) -> Self {
        Self { cte: Some(cte), ..Self::new(dialect, relation) }
    }

    /// The same, of a known kind: `table` or `view`.
    pub fn of_kind(self, kind: &str) -> Self {
        Self { kind: Some(kind.to_string()), ..self }
    }

    /// `api.Relation.create(database=…, schema=…, identifier=…, type=…)`.
    pub fn create(dialect: Dialect, arguments: &[Value], defaults: &Relation) -> Result<Self, Error> {
        let (positional, named) = split(arguments);
        let mut created = Self::new(dialect, Relation { name: String::new(), ..defaults.clone() });
        let names = ["database", "schema", "identifier"];
        let mut given: Vec<(Value, Value)> =
            names.iter().map(|name| Value::from(*name)).zip(positional.iter().cloned()).collect();
        given.extend(named.map(Value::from).map(|named| entries(&named)).transpose()?.unwrap_or_default());
        let mut seen = [false; 3];
        for (name, value) in given {
            let text = (!value.is_none() && !value.is_undefined()).then(|| value.to_string());
            let at = names.iter().position(|known| name.as_str() == Some(known));
            if let Some(at) = at {
                seen[at] = text.is_some();
                *created.part(at) = text.unwrap_or_default();
            } else if name.as_str() == Some("type") {
                created.kind = text;
            }
        }
        created.include = [true, seen[1] || !defaults.schema.is_empty(), seen[2]];
        Ok(created)
    }

    fn part(&mut self, at: usize) -> &mut String {
        match at {
            0 => &mut self.relation.database,
            1 => &mut self.relation.schema,
            _ => &mut self.relation.name,
        }
    }

    /// A copy with some flags set, as `include(database=false)` says.
    fn with_flags(&self, arguments: &[Value], flags: impl Fn(&mut Self) -> &mut [bool; 3]) -> Result<Self, Error> {
        let mut changed = self.clone();
        let (positional, named) = split(arguments);
        let names = ["database", "schema", "identifier"];
        for (at, value) in positional.iter().take(3).enumerate() {
            flags(&mut changed)[at] = value.is_true();
        }
        for (name, value) in named.map(Value::from).map(|named| entries(&named)).transpose()?.unwrap_or_default() {
            let at = names.iter().position(|known| name.as_str() == Some(known));
            let at = at.ok_or_else(|| wrong(format!("`{name}` is no part of a relation")))?;
            flags(&mut changed)[at] = value.is_true();
        }
        Ok(changed)
    }

    /// A copy with other names: from `path={…}`, or from the arguments themselves.
    fn with_path(&self, arguments: &[Value]) -> Result<Self, Error> {
        let mut changed = self.clone();
        let named = split(arguments).1.map(Value::from).map(|named| entries(&named)).transpose()?.unwrap_or_default();
        let mut all = Vec::new();
        for (name, value) in named {
            match name.as_str() {
                Some("path") => all.extend(entries(&value)?),
                _ => all.push((name, value)),
            }
        }
        for (name, value) in all {
            match name.as_str() {
                Some("database") => changed.relation.database = value.to_string(),
                Some("schema") => changed.relation.schema = value.to_string(),
                Some("identifier") => changed.relation.name = value.to_string(),
                Some("type") => changed.kind = (!value.is_none()).then(|| value.to_string()),
                _ => {}
            }
        }
        Ok(changed)
    }

    fn parts(&self) -> Vec<String> {
        let relation = &self.relation;
        let names = [&relation.database, &relation.schema, &relation.name];
        let shown = names.into_iter().enumerate().filter(|(at, name)| self.include[*at] && !name.is_empty());
        shown.map(|(at, name)| if self.quoted[at] { self.dialect.quote(name) } else { name.clone() }).collect()
    }
}

impl fmt::Display for RelationValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cte {
            Some(cte) => f.write_str(cte),
            None => f.write_str(&self.parts().join(".")),
        }
    }
}

impl Object for RelationValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let identifier = self.cte.as_ref().unwrap_or(&self.relation.name);
        Some(match key.as_str()? {
            "database" => Value::from(self.relation.database.clone()),
            "schema" => Value::from(self.relation.schema.clone()),
            "identifier" | "name" | "table" | "alias" => Value::from(identifier.clone()),
            "type" => self.kind.clone().map_or(Value::from(()), Value::from),
            "is_table" => Value::from(self.kind.as_deref() == Some("table")),
            "is_view" => Value::from(self.kind.as_deref() == Some("view")),
            "is_cte" => Value::from(self.cte.is_some()),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let changed = match method {
            "include" => self.with_flags(arguments, |relation| &mut relation.include)?,
            "quote" => self.with_flags(arguments, |relation| &mut relation.quoted)?,
            "incorporate" | "replace_path" | "replace" => self.with_path(arguments)?,
            "without_identifier" => Self { include: [self.include[0], self.include[1], false], ..(**self).clone() },
            "information_schema" => {
                let view = arguments.first().map_or_else(|| "tables".to_string(), Value::to_string);
                let schema = Relation::new(self.relation.database.clone(), "information_schema", view);
                Self { quoted: [true, false, false], ..Self::new(self.dialect, schema) }
            }
            "render" => return Ok(Value::from(self.to_string())),
            "matches" => {
                let other = Self::create(self.dialect, arguments, &Relation::new("", "", ""))?;
                let same = |a: &str, b: &str| b.is_empty() || a.eq_ignore_ascii_case(b);
                return Ok(Value::from(
                    same(&self.relation.database, &other.relation.database)
                        && same(&self.relation.schema, &other.relation.schema)
                        && same(&self.relation.name, &other.relation.name),
                ));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        Ok(Value::from_object(changed))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct ColumnValue {
    dialect: Dialect,
    pub name: String,
    pub data_type: String,
}

impl ColumnValue {
    fn is_one_of(&self, types: &[&str]) -> bool {
        let base = self.data_type.split('(').next().unwrap_or("").trim().to_lowercase();
        types.contains(&base.as_str())
    }

    fn is_text(&self) -> bool {
        self.is_one_of(&["text", "varchar", "character varying", "char", "bpchar", "string"])
    }

    fn is_whole(&self) -> bool {
        self.is_one_of(&[
            "int64",
            "tinyint",
            "smallint",
            "integer",
            "int",
            "bigint",
            "hugeint",
            "utinyint",
            "usmallint",
            "uinteger",
            "ubigint",
            "uhugeint",
        ])
    }

    fn is_float(&self) -> bool {
        self.is_one_of(&["real", "float", "float4", "float8", "float64", "double"])
    }

    fn is_decimal(&self) -> bool {
        self.is_one_of(&["decimal", "numeric", "bignumeric"])
    }
}

impl Object for ColumnValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "name" | "column" => Value::from(self.name.clone()),
            "dtype" | "data_type" => Value::from(self.data_type.clone()),
            "quoted" => Value::from(self.dialect.quote(&self.name)),
            "char_size" | "numeric_precision" | "numeric_scale" => Value::from(()),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from(match method {
            "is_string" => self.is_text(),
            "is_integer" => self.is_whole(),
            "is_float" => self.is_float(),
            "is_numeric" => self.is_decimal(),
            "is_number" => self.is_whole() || self.is_float() || self.is_decimal(),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.data_type)
    }
}

/// The columns of a relation, as a list.
pub(super) fn columns(dialect: Dialect, found: Vec<(String, String)>) -> Value {
    let column = |(name, data_type)| Value::from_object(ColumnValue { dialect, name, data_type });
    List::of(found.into_iter().map(column))
}

/// `api.Column`: what makes columns and names types.
#[derive(Debug)]
pub(super) struct ColumnMaker {
    /// Whose types it names.
    pub dialect: Dialect,
}

impl Object for ColumnMaker {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        self.call_method(state, "create", arguments)
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let dialect = self.dialect;
        let (positional, named) = split(arguments);
        let given = |at: usize, name: &str| {
            let named = named.as_ref().and_then(|named| named.get::<Option<Value>>(name).ok().flatten());
            positional.get(at).cloned().or(named).filter(|value| !value.is_none()).map(|value| value.to_string())
        };
        let need = |at: usize, name: &str| {
            given(at, name).ok_or_else(|| wrong(format!("`api.Column.{method}` wants `{name}`")))
        };
        Ok(match method {
            "create" => {
                let data_type = given(1, "dtype").or_else(|| given(1, "label_or_dtype")).unwrap_or_default();
                let name = given(0, "column").map_or_else(|| need(0, "name"), Ok)?;
                let data_type = dialect.translate_type(&data_type);
                Value::from_object(ColumnValue { dialect, name, data_type })
            }
            "translate_type" => Value::from(dialect.translate_type(&need(0, "dtype")?)),
            "string_type" => Value::from(dialect.string_type(&need(0, "size")?)),
            "numeric_type" => {
                let digits = given(1, "precision").zip(given(2, "scale"));
                let digits = digits.as_ref().map(|(precision, scale)| (precision.as_str(), scale.as_str()));
                Value::from(dialect.numeric_type(&need(0, "dtype")?, digits))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}
