//! Writing a file so that it appears whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::error::AtPath;
use crate::error::Result;

/// Puts `bytes` in the place of the file, by a new file beside it and a rename; makes the folders above it.
///
/// # Errors
/// When the folder cannot be made or written to.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, None)
}

/// The same for a person's own file: a link stays one, and who may read the file may go on.
///
/// # Errors
/// When there is no such file, or it may not be written to.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = path.canonicalize().at_path("find", path)?;
    let permissions = std::fs::metadata(&file).at_path("read", path)?.permissions();
    // A rename asks only what is allowed in the folder.
    if permissions.readonly() {
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is read-only"))
            .at_path("write", path);
    }
    std::fs::OpenOptions::new().append(true).open(&file).at_path("write", path)?;
    put(&file, bytes, Some(permissions))
}

fn put(path: &Path, bytes: &[u8], permissions: Option<std::fs::Permissions>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).at_path("make the folder", folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".part-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is for its owner alone unless told; what is left in the end is for whoever the umask allows.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).at_path("write in", folder)?;
    file.write_all(bytes).at_path("write", path)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions).at_path("write", path)?;
    }
    file.persist(path).map_err(|error| error.error).at_path("write", path)?;
    Ok(())
}

/// Leaves a file alone that holds these very bytes. A new one is written in place, for there are hundreds of them, and
/// what a crash leaves half is written again by the next run; an old one is replaced whole.
pub(super) fn replace_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    let same_size = std::fs::metadata(path).is_ok_and(|data| data.len() == bytes.len() as u64);
    if same_size && std::fs::read(path).is_ok_and(|held| held == bytes) {
        return Ok(());
    }
    if let (false, Some(folder)) = (path.exists(), path.parent()) {
        std::fs::create_dir_all(folder).at_path("make the folder", folder)?;
        return std::fs::write(path, bytes).at_path("write", path);
    }
    replace(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_persons_file_stays_where_and_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("shared.yml"), folder.path().join("link.yml"));
        std::fs::write(&file, "one").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rewrite(&link, b"two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
        let error = rewrite(&link, b"three").unwrap_err();
        assert!(error.to_string().contains("read-only"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
    }

    #[test]
    fn replaces_whole_and_leaves_what_is_equal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.sql");
        replace_if_changed(&path, b"one").unwrap();
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        replace_if_changed(&path, b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
        replace_if_changed(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
