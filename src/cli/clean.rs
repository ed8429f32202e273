//! `cp clean`: removes what `cp` wrote, and nothing of cargo's; never the raw store.

use std::fs;

use crate::cli;
use crate::cli::arguments::CleanFlags;
use crate::error::AtPath;
use crate::error::Result;
use crate::ui;

/// What `cp` writes under the target path. Cargo's own folders lie beside these.
const OURS: &[&str] = &["compiled", "docs", "run", "runs", "latest_results.json", "manifest.json", "run_results.json"];

/// How those begin that are on their way to their place; a process that was killed leaves them.
const UNFINISHED: &[&str] = &[".docs-", ".part-"];

pub fn perform(flags: CleanFlags) -> Result<()> {
    let (warehouse, dry_run) = (flags.warehouse, flags.dry_run);
    let (house, console) = cli::open("clean", flags.project.flags())?;
    console.close();
    let target = house.project.root.join(&house.project.target_path);
    let mut doomed: Vec<_> = OURS.iter().map(|name| target.join(name)).collect();
    for entry in fs::read_dir(&target).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if UNFINISHED.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            doomed.push(entry.path());
        }
    }
    if let (true, Some(file)) = (warehouse, &house.settings.warehouse) {
        doomed.extend([file.clone(), file.with_extension("duckdb.wal")]);
    }
    for path in doomed.iter().filter(|path| path.exists()) {
        if !dry_run {
            match path.is_dir() {
                true => fs::remove_dir_all(path).at_path("remove", path)?,
                false => fs::remove_file(path).at_path("remove", path)?,
            }
        }
        ui::write_out(&format!(
            "{} {}\n",
            if dry_run { "would remove" } else { "removed" },
            house.settings.layout.shown(path)
        ));
    }
    Ok(())
}
