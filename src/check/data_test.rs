//! A data test: a query that finds what must not be, judged by `severity`, `warn_if` and `error_if`. Of its `meta`, `message`
//! names the column in which a row says what it means, and `help` says what to do.

use std::time::Instant;

use jiff::Timestamp;

use crate::artifact::compiled_path;
use crate::engine::Session;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Place;
use crate::name::Relation;
use crate::name::quote;
use crate::plan::Outcome;
use crate::plan::Step;
use crate::progress::Progress;
use crate::progress::Status;
use crate::progress::grouped;
use crate::project::NodeConfig;
use crate::project::Severity;
use crate::render::Compiled;
use crate::run::Failure;
use crate::run::Worker;
use crate::run::explain;

/// Runs one test and judges it.
pub fn check(worker: &Worker<'_>, number: usize, step: &Step) -> Outcome {
    let started_at = Timestamp::now();
    let clock = Instant::now();
    worker.observe.on(Progress::NodeStarted { id: step.id.clone() });
    let node = &worker.project.nodes[&step.id];
    let scan = &worker.scanned.nodes[&step.id];
    let mut compiled = None;
    let found = worker.compile(step, false).map_err(Failure::from).and_then(|done| {
        let done = compiled.insert(done);
        judge(&worker.session, done, &scan.config, scan.relation.as_ref())
    });
    let mut outcome = Outcome {
        id: step.id.clone(),
        status: Status::Error,
        message: String::new(),
        reason: None,
        rows: None,
        failures: None,
        diagnostic: None,
        fault: None,
        started_at,
        took: clock.elapsed(),
        worker: number,
        compiled: compiled.as_ref().map(|compiled| compiled.sql.clone()),
        relation: scan.relation.clone(),
    };
    match found {
        Ok(verdict) => {
            if verdict.status == Status::Fail {
                let place = match &node.generic {
                    Some(generic) => generic.place.clone(),
                    None => Place::new(&node.file.path, node.file.text.clone(), 0..0),
                };
                let fault = Diagnostic::error(format!("check `{}` failed: {}", node.name, verdict.message), place);
                let help = scan.config.meta("help").and_then(serde_json::Value::as_str).map(str::to_string);
                let help = help.unwrap_or_else(|| format!("`cp show --select {}` prints the rows", node.name));
                outcome.diagnostic = Some(fault.help(help));
            }
            outcome.status = verdict.status;
            outcome.message = verdict.message;
            outcome.failures = Some(verdict.failures);
        }
        Err(failure) if failure.is_interrupt() => {
            outcome.status = Status::Skipped;
            outcome.message = "stopped".to_string();
        }
        Err(failure) => {
            outcome.fault = Some(failure.kind());
            let sql = compiled.as_ref().map(|compiled| compiled.sql.as_str());
            let mut diagnostic = explain(worker.project, node, failure, sql);
            if compiled.is_some() && diagnostic.help.is_none() {
                let file = compiled_path(worker.project, node);
                diagnostic.help = Some(format!("the SQL that ran is `{}`", file.display()));
            }
            outcome.message = diagnostic.message.clone();
            outcome.diagnostic = Some(diagnostic);
        }
    }
    outcome
}

/// How many rows say in the message what they mean.
const MOST_SAID: usize = 5;

/// What the rows themselves say, where `meta.message` names the column that says it.
fn said(session: &Session, from: &str, config: &NodeConfig) -> Result<String, Failure> {
    let Some(column) = config.meta("message").and_then(serde_json::Value::as_str) else { return Ok(String::new()) };
    let column = quote(column);
    let rows = session.query(&format!("select {column} from (\n{from}\n) as failing order by {column}"))?.rows;
    let mut told: Vec<String> = rows.iter().take(MOST_SAID).map(|row| row[0].to_string()).collect();
    if rows.len() > MOST_SAID {
        told.push(format!("and {} more", grouped((rows.len() - MOST_SAID) as u64)));
    }
    Ok(format!(": {}", told.join("; ")))
}

struct Verdict {
    status: Status,
    message: String,
    failures: u64,
}

fn judge(
    session: &Session,
    compiled: &Compiled,
    config: &NodeConfig,
    stored: Option<&Relation>,
) -> Result<Verdict, Failure> {
    let limit = config
        .get("limit")
        .and_then(serde_json::Value::as_u64)
        .map_or(String::new(), |limit| format!("\nlimit {limit}"));
    let failing = format!("{}{limit}", compiled.sql);
    let from = match stored {
        Some(relation) => {
            session.transaction(|session| crate::run::replace(session, relation, &failing))?;
            format!("select * from {relation}")
        }
        None => failing,
    };
    let warn_if = config.text("warn_if").unwrap_or("!= 0");
    let error_if = config.text("error_if").unwrap_or("!= 0");
    let count = config.text("fail_calc").unwrap_or("count(*)");
    let answer = session.query(&format!(
        "select {count} as failures, {count} {warn_if} as should_warn, {count} {error_if} as should_error from (\n{from}\n) as dbt_internal_test"
    ))?;
    let row = answer.rows.first().ok_or_else(|| Error::data("the test's query gave no row"))?;
    let failures = u64::try_from(row[0].as_integer().unwrap_or(0)).unwrap_or(0);
    let is_true = |index: usize| row[index].as_bool().unwrap_or(false);
    let noun = if failures == 1 { "result" } else { "results" };
    let got = format!("got {} {noun}", grouped(failures));
    // The usual condition goes without saying.
    let told = |what: &str, condition: &str| match condition {
        "!= 0" => got.clone(),
        condition => format!("{got}, configured to {what} if {condition}"),
    };
    let (status, message) = if config.severity() == Severity::Error && is_true(2) {
        (Status::Fail, format!("{}{}", told("fail", error_if), said(session, &from, config)?))
    } else if is_true(1) {
        (Status::Warn, told("warn", warn_if))
    } else {
        (Status::Pass, String::new())
    };
    Ok(Verdict { status, message, failures })
}
