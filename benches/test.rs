//! What golden snapshots, and then three replays, add to `cp test` of the shipped project with a built warehouse: whole
//! processes, in turns. Run it with `cargo bench --profile dev --bench test`.

mod project;

use std::{fs, path::Path, process::Command, time::Instant};

const RUNS: usize = 7;

/// Seconds that golden snapshots may add.
const LIMIT: f64 = 1.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    project::take(&project::PROJECT, folder.path());
    project::take(&project::SAMPLE, folder.path());
    cp(folder.path(), &["build"]);
    let (sample, aside) = (folder.path().join("snapshots"), folder.path().join("aside"));
    let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
    for run in 0..=RUNS {
        // Without a sample there is nothing to build snapshots or replays from; unit tests and data tests run all the same.
        let without = cp(folder.path(), &["test", "--replays", "0"]);
        if run == 0 {
            project::take(&["snapshots"], folder.path());
        } else {
            fs::rename(&aside, &sample).unwrap();
        }
        let golden = cp(folder.path(), &["test", "--replays", "0"]);
        let replayed = cp(folder.path(), &["test"]);
        fs::rename(&sample, &aside).unwrap();
        // The first round only warms the files.
        if run > 0 {
            for (all, one) in seconds.iter_mut().zip([without, golden - without, replayed - golden]) {
                all.push(one);
            }
        }
    }
    let [without, golden, replays] = seconds.map(|mut runs| {
        runs.sort_by(f64::total_cmp);
        runs
    });
    tell("`cp test` without either", &without);
    tell("golden snapshots add", &golden);
    println!("    {:.2} of the {LIMIT} s allowed", golden[RUNS / 2] / LIMIT);
    tell("three replays add", &replays);
}

fn tell(name: &str, runs: &[f64]) {
    println!("{name}: {:.3} s (median of {}, {:.3} to {:.3})", runs[RUNS / 2], runs.len(), runs[0], runs[RUNS - 1]);
}

/// Seconds of the whole process.
fn cp(folder: &Path, arguments: &[&str]) -> f64 {
    let clock = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_cp"))
        .args(arguments)
        .arg("--quiet")
        // Nothing is to be written beside the snapshots.
        .env("CI", "true")
        .current_dir(folder)
        .output()
        .unwrap();
    let seconds = clock.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    seconds
}
