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

#[test]
fn a_raw_store_that_is_gone_or_replaced_is_not_taken_for_the_one_it_was() {
    // Where it was built: the warehouse remembers the place.
    let project = Project::new();
    project.cp(["build"]).success();
    let before = project.publication();
    fs::rename(project.path("data/raw_store.duckdb"), project.path("backup")).unwrap();
    for verb in ["build", "ingest", "extract", "run", "verify"] {
        let output = project.cp([verb, "--quiet"]).status(2);
        output.assert("lost_raw_store");
        assert!(!project.path("data/raw_store.duckdb").exists(), "by `cp {verb}`");
    }
    // Somebody else makes a new one.
    fs::rename(project.path("data/warehouse.duckdb"), project.path("warehouse")).unwrap();
    project.cp(["ingest", "--quiet"]).success();
    fs::rename(project.path("warehouse"), project.path("data/warehouse.duckdb")).unwrap();
    project.cp(["build", "--quiet"]).status(2).assert("lost_raw_store_replaced");
    let moved = Project::built();
    let moved = moved.remove("data/raw_store.duckdb").cp(["build", "--quiet"]).status(2);
    assert!(moved.stderr.contains("which is not there\nhelp: restore the old one"), "{moved}");

    // Both ways out.
    fs::copy(project.path("backup"), project.path("data/raw_store.duckdb")).unwrap();
    project.cp(["build"]).success();
    project.remove("data/raw_store.duckdb").remove("data/warehouse.duckdb");
    project.cp(["build"]).success();
    assert!(project.publication() == before);
}

#[test]
fn a_file_that_is_broken_is_told_with_what_may_be_done_about_it() {
    let project = Project::built();
    for file in ["data/warehouse.duckdb", "data/raw_store.duckdb"] {
        let whole = fs::read(project.path(file)).unwrap();
        let noise: Vec<u8> = (0..whole.len()).map(|at| (at * 7 % 251) as u8).collect();
        for (what, bytes) in [("cut short", &whole[..20_000]), ("emptied", &[]), ("noise", &noise)] {
            project.file(file, bytes);
            let output = project.cp(["build", "--quiet"]).status(2);
            let help = match file {
                "data/warehouse.duckdb" => "can be moved away: `cp build` makes a new one from the raw store",
                _ => "help: do not delete it: the raw store is the system of record",
            };
            assert!(output.stderr.contains(help), "{what}: {output}");
            let debug = project.cp(["debug"]).status(2);
            assert!(debug.stderr.contains(help), "{what}: {debug}");
            // All else is told.
            assert!(debug.stdout.contains("commercepulse in"), "{what}: {debug}");
            assert!(debug.stdout.contains("cannot be used"), "{what}: {debug}");
            assert!(debug.stdout.contains("4,795"), "{what}: {debug}");
        }
        project.file(file, whole);
    }
    project.remove("data/warehouse.duckdb").cp(["build"]).success();
}

#[test]
fn tables_that_readers_lose_are_named() {
    let project = Project::built();
    fs::rename(project.path("models/analytics/top_products.sql"), project.path("models/analytics/best_products.sql"))
        .unwrap();
    project.edit("models/analytics/_analytics.yml", "name: top_products", "name: best_products");
    let output = project.cp(["build"]).success();
    assert!(output.stdout.contains("16 tables in data/published, 1 changed, 1 withdrawn: top_products"), "{output}");
    assert!(output.stderr.contains("16 tables published, 1 changed, 1 withdrawn: top_products"), "{output}");
    let again = project.cp(["build"]).success();
    assert!(!again.stdout.contains("withdrawn"), "{again}");
}

/// A project of which one model fails.
fn failing() -> Project {
    let project = Project::empty();
    project
        .file("models/fails.sql", "{{ config(materialized='table') }}\nselect error('out of ink') as id\n")
        .file("models/kept.sql", "{{ config(materialized='table', meta={'publish': true}) }}\nselect 1 as id\n");
    project
}

#[test]
fn what_failed_is_told_where_the_results_cannot_be_written() {
    let project = failing();
    // What stands in the way of a file, as a disk that is full does.
    project.file("target/manifest.json/mine", "");
    project.cp(["build", "--quiet"]).status(2).assert("lost_results");
    project.remove("models/fails.sql");
    let alone = project.cp(["build", "--quiet"]).status(2);
    assert!(alone.stderr.starts_with("error: cannot write `"), "{alone}");
    project.remove("target");
    project.cp(["build", "--quiet"]).success();
}

#[test]
fn a_run_whose_report_cannot_be_written_tells_what_it_did() {
    let project = failing();
    project.remove("models/fails.sql").file("reports", "mine");
    let output = project.cp(["build", "--quiet"]).status(2);
    assert!(output.stderr.starts_with("warning: cannot "), "{output}");
    assert!(
        output.stderr.ends_with("error: the run is done, and not all that tells of it could be written\n"),
        "{output}"
    );
    let output = project.cp(["build"]).status(2);
    assert!(output.stdout.contains("published  1 tables in data/published, unchanged"), "{output}");
}

#[test]
fn readers_are_spoken_of_only_where_there_are_any() {
    let project = failing();
    project.file("tests/sql/never.sql", "select * from {{ ref('kept') }} where id = 2\n").remove("models/fails.sql");
    let edited = || project.edit("models/kept.sql", "select 1 as id", "select 2 as id");
    edited();
    let first = project.cp(["build", "--quiet"]).status(1);
    assert!(first.stderr.ends_with("help: mend it and run `cp build` again\n"), "{first}");
    project.edit("models/kept.sql", "select 2 as id", "select 1 as id").cp(["build"]).success();
    edited();
    let second = project.cp(["build", "--quiet"]).status(1);
    assert!(second.stderr.ends_with("run `cp build` again; readers still see the last publication\n"), "{second}");
}
