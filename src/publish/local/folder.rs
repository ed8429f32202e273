//! The folder of publications, and the link that readers follow: staging, the switch, and clearing away.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;
use crate::publish::local::manifest;
use crate::publish::local::manifest::Manifest;
use crate::publish::local::manifest::ManifestTable;
use crate::publish::local::parquet::digest;

/// Folders of publications begin so; what follows is the publication's id.
const PUBLISHED: &str = ".published-";

/// What is not finished begins so.
const UNFINISHED: &str = ".publishing-";

/// The place of publications, held by one publication at a time.
pub(super) struct Folder {
    /// The link that readers follow.
    link: PathBuf,
    /// The folder that holds the link and the publications.
    home: PathBuf,
    /// Released by the system when this is dropped, and when the process dies.
    _lock: File,
}

impl Folder {
    /// Takes hold of the place, and clears away what a crash has left.
    pub(super) fn open(link: &Path) -> Result<Self> {
        if !cfg!(unix) {
            return Err(Error::call("publishing to a folder needs symbolic links, which this system does not give")
                .help("run `cp publish` on Linux or macOS"));
        }
        let home = link.parent().unwrap_or(Path::new(".")).to_path_buf();
        std::fs::create_dir_all(&home).at_path("make the folder", &home)?;
        let path = home.join(".published.lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).at_path("open", &path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::call(format!("another publication to `{}` is under way", link.display()))
                    .help("wait until it is done, and run `cp publish`"));
            }
            Err(TryLockError::Error(error)) => return Err(error).at_path("lock", &path),
        }
        let folder = Self { link: link.to_path_buf(), home, _lock: lock };
        let (id, manifest) = (folder.current_id()?, folder.current()?);
        folder.tidy([id.as_deref(), manifest.as_ref().and_then(|manifest| manifest.previous.as_deref())]);
        Ok(folder)
    }

    /// The id of the publication that the link leads to, in whatever state that is.
    pub(super) fn current_id(&self) -> Result<Option<String>> {
        let refused = || {
            Error::call(format!("`{}` is not a link that `cp` made", self.link.display()))
                .help("move it away; publishing puts a link of this name there")
        };
        match std::fs::symlink_metadata(&self.link) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at_path("read", &self.link),
            Ok(found) if !found.is_symlink() => return Err(refused()),
            Ok(_) => {}
        }
        let target = std::fs::read_link(&self.link).at_path("read", &self.link)?;
        match target.to_str() {
            Some(name) if !name.contains('/') => {
                name.strip_prefix(PUBLISHED).map(str::to_string).ok_or_else(refused).map(Some)
            }
            _ => Err(refused()),
        }
    }

    /// What is published now. A publication that has lost its manifest counts as none, and is replaced.
    pub(super) fn current(&self) -> Result<Option<Manifest>> {
        Ok(self.current_id()?.and_then(|_| manifest::read(&self.link).ok().flatten()))
    }

    /// Whether all files of the publication are there, with the bytes that were written.
    pub(super) fn holds(&self, manifest: &Manifest) -> bool {
        let is_whole = |table: &ManifestTable| {
            digest(&self.link.join(&table.file)).is_ok_and(|(sha256, _)| sha256 == table.sha256)
        };
        manifest.tables.iter().all(is_whole)
    }

    /// A fresh folder to write to; it is gone when dropped, unless it is settled.
    pub(super) fn stage(&self) -> Result<TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Readers may be other users: what the umask allows, not what a temporary folder does.
            builder.permissions(std::fs::Permissions::from_mode(0o777));
        }
        builder.tempdir_in(&self.home).at_path("write in", &self.home)
    }

    /// Makes what was staged a publication that outlives a loss of power; nobody is led to it yet.
    pub(super) fn settle(&self, staged: TempDir, manifest: &Manifest) -> Result<()> {
        let path = staged.path().join(manifest::FILE);
        std::fs::write(&path, manifest.to_bytes()?).at_path("write", &path)?;
        for table in &manifest.tables {
            sync(&staged.path().join(&table.file))?;
        }
        sync(&path)?;
        sync(staged.path())?;
        let folder = self.home.join(format!("{PUBLISHED}{}", manifest.id));
        std::fs::rename(staged.path(), &folder).at_path("write", &folder)?;
        // The folder has another name now, so there is nothing left for the guard to remove.
        let _ = staged.keep();
        Ok(())
    }

    /// Leads readers to a publication: one rename, so that they see the old one or the new one.
    pub(super) fn switch(&self, id: &str) -> Result<()> {
        let fresh = self.home.join(format!("{UNFINISHED}link"));
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("{PUBLISHED}{id}"), &fresh).at_path("make the link", &fresh)?;
        #[cfg(not(unix))]
        let _ = id;
        std::fs::rename(&fresh, &self.link).at_path("switch", &self.link)?;
        sync(&self.home)
    }

    /// Removes all publications but those of the ids, and all that was not finished.
    ///
    /// What cannot be removed does no harm, and is tried again by the next publication.
    pub(super) fn tidy(&self, kept: [Option<&str>; 2]) {
        let Ok(entries) = std::fs::read_dir(&self.home) else { return };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let old = name.strip_prefix(PUBLISHED).is_some_and(|id| !kept.contains(&Some(id)));
            if !old && !name.starts_with(UNFINISHED) {
                continue;
            }
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(entry.path()),
                _ => std::fs::remove_file(entry.path()),
            };
        }
    }
}

fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).at_path("write", path)
}
