//! The folder of the site: made whole beside the old one, then put in its place.

use std::path::Path;

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;

/// What begins a page of ours; a folder without one is none of ours.
pub(super) const INDEX: &str = "index.html";

/// Puts these files in the place of what the folder held.
///
/// # Errors
/// When the folder cannot be written, or holds something else.
pub(super) fn replace(folder: &Path, files: &[(String, String)]) -> Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).at_path("make the folder", parent)?;
    let is_filled = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_filled && !folder.join(INDEX).is_file() {
        return Err(Error::call(format!("`{}` holds something else than a site", folder.display()))
            .help("move it away: the site takes its place"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".docs-");
    let new = builder.tempdir_in(parent).at_path("write in", parent)?;
    for (name, text) in files {
        let path = new.path().join(name);
        std::fs::write(&path, text).at_path("write", &path)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary folder is for its owner alone; a site may be looked at by whoever may look at the project.
        let like = std::fs::metadata(parent).map_or(0o755, |data| data.permissions().mode());
        let _ = std::fs::set_permissions(new.path(), std::fs::Permissions::from_mode(like));
    }
    if exchange(new.path(), folder) {
        // What is removed now is the old site.
        return Ok(());
    }
    let old = builder.tempdir_in(parent).at_path("write in", parent)?;
    if folder.exists() {
        std::fs::rename(folder, old.path()).at_path("replace", folder)?;
    }
    if let Err(error) = std::fs::rename(new.path(), folder) {
        let _ = std::fs::rename(old.path(), folder);
        return Err(Error::call(format!("cannot write `{}`", folder.display())).because(error));
    }
    // It is the site now.
    let _ = new.keep();
    Ok(())
}

/// Lets two folders change places in one step; whether the file system did.
fn exchange(one: &Path, other: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::CWD;
        use rustix::fs::RenameFlags;
        use rustix::fs::renameat_with;
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        let _ = (one, other);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_gone_disappear_and_other_folders_stay() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("target/docs");
        let file = |name: &str| (name.to_string(), name.to_string());
        replace(&folder, &[file(INDEX), file("a.html")]).unwrap();
        replace(&folder, &[file(INDEX), file("b.html")]).unwrap();
        let names = |folder: &Path| {
            let mut names: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&folder), ["b.html", "index.html"]);
        assert_eq!(names(&home.path().join("target")), ["docs"]);
        std::fs::remove_file(folder.join(INDEX)).unwrap();
        assert!(replace(&folder, &[file(INDEX)]).unwrap_err().to_string().contains("something else"));
        assert_eq!(names(&folder), ["b.html"]);
    }
}
