//! Every file in `tests/fixtures/lineage` is a case: a query below the tables that it may read.

use std::fmt::Write;

use super::*;
use crate::engine::Engine;
use crate::name::NodeId;
use crate::name::Relation;

/// `-- name: a, b` is a table of these columns, `-- name: ?` one of unknown ones, `-- as word: name` a name of the `with`
/// that stands for it.
fn catalog(sql: &str) -> Catalog {
    let mut catalog = Catalog::default();
    for line in sql.lines().filter_map(|line| line.strip_prefix("-- ")) {
        let (name, columns) = line.split_once(": ").unwrap();
        let id = |name: &str| NodeId::from(name.to_string());
        if let Some(word) = name.strip_prefix("as ") {
            catalog.expressions.insert(word.to_string(), id(columns));
            continue;
        }
        let (schema, table) = name.split_once('.').unwrap_or(("main", name));
        catalog.tables.insert(Relation::new("memory", schema, table), id(name));
        if columns != "?" {
            catalog.columns.insert(id(name), columns.split(", ").map(str::to_string).collect());
        }
    }
    catalog
}

fn shown(columns: Result<Vec<Column>, String>) -> String {
    let columns = match columns {
        Ok(columns) => columns,
        Err(reason) => return format!("not told: {reason}\n"),
    };
    let mut text = String::new();
    for column in columns {
        let _ = writeln!(text, "{}", if column.name.is_empty() { "(no name)" } else { &column.name });
        for (field, used) in &column.origin.fields {
            let how = format!("{:?}", used.how).to_lowercase();
            let _ = writeln!(text, "    {how} {}.{}{}", field.table, field.column, field.path);
        }
        for reason in &column.origin.untold {
            let _ = writeln!(text, "    not told: {reason}");
        }
    }
    text
}

#[test]
fn columns_come_from_where_the_query_takes_them() {
    let session = Engine::in_memory().unwrap().session().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lineage");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let sql = std::fs::read_to_string(&path).unwrap();
        let told = parse(&session, &sql).and_then(|tree| columns(&tree, &catalog(&sql)));
        insta::with_settings!({description => sql, omit_expression => true, prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), shown(told));
        });
    }
}

#[test]
fn a_chain_leads_to_the_fields_where_it_begins() {
    let session = Engine::in_memory().unwrap().session().unwrap();
    let mut catalog = Catalog::default();
    let mut chain = Chain::default();
    let id = |name: &str| NodeId::from(name.to_string());
    for name in ["raw", "base", "lines", "sums", "shaped", "taken"] {
        catalog.tables.insert(Relation::new("memory", "main", name), id(name));
    }
    catalog.columns.insert(id("raw"), vec!["payload".to_string()]);
    for (name, sql) in [
        ("base", "select payload -> '$.items' as items, payload ->> '$.id' as order_id, 1 as one from raw"),
        ("lines", "select order_id, unnest(cast(items as json[])) ->> '$.qty' as quantity, one from base"),
        ("sums", "select order_id, sum(quantity::int) as units, max(one) as one, nothing from lines group by order_id"),
        ("shaped", "select {'a': order_id, 'b': quantity} as pair from lines"),
        ("taken", "select pair.a as order_id, pair from shaped"),
    ] {
        let columns = columns(&parse(&session, sql).unwrap(), &catalog).unwrap();
        catalog.columns.insert(id(name), columns.iter().map(|column| column.name.clone()).collect());
        chain.push(&id(name), columns.into_iter().map(|column| (column.name, column.origin)).collect());
    }
    let of = |table: &str, column: &str| {
        let roots = chain.roots(&id(table), column).unwrap().clone();
        shown(Ok(vec![Column { name: column.to_string(), origin: roots }]))
    };
    let told = |column: &str| of("sums", column);
    assert_eq!(told("order_id"), "order_id\n    same raw.payload.id\n");
    assert_eq!(told("units"), "units\n    computed raw.payload.items[].qty\n");
    assert_eq!(told("one"), "one\n");
    assert_eq!(told("nothing"), "nothing\n    not told: nothing is called `nothing` here\n");
    // What a struct of another query holds where is not told, so nothing is made up.
    for column in ["order_id", "pair"] {
        let fields = "\n    computed raw.payload.id\n    computed raw.payload.items[].qty\n";
        assert_eq!(of("taken", column), format!("{column}{fields}"));
    }
    let users: Vec<_> = chain.uses(&id("base"), "items").map(|(node, column, _)| format!("{node}.{column}")).collect();
    assert_eq!(users, ["lines.quantity"]);
}
