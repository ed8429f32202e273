//! What is lost between two runs (the warehouse, the raw store, event files) is said, and no reader loses it too.

use std::fs;

use serde_json::Value;

use crate::support::Project;

/// Takes the databases away, as a new machine has none, or the event files.
fn lose(project: &Project, what: &str) {
    match what {
        "databases" => project.remove("data/warehouse.duckdb").remove("data/raw_store.duckdb"),
        _ => project.remove("data/bootstrap").remove("data/live_events"),
    };
}

#[test]
fn a_folder_of_events_that_is_not_there_is_a_wrong_call() {
    let project = Project::built();
    let before = project.publication();
    lose(&project, "databases");
    for verb in ["build", "ingest"] {
        let output = project.cp([verb, "--data", "dta"]).status(2);
        output.assert("lost_folder");
        // Nothing was made for nothing.
        assert!(!project.path("data/raw_store.duckdb").exists());
    }
    project.cp(["build"]).env("CP_DATA", "dta").status(2);
    let file = project.cp(["build", "--data", "dbt_project.yml"]).status(2);
    assert!(file.stderr.contains("is no folder"), "{file}");
    assert!(project.publication() == before);
    project.cp(["build", "--data", "data"]).success();
    assert!(project.publication() == before);
}

#[test]
fn a_publication_never_goes_back_to_fewer_events_unless_told_to() {
    let project = Project::built();
    let before = project.publication();
    let manifest: Value = serde_json::from_slice(&before["manifest.json"]).unwrap();
    assert_eq!(manifest["landed"], 4795);
    // A part of the events is lost: those of one day.
    let days = project.path("data/live_events");
    let mut names: Vec<_> = fs::read_dir(&days).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    fs::remove_dir_all(names.last().unwrap()).unwrap();
    lose(&project, "databases");
    let refused = project.cp(["build", "--quiet"]).status(1);
    assert!(refused.stderr.contains(" events, and the last publication stood on 4,795"), "{refused}");
    assert!(project.publication() == before);

    // All are lost.
    lose(&project, "databases");
    lose(&project, "event files");
    project.cp(["build", "--quiet"]).status(1).assert("lost_events");
    assert!(project.publication() == before);
    assert!(project.cp(["publish", "--quiet"]).status(1).stderr.contains("the warehouse holds 0 events"));

    // It may be meant.
    project.cp(["publish", "--quiet", "--full-refresh"]).success();
    let manifest: Value = serde_json::from_slice(&project.publication()["manifest.json"]).unwrap();
    assert_eq!(manifest["landed"], 0);
    project.cp(["build"]).success();
}

#[test]
fn a_publication_that_does_not_tell_its_events_is_not_replaced_by_none() {
    let project = Project::built();
    let link = fs::read_link(project.path("data/published")).unwrap();
    let file = format!("data/{}/manifest.json", link.display());
    project.edit(&file, "  \"landed\": 4795,\n", "");
    project.cp(["build"]).success();
    lose(&project, "databases");
    lose(&project, "event files");
    let refused = project.cp(["build", "--quiet"]).status(1);
    assert!(refused.stderr.contains("the warehouse holds 0 events, and the last publication has "), "{refused}");
}
