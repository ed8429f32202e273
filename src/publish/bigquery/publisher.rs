//! One attempt to publish: what the ledger tells, what has changed, what travels, and the transaction.

use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use gcp_bigquery_client::model::table::Table;

use crate::check::Publishable;
use crate::check::Verified;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::publish::Changes;
use crate::publish::How;
use crate::publish::Published;
use crate::publish::PublishedTable;

use super::candidate::{Candidate, is_as_told, is_empty, summary};
use super::changes::Comparison;
use super::door::Door;
use super::fault::Failed;
use super::jobs::JobName;
use super::layout::{Layout, ROW_HASH, ROW_KEY};
use super::ledger::{self, Entry, Told};
use super::partitions::Ranges;
use super::script::{self, Merge, Refusal};
use super::shape::misfits;

/// After how long a staging table goes by itself.
const STAGED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How the names of staging tables begin.
pub(super) const STAGING: &str = "cp_staging_";

/// One attempt.
pub(super) struct Publisher<'a> {
    door: &'a mut Door,
    comparison: Comparison<'a>,
    session: &'a Session,
    verified: &'a Verified,
    how: &'a How,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(
        door: &'a mut Door,
        session: &'a Session,
        database: &'a str,
        verified: &'a Verified,
        how: &'a How,
    ) -> Result<Self> {
        let comparison = match how.dry_run {
            true => Comparison::look_on(session, database, door.place())?,
            false => Comparison::open(session, database, door.place())?,
        };
        Ok(Self { door, comparison, session, verified, how })
    }

    /// What came of it; `None` where another publication came first.
    pub(super) fn publish(&mut self, observe: &dyn Observe) -> Result<Option<Published>> {
        let tables = self.verified.tables();
        observe.on(Progress::Stage { name: "publish", total: Some(tables.len() as u64) });
        let is_there = match self.how.dry_run {
            true => self.door.has_dataset()?,
            false => {
                self.door.ensure_dataset()?;
                true
            }
        };
        let last = if is_there { ledger::last(self.door)? } else { None };
        if let Some(last) = last.as_ref().filter(|_| !tables.is_empty()) {
            last.stood().require_no_less(self.how)?;
        }
        let left = self.left(last.as_ref(), observe)?;
        let mut candidates = Vec::new();
        for publishable in tables {
            candidates.push(self.candidate(publishable, is_there, last.as_ref())?);
        }
        let is_published = last.as_ref().is_some_and(|last| is_as_told(last, &candidates)) && !self.how.full_refresh;
        if tables.is_empty() || (is_published && candidates.iter().all(|candidate| candidate.patch.is_none())) {
            return Ok(Some(self.unchanged(last, &candidates, observe)?));
        }
        let is_remembered = last.as_ref().map(|last| &last.id) == self.comparison.remembered()?.as_ref();
        for candidate in &mut candidates {
            self.compare(candidate, last.as_ref(), is_remembered)?;
        }
        let told = candidates.iter().map(|candidate| candidate.told(self.how.landed)).chain(left).collect();
        let previous = last.as_ref().map(|last| last.id.as_str());
        let entry = Entry::after(previous, self.verified.invocation_id(), self.how.commit.as_deref(), told);
        let folder = tempfile::tempdir().map_err(|error| Error::call("cannot make a folder").because(error))?;
        let (mut merges, mut bytes) = (Vec::new(), Vec::new());
        for candidate in &candidates {
            let (merge, size) = match self.stage(candidate, &entry, folder.path()) {
                Ok(staged) => staged,
                // Another publisher of the same was quicker, and has tidied up already.
                Err(_) if !self.how.dry_run && ledger::last(self.door)?.is_some_and(|last| last.id == entry.id) => {
                    self.forget(&candidates)?;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            merges.push(merge);
            bytes.push(size);
            observe.on(Progress::Advance { by: 1 });
        }
        let touched: Vec<Merge> = merges.into_iter().flatten().collect();
        let script = script::script(&self.door.place(), &entry, &touched);
        let published = summary(&entry, &candidates, &bytes);
        if self.how.dry_run {
            self.forget(&candidates)?;
            observe.on(Progress::Done { summary: "nothing was published: a dry run".to_string() });
            let script = [candidates.iter().map(Candidate::shape_told).collect::<String>(), script].concat();
            return Ok(Some(Published { script: Some(script), ..published }));
        }
        let is_done = self.carry_out(&candidates, &entry, &script)?;
        if is_done {
            self.comparison.remember(&entry.id, tables.iter().map(|table| table.name.as_str()))?;
        }
        for merge in &touched {
            // They expire by themselves where this fails.
            let _ = self.door.delete_table(&merge.staging);
        }
        self.forget(&candidates)?;
        if !is_done {
            return Ok(None);
        }
        observe.on(Progress::Done { summary: format!("{} tables published, {} changed", tables.len(), touched.len()) });
        Ok(Some(published))
    }

    /// Shapes the tables and runs the transaction. Whether it is published now: `false` where another publication came first.
    fn carry_out(&self, candidates: &[Candidate<'_>], entry: &Entry, script: &str) -> Result<bool> {
        // As late as can be, so that what breaks off before leaves all as it was.
        for candidate in candidates.iter().filter(|it| it.is_touched() || it.patch.is_some()) {
            self.shape(candidate)?;
        }
        self.run(entry, script)
    }

    /// Tables that were published and are no models any more: they are left alone, and every publication says so.
    fn left(&self, last: Option<&Entry>, observe: &dyn Observe) -> Result<Vec<Told>> {
        let mut left = Vec::new();
        for told in last.into_iter().flat_map(|last| &last.tables) {
            let is_model = self.verified.tables().iter().any(|table| table.name == told.name);
            if is_model || self.door.table(&told.name)?.is_none() {
                continue;
            }
            let text = format!(
                "`{}` was published and is no model any more; it stays in BigQuery as it is: drop it there if nobody reads it",
                self.door.shown(&told.name)
            );
            observe.on(Progress::Warning { text });
            left.push(Told { is_left: true, inserted: 0, updated: 0, deleted: 0, corrections: 0, ..told.clone() });
        }
        Ok(left)
    }

    fn candidate(&self, publishable: &'a Publishable, is_there: bool, last: Option<&Entry>) -> Result<Candidate<'a>> {
        let name = &publishable.name;
        let Some(columns) = self.session.described(&publishable.relation)? else {
            return Err(Error::data(format!("cannot publish `{name}`, which is not in the warehouse"))
                .help("run `cp build`, which makes it and checks it"));
        };
        let layout = Layout::of(publishable, &columns, self.verified.invocation_id())?;
        let content = self.comparison.look(publishable, &layout)?;
        let ranges = Ranges::of(self.session, publishable, &layout)?;
        let there = if is_there { self.door.table(name)? } else { None };
        Candidate::new(publishable, (layout, content, ranges), there, self.door, last)
    }

    /// Finds out what has changed of a table.
    fn compare(&self, candidate: &mut Candidate<'_>, last: Option<&Entry>, is_remembered: bool) -> Result<()> {
        let name = candidate.publishable.name.as_str();
        let was_published = last.is_some_and(|last| last.of(name).is_some());
        let is_known = last.is_some_and(|last| candidate.is_known_to(last));
        // Of one that was left for a while nothing is remembered.
        let is_remembered = is_remembered && last.and_then(|last| last.of(name)).is_some_and(|told| !told.is_left);
        match &candidate.there {
            // New here, or to be written anew.
            None => self.comparison.published_as_read(name, &[])?,
            Some(_) if self.how.full_refresh => {
                candidate.is_whole = true;
                self.comparison.published_as_read(name, &[])?;
            }
            Some(table) if !was_published => {
                if !is_empty(table) {
                    return Err(Error::call(format!(
                        "`{}.{name}` in BigQuery holds rows that `cp` did not publish",
                        self.door.place()
                    ))
                    .help(
                        "`cp publish --full-refresh` puts the warehouse's rows in their place; grants and views stay",
                    ));
                }
                self.comparison.published_as_read(name, &[])?;
            }
            Some(_) if is_remembered && is_known => self.comparison.published_as_remembered(name)?,
            Some(_) => {
                let sql = format!("SELECT {ROW_KEY}, {ROW_HASH} FROM `{}.{name}`", self.door.place());
                let rows = self.door.query(&JobName::fresh("read_back"), &sql)?;
                let told = last.and_then(|last| last.of(name)).filter(|_| is_known);
                if let Some(told) = told.filter(|told| !is_whole(told, &rows)) {
                    let held = format!("`{name}` has {} rows, and {} were published", rows.len(), told.rows);
                    return Err(other_rows(held));
                }
                self.comparison.published_as_read(name, &rows)?;
            }
        }
        candidate.changes = self.comparison.compare(name)?;
        Ok(())
    }

    /// Puts the rows that have changed beside the table. Returns how many bytes they are.
    fn stage(&self, candidate: &Candidate<'_>, entry: &Entry, folder: &Path) -> Result<(Option<Merge>, u64)> {
        let name = &candidate.publishable.name;
        if !candidate.is_touched() && candidate.patch.is_none() {
            return Ok((None, 0));
        }
        if candidate.changes.count() == 0 && !candidate.is_whole {
            return Ok((None, 0));
        }
        let file = folder.join(format!("{name}.parquet"));
        self.comparison.export(candidate.publishable, &candidate.layout, &file)?;
        let (hash, bytes) = crate::publish::digest(&file)?;
        // The content is in the names, so what a run before this one has loaded is known to be the same.
        let mut staging = format!("{STAGING}{name}_{}_{}", entry.id, &hash[..8]);
        if !self.how.dry_run && candidate.changes.count() > 0 {
            match self.load(candidate, &staging, &self.job(entry, name, &hash[..8]), &file) {
                // A job that does not end may yet bring its rows, and a server that died may have forgotten the table: these
                // go elsewhere.
                Err(failed @ (Failed::Busy(_) | Failed::Gone(_))) => {
                    if let Failed::Gone(_) = failed {
                        // It may have forgotten that the table is to go, too; and whose else it is now is not known.
                        let _ = self.door.patch_table(expiring(&staging));
                    }
                    let fresh = uuid::Uuid::new_v4().simple().to_string();
                    staging = format!("{staging}_{}", &fresh[..8]);
                    self.load(candidate, &staging, &self.job(entry, name, &fresh), &file)?;
                }
                loaded => loaded?,
            }
        }
        let merge = Merge {
            table: name.clone(),
            staging,
            columns: candidate.layout.columns.iter().map(|(column, _)| column.clone()).collect(),
            changes: candidate.changes,
            is_whole: candidate.is_whole,
            ranges: candidate.ranges.clone(),
        };
        Ok((Some(merge), bytes))
    }

    /// Puts the rows that have changed into a table that goes by itself.
    fn load(&self, candidate: &Candidate<'_>, staging: &str, job: &JobName, file: &Path) -> Result<(), Failed> {
        let schema = candidate.layout.staging();
        if self.door.table(staging).map_err(Failed::Other)?.is_none() {
            let table = Table { schema: schema.clone(), ..expiring(staging) };
            self.door.create_table(table).map_err(Failed::Other)?;
        }
        self.door.load(job, staging, &schema, file).map(|_| ())
    }

    /// Makes the table, or brings it into shape; its label names the run that touched it last.
    fn shape(&self, candidate: &Candidate<'_>) -> Result<()> {
        let wanted = &candidate.layout.table;
        if candidate.there.is_none() {
            return self.door.create_table(wanted.clone());
        }
        // Each may be said twice. Columns become wider first: a patch names their types as they are then.
        for statement in candidate.patch.iter().flat_map(|patch| &patch.statements) {
            self.door.query(&JobName::fresh("alter"), statement)?;
        }
        let bare = || Table { table_reference: wanted.table_reference.clone(), ..Table::default() };
        let patch = candidate.patch.as_ref().and_then(|patch| patch.table.clone()).unwrap_or_else(bare);
        self.door.patch_table(Table { labels: wanted.labels.clone(), ..patch })?;
        let name = &candidate.publishable.name;
        match candidate.patch.is_some().then(|| self.door.table(name)).transpose()?.flatten() {
            Some(there) => match misfits(&there, wanted).into_iter().next() {
                Some((column, ..)) => Err(Error::call(format!("BigQuery did not bring `{name}` into shape"))
                    .because(format!("its column `{column}` is as it was"))
                    .help("change it there by hand, or give the model the shape that the table has")),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Runs the transaction. Whether it is published now: `false` where another publication came first.
    fn run(&self, entry: &Entry, script: &str) -> Result<bool> {
        ledger::ensure(self.door)?;
        let failed = match self.door.query(&self.job(entry, "publish", &fingerprint(script)), script) {
            Ok(_) => return Ok(true),
            Err(failed) => failed,
        };
        // Whatever the answer was: the ledger tells what has happened.
        if ledger::last(self.door)?.is_some_and(|last| last.id == entry.id) {
            return Ok(true);
        }
        match failed {
            Failed::Said { message, .. } if Refusal::of(&message) == Refusal::CameFirst => Ok(false),
            Failed::Said { job, message, .. } if Refusal::of(&message) == Refusal::NotAsPublished => {
                Err(other_rows(format!("{message} (job `{job}`)")))
            }
            other => Err(other.into()),
        }
    }

    /// The name of work that is part of a publication. Jobs belong to a project, and the same content may go to another of
    /// its datasets at the same time.
    fn job(&self, entry: &Entry, what: &str, content: &str) -> JobName {
        JobName::new(&format!("cp_{}_{}_{what}_{content}", self.door.dataset, entry.id))
    }

    fn unchanged(&self, last: Option<Entry>, candidates: &[Candidate<'_>], observe: &dyn Observe) -> Result<Published> {
        if let Some(last) = &last
            && !self.how.dry_run
            && self.comparison.remembered()?.as_ref() != Some(&last.id)
        {
            self.comparison.remember(&last.id, self.verified.tables().iter().map(|table| table.name.as_str()))?;
        }
        self.forget(candidates)?;
        observe.on(Progress::Done { summary: "nothing has changed since the last publication".to_string() });
        let (id, previous) = last.map_or_else(Default::default, |last| (last.id, last.previous));
        let tables = candidates.iter().map(|candidate| PublishedTable {
            name: candidate.publishable.name.clone(),
            rows: candidate.content.rows,
            bytes: 0,
            changed: false,
            changes: Some(Changes::default()),
        });
        Ok(Published { id, previous, tables: tables.collect(), withdrawn: Vec::new(), unchanged: true, script: None })
    }

    fn forget(&self, candidates: &[Candidate<'_>]) -> Result<()> {
        candidates.iter().try_for_each(|candidate| self.comparison.clear(&candidate.publishable.name))
    }
}

/// Whether what was read back has as many rows as were published, each with a key of its own.
fn is_whole(told: &Told, rows: &[Vec<Option<String>>]) -> bool {
    let keys: std::collections::HashSet<_> = rows.iter().filter_map(|row| row.first()?.as_deref()).collect();
    keys.len() as u64 == told.rows && rows.len() as u64 == told.rows
}

fn other_rows(why: String) -> Error {
    Error::call("BigQuery holds other rows than `cp` published")
        .because(why)
        .help("something else has changed them; `cp verify` compares, `cp publish --full-refresh` writes them anew")
}

/// A staging table that goes by itself.
fn expiring(name: &str) -> Table {
    let mut table = Table { expiration_time: Some(expiry()), ..Table::default() };
    table.table_reference.table_id = name.to_string();
    table
}

/// When a staging table that is made now goes, in milliseconds since 1970.
fn expiry() -> String {
    let at = SystemTime::now() + STAGED_FOR;
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis().to_string()
}

/// Tells scripts apart that publish the same from different states.
fn fingerprint(script: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(script).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
