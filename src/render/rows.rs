//! The rows of a query as templates see them: as dbt's agate tables, the part of them that projects use.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};

use crate::render::Rows;
use crate::render::values::List;
use crate::render::values::from_json;

/// A result: columns by position or name, rows in order.
#[derive(Debug)]
pub(super) struct TableValue {
    names: Arc<[String]>,
    rows: Vec<Arc<[Value]>>,
}

impl TableValue {
    /// A result as the database gave it.
    pub fn new(rows: &Rows) -> Self {
        Self {
            names: rows.columns.clone().into(),
            rows: rows.rows.iter().map(|row| row.iter().map(from_json).collect()).collect(),
        }
    }

    /// `data` of a loaded result: tuples.
    pub fn data(&self) -> Value {
        List::of(self.rows.iter().map(|row| Value::from(Tuple::from(&row[..]))))
    }

    fn row(&self, row: &Arc<[Value]>) -> Value {
        Value::from_object(Record { names: self.names.clone(), values: row.clone(), name: None })
    }

    fn rows(&self) -> Vec<Value> {
        self.rows.iter().map(|row| self.row(row)).collect()
    }

    fn columns(&self) -> Value {
        let columns = (0..self.names.len()).map(|at| {
            let values = self.rows.iter().map(|row| row.get(at).cloned().unwrap_or_default()).collect();
            Value::from_object(Record { names: Arc::from([]), values, name: Some(self.names[at].clone()) })
        });
        Value::from_object(Record { names: self.names.clone(), values: columns.collect(), name: None })
    }
}

impl Object for TableValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(index) = key.as_usize() {
            return self.rows.get(index).map(|row| self.row(row));
        }
        Some(match key.as_str()? {
            "columns" => self.columns(),
            "rows" => List::of(self.rows()),
            "column_names" => List::of(self.names.iter().map(|name| Value::from(name.as_str()))),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.rows())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.rows.len())
    }

    // agate's tables count as true even when they have no rows.
    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "print_table" => Ok(Value::from("")),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.names.join(" | "))?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "| {} |", row.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ")))
    }
}

/// A row, a column, or all columns: values by position, and by name where they have names.
#[derive(Debug)]
struct Record {
    names: Arc<[String]>,
    values: Arc<[Value]>,
    /// A column's own name.
    name: Option<String>,
}

impl Record {
    fn by_name(&self, name: &str) -> Option<Value> {
        let exact = self.names.iter().position(|known| known == name);
        let at = exact.or_else(|| self.names.iter().position(|known| known.eq_ignore_ascii_case(name)))?;
        self.values.get(at).cloned()
    }
}

impl Object for Record {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(index) = key.as_i64() {
            let index = if index < 0 { index + i64::try_from(self.values.len()).ok()? } else { index };
            return self.values.get(usize::try_from(index).ok()?).cloned();
        }
        let name = key.as_str()?;
        self.by_name(name).or_else(|| self.name.clone().filter(|_| name == "name").map(Value::from))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.to_vec())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let pair = |(name, value): (&String, &Value)| (Value::from(name.as_str()), value.clone());
        Ok(match method {
            "values" => Value::from(Tuple::from(&self.values[..])),
            "keys" => List::of(self.names.iter().map(|name| Value::from(name.as_str()))),
            "items" => List::of(self.names.iter().zip(self.values.iter()).map(pair).map(Value::from)),
            "dict" => crate::render::values::Dictionary::of(self.names.iter().zip(self.values.iter()).map(pair)),
            "get" => {
                let found = arguments.first().and_then(Value::as_str).and_then(|name| self.by_name(name));
                found.or_else(|| arguments.get(1).cloned()).unwrap_or(Value::from(()))
            }
            "values_distinct" => {
                let mut values = self.values.to_vec();
                let mut seen = std::collections::BTreeSet::new();
                values.retain(|value| seen.insert(value.clone()));
                Value::from(Tuple::from(values))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}
