//! The prebuilt library: the compiled program finds it by itself, wherever both are moved and wherever it is called.

use std::{path::Path, process::Command};

use crate::support::{Call, program};

#[test]
fn starts_anywhere_without_a_library_path() {
    Call::of(["version"]).within(Path::new("/")).success();
}

#[test]
fn no_path_of_this_machine_is_inside() {
    if cfg!(feature = "bundled") {
        println!("skipped: DuckDB is compiled in");
        return;
    }
    let Ok(output) = Command::new("readelf").arg("-d").arg(program()).output() else {
        println!("skipped: there is no `readelf`");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let run_path = text.lines().find(|line| line.contains("(RPATH)") || line.contains("(RUNPATH)"));
    let folders = run_path.and_then(|line| Some(line.split_once('[')?.1.split_once(']')?.0)).expect("a run path");
    for folder in folders.split(':') {
        assert!(folder.starts_with("$ORIGIN/"), "the run path names `{folder}`");
    }
}
