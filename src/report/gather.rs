//! Everything that the report says, gathered as plain data before any format is chosen.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use crate::artifact;
use crate::engine::Session;
use crate::engine::Value;
use crate::extract;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::Project;
use crate::render::Scanned;
use crate::report::Occasion;
use crate::report::checks::Check;
use crate::report::checks::Trouble;
use crate::report::checks::checks;
use crate::report::checks::troubles;
use crate::report::headline::Figure;
use crate::report::headline::compare;
use crate::report::headline::headline;
use crate::report::history::History;
use crate::report::history::history;
use crate::report::number::thousands;
use crate::report::section::Section;
use crate::report::section::ingest_log;
use crate::report::section::sections;

/// The report.
pub(super) struct Page {
    pub(super) project: String,
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    /// The same, where it is before the business date: what came later is left out where that can be.
    pub(super) as_of: Option<String>,
    /// The business date, where the report is of another day.
    pub(super) seen_from: Option<String>,
    /// The last day before `date` that there is data of, where `date` has none: then nothing is compared.
    pub(super) data_until: Option<String>,
    /// What of the warehouse is not as the project would make it now, in a phrase; `None` where all is.
    pub(super) outdated: Option<String>,
    /// What a reader must know besides.
    pub(super) notes: Vec<String>,
    /// The day of the report that changes are told against.
    pub(super) compared_with: Option<String>,
    pub(super) headline: Vec<Figure>,
    /// What became of the publication.
    pub(super) verdict: String,
    /// What differs between two reports on the same data.
    pub(super) run: Run,
    /// `None` where nothing was ever ingested here.
    pub(super) events: Option<Events>,
    /// Models and seeds that could not be built.
    pub(super) troubles: Vec<Trouble>,
    pub(super) sections: Vec<Section>,
    /// Failing first.
    pub(super) checks: Vec<Check>,
}

/// The run that the report belongs to.
pub(super) struct Run {
    /// `None` where no run is known.
    pub(super) of: Option<Facts>,
    pub(super) generated_at: Timestamp,
}

/// A run, from its record or from what `run_results.json` remembers of it.
pub(super) struct Facts {
    pub(super) invocation_id: String,
    pub(super) verb: String,
    pub(super) started_at: Timestamp,
    pub(super) took_seconds: f64,
    pub(super) nodes: Vec<artifact::LastResult>,
}

/// What became of all deliveries, from the ingest log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Events {
    pub(super) delivered: i64,
    pub(super) stored: i64,
    pub(super) duplicates: i64,
    pub(super) conflicts: i64,
    pub(super) set_aside: i64,
}

impl Events {
    /// Deliveries of which nothing is known; 0 unless something is broken.
    pub(super) fn missing(&self) -> i64 {
        self.delivered - self.stored - self.duplicates - self.conflicts - self.set_aside
    }
}

/// Models whose rows may be older than the run, and why, as in `was not built`.
pub(super) type Stale = HashMap<NodeId, String>;

fn stale(nodes: &[artifact::LastResult], outdated: &[(NodeId, String)]) -> Stale {
    let failed = nodes.iter().filter(|result| result.status.is_bad());
    let failed =
        failed.map(|result| (result.id.clone(), format!("was not built in this run ({})", result.status.as_str())));
    let outdated = outdated.iter().map(|(id, reason)| (id.clone(), format!("has to be built again ({reason})")));
    outdated.chain(failed).collect()
}

/// What of the warehouse is not as the project would make it now, in a phrase.
fn outdated(session: &Session, outdated: &[(NodeId, String)]) -> Option<String> {
    let number = |number: usize| thousands(&number.to_string());
    if outdated.is_empty() {
        return None;
    }
    let unseen = session.database().ok().and_then(|database| extract::unseen(session, &database).ok()).unwrap_or(0);
    match (outdated.len(), usize::try_from(unseen).unwrap_or(0)) {
        (1, 0) => Some("1 table has to be built again".to_string()),
        (tables, 0) => Some(format!("{} tables have to be built again", number(tables))),
        (_, 1) => Some("1 landed event is not built yet".to_string()),
        (_, events) => Some(format!("{} landed events are not built yet", number(events))),
    }
}

/// Looks at the project, the run and the database.
pub(super) fn gather(
    project: &Project,
    scanned: &Scanned,
    session: &Session,
    occasion: &Occasion<'_>,
    reports: &Path,
) -> Page {
    let date = occasion.date;
    let generated_at = Timestamp::now();
    let facts = facts(project, occasion.record);
    let nodes = facts.as_ref().map_or(&[][..], |facts| &facts.nodes);
    let day = facts.as_ref().map_or(generated_at, |facts| facts.started_at);
    let last = business_date(scanned, session);
    let as_of = date.filter(|date| last.as_deref().is_some_and(|last| *date < last));
    let notes = as_of.iter().zip(&last).map(|(date, last)| {
        format!(
            "the data goes up to {last}; sections that tell the day are shown as of {date}, the others say that they \
             cannot be, and checks are those of the last run"
        )
    });
    let notes: Vec<_> = notes.collect();
    let stale = stale(nodes, &occasion.outdated);
    let outdated = outdated(session, &occasion.outdated);
    let sections = sections(project, scanned, session, &stale, as_of);
    let mut headline = headline(scanned, session, &stale, as_of);
    let seen_from = last.clone().filter(|last| date.is_some_and(|date| date != last));
    let asked = date.map(str::to_string).or(last.clone());
    let date = asked.unwrap_or_else(|| day.strftime("%Y-%m-%d").to_string());
    // Old figures end where they are old, not where the data ends.
    let fresh = headline.iter().filter(|figure| as_of.is_some() && figure.stale.is_none());
    let last_figures = fresh.filter_map(|figure| figure.day.as_ref()).max();
    let data_until = last.iter().chain(last_figures).min().filter(|until| **until < date).cloned();
    let history = match &data_until {
        Some(_) => History::default(),
        None => history(reports, &project.name, &date),
    };
    compare(&mut headline, history.last());
    let not_built = outdated.as_ref().map(|told| format!("{told}: `cp build` brings all up to date"));
    let no_data = data_until.as_ref().map(|until| {
        format!("there is no data of {date}: the last before it is of {until}; nothing is compared with other reports")
    });
    Page {
        project: project.name.clone(),
        headline,
        as_of: as_of.map(str::to_string),
        seen_from,
        data_until,
        outdated,
        compared_with: history.last().map(|last| last.date.clone()),
        verdict: occasion.verdict.split_whitespace().collect::<Vec<_>>().join(" "),
        events: events(session),
        troubles: troubles(project, nodes),
        sections: sections.into_iter().chain(ingest_log(session, as_of)).collect(),
        checks: checks(project, scanned, session, nodes, &history, &date),
        notes: not_built.into_iter().chain(no_data).chain(notes).chain(history.notes).collect(),
        date,
        run: Run { of: facts, generated_at },
    }
}

fn facts(project: &Project, record: Option<&RunRecord>) -> Option<Facts> {
    let Some(record) = record else {
        // What cannot be read is no run; the report on the data stands all the same.
        let last = artifact::last_run(project).ok().flatten()?;
        return Some(Facts {
            invocation_id: last.invocation_id,
            verb: last.verb,
            started_at: last.started_at,
            took_seconds: last.took,
            nodes: last.results,
        });
    };
    let nodes = record.outcomes.iter().map(|outcome| artifact::LastResult {
        id: outcome.id.clone(),
        status: outcome.status,
        message: outcome.message.clone(),
        failures: outcome.failures,
    });
    Some(Facts {
        invocation_id: record.invocation_id.clone(),
        verb: record.verb.clone(),
        started_at: record.started_at,
        took_seconds: record.took.as_secs_f64(),
        nodes: nodes.collect(),
    })
}

/// What the model marked `business_date` says, where it is built and says anything.
fn business_date(scanned: &Scanned, session: &Session) -> Option<String> {
    let marked = scanned.nodes.values().find(|scan| {
        let report = scan.config.meta("report");
        report.and_then(|report| report.get("business_date")).and_then(serde_json::Value::as_bool) == Some(true)
    })?;
    let relation = marked.relation.as_ref()?;
    let found = session.query(&format!("select * from {relation} limit 1")).ok()?;
    let column = found.position("business_date").unwrap_or(0);
    match found.rows.first()?.get(column)? {
        Value::Null => None,
        // A timestamp begins with its date, and a text must be one.
        value => {
            value.to_string().get(..10).filter(|text| text.parse::<jiff::civil::Date>().is_ok()).map(str::to_string)
        }
    }
}

fn events(session: &Session) -> Option<Events> {
    let log = Relation::new(session.database().ok()?, "raw", "ingest_log");
    let sums = ["delivered", "stored", "duplicates", "conflicts", "set_aside"]
        .map(|column| format!("coalesce(sum({column}), 0)::bigint"))
        .join(", ");
    let found = session.query(&format!("select {sums} from {log}")).ok()?;
    let number = |index: usize| found.rows.first()?.get(index)?.as_integer();
    Some(Events {
        delivered: number(0)?,
        stored: number(1)?,
        duplicates: number(2)?,
        conflicts: number(3)?,
        set_aside: number(4)?,
    })
}

/// How many checks ended so.
pub(super) fn count(checks: &[Check], status: Status) -> usize {
    checks.iter().filter(|check| check.is_run && check.status == status).count()
}

/// How many checks the run left out.
pub(super) fn not_run(checks: &[Check]) -> usize {
    checks.iter().filter(|check| !check.is_run).count()
}
