//! Snapshots that are otherwise, as a person sees them.

use crate::flow::Difference;
use crate::flow::Done;
use crate::flow::Golden;
use crate::flow::Mark;
use crate::flow::Verdict;
use crate::ui;
use crate::ui::Sign;

/// Says what is otherwise of every model that is.
pub fn show(done: &Done) {
    for golden in &done.golden {
        match &golden.verdict {
            Verdict::Equal => {}
            Verdict::Differs(difference) => ui::say(&drawn(&golden.name, difference)),
            // All of it is new; `cp review` shows it.
            Verdict::New(difference) => {
                let headline = Difference { headline: difference.headline.clone(), ..Difference::default() };
                ui::say(&drawn(&golden.name, &headline));
            }
            Verdict::Failed(why) => {
                let headline = Difference { headline: format!("could not be built: {why}"), ..Difference::default() };
                ui::say(&drawn(&golden.name, &headline));
            }
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
        other => format!("{equal} snapshots equal, {other} not"),
    }
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
