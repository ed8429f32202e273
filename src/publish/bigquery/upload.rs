//! Load jobs: a Parquet file goes up in one piece or in several, and counts only once it is in its table.

use std::{
    cell::Cell,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use gcp_bigquery_client::error::{BQError, ResponseError};
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_load::JobConfigurationLoad;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_schema::TableSchema;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::json;

use crate::error::{AtPath, Result};
use crate::publish::bigquery::door::Door;
use crate::publish::bigquery::fault::Failed;
use crate::publish::bigquery::fault::Fault;
use crate::publish::bigquery::fault::What;
use crate::publish::bigquery::fault::unreadable;
use crate::publish::bigquery::jobs::JobName;
use crate::publish::bigquery::jobs::Work;
use crate::publish::bigquery::jobs::own;
use crate::publish::bigquery::tables::LABEL;

/// Up to this size a file goes up with the job, in one request.
const ONE_PIECE: u64 = 4 << 20;

/// Above it, in pieces; Google wants multiples of 256 KiB.
const PIECE: u64 = 8 << 20;

/// What a load job has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loaded {
    /// As BigQuery counts them.
    pub(super) rows: u64,
    /// Size of the file.
    pub(super) bytes: u64,
}

impl Door {
    /// Appends a Parquet file to a table, once: what was loaded under this name, into a table that is still there, is
    /// not loaded again.
    ///
    /// # Errors
    /// When the file cannot be read, BigQuery refuses it, or does not say whether it is loaded; `Busy` where a job that
    /// loads it does not end.
    pub(super) fn load(
        &self,
        name: &JobName,
        table: &str,
        schema: &TableSchema,
        file: &Path,
    ) -> Result<Loaded, Failed> {
        let bytes = std::fs::metadata(file).at_path("read", file).map_err(Failed::Other)?.len();
        let doing = format!("load table `{}`", self.shown(table));
        let is_doubtful = Cell::new(false);
        let submit = |id: &str| {
            let job = self.load_job(id, table, schema).map_err(|error| Fault::from(What::Unread(error.to_string())))?;
            is_doubtful.set(false);
            Upload { door: self, id, job, file, bytes, is_doubtful: &is_doubtful }.send()
        };
        let stands = |job: &Job| Ok(self.table(table)?.is_some_and(|found| is_older(&found, job)));
        let is_doubtful = || is_doubtful.get();
        let work =
            Work { doing: &doing, submit: &submit, stands: &stands, is_doubtful: &is_doubtful, may_be_doubled: false };
        let (_, job) = self.settle(name, &work)?;
        let statistics = job.statistics.and_then(|statistics| statistics.load);
        let rows = statistics.and_then(|load| load.output_rows).and_then(|rows| rows.parse().ok()).unwrap_or_default();
        Ok(Loaded { rows, bytes })
    }

    /// The job as JSON: the client's shape of it lacks what Parquet needs.
    fn load_job(&self, id: &str, table: &str, schema: &TableSchema) -> serde_json::Result<String> {
        let load = JobConfigurationLoad {
            destination_table: Some(self.table_reference(table)),
            source_format: Some("PARQUET".to_string()),
            // The table is made before: a table made by a load has no required columns.
            create_disposition: Some("CREATE_NEVER".to_string()),
            write_disposition: Some("WRITE_APPEND".to_string()),
            schema: Some(schema.clone()),
            ..JobConfigurationLoad::default()
        };
        let labels = [(LABEL.0.to_string(), LABEL.1.to_string())].into();
        let configuration = JobConfiguration { load: Some(load), labels: Some(labels), ..JobConfiguration::default() };
        let job = Job { job_reference: Some(self.reference(id)), configuration: Some(configuration), ..Job::default() };
        let mut job = serde_json::to_value(job)?;
        job["configuration"]["load"]["parquetOptions"] = json!({ "enableListInference": true });
        serde_json::to_string(&job)
    }
}

/// A table that is younger than the job was made anew, and holds nothing of what the job loaded.
fn is_older(table: &Table, job: &Job) -> bool {
    let milliseconds = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
    let begun = job.statistics.as_ref().and_then(|statistics| statistics.creation_time.as_ref());
    match (milliseconds(table.creation_time.as_ref()), milliseconds(begun)) {
        (Some(made), Some(begun)) => made <= begun,
        _ => true,
    }
}

/// One file on its way up.
struct Upload<'a> {
    door: &'a Door,
    id: &'a str,
    job: String,
    file: &'a Path,
    bytes: u64,
    /// Whether something else than the file may have arrived: where a piece is sent twice on its way, the other side
    /// may take the file for whole too early.
    is_doubtful: &'a Cell<bool>,
}

/// Where the pieces of a file go.
struct Session {
    address: Url,
    /// How many bytes are there.
    arrived: u64,
    /// How many may be there.
    sent: u64,
    /// Whether `arrived` is what the other side said last.
    is_certain: bool,
}

/// What the other side says to a piece.
#[derive(Debug, PartialEq)]
enum Said {
    /// That was the last one; the job, as text.
    Whole(String),
    /// So many bytes are there.
    Arrived(u64),
    /// It knows no such upload.
    Gone,
}

impl Upload<'_> {
    fn send(&self) -> Result<Job, Fault> {
        if self.bytes <= ONE_PIECE { self.in_one_piece() } else { self.in_pieces() }
    }

    fn in_one_piece(&self) -> Result<Job, Fault> {
        let boundary = uuid::Uuid::new_v4().simple().to_string();
        let body = multipart(&boundary, &self.job, &self.read(0, self.bytes)?);
        let mut is_again = false;
        self.door.retry.insist(|| {
            // The failure before this attempt may have been that of the answer alone.
            if std::mem::replace(&mut is_again, true)
                && let Some(job) = self.door.look(self.id)?
            {
                return Ok(job);
            }
            let kind = format!("multipart/related; boundary={boundary}");
            let request = self.request(Method::POST, self.start("multipart")?).header(CONTENT_TYPE, kind);
            match self.exchange(request.body(body.clone())).and_then(|answer| answer.success()) {
                Ok(answer) => own(self.id, job_of(&answer)?),
                Err(fault) => self.door.begun_already(self.id, fault),
            }
        })
    }

    fn in_pieces(&self) -> Result<Job, Fault> {
        let mut trial = self.door.retry.trial();
        let mut session = None;
        let (mut furthest, mut is_again) = (0, false);
        loop {
            let was_open = session.is_some();
            match self.step(&mut session, &mut is_again) {
                Ok(Some(job)) => return Ok(job),
                // Only what has never been reached before is progress, or a broken session would go on for ever.
                Ok(None) => {
                    let arrived = session.as_ref().map_or(0, |session| session.arrived);
                    if arrived > furthest {
                        furthest = arrived;
                        trial.progress();
                    } else if was_open {
                        trial.pause(Fault::answer(503, "backendError", "the upload does not get on"))?;
                    }
                }
                Err(fault) => {
                    if let Some(session) = &mut session {
                        session.is_certain = false;
                    }
                    trial.pause(fault)?;
                }
            }
        }
    }

    /// One request further: a new session, the next piece, or the question how much is there.
    fn step(&self, session: &mut Option<Session>, is_again: &mut bool) -> Result<Option<Job>, Fault> {
        let Some(open) = session else {
            // A session that is gone may have come to its end.
            if std::mem::replace(is_again, true)
                && let Some(job) = self.door.look(self.id)?
            {
                self.is_doubtful.set(true);
                return Ok(Some(job));
            }
            *session = Some(self.begin()?);
            return Ok(None);
        };
        let (range, piece) = if open.is_certain {
            let piece = piece_after(open.arrived, self.bytes);
            let body = self.read(piece.0, piece.1 - piece.0)?;
            open.sent = open.sent.max(piece.1);
            (format!("bytes {}-{}/{}", piece.0, piece.1.saturating_sub(1), self.bytes), body)
        } else {
            (format!("bytes */{}", self.bytes), Vec::new())
        };
        let request = self.request(Method::PUT, open.address.clone()).header(CONTENT_RANGE, range).body(piece);
        match self.exchange(request).and_then(|answer| answer.said()) {
            Ok(Said::Whole(answer)) => {
                self.is_doubtful.set(open.sent < self.bytes);
                own(self.id, job_of(&answer)?).map(Some)
            }
            Ok(Said::Arrived(arrived)) if arrived <= open.sent && arrived < self.bytes => {
                open.arrived = arrived;
                open.is_certain = true;
                Ok(None)
            }
            Ok(Said::Arrived(arrived)) => {
                // All of it, and no job yet: asked again. More than was sent: what lies there is not this file.
                if arrived > open.sent {
                    *session = None;
                }
                Err(Fault::answer(503, "backendError", "the upload does not come to its end"))
            }
            Ok(Said::Gone) => {
                *session = None;
                Err(Fault::answer(503, "backendError", "the upload is not known any more"))
            }
            Err(fault) => {
                let job = self.door.begun_already(self.id, fault)?;
                self.is_doubtful.set(true);
                Ok(Some(job))
            }
        }
    }

    fn begin(&self) -> Result<Session, Fault> {
        let request = self
            .request(Method::POST, self.start("resumable")?)
            .header(CONTENT_TYPE, "application/json; charset=UTF-8")
            .header("X-Upload-Content-Type", "application/octet-stream")
            .header("X-Upload-Content-Length", self.bytes)
            .body(self.job.clone());
        let answer = self.exchange(request)?;
        let place = answer.header(LOCATION);
        let status = answer.status;
        answer.success()?;
        let place = place.ok_or(What::Garbled { status: Some(status) })?;
        let address = self.address(&place).ok_or_else(|| What::Unread("an upload to another host".to_string()))?;
        Ok(Session { address, arrived: 0, sent: 0, is_certain: true })
    }

    /// The address of a session, if the token may go there.
    fn address(&self, place: &str) -> Option<Url> {
        let base = Url::parse(&self.door.address).ok()?;
        let mut address = base.join(place).ok()?;
        if self.door.is_emulator {
            // An emulator names itself as it believes to be called, and not as it was reached.
            address.set_scheme(base.scheme()).ok()?;
            address.set_host(base.host_str()).ok()?;
            address.set_port(base.port()).ok()?;
            return Some(address);
        }
        let is_google = address.host_str().is_some_and(|host| host.ends_with(".googleapis.com"));
        (address.scheme() == "https" && is_google).then_some(address)
    }

    fn start(&self, kind: &str) -> Result<Url, Fault> {
        let (address, project) = (&self.door.address, &self.door.project);
        Url::parse(&format!("{address}/upload/bigquery/v2/projects/{project}/jobs?uploadType={kind}"))
            .map_err(|error| What::Unread(error.to_string()).into())
    }

    fn request(&self, method: Method, address: Url) -> RequestBuilder {
        self.door.http.request(method, address)
    }

    /// Sends a request with a token, and takes the whole answer.
    fn exchange(&self, request: RequestBuilder) -> Result<Answer, Fault> {
        self.door.wait(async {
            let token = self.door.tokens.token().await?;
            let answer = request.bearer_auth(token).send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Ok(Answer { status, headers, text: answer.text().await? })
        })
    }

    fn read(&self, from: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let told = |error: std::io::Error| What::File(format!("`{}`: {error}", self.file.display()));
        let mut file = File::open(self.file).map_err(told)?;
        file.seek(SeekFrom::Start(from)).map_err(told)?;
        let mut piece = Vec::new();
        file.take(length).read_to_end(&mut piece).map_err(told)?;
        if piece.len() as u64 != length {
            return Err(What::File(format!("`{}` has become shorter", self.file.display())).into());
        }
        Ok(piece)
    }
}

/// First byte, and the one after the last, of the piece that follows `arrived`.
fn piece_after(arrived: u64, bytes: u64) -> (u64, u64) {
    // Wherever the other side stopped, the next piece ends where pieces end.
    let end = (arrived / PIECE + 1) * PIECE;
    (arrived, end.min(bytes))
}

fn multipart(boundary: &str, job: &str, file: &[u8]) -> Vec<u8> {
    let before = format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{job}\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    [before.as_bytes(), file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat()
}

fn job_of(text: &str) -> Result<Job, Fault> {
    serde_json::from_str(text).map_err(|error| unreadable(&error, None))
}

/// An answer, as it came.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: reqwest::header::HeaderName) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_string)
    }

    /// The text of an answer that is no failure.
    fn success(self) -> Result<String, Fault> {
        if (200..300).contains(&self.status) {
            return Ok(self.text);
        }
        let told = match serde_json::from_str::<ResponseError>(&self.text) {
            Ok(error) => Fault::from(BQError::ResponseError { error }),
            Err(_) => What::Garbled { status: Some(self.status) }.into(),
        };
        // As a date it is rare, and then we wait as we would without.
        let asked = self.header(RETRY_AFTER).and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        Err(match asked {
            Some(pause) => told.later(pause),
            None => told,
        })
    }

    fn said(self) -> Result<Said, Fault> {
        if self.status == 308 {
            let range = self.header(RANGE);
            let arrived = range.as_deref().map_or(Some(0), arrived);
            return arrived.map(Said::Arrived).ok_or(What::Garbled { status: Some(308) }.into());
        }
        let status = self.status;
        match self.success() {
            Ok(text) => Ok(Said::Whole(text)),
            Err(fault) if matches!(fault.what, What::Answer { .. }) && matches!(status, 404 | 410) => Ok(Said::Gone),
            Err(fault) => Err(fault),
        }
    }
}

/// Of `bytes=0-99`, 100.
fn arrived(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=0-").or_else(|| range.strip_prefix("0-"))?.trim().parse::<u64>().ok()?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, headers: &[(reqwest::header::HeaderName, &str)], text: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Answer { status, headers, text: text.to_string() }
    }

    proptest! {
        #[test]
        fn pieces_cover_a_file_once_and_end_where_google_wants(
            bytes in ONE_PIECE + 1..(100 << 20),
            stops in proptest::collection::vec(any::<u64>(), 0..8),
        ) {
            let (mut arrived, mut stops) = (0, stops.into_iter());
            let mut pieces = 0;
            while arrived < bytes {
                let (from, end) = piece_after(arrived, bytes);
                prop_assert_eq!(from, arrived);
                prop_assert!(from < end && end - from <= PIECE && (end == bytes || end % (256 << 10) == 0));
                // Sometimes only a part of it arrives.
                arrived = stops.next().map_or(end, |stop| from + stop % (end - from + 1));
                pieces += 1;
            }
            prop_assert!(pieces <= bytes / PIECE + 1 + 8);
        }
    }

    #[test]
    fn an_answer_to_a_piece_is_understood() {
        let range = |text: &str| answer(308, &[(RANGE, text)], "").said();
        assert_eq!(range("bytes=0-99"), Ok(Said::Arrived(100)));
        assert_eq!(answer(308, &[], "").said(), Ok(Said::Arrived(0)));
        for odd in ["bytes=5-99", "x", "bytes=0-18446744073709551615"] {
            assert!(range(odd).unwrap_err().is_passing(), "{odd}");
        }
        assert_eq!(answer(200, &[], "{}").said(), Ok(Said::Whole("{}".to_string())));
        let gone = r#"{"error":{"code":404,"errors":[],"message":"Not found: Upload"}}"#;
        assert_eq!(answer(404, &[], gone).said(), Ok(Said::Gone));
        assert!(answer(404, &[], "<html>").said().unwrap_err().is_passing());
    }

    #[test]
    fn a_failure_is_told_with_the_pause_it_asks_for() {
        let busy = answer(503, &[(RETRY_AFTER, "7")], "<html>").success().unwrap_err();
        assert_eq!((busy.is_passing(), busy.retry_after), (true, Some(Duration::from_secs(7))));
        let text = r#"{"error":{"code":409,"errors":[{"reason":"duplicate"}],"message":"Already Exists"}}"#;
        assert!(answer(409, &[(RETRY_AFTER, "tomorrow")], text).success().unwrap_err().is_duplicate());
        assert!(job_of("<html>").unwrap_err().is_passing());
    }

    #[test]
    fn a_table_made_after_the_job_holds_nothing_of_it() {
        let at = |time: &str| Table { creation_time: Some(time.to_string()), ..Table::default() };
        let job: Job = serde_json::from_str(r#"{"statistics":{"creationTime":"100"}}"#).unwrap();
        assert!(is_older(&at("99"), &job) && is_older(&at("100"), &job) && !is_older(&at("101"), &job));
        assert!(is_older(&at("101"), &Job::default()));
    }

    #[test]
    fn the_body_of_one_piece_is_two_parts() {
        let body = String::from_utf8(multipart("B", "{}", b"PAR1")).unwrap();
        let json = "--B\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{}\r\n";
        let file = "--B\r\nContent-Type: application/octet-stream\r\n\r\nPAR1\r\n--B--\r\n";
        assert_eq!(body, format!("{json}{file}"));
    }
}
