//! What a person reads of a replay that went wrong.

use jiff::Timestamp;

use crate::check::Difference;
use crate::check::Mark;
use crate::check::Verdict;
use crate::check::replay::Tries;
use crate::check::replay::arrival::Arrival;
use crate::progress::grouped;
use crate::rebuild::Given;

/// Events of a run that are told one by one.
const TOLD: usize = 6;

/// Characters of an id, and of a payload, that are told.
const WIDEST: (usize, usize) = (16, 68);

/// A model that differs as one does that it is made from.
pub fn after(number: u64, tries: &Tries, other: &str) -> Verdict {
    let headline = format!("differs in replay {number} of {} as `{other}` does, which it is made from", tries.count);
    Verdict::Differs(Box::new(Difference { headline, ..Difference::default() }))
}

/// The events and runs that make a model differ, and how it does.
pub fn counterexample(
    name: &str,
    number: u64,
    tries: &Tries,
    arrival: &Arrival,
    given: &Given,
    difference: &Difference,
) -> Verdict {
    let Tries { count, seed } = tries;
    let headline = format!("replay {number} of {count} differs from a full rebuild: {}", difference.headline);
    let mut told = Difference { headline, ..Difference::default() };
    let mut plain = |text: String| told.lines.push((Mark::Plain, text));
    let runs = match arrival.runs.len() {
        1 => "one run".to_string(),
        runs => format!("{runs} runs"),
    };
    plain(format!("the smallest that was found: {} in {runs}", events(arrival.deliveries())));
    for (number, run) in (1..).zip(&arrival.runs) {
        plain(format!("run {number}, {}:", events(run.len())));
        for event in run.iter().take(TOLD) {
            let (event, payload) = described(given, *event);
            plain(format!("  {event}"));
            plain(format!("    {payload}"));
        }
        if run.len() > TOLD {
            plain(format!("  … {} more", grouped((run.len() - TOLD) as u64)));
        }
    }
    if !difference.lines.is_empty() {
        plain("by a full rebuild → by these runs:".to_string());
    }
    told.lines.extend(difference.lines.iter().map(|(mark, text)| (*mark, format!("  {text}"))));
    told.lines.push((Mark::Plain, format!("again: cp test --select {name} --replays {count} --seed {seed}")));
    Verdict::Differs(Box::new(told))
}

fn events(count: usize) -> String {
    format!("{} event{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// Id, type and time of an event; and how its payload begins.
fn described(given: &Given, event: usize) -> (String, String) {
    let events = &given.events;
    let time = events.event_time[event].and_then(|time| Timestamp::from_microsecond(time).ok());
    let time = time.map_or_else(String::new, |time| format!("  {}", time.strftime("%Y-%m-%d %H:%M:%S")));
    let payload = events.payload.get(event).split_whitespace().collect::<Vec<_>>().join(" ");
    let id = cut(events.event_id.get(event), WIDEST.0);
    (format!("{id}  {}{time}", events.event_type.get(event)), cut(&payload, WIDEST.1))
}

fn cut(text: &str, widest: usize) -> String {
    let mut cut: String = text.chars().take(widest).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
