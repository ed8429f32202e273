//! Queries: selects, unions and what stands in their `with`.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::Origin;
use super::expression::text;
use super::origin::Value;
use super::scope::Named;
use super::scope::Rest;
use super::scope::Scope;
use super::scope::Shape;
use crate::name::NodeId;
use crate::name::Relation;

/// How often a recursive query is followed: each round brings what the round before it found.
const ROUNDS: usize = 4;

/// The tables that a query may read.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Which node stands behind a table.
    pub tables: HashMap<Relation, NodeId>,
    /// Nodes that stand in a query under a name of its `with`.
    pub expressions: HashMap<String, NodeId>,
    /// The columns of a node, in order; where it has no entry, nothing tells them.
    pub columns: HashMap<NodeId, Vec<String>>,
}

impl Catalog {
    /// What a node gives.
    pub(super) fn shape(&self, node: &NodeId) -> Shape {
        match self.columns.get(node) {
            Some(names) => Shape::of(names.iter().map(|name| Named::new(name, Value::column(node, name))).collect()),
            None => Shape { columns: Vec::new(), rest: Rest::Of(node.clone()) },
        }
    }
}

/// A column of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Empty where only DuckDB knows what it calls it.
    pub name: String,
    pub origin: Origin,
}

/// The columns of a query, from its syntax tree.
///
/// # Errors
/// The reason why they cannot be listed.
pub fn columns(tree: &Json, catalog: &Catalog) -> Result<Vec<Column>, String> {
    let shape = Query { catalog }.shape(tree, &Expressions::new(), None);
    match shape.rest {
        Rest::None => {
            let column = |named: Named| Column { name: named.name, origin: named.value.origin };
            Ok(shape.columns.into_iter().map(column).collect())
        }
        Rest::Untold(reason) => Err(reason),
        Rest::Of(table) => Err(format!("nothing tells which columns `{table}` has")),
        Rest::Made(_) => Err("it takes all columns that a function gives".to_string()),
    }
}

/// What the names of a `with` stand for.
pub(super) type Expressions = HashMap<String, Rc<Shape>>;

/// Reads queries.
pub(super) struct Query<'a> {
    pub(super) catalog: &'a Catalog,
}

impl Query<'_> {
    /// What a query gives.
    pub(super) fn shape(&self, node: &Json, known: &Expressions, around: Option<&Scope<'_>>) -> Shape {
        let mut known = known.clone();
        for entry in node["cte_map"]["map"].as_array().into_iter().flatten() {
            let name = text(entry, "key");
            let shape = match self.catalog.expressions.get(name) {
                Some(node) => self.catalog.shape(node),
                None => {
                    let info = &entry["value"];
                    renamed(self.shape(&info["query"]["node"], &known, around), &info["aliases"])
                }
            };
            known.insert(name.to_lowercase(), Rc::new(shape));
        }
        match text(node, "type") {
            "SELECT_NODE" => self.select(node, &known, around),
            "SET_OPERATION_NODE" => self.set_operation(node, &known, around),
            "RECURSIVE_CTE_NODE" => self.recursive(node, &known, around),
            other => Shape::untold(format!("a query of the kind {other} is not followed")),
        }
    }

    fn select(&self, node: &Json, known: &Expressions, around: Option<&Scope<'_>>) -> Shape {
        let mut scope = Scope { around, ..Scope::default() };
        self.tables(&node["from_table"], known, &mut scope);
        let mut made = Shape::of(Vec::new());
        for item in node["select_list"].as_array().into_iter().flatten() {
            if text(item, "class") == "STAR" {
                self.star(item, known, &scope, &mut made);
                continue;
            }
            let value = self.value(item, known, &scope);
            let column = Named::new(name_of(item), value);
            scope.aliases.push(column.clone());
            made.columns.push(column);
        }
        made
    }

    /// `*`, `t.*`, with `exclude`, `replace` and `rename`.
    fn star(&self, item: &Json, known: &Expressions, scope: &Scope<'_>, made: &mut Shape) {
        if item["columns"] == Json::Bool(true) || !item["expr"].is_null() {
            made.rest = Rest::Untold("which columns `columns(…)` takes is not followed".to_string());
            return;
        }
        let of = text(item, "relation_name");
        let is_left_out = |name: &str| {
            let listed = |list: &str| item[list].as_array().into_iter().flatten();
            listed("exclude_list").any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)))
                || listed("qualified_exclude_list").any(|it| text(it, "column").eq_ignore_ascii_case(name))
        };
        let replaced = |name: &str| {
            let mut list = item["replace_list"].as_array().into_iter().flatten();
            list.find(|it| text(it, "key").eq_ignore_ascii_case(name)).map(|it| &it["value"])
        };
        let renamed = |name: &str| {
            let mut list = item["rename_list"].as_array().into_iter().flatten();
            list.find(|it| text(&it["key"], "column").eq_ignore_ascii_case(name)).map(|it| text(it, "value"))
        };
        let taken: Vec<_> =
            scope.tables.iter().filter(|it| of.is_empty() || it.name.eq_ignore_ascii_case(of)).collect();
        if taken.is_empty() {
            let row = scope.find(&[of]);
            match row.fields() {
                Some(fields) => made.columns.extend(fields.iter().map(|(name, it)| Named::new(name, it.clone()))),
                None => made.rest = Rest::Untold(format!("nothing tells which fields `{of}` has")),
            }
            return;
        }
        for table in taken {
            for column in table.shape.columns.iter().filter(|it| !(it.is_hidden && of.is_empty())) {
                if is_left_out(&column.name) {
                    continue;
                }
                let name = renamed(&column.name).unwrap_or(&column.name);
                let value = match replaced(&column.name) {
                    Some(expression) => self.value(expression, known, scope),
                    None => column.value.clone(),
                };
                made.columns.push(Named::new(name, value));
            }
            if table.shape.rest != Rest::None {
                made.rest.clone_from(&table.shape.rest);
            }
        }
    }

    fn set_operation(&self, node: &Json, known: &Expressions, around: Option<&Scope<'_>>) -> Shape {
        // Newer syntax trees list the sides of a chain of unions.
        let sides: Vec<&Json> = match node["children"].as_array() {
            Some(children) => children.iter().collect(),
            None => vec![&node["left"], &node["right"]],
        };
        let mut shapes = sides.into_iter().map(|side| self.shape(side, known, around));
        let Some(first) = shapes.next() else { return Shape::untold("a union of nothing") };
        match text(node, "setop_type") {
            "UNION" => shapes.fold(first, by_place),
            "UNION_BY_NAME" => shapes.fold(first, by_name),
            // Rows of the first side alone.
            _ => first,
        }
    }

    fn recursive(&self, node: &Json, known: &Expressions, around: Option<&Scope<'_>>) -> Shape {
        let mut shape = renamed(self.shape(&node["left"], known, around), &node["aliases"]);
        for _ in 0..ROUNDS {
            let mut inner = known.clone();
            inner.insert(text(node, "cte_name").to_lowercase(), Rc::new(shape.clone()));
            let next = by_place(shape.clone(), self.shape(&node["right"], &inner, around));
            if next == shape {
                break;
            }
            shape = next;
        }
        shape
    }
}

/// The name that a column gets.
fn name_of(item: &Json) -> &str {
    match (text(item, "alias"), item["column_names"].as_array()) {
        ("", Some(names)) => names.last().and_then(Json::as_str).unwrap_or_default(),
        (alias, _) => alias,
    }
}

/// The shape with other names for its first columns.
pub(super) fn renamed(mut shape: Shape, names: &Json) -> Shape {
    let names: Vec<_> = names.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if let (Rest::Made(value), true) = (&shape.rest, shape.columns.is_empty()) {
        let columns = names.iter().map(|name| Named::new(*name, value.clone())).collect();
        return if names.is_empty() { shape } else { Shape::of(columns) };
    }
    for (column, name) in shape.columns.iter_mut().zip(names) {
        column.name = name.to_string();
    }
    shape
}

fn by_place(mut one: Shape, other: Shape) -> Shape {
    if let Some(rest) = [&one.rest, &other.rest].into_iter().find(|rest| **rest != Rest::None).cloned() {
        // Which column meets which cannot be told without all of them.
        let reason = "a side of a union has columns that are not known";
        return match rest {
            Rest::Untold(reason) => Shape::untold(reason),
            _ => Shape::untold(reason),
        };
    }
    for (column, other) in one.columns.iter_mut().zip(other.columns) {
        column.value = std::mem::take(&mut column.value).or(other.value);
    }
    one
}

fn by_name(mut one: Shape, other: Shape) -> Shape {
    if one.rest == Rest::None {
        one.rest = other.rest;
    }
    // What a side has not is NULL in its rows.
    for column in &mut one.columns {
        let theirs = other.columns.iter().find(|it| column.is(&it.name)).map(|it| it.value.clone());
        column.value = std::mem::take(&mut column.value).or(theirs.unwrap_or_default());
    }
    for other in other.columns {
        if !one.columns.iter().any(|column| column.is(&other.name)) {
            one.columns.push(Named { value: Value::default().or(other.value.clone()), ..other });
        }
    }
    one
}
