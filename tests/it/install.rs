//! The install script: what it installed starts, alone, from anywhere, under both names.

use std::{fs, path::Path};

use crate::support::{Call, Project, program};

fn install(prefix: &Path) -> Call {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    Call::to(&script).arg("--program").arg(program()).arg("--prefix").arg(prefix)
}

#[test]
fn installs_a_program_that_starts() {
    let project = Project::empty();
    let prefix = project.path("some where/prefix");
    install(&prefix).success();
    let call = |name: &str| Call::to(&prefix.join("bin").join(name)).arg("version").within(Path::new("/"));
    let first = call("commercepulse").success();
    assert!(!prefix.join("bin/cp").exists(), "`cp` is linked only where it is asked for");

    // Once more, over what is there and what an older version left.
    fs::create_dir(prefix.join("lib/commercepulse/duckdb-000000000000")).unwrap();
    install(&prefix).arg("--as-cp").success();
    assert_eq!(call("cp").success().stdout, first.stdout);
    assert!(!prefix.join("lib/commercepulse/duckdb-000000000000").exists(), "an older library is removed");

    // All of it can move.
    let moved = project.path("moved");
    fs::rename(&prefix, &moved).unwrap();
    Call::to(&moved.join("bin/commercepulse")).arg("version").within(Path::new("/")).success();
}

#[test]
fn two_installed_programs_hand_a_copy_on_to_the_systems() {
    let project = Project::empty();
    project.file("a", "text");
    let mut path = Vec::new();
    for name in ["one", "two"] {
        install(&project.path(name)).arg("--as-cp").success();
        path.push(project.path(name).join("bin"));
    }
    path.extend(["/usr/bin".into(), "/bin".into()]);
    let path = std::env::join_paths(path).unwrap();
    let call = Call::to(Path::new("/bin/sh")).arg("-c").arg("cp a b").env("PATH", path).within(project.root());
    call.success();
    assert_eq!(project.read("b"), "text");
}

#[test]
fn a_wrong_call_installs_nothing() {
    let project = Project::empty();
    let prefix = project.path("prefix");
    install(&prefix).arg("--as-rm").status(2);
    assert!(!prefix.exists());
}
