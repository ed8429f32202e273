//! Who asks: the token for every request, from a key file, a signed-in user, or the machine's own account.

use std::{
    collections::BTreeSet,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::yup_oauth2;
use serde_json::Value;
use yup_oauth2::ServiceAccountKey;
use yup_oauth2::authenticator::{ApplicationDefaultCredentialsTypes, DefaultAuthenticator};
use yup_oauth2::authorized_user::AuthorizedUserSecret;

use crate::config::BigQuerySettings;
use crate::error::{Error, Result};

/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// How long one request for a token may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// The metadata server is next door or does not exist.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

const METADATA_HOST: &str = "metadata.google.internal";
const METADATA_PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";

/// What no message may hold: keys, and every token that was given.
#[derive(Default)]
pub(super) struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    pub(super) fn keep(&self, secret: &str) {
        // What is so short is no secret, and stands in every text.
        if secret.len() >= 6 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_string());
        }
    }

    /// The text with `***` for each secret, and for what looks like a token.
    pub(super) fn redact(&self, text: &str) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = kept.iter().fold(text.to_string(), |text, secret| text.replace(secret.as_str(), "***"));
        for beginning in ["ya29.", "eyJ", "-----BEGIN"] {
            while let Some(at) = text.find(beginning) {
                let rest = &text[at + beginning.len()..];
                let length = match beginning {
                    // A key in PEM has spaces and lines in it.
                    "-----BEGIN" => rest.rfind("-----").map_or(rest.len(), |last| last + 5),
                    _ => rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(rest.len()),
                };
                text.replace_range(at..at + beginning.len() + length, "***");
            }
        }
        text
    }
}

/// Gives a token to BigQuery's client and to the upload.
#[derive(Clone)]
pub(super) struct Tokens {
    source: Source,
    secrets: Arc<Secrets>,
}

#[derive(Clone)]
enum Source {
    /// An emulator takes any.
    Any,
    Google(DefaultAuthenticator),
}

impl Tokens {
    /// Finds the credentials that the settings name, else application-default credentials.
    ///
    /// # Errors
    /// When a file cannot be read or is none of Google's, or there are no credentials at all. The message names the
    /// file and never what is in it.
    pub(super) async fn find(settings: &BigQuerySettings, secrets: Arc<Secrets>) -> Result<Self> {
        if settings.emulator.is_some() {
            return Ok(Self { source: Source::Any, secrets });
        }
        let known = settings.default_credentials.as_deref();
        let file = match (settings.credentials.as_deref(), known) {
            (Some(named), _) => Some(named),
            // Whether it is there; that it cannot be read is told like that of a named one.
            (None, Some(known)) if known.exists() => Some(known),
            _ => None,
        };
        let Some(file) = file else {
            let tokens = Self { source: Source::Google(machine(settings).await?), secrets };
            // Whether there is such a server at all is found out now, and not tried for minutes.
            return match tokio::time::timeout(METADATA_TIMEOUT, tokens.token()).await {
                Ok(Ok(_)) => Ok(tokens),
                _ => Err(nothing_found(known)),
            };
        };
        let credentials = Credentials::read(file)?;
        credentials.secrets().into_iter().for_each(|secret| secrets.keep(secret));
        let source = credentials.authenticator().await.map_err(|_| {
            Error::call(format!("the credentials in `{}` cannot be used", file.display()))
                .help("its private key is broken; fetch the file anew")
        })?;
        Ok(Self { source: Source::Google(source), secrets })
    }

    /// A token that is good for at least one request.
    pub(super) async fn token(&self) -> Result<String, BQError> {
        let authenticator = match &self.source {
            Source::Any => return Ok("emulator".to_string()),
            Source::Google(authenticator) => authenticator,
        };
        let given = tokio::time::timeout(TOKEN_TIMEOUT, authenticator.token(&[SCOPE])).await;
        let given = given.map_err(|_| {
            let late = io::Error::new(io::ErrorKind::TimedOut, "Google gave no token in time");
            BQError::YupAuthError(yup_oauth2::Error::LowLevelError(late))
        })??;
        let token = given.token().ok_or(BQError::NoToken)?;
        self.secrets.keep(token);
        Ok(token.to_string())
    }
}

#[async_trait]
impl Authenticator for Tokens {
    async fn access_token(&self) -> Result<String, BQError> {
        self.token().await
    }
}

/// What a file of credentials holds. It has no `Debug`, and must get none.
enum Credentials {
    ServiceAccount(ServiceAccountKey),
    User(AuthorizedUserSecret),
}

impl Credentials {
    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            // The error of text that is no UTF-8 holds none of it.
            let told = Error::call(format!("cannot read the credentials in `{shown}`")).because(error);
            told.help("`GOOGLE_APPLICATION_CREDENTIALS` is to name a key file of a service account")
        })?;
        // What serde says of broken JSON may hold a piece of it.
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            Error::call(format!("the credentials in `{shown}` are not JSON (line {})", error.line()))
                .help("fetch the file anew")
        })?;
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_string();
        let incomplete = |names: &[&str]| {
            let missing = names.iter().find(|name| !value.get(**name).is_some_and(Value::is_string));
            let told = missing.map_or("a field of another type".to_string(), |name| format!("no `{name}`"));
            Error::call(format!("the credentials in `{shown}` have {told}")).help("fetch the file anew")
        };
        match kind.as_str() {
            "service_account" => serde_json::from_value(value.clone())
                .map_err(|_| incomplete(&["client_email", "private_key", "token_uri"]))
                .and_then(|key: ServiceAccountKey| match is_address(&key.token_uri) {
                    true => Ok(Self::ServiceAccount(key)),
                    false => {
                        Err(Error::call(format!("the credentials in `{shown}` have a `token_uri` that is no address"))
                            .help("fetch the file anew"))
                    }
                }),
            "authorized_user" => serde_json::from_value(value.clone())
                .map(Self::User)
                .map_err(|_| incomplete(&["client_id", "client_secret", "refresh_token"])),
            _ => {
                // A type is told only where it is one of Google's: anything might stand there.
                let known = ["external_account", "external_account_authorized_user", "impersonated_service_account"];
                let known = known.iter().find(|known| **known == kind);
                let told = known.map_or("of an unknown type".to_string(), |known| format!("of type `{known}`"));
                Err(Error::call(format!("the credentials in `{shown}` are {told}, which cannot be used")).help(
                    "use a service account's key, or `gcloud auth application-default login` without impersonation",
                ))
            }
        }
    }

    fn secrets(&self) -> Vec<&str> {
        match self {
            // A key is told line by line, if at all.
            Self::ServiceAccount(key) => key.private_key.lines().collect(),
            Self::User(user) => vec![&user.client_secret, &user.refresh_token],
        }
    }

    async fn authenticator(self) -> io::Result<DefaultAuthenticator> {
        match self {
            Self::ServiceAccount(key) => {
                yup_oauth2::ServiceAccountAuthenticator::builder(key).with_timeout(TOKEN_TIMEOUT).build().await
            }
            Self::User(user) => {
                yup_oauth2::AuthorizedUserAuthenticator::builder(user).with_timeout(TOKEN_TIMEOUT).build().await
            }
        }
    }
}

/// The account of the machine itself, where it stands in Google Cloud.
async fn machine(settings: &BigQuerySettings) -> Result<DefaultAuthenticator> {
    let host = settings.metadata_host.as_deref().unwrap_or(METADATA_HOST);
    let options = yup_oauth2::ApplicationDefaultCredentialsFlowOpts {
        metadata_url: Some(format!("http://{host}/{METADATA_PATH}")),
    };
    let known = settings.default_credentials.as_deref();
    match yup_oauth2::ApplicationDefaultCredentialsAuthenticator::builder(options).await {
        ApplicationDefaultCredentialsTypes::InstanceMetadata(builder) => {
            builder.with_timeout(METADATA_TIMEOUT).build().await.map_err(|_| nothing_found(known))
        }
        // The library looks into the environment itself, and takes an empty name for a file.
        ApplicationDefaultCredentialsTypes::ServiceAccount(_) => {
            Err(nothing_found(known).help("unset `GOOGLE_APPLICATION_CREDENTIALS`, which is empty, or name a key file"))
        }
    }
}

fn nothing_found(known: Option<&Path>) -> Error {
    let known = known.map(|known| format!(", there is no `{}`", known.display())).unwrap_or_default();
    Error::call("there are no credentials for BigQuery")
        .because(format!(
            "`GOOGLE_APPLICATION_CREDENTIALS` is not set{known}, and no metadata server gives a token here"
        ))
        .help("name a service account's key file, or run `gcloud auth application-default login`")
}

/// Whether a token can be asked for there; the library that does so ends the process where it cannot.
fn is_address(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && reqwest::Url::parse(text).is_ok_and(|address| address.has_host())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What `find` says of a file with this text.
    fn refused(text: Option<&str>) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let error = find(Some(path), None).err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(error.message().contains("key.json"), "{error}");
        let told = format!("{error} {error:?} {:?}", error.help_text());
        assert!(!told.contains("geheim"), "{told}");
        error
    }

    fn find(credentials: Option<PathBuf>, default_credentials: Option<PathBuf>) -> Result<Tokens> {
        let settings = BigQuerySettings {
            project: "p".to_string(),
            dataset: "d".to_string(),
            location: None,
            emulator: None,
            credentials,
            default_credentials,
            metadata_host: Some("127.0.0.1:1".to_string()),
            patience: Duration::from_secs(1),
            deadline: Duration::from_secs(1),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Tokens::find(&settings, Arc::default()).await })
    }

    #[test]
    fn a_broken_file_is_told_by_its_path_and_never_by_what_is_in_it() {
        assert!(refused(None).message().starts_with("cannot read the credentials in"));
        assert!(refused(Some("geheim")).message().contains("are not JSON (line 1)"));
        assert!(refused(Some(r#"{"type":"geheim"}"#)).message().contains("of an unknown type"));
        assert!(refused(Some(r#"{"type":"external_account"}"#)).message().contains("of type `external_account`"));
        let half = r#"{"type":"service_account","private_key":"geheim","client_email":"a@b"}"#;
        assert!(refused(Some(half)).message().ends_with("have no `token_uri`"));
        let lost = r#"{"type":"service_account","private_key":"geheim","client_email":"a@b","token_uri":"geheim b"}"#;
        assert!(refused(Some(lost)).message().ends_with("have a `token_uri` that is no address"));
        let odd = r#"{"type":"authorized_user","client_id":"geheim","client_secret":["geheim"],"refresh_token":"x"}"#;
        assert!(refused(Some(odd)).message().ends_with("have no `client_secret`"));
        let key = r#"{"type":"service_account","private_key":"geheim","client_email":"a@b","token_uri":"http://x"}"#;
        assert!(refused(Some(key)).message().ends_with("cannot be used"));
    }

    #[test]
    fn without_credentials_all_places_are_named_at_once() {
        let began = std::time::Instant::now();
        let error = find(None, Some(PathBuf::from("/nowhere/adc.json"))).err().unwrap();
        assert!(error.to_string().contains("there is no `/nowhere/adc.json`"), "{error}");
        assert!(began.elapsed() < METADATA_TIMEOUT + Duration::from_secs(1));
    }

    #[test]
    fn a_signed_in_user_is_found_where_gcloud_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("application_default_credentials.json");
        let user = r#"{"type":"authorized_user","client_id":"i","client_secret":"geheim1","refresh_token":"geheim2"}"#;
        fs::write(&path, user).unwrap();
        let tokens = find(None, Some(path)).unwrap();
        assert_eq!(tokens.secrets.redact("a geheim1 b geheim2"), "a *** b ***");
    }

    #[test]
    fn what_looks_like_a_token_is_not_told() {
        let secrets = Secrets::default();
        assert_eq!(secrets.redact("got ya29.a0-x_Y/ and eyJh.eyJz.s1g, so"), "got ***/ and ***, so");
        assert_eq!(secrets.redact("k -----BEGIN X-----\nabc\n-----END X----- z"), "k *** z");
        assert_eq!(secrets.redact("nothing here"), "nothing here");
    }
}
