//! The parallel walk: every step begins as soon as what it waits for has ended well.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;

use crate::name::NodeId;
use crate::plan::Outcome;
use crate::plan::Plan;
use crate::plan::Step;
use crate::progress::Status;

/// How the walk goes.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    /// Steps at once.
    pub threads: usize,
    /// Whether the first bad step ends it.
    pub fail_fast: bool,
}

struct Board<'p> {
    waiting: IndexMap<&'p NodeId, usize>,
    ready: Vec<&'p Step>,
    running: usize,
    stopped: bool,
    outcomes: Vec<Outcome>,
}

/// Carries the plan out. `worker` makes what one thread works with; `work` does one step and never panics on data.
/// What waits for a bad step is skipped, and nothing else is. Outcomes come in the order in which they ended.
pub fn walk<W>(
    plan: &Plan,
    how: Walk,
    worker: impl Fn(usize) -> W + Sync,
    work: impl Fn(&W, usize, &Step) -> Outcome + Sync,
    ended: impl Fn(&Outcome) + Sync,
) -> Vec<Outcome> {
    let mut waited_by: IndexMap<&NodeId, Vec<&Step>> = IndexMap::new();
    for step in plan.steps.values() {
        for parent in &step.waits_for {
            waited_by.entry(parent).or_default().push(step);
        }
    }
    let board = Mutex::new(Board {
        waiting: plan.steps.values().map(|step| (&step.id, step.waits_for.len())).collect(),
        // The last is taken first, so the order of the plan is turned round.
        ready: plan.steps.values().rev().filter(|step| step.waits_for.is_empty()).collect(),
        running: 0,
        stopped: false,
        outcomes: Vec::new(),
    });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for number in 1..=how.threads.min(plan.steps.len()) {
            let (board, changed, waited_by, worker, work, ended) =
                (&board, &changed, &waited_by, &worker, &work, &ended);
            scope.spawn(move || {
                let tools = worker(number);
                while let Some(step) = next(board, changed) {
                    // A fault of ours in one step must not leave the other workers waiting for its end.
                    let tried = catch_unwind(AssertUnwindSafe(|| work(&tools, number, step)));
                    let outcome = tried.unwrap_or_else(|_| Outcome {
                        status: Status::Error,
                        ..skipped(step, "a fault in `cp` itself; please report it")
                    });
                    finish(board, changed, waited_by, outcome, how.fail_fast, ended);
                }
            });
        }
    });
    let mut board = board.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let done: IndexSet<NodeId> = board.outcomes.iter().map(|outcome| outcome.id.clone()).collect();
    for step in plan.steps.values().filter(|step| !done.contains(&step.id)) {
        let outcome = skipped(step, "the run was stopped before it");
        ended(&outcome);
        board.outcomes.push(outcome);
    }
    board.outcomes
}

fn next<'p>(board: &Mutex<Board<'p>>, changed: &Condvar) -> Option<&'p Step> {
    let mut board = board.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    loop {
        if board.stopped {
            return None;
        }
        if let Some(step) = board.ready.pop() {
            board.running += 1;
            return Some(step);
        }
        if board.running == 0 {
            return None;
        }
        board = changed.wait(board).unwrap_or_else(|poisoned| poisoned.into_inner());
    }
}

fn finish<'p>(
    board: &Mutex<Board<'p>>,
    changed: &Condvar,
    waited_by: &IndexMap<&'p NodeId, Vec<&'p Step>>,
    outcome: Outcome,
    fail_fast: bool,
    ended: &(impl Fn(&Outcome) + Sync),
) {
    let mut board = board.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    board.running -= 1;
    board.stopped |= fail_fast && outcome.status.is_bad();
    let root = outcome.id.clone();
    let mut over = vec![outcome];
    while let Some(outcome) = over.pop() {
        for step in waited_by.get(&outcome.id).into_iter().flatten() {
            let Some(count) = board.waiting.get_mut(&step.id) else { continue };
            if outcome.status.is_bad() {
                // Taken off the list, so that a second bad parent does not skip it again.
                board.waiting.swap_remove(&step.id);
                over.push(skipped(step, &format!("`{}` did not end well", root.plain())));
            } else {
                *count -= 1;
                if *count == 0 {
                    board.ready.push(step);
                }
            }
        }
        ended(&outcome);
        board.outcomes.push(outcome);
    }
    changed.notify_all();
}

/// The outcome of a step that was not tried.
pub fn skipped(step: &Step, why: &str) -> Outcome {
    Outcome {
        id: step.id.clone(),
        status: Status::Skipped,
        message: format!("skipped: {why}"),
        reason: None,
        rows: None,
        failures: None,
        diagnostic: None,
        fault: None,
        started_at: Timestamp::now(),
        took: Duration::ZERO,
        worker: 0,
        compiled: None,
        relation: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::plan::Action;
    use crate::plan::Fingerprint;

    /// A plan from `child < parent, parent` lines.
    fn plan(lines: &[&str]) -> Plan {
        let mut plan = Plan::default();
        for line in lines {
            let (name, parents) = line.split_once(" < ").unwrap_or((line, ""));
            let id = NodeId::from(name.to_string());
            let waits_for =
                parents.split(", ").filter(|name| !name.is_empty()).map(|name| NodeId::from(name.to_string()));
            let step = Step {
                id: id.clone(),
                action: Action::Check,
                fingerprint: Fingerprint::default(),
                existing: None,
                version: String::new(),
                waits_for: waits_for.collect(),
            };
            plan.steps.insert(id, step);
        }
        plan
    }

    fn walked(lines: &[&str], bad: &str, fail_fast: bool) -> Vec<String> {
        let order = Mutex::new(Vec::new());
        let how = Walk { threads: 3, fail_fast };
        let outcomes = walk(
            &plan(lines),
            how,
            |_| (),
            |(), worker, step| {
                order.lock().unwrap().push(step.id.to_string());
                let status = if step.id.as_str() == bad { Status::Error } else { Status::Success };
                Outcome { status, worker, ..skipped(step, "") }
            },
            |_| {},
        );
        let mut words: Vec<_> =
            outcomes.iter().map(|outcome| format!("{} {}", outcome.id, outcome.status.as_str())).collect();
        words.sort();
        words
    }

    #[test]
    fn what_waits_for_a_bad_step_is_skipped_and_nothing_else() {
        let lines = ["a", "b", "c < a", "d < b", "e < c, d", "f < d"];
        assert_eq!(
            walked(&lines, "c", false),
            ["a success", "b success", "c error", "d success", "e skipped", "f success"]
        );
    }

    #[test]
    fn a_step_with_two_bad_parents_is_skipped_once() {
        let lines = ["a", "b < a", "c < a", "d < b, c"];
        assert_eq!(walked(&lines, "a", false), ["a error", "b skipped", "c skipped", "d skipped"]);
    }

    #[test]
    fn what_is_skipped_names_what_failed() {
        let told = Mutex::new(Vec::new());
        walk(
            &plan(&["model.shop.a", "model.shop.b < model.shop.a", "model.shop.c < model.shop.b"]),
            Walk { threads: 1, fail_fast: false },
            |_| (),
            |(), _, step| Outcome { status: Status::Error, ..skipped(step, "") },
            |outcome| told.lock().unwrap().push(outcome.message.clone()),
        );
        let told = told.into_inner().unwrap();
        assert_eq!(told[1..], ["skipped: `a` did not end well", "skipped: `a` did not end well"]);
    }

    #[test]
    fn fail_fast_begins_nothing_more() {
        let lines = ["a", "b < a", "c < b"];
        assert_eq!(walked(&lines, "b", true), ["a success", "b error", "c skipped"]);
    }
}
