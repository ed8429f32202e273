//! Draws that are the same on every machine: what an order or an event is like follows from the seed and its number
//! alone, so nothing has to be remembered to speak of it again.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of draws is about; two subjects never share a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    LiveOrder = 1,
    LiveEvent = 2,
    HistoryOrder = 3,
    HistoryRecord = 4,
}

/// A stream of draws that belongs to one subject.
///
/// Ranges are taken from the raw words here and not by `rand`, whose algorithms may change between its versions.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of the `index`-th subject of `group`: a day or a year.
    pub(super) fn of(seed: u64, subject: Subject, group: i64, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = subject as u8;
        key[16..24].copy_from_slice(&group.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        Self(stream)
    }

    /// A number from 0 to `bound - 1`; 0 where `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number of seconds from `least` to `most`, both included.
    pub(super) fn seconds(&mut self, least: u32, most: u32) -> i64 {
        i64::from(least + self.below(most.saturating_sub(least) + 1))
    }

    /// Whether something of so many in a million is the case.
    pub(super) fn chance(&mut self, millionths: u32) -> bool {
        self.below(1_000_000) < millionths
    }

    /// One of `choices`, each as likely as the others.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}

/// Scatters a number over all 64 bits; different numbers stay different (the finalizer of SplitMix64).
pub(super) fn scatter(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// A share of a running count, met as exactly as a whole number can: out of each stretch of `1 / rate` items it takes
/// one, at a place that the seed decides. So a small file has its faults too, and never a cluster of them.
pub(super) struct Quota {
    seed: u64,
    /// The share, in millionths.
    millionths: u64,
    index: u64,
    stretch: u64,
    next: u64,
}

impl Quota {
    /// `rate` is a share from 0 to 1; `name` tells the quotas of one seed apart.
    pub(super) fn new(seed: u64, name: u64, rate: f64) -> Self {
        let seed = scatter(seed ^ scatter(name));
        let mut quota = Self { seed, millionths: u64::from(millionths(rate)), index: 0, stretch: 0, next: 0 };
        quota.place();
        quota
    }

    /// Whether the next item is taken.
    pub(super) fn takes(&mut self) -> bool {
        let taken = self.millionths > 0 && self.index == self.next;
        self.index += 1;
        if taken {
            self.stretch += 1;
            self.place();
        }
        taken
    }

    /// How many were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.stretch
    }

    fn place(&mut self) {
        if self.millionths > 0 {
            let start = (self.stretch * 1_000_000).div_ceil(self.millionths);
            let end = ((self.stretch + 1) * 1_000_000).div_ceil(self.millionths);
            self.next = start + scatter(self.seed ^ self.stretch) % (end - start);
        }
    }
}

/// A share from 0 to 1 as whole millionths.
pub(super) fn millionths(rate: f64) -> u32 {
    (rate * 1_000_000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_all_that_names_it() {
        let first = |seed, subject, group, index| Draws::of(seed, subject, group, index).below(u32::MAX);
        let one = first(1, Subject::LiveOrder, 1, 1);
        assert_eq!(one, first(1, Subject::LiveOrder, 1, 1));
        assert_ne!(one, first(2, Subject::LiveOrder, 1, 1));
        assert_ne!(one, first(1, Subject::LiveEvent, 1, 1));
        assert_ne!(one, first(1, Subject::LiveOrder, 2, 1));
        assert_ne!(one, first(1, Subject::LiveOrder, 1, 2));
    }

    /// What the committed sample stands on: if this changes, the files do.
    #[test]
    fn the_streams_are_pinned() {
        let mut draws = Draws::of(42, Subject::LiveOrder, 0, 0);
        assert_eq!((draws.below(u32::MAX), draws.below(100)), (2_634_808_448, 52));
    }

    #[test]
    fn a_quota_is_met_on_every_prefix() {
        for rate in [0.0, 0.001, 0.03, 0.37, 0.5, 1.0] {
            let mut quota = Quota::new(7, 1, rate);
            for count in 1..5_000u32 {
                quota.takes();
                let wanted = f64::from(count) * rate;
                assert!((quota.taken() as f64 - wanted).abs() <= 1.0, "{rate} of {count}: {}", quota.taken());
            }
        }
    }
}
