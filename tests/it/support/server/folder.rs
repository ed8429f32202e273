//! Where a server keeps its files.

use std::{path::Path, process::Command, sync::OnceLock};

use tempfile::TempDir;

/// What several servers at once may fill, in KiB.
const ROOM: u64 = 1 << 20;

/// A new folder: in memory where there is room, so that a sync costs nothing. What is to outlive a server's death is its
/// process, not the machine.
pub fn new() -> TempDir {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("server-");
    match *HAS_ROOM.get_or_init(|| free(memory).is_some_and(|free| free >= ROOM)) {
        true => builder.tempdir_in(memory).or_else(|_| builder.tempdir()).unwrap(),
        false => builder.tempdir().unwrap(),
    }
}

/// What is free there, in KiB.
fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
