//! What can go wrong with BigQuery, said so that a person can act on it and no secret is told.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::error_proto::ErrorProto;
use gcp_bigquery_client::yup_oauth2;

use crate::error::Error;
use crate::publish::bigquery::credentials::Secrets;

/// Reasons that pass, whatever status they come with.
const PASSING: [&str; 7] = [
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
];

/// How much of a foreign text is told.
const TELLING: usize = 2000;

/// Whether a job or a request that failed for this reason may succeed in a moment.
pub(super) fn is_passing_reason(reason: &str) -> bool {
    PASSING.contains(&reason)
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// BigQuery says so.
    Answer { status: u16, reason: String, message: String },
    /// No answer, or half of one; `is_unsent` where certainly nothing arrived there.
    Network { text: String, is_unsent: bool },
    /// An answer that is none of BigQuery's.
    Garbled { status: Option<u16> },
    /// BigQuery's answer has another shape than we know.
    Unread(String),
    /// There is no token to sign in with.
    Token { text: String, passes: bool },
    /// The file that is to be uploaded.
    File(String),
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: What,
    /// How long the other side asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// For how long, and how often, it was tried; only where it may pass.
    pub(super) tried: Option<(Duration, u32)>,
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self { what, retry_after: None, tried: None }
    }
}

impl Fault {
    pub(super) fn answer(status: u16, reason: &str, message: &str) -> Self {
        What::Answer { status, reason: reason.to_string(), message: message.to_string() }.into()
    }

    /// The same, with the pause that the other side asks for.
    pub(super) fn later(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// The same, with what was spent on it.
    pub(super) fn after(mut self, spent: Duration, times: u32) -> Self {
        self.tried = Some((spent, times));
        self
    }

    /// Whether the same request may succeed in a moment.
    pub(super) fn is_passing(&self) -> bool {
        match &self.what {
            What::Answer { status, reason, .. } => {
                matches!(status, 408 | 429 | 500 | 502 | 503 | 504) || is_passing_reason(reason)
            }
            What::Network { .. } | What::Garbled { .. } => true,
            What::Token { passes, .. } => *passes,
            What::Unread(_) | What::File(_) => false,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self.what, What::Answer { status: 404, .. })
    }

    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self.what, What::Answer { status: 409, .. })
    }
}

impl From<BQError> for Fault {
    fn from(error: BQError) -> Self {
        match error {
            BQError::ResponseError { error } => {
                let reason = error.error.errors.first().and_then(|first| first.get("reason").cloned());
                What::Answer {
                    status: u16::try_from(error.error.code).unwrap_or_default(),
                    reason: reason.unwrap_or_default(),
                    message: error.error.message,
                }
                .into()
            }
            BQError::RequestError(error) => error.into(),
            BQError::YupAuthError(error) => token(&error),
            BQError::NoToken => What::Token { text: "the answer holds no token".to_string(), passes: true }.into(),
            BQError::SerializationError(error) => What::Unread(format!("{:?} error", error.classify())).into(),
            other => What::Unread(other.to_string()).into(),
        }
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        // An address may hold the key of an upload.
        let error = error.without_url();
        if error.is_builder() {
            return What::Unread(chain(&error)).into();
        }
        if error.is_decode() {
            let status = error.status().map(|status| status.as_u16());
            return match json_fault(&error) {
                Some(inner) => unreadable(inner, status),
                None => What::Network { text: chain(&error), is_unsent: false }.into(),
            };
        }
        What::Network { is_unsent: error.is_connect(), text: chain(&error) }.into()
    }
}

/// The client reads a failure as JSON of one shape and loses its status. JSON of another shape where a failure was
/// expected is no answer of BigQuery's; where success was expected it is one that we cannot read.
pub(super) fn unreadable(error: &serde_json::Error, status: Option<u16>) -> Fault {
    let text = error.to_string();
    let was_failure = ["`error`", "`errors`", "`code`", "`message`"].iter().any(|field| text.contains(field));
    let is_other = text.starts_with("missing field") && !was_failure || text.starts_with("unknown variant");
    if error.is_data() && is_other {
        return What::Unread(text).into();
    }
    What::Garbled { status }.into()
}

fn json_fault(error: &reqwest::Error) -> Option<&serde_json::Error> {
    error.source().and_then(|source| source.downcast_ref::<serde_json::Error>())
}

/// An error and its causes, as the last of them usually says what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        next = cause.source();
    }
    text
}

/// A token that was not given. What the other side sent is not told, except for the words it has for an error.
fn token(error: &yup_oauth2::Error) -> Fault {
    use yup_oauth2::Error as Yup;
    let (text, passes) = match error {
        Yup::AuthError(error) => {
            let passes =
                matches!(error.error.as_str(), "internal_failure" | "temporarily_unavailable" | "server_error");
            let told = error.error_description.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            (format!("{}{told}", error.error.as_str()), passes)
        }
        Yup::HttpError(_) | Yup::HttpClientError(_) => (chain(error), true),
        Yup::LowLevelError(error) => (
            error.to_string(),
            !matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData),
        ),
        Yup::JSONError(_) | Yup::MissingAccessToken => ("the answer holds no token".to_string(), true),
        _ => ("the credentials cannot be used".to_string(), false),
    };
    What::Token { text, passes }.into()
}

/// A job or query that did not go well.
#[derive(Debug)]
pub(super) enum Failed {
    /// BigQuery ran it, or looked at it, and refused; of a transaction nothing happened.
    Said {
        /// Its id; the message is to be found under it in BigQuery.
        job: String,
        /// BigQuery's own message.
        message: String,
        /// The same for a person.
        error: Error,
    },
    /// It is not known whether it happened: time ended, and BigQuery says neither.
    Unknown(Error),
    /// A job for it is under way and does not end, and another one beside it could do it twice.
    Busy(Error),
    /// It ran, and what it did is not there.
    Gone(Error),
    /// It did not happen.
    Other(Error),
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Said { error, .. }
            | Failed::Unknown(error)
            | Failed::Busy(error)
            | Failed::Gone(error)
            | Failed::Other(error) => error,
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said { error, .. }
            | Self::Unknown(error)
            | Self::Busy(error)
            | Self::Gone(error)
            | Self::Other(error) => error.fmt(f),
        }
    }
}

/// Knows what we are connected to, and what must not be told.
pub(super) struct Faults {
    pub(super) host: String,
    pub(super) project: String,
    pub(super) dataset: String,
    pub(super) secrets: Arc<Secrets>,
}

impl Faults {
    /// The error for a person. `doing` is a verb phrase, as in "create table `facts`".
    pub(super) fn explain(&self, doing: &str, fault: &Fault) -> Error {
        let tried = fault.tried.map(|(spent, times)| tried(spent, times)).unwrap_or_default();
        let told = match &fault.what {
            What::Answer { status: 401, message, .. } => {
                Error::call(format!("BigQuery refused the sign-in to {doing}"))
                    .because(self.told(message))
                    .help("check `GOOGLE_APPLICATION_CREDENTIALS`, or sign in again")
            }
            What::Answer { status: 403, reason, message } if !is_passing_reason(reason) => {
                self.forbidden(doing, reason, message)
            }
            What::Answer { reason, message, status } => {
                let reason = if reason.is_empty() { format!("status {status}") } else { reason.clone() };
                Error::call(format!("BigQuery could not {doing}{tried}"))
                    .because(self.told(&format!("{message} ({reason})")))
            }
            What::Network { text, is_unsent: true } => {
                Error::call(format!("cannot reach BigQuery at `{}` to {doing}{tried}", self.host))
                    .because(self.told(text))
                    .help("is the network up, the address right, and may this machine reach it (firewall, proxy, TLS)?")
            }
            What::Network { text, .. } => {
                Error::call(format!("BigQuery gave no answer when asked to {doing}{tried}")).because(self.told(text))
            }
            What::Garbled { status } => {
                let status = status.map(|status| format!(" (status {status})")).unwrap_or_default();
                Error::call(format!("BigQuery could not {doing}{tried}"))
                    .because(format!("the answer of `{}` is not JSON of BigQuery{status}", self.host))
                    .help("is there a proxy in between that answers by itself?")
            }
            What::Unread(text) => {
                Error::call(format!("cannot read what BigQuery answers when asked to {doing}")).because(self.told(text))
            }
            What::Token { text, .. } => Error::call(format!("cannot sign in at Google to {doing}{tried}"))
                .because(self.told(text))
                .help("check `GOOGLE_APPLICATION_CREDENTIALS`, or run `gcloud auth application-default login`"),
            What::File(text) => Error::call(format!("cannot {doing}")).because(self.told(text)),
        };
        if fault.is_passing() { told.passing() } else { told }
    }

    fn forbidden(&self, doing: &str, reason: &str, message: &str) -> Error {
        let told =
            Error::call(format!("BigQuery refused to {doing}")).because(self.told(&format!("{message} ({reason})")));
        match reason {
            "accessDenied" => told.help(format!(
                "grant the account `BigQuery Job User` on project `{}` and `BigQuery Data Editor` on dataset `{}`",
                self.project, self.dataset
            )),
            "quotaExceeded" => {
                told.help("a quota of the project is used up; see its quotas in the Google Cloud console")
            }
            "billingNotEnabled" => told.help("enable billing for the project"),
            _ => told,
        }
    }

    /// What BigQuery said of a job that failed.
    pub(super) fn said(&self, doing: &str, job: &str, error: &ErrorProto) -> Failed {
        let reason = error.reason.clone().unwrap_or_default();
        let message = self.told(error.message.as_deref().unwrap_or("it says no more"));
        let told = Error::call(format!("BigQuery could not {doing} (job `{job}`)")).because(if reason.is_empty() {
            message.clone()
        } else {
            format!("{message} ({reason})")
        });
        let told = if is_passing_reason(&reason) { told.passing() } else { told };
        Failed::Said { job: job.to_string(), message, error: told }
    }

    /// A foreign text without secrets, on one line, of bounded length.
    fn told(&self, text: &str) -> String {
        let text = self.secrets.redact(text);
        let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(TELLING) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

fn tried(spent: Duration, times: u32) -> String {
    let times = if times == 1 { "once".to_string() } else { format!("{times} times") };
    format!(" (tried {times} in {} s)", spent.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        let secrets = Arc::new(Secrets::default());
        secrets.keep("geheim-geheim");
        let (host, project, dataset) = ("h:1".to_string(), "p".to_string(), "d".to_string());
        Faults { host, project, dataset, secrets }
    }

    #[test]
    fn what_passes_is_known_by_status_or_reason() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(Fault::answer(status, "", "").is_passing(), "{status}");
        }
        for reason in ["rateLimitExceeded", "backendError", "internalError"] {
            assert!(Fault::answer(403, reason, "").is_passing(), "{reason}");
        }
        for (status, reason) in [
            (403, "accessDenied"),
            (403, "quotaExceeded"),
            (400, "invalidQuery"),
            (404, "notFound"),
            (409, "duplicate"),
            (401, ""),
        ] {
            assert!(!Fault::answer(status, reason, "").is_passing(), "{status} {reason}");
        }
        let network = |is_unsent| Fault::from(What::Network { text: String::new(), is_unsent });
        assert!(network(true).is_passing() && network(false).is_passing());
        assert!(Fault::from(What::Garbled { status: None }).is_passing());
        assert!(!Fault::from(What::File("gone".to_string())).is_passing());
    }

    #[test]
    fn an_answer_that_is_not_bigquerys_passes_and_one_of_another_shape_does_not() {
        use gcp_bigquery_client::error::ResponseError;
        use gcp_bigquery_client::model::table::Table;
        for text in ["<html>", "", "{\"error\":", "{}", "[]", "\"x\"", r#"{"error":{"code":503,"message":"m"}}"#] {
            let error = serde_json::from_str::<ResponseError>(text).unwrap_err();
            assert!(unreadable(&error, None).is_passing(), "{text}: {error}");
        }
        let error = serde_json::from_str::<Table>(r#"{"tableReference":{}}"#).unwrap_err();
        assert!(!unreadable(&error, None).is_passing(), "{error}");
    }

    #[test]
    fn a_message_tells_what_was_asked_how_long_and_no_secret() {
        let fault = Fault::answer(503, "backendError", "busy geheim-geheim\n now").after(Duration::from_secs(300), 17);
        let error = faults().explain("create table `t`", &fault);
        let told = "BigQuery could not create table `t` (tried 17 times in 300 s): busy *** now (backendError)";
        assert_eq!((error.to_string().as_str(), error.exit_code(), error.is_passing()), (told, 2, true));
        let error = faults().explain("create table `t`", &Fault::answer(403, "accessDenied", "no"));
        assert!(!error.is_passing() && error.help_text().unwrap().contains("`BigQuery Data Editor` on dataset `d`"));
        let long = faults().explain("x", &Fault::answer(400, "invalid", &"ä".repeat(5000)));
        assert!(long.to_string().chars().count() < 2100);
    }

    #[test]
    fn a_failed_job_is_told_with_its_id() {
        let proto = |reason: &str| ErrorProto {
            reason: Some(reason.to_string()),
            message: Some("another publication came first".to_string()),
            ..ErrorProto::default()
        };
        let Failed::Said { job, message, error } = faults().said("publish", "cp_1", &proto("invalidQuery")) else {
            panic!()
        };
        assert_eq!(job, "cp_1");
        assert_eq!(message, "another publication came first");
        assert_eq!(
            error.to_string(),
            "BigQuery could not publish (job `cp_1`): another publication came first (invalidQuery)"
        );
        assert!(Error::from(faults().said("publish", "cp_1", &proto("backendError"))).is_passing());
    }

    #[test]
    fn a_refused_sign_in_tells_googles_words_alone() {
        let auth = |code: &str| {
            let error =
                serde_json::from_str(&format!(r#"{{"error":"{code}","error_description":"Token has been revoked"}}"#));
            token(&yup_oauth2::Error::AuthError(error.unwrap()))
        };
        assert!(!auth("invalid_grant").is_passing() && auth("internal_failure").is_passing());
        let told = faults().explain("list tables", &auth("invalid_grant")).to_string();
        assert_eq!(told, "cannot sign in at Google to list tables: invalid_grant: Token has been revoked");
        let json = serde_json::from_str::<u8>("\"ya29.abc\"").unwrap_err();
        let told = faults().explain("list tables", &token(&yup_oauth2::Error::JSONError(json))).to_string();
        assert!(!told.contains("ya29"), "{told}");
    }
}
