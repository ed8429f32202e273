//! Lists and dictionaries that templates can change, as Jinja's can be; the engine's own cannot.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use minijinja::value::{DynObject, Enumerator, Kwargs, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::Value as Json;

/// A list. Going through it is going through what it held at that moment, which costs nothing unless it changes meanwhile.
pub(super) struct List(Mutex<Arc<Vec<Value>>>);

/// The items of a list at one moment.
struct Items {
    values: Arc<Vec<Value>>,
    next: usize,
}

impl Iterator for Items {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let item = self.values.get(self.next).cloned();
        self.next += 1;
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.values.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

/// A dictionary, in the order of its entries.
pub(super) struct Dictionary(Mutex<IndexMap<Value, Value>>);

impl List {
    /// A list of these values.
    pub fn of(values: impl IntoIterator<Item = Value>) -> Value {
        Value::from_object(Self(Mutex::new(Arc::new(values.into_iter().collect()))))
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Vec<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Arc<Vec<Value>> {
        self.lock().clone()
    }

    fn change<Result>(&self, change: impl FnOnce(&mut Vec<Value>) -> Result) -> Result {
        change(Arc::make_mut(&mut self.lock()))
    }
}

impl Dictionary {
    /// A dictionary of these entries; one whose key is a list or a dictionary is left out.
    pub fn of(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
        Value::from_object(Self(Mutex::new(entries.into_iter().filter(|(key, _)| is_key(key)).collect())))
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<Value, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot().iter()).finish()
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().clone()).finish()
    }
}

/// An error of a call: the engine adds the place.
pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The values of anything that can be gone through.
pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    value.try_iter().map(Iterator::collect).map_err(|_| wrong(format!("{} cannot be gone through", named(value))))
}

/// The entries of anything with keys, and of keyword arguments.
pub(super) fn entries(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    let pairs = value.as_object().filter(|object| object.repr() == ObjectRepr::Map).and_then(DynObject::try_iter_pairs);
    match pairs {
        Some(pairs) => Ok(pairs.collect()),
        None => items(value)?
            .into_iter()
            .map(|pair| match items(&pair)?.as_slice() {
                [key, value] => Ok((key.clone(), value.clone())),
                _ => Err(wrong(format!("{} is no pair of key and value", named(&pair)))),
            })
            .collect(),
    }
}

/// What a value is, for messages.
pub(super) fn named(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => "an undefined value".to_string(),
        ValueKind::None => "`none`".to_string(),
        ValueKind::String => format!("the text `{value}`"),
        ValueKind::Number | ValueKind::Bool => format!("`{value}`"),
        ValueKind::Seq | ValueKind::Iterable => "a list".to_string(),
        ValueKind::Map => "a dictionary".to_string(),
        _ => "this value".to_string(),
    }
}

/// Whether `value` holds the list or dictionary that `target` is, so that putting it there would make a circle.
fn holds(value: &Value, target: &Value) -> bool {
    if let Some(list) = value.downcast_object_ref::<List>() {
        let same = target.downcast_object_ref::<List>().is_some_and(|target| std::ptr::eq(list, target));
        return same || list.snapshot().iter().any(|item| holds(item, target));
    }
    if let Some(dictionary) = value.downcast_object_ref::<Dictionary>() {
        if target.downcast_object_ref::<Dictionary>().is_some_and(|target| std::ptr::eq(dictionary, target)) {
            return true;
        }
        let entries = dictionary.lock().clone();
        return entries.values().any(|item| holds(item, target));
    }
    false
}

/// What can change cannot be a key; comparing it could also wait for itself.
fn is_key(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.is_tuple() && items(value).is_ok_and(|all| all.iter().all(is_key))
        }
        ValueKind::Map => false,
        _ => true,
    }
}

fn no_circle(value: &Value, target: &Value) -> Result<(), Error> {
    if holds(value, target) { Err(wrong("a list or dictionary cannot hold itself")) } else { Ok(()) }
}

/// The arguments of a method: positional ones, then named ones.
pub(super) fn split(arguments: &[Value]) -> (&[Value], Option<Kwargs>) {
    match arguments.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Kwargs::try_from(last.clone()).ok()),
        _ => (arguments, None),
    }
}

fn position(given: Option<&Value>, length: usize) -> Option<usize> {
    let index = match given {
        None => return length.checked_sub(1),
        Some(value) => value.as_i64()?,
    };
    let index = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let values = self.lock();
        position(Some(key), values.len()).map(|index| values[index].clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(Items { values: self.snapshot(), next: 0 }))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.lock().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let this = Value::from_dyn_object(self.clone());
        let first = arguments.first().cloned().unwrap_or_default();
        match (method, arguments.len()) {
            ("append", 1) => {
                no_circle(&first, &this)?;
                self.change(|values| values.push(first));
            }
            ("extend", 1) => {
                let more = items(&first)?;
                more.iter().try_for_each(|item| no_circle(item, &this))?;
                self.change(|values| values.extend(more));
            }
            ("insert", 2) => {
                no_circle(&arguments[1], &this)?;
                let given = first.as_i64();
                let given =
                    given.ok_or_else(|| wrong(format!("`insert` wants a position, and {} is none", named(&first))))?;
                self.change(|values| {
                    let distance = usize::try_from(given.unsigned_abs()).unwrap_or(usize::MAX);
                    let index =
                        if given < 0 { values.len().saturating_sub(distance) } else { distance.min(values.len()) };
                    values.insert(index, arguments[1].clone());
                });
            }
            ("pop", 0 | 1) => {
                let taken = self.change(|values| Some(values.remove(position(arguments.first(), values.len())?)));
                return taken.ok_or_else(|| wrong("there is nothing to `pop` there"));
            }
            ("remove", 1) => {
                let found = self.snapshot().iter().position(|item| *item == first);
                let index = found.ok_or_else(|| wrong(format!("{} is not in the list", named(&first))))?;
                self.change(|values| values.remove(index));
            }
            ("index", 1) => {
                let found = self.snapshot().iter().position(|item| *item == first);
                return found.map(Value::from).ok_or_else(|| wrong(format!("{} is not in the list", named(&first))));
            }
            ("count", 1) => return Ok(Value::from(self.snapshot().iter().filter(|item| **item == first).count())),
            ("clear", 0) => self.change(Vec::clear),
            ("reverse", 0) => self.change(|values| values.reverse()),
            ("copy", 0) => return Ok(Self::of(self.snapshot().iter().cloned())),
            ("sort", _) => {
                let mut values = self.snapshot().to_vec();
                values.sort();
                if split(arguments).1.is_some_and(|named| named.get::<bool>("reverse").unwrap_or(false)) {
                    values.reverse();
                }
                *self.lock() = Arc::new(values);
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

impl Object for Dictionary {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if is_key(key) { self.lock().get(key).cloned() } else { None }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.lock().keys().cloned().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.lock().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let this = Value::from_dyn_object(self.clone());
        let (positional, named_arguments) = split(arguments);
        let key = positional.first().cloned().unwrap_or_default();
        let fallback = positional.get(1).cloned();
        if method != "update" && !is_key(&key) {
            return Err(wrong(format!("{} cannot be a key", named(&key))));
        }
        match (method, positional.len()) {
            ("get", 1 | 2) => return Ok(self.lock().get(&key).cloned().or(fallback).unwrap_or(Value::from(()))),
            ("keys", 0) => return Ok(List::of(self.lock().keys().cloned().collect::<Vec<_>>())),
            ("values", 0) => return Ok(List::of(self.lock().values().cloned().collect::<Vec<_>>())),
            ("items", 0) => {
                let pairs: Vec<_> = self.lock().iter().map(|(k, v)| Value::from((k.clone(), v.clone()))).collect();
                return Ok(List::of(pairs));
            }
            ("update", 0 | 1) => {
                let mut more = if positional.is_empty() { Vec::new() } else { entries(&key)? };
                more.extend(
                    named_arguments.map(Value::from).map(|named| entries(&named)).transpose()?.unwrap_or_default(),
                );
                more.iter().try_for_each(|(_, value)| no_circle(value, &this))?;
                if let Some((key, _)) = more.iter().find(|(key, _)| !is_key(key)) {
                    return Err(wrong(format!("{} cannot be a key", named(key))));
                }
                self.lock().extend(more);
            }
            ("setdefault", 1 | 2) => {
                let value = fallback.unwrap_or(Value::from(()));
                no_circle(&value, &this)?;
                return Ok(self.lock().entry(key).or_insert(value).clone());
            }
            ("pop", 1 | 2) => {
                let taken = self.lock().shift_remove(&key).or(fallback);
                return taken.ok_or_else(|| wrong(format!("{} is no key of the dictionary", named(&key))));
            }
            ("clear", 0) => self.lock().clear(),
            ("copy", 0) => return Ok(Self::of(self.lock().clone())),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

/// JSON as a value; objects and lists are ones that cannot be changed.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Object(fields) => Value::from_pairs(fields.iter().map(|(name, value)| (name.clone(), from_json(value)))),
        Json::Array(values) => Value::from(values.iter().map(from_json).collect::<Vec<_>>()),
        Json::String(text) => Value::from(text.as_str()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Null => Value::from(()),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::from(number),
            (_, Some(number), _) => Value::from(number),
            (_, _, Some(number)) => Value::from(number),
            _ => Value::from(number.to_string()),
        },
    }
}

/// A value as JSON; what JSON has no form for becomes its text.
pub(super) fn to_json(value: &Value) -> Json {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number(value),
        ValueKind::Seq | ValueKind::Iterable => {
            items(value).map_or(Json::Null, |items| items.iter().map(to_json).collect())
        }
        ValueKind::Map => entries(value).map_or(Json::Null, |entries| {
            entries.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect()
        }),
        _ => Json::String(value.to_string()),
    }
}

fn number(value: &Value) -> Json {
    match value.as_i64().filter(|_| value.is_integer()) {
        Some(whole) => Json::from(whole),
        None => value.to_string().parse::<serde_json::Number>().map_or(Json::Null, Json::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_through_a_value_unchanged() {
        let json = serde_json::json!({"a": [1, -2, 1.5, "x", null, true], "b": {"c": {}}});
        assert_eq!(to_json(&from_json(&json)), json);
    }

    #[test]
    fn a_list_cannot_hold_itself() {
        let inner = List::of([]);
        let outer = List::of([inner.clone()]);
        assert!(holds(&outer, &inner));
        assert!(!holds(&inner, &outer));
    }
}
