//! The raw store makes no difference: the same files give the same tables, to the byte, whether it is embedded or a
//! MongoDB.

use super::*;
use crate::support::is_thorough;

#[test]
fn the_sample_gives_the_same_bytes_and_tallies_as_through_the_embedded_store() {
    let Some(database) = Database::fresh() else { return };
    let embedded = Project::new();
    let through_embedded = summary(&embedded, &["build"]);
    let project = Project::new();
    project.on(&database);
    let through_mongodb = summary(&project, &["build"]);
    assert_eq!(tally(&through_mongodb["events"]), tally(&through_embedded["events"]));
    assert_eq!(through_mongodb["landed"], through_embedded["landed"]);
    assert_eq!(through_mongodb["tables"], through_embedded["tables"]);
    assert!(project.tables() == embedded.tables(), "other bytes");
    assert_eq!(landed_log(&project), landed_log(&embedded));
    let without_time = "select * exclude (_landing_sequence, ingested_at) replace (json(payload) as payload)
         from raw.events_raw order by event_id";
    assert_eq!(project.query(without_time), embedded.query(without_time));
    verify(&project);

    let again = project.cp(["ingest"]).success();
    assert!(again.stderr.contains("6 files, all unchanged"), "{again}");

    // The warehouse is made of the raw store alone.
    if !is_thorough() {
        return;
    }
    let (before, log) = (project.tables(), landed_log(&project));
    project.remove("data/warehouse.duckdb").remove("data/bootstrap").remove("data/live_events");
    summary(&project, &["build"]);
    assert!(project.tables() == before, "other bytes");
    assert_eq!(landed_log(&project), log);
    verify(&project);
}
