//! A project under git, with nothing of the developer's own settings.

use std::path::Path;

use super::{Call, Project};

/// Runs git in the project; returns what it prints.
#[track_caller]
pub fn run(project: &Project, arguments: &[&str]) -> String {
    let nobody = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_AUTHOR_DATE", DAY),
        ("GIT_COMMITTER_DATE", DAY),
    ];
    let call = arguments.iter().fold(Call::to(Path::new("git")), |call, argument| call.arg(argument));
    nobody.iter().fold(call, |call, (name, value)| call.env(name, value)).within(project.root()).success().stdout
}

/// When every commit was made.
const DAY: &str = "2025-01-15T12:00:00Z";

/// Commits what is in the index.
#[track_caller]
pub fn commit(project: &Project, message: &str) {
    run(
        project,
        &["-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-q", "--no-verify", "-m", message],
    );
}

/// Commits all there is; makes the repository, if there is none.
#[track_caller]
pub fn commit_all(project: &Project, message: &str) {
    if !project.path(".git").exists() {
        run(project, &["init", "-q", "-b", "work"]);
    }
    run(project, &["add", "--all"]);
    commit(project, message);
}
