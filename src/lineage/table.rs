//! What stands in a `from`: tables, subqueries, functions, and joins of them.

use serde_json::Value as Json;

use super::How;
use super::expression::text;
use super::origin::Value;
use super::query::Expressions;
use super::query::Query;
use super::query::renamed;
use super::scope::Named;
use super::scope::Rest;
use super::scope::Scope;
use super::scope::Shape;
use super::scope::Table;
use crate::name::NodeId;
use crate::name::Relation;

/// Functions whose rows are made of their arguments alone; others read files or settings.
const MADE_OF_ARGUMENTS: &[&str] =
    &["range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row"];

impl Query<'_> {
    /// Puts the tables of a `from` into the scope, from left to right: what stands to the right may name what stands left of it.
    pub(super) fn tables(&self, node: &Json, known: &Expressions, scope: &mut Scope<'_>) {
        let alias = text(node, "alias");
        let names = &node["column_name_alias"];
        let (name, shape) = match text(node, "type") {
            "" | "EMPTY" => return,
            "JOIN" => return self.join(node, known, scope),
            "BASE_TABLE" => (text(node, "table_name"), self.base_table(node, known)),
            "SUBQUERY" => ("", self.shape(&node["subquery"]["node"], known, Some(&*scope))),
            "TABLE_FUNCTION" => (text(&node["function"], "function_name"), self.table_function(node, known, scope)),
            "EXPRESSION_LIST" => ("", self.rows(node, known, scope)),
            other => {
                (alias, Shape::untold(format!("what {} gives is not followed", other.to_lowercase().replace('_', " "))))
            }
        };
        let name = if alias.is_empty() { name } else { alias };
        let schema = if alias.is_empty() { self.schema_of(node, known) } else { String::new() };
        scope.tables.push(Table { name: name.to_string(), schema, shape: renamed(shape, names) });
    }

    fn base_table(&self, node: &Json, known: &Expressions) -> Shape {
        if let Some(shape) = expression_of(node, known) {
            return shape.clone();
        }
        let name = text(node, "table_name");
        match self.found(node).as_slice() {
            [(_, node)] => self.catalog.shape(node),
            [] => Shape::untold(format!("the table `{name}` is none of the project's")),
            _ => Shape::untold(format!("the project has several tables `{name}`")),
        }
    }

    /// The schema that a table is in, by which it can be named too.
    fn schema_of(&self, node: &Json, known: &Expressions) -> String {
        match (expression_of(node, known), self.found(node).as_slice()) {
            (None, [(relation, _)]) => relation.schema.clone(),
            _ => String::new(),
        }
    }

    /// The tables that a name may mean.
    fn found(&self, node: &Json) -> Vec<(&Relation, &NodeId)> {
        let (catalog, schema, name) = (text(node, "catalog_name"), text(node, "schema_name"), text(node, "table_name"));
        let fits = |told: &str, own: &str| told.is_empty() || told.eq_ignore_ascii_case(own);
        let is_meant = |it: &Relation| {
            it.name.eq_ignore_ascii_case(name) && fits(schema, &it.schema) && fits(catalog, &it.database)
        };
        self.catalog.tables.iter().filter(|(it, _)| is_meant(it)).collect()
    }

    fn join(&self, node: &Json, known: &Expressions, scope: &mut Scope<'_>) {
        let start = scope.tables.len();
        self.tables(&node["left"], known, scope);
        let middle = scope.tables.len();
        self.tables(&node["right"], known, scope);
        if ["SEMI", "ANTI"].contains(&text(node, "join_type")) {
            scope.tables.truncate(middle);
            return;
        }
        let (left, right) = scope.tables[start..].split_at_mut(middle - start);
        let mut names: Vec<String> = node["using_columns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| Some(it.as_str()?.to_string()))
            .collect();
        if text(node, "ref_type") == "NATURAL" {
            let of = |tables: &[Table]| -> Vec<String> {
                tables.iter().flat_map(|it| &it.shape.columns).map(|column| column.name.to_lowercase()).collect()
            };
            let there = of(left);
            names = of(right).into_iter().filter(|name| there.contains(name)).collect();
        }
        for name in names {
            let find = |tables: &mut [Table]| {
                let at = tables.iter().position(|it| it.shape.columns.iter().any(|column| column.is(&name)))?;
                Some((at, tables[at].shape.columns.iter().position(|column| column.is(&name))?))
            };
            let (Some(one), Some(other)) = (find(left), find(right)) else { continue };
            let second = &mut right[other.0].shape.columns[other.1];
            second.is_hidden = true;
            let first = &mut left[one.0].shape.columns[one.1];
            match text(node, "join_type") {
                "RIGHT" => first.value = second.value.clone(),
                "OUTER" | "FULL" => {
                    first.value = Value::one_of(vec![std::mem::take(&mut first.value), second.value.clone()]);
                }
                _ => {}
            }
        }
    }

    fn table_function(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Shape {
        let function = &node["function"];
        let name = text(function, "function_name");
        let arguments = self.values(&function["children"], known, scope);
        if !MADE_OF_ARGUMENTS.contains(&name) {
            return Shape::untold(format!("what the function `{name}` reads is not in the project"));
        }
        if !["", "WITHOUT_ORDINALITY"].contains(&text(node, "with_ordinality")) {
            return Shape::untold("`with ordinality` is not followed");
        }
        let rest = match (name, arguments.as_slice()) {
            ("unnest", [list]) => Rest::Made(list.element(None)),
            _ => Rest::Made(Value::all(arguments, How::Computed)),
        };
        Shape { columns: Vec::new(), rest }
    }

    /// `values (…), (…)`.
    fn rows(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Shape {
        let mut columns: Vec<Named> = Vec::new();
        for row in node["values"].as_array().into_iter().flatten() {
            for (place, value) in self.values(row, known, scope).into_iter().enumerate() {
                match columns.get_mut(place) {
                    Some(column) => column.value = std::mem::take(&mut column.value).or(value),
                    None => columns.push(Named::new(format!("col{place}"), value)),
                }
            }
        }
        Shape::of(columns)
    }
}

/// What a table's name stands for in the `with`, where it is given without a schema.
fn expression_of<'k>(node: &Json, known: &'k Expressions) -> Option<&'k Shape> {
    let is_bare = text(node, "catalog_name").is_empty() && text(node, "schema_name").is_empty();
    let shape =
        known.get(&text(node, "table_name").to_lowercase()).filter(|_| is_bare && text(node, "type") == "BASE_TABLE");
    shape.map(|shape| &**shape)
}
