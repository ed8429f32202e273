//! Trying arrivals, several at a time: the first that fails, and what is left of it when all is taken away that does not
//! matter.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::check::replay::arrival::Arrival;
use crate::error::Error;
use crate::error::Result;

/// How long a smaller one is looked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first arrival of which there is something to tell, by its number from 1. Which one it is does not depend on `threads`.
///
/// # Errors
/// The first of `judge`.
pub fn first<T: Send>(
    arrivals: impl Iterator<Item = Arrival> + Send,
    threads: usize,
    judge: impl Fn(&Arrival) -> Result<Option<T>> + Sync,
) -> Result<Option<(u64, Arrival, T)>> {
    let waiting = Mutex::new((1..).zip(arrivals));
    let found = Mutex::new(Vec::<(u64, Result<(Arrival, T)>)>::new());
    let work = || {
        // Arrivals are begun in their order, so those before the first that was found are under way at least.
        while held(&found).is_empty() {
            let Some((number, arrival)) = held(&waiting).next() else { break };
            let told = judge(&arrival).map(|told| told.map(|told| (arrival, told))).transpose();
            held(&found).extend(told.map(|told| (number, told)));
        }
    };
    let machine = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads.min(machine)).for_each(|_| drop(scope.spawn(work))));
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some((number, told)) = found.into_iter().min_by_key(|(number, _)| *number) else { return Ok(None) };
    told.map(|(arrival, told)| Some((number, arrival, told)))
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest part of an arrival that is found to fail as it does, within a bounded time: fewer runs, no repetitions,
/// fewer events, in their own order. `guesses` are parts of it that are tried first.
///
/// # Errors
/// Those of `fails`.
pub fn smallest(
    arrival: &Arrival,
    guesses: Vec<Arrival>,
    threads: usize,
    fails: &(dyn Fn(&Arrival) -> Result<bool> + Sync),
) -> Result<Arrival> {
    let until = Instant::now() + PATIENCE;
    let mut best = arrival.clone();
    let take = |best: &mut Arrival, candidates: Vec<Arrival>| -> Result<bool> {
        let is_smaller = |candidate: &Arrival| !candidate.runs.is_empty() && *candidate != *best;
        let candidates: Vec<_> = candidates.into_iter().filter(is_smaller).collect();
        let judge = |candidate: &Arrival| match Instant::now() < until && fails(candidate)? {
            true => Ok::<_, Error>(Some(())),
            false => Ok(None),
        };
        let found = first(candidates.into_iter(), threads, judge)?;
        Ok(found.map(|(_, smaller, ())| *best = smaller).is_some())
    };
    let cuts = |arrival: &Arrival| -> Vec<Arrival> {
        (0..arrival.runs.len() - 1).map(|cut| arrival.with_cuts(|other| other == cut)).collect()
    };
    take(&mut best, guesses)?;
    let candidates = vec![best.without_repetitions()];
    take(&mut best, candidates)?;
    let candidates = cuts(&best);
    take(&mut best, candidates)?;
    // Half of the deliveries are taken away, then a quarter, and so on; what mattered not before may matter not now.
    let mut size = best.deliveries().div_ceil(2);
    while size > 0 && Instant::now() < until {
        let parts = best.deliveries().div_ceil(size);
        let without = |part: usize| best.keeping(|place, _| place / size != part);
        let candidates = (0..parts).map(without).collect();
        if take(&mut best, candidates)? {
            size = size.min(best.deliveries().div_ceil(2));
        } else {
            size /= 2;
        }
    }
    let candidates = cuts(&best);
    take(&mut best, candidates)?;
    let sorted = best.sorted();
    take(&mut best, vec![sorted])?;
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fails_is_found_whatever_the_threads() {
        let arrivals = |_| (1..=50).map(|number| Arrival::drawn(1, number, 9));
        let judge = |arrival: &Arrival| Ok((arrival.runs.len() == 2).then(|| arrival.clone()));
        let found = [1, 2, 8].map(|threads| first(arrivals(threads), threads, judge).unwrap().unwrap());
        assert_eq!(found[0].1, found[0].2);
        assert!(found.iter().all(|one| one.0 == found[0].0));
        assert!(first(arrivals(1), 2, |_| Ok(None::<()>)).unwrap().is_none());
        assert!(first(arrivals(1), 2, |_| Err::<Option<()>, _>(Error::data("no"))).is_err());
    }

    /// Fails where event 30 comes in an earlier run than event 3.
    #[test]
    fn what_does_not_matter_is_taken_away() {
        let run_of = |arrival: &Arrival, event: usize| arrival.runs.iter().position(|run| run.contains(&event));
        let fails = |arrival: &Arrival| match (run_of(arrival, 30), run_of(arrival, 3)) {
            (Some(late), Some(early)) => Ok(late < early),
            _ => Ok(false),
        };
        let mut found = 0;
        for number in 1..=40 {
            let arrival = Arrival::drawn(5, number, 200);
            if fails(&arrival).unwrap() {
                found += 1;
                assert_eq!(smallest(&arrival, Vec::new(), 2, &fails).unwrap().runs, [[30], [3]]);
            }
        }
        assert!(found > 5);
    }
}
