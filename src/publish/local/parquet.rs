//! Tables as Parquet files: equal data is equal bytes.
//!
//! The bytes depend on the rows, their order and the boundaries of row groups, and on nothing else: rows are ordered
//! by the key and then by all columns, and DuckDB cuts an ordered result into row groups of a fixed size however many
//! threads there are (measured with 1 to 8 threads and up to a million rows, with and without
//! `preserve_insertion_order`).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use crate::check::Publishable;
use crate::engine::Column;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;
use crate::name::quote;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::publish::local::manifest::ManifestColumn;
use crate::publish::local::manifest::ManifestTable;

/// Rows of a row group. Part of the bytes: another number publishes every larger table anew.
const ROW_GROUP: u32 = 122_880;

/// Writes each table as `<name>.parquet` into `folder`, all of them as they were at one moment; returns them by name.
///
/// Columns that begin with `_` are about arrival and left out.
pub(super) fn write(
    engine: &Engine,
    tables: &[Publishable],
    folder: &Path,
    observe: &dyn Observe,
) -> Result<Vec<ManifestTable>> {
    let mut tables: Vec<_> = tables.iter().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    check_names(&tables)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(tables.len());
    let sessions = (0..workers).map(|_| at_this_moment(engine, &tables)).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let work = |session: Session| {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(table) = tables.get(index) else { return done };
            done.push((index, write_table(&session, table, folder)));
            observe.on(Progress::Advance { by: 1 });
        }
    };
    let work = &work;
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = sessions.into_iter().map(|session| scope.spawn(move || work(session))).collect();
        let finished = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        // A worker that panicked has lost tables: that must not look like a smaller publication.
        finished.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, written)| written).collect()
}

/// A session that sees the warehouse as it is now, whatever is written meanwhile.
fn at_this_moment(engine: &Engine, tables: &[&Publishable]) -> Result<Session> {
    let session = engine.session()?;
    session.run("begin transaction")?;
    // A transaction takes its view of a database at its first look.
    if let Some(table) = tables.first() {
        session.kind_of(&table.relation)?;
    }
    Ok(session)
}

/// A name becomes a file's, and on some systems `A` and `a` are one file.
fn check_names(tables: &[&Publishable]) -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for table in tables {
        if table.name.is_empty() || table.name.starts_with('.') || table.name.contains(['/', '\\', '\0']) {
            return Err(Error::call(format!("cannot publish `{}` under a name that no file may have", table.name))
                .help(format!("give `{}` another `alias`", table.id)));
        }
        if let Some(other) = seen.insert(table.name.to_lowercase(), &table.id) {
            return Err(Error::call(format!(
                "`{other}` and `{}` would both be published as `{}`",
                table.id, table.name
            ))
            .help("give one of them another `alias`, or take `meta.publish` from it"));
        }
    }
    Ok(())
}

fn write_table(session: &Session, table: &Publishable, folder: &Path) -> Result<ManifestTable> {
    let cannot = |why: &str| Error::data(format!("cannot publish `{}`, which {why}", table.name));
    let Some(all) = session.described(&table.relation)? else {
        return Err(cannot("is not in the warehouse").help("run `cp build`, which makes it and checks it"));
    };
    let columns: Vec<_> = all.into_iter().filter(|column| !column.name.starts_with('_')).collect();
    if columns.is_empty() {
        return Err(cannot("has no column that does not begin with `_`"));
    }
    if let Some(missing) = table.key.iter().find(|name| !columns.iter().any(|column| is(column, name))) {
        return Err(cannot(&format!("has no published column `{missing}`, though its key names it"))
            .help("correct `meta.key` in the yml beside the model"));
    }
    let file = format!("{}.parquet", table.name);
    let path = folder.join(&file);
    let rows = session
        .execute(&copy(table, &columns, &path), &[])
        .map_err(|error| Error::data(format!("cannot publish `{}`", table.name)).because(error))?;
    let (sha256, bytes) = digest(&path)?;
    Ok(ManifestTable {
        name: table.name.clone(),
        file,
        description: table.description.trim().to_string(),
        rows,
        bytes,
        sha256,
        key: table.key.clone(),
        schema: columns.into_iter().map(|it| ManifestColumn { name: it.name, r#type: it.data_type }).collect(),
    })
}

/// DuckDB's names do not tell upper from lower case.
fn is(column: &Column, name: &str) -> bool {
    column.name.eq_ignore_ascii_case(name)
}

fn copy(table: &Publishable, columns: &[Column], path: &Path) -> String {
    let selected: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
    let in_key = |column: &&Column| table.key.iter().any(|name| is(column, name));
    let rest = columns.iter().filter(|column| !in_key(column)).map(|column| quote(&column.name));
    let order: Vec<_> =
        table.key.iter().map(|name| quote(name)).chain(rest).map(|name| format!("{name} asc nulls last")).collect();
    format!(
        "copy (select {} from {} order by {}) to '{}' (format parquet, compression zstd, row_group_size {ROW_GROUP})",
        selected.join(", "),
        table.relation,
        order.join(", "),
        path.display().to_string().replace('\'', "''"),
    )
}

/// SHA-256 and size of a file.
pub(in crate::publish) fn digest(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).at_path("read", path)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).at_path("read", path)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
    Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), size))
}
