//! Which names a query knows, and what they stand for.

use super::How;
use super::origin::Value;
use crate::name::NodeId;

/// Names without parentheses that DuckDB answers itself, where no column is called so.
const OF_THE_CLOCK: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

/// A column by its name; one without a name cannot be named by anybody.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: Value,
    /// Whether only its table's name finds it: the second one of a `using`.
    pub(super) is_hidden: bool,
}

impl Named {
    pub(super) fn new(name: impl Into<String>, value: Value) -> Self {
        Self { name: name.into(), value, is_hidden: false }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Columns that a table may have besides those that are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rest {
    None,
    /// Any, of a table of which nothing says what it has.
    Of(NodeId),
    /// Any, each made of this.
    Made(Value),
    /// Any, for this reason.
    Untold(String),
}

/// What a query or a table gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) columns: Vec<Named>,
    pub(super) rest: Rest,
}

impl Shape {
    pub(super) fn of(columns: Vec<Named>) -> Self {
        Self { columns, rest: Rest::None }
    }

    pub(super) fn untold(reason: impl Into<String>) -> Self {
        Self { columns: Vec::new(), rest: Rest::Untold(reason.into()) }
    }

    /// What a name stands for that is not among the known columns.
    pub(super) fn unlisted(&self, name: &str) -> Option<Value> {
        match &self.rest {
            Rest::None => None,
            Rest::Of(table) => Some(Value::column(table, name)),
            Rest::Made(value) => Some(value.clone()),
            Rest::Untold(reason) => Some(Value::untold(reason.clone())),
        }
    }

    fn find(&self, name: &str) -> Option<Value> {
        self.columns.iter().find(|column| column.is(name)).map(|column| column.value.clone())
    }
}

/// A table of a `from`, under the name that it has there.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    /// Empty for what is in no schema.
    pub(super) schema: String,
    pub(super) shape: Shape,
}

/// The names of one query, over those of the query around it.
#[derive(Clone, Default)]
pub(super) struct Scope<'a> {
    pub(super) tables: Vec<Table>,
    /// Parameters of lambdas, the innermost last.
    pub(super) parameters: Vec<(String, Value)>,
    /// Columns of the select so far, by their new names.
    pub(super) aliases: Vec<Named>,
    pub(super) around: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    /// What `a`, `table.a`, `schema.table.a` or `a.field` stands for.
    pub(super) fn find(&self, names: &[&str]) -> Value {
        let Some((first, fields)) = names.split_first() else { return Value::untold("a column without a name") };
        if let Some(value) = self.listed(names) {
            return value;
        }
        let open: Vec<_> = self.tables.iter().filter_map(|table| table.shape.unlisted(first)).collect();
        let further = self.around.and_then(|around| around.listed(names));
        match (open.as_slice(), further, self.around) {
            ([], Some(found), _) => found,
            ([], None, Some(around)) => around.find(names),
            ([], None, None) if OF_THE_CLOCK.contains(&names.join(".").to_lowercase().as_str()) => Value::default(),
            ([], None, None) => Value::untold(format!("nothing is called `{}` here", names.join("."))),
            ([only], None, _) => fields.iter().fold(only.clone(), |value, field| value.field(field)),
            _ => Value::untold(format!("`{first}` may be of several tables, of which not all columns are known")),
        }
    }

    /// What the names stand for, where it is among what is known here.
    fn listed(&self, names: &[&str]) -> Option<Value> {
        let (first, fields) = names.split_first()?;
        let inside = |value: Value, fields: &[&str]| fields.iter().fold(value, |value, field| value.field(field));
        if let Some((_, value)) = self.parameters.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(first)) {
            return Some(inside(value.clone(), fields));
        }
        for at in 0..names.len().saturating_sub(1).min(3) {
            let table = self.tables.iter().find(|table| {
                table.name.eq_ignore_ascii_case(names[at])
                    && (at == 0 || table.schema.eq_ignore_ascii_case(names[at - 1]))
            });
            if let Some(table) = table {
                let (column, fields) = (names[at + 1], &names[at + 2..]);
                let value = table.shape.find(column).or_else(|| table.shape.unlisted(column))?;
                return Some(inside(value, fields));
            }
        }
        let visible = |table: &Table| table.shape.columns.iter().find(|it| it.is(first) && !it.is_hidden).cloned();
        let found = self.tables.iter().find_map(visible);
        let found = found.or_else(|| self.aliases.iter().find(|column| column.is(first)).cloned());
        if let Some(column) = found {
            return Some(inside(column.value, fields));
        }
        // A table's own name is a struct of all its columns.
        let table = self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(first))?;
        let columns = table.shape.columns.iter().map(|column| (column.name.clone(), column.value.clone())).collect();
        let row = Value::structure(columns);
        Some(match table.shape.unlisted(first) {
            Some(more) => row.with(vec![more], How::Computed),
            None => row,
        })
    }
}
