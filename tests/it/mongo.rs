//! The server that tests use, by itself: it starts in each of its ways, keeps what it acknowledged when it is killed, and
//! a machine without Python is told what to install.

use std::{thread, time::Duration};

use mongodb::{
    bson::{Document, doc},
    error::ErrorKind,
};

use crate::support::Call;
use crate::support::Project;
use crate::support::is_thorough;
use crate::support::moments;
use crate::support::server::Database;
use crate::support::server::Server;
use crate::support::server::Setup;

fn numbered(numbers: std::ops::Range<i64>) -> Vec<Document> {
    numbers.map(|number| doc! {"_id": number}).collect()
}

/// The error code of a refused command.
fn code<T>(answer: mongodb::error::Result<T>) -> Option<i32> {
    match *answer.err()?.kind {
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

#[test]
fn what_is_acknowledged_outlives_the_server() {
    if !is_thorough() {
        return;
    }
    let Some(server) = Server::start() else { return };
    let database = server.database("shop");
    database.create_index("events", doc! {"event_id": 1}, true).unwrap();
    for (round, moment) in moments(Duration::from_millis(300)).into_iter().take(5).enumerate() {
        let first = round as i64 * 1000;
        thread::scope(|scope| {
            // Every batch is acknowledged in the end: the driver tries again.
            scope.spawn(|| (0..10).for_each(|n| database.insert("events", events(first + n * 10))));
            thread::sleep(moment);
            server.kill();
            server.restart();
        });
        assert_eq!(database.count("events", doc! {"_id": {"$gte": first}}), 100, "killed after {moment:?}");
    }
    let mut late = database.begin();
    late.insert("events", vec![doc! {"_id": "late", "event_id": "late"}]);
    assert_eq!(database.count("events", doc! {"_id": "late"}), 0);
    late.commit();
    server.restart();
    assert_eq!(database.count("events", doc! {"_id": "late"}), 1);
    let again = doc! {"insert": "events", "documents": [{"event_id": "late"}]};
    assert!(database.run_command(again).unwrap().contains_key("writeErrors"));
    server.stop();
    server.restart();
    assert_eq!(database.delete("events", doc! {"_id": "late"}), 1);
}

fn events(first: i64) -> Vec<Document> {
    (first..first + 10).map(|number| doc! {"_id": number, "event_id": number.to_string()}).collect()
}

#[test]
fn tests_that_share_a_server_do_not_share_a_database() {
    let Some(one) = Database::fresh() else { return };
    let other = Database::fresh().unwrap();
    one.insert("events", numbered(0..3));
    assert_eq!(one.find_all("events", doc! {"_id": {"$gte": 1}}), numbered(1..3));
    assert_eq!((one.uri(), other.count("events", doc! {})), (other.uri(), 0));
    one.drop_collection("events");
    assert_eq!(one.count("events", doc! {}), 0);
    // What `cp` reads of it.
    let project = Project::empty();
    let told = |project: &Project| {
        let names = "select '{{ env_var('MONGO_DB', 'none') }}' as name, '{{ env_var('MONGO_URI', 'none') }}' as uri";
        project.query(names).remove(0)
    };
    assert_eq!(told(project.on(&one)), serde_json::json!({"name": one.name(), "uri": one.uri()}));
    assert_eq!(told(project.embedded()), serde_json::json!({"name": "none", "uri": "none"}));
}

#[test]
fn a_standalone_server_has_no_change_stream() {
    let Some(server) = Setup::default().standalone().start() else { return };
    assert_eq!(code(server.database("shop").run(|database| async move { database.watch().await })), Some(40573));
}

#[test]
fn a_small_oplog_loses_a_position() {
    let Some(server) = Setup::default().small_oplog().unsynced().start() else { return };
    let database = server.database("shop");
    let opened = database.run(|database| async move { database.watch().await.map(|stream| stream.resume_token()) });
    let position = opened.unwrap().expect("a position from the start");
    database.insert("events", numbered(0..2500));
    let resumed = database.run(|database| async move { database.watch().resume_after(position).await });
    assert_eq!(code(resumed), Some(286));
}

#[test]
fn accounts_may_do_what_they_are_allowed_over_tls_too() {
    let Some(server) = Setup::default().accounts().tls().start() else { return };
    server.add_account("reader", "a/b:c@d", &[("read", "shop")]);
    server.database("shop").insert("events", numbered(0..1));
    assert_eq!(server.database("shop").count("events", doc! {}), 1);
    let uri = server.uri_as("reader", "a/b:c@d");
    let written = server.database("shop").run(|_| async move {
        let client = mongodb::Client::with_uri_str(uri).await.unwrap();
        client.database("shop").run_command(doc! {"insert": "events", "documents": [{"_id": 1}]}).await
    });
    assert_eq!(code(written), Some(13));
}

#[test]
fn a_server_that_cannot_be_had_is_told() {
    // This very test program, where there is no Python.
    let call = |required: &str| {
        let program = std::env::current_exe().unwrap();
        let call = Call::to(&program).arg("--exact").arg("mongo::a_standalone_server_has_no_change_stream");
        call.env("PATH", "").env("PYENV_ROOT", "/nowhere").env(required, "1").run()
    };
    let skipped = call("ANYTHING");
    skipped.assert_success();
    let line = "skipped: mongo::a_standalone_server_has_no_change_stream: there is no Python 3.10 or later with `venv`; \
                install python3 and python3-venv\n";
    assert_eq!(skipped.stderr, line);
    let failed = call("CP_REQUIRE_SERVERS");
    assert_eq!(failed.status, 101, "{failed}");
    assert!(failed.stdout.contains("there is no Python"), "{failed}");
}
