//! In which order events arrive, cut into runs.

use std::collections::BTreeSet;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Runs that a replay is cut into, at most.
const MOST_RUNS: usize = 5;

/// Of how many events one at most arrives again.
const REPEATED: usize = 4;

/// Events by their numbers, run by run; one may arrive more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub runs: Vec<Vec<usize>>,
}

impl Arrival {
    /// All in their own order, in one run.
    pub fn whole(events: usize) -> Self {
        Self { runs: vec![(0..events).collect()] }
    }

    /// One of so many random ones: an order, repetitions and cuts. It follows from the arguments alone.
    pub fn drawn(seed: u64, number: u64, events: usize) -> Self {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        draws.set_stream(number);
        let mut below = |bound: usize| -> usize { ((u128::from(draws.next_u64()) * bound as u128) >> 64) as usize };
        let mut order: Vec<usize> = (0..events).collect();
        if events > 0 {
            let again = below(events / REPEATED + 1);
            order.extend((0..again).map(|_| below(events)).collect::<Vec<_>>());
        }
        for last in (1..order.len()).rev() {
            order.swap(last, below(last + 1));
        }
        let cuts = 1 + below(MOST_RUNS - 1);
        let cuts: BTreeSet<usize> = (0..cuts).map(|_| below(order.len())).filter(|cut| *cut > 0).collect();
        let mut runs = Vec::new();
        for cut in cuts.into_iter().rev() {
            runs.push(order.split_off(cut));
        }
        runs.push(order);
        runs.reverse();
        Self { runs }
    }

    /// The same events, each once, in their own order, in one run.
    pub fn in_one_run(&self) -> Self {
        Self { runs: vec![self.events().into_iter().collect()] }
    }

    /// Which events arrive.
    pub fn events(&self) -> BTreeSet<usize> {
        self.runs.iter().flatten().copied().collect()
    }

    /// How many times anything arrives.
    pub fn deliveries(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    /// The same without what arrives again.
    pub fn without_repetitions(&self) -> Self {
        let mut seen = BTreeSet::new();
        self.keeping(|_, event| seen.insert(event))
    }

    /// The same, every run in the events' own order.
    pub fn sorted(&self) -> Self {
        let mut sorted = self.clone();
        sorted.runs.iter_mut().for_each(|run| run.sort_unstable());
        sorted
    }

    /// Only those deliveries, told by their place among all and by their event; a run without any is none.
    pub fn keeping(&self, mut keeps: impl FnMut(usize, usize) -> bool) -> Self {
        let mut place = 0;
        let mut runs = self.runs.clone();
        for run in &mut runs {
            run.retain(|event| {
                place += 1;
                keeps(place - 1, *event)
            });
        }
        runs.retain(|run| !run.is_empty());
        Self { runs }
    }

    /// The same with only the cuts between runs that are kept, told by their place from 0.
    pub fn with_cuts(&self, keeps: impl Fn(usize) -> bool) -> Self {
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            match runs.last_mut() {
                Some(last) if !keeps(number - 1) => last.extend(run),
                _ => runs.push(run.clone()),
            }
        }
        Self { runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_arrives_in_some_order_some_of_them_again_in_some_runs() {
        let (mut runs, mut repetitions) = (BTreeSet::new(), BTreeSet::new());
        for number in 1..=200 {
            let arrival = Arrival::drawn(7, number, 40);
            assert_eq!(arrival, Arrival::drawn(7, number, 40));
            assert_eq!(arrival.events().len(), 40);
            assert_eq!(arrival.without_repetitions().deliveries(), 40);
            assert!(arrival.runs.iter().all(|run| !run.is_empty()));
            runs.insert(arrival.runs.len());
            repetitions.insert(arrival.deliveries() - 40);
        }
        assert!(runs.is_superset(&(2..=MOST_RUNS).collect()), "{runs:?}");
        assert_eq!(repetitions, (0..=10).collect());
        assert_ne!(Arrival::drawn(7, 1, 40), Arrival::drawn(8, 1, 40));
        assert_eq!(Arrival::drawn(7, 1, 1).events().len(), 1);
    }

    #[test]
    fn deliveries_and_cuts_are_taken_away() {
        let arrival = Arrival { runs: vec![vec![2, 0], vec![1, 2], vec![3]] };
        assert_eq!(arrival.keeping(|place, _| place != 4).runs, [vec![2, 0], vec![1, 2]]);
        assert_eq!(arrival.with_cuts(|cut| cut == 1).runs, [vec![2, 0, 1, 2], vec![3]]);
        assert_eq!(arrival.without_repetitions().runs, [vec![2, 0], vec![1], vec![3]]);
        assert_eq!(arrival.in_one_run().runs, [vec![0, 1, 2, 3]]);
    }
}
