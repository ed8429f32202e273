//! `cp diff` of the shipped project, whole process: an edit that changes nearly every model, and one of the layout alone.
//! Run it with `cargo bench --profile dev --bench diff`.

mod project;

use std::{fs, path::Path, process::Command, time::Instant};

const RUNS: usize = 7;

/// Seconds that a reviewer waits at most.
const LIMIT: f64 = 2.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    project::take(&project::PROJECT, folder.path());
    project::take(&["snapshots"], folder.path());
    project::take(&project::SAMPLE, folder.path());
    for arguments in [
        &["init", "-q"][..],
        &["add", "--all"],
        &["-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-qm", "base"],
    ] {
        assert!(Command::new("git").arg("-C").arg(folder.path()).args(arguments).status().unwrap().success());
    }
    let edits = [
        ("a mapping that every mart depends on", "dbt_project.yml", "FAILED: failed", "FAILED: success"),
        ("every order", "models/staging/base/base_orders.sql", "select * from", "select *, 1 as one from"),
        ("layout of one model", "models/marts/fact_refunds.sql", "select", "select -- all\n"),
    ];
    for (name, file, from, to) in edits {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{file}` holds no `{from}`");
        fs::write(&path, text.replace(from, to)).unwrap();
        measure(name, folder.path(), &[]);
        if file == edits[0].1 {
            measure("the same, on the 4,916 events of data/", folder.path(), &["--data", "data"]);
        }
        fs::write(&path, text).unwrap();
    }
}

fn measure(name: &str, folder: &Path, arguments: &[&str]) {
    let mut runs = Vec::new();
    for run in 0..=RUNS {
        let clock = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_cp"))
            .args(["diff", "--quiet", "--output", "json"])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        let seconds = clock.elapsed().as_secs_f64();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // The first round only warms the files.
        if run > 0 {
            runs.push(seconds);
        }
    }
    runs.sort_by(f64::total_cmp);
    let median = runs[runs.len() / 2];
    println!(
        "{name}: {median:.3} s whole process (median of {}, {:.3} to {:.3}), {:.2} of the {LIMIT} s allowed",
        runs.len(),
        runs[0],
        runs[runs.len() - 1],
        median / LIMIT
    );
}
