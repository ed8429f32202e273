//! The name `cp`: with ours first on PATH, what coreutils' `cp` can do is still done by it.

use std::{ffi::OsString, fs, os::unix::fs::symlink, path::Path};

use crate::support::{Call, Output, Project, program};

/// A shell script in the project folder, with our `cp` in front of the system's.
fn shell(project: &Project, script: &str) -> Output {
    let bin = project.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(program(), bin.join("cp")).unwrap();
    }
    shell_with(project, script, &[&bin, Path::new("/usr/bin"), Path::new("/bin")])
}

fn shell_with(project: &Project, script: &str, path: &[&Path]) -> Output {
    let path: OsString = std::env::join_paths(path).unwrap();
    Call::to(Path::new("/bin/sh")).arg("-ec").arg(script).env("PATH", path).within(project.root()).run()
}

#[test]
fn scripts_still_copy() {
    let project = Project::empty();
    project.file("a", "text").file("x/inner", "inside").file("run", "a file").file("test/deep", "a folder");
    let output = shell(
        &project,
        "mkdir d somewhere elsewhere
         cp a b
         cp -r x y
         cp -t d a
         cp run somewhere/
         cp run a elsewhere
         cp run -t d
         cp test -r elsewhere/
         cp -- run a\\ name\\ with\\ spaces
         cp --verbose run another",
    );
    assert_eq!(output.status, 0, "{output}");
    for (path, text) in [
        ("b", "text"),
        ("y/inner", "inside"),
        ("d/a", "text"),
        ("somewhere/run", "a file"),
        ("elsewhere/run", "a file"),
        ("elsewhere/a", "text"),
        ("d/run", "a file"),
        ("elsewhere/test/deep", "a folder"),
        ("a name with spaces", "a file"),
        ("another", "a file"),
    ] {
        assert_eq!(project.read(path), text, "{path}");
    }
}

#[test]
fn what_coreutils_says_is_its_own() {
    let project = Project::empty();
    for script in ["cp", "cp --version", "cp --help", "cp missing there", "cp --no-such-option a b"] {
        let system = shell_with(&project, script, &[Path::new("/usr/bin"), Path::new("/bin")]);
        let with_ours = shell(&project, script);
        assert_eq!(with_ours.to_string(), system.to_string(), "`{script}`");
    }
}

#[test]
fn verbs_are_ours() {
    let project = Project::empty();
    // Files of the verbs' names change nothing where no operand follows.
    project.file("version", "a file").file("run/x", "in a folder");
    shell(&project, "cp version").assert_success();
    let help = shell(&project, "cp run --help");
    help.assert_success();
    assert!(help.stdout.contains("--select"), "{help}");
}

#[test]
fn an_operand_that_coreutils_could_not_copy_is_answered() {
    shell(&Project::empty(), "cp run fact_orders").assert("name_operand");
}

#[test]
fn a_loop_ends_in_an_error() {
    let project = Project::empty();
    project.file("later/cp", "#!/bin/sh\nexec cp \"$@\"\n").file("a", "text");
    let (bin, later) = (project.path("bin"), project.path("later"));
    shell(&project, "chmod +x later/cp").assert_success();
    let output = shell_with(&project, "cp a b", &[&bin, &later, Path::new("/usr/bin"), Path::new("/bin")]);
    output.assert("name_loop");
}

#[test]
fn without_another_cp_there_is_an_error() {
    let project = Project::empty();
    shell(&project, "true");
    shell_with(&project, "cp a b", &[&project.path("bin")]).assert("name_alone");
}

#[test]
fn by_another_name_nothing_is_handed_on() {
    let project = Project::empty();
    project.file("a", "text").file("run", "a file");
    fs::create_dir(project.path("bin")).unwrap();
    symlink(program(), project.path("bin/commercepulse")).unwrap();
    symlink(program(), project.path("bin/cp")).unwrap();
    for script in ["commercepulse a b", "commercepulse run b", "commercepulse -r a b"] {
        let output = shell(&project, script);
        assert_eq!(output.status, 2, "`{script}`\n{output}");
        assert!(!project.path("b").exists(), "`{script}` copied");
    }
}
