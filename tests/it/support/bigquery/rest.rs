//! What BigQuery holds, read back over its REST API as anybody would read it: by plain HTTP, by no code of `cp`.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::{Agent, http::Request};

use super::{BigQuery, PROJECT};

/// How many rows one answer may bring; more come in pages.
const PAGE: u64 = 20_000;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the server may hold an answer back while a query runs, in milliseconds.
const WAIT: u64 = 10_000;

/// A row's values as BigQuery tells them: all are text, `None` is NULL. A TIMESTAMP is a number of microseconds, a NUMERIC
/// has no zeros at its end, an array or a struct is JSON.
pub type Row = Vec<Option<String>>;

/// Makes a connection a request, so that the server may be killed between two; follows nobody's proxy settings.
pub(super) fn client() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false).proxy(None).max_idle_connections(0);
    config.timeout_global(Some(PATIENCE)).build().new_agent()
}

impl BigQuery {
    /// The rows of a query, in its order. Tables of the dataset need not be qualified, unless it is `""`.
    #[track_caller]
    pub fn rows(&self, dataset: &str, sql: &str) -> Vec<Row> {
        self.try_rows(dataset, sql).unwrap_or_else(|message| panic!("{message}\nin {sql}"))
    }

    /// As [`BigQuery::rows`]; BigQuery's own message where it refuses.
    pub fn try_rows(&self, dataset: &str, sql: &str) -> Result<Vec<Row>, String> {
        let format = json!({"useInt64Timestamp": true});
        let default = json!({"projectId": PROJECT, "datasetId": dataset});
        let mut query = json!({"query": sql, "useLegacySql": false, "maxResults": PAGE, "timeoutMs": WAIT});
        query["formatOptions"] = format;
        if !dataset.is_empty() {
            query["defaultDataset"] = default;
        }
        let mut page = judged(self.call("POST", "/queries", Some(query)))?;
        let mut rows = Vec::new();
        loop {
            rows.extend(page["rows"].as_array().into_iter().flatten().map(row));
            let is_complete = page["jobComplete"] == true;
            let next = page["pageToken"].as_str().map(|token| format!("&pageToken={token}"));
            if is_complete && next.is_none() {
                return Ok(rows);
            }
            let job = page["jobReference"]["jobId"].as_str().expect("a job's id");
            let more = next.unwrap_or_default();
            let results =
                format!("/queries/{job}?formatOptions.useInt64Timestamp=true&maxResults={PAGE}&timeoutMs={WAIT}{more}");
            page = judged(self.call("GET", &results, None))?;
        }
    }

    /// These columns of all rows of a table, read from the table itself: no query runs.
    #[track_caller]
    pub fn data(&self, dataset: &str, name: &str, columns: &[String]) -> Vec<Row> {
        let schema = self.table(dataset, name);
        let fields = schema["schema"]["fields"].as_array().unwrap();
        let place = |column: &String| fields.iter().position(|field| field["name"] == **column);
        let places: Vec<_> =
            columns.iter().map(|it| place(it).unwrap_or_else(|| panic!("no `{it}`: {schema}"))).collect();
        let rows =
            self.list(&format!("/datasets/{dataset}/tables/{name}/data?formatOptions.useInt64Timestamp=true"), "rows");
        let cells = |row: Row| places.iter().map(|place| row[*place].clone()).collect();
        rows.iter().map(row).map(cells).collect()
    }

    /// Runs a statement or a script; all tables in it are qualified by their dataset.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        self.rows("", sql);
    }

    /// A table, as `tables.get` tells of it.
    #[track_caller]
    pub fn table(&self, dataset: &str, name: &str) -> Value {
        judged(self.call("GET", &format!("/datasets/{dataset}/tables/{name}"), None)).unwrap()
    }

    /// The names of all tables of a dataset, in their order; none where there is no dataset.
    #[track_caller]
    pub fn tables(&self, dataset: &str) -> Vec<String> {
        let path = format!("/datasets/{dataset}/tables");
        let (404, _) = self.call("GET", &path, None) else {
            let tables = self.list(&path, "tables");
            let name = |table: &Value| table["tableReference"]["tableId"].as_str().unwrap().to_string();
            let mut names: Vec<String> = tables.iter().map(name).collect();
            names.sort();
            return names;
        };
        Vec::new()
    }

    /// Every job of every dataset, the latest first, as `jobs.list` tells of it with its configuration. Statements of a
    /// script are not told of.
    #[track_caller]
    pub fn jobs(&self) -> Vec<Value> {
        self.list("/jobs?projection=full&allUsers=true", "jobs")
    }

    /// The jobs that loaded a file into a table of the dataset, or tried to, the latest first.
    #[track_caller]
    pub fn load_jobs(&self, dataset: &str) -> Vec<Value> {
        let mut jobs = self.jobs();
        jobs.retain(|job| job["configuration"]["load"]["destinationTable"]["datasetId"] == dataset);
        jobs
    }

    /// Any call: a method, what follows `/bigquery/v2/projects/PROJECT` and a body; the status, and the answer's JSON
    /// (`null` where there is none).
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Request::builder().method(method);
        let request = request.uri(format!("http://{}/bigquery/v2/projects/{PROJECT}{path}", self.host()));
        let answer = match body {
            None => self.client.run(request.body(()).unwrap()),
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.client.run(request.body(body.to_string()).unwrap())
            }
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.tail()));
        let text = answer.body_mut().with_config().limit(u64::MAX).read_to_string().unwrap();
        let value = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&text).unwrap_or_else(|error| panic!("{method} {path}: {error}\n{text}")),
        };
        (answer.status().as_u16(), value)
    }

    /// Removes a dataset with all it holds, if it is there and the server runs.
    pub(super) fn remove(&self, dataset: &str) {
        let host = self.host();
        let dataset = format!("http://{host}/bigquery/v2/projects/{PROJECT}/datasets/{dataset}?deleteContents=true");
        // A server that the test has killed took it along.
        let _ = self.client.delete(dataset).call();
    }

    /// Whether it answers.
    pub(super) fn is_ready(&self) -> bool {
        let datasets = format!("http://{}/bigquery/v2/projects/{PROJECT}/datasets", self.host());
        self.client.get(datasets).call().is_ok_and(|answer| answer.status() == 200)
    }

    /// All pages of a list.
    #[track_caller]
    fn list(&self, path: &str, name: &str) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let mut page = judged(self.call("GET", &format!("{path}{sign}maxResults={PAGE}{next}"), None)).unwrap();
            if let Value::Array(part) = page[name].take() {
                found.extend(part);
            }
            match page["pageToken"].as_str().or(page["nextPageToken"].as_str()) {
                Some(token) => next = format!("&pageToken={token}"),
                None => return found,
            }
        }
    }
}

/// The answer, or the message of a refusal.
fn judged((status, answer): (u16, Value)) -> Result<Value, String> {
    match status {
        200..300 => Ok(answer),
        _ => Err(answer["error"]["message"].as_str().map_or_else(|| format!("{status}: {answer}"), str::to_string)),
    }
}

fn row(row: &Value) -> Row {
    let text = |cell: &Value| match &cell["v"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    row["f"].as_array().expect("a row's fields").iter().map(text).collect()
}
