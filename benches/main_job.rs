//! The main job on the committed sample with a fresh warehouse and warm files: whole-process wall time, and the share
//! of it in which DuckDB was not at work. Run it with `cargo bench --profile dev --bench main_job`.

mod project;

use std::{path::Path, process::Command, time::Instant};

const RUNS: usize = 7;

fn main() {
    let program = Path::new(env!("CARGO_BIN_EXE_cp"));
    let mut first = Vec::new();
    let mut again = Vec::new();
    for run in 0..=RUNS {
        let folder = tempfile::tempdir().unwrap();
        project::take(&project::PROJECT, folder.path());
        project::take(&project::SAMPLE, folder.path());
        let (fresh, unchanged) = (build(program, folder.path()), build(program, folder.path()));
        // The first round only warms the files.
        if run > 0 {
            first.push(fresh);
            again.push(unchanged);
        }
    }
    tell("fresh warehouse", &mut first);
    tell("nothing new", &mut again);
}

/// Seconds of the whole process, and of DuckDB in it.
fn build(program: &Path, folder: &Path) -> (f64, f64) {
    let clock = Instant::now();
    let output = Command::new(program)
        .args(["build", "--output", "json", "--quiet", "--project-dir"])
        .arg(folder)
        .current_dir(folder)
        .output()
        .unwrap();
    let seconds = clock.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (seconds, summary["seconds_in_duckdb"].as_f64().unwrap())
}

fn tell(name: &str, runs: &mut [(f64, f64)]) {
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (whole, duckdb) = runs[runs.len() / 2];
    println!(
        "{name}: {whole:.3} s whole process (median of {}, {:.3} to {:.3}), {:.0} % of it outside DuckDB",
        runs.len(),
        runs[0].0,
        runs[runs.len() - 1].0,
        (1.0 - duckdb / whole) * 100.0
    );
}
