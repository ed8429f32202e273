//! What a snapshot was made from, in one hash a model: so that what waits for review is only taken while the project is
//! still the one that made it.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::check::golden::statement::hash_of;
use crate::check::golden::volatile;
use crate::error::AtPath;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::fingerprints;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;

/// Of each seed and model what it is made from: its own SQL and settings, all that it stands on, and the sample.
///
/// # Errors
/// When the sample cannot be read, or a template fails.
pub fn origins(blueprint: &Blueprint<'_>, sample: &Path) -> Result<IndexMap<NodeId, String>> {
    let Blueprint { project, scanned, graph, renderer, .. } = *blueprint;
    // Sources say which files are events.
    let sources: Vec<_> = project.sources.values().map(|source| &source.config).collect();
    let given = format!("{}{sources:?}", of_folder(sample)?);
    let fingerprints = fingerprints(project, scanned, graph, renderer)?;
    let macros: Arc<str> = project.macros.iter().map(|file| &*file.text).collect::<String>().into();
    let mut origins: IndexMap<NodeId, String> = IndexMap::new();
    for id in graph.order() {
        let (Some(node), Some(scan)) = (project.nodes.get(id), scanned.nodes.get(id)) else { continue };
        if node.kind == NodeKind::Test {
            continue;
        }
        let mut text = given.clone();
        match scan.introspects {
            // It may render otherwise in every run.
            true => [&node.file.text, &macros].iter().for_each(|part| text.push_str(part)),
            false => text.push_str(&fingerprints.get(id).map(|own| own.digest()).unwrap_or_default()),
        }
        // Neither changes what is built, and both change what is shown of it.
        text.push_str(&format!("{:?}{:?}", scan.config.key(), volatile(node, scan)));
        text.extend(graph.parents(id).iter().filter_map(|parent| origins.get(parent)).map(String::as_str));
        origins.insert(id.clone(), hash_of(text.as_bytes()));
    }
    Ok(origins)
}

/// The names and contents of all files in a folder.
fn of_folder(folder: &Path) -> Result<String> {
    let entries = std::fs::read_dir(folder).at_path("read the folder", folder)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .at_path("read the folder", folder)?;
    paths.sort();
    let mut told = String::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let holds = match path.is_dir() {
            true => of_folder(&path)?,
            false => hash_of(&std::fs::read(&path).at_path("read", &path)?),
        };
        told.push_str(&format!("{name}: {holds}\n"));
    }
    Ok(told)
}
