//! Which BigQuery is published to, where one is.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::config::Environment;
use crate::config::settings::number;
use crate::error::{Error, Result};

/// The dataset, where none is named.
const DATASET: &str = "commercepulse";

/// How long a request is tried again while BigQuery is away or asks to wait.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How long a job may be under way until it counts as lost.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

/// A BigQuery that receives what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigQuerySettings {
    /// The Google Cloud project that holds the dataset and pays for the jobs.
    pub project: String,
    /// The dataset that receives the tables.
    pub dataset: String,
    /// Where a dataset that has to be made is made, such as `EU`; `None` leaves it to BigQuery.
    pub location: Option<String>,
    /// Host and port of an emulator, without scheme; `None` is Google's own service.
    pub emulator: Option<String>,
    /// The credentials that were named, as a file.
    pub credentials: Option<PathBuf>,
    /// Where `gcloud auth application-default login` leaves its credentials; asked where none are named.
    pub default_credentials: Option<PathBuf>,
    /// Host of the metadata server, which gives tokens inside Google Cloud; `None` is the usual one.
    pub metadata_host: Option<String>,
    /// How long a request is tried again.
    pub patience: Duration,
    /// How long a job is waited for.
    pub deadline: Duration,
}

impl BigQuerySettings {
    /// What the environment says; `None` where it names no project.
    ///
    /// # Errors
    /// When a name cannot be one, or an emulator is named and no project.
    pub(super) fn resolve(environment: &Environment, root: &Path) -> Result<Option<Self>> {
        let set = |name: &str| environment.get(name).map(str::trim).filter(|value| !value.is_empty());
        let emulator = set("BIGQUERY_EMULATOR_HOST");
        let Some(project) = set("BQ_PROJECT") else {
            return match emulator {
                None => Ok(None),
                Some(_) => Err(Error::call("`BIGQUERY_EMULATOR_HOST` is set and `BQ_PROJECT` is not")
                    .help("set `BQ_PROJECT` to the emulator's project, or unset `BIGQUERY_EMULATOR_HOST`")),
            };
        };
        let gcloud = set("CLOUDSDK_CONFIG")
            .map(PathBuf::from)
            .or_else(|| set("HOME").map(|home| Path::new(home).join(".config").join("gcloud")))
            .or_else(|| set("APPDATA").map(|roaming| Path::new(roaming).join("gcloud")));
        Ok(Some(Self {
            project: project_name(project)?,
            dataset: dataset_name(set("BQ_DATASET").unwrap_or(DATASET))?,
            location: set("BQ_LOCATION").map(location_name).transpose()?,
            emulator: emulator.map(emulator_address).transpose()?,
            credentials: set("GOOGLE_APPLICATION_CREDENTIALS").map(|path| root.join(path)),
            default_credentials: gcloud.map(|folder| folder.join("application_default_credentials.json")),
            metadata_host: set("GCE_METADATA_HOST").map(str::to_string),
            patience: number(environment, "CP_BQ_PATIENCE")?.map_or(PATIENCE, Duration::from_secs),
            deadline: number(environment, "CP_BQ_DEADLINE")?.map_or(DEADLINE, Duration::from_secs),
        }))
    }
}

/// Google's rule, less its least length (an emulator's project may be called `test`), with the domain of old projects.
fn project_name(name: &str) -> Result<String> {
    let (domain, own) = name.rsplit_once(':').map_or(("", name), |(domain, own)| (domain, own));
    let is_of = |text: &str, more: &[u8]| {
        text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(&c))
    };
    let begins = own.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if begins && own.len() <= 30 && !own.ends_with('-') && is_of(own, b"-") && is_of(domain, b"-.") {
        return Ok(name.to_string());
    }
    Err(Error::call(format!("`BQ_PROJECT` is `{name}`, which cannot be a project's id"))
        .help("write the id, not the display name: a lower-case letter, then lower-case letters, digits and `-`"))
}

fn dataset_name(name: &str) -> Result<String> {
    if name.len() <= 1024 && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return Ok(name.to_string());
    }
    let told = Error::call(format!("`BQ_DATASET` is `{name}`, which cannot be a dataset's name"));
    Err(match name.split_once(['.', ':']) {
        Some(_) => told.help("name the dataset alone; its project is `BQ_PROJECT`"),
        None => told.help("write letters, digits and `_`"),
    })
}

fn location_name(name: &str) -> Result<String> {
    if name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') {
        return Ok(name.to_string());
    }
    Err(Error::call(format!("`BQ_LOCATION` is `{name}`, which cannot be a location"))
        .help("write one such as `EU`, `US` or `africa-south1`"))
}

fn emulator_address(written: &str) -> Result<String> {
    // A scheme may be written in capitals.
    let address = match written.split_at_checked("http://".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http://") => rest,
        _ => written,
    };
    let address = address.strip_suffix('/').unwrap_or(address);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    if address.chars().all(is_plain) && port.is_some_and(|port| port.parse::<u16>().is_ok()) {
        return Ok(address.to_string());
    }
    // What is no address may hold a password, so it is not told.
    Err(Error::call("`BIGQUERY_EMULATOR_HOST` is no address of an emulator")
        .help("write `HOST:PORT` or `http://HOST:PORT`, such as `localhost:9050`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve<const N: usize>(values: [(&str, &str); N]) -> Result<Option<BigQuerySettings>> {
        BigQuerySettings::resolve(&Environment::of(values), Path::new("/project"))
    }

    #[test]
    fn a_project_chooses_bigquery_and_the_rest_has_defaults() {
        let all = [("BQ_DATASET", "d"), ("GOOGLE_APPLICATION_CREDENTIALS", "key.json"), ("BQ_LOCATION", "EU")];
        assert_eq!(resolve(all).unwrap(), None);
        assert_eq!(resolve([("BQ_PROJECT", "")]).unwrap(), None);
        let plain = resolve([("BQ_PROJECT", "shop-1"), ("HOME", "/home/u")]).unwrap().unwrap();
        assert_eq!((plain.project.as_str(), plain.dataset.as_str()), ("shop-1", "commercepulse"));
        assert_eq!((&plain.location, &plain.emulator, &plain.credentials), (&None, &None, &None));
        assert_eq!((plain.patience.as_secs(), plain.deadline.as_secs()), (300, 3600));
        let known = Path::new("/home/u/.config/gcloud/application_default_credentials.json");
        assert_eq!(plain.default_credentials.as_deref(), Some(known));
        let full = resolve([
            ("BQ_PROJECT", "example.com:shop"),
            ("BQ_DATASET", "Shop_2"),
            ("BQ_LOCATION", "africa-south1"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "keys/key.json"),
            ("CLOUDSDK_CONFIG", "/g"),
            ("CP_BQ_PATIENCE", "7"),
            ("CP_BQ_DEADLINE", "9"),
        ]);
        let full = full.unwrap().unwrap();
        assert_eq!(full.credentials.as_deref(), Some(Path::new("/project/keys/key.json")));
        assert_eq!(full.default_credentials.as_deref(), Some(Path::new("/g/application_default_credentials.json")));
        assert_eq!((full.patience.as_secs(), full.deadline.as_secs()), (7, 9));
    }

    #[test]
    fn an_emulator_is_named_with_or_without_its_scheme() {
        for written in ["localhost:9050", "http://localhost:9050", "HTTP://localhost:9050/", "localhost:9050/"] {
            let found = resolve([("BQ_PROJECT", "p"), ("BIGQUERY_EMULATOR_HOST", written)]).unwrap().unwrap();
            assert_eq!(found.emulator.as_deref(), Some("localhost:9050"), "{written}");
        }
        assert!(resolve([("BQ_PROJECT", "p"), ("BIGQUERY_EMULATOR_HOST", "[::1]:9050")]).is_ok());
        for written in ["localhost", "https://localhost:1", "http://u:geheim@h:1", "h:99999", ":1", "h:1/bigquery"] {
            let error = resolve([("BQ_PROJECT", "p"), ("BIGQUERY_EMULATOR_HOST", written)]).unwrap_err();
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
        let error = resolve([("BIGQUERY_EMULATOR_HOST", "localhost:9050")]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.help_text().unwrap().contains("set `BQ_PROJECT`"));
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for (name, value) in [
            ("BQ_PROJECT", "My Shop"),
            ("BQ_PROJECT", "shop`"),
            ("BQ_PROJECT", "1shop"),
            ("BQ_PROJECT", ":"),
            ("BQ_DATASET", "my-shop"),
            ("BQ_DATASET", "shop.facts"),
            ("BQ_LOCATION", "the EU"),
            ("CP_BQ_PATIENCE", "long"),
        ] {
            let values =
                if name == "BQ_PROJECT" { [(name, value); 2] } else { [("BQ_PROJECT", "shop"), (name, value)] };
            let error = resolve(values).unwrap_err();
            assert!(error.message().contains(&format!("`{name}` is `{value}`")), "{error}");
        }
    }
}
