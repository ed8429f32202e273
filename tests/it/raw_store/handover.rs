//! From the embedded store to MongoDB: a warehouse keeps to the store it was filled from, and `cp ingest --from-embedded`
//! brings everything over, however often it is broken off.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::support::is_thorough;
use crate::support::moments;

/// A project with a day of its own, built from the embedded store.
fn embedded() -> Project {
    let project = Project::new();
    project.remove("data");
    project
        .cp(["generate", "--events", "200", "--date", "2025-01-17", "--dup-rate", "0.1", "--malformed-rate", "0.02"])
        .success();
    // Each reading has a row of the log.
    let day = "data/live_events/2025-01-17/events.jsonl";
    let text = project.read(day);
    let first = text.lines().next().unwrap();
    let conflicting = first.replacen(r#""payload":{"#, r#""payload":{"conflicting":true,"#, 1);
    assert_ne!(first, conflicting);
    project.cp(["ingest"]).success();
    project.file(day, format!("{text}{conflicting}\n{first}\n"));
    project.cp(["build"]).success();
    assert_eq!(project.count("raw.conflicts"), 1);
    project
}

#[test]
fn the_warehouse_refuses_another_store_and_names_the_ways_out() {
    let Some(database) = Database::fresh() else { return };
    let project = embedded();
    let before = (landed_events(&project), project.tables());
    for verb in ["extract", "run", "verify", "build", "ingest"] {
        let refused = project.on(&database).cp([verb]).status(2);
        if verb == "extract" {
            refused.assert("raw_store_another");
        }
        assert!(refused.stderr.contains("was filled from another raw store"), "{refused}");
        // Nothing was stored on the way there.
        assert_eq!(database.count("events_raw", doc! {}), 0, "by `cp {verb}`");
        assert_eq!(database.count("cp_ingest_log", doc! {}), 0, "by `cp {verb}`");
    }
    project.embedded();
    assert_eq!((landed_events(&project), project.tables()), before);
    verify(&project);
    // A new warehouse is the other way out.
    project.on(&database).remove("data/warehouse.duckdb");
    project.cp(["build"]).success();
    assert!(project.tables() == before.1, "other bytes");
    let refused = project.embedded().cp(["extract"]).status(2);
    assert!(refused.stderr.contains("(MongoDB database"), "{refused}");
}

#[test]
fn everything_is_brought_over_and_the_warehouse_goes_on() {
    let Some(database) = Database::fresh() else { return };
    let project = embedded();
    let before = (landed_events(&project), landed_log(&project), project.tables());
    let tally_before = tally(&project.query("select sum(delivered)::bigint as delivered, sum(stored)::bigint as stored, sum(duplicates)::bigint as duplicates, sum(conflicts)::bigint as conflicts, sum(set_aside)::bigint as set_aside from raw.ingest_log")[0]);
    project.on(&database);
    let told = summary(&project, &["ingest", "--from-embedded"]);
    assert_eq!(tally(&told["events"]), tally_before);
    assert_eq!(logged(&database), tally_before);
    assert_eq!((landed_events(&project), landed_log(&project)), (before.0.clone(), before.1.clone()));
    assert_eq!(stored_ids(&database), landed_ids(&project));
    verify(&project);
    let built = summary(&project, &["build"]);
    assert_eq!((&built["events"]["files_read"], &built["landed"]["new"]), (&0.into(), &0.into()));
    assert!(project.tables() == before.2, "other bytes");
    let counts =
        || ["events_raw", "cp_ingest_log", "cp_set_aside", "cp_conflicts"].map(|name| database.count(name, doc! {}));
    let held = counts();
    assert_eq!((held[2], held[3]), (tally_before[4], 1));

    // Once more changes nothing.
    let again = summary(&project, &["ingest", "--from-embedded"]);
    assert_eq!(tally(&again["events"]), [0; 5]);
    assert_eq!((counts(), landed_log(&project)), (held, before.1.clone()));

    // A warehouse made from MongoDB alone is the same.
    project.remove("data/warehouse.duckdb").remove("data/raw_store.duckdb").remove("data/live_events");
    summary(&project, &["build"]);
    assert_eq!((landed_events(&project), landed_log(&project)), (before.0, before.1));
    assert!(project.tables() == before.2, "other bytes");
    let nothing = project.cp(["ingest", "--from-embedded"]).status(2);
    assert!(nothing.stderr.contains("there is no embedded store"), "{nothing}");
}

#[test]
fn killed_on_the_way_it_is_brought_over_all_the_same() {
    if !is_thorough() {
        return;
    }
    let Some(reference) = Database::fresh() else { return };
    let project = embedded();
    let before = (landed_events(&project), landed_log(&project));
    project.on(&reference);
    let start = Instant::now();
    project.cp(["ingest", "--from-embedded"]).success();
    let took = start.elapsed().max(Duration::from_millis(100));
    let undisturbed = logged(&reference);
    for moment in moments(took) {
        let database = Database::fresh().unwrap();
        let other = embedded_copy(&project);
        other.on(&database);
        let call = other.cp(["ingest", "--from-embedded"]).spawn();
        thread::sleep(moment);
        let killed = call.kill();
        summary(&other, &["ingest", "--from-embedded"]);
        let told = format!("killed after {moment:?}: {killed}");
        assert_eq!(logged(&database), undisturbed, "{told}");
        assert_eq!(landed_log(&other), before.1, "{told}");
        assert_eq!(landed_events(&other), before.0, "{told}");
        assert_eq!(stored_ids(&database), landed_ids(&other), "{told}");
        verify(&other);
    }
}

/// A project with the same embedded store, and a warehouse filled from it.
fn embedded_copy(project: &Project) -> Project {
    let copy = Project::new();
    copy.remove("data");
    copy.take(&project.path("data/live_events"), "data/live_events");
    std::fs::copy(project.path("data/raw_store.duckdb"), copy.path("data/raw_store.duckdb")).unwrap();
    copy.cp(["extract"]).success();
    copy
}
