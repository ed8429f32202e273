//! Jobs: named so that none runs twice, waited for within a deadline, judged, and their results read.

use std::time::{Duration, Instant, SystemTime};

use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::get_query_results_response::GetQueryResultsResponse;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::publish::bigquery::door::Door;
use crate::publish::bigquery::fault::Failed;
use crate::publish::bigquery::fault::Fault;
use crate::publish::bigquery::fault::What;
use crate::publish::bigquery::fault::is_passing_reason;
use crate::publish::bigquery::tables::LABEL;

/// Times that one call starts a job which fails for a reason that may pass.
const ATTEMPTS: u32 = 5;

const FIRST_POLL: Duration = Duration::from_millis(100);
const SLOWEST_POLL: Duration = Duration::from_secs(3);

/// How long a job that was told to stop may take to do so.
const STOPPING: Duration = Duration::from_secs(10);

/// Rows asked for at once; BigQuery sends fewer where they are large.
const PAGE: i32 = 50_000;

/// What a row of an answer is: a text for every column, `None` for NULL.
pub(super) type Row = Vec<Option<String>>;

/// A name for one piece of work: its jobs are `{stem}_1`, `{stem}_2`, …, and no two of them do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobName {
    stem: String,
    is_fresh: bool,
}

impl JobName {
    /// The same stem is the same work, now and in any later run. What cannot stand in a job's id is replaced, and a
    /// hash of the whole keeps stems apart.
    pub(super) fn new(stem: &str) -> Self {
        let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !stem.is_empty() && stem.len() <= 900 && stem.chars().all(is_good) {
            return Self { stem: stem.to_string(), is_fresh: false };
        }
        let cut = stem.chars().take(800).map(|c| if is_good(c) { c } else { '-' }).collect::<String>();
        let hash: String = Sha256::digest(stem).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { stem: format!("{cut}-{hash}"), is_fresh: false }
    }

    /// Work that was never done before, such as a read that must see what is there now.
    pub(super) fn fresh(stem: &str) -> Self {
        Self { is_fresh: true, ..Self::new(&format!("{stem}-{}", uuid::Uuid::new_v4().simple())) }
    }

    /// The id of its `number`th job, from 1.
    fn attempt(&self, number: u32) -> String {
        format!("{}_{number}", self.stem)
    }
}

/// What a job is to do.
pub(super) struct Work<'a> {
    /// A verb phrase for messages.
    pub(super) doing: &'a str,
    /// Starts it under an id, or finds that it is started.
    pub(super) submit: &'a dyn Fn(&str) -> Result<Job, Fault>,
    /// Whether what a job has done is still there.
    pub(super) stands: &'a dyn Fn(&Job) -> Result<bool>,
    /// Whether a failure may be that of the way there, so that the same is worth another attempt.
    pub(super) is_doubtful: &'a dyn Fn() -> bool,
    /// Whether it may be begun once more while a job that does not end is still about it, as where only one of both can
    /// have an effect.
    pub(super) may_be_doubled: bool,
}

impl Door {
    /// Runs a script or a query, unless it ran under this name already, and gives the rows of its last statement. What has
    /// an effect must bear that it runs twice, as a transaction does that first moves the ledger's head.
    ///
    /// # Errors
    /// `Said` where BigQuery refused it, `Unknown` where it is open whether it ran, `Other` where it did not run.
    pub(super) fn query(&self, name: &JobName, sql: &str) -> Result<Vec<Row>, Failed> {
        let doing = "run a query";
        let submit = |id: &str| self.submit_query(id, sql);
        let work = Work { doing, submit: &submit, stands: &|_| Ok(true), is_doubtful: &|| false, may_be_doubled: true };
        let (id, _) = self.settle(name, &work)?;
        self.results(&id)
            .map_err(|fault| Failed::Unknown(self.faults.explain(&format!("read what job `{id}` found"), &fault)))
    }

    fn submit_query(&self, id: &str, sql: &str) -> Result<Job, Fault> {
        let query = JobConfigurationQuery {
            query: sql.to_string(),
            use_legacy_sql: Some(false),
            ..JobConfigurationQuery::default()
        };
        let labels = [(LABEL.0.to_string(), LABEL.1.to_string())].into();
        let configuration =
            JobConfiguration { query: Some(query), labels: Some(labels), ..JobConfiguration::default() };
        let job = Job { job_reference: Some(self.reference(id)), configuration: Some(configuration), ..Job::default() };
        self.retry.insist(|| match self.ask(async { self.client.job().insert(&self.project, job.clone()).await }) {
            Ok(started) => own(id, started),
            Err(fault) => self.begun_already(id, fault),
        })
    }

    /// The job that was refused because it is there: the answer to an earlier attempt was lost, or another process does
    /// the same. Of two at once one may be refused with other words than 409.
    pub(super) fn begun_already(&self, id: &str, fault: Fault) -> Result<Job, Fault> {
        match fault {
            fault if fault.is_duplicate() => self.seen(id),
            fault if matches!(fault.what, What::Answer { status: 400, .. }) => self.look(id)?.ok_or(fault),
            fault => Err(fault),
        }
    }

    pub(super) fn reference(&self, id: &str) -> JobReference {
        JobReference {
            job_id: Some(id.to_string()),
            project_id: Some(self.project.clone()),
            location: self.location.clone(),
        }
    }

    /// A job, if BigQuery knows it; asked once.
    pub(super) fn look(&self, id: &str) -> Result<Option<Job>, Fault> {
        match self.ask(async { self.client.job().get_job(&self.project, id, self.location.as_deref()).await }) {
            Ok(job) => own(id, job).map(Some),
            Err(fault) if fault.is_missing() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// A job that must be there; one that is not to be seen yet may be in a moment.
    pub(super) fn seen(&self, id: &str) -> Result<Job, Fault> {
        self.look(id)?.ok_or_else(|| Fault::answer(503, "notFound", &format!("job `{id}` is not to be seen")))
    }

    /// Has the work done once: takes the job that did it, waits for the one that does it, else starts one.
    pub(super) fn settle(&self, name: &JobName, work: &Work<'_>) -> Result<(String, Job), Failed> {
        let there = if name.is_fresh { 0 } else { self.newest(name, work.doing)? };
        let mut attempt = there.max(1);
        let mut begun = 0;
        let mut trial = self.retry.trial();
        loop {
            let id = name.attempt(attempt);
            let doing = format!("{} (job `{id}`)", work.doing);
            let is_ours = attempt > there;
            let job = if is_ours {
                (work.submit)(&id).map_err(|fault| self.unsubmitted(work.doing, &id, &fault))?
            } else {
                self.retry.insist(|| self.seen(&id)).map_err(|fault| self.failed(&doing, &fault))?
            };
            let spent = if is_ours { Duration::ZERO } else { age(&job) };
            let Some(job) = self.finish(&id, &doing, job, self.deadline.saturating_sub(spent))? else {
                match work.may_be_doubled {
                    // Whoever began it is gone, and so may be the server that ran it: no run would ever see it end.
                    true if !is_ours => attempt += 1,
                    true => return Err(Failed::Unknown(self.endless(&doing))),
                    false => return Err(Failed::Busy(self.endless(&doing))),
                }
                continue;
            };
            match job.status.as_ref().and_then(|status| status.error_result.as_ref()) {
                None if (work.stands)(&job).map_err(Failed::Unknown)? => return Ok((id, job)),
                None if is_ours => {
                    let told = Error::call(format!("what job `{id}` did is gone already"));
                    return Err(Failed::Gone(told.help("does another program delete tables in the dataset?")));
                }
                // Of an earlier run: its failure may have been mended since, or what it did is gone.
                _ if !is_ours => {}
                Some(error) => {
                    begun += 1;
                    let reason = error.reason.as_deref().unwrap_or_default();
                    let passes = begun < ATTEMPTS && (is_passing_reason(reason) || (work.is_doubtful)());
                    if !passes || trial.pause(Fault::answer(503, reason, "")).is_err() {
                        return Err(self.faults.said(work.doing, &id, error));
                    }
                }
                None => {}
            }
            attempt += 1;
        }
    }

    /// A job that was refused, or of which it is not known whether it began.
    fn unsubmitted(&self, doing: &str, id: &str, fault: &Fault) -> Failed {
        match &fault.what {
            What::Answer { status: 400, reason, message } => {
                let (reason, message) = (Some(reason.clone()), Some(message.clone()));
                self.faults.said(
                    doing,
                    id,
                    &gcp_bigquery_client::model::error_proto::ErrorProto { reason, message, ..Default::default() },
                )
            }
            _ => self.failed(&format!("{doing} (job `{id}`)"), fault),
        }
    }

    /// The number of the newest job under this name, 0 where there is none.
    fn newest(&self, name: &JobName, doing: &str) -> Result<u32, Failed> {
        newest(|number| {
            let found = self.retry.insist(|| self.look(&name.attempt(number)));
            Ok(found.map_err(|fault| Failed::Other(self.faults.explain(doing, &fault)))?.is_some())
        })
    }

    /// Waits until a job is done, and stops it where that takes too long; `None` where it does not stop.
    fn finish(&self, id: &str, doing: &str, mut job: Job, limit: Duration) -> Result<Option<Job>, Failed> {
        let began = Instant::now();
        let mut pause = FIRST_POLL;
        while !is_done(&job) {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(self.stop(id));
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 3 / 2).min(SLOWEST_POLL);
            job = self.retry.insist(|| self.seen(id)).map_err(|fault| self.unknown(doing, &fault))?;
        }
        Ok(Some(job))
    }

    fn unknown(&self, doing: &str, fault: &Fault) -> Failed {
        Failed::Unknown(self.faults.explain(doing, fault))
    }

    /// A job that is stopped cannot surprise anybody later.
    fn stop(&self, id: &str) -> Option<Job> {
        let began = Instant::now();
        // Whether it is heard shows in the job.
        let _ = self.ask(async { self.client.job().cancel_job(&self.project, id, self.location.as_deref()).await });
        while began.elapsed() < STOPPING.min(self.deadline) {
            if let Ok(Some(job)) = self.look(id)
                && is_done(&job)
            {
                return Some(job);
            }
            std::thread::sleep(5 * FIRST_POLL);
        }
        None
    }

    /// One that does not stop leaves open whether it happened.
    fn endless(&self, doing: &str) -> Error {
        Error::call(format!("BigQuery did not {doing} within {} s", self.deadline.as_secs()))
            .because("the job is still said to be under way, and does not stop")
            .help("look at the job in the Google Cloud console; `CP_BQ_DEADLINE` is how many seconds a job may take")
            .passing()
    }

    fn results(&self, id: &str) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        let mut token = None;
        loop {
            let page = self.retry.insist(|| self.page(id, token.clone()))?;
            rows.extend(
                page.rows
                    .into_iter()
                    .flatten()
                    .map(|row| row.columns.into_iter().flatten().map(|cell| text(cell.value)).collect::<Row>()),
            );
            token = page.page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(rows);
            }
        }
    }

    fn page(&self, id: &str, token: Option<String>) -> Result<GetQueryResultsResponse, Fault> {
        let parameters = GetQueryResultsParameters {
            location: self.location.clone(),
            max_results: Some(PAGE),
            page_token: token,
            ..GetQueryResultsParameters::default()
        };
        let page = self.ask(async { self.client.job().get_query_results(&self.project, id, parameters).await })?;
        match page.job_complete {
            Some(true) => Ok(page),
            // Of a job that is done: not yet to be seen everywhere, or an answer to something else.
            _ => Err(What::Garbled { status: None }.into()),
        }
    }
}

/// The job, if it is the one that was asked for.
pub(super) fn own(id: &str, job: Job) -> Result<Job, Fault> {
    let is_own = job.job_reference.as_ref().and_then(|reference| reference.job_id.as_deref()) == Some(id);
    if is_own { Ok(job) } else { Err(What::Garbled { status: None }.into()) }
}

/// How long ago a job was begun. (Where the two clocks are hours apart there is no signing in.)
fn age(job: &Job) -> Duration {
    let begun = job.statistics.as_ref().and_then(|statistics| statistics.creation_time.as_ref()?.parse().ok());
    let begun = begun.map_or_else(SystemTime::now, |begun| SystemTime::UNIX_EPOCH + Duration::from_millis(begun));
    SystemTime::now().duration_since(begun).unwrap_or_default()
}

fn is_done(job: &Job) -> bool {
    job.status.as_ref().and_then(|status| status.state.as_deref()) == Some("DONE")
}

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// The greatest number that exists, where all below it do; asks few of them.
fn newest<E>(mut exists: impl FnMut(u32) -> Result<bool, E>) -> Result<u32, E> {
    let (mut low, mut high) = (0, 1);
    while exists(high)? {
        low = high;
        high = high.saturating_mul(2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if exists(middle)? { low = middle } else { high = middle }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_work() {
        assert_eq!(JobName::new("cp_1f-orders").attempt(2), "cp_1f-orders_2");
        let odd = [JobName::new("größe"), JobName::new("gr  e"), JobName::new("gr--e"), JobName::new("")];
        for name in &odd {
            assert!(name.stem.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-')), "{name:?}");
        }
        assert_eq!(odd.iter().map(|name| &name.stem).collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert!(JobName::new(&"x".repeat(3000)).attempt(u32::MAX).len() < 1024);
        assert_ne!(JobName::fresh("read"), JobName::fresh("read"));
    }

    #[test]
    fn the_newest_attempt_is_found_with_few_questions() {
        for known in 0..70 {
            let mut asked = 0;
            let found = newest(|number| {
                asked += 1;
                Ok::<_, ()>(number <= known)
            });
            assert_eq!(found, Ok(known));
            assert!(asked <= 14, "{known}: {asked}");
        }
    }

    #[test]
    fn another_jobs_answer_is_none() {
        let job: Job = serde_json::from_str(r#"{"jobReference":{"jobId":"a_1"},"status":{"state":"DONE"}}"#).unwrap();
        assert!(is_done(&own("a_1", job.clone()).unwrap()));
        assert!(own("a_2", job).unwrap_err().is_passing());
        assert!(own("a_1", Job::default()).is_err());
    }

    #[test]
    fn every_value_is_text() {
        assert_eq!(text(Some(Value::Null)), None);
        assert_eq!(text(Some("1.5".into())), Some("1.5".to_string()));
        assert_eq!(text(Some(serde_json::json!([{"v": "1"}]))), Some(r#"[{"v":"1"}]"#.to_string()));
    }
}
