//! Expressions: what a value is made of.

use serde_json::Value as Json;

use super::How;
use super::origin::Value;
use super::query::Expressions;
use super::query::Query;
use super::scope::Scope;

/// A text of the syntax tree; what is not there is empty.
pub(super) fn text<'a>(node: &'a Json, name: &str) -> &'a str {
    node[name].as_str().unwrap_or_default()
}

/// The text of a constant.
pub(super) fn constant(node: &Json) -> Option<&str> {
    (text(node, "class") == "CONSTANT").then(|| node["value"]["value"].as_str()).flatten()
}

impl Query<'_> {
    pub(super) fn values(&self, nodes: &Json, known: &Expressions, scope: &Scope<'_>) -> Vec<Value> {
        nodes.as_array().into_iter().flatten().map(|node| self.value(node, known, scope)).collect()
    }

    /// The value of an expression.
    pub(super) fn value(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let of = |name: &str| self.optional(&node[name], known, scope);
        match text(node, "class") {
            "COLUMN_REF" => {
                let names = node["column_names"].as_array().into_iter().flatten();
                scope.find(&names.filter_map(Json::as_str).collect::<Vec<_>>())
            }
            "CONSTANT" | "DEFAULT" | "PARAMETER" | "TYPE" => Value::default(),
            "CAST" => self.value(&node["child"], known, scope).cast(),
            "CASE" => self.case(node, known, scope),
            "COMPARISON" => Value::all([of("left"), of("right")].concat(), How::Computed),
            "BETWEEN" => Value::all([of("input"), of("lower"), of("upper")].concat(), How::Computed),
            "CONJUNCTION" => Value::all(self.values(&node["children"], known, scope), How::Computed),
            "COLLATE" => self.value(&node["child"], known, scope),
            "OPERATOR" => self.operator(node, known, scope),
            "FUNCTION" => self.function(node, known, scope),
            "WINDOW" => self.window(node, known, scope),
            "SUBQUERY" => self.subquery(node, known, scope),
            // `->` outside of a function that takes a lambda reads JSON.
            "LAMBDA" => super::function::read(&self.value(&node["lhs"], known, scope), &node["expr"]),
            other => Value::untold(format!("an expression of the kind {other} is not followed")),
        }
    }

    pub(super) fn optional(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Vec<Value> {
        if node.is_null() { Vec::new() } else { vec![self.value(node, known, scope)] }
    }

    fn case(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for check in node["case_checks"].as_array().into_iter().flatten() {
            conditions.push(self.value(&check["when_expr"], known, scope));
            values.push(self.value(&check["then_expr"], known, scope));
        }
        values.extend(self.optional(&node["else_expr"], known, scope));
        Value::one_of(values).with(conditions, How::Decides)
    }

    fn operator(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let mut values = self.values(&node["children"], known, scope);
        match text(node, "type") {
            "OPERATOR_COALESCE" => Value::one_of(values),
            "ARRAY_EXTRACT" | "STRUCT_EXTRACT" => super::function::part(values, &node["children"][1]),
            "OPERATOR_TRY" | "GROUPING_FUNCTION" => values.pop().unwrap_or_default(),
            "ARRAY_CONSTRUCTOR" => Value::list(values),
            _ => Value::all(values, How::Computed),
        }
    }

    fn window(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let values = self.values(&node["children"], known, scope);
        let made = super::function::called(text(node, "function_name"), values);
        let mut deciding = self.values(&node["partitions"], known, scope);
        for orders in [&node["orders"], &node["arg_orders"]] {
            for order in orders.as_array().into_iter().flatten() {
                deciding.push(self.value(&order["expression"], known, scope));
            }
        }
        for name in ["filter_expr", "start_expr", "end_expr", "offset_expr"] {
            deciding.extend(self.optional(&node[name], known, scope));
        }
        let default = self.optional(&node["default_expr"], known, scope);
        made.with(deciding, How::Decides).with(default, How::OneOf)
    }

    fn subquery(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let query = &node["subquery"]["node"];
        let shape = self.shape(query, known, Some(scope));
        let first = match shape.columns.first() {
            Some(column) => column.value.clone(),
            None => shape.unlisted("").unwrap_or_default(),
        };
        match text(node, "subquery_type") {
            "SCALAR" => first.used(How::OneOf),
            "EXISTS" | "NOT_EXISTS" => {
                // What is asked for is whether there is a row, and that its condition decides.
                let mut inner = Scope { around: Some(scope), ..Scope::default() };
                self.tables(&query["from_table"], known, &mut inner);
                Value::all(self.optional(&query["where_clause"], known, &inner), How::Decides)
            }
            _ => Value::all([self.optional(&node["child"], known, scope), vec![first]].concat(), How::Computed),
        }
    }
}
