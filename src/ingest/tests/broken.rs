//! Arrays in which a record is no JSON: it alone is set aside.

use std::io::Write;

use super::Bench;
use super::tally;
use crate::store::Tally;

const COUNT: usize = 1000;

/// Orders as an export writes them: nested lists of objects, and texts that look like the ends of records.
fn orders() -> Vec<serde_json::Value> {
    (0..COUNT)
        .map(|number| {
            let items = [serde_json::json!({"sku": "s", "qty": 1}), serde_json::json!({"sku": "t", "qty": number})];
            let reference = ["orderRef", "order_id", "order"][number % 3];
            let mut order = serde_json::Map::new();
            order.insert(reference.to_string(), format!("o{number}").into());
            order.insert("address".to_string(), format!("{number} Main, {{x}},{{ St").into());
            order.insert("items".to_string(), items.to_vec().into());
            order.insert("total".to_string(), number.into());
            serde_json::Value::Object(order)
        })
        .collect()
}

/// The array in each layout, and the place of record `index` in it.
fn layouts(index: usize) -> Vec<(String, usize)> {
    let orders = orders();
    let compact: Vec<String> = orders.iter().map(ToString::to_string).collect();
    let pretty: Vec<String> =
        orders.iter().map(|order| serde_json::to_string_pretty(order).unwrap().replace('\n', "\n  ")).collect();
    [("[", compact.clone(), ",", "]"), ("[", compact, ",\n", "]\n"), ("[\n  ", pretty, ",\n  ", "\n]\n")]
        .into_iter()
        .map(|(open, records, comma, close)| {
            let before = open.len() + records[..index].iter().map(|record| record.len() + comma.len()).sum::<usize>();
            (format!("{open}{}{close}", records.join(comma)), before)
        })
        .collect()
}

fn ingested(name: &str, content: &[u8]) -> (Tally, bool, Bench) {
    let mut bench = Bench::new();
    bench.write(name, content);
    let first = bench.ingest();
    assert!(bench.ingest().files[0].is_unchanged);
    (first.totals(), first.files[0].is_unfinished, bench)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Damages record `index` after `mark` in every layout: 999 records must stay, and one be set aside.
fn one_is_lost(index: usize, damage: &dyn Fn(&str) -> String, what: &str) {
    for (layout, (text, at)) in layouts(index).into_iter().enumerate() {
        let end = at + text[at..].find("total").unwrap();
        let end = end + text[end..].find('}').unwrap() + 1;
        let broken = format!("{}{}{}", &text[..at], damage(&text[at..end]), &text[end..]);
        for (name, content) in [
            ("bootstrap/orders_x.json", broken.clone().into_bytes()),
            ("bootstrap/orders_x.json.gz", gzip(broken.as_bytes())),
        ] {
            let (found, is_unfinished, bench) = ingested(name, &content);
            let place = format!("{what} in record {index}, layout {layout}, {name}");
            assert_eq!((found, is_unfinished), (tally(COUNT as u64, COUNT as u64 - 1, 0, 0, 1), false), "{place}");
            let line = text[..at].matches('\n').count() as u64 + 1;
            assert_eq!(bench.reasons()[0].0, line, "{place}");
        }
    }
}

#[test]
fn a_stray_quote_costs_one_record() {
    for index in [0, 1, 11, 500, COUNT - 2, COUNT - 1] {
        one_is_lost(index, &|record| record.replacen(" Main", " \"Main", 1), "a quote in a text");
    }
    one_is_lost(11, &|record| record.replacen(" St", " \"St\"", 1), "a quoted word in a text");
    one_is_lost(11, &|record| record.replacen("\"t\"", "\"t\"\"", 1), "a doubled quote");
    one_is_lost(11, &|record| record.replacen("\"s\"", "\"s", 1), "a missing quote");
    one_is_lost(11, &|record| record.replacen(" Main", " \\\"\"Main", 1), "a quote after an escaped one");
}

#[test]
fn a_bracket_too_many_or_too_few_costs_one_record() {
    for index in [0, 11, COUNT - 1] {
        one_is_lost(index, &|record| record.replacen(']', "]]", 1), "a bracket too many");
        one_is_lost(index, &|record| record.replacen('[', "", 1), "a missing opening bracket");
        one_is_lost(index, &|record| record.replacen(']', "", 1), "a missing closing bracket");
        one_is_lost(index, &|record| record.replacen(" Main", "\nMain", 1), "a line end in a text");
        one_is_lost(index, &|record| record.replacen("\"total\"", "total", 1), "a bare key");
    }
}

#[test]
fn two_broken_records_cost_two() {
    for (text, _) in layouts(0) {
        let text = text.replacen(" 11 Main", " \"Main", 1).replacen("\"20 Main", "\"20 \"Main", 1);
        let text = text.replacen("\"21 Main", "\"21 \"Main", 1).replacen("\"900 Main", "\"900 \"Main", 1);
        let (found, is_unfinished, _) = ingested("bootstrap/orders_x.json", text.as_bytes());
        assert_eq!((found, is_unfinished), (tally(1000, 997, 0, 0, 3), false));
    }
}

#[test]
fn a_broken_record_waits_only_for_its_own_end() {
    for (text, at) in layouts(998) {
        let text = text.replacen("\"998 Main", "\"998 \"Main", 1);
        for end in [at, at + 20, at + 40, at + 70, at + 90] {
            let mut bench = Bench::new();
            bench.write("bootstrap/orders_x.json", &text[..end]);
            let first = bench.ingest();
            assert_eq!((first.totals(), first.files[0].is_unfinished), (tally(998, 998, 0, 0, 0), true));
            bench.write("bootstrap/orders_x.json", &text);
            let second = bench.ingest();
            assert_eq!((second.totals(), second.files[0].is_unfinished), (tally(2, 1, 0, 0, 1), false), "{end}");
        }
    }
}

#[test]
fn an_end_amid_the_array_is_set_aside_alone() {
    let (found, is_unfinished, bench) = ingested("bootstrap/orders_x.json", b"[{\"a\":1}],{\"a\":2},{\"a\":3}]");
    assert_eq!((found, is_unfinished), (tally(4, 3, 0, 0, 1), false));
    assert_eq!(bench.reasons()[0].1, "closes the array, but more elements follow");
}

#[test]
fn lines_where_an_array_should_be_are_deliveries_each() {
    let mut bench = Bench::new();
    bench.write("bootstrap/orders_x.json", "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":");
    let first = bench.ingest();
    assert_eq!((first.totals(), first.files[0].is_unfinished), (tally(2, 0, 0, 0, 2), true));
    bench.write("bootstrap/orders_x.json", "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}\n{\"a\":4}");
    let second = bench.ingest();
    assert_eq!((second.totals(), second.files[0].is_unfinished), (tally(2, 0, 0, 0, 2), false));
    let reason = "the file is no JSON array".to_string();
    assert_eq!(bench.reasons(), [1, 3, 4, 5].map(|line| (line, reason.clone())));
    assert_eq!(bench.all().set_aside[3].content, "{\"a\":4}");
}
