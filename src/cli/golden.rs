//! Models that are not as the checks on the sample say, as a person sees them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::flow::Difference;
use crate::flow::Done;
use crate::flow::Golden;
use crate::flow::Mark;
use crate::flow::Replays;
use crate::flow::Unit;
use crate::flow::Verdict;
use crate::ui;
use crate::ui::Sign;

/// Says what is otherwise of every model that is.
pub fn show(done: &Done) {
    let golden = done.golden.iter().map(|golden| (&golden.name, &golden.verdict));
    let replays = done.replays.iter().flat_map(|replays| &replays.models);
    let units = done.units.iter().map(|unit| (&unit.name, &unit.verdict));
    let mut faults = BTreeSet::new();
    for (name, verdict) in golden.chain(units).chain(replays.map(|replay| (&replay.name, &replay.verdict))) {
        match verdict {
            Verdict::Equal => {}
            Verdict::Differs(difference) => ui::say(&drawn(name, difference)),
            // All of it is new; `cp review` shows it.
            Verdict::New(difference) => {
                let headline = Difference { headline: difference.headline.clone(), ..Difference::default() };
                ui::say(&drawn(name, &headline));
            }
            // One that failed is told once, whatever stands on it.
            Verdict::Failed(unbuilt) => match &unbuilt.diagnostic {
                Some(fault) if !faults.insert(&fault.message) => {}
                Some(fault) => ui::show_diagnostic(fault),
                None => {
                    let headline = format!("could not be built: {}", unbuilt.why);
                    ui::say(&drawn(name, &Difference { headline, ..Difference::default() }));
                }
            },
        }
    }
}

/// A phrase for the summary; empty where there are no snapshots.
pub fn summary(all: &[Golden]) -> String {
    let equal = all.iter().filter(|golden| golden.is_equal()).count();
    match all.len() - equal {
        _ if all.is_empty() => String::new(),
        0 if equal == 1 => "1 snapshot equal".to_string(),
        0 => format!("{equal} snapshots equal"),
        _ => format!("{equal} of {} snapshots equal", all.len()),
    }
}

/// The same of unit tests.
pub fn unit_tests(all: &[Unit]) -> String {
    let passed = all.iter().filter(|unit| unit.is_equal()).count();
    match all.len() - passed {
        0 => format!("{passed} passed"),
        failed => format!("{passed} passed, {failed} failed"),
    }
}

/// The same of replays.
pub fn replayed(replays: &Replays) -> String {
    let (all, seed) = (replays.models.len(), replays.tries.seed);
    let models = if all == 1 { "model" } else { "models" };
    let unbuilt = replays.models.iter().filter(|replay| matches!(replay.verdict, Verdict::Failed(_))).count();
    match replays.models.iter().filter(|replay| !replay.is_equal()).count() {
        others if others == unbuilt && others > 0 => format!("{unbuilt} of {all} {models} could not be built"),
        0 => format!("{all} {models} equal in {} replays (seed {seed})", replays.tries.count),
        others => format!("{others} of {all} {models} not equal (seed {seed})"),
    }
}

/// What came of the checks on the sample, for a program; a kind of which there are none is left out.
pub fn as_json(done: &Done) -> serde_json::Map<String, Json> {
    let told = |name: &str, verdict: &Verdict| json!({ "name": name, "verdict": verdict.as_str(), "headline": verdict.headline() });
    let mut object = serde_json::Map::new();
    if !done.golden.is_empty() {
        object.insert("golden".to_string(), done.golden.iter().map(|it| told(&it.name, &it.verdict)).collect());
    }
    if !done.units.is_empty() {
        let with_model = |it: &Unit| {
            let mut told = told(&it.name, &it.verdict);
            told["model"] = json!(it.model);
            told
        };
        object.insert("unit_tests".to_string(), done.units.iter().map(with_model).collect());
    }
    if let Some(replays) = &done.replays {
        let models: Json = replays.models.iter().map(|it| told(&it.name, &it.verdict)).collect();
        let tries = replays.tries;
        object.insert("replays".to_string(), json!({ "count": tries.count, "seed": tries.seed, "models": models }));
    }
    object
}

/// A difference under its name.
pub fn drawn(name: &str, difference: &Difference) -> String {
    lines(name, &difference.headline, &difference.lines)
}

/// Marked lines under a name.
pub fn lines(name: &str, headline: &str, lines: &[(Mark, String)]) -> String {
    let sign = |mark: &Mark| match mark {
        Mark::Plain => Sign::Plain,
        Mark::Added => Sign::Added,
        Mark::Removed => Sign::Removed,
        Mark::Changed => Sign::Changed,
    };
    let lines: Vec<_> = lines.iter().map(|(mark, text)| (sign(mark), text.as_str())).collect();
    ui::changes(name, headline, &lines)
}
