//! Publishing to a folder: tables as Parquet, switched all at once.
//!
//! ```text
//! data/published          a link to the newest publication; readers open data/published/<table>.parquet
//! data/.published-<id>/   one publication: a file a table, and manifest.json
//! data/.publishing-*      one that is being written; what a crash leaves is removed by the next publication
//! ```
//!
//! Until the link is renamed readers see the old publication whole, afterwards the new one whole. The publication
//! before the newest is kept, so that whoever has it open goes on reading. Equal data is equal bytes, and where no
//! byte has changed nothing is published anew. The switch needs symbolic links, so it works on Unix only; elsewhere
//! publishing is refused with a message that says so.

mod folder;
mod manifest;
mod parquet;

use std::path::Path;

pub use manifest::{Manifest, ManifestColumn, ManifestTable, read as read_manifest};
pub(super) use parquet::digest;

use crate::check::Verified;
use crate::engine::Engine;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::publish::How;
use crate::publish::Published;
use crate::publish::PublishedTable;
use crate::publish::Stood;

use folder::Folder;

/// Publishes all tables, or none: `published` (as in `data/published`) leads to them when this returns.
///
/// A project that marks no table for publication publishes nothing and leaves what is there.
///
/// # Errors
/// When the warehouse holds fewer events than the last publication stood on, when another publication is under way, when
/// something that `cp` did not make stands at `published`, when a table cannot be written, or on a system without symbolic
/// links.
pub fn publish(
    engine: &Engine,
    verified: &Verified,
    published: &Path,
    how: &How,
    observe: &dyn Observe,
) -> Result<Published> {
    let tables = verified.tables();
    let folder = Folder::open(published)?;
    let before = folder.current()?;
    let (id, previous) =
        before.as_ref().map_or_else(Default::default, |before| (before.id.clone(), before.previous.clone()));
    if tables.is_empty() {
        return Ok(Published {
            id,
            previous,
            tables: Vec::new(),
            withdrawn: Vec::new(),
            unchanged: true,
            script: None,
        });
    }
    if let Some(before) = &before {
        let stood = Stood { landed: before.landed, rows: before.tables.iter().map(|table| table.rows).sum() };
        stood.require_no_less(how)?;
    }
    observe.on(Progress::Stage { name: "publish", total: Some(tables.len() as u64) });
    let staged = folder.stage()?;
    let written = parquet::write(engine, tables, staged.path(), observe)?;
    let result = |id: String, previous, unchanged| Published {
        id,
        previous,
        tables: written.iter().map(|table| told(table, before.as_ref())).collect(),
        withdrawn: withdrawn(&written, before.as_ref()),
        unchanged,
        script: None,
    };
    let is_there = before.as_ref().is_some_and(|before| before.tables == written && folder.holds(before));
    if is_there && !how.full_refresh {
        observe.on(Progress::Done { summary: "nothing has changed since the last publication".to_string() });
        return Ok(result(id, previous, true));
    }
    let manifest = Manifest::new(folder.current_id()?, verified.invocation_id(), how.landed, written.clone());
    folder.settle(staged, &manifest)?;
    folder.switch(&manifest.id)?;
    folder.tidy([Some(manifest.id.as_str()), manifest.previous.as_deref()]);
    let published = result(manifest.id, manifest.previous, false);
    let changed = published.tables.iter().filter(|table| table.changed).count();
    let withdrawn = published.withdrawn_told();
    observe.on(Progress::Done { summary: format!("{} tables published, {changed} changed{withdrawn}", written.len()) });
    Ok(published)
}

/// Tables that readers had and have no more.
fn withdrawn(written: &[ManifestTable], before: Option<&Manifest>) -> Vec<String> {
    let is_there = |name: &str| written.iter().any(|table| table.name == name);
    let names = before.into_iter().flat_map(|before| &before.tables).map(|table| table.name.clone());
    names.filter(|name| !is_there(name)).collect()
}

fn told(table: &ManifestTable, before: Option<&Manifest>) -> PublishedTable {
    let old = before.and_then(|before| before.tables.iter().find(|old| old.name == table.name));
    PublishedTable {
        name: table.name.clone(),
        rows: table.rows,
        bytes: table.bytes,
        changed: old.is_none_or(|old| old.sha256 != table.sha256),
        changes: None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::check::Publishable;
    use crate::engine::Session;
    use crate::progress::Silent;

    /// A warehouse with one table, and a place to publish to.
    struct Shop {
        folder: tempfile::TempDir,
        engine: Engine,
    }

    impl Shop {
        fn new(order: &str) -> Self {
            let shop = Self { folder: tempfile::tempdir().unwrap(), engine: Engine::in_memory().unwrap() };
            shop.session()
                .run(&format!(
                    "create table orders as
                     select i % 500 as id, (i / 3)::decimal(18, 2) as total, case when i % 7 > 0 then 'n' || i end as note,
                            timestamp '2024-01-01' + to_minutes(i::int) as ordered_at, i as _landing_sequence
                     from range(3000) numbers(i) order by {order};
                     create table days as select date '2024-01-01' + i::int as date from range(10) numbers(i);"
                ))
                .unwrap();
            shop
        }

        fn session(&self) -> Session {
            self.engine.session().unwrap()
        }

        fn link(&self) -> PathBuf {
            self.folder.path().join("data/published")
        }

        fn verified(&self, names: &[&str]) -> Verified {
            let table = |name: &&str| Publishable {
                key: if *name == "orders" { vec!["id".to_string()] } else { Vec::new() },
                ..Publishable::for_test(name)
            };
            Verified::for_test(names.iter().map(table).collect(), "run-1")
        }

        fn publish(&self) -> Result<Published> {
            self.publish_as(&How::default())
        }

        fn publish_as(&self, how: &How) -> Result<Published> {
            publish(&self.engine, &self.verified(&["days", "orders"]), &self.link(), how, &Silent)
        }

        fn read(&self, file: &str) -> Vec<u8> {
            std::fs::read(self.link().join(file)).unwrap()
        }

        fn beside(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.folder.path().join("data")).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn equal_data_is_equal_bytes_in_whatever_order_it_came() {
        let (one, two) = (Shop::new("i"), Shop::new("hash(i)"));
        two.session().run("set threads = 1").unwrap();
        one.publish().unwrap();
        two.publish().unwrap();
        assert_eq!(one.read("orders.parquet"), two.read("orders.parquet"));
        let manifest = read_manifest(&one.link()).unwrap().unwrap();
        assert_eq!(manifest.tables, read_manifest(&two.link()).unwrap().unwrap().tables);
        let orders = &manifest.tables[1];
        assert_eq!((orders.name.as_str(), orders.rows), ("orders", 3000));
        let columns: Vec<_> = orders.schema.iter().map(|column| format!("{} {}", column.name, column.r#type)).collect();
        assert_eq!(columns, ["id BIGINT", "total DECIMAL(18,2)", "note VARCHAR", "ordered_at TIMESTAMP"]);
        let file = one.link().join("orders.parquet");
        let found = one.session().query(&format!("from '{}' limit 2", file.display())).unwrap();
        assert_eq!((found.columns.len(), found.rows[0][0].to_string()), (4, "0".to_string()));
    }

    #[test]
    fn publishes_again_only_what_has_changed() {
        let shop = Shop::new("i");
        let first = shop.publish().unwrap();
        assert_eq!((first.unchanged, first.previous.as_deref(), first.tables[1].rows), (false, None, 3000));
        let manifest = shop.read("manifest.json");
        let again = shop.publish().unwrap();
        assert!(again.unchanged && again.id == first.id && again.tables.iter().all(|table| !table.changed));
        assert_eq!(shop.read("manifest.json"), manifest);

        shop.session().run("update orders set _landing_sequence = 0").unwrap();
        assert!(shop.publish().unwrap().unchanged, "what is not published does not count");
        shop.session().run("insert into days values (date '2025-01-01')").unwrap();
        let second = shop.publish().unwrap();
        let changed: Vec<_> = second.tables.iter().map(|table| table.changed).collect();
        assert_eq!((second.unchanged, second.previous, changed), (false, Some(first.id.clone()), vec![true, false]));
        shop.session().run("delete from days where date = '2025-01-01'").unwrap();
        let third = shop.publish().unwrap();
        assert_ne!(third.id, first.id, "going back is a publication of its own");
        // The newest and the one before it, the lock, and the link.
        assert_eq!(shop.beside().len(), 4, "{:?}", shop.beside());
    }

    #[test]
    fn a_crash_leaves_the_old_publication_whole() {
        let shop = Shop::new("i");
        let first = shop.publish().unwrap();
        shop.session().run("delete from orders").unwrap();
        {
            // Everything but the switch: files half written in one folder, a whole publication in another.
            let folder = Folder::open(&shop.link()).unwrap();
            let half = folder.stage().unwrap();
            std::fs::write(half.path().join("orders.parquet"), "half").unwrap();
            let _ = half.keep();
            let whole = folder.stage().unwrap();
            let manifest = Manifest::new(folder.current_id().unwrap(), "run-2", None, Vec::new());
            folder.settle(whole, &manifest).unwrap();
            std::os::unix::fs::symlink(".published-x", shop.folder.path().join("data/.publishing-link")).unwrap();
        }
        assert_eq!(read_manifest(&shop.link()).unwrap().unwrap().id, first.id);
        assert_eq!(shop.beside().len(), 6, "{:?}", shop.beside());
        let second = shop.publish().unwrap();
        assert_eq!((second.previous, second.tables[1].rows), (Some(first.id), 0));
        assert_eq!(shop.beside().len(), 4, "{:?}", shop.beside());
    }

    #[test]
    fn a_table_that_cannot_be_written_leaves_everything_as_it_was() {
        let shop = Shop::new("i");
        let first = shop.publish().unwrap();
        let broken = shop.verified(&["days", "nowhere"]);
        let error = publish(&shop.engine, &broken, &shop.link(), &How::default(), &Silent).unwrap_err();
        assert_eq!(error.message(), "cannot publish `nowhere`, which is not in the warehouse");
        assert_eq!(read_manifest(&shop.link()).unwrap().unwrap().id, first.id);
        assert_eq!(shop.beside().len(), 3, "{:?}", shop.beside());
    }

    #[test]
    fn what_is_lost_from_a_publication_is_published_again() {
        let shop = Shop::new("i");
        let first = shop.publish().unwrap();
        std::fs::remove_file(shop.link().join("days.parquet")).unwrap();
        let second = shop.publish().unwrap();
        assert_eq!((second.unchanged, second.previous), (false, Some(first.id)));
        assert!(shop.link().join("days.parquet").is_file());
        std::fs::remove_file(shop.link().join("manifest.json")).unwrap();
        assert_eq!(shop.publish().unwrap().previous, Some(second.id));
    }

    #[test]
    fn never_goes_back_to_fewer_events_unless_told_to() {
        let shop = Shop::new("i");
        let of = |landed: u64, full_refresh| How { landed: Some(landed), full_refresh, ..How::default() };
        // As an earlier version left it: without the number.
        let first = shop.publish().unwrap();
        let error = shop.publish_as(&of(0, false)).unwrap_err();
        assert_eq!((error.exit_code(), error.message()), (1, "nothing was published"));
        assert!(error.to_string().contains("holds 0 events, and the last publication"), "{error}");
        assert!(error.to_string().ends_with("has 3,010 rows"), "{error}");
        assert_eq!(shop.publish_as(&of(7, false)).unwrap().id, first.id);

        let second = shop.publish_as(&of(1000, true)).unwrap();
        assert_ne!(second.id, first.id, "asked for, and the number is told from now on");
        let error = shop.publish_as(&of(999, false)).unwrap_err().to_string();
        assert!(error.contains("holds 999 events") && error.ends_with("stood on 1,000"), "{error}");
        assert_eq!(read_manifest(&shop.link()).unwrap().unwrap().id, second.id);
        assert!(shop.publish_as(&of(1001, false)).unwrap().unchanged);
        assert!(!shop.publish_as(&of(999, true)).unwrap().unchanged);
        assert!(shop.publish_as(&of(999, false)).unwrap().unchanged);
    }

    #[test]
    fn refuses_what_it_did_not_make_and_a_second_at_once() {
        let shop = Shop::new("i");
        std::fs::create_dir_all(shop.link()).unwrap();
        std::fs::write(shop.link().join("mine.txt"), "mine").unwrap();
        let error = shop.publish().unwrap_err();
        assert!(error.message().ends_with("is not a link that `cp` made"), "{error}");
        assert_eq!(shop.read("mine.txt"), b"mine");

        let other = Shop::new("i");
        let held = Folder::open(&other.link()).unwrap();
        assert!(other.publish().unwrap_err().message().starts_with("another publication"));
        drop(held);
        other.publish().unwrap();
    }
}
