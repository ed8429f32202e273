//! The other side: a revision of the project, as git knows it.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde::Serialize;
use tempfile::TempDir;

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;

/// Branches that work is merged into, in the order in which they are looked for.
const MAIN: &[&str] = &["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/// Files that a project is read from; events, sources and binaries are no part of it.
const ENDINGS: &[&str] = &[".sql", ".yml", ".yaml", ".csv", ".md", ".py"];

/// Digits of a commit that a reader is shown.
const SHORT: usize = 9;

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// As it was asked for, or how it was found.
    pub name: String,
    /// The commit's whole hash.
    pub commit: String,
}

/// A revision's project in a folder that goes with this value.
pub struct Checkout {
    folder: TempDir,
}

impl Revision {
    /// The revision that is meant: as git reads it, `REV...` being where `REV` and the working tree's commit parted. Without
    /// one, where the main branch and the working tree's commit parted; where there is no main branch, that commit.
    ///
    /// # Errors
    /// When the project is in no git repository, or the revision is not in it.
    pub fn find(project: &Path, asked: Option<&str>) -> Result<Self> {
        git(project, &["rev-parse", "--git-dir"]).map_err(|reason| {
            Error::call("the project is in no git repository that can be read, so there is nothing to compare it with")
                .because(reason)
                .help("`git init` and commit the project")
        })?;
        let Some(asked) = asked else { return Self::parting(project) };
        let unknown = |reason: String| {
            Error::call(format!("git knows no revision `{asked}`")).because(reason).help(
                "name a branch, a tag or a commit; in a shallow clone fetch it first (in GitHub Actions `fetch-depth: 0`)",
            )
        };
        let commit = match asked.strip_suffix("...") {
            Some(branch) => git(project, &["merge-base", "--end-of-options", branch, "HEAD"]),
            None => git(project, &["rev-parse", "--verify", "--end-of-options", &format!("{asked}^{{commit}}")]),
        };
        // `rev-parse` repeats the option that ends its options.
        let commit = commit.map_err(unknown)?.lines().last().unwrap_or_default().to_string();
        Ok(Self { name: asked.to_string(), commit })
    }

    fn parting(project: &Path) -> Result<Self> {
        let head = git(project, &["rev-parse", "--verify", "HEAD"]).map_err(|_| {
            Error::call("there is no commit yet to compare the project with").help("commit the project first")
        })?;
        let parting =
            MAIN.iter().find_map(|branch| Some((branch, git(project, &["merge-base", branch, "HEAD"]).ok()?)));
        Ok(match parting {
            Some((branch, commit)) if commit != head => Self { name: format!("{branch}..."), commit },
            _ => Self { name: "HEAD".to_string(), commit: head },
        })
    }

    /// The revision for a reader: `main (1234abcde)`.
    pub fn shown(&self) -> String {
        match self.commit.starts_with(&self.name) {
            true => self.commit.chars().take(SHORT.max(self.name.len())).collect(),
            false => format!("{} ({})", self.name, self.commit.get(..SHORT).unwrap_or(&self.commit)),
        }
    }

    /// Writes the project's files, as they were, into a new folder. Neither the working tree nor the index is touched.
    ///
    /// # Errors
    /// When git cannot, or there was no project.
    pub fn check_out(&self, project: &Path) -> Result<Checkout> {
        let folder = tempfile::Builder::new().prefix("cp-diff-").tempdir();
        let folder = folder.map_err(|error| Error::call("cannot make a temporary folder").because(error))?;
        let failed =
            |reason: String| Error::call(format!("cannot read the project at `{}`", self.name)).because(reason);
        let prefix = git(project, &["rev-parse", "--show-prefix"]).map_err(failed)?;
        let tree = format!("{}:{}", self.commit, prefix.trim_end_matches('/'));
        let index = folder.path().join(".index");
        let absent = |_| {
            Error::call(format!("there was no project at `{}`: it has no `dbt_project.yml`", self.shown()))
                .help("name a later revision with `--base`")
        };
        git(project, &["cat-file", "-e", &format!("{}:{prefix}dbt_project.yml", self.commit)]).map_err(absent)?;
        let with_index = |arguments: &[&str], input: &[u8]| git_with(project, Some(&index), arguments, input);
        with_index(&["read-tree", &tree], b"").map_err(failed)?;
        let names = with_index(&["ls-files", "-z", "--full-name", ":/"], b"").map_err(failed)?;
        let is_read = |name: &&str| ENDINGS.iter().any(|ending| name.ends_with(ending));
        let names: String = names.split('\0').filter(is_read).map(|name| format!("{name}\0")).collect();
        let into = format!("--prefix={}/", folder.path().display());
        // The temporary index holds the project alone, so its names are to be read from the repository's own folder.
        let top = git(project, &["rev-parse", "--show-toplevel"]).map_err(failed)?;
        let arguments = ["checkout-index", "-f", "-z", "--stdin", &into];
        git_with(Path::new(&top), Some(&index), &arguments, names.as_bytes()).map_err(failed)?;
        std::fs::remove_file(&index).at_path("remove", &index)?;
        Ok(Checkout { folder })
    }
}

impl Checkout {
    /// The folder that holds `dbt_project.yml`.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }
}

/// What git prints, or why it does not.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    git_with(folder, None, arguments, b"")
}

fn git_with(folder: &Path, index: Option<&Path>, arguments: &[&str], input: &[u8]) -> Result<String, String> {
    let mut command = Command::new("git");
    // Set in a hook, these would speak of another repository, or of half a commit.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"] {
        command.env_remove(name);
    }
    command.arg("-C").arg(folder).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let mut child = command.spawn().map_err(|error| format!("cannot start `git`: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A git that ends early says why itself.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_string()),
        false => Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("git failed").to_string()),
    }
}
