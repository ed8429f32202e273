//! `cp_json_signature(varchar) → ubigint`: what DuckDB's own functions tell about a JSON text only by reading it three times.

use std::error::Error;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use duckdb::arrow::array::{Array, AsArray, UInt64Array};
use duckdb::arrow::datatypes::DataType;
use duckdb::arrow::record_batch::RecordBatch;
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// What SQL calls it.
pub(super) const NAME: &str = "cp_json_signature";

/// The function, as the engine knows it.
pub(super) struct JsonSignature;

impl VArrowScalar for JsonSignature {
    type State = ();

    fn invoke((): &(), input: RecordBatch) -> Result<Arc<dyn Array>, Box<dyn Error>> {
        let texts = input.column(0).as_string::<i32>();
        Ok(Arc::new(texts.iter().map(|text| text.map(signature)).collect::<UInt64Array>()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Utf8], DataType::UInt64)]
    }
}

/// A hash of the names in a JSON text, in their order, and of the types of what they stand for, not of the values. Like
/// neighbours in a list count once. A text that cannot be read has a signature of its own.
fn signature(json: &str) -> u64 {
    let mut reader = serde_json::Deserializer::from_str(json);
    Shape.deserialize(&mut reader).and_then(|shape| reader.end().map(|()| shape)).unwrap_or_else(|_| hash(json))
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Reads a value, and leaves a hash of its shape.
struct Shape;

/// What a value without parts hashes to.
#[repr(u64)]
enum Leaf {
    Null,
    Boolean,
    Number,
    Text,
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<u64, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(Leaf::Null as u64)
    }

    fn visit_bool<E>(self, _: bool) -> Result<u64, E> {
        Ok(Leaf::Boolean as u64)
    }

    fn visit_i64<E>(self, _: i64) -> Result<u64, E> {
        Ok(Leaf::Number as u64)
    }

    fn visit_u64<E>(self, _: u64) -> Result<u64, E> {
        Ok(Leaf::Number as u64)
    }

    fn visit_f64<E>(self, _: f64) -> Result<u64, E> {
        Ok(Leaf::Number as u64)
    }

    fn visit_str<E>(self, _: &str) -> Result<u64, E> {
        Ok(Leaf::Text as u64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<u64, A::Error> {
        let mut hasher = DefaultHasher::new();
        let mut before = None;
        '['.hash(&mut hasher);
        while let Some(shape) = list.next_element_seed(Shape)? {
            if before.replace(shape) != Some(shape) {
                shape.hash(&mut hasher);
            }
        }
        Ok(hasher.finish())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<u64, A::Error> {
        let mut hasher = DefaultHasher::new();
        '{'.hash(&mut hasher);
        while object.next_key_seed(Name(&mut hasher))?.is_some() {
            object.next_value_seed(Shape)?.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }
}

/// Reads a name, and adds it to the hash of its object.
struct Name<'a>(&'a mut DefaultHasher);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        name.hash(self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::engine::{Cell, Engine, Value};

    /// Few names and values, so that many objects are of one shape.
    fn payloads() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Json::from),
            prop_oneof![Just(-1), Just(7)].prop_map(Json::from),
            prop_oneof![Just(json!(1.5)), Just(json!(u64::MAX)), Just(json!(1e300))],
            prop_oneof![Just("a"), Just("{"), Just("\"\\n")].prop_map(Json::from),
        ];
        let value = leaf.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                objects(inner).prop_map(Json::from)
            ]
        });
        objects(value).prop_map(Json::from)
    }

    fn objects(inner: impl Strategy<Value = Json>) -> impl Strategy<Value = serde_json::Map<String, Json>> {
        proptest::collection::vec((prop_oneof![Just("a"), Just("b"), Just("a\"b")].prop_map(String::from), inner), 0..3)
            .prop_map(|entries| entries.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn equal_signatures_are_equal_shapes(payloads in proptest::collection::vec(payloads(), 400)) {
            let session = Engine::in_memory().unwrap().session().unwrap();
            session.run("create table t (payload json)").unwrap();
            let texts: Vec<_> = payloads.iter().map(Json::to_string).collect();
            session.append("main", "t", texts.iter().map(|text| [Cell::Text(text)])).unwrap();
            // Its names, each with the types of what stands there.
            let node = r#"regexp_replace(fullkey, '\[[0-9]+\]', '[]', 'g') || regexp_replace(type, 'U?BIGINT', 'DOUBLE')"#;
            let shape = format!("(select list(distinct {node} order by {node})::varchar from json_tree(payload))");
            let found = session.query(&format!("select cp_json_signature(payload), {shape}, payload from t")).unwrap().rows;
            prop_assert_eq!(found.len(), payloads.len());
            let mut shapes = BTreeMap::new();
            for row in found {
                let [Value::Integer(signature), Value::Text(shape), payload] = row.as_slice() else { panic!("{row:?}") };
                let first = shapes.entry(*signature).or_insert_with(|| (shape.clone(), payload.clone()));
                prop_assert!(first.0 == *shape, "{payload:?} as {shape}, {:?} as {}", first.1, first.0);
            }
            // Else nothing was compared.
            prop_assert!(shapes.len() * 4 < payloads.len() * 3, "{} signatures", shapes.len());
        }
    }

    #[test]
    fn values_do_not_count_and_names_and_types_do() {
        let of = r#"{"id": "A", "amount": 1, "items": [{"sku": "x", "price": 1.5}]}"#;
        for alike in [
            r#"{"id":"","amount":-2.5e3,"items":[{"sku":"\u00e9","price":3}]}"#,
            r#"{"id":"B","amount":18446744073709551616,"items":[{"sku":"x","price":1},{"sku":"y","price":2}]}"#,
        ] {
            assert_eq!(signature(alike), signature(of), "{alike}");
        }
        for other in [
            r#"{"id": "A", "amount": "1", "items": [{"sku": "x", "price": 1.5}]}"#,
            r#"{"id": "A", "amount": 1, "items": [{"sku": "x", "cost": 1.5}]}"#,
            r#"{"id": "A", "amount": 1, "items": [{"sku": "x", "price": 1.5}, {"sku": "y"}]}"#,
            r#"{"id": "A", "amount": 1, "items": {"sku": "x", "price": 1.5}}"#,
            r#"{"id": "A", "amount": 1, "items": []}"#,
            r#"{"id": "A", "amount": 1, "items": [[]]}"#,
            r#"{"id": "A", "amount": null, "items": [{"sku": "x", "price": 1.5}]}"#,
            r#"{"id": "A", "amount": true, "items": [{"sku": "x", "price": 1.5}]}"#,
        ] {
            assert_ne!(signature(other), signature(of), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_and_null_stays_null() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        let texts = ["", "{", r#"{"a": 1e999}"#, r#"{"a": 2e999}"#, r#"{"a": 1} x"#, r#"{"a": "\ud800"}"#, &deep];
        let all: std::collections::BTreeSet<_> = texts.iter().map(|text| signature(text)).collect();
        assert_eq!(all.len(), texts.len());
        let session = Engine::in_memory().unwrap().session().unwrap();
        let found = session.query("select cp_json_signature(null), cp_json_signature('{}')").unwrap().rows;
        assert_eq!(found[0][0], Value::Null);
        assert_eq!(found[0][1], Value::Integer(signature("{}").into()));
    }
}
