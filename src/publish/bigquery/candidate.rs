//! A table on its way: what it holds, how it is laid out, and how it stands to the one that is there.

use gcp_bigquery_client::model::table::Table;

use crate::check::Publishable;
use crate::error::Error;
use crate::error::Result;
use crate::publish::Changes;
use crate::publish::Published;
use crate::publish::PublishedTable;

use super::changes::Content;
use super::door::Door;
use super::layout::Layout;
use super::ledger::{Entry, Told};
use super::partitions::Ranges;
use super::shape::{self, Patch};

/// A table on its way.
pub(super) struct Candidate<'a> {
    pub(super) publishable: &'a Publishable,
    pub(super) layout: Layout,
    pub(super) content: Content,
    pub(super) ranges: Ranges,
    /// As it is in BigQuery.
    pub(super) there: Option<Table>,
    /// What brings it into shape.
    pub(super) patch: Option<Patch>,
    pub(super) changes: Changes,
    /// Whether whatever is there goes first.
    pub(super) is_whole: bool,
}

impl<'a> Candidate<'a> {
    /// Beside the table that is there.
    ///
    /// # Errors
    /// When that is none that could be brought into shape without loss.
    pub(super) fn new(
        publishable: &'a Publishable,
        (layout, content, ranges): (Layout, Content, Ranges),
        there: Option<Table>,
        door: &Door,
        last: Option<&Entry>,
    ) -> Result<Self> {
        let name = &publishable.name;
        if let Some(kind) = there.as_ref().and_then(|there| there.r#type.as_deref()).filter(|kind| *kind != "TABLE") {
            return Err(Error::call(format!(
                "`{}` in BigQuery is no table but a {}",
                door.shown(name),
                kind.to_lowercase().replace('_', " ")
            ))
            .help(format!("drop it there, or give `{}` another `alias`", publishable.id)));
        }
        let full_name = format!("{}.{name}", door.place());
        let shaped = there.as_ref().map(|there| shape::patch(there, &layout.table, &full_name));
        let was_published = last.is_some_and(|last| last.of(name).is_some());
        let patch = match shaped {
            // As an attempt that broke off leaves it. Who else may be about to fill it cannot be known here.
            Some(Err(error)) if !was_published && there.as_ref().is_some_and(is_empty) => {
                return Err(error.help(format!(
                    "nothing was ever published to it, and it is empty: run `DROP TABLE `{full_name}`` in BigQuery"
                )));
            }
            Some(shaped) => shaped?,
            None => None,
        };
        Ok(Candidate {
            publishable,
            layout,
            content,
            ranges,
            there,
            patch,
            changes: Changes::default(),
            is_whole: false,
        })
    }
}

impl Candidate<'_> {
    /// Whether the ledger tells of the table that is there: one that was made after the last publication, in place of one
    /// that somebody dropped, it does not know.
    pub(super) fn is_known_to(&self, last: &Entry) -> bool {
        let made = self.there.as_ref().and_then(|there| there.creation_time.as_ref()?.parse::<i64>().ok());
        made.is_some_and(|made| made <= last.at) && last.of(&self.publishable.name).is_some()
    }

    /// Whether anything of its rows is to be done.
    pub(super) fn is_touched(&self) -> bool {
        self.changes.count() > 0 || self.is_whole || self.there.is_none()
    }

    /// What becomes of a table's shape, as comments above a script.
    pub(super) fn shape_told(&self) -> String {
        let name = &self.publishable.name;
        if self.there.is_none() {
            return format!("-- table `{name}` is made, with {} columns\n", self.layout.columns.len());
        }
        let told = self.patch.iter().flat_map(|patch| &patch.told);
        told.map(|change| format!("-- table `{name}`: {change}\n")).collect()
    }

    /// As the ledger tells of it, made of so many events.
    pub(super) fn told(&self, landed: Option<u64>) -> Told {
        let Candidate { publishable, content, changes, .. } = self;
        Told {
            name: publishable.name.clone(),
            rows: content.rows,
            inserted: changes.inserted,
            updated: changes.updated,
            deleted: changes.deleted,
            corrections: if publishable.is_append_only { changes.updated } else { 0 },
            hash: content.hash.clone(),
            landed,
            is_left: false,
        }
    }
}

/// Whether a table of BigQuery has no rows.
pub(super) fn is_empty(table: &Table) -> bool {
    table.num_rows.as_deref().is_none_or(|rows| rows == "0")
}

/// Whether the ledger's last row tells of just these tables with just this content.
pub(super) fn is_as_told(last: &Entry, candidates: &[Candidate<'_>]) -> bool {
    let is_told = |candidate: &Candidate<'_>| {
        let Candidate { publishable, content, .. } = candidate;
        let is_equal = |told: &Told| !told.is_left && told.hash == content.hash && told.rows == content.rows;
        candidate.is_known_to(last) && last.of(&publishable.name).is_some_and(is_equal)
    };
    last.count() == candidates.len() && candidates.iter().all(is_told)
}

/// What a publication of these tables is, each with the bytes that go up.
pub(super) fn summary(entry: &Entry, candidates: &[Candidate<'_>], bytes: &[u64]) -> Published {
    let tables = candidates.iter().zip(bytes).map(|(candidate, bytes)| PublishedTable {
        name: candidate.publishable.name.clone(),
        rows: candidate.content.rows,
        bytes: *bytes,
        changed: candidate.is_touched(),
        changes: Some(candidate.changes),
    });
    Published {
        id: entry.id.clone(),
        previous: entry.previous.clone(),
        tables: tables.collect(),
        withdrawn: Vec::new(),
        unchanged: false,
        script: None,
    }
}
