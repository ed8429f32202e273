//! A small project and a run of it, for tests.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::json;

use crate::config::ProfileValues;
use crate::error::Place;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::Outcome;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::ColumnSpec;
use crate::project::GenericTest;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Source;
use crate::project::SourceFile;
use crate::render::Reference;
use crate::render::Scan;
use crate::render::Scanned;

fn place(path: &str) -> Place {
    Place::new(path, "", 0..0)
}

/// A node with the settings given.
pub(crate) fn node(kind: NodeKind, name: &str, path: &str, text: &str, settings: serde_json::Value) -> Node {
    let folders = Path::new(path).parent().into_iter().flat_map(Path::iter).skip(1);
    let fqn = ["shop".to_string()]
        .into_iter()
        .chain(folders.map(|part| part.to_string_lossy().into_owned()))
        .chain([name.to_string()])
        .collect();
    let settings = settings.as_object().cloned().unwrap_or_default();
    Node {
        id: NodeId::new(kind.as_str(), "shop", name),
        kind,
        name: name.to_string(),
        file: SourceFile { path: path.into(), text: text.into() },
        fqn,
        config: NodeConfig::new(settings),
        description: String::new(),
        columns: IndexMap::new(),
        declared: Some(place("models/orders.yml")),
        generic: None,
    }
}

/// A source, a seed, two models (one of them a section of the report), a singular and a generic test.
pub(crate) fn project(root: &Path) -> Project {
    let mut orders = node(
        NodeKind::Model,
        "orders",
        "models/marts/orders.sql",
        "select {{ plus(1) }} as id from {{ source('raw', 'events') }}\n",
        json!({"materialized": "incremental", "unique_key": "id", "tags": ["daily"], "post-hook": "select 1",
               "meta": {"publish": true}}),
    );
    let id = ColumnSpec { name: "id".into(), description: "the key".into(), ..Default::default() };
    orders.columns.insert("id".into(), id);
    orders.description = "One row an order.".into();
    let mut completeness = node(
        NodeKind::Model,
        "quality_completeness",
        "models/quality/quality_completeness.sql",
        "select 1",
        json!({"meta": {"report": {"title": "Completeness", "order": 10}}}),
    );
    completeness.description = "What the vendors left out.".into();
    let seed = node(NodeKind::Seed, "rates", "seeds/rates.csv", "date,rate\n2024-01-01,1\n", json!({}));
    let singular = node(NodeKind::Test, "nothing_lost", "tests/sql/nothing_lost.sql", "select 1", json!({}));
    let mut unique = node(NodeKind::Test, "unique_orders_id", "models/orders.yml", "", json!({"severity": "warn"}));
    unique.id = NodeId::new("test", "shop", "unique_orders_id.0123456789");
    unique.generic = Some(GenericTest {
        column_place: None,
        name: "unique".into(),
        on: orders.id.clone(),
        column: Some("id".into()),
        arguments: IndexMap::new(),
        place: place("models/orders.yml"),
    });
    let source = Source {
        id: NodeId::from("source.shop.raw.events".to_string()),
        source_name: "raw".into(),
        name: "events".into(),
        database: None,
        schema: "raw".into(),
        identifier: "events".into(),
        fqn: vec!["shop".into(), "raw".into(), "events".into()],
        description: String::new(),
        source_description: String::new(),
        columns: IndexMap::new(),
        config: NodeConfig::default(),
        file: SourceFile { path: "models/_sources.yml".into(), text: "".into() },
        declared: place("models/_sources.yml"),
    };
    Project {
        root: root.to_path_buf(),
        name: "shop".into(),
        target_path: "target".into(),
        clean_targets: Vec::new(),
        nodes: [orders, completeness, seed, singular, unique].into_iter().map(|node| (node.id.clone(), node)).collect(),
        sources: [(source.id.clone(), source)].into_iter().collect(),
        unit_tests: Vec::new(),
        macros: vec![SourceFile {
            path: "macros/plus.sql".into(),
            text: "{% macro plus(x) %}{{ times(x) }} + 0{% endmacro %}{% macro times(x) %}{{ x }}{% endmacro %}".into(),
        }],
        docs: [("grain".to_string(), "What a row is.".to_string())].into_iter().collect(),
        vars: IndexMap::new(),
        on_run_start: Vec::new(),
        on_run_end: Vec::new(),
        profile: ProfileValues { path: ":memory:".into(), schema: "main".into(), ..Default::default() },
        warnings: Vec::new(),
    }
}

/// The project scanned, as its files say it.
pub(crate) fn scanned(project: &Project) -> Scanned {
    let orders = NodeId::new("model", "shop", "orders");
    let scan = |node: &Node| {
        let references = match (node.kind, node.name.as_str()) {
            (NodeKind::Seed, _) => Vec::new(),
            (NodeKind::Model, "orders") => vec![NodeId::from("source.shop.raw.events".to_string())],
            _ => vec![orders.clone()],
        };
        let macros = ["macro.shop.plus".to_string(), "macro.dbt.test_unique".to_string()];
        Scan {
            config: node.config.clone(),
            references: references.into_iter().map(|id| Reference { id, place: place("models/orders.yml") }).collect(),
            macros: macros.into_iter().collect(),
            introspects: false,
            relation: (node.kind != NodeKind::Test).then(|| Relation::new("memory", "main", &node.name)),
        }
    };
    Scanned {
        warnings: Vec::new(),
        nodes: project.nodes.iter().map(|(id, node)| (id.clone(), scan(node))).collect(),
        sources: [(NodeId::from("source.shop.raw.events".to_string()), Relation::new("memory", "raw", "events"))]
            .into_iter()
            .collect(),
    }
}

/// The outcome of one node.
pub(crate) fn outcome(id: NodeId, status: Status, message: &str, failures: Option<u64>) -> Outcome {
    Outcome {
        id,
        status,
        message: message.to_string(),
        reason: None,
        rows: None,
        failures,
        diagnostic: None,
        fault: None,
        started_at: start(),
        took: Duration::from_millis(12),
        worker: 1,
        compiled: Some("select 1".to_string()),
        relation: None,
    }
}

/// A build in which one check warned and one failed.
pub(crate) fn record() -> RunRecord {
    let id = |kind: &str, name: &str| NodeId::new(kind, "shop", name);
    RunRecord {
        invocation_id: "0106902d-d966-4fa6-8783-26e76939d443".into(),
        verb: "build".into(),
        arguments: json!({"select": []}),
        started_at: start(),
        took: Duration::from_millis(1234),
        outcomes: vec![
            outcome(id("model", "orders"), Status::Success, "1,551 rows", None),
            outcome(id("test", "nothing_lost"), Status::Fail, "got 3 results, configured to fail if != 0", Some(3)),
            outcome(id("test", "unique_orders_id.0123456789"), Status::Warn, "got 1 result", Some(1)),
        ],
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap_or_default()
}
