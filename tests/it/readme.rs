//! The README under test: its commands run, in their order, in one project, and what it says they print is what they print.

use crate::support::Project;
use crate::support::git;

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

/// Lines of the fenced blocks that are shell, without comments.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut is_shell = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(kind) => is_shell = kind == "sh",
            None if is_shell => commands.push(line.split(" #").next().unwrap().trim().to_string()),
            None => {}
        }
    }
    commands
}

#[test]
fn its_commands_run() {
    let project = Project::new();
    // `cp diff` compares with what is committed.
    git::commit_all(&project, "All of it");
    let mut ran = 0;
    for command in commands(&readme()) {
        // The same program, compiled already; what installs it has a test of its own, and `cargo test` is this run.
        let words = match command.strip_prefix("cargo run -- ").or_else(|| command.strip_prefix("cp ")) {
            Some(words) => words,
            None if command.starts_with("./install.sh") || command == "cargo test" => continue,
            None => panic!("a command that no test runs: `{command}`"),
        };
        project.cp(words.split_whitespace()).success();
        ran += 1;
    }
    assert!(ran >= 5, "only {ran} commands were found");
}

#[test]
fn the_first_build_prints_what_it_says() {
    let project = Project::new();
    let printed = project.cp(["build"]).success().stdout;
    assert!(readme().contains(printed.trim_end()), "the README does not show:\n{printed}");
}
