//! The embedded store's events, brought into MongoDB: reading by reading, as if their files were read again.

use crate::error::Result;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Embedded;
use crate::store::RawStore;
use crate::store::Reading;
use crate::store::mongo::Mongo;

/// Brings over what is not there yet. A reading is known by its file, rule and stretch.
pub(super) fn transfer(mongo: &mut Mongo, embedded: &Embedded, each: &mut dyn FnMut(&Reading)) -> Result<()> {
    for (after, reading) in embedded.readings()? {
        let is_same = |other: &Reading| {
            (&other.rule, &other.content_sha256, other.from_byte, other.to_byte, other.tally.delivered)
                == (&reading.rule, &reading.content_sha256, reading.from_byte, reading.to_byte, reading.tally.delivered)
        };
        if mongo.readings_of(&reading.file)?.iter().any(is_same) {
            continue;
        }
        let mut deliveries = Redelivered { embedded, reading: &reading, after };
        each(&mongo.deliver(&mut deliveries)?);
    }
    Ok(())
}

/// A reading of the embedded store, delivered once more.
struct Redelivered<'a> {
    embedded: &'a Embedded,
    reading: &'a Reading,
    /// How far it has been delivered.
    after: i64,
}

impl Deliveries for Redelivered<'_> {
    fn next_batch(&mut self) -> Result<Option<Vec<Delivery>>> {
        let end = self.reading.id.parse().unwrap_or(0);
        let Some((reached, batch)) = self.embedded.delivered_between(self.after, end)? else { return Ok(None) };
        self.after = reached;
        Ok(Some(batch))
    }

    fn reading(&mut self) -> Result<Reading> {
        Ok(self.reading.clone())
    }

    fn file(&self) -> &str {
        &self.reading.file
    }

    fn known_duplicates(&self) -> u64 {
        self.reading.tally.duplicates
    }
}
