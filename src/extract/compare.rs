//! Raw store against warehouse: what both hold is compared by bucket, what is missing lands, what is extra is named.
//!
//! A bucket is a stretch of event ids. Both sides give, for each, how many events lie in it and the sum of their hashes
//! (of id and payload hash), which no order changes and which, unlike a difference, two equal errors do not cancel. Only
//! where these differ are single events looked at.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use crate::engine::Cell;
use crate::error::Result;
use crate::event::sha256;
use crate::extract::landing::Landing;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::RawStore;
use crate::store::Reached;
use crate::store::Sink;

/// About how many buckets there are, and how many events at least are in one.
const BUCKETS: i64 = 1024;
const SMALLEST: i64 = 64;

/// How many buckets that differ are looked at together: their ids are held in memory.
const TOGETHER: usize = 16;

/// How many events are fetched at once.
const FETCHED: usize = 5_000;

/// Events by their ids: all are counted, the first are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub count: u64,
    pub first: Vec<String>,
}

impl Named {
    /// How many are named.
    const NAMED: usize = 100;
    /// How many of these a line of text shows.
    const SHOWN: usize = 5;

    pub(super) fn add(&mut self, id: String) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(id);
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.first.iter().take(Self::SHOWN).map(|id| format!("`{id}`")).collect();
        f.write_str(&shown.join(", "))?;
        match self.count.saturating_sub(shown.len() as u64) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What came of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Events in the store.
    pub stored: u64,
    pub buckets: u64,
    /// Buckets that differed at first.
    pub differing: u64,
    /// Events that were missing in the warehouse, and have landed.
    pub fetched: u64,
    /// Events that only the warehouse holds, or that it holds once more than the store does.
    pub extra: Named,
    /// Events whose payload is another in the store.
    pub changed: Named,
    /// Ids that the store holds more than once.
    pub doubled: Named,
    /// Events that are missing still: the store tells of them, and does not give them.
    pub still_missing: u64,
}

impl Comparison {
    /// Whether both sides hold the same now.
    pub fn is_equal(&self) -> bool {
        self.extra.is_empty() && self.changed.is_empty() && self.doubled.is_empty() && self.still_missing == 0
    }
}

/// Count and sum of the hashes of a bucket.
type Sums = (u64, i128);

/// Compares, and lands what is missing. `reached` moves on where the store has got on meanwhile.
pub(super) fn compare(store: &dyn RawStore, landing: &mut Landing<'_>, reached: &mut Reached) -> Result<Comparison> {
    let (firsts, landed) = landed_buckets(landing)?;
    let mut stored = vec![Sums::default(); landed.len()];
    let mut comparison = Comparison { buckets: landed.len() as u64, ..Comparison::default() };
    store.inventory(&[], &mut |marks, unreadable| {
        landing.take_unreadable(unreadable)?;
        for mark in marks {
            let sums = &mut stored[bucket_of(&firsts, &mark.event_id)];
            sums.0 += 1;
            sums.1 += hash(&mark);
            comparison.stored += 1;
        }
        Ok(())
    })?;
    let differing: Vec<IdRange> = (0..landed.len())
        .filter(|bucket| landed[*bucket] != stored[*bucket])
        .map(|bucket| range(&firsts, bucket))
        .collect();
    comparison.differing = differing.len() as u64;
    if !differing.is_empty() {
        // What was stored while the comparison went on is not missing: it has only not been read yet.
        *reached = store.read_after(reached.position.as_ref(), landing)?;
    }
    for ranges in differing.chunks(TOGETHER) {
        look_into(ranges, store, landing, reached, &mut comparison)?;
    }
    Ok(comparison)
}

/// Compares the events of some buckets one by one.
fn look_into(
    ranges: &[IdRange],
    store: &dyn RawStore,
    landing: &mut Landing<'_>,
    reached: &mut Reached,
    comparison: &mut Comparison,
) -> Result<()> {
    // First what has landed, then what is stored: so what is stored meanwhile cannot look extra.
    let (mut landed, twice) = landed_marks(landing, ranges)?;
    twice.into_iter().for_each(|id| comparison.extra.add(id));
    let (mut missing, mut seen) = (Vec::new(), HashSet::new());
    store.inventory(ranges, &mut |marks, _| {
        for Mark { event_id, payload_sha256 } in marks.into_iter().filter(|mark| is_within(ranges, &mark.event_id)) {
            if !seen.insert(event_id.clone()) {
                comparison.doubled.add(event_id);
                continue;
            }
            match landed.remove(&event_id) {
                Some(hash) if hash == payload_sha256 => {}
                Some(_) => comparison.changed.add(event_id),
                None => missing.push(event_id),
            }
        }
        Ok(())
    })?;
    let mut extra: Vec<String> = landed.into_keys().collect();
    extra.sort_unstable();
    extra.into_iter().for_each(|id| comparison.extra.add(id));
    if missing.is_empty() {
        return Ok(());
    }
    *reached = store.read_after(reached.position.as_ref(), landing)?;
    for ids in missing.chunks(FETCHED) {
        let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
        let landed = landing.landed_hashes(&asked)?;
        let still: Vec<String> = ids.iter().filter(|id| !landed.contains_key(*id)).cloned().collect();
        if still.is_empty() {
            continue;
        }
        let (before, unreadable) = (landing.landed_events(), landing.unreadable());
        store.fetch(&still, landing)?;
        let fetched = landing.landed_events() - before;
        comparison.fetched += fetched;
        comparison.still_missing += (still.len() as u64).saturating_sub(fetched + landing.unreadable() - unreadable);
    }
    Ok(())
}

/// The first id of every bucket but the first, and the sums of all: one bucket where nothing has landed.
fn landed_buckets(landing: &Landing<'_>) -> Result<(Vec<String>, Vec<Sums>)> {
    let events = landing.events();
    let total = landing.session.count(&format!("select count(*) from {events}"))?;
    let size = (total / BUCKETS).max(SMALLEST);
    let rows = landing
        .session
        .query(&format!(
            "with numbered as (
                select event_id, payload_sha256, (row_number() over (order by event_id) - 1) // {size} as bucket
                from {events}
            )
            select
                min(event_id) as first,
                count(*) as events,
                sum(('0x' || sha256(event_id || chr(10) || payload_sha256)[1:15])::bigint) as hashes,
            from numbered
            group by bucket
            order by bucket"
        ))?
        .rows;
    let sums = |row: &Vec<crate::engine::Value>| match &row[2] {
        crate::engine::Value::Integer(sum) => (u64::try_from(row[1].as_integer().unwrap_or(0)).unwrap_or(0), *sum),
        _ => Sums::default(),
    };
    let firsts = rows.iter().skip(1).map(|row| row[0].to_string()).collect();
    let sums = if rows.is_empty() { vec![Sums::default()] } else { rows.iter().map(sums).collect() };
    Ok((firsts, sums))
}

/// As the query above computes it: 60 bits, so that it fits a signed number.
fn hash(mark: &Mark) -> i128 {
    let digest = sha256(format!("{}\n{}", mark.event_id, mark.payload_sha256).as_bytes());
    i128::from_str_radix(&digest[..15], 16).unwrap_or(0)
}

fn bucket_of(firsts: &[String], id: &str) -> usize {
    firsts.partition_point(|first| first.as_str() <= id)
}

fn range(firsts: &[String], bucket: usize) -> IdRange {
    (bucket.checked_sub(1).map(|before| firsts[before].clone()), firsts.get(bucket).cloned())
}

fn is_within(ranges: &[IdRange], id: &str) -> bool {
    ranges.iter().any(|(first, end)| {
        first.as_ref().is_none_or(|first| first.as_str() <= id) && end.as_ref().is_none_or(|end| id < end.as_str())
    })
}

/// Ids and payload hashes of what has landed, and the ids that have done so more than once.
fn landed_marks(landing: &Landing<'_>, ranges: &[IdRange]) -> Result<(HashMap<String, String>, Vec<String>)> {
    let (mut marks, mut twice) = (HashMap::new(), Vec::new());
    let sql = format!(
        "select event_id, payload_sha256 from {} where (? or event_id >= ?) and (? or event_id < ?)",
        landing.events()
    );
    for (first, end) in ranges {
        let bound = |id: &'_ Option<String>| (Cell::Boolean(id.is_none()), id.clone().unwrap_or_default());
        let ((no_first, first), (no_end, end)) = (bound(first), bound(end));
        let found = landing.session.query_with(&sql, &[no_first, Cell::Text(&first), no_end, Cell::Text(&end)])?;
        for row in found.rows {
            let (id, hash) = (row[0].to_string(), row[1].to_string());
            if marks.insert(id.clone(), hash).is_some() {
                twice.push(id);
            }
        }
    }
    Ok((marks, twice))
}
