//! What a person reads where a MongoDB cannot be used, and what `cp debug` tells of one; no password is ever among it.

use std::net::TcpListener;

use super::*;
use crate::support::server::{Server, Setup};

const PASSWORD: &str = "s3cr3t/pass:word@x";

/// The output as a snapshot; the password must not be in it, nor any part of the way it is written in an address.
#[track_caller]
fn assert_told(output: &Output, name: &str) {
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(PASSWORD) && !text.contains("s3cr3t") && !text.contains("%73%33"), "{output}");
    }
    output.assert(name);
}

#[test]
fn a_server_that_cannot_be_reached() {
    // Nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = Project::new();
    let uri = format!("mongodb://cp:s3cr3t@127.0.0.1:{port}/?serverSelectionTimeoutMS=1000");
    for verb in ["ingest", "extract", "build"] {
        let output = project.cp([verb]).env("MONGO_URI", &uri).status(2);
        assert_told(&output, "raw_store_unreachable");
    }
    // It tells what it can all the same.
    let output = project.cp(["debug"]).env("MONGO_URI", &uri).status(2);
    assert!(output.stdout.contains("warehouse"), "{output}");
    assert!(output.stderr.contains("error: cannot reach MongoDB at `127.0.0.1:"), "{output}");
    assert!(!project.path("data/raw_store.duckdb").exists());
}

#[test]
fn an_account_that_is_refused_or_may_not_do_what_is_needed() {
    let Some(server) = Setup::default().accounts().start() else { return };
    server.add_account("writer", PASSWORD, &[("readWrite", "shop")]);
    server.add_account("reader", PASSWORD, &[("read", "shop")]);
    let project = shop(&server.database("shop"));
    project.file(FILE, lines(1..=3));
    let call = |name: &str, password: &str, verb: &str| {
        let uri = format!("{}?authSource=admin&serverSelectionTimeoutMS=2000", server.uri_as(name, password));
        project.cp([verb]).env("MONGO_URI", uri)
    };
    assert_told(&call("writer", &format!("{PASSWORD}no"), "ingest").status(2), "raw_store_password");
    assert_told(&call("nobody", PASSWORD, "extract").status(2), "raw_store_password");
    assert_told(&call("reader", PASSWORD, "ingest").status(2), "raw_store_index");
    let nobody = project.cp(["ingest"]).env("MONGO_URI", server.uri_as("", "").replace(":@", "")).status(2);
    assert_told(&nobody, "raw_store_no_account");
    // With the index there, it may not write.
    server.database("shop").create_index("events_raw", doc! {"event_id": 1}, true).unwrap();
    assert_told(&call("reader", PASSWORD, "ingest").status(2), "raw_store_read_only");
    // What the help says is enough.
    let output = call("writer", PASSWORD, "ingest").success();
    assert_told(&output, "raw_store_writer");
    for verb in ["extract", "verify", "debug"] {
        let output = call("writer", PASSWORD, verb).arg("--verbose").success();
        assert!(!output.to_string().contains("s3cr3t"), "{output}");
    }
    // Neither in what is written.
    for entry in walk(project.root()) {
        let bytes = std::fs::read(&entry).unwrap();
        let is_told = bytes.windows(6).any(|window| window == b"s3cr3t");
        assert!(!is_told, "the password is in `{}`", entry.display());
    }
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_collection_whose_ids_are_not_unique() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let mut all = documents(1..=20);
    all.extend(documents(3..=5));
    all.extend(documents(3..=3));
    let nameless = || doc! {"event_type": "t", "payload": {}};
    all.extend([nameless(), nameless()]);
    let mut numbered = document("7", 7);
    numbered.insert("event_id", 7);
    all.extend([numbered.clone(), numbered]);
    database.insert("events_raw", all);
    assert_told(&project.cp(["extract"]).status(1), "raw_store_not_unique");
    database.insert("events_raw", documents(9..=20));
    assert_told(&project.cp(["ingest"]).status(1), "raw_store_not_unique_many");
    // An index that is not unique is none, nor one that leaves documents out.
    database.create_index("events_raw", doc! {"event_id": -1, "vendor": 1}, false).unwrap();
    project.cp(["extract"]).status(1);
    database.delete("events_raw", doc! {});
    project.cp(["extract"]).success();
    let told = project.cp(["debug"]).success();
    assert!(told.stdout.contains("`event_id_1`, unique on `event_id`"), "{told}");
}

#[test]
fn a_connection_string_that_is_none() {
    let project = Project::new();
    let wrong = [
        ("host", "localhost:27017"),
        ("slash", "mongodb://cp:s3cr3t/pass:word@host/"),
        ("option", "mongodb://cp:s3cr3t@host/?tls=perhaps"),
        ("port", "mongodb://cp:s3cr3t@host:port/"),
        ("scheme", "http://cp:s3cr3t@host/"),
    ];
    for (name, uri) in wrong {
        assert_told(&project.cp(["extract"]).env("MONGO_URI", uri).status(2), &format!("raw_store_address_{name}"));
        let flag = project.cp(["extract", "--mongo-uri", uri]).status(2);
        assert_told(&flag, &format!("raw_store_address_{name}"));
    }
    for uri in
        ["mongodb://u:s3cr3t?x=s3cr3t@h", "mongodb://u:s3cr3t:27017", "mongodb://h/?authMechanismProperties=s3cr3t"]
    {
        let told = project.cp(["extract"]).env("MONGO_URI", uri).status(2);
        assert!(!told.stderr.contains("s3cr3t") && told.stderr.contains("`MONGO_URI` is no"), "{told}");
    }
}

#[test]
fn another_database_is_another_store() {
    let Some(server) = Server::start() else { return };
    let database = server.database("shop");
    let project = shop(&database);
    database.insert("events_raw", documents(1..=3));
    summary(&project, &["extract"]);
    assert_told(&project.cp(["extract"]).env("MONGO_DB", "elsewhere").status(2), "raw_store_another_database");
    assert_eq!(landed_ids(&project), ids(1..=3));
    // By flag, and where none is named.
    project.cp(["extract", "--mongo-db", "shop"]).env("MONGO_DB", "elsewhere").success();
    let told = project.cp(["debug"]).env("MONGO_DB", "").success();
    assert!(told.stdout.contains("MongoDB database `commercepulse`"), "{told}");
    // By a file.
    project.embedded().file(".env", format!("MONGO_URI={}\nMONGO_DB=shop\n", server.uri()));
    assert_eq!(summary(&project, &["extract"])["landed"]["total"], 3);
}

#[test]
fn what_needs_a_mongodb_says_so() {
    let project = Project::new();
    assert_told(&project.cp(["watch"]).status(2), "raw_store_none_to_watch");
    assert_told(&project.cp(["ingest", "--from-embedded"]).status(2), "raw_store_none_to_fill");
}

#[test]
fn debug_tells_of_store_server_index_counts_and_position() {
    let Some(server) = Server::start() else { return };
    let database = server.database("shop");
    let project = shop(&database);
    project.file(FILE, lines(1..=3) + "no event\n");
    assert_told(&project.cp(["debug"]).success(), "raw_store_debug_before");
    summary(&project, &["ingest"]);
    database.insert("events_raw", documents(4..=5));
    assert_told(&project.cp(["debug"]).success(), "raw_store_debug");
    let told: Value = serde_json::from_str(&project.cp(["debug", "--output", "json"]).success().stdout).unwrap();
    assert_eq!(told["events in the raw store"], "5");
}
