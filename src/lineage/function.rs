//! Functions: those that hand a value on, choose among values, or go into one; all others compute.

use serde_json::Value as Json;

use super::How;
use super::expression::constant;
use super::expression::text;
use super::origin::Value;
use super::path;
use super::query::Expressions;
use super::query::Query;
use super::scope::Scope;

impl Query<'_> {
    pub(super) fn function(&self, node: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let name = text(node, "function_name");
        let arguments = &node["children"];
        let lambda = arguments.as_array().and_then(|all| all.iter().find(|it| text(it, "class") == "LAMBDA"));
        let made = match (name, lambda) {
            (
                "json_extract"
                | "json_extract_string"
                | "json_extract_path"
                | "json_extract_path_text"
                | "json_value"
                | "->>",
                _,
            )
            | ("->", None) => read(&self.value(&arguments[0], known, scope), &arguments[1]),
            (
                "array_extract" | "list_extract" | "list_element" | "element_at" | "struct_extract"
                | "struct_extract_at",
                _,
            ) => part(self.values(arguments, known, scope), &arguments[1]),
            ("struct_pack" | "row", _) => {
                let names = arguments.as_array().into_iter().flatten().map(|it| text(it, "alias").to_string());
                Value::structure(names.zip(self.values(arguments, known, scope)).collect())
            }
            (_, Some(lambda)) => self.over_list(name, arguments, lambda, known, scope),
            _ => called(name, self.values(arguments, known, scope)),
        };
        let mut deciding = self.optional(&node["filter"], known, scope);
        for order in node["order_bys"]["orders"].as_array().into_iter().flatten() {
            deciding.push(self.value(&order["expression"], known, scope));
        }
        made.with(deciding, How::Decides)
    }

    /// A function that does something with each element of a list.
    fn over_list(&self, name: &str, arguments: &Json, lambda: &Json, known: &Expressions, scope: &Scope<'_>) -> Value {
        let list = self.value(&arguments[0], known, scope);
        let parameters = parameters(&lambda["lhs"]);
        let body = |element: Value| {
            let mut inner = scope.clone();
            // The first is the element; a second one is its place, or what came of those before it.
            for (place, parameter) in parameters.iter().enumerate() {
                let value = if place == 0 || name.contains("reduce") { element.clone() } else { Value::default() };
                inner.parameters.push((parameter.to_string(), value));
            }
            self.value(&lambda["expr"], known, &inner)
        };
        match name {
            "list_transform" | "array_transform" | "list_apply" | "array_apply" | "apply" => list.each(body),
            "list_filter" | "array_filter" | "filter" => {
                let condition = body(list.element(None));
                list.used(How::OneOf).with(vec![condition], How::Decides)
            }
            _ => {
                let made = body(list.element(None));
                Value::all(vec![list, made], How::Computed)
            }
        }
    }
}

/// The names before the arrow of a lambda.
fn parameters(node: &Json) -> Vec<&str> {
    match text(node, "class") {
        "COLUMN_REF" => node["column_names"].as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
        _ => node["children"].as_array().into_iter().flatten().flat_map(parameters).collect(),
    }
}

/// What JSON holds under one path, or under each of a list of them.
pub(super) fn read(json: &Value, path: &Json) -> Value {
    let at = |path: &Json| match constant(path) {
        Some(text) => path::steps(text).map(|steps| json.inside(&steps)),
        None => path["value"]["value"].is_number().then(|| json.inside("[]")),
    };
    let computed = || Value::all(vec![json.clone()], How::Computed);
    match (text(path, "function_name"), path["children"].as_array()) {
        ("list_value", Some(paths)) => {
            Value::list(paths.iter().map(|path| at(path).unwrap_or_else(computed)).collect())
        }
        _ => at(path).unwrap_or_else(computed),
    }
}

/// What a list holds at a place, or a struct under a name.
pub(super) fn part(values: Vec<Value>, key: &Json) -> Value {
    let Some(whole) = values.first() else { return Value::default() };
    let number = &key["value"]["value"];
    match (constant(key), number.as_u64()) {
        (Some(name), _) => whole.field(name),
        (None, Some(place)) => whole.element(usize::try_from(place).ok()),
        (None, None) if number.is_number() => whole.element(None),
        (None, None) => whole.element(None).with(values[1..].to_vec(), How::Decides),
    }
}

/// What a function makes of its arguments.
pub(super) fn called(name: &str, mut values: Vec<Value>) -> Value {
    match name {
        "coalesce" | "ifnull" | "nvl" | "least" | "greatest" => Value::one_of(values),
        "list_value" | "list_pack" | "array_value" => Value::list(values),
        "unnest" => values.first().map(|list| list.element(None)).unwrap_or_default(),
        // The first argument, or one of its values; the others say which.
        "min" | "max" | "first" | "last" | "any_value" | "arbitrary" | "mode" | "arg_min" | "arg_max" | "argmin"
        | "argmax" | "min_by" | "max_by" | "arg_min_null" | "arg_max_null" | "lag" | "lead" | "first_value"
        | "last_value" | "nth_value" | "nullif" => {
            let others = values.split_off(values.len().min(1));
            Value::all(values, How::OneOf).with(others, How::Decides)
        }
        "if" if values.len() == 3 => {
            let choices = values.split_off(1);
            Value::one_of(choices).with(values, How::Decides)
        }
        _ => Value::all(values, How::Computed),
    }
}
