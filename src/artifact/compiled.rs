//! The SQL that was made of each template: `target/compiled/`, and the statements that ran: `target/run/`.

use std::path::{Path, PathBuf};

use crate::artifact::replace::replace_if_changed;
use crate::error::Result;
use crate::project::Node;
use crate::project::Project;

/// The longest file name that is made of a test's name; file systems end at 255 bytes.
const LONGEST_STEM: usize = 200;

/// Where a node's compiled SQL is, relative to the project folder.
///
/// As dbt has it: the path of the file it came from, and for a generic test a file of its own under that of the yml.
pub fn compiled_path(project: &Project, node: &Node) -> PathBuf {
    under(project, "compiled", node)
}

/// Where the statement that ran for a node is, relative to the project folder.
pub fn run_path(project: &Project, node: &Node) -> PathBuf {
    under(project, "run", node)
}

/// Writes a node's compiled SQL, unless the file holds it already.
///
/// # Errors
/// When the file cannot be written.
pub fn write_compiled(project: &Project, node: &Node, sql: &str) -> Result<()> {
    replace_if_changed(&project.root.join(compiled_path(project, node)), sql.as_bytes())
}

/// Writes the statement that ran for a node, unless the file holds it already.
///
/// # Errors
/// When the file cannot be written.
pub fn write_run_sql(project: &Project, node: &Node, sql: &str) -> Result<()> {
    replace_if_changed(&project.root.join(run_path(project, node)), sql.as_bytes())
}

fn under(project: &Project, folder: &str, node: &Node) -> PathBuf {
    let base = project.target_path.join(folder).join(&project.name).join(&node.file.path);
    if node.generic.is_some() { base.join(test_file(node)) } else { base }
}

/// The file name of a generic test: its alias, which dbt shortens where the name is long, else its name.
pub(super) fn test_file(node: &Node) -> PathBuf {
    let name = node.config.text("alias").unwrap_or(&node.name);
    let mut stem: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' }).collect();
    if stem.len() > LONGEST_STEM {
        // Two long names that begin alike must not share a file; the id ends in what tells tests apart.
        let ending: String = node.id.as_str().rsplit('.').next().unwrap_or("").chars().take(10).collect();
        let mut end = LONGEST_STEM - 50;
        while !stem.is_char_boundary(end) {
            end -= 1;
        }
        stem.truncate(end);
        stem = format!("{stem}_{ending}");
    }
    Path::new(&format!("{stem}.sql")).to_path_buf()
}
