//! What the drift registry costs beside staging, at 1,000,000 events and for one small day more: seconds of the models, added
//! up. Run it with `cargo bench --profile dev --bench drift`; another number of events may follow `--`.

#[expect(dead_code, reason = "its events are made")]
mod project;

use std::{fs, path::Path, process::Command};

const RUNS: usize = 5;

/// How the models are told apart by name.
const STAGING: [&str; 2] = ["base_", "stg_"];
const REGISTRY: [&str; 3] = ["int_payload_", "int_field_", "quality_field_"];

fn main() {
    let events = std::env::args().find_map(|word| word.parse::<u64>().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    project::take(&project::PROJECT, folder.path());
    take_in(folder.path(), events, "2025-01-15");
    let mut runs: Vec<_> = (0..RUNS).map(|_| run(folder.path(), &["--full-refresh"])).collect();
    runs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let share = |(staging, registry): (f64, f64)| 100.0 * registry / staging;
    let (staging, registry) = runs[RUNS / 2];
    println!(
        "{events} events: staging {staging:.2} s, drift registry {registry:.2} s, {:.0} % of it (median of {RUNS}, {:.0} to {:.0})",
        share(runs[RUNS / 2]),
        share(runs[0]),
        share(runs[RUNS - 1])
    );
    take_in(folder.path(), 2_000, "2025-01-16");
    let (staging, registry) = run(folder.path(), &[]);
    println!("2000 events more: staging {staging:.2} s, drift registry {registry:.2} s");
}

fn take_in(folder: &Path, events: u64, date: &str) {
    call(folder, &["generate", "--events", &events.to_string(), "--date", date, "--seed", "5"]);
    call(folder, &["ingest"]);
}

/// Seconds of staging, and of the registry.
fn run(folder: &Path, more: &[&str]) -> (f64, f64) {
    let select = ["run", "--threads", "1", "--select", "+quality_field_registry", "+quality_field_proposals"];
    call(folder, &[&select, more].concat());
    let text = fs::read_to_string(folder.join("target/run_results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let seconds = |prefixes: &[&str]| -> f64 {
        let models = results["results"].as_array().unwrap().iter();
        let of = models.filter(|it| {
            let name = it["unique_id"].as_str().unwrap().rsplit('.').next().unwrap();
            prefixes.iter().any(|prefix| name.starts_with(prefix))
        });
        of.map(|it| it["execution_time"].as_f64().unwrap()).sum()
    };
    (seconds(&STAGING), seconds(&REGISTRY))
}

fn call(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_cp"))
        .args(arguments)
        .args(["--quiet", "--project-dir"])
        .arg(folder)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
