//! What can go wrong with a server, said so that a person can act on it and no secret is told.

use std::time::Duration;

use mongodb::error::ErrorKind;
use mongodb::error::RETRYABLE_WRITE_ERROR;
use mongodb::error::WriteFailure;
use mongodb::options::ClientOptions;

use crate::config::Secret;
use crate::error::Error;
use crate::store::mongo::update::NotDurable;

/// Codes of the server, by what they mean for us.
pub(super) const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
pub(super) const DUPLICATE_KEY: i32 = 11000;
/// The server is going down, coming up, or not the primary any more.
const PASSING: [i32; 17] = [6, 7, 43, 64, 89, 91, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436, 50];

/// Whether a server that answers with this code may do better soon.
pub(super) fn is_passing(code: i32) -> bool {
    PASSING.contains(&code)
}

/// Knows where we are connected, and what must not be told.
pub(super) struct Faults {
    secrets: Vec<String>,
    hosts: String,
    database: String,
    patience: Duration,
}

impl Faults {
    pub(super) fn new(
        uri: &Secret,
        options: &ClientOptions,
        hosts: String,
        database: String,
        patience: Duration,
    ) -> Self {
        let mut secrets: Vec<String> = written_password(uri).into_iter().collect();
        if let Some(password) = options.credential.as_ref().and_then(|credential| credential.password.clone()) {
            secrets.push(password);
        }
        secrets.retain(|secret| !secret.is_empty());
        Self { secrets, hosts, database, patience }
    }

    /// A connection string that cannot be read. The driver's words are told where they repeat nothing of it: where a character
    /// of the password was not percent-encoded, any part may be one of the password.
    pub(super) fn unread(uri: &Secret, error: &mongodb::error::Error) -> Error {
        let (what, text) = match error.kind.as_ref() {
            ErrorKind::DnsResolve { message, .. } => ("the hosts of `MONGO_URI` cannot be looked up", message.as_str()),
            ErrorKind::InvalidArgument { message, .. } => {
                ("`MONGO_URI` is no connection string of MongoDB", message.as_str())
            }
            _ => ("`MONGO_URI` is no connection string of MongoDB", ""),
        };
        let failed = Error::call(what);
        let failed = match (text, repeats(text, uri.reveal())) {
            ("", _) => failed,
            (text, false) => failed.because(text.to_string()),
            (text, true) if text.contains("server address") => {
                failed.because("a host is none, or its port is no number (not shown: it may be part of the password)")
            }
            _ => failed.because("the driver's words are not shown, for they may hold the password"),
        };
        failed.help(
            "write `mongodb://USER:PASSWORD@HOST:PORT/` or `mongodb+srv://…`; percent-encode what is special in the password",
        )
    }

    /// Whether the same may succeed in a moment.
    pub(super) fn may_pass(error: &mongodb::error::Error) -> bool {
        error.contains_label(RETRYABLE_WRITE_ERROR)
            || error.get_custom::<NotDurable>().is_some()
            || match error.kind.as_ref() {
                ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::ServerSelection { .. } => true,
                ErrorKind::Command(failed) => is_passing(failed.code),
                _ => false,
            }
    }

    /// The error for a person. `doing` is a verb phrase.
    pub(super) fn explain(&self, doing: &str, error: &mongodb::error::Error) -> Error {
        let (hosts, database) = (&self.hosts, &self.database);
        match error.kind.as_ref() {
            ErrorKind::ServerSelection { message, .. } if !is_sign_in(message) => {
                let seconds = (self.patience.as_secs_f64() * 10.0).round() / 10.0;
                Error::call(format!("cannot reach MongoDB at `{hosts}` (tried for {seconds} s)"))
                    .because(self.redacted(&cause(message)))
                    .help(
                        "is the server running, is the address right, and may this machine reach it (firewall, access list, TLS)?",
                    )
                    .passing()
            }
            ErrorKind::Authentication { message, .. } | ErrorKind::ServerSelection { message, .. } => {
                self.not_signed_in(message)
            }
            ErrorKind::Command(failed) if failed.code == AUTHENTICATION_FAILED => self.not_signed_in(&failed.message),
            ErrorKind::Command(failed)
                if failed.code == UNAUTHORIZED && failed.message.contains("requires authentication") =>
            {
                self.not_signed_in(&failed.message)
            }
            ErrorKind::Command(failed) if failed.code == UNAUTHORIZED => {
                Error::call(format!("the account may not {doing} in MongoDB database `{database}`"))
                    .because(self.redacted(&failed.message))
                    .help(format!("grant it the role `readWrite` on `{database}`"))
            }
            other => {
                let custom = error.get_custom::<NotDurable>().map(ToString::to_string);
                let text =
                    custom.or_else(|| error.get_custom::<String>().cloned()).unwrap_or_else(|| message_of(other));
                let told = Error::call(format!("MongoDB at `{hosts}` could not {doing}")).because(self.redacted(&text));
                if Self::may_pass(error) { told.help("try again; nothing is lost").passing() } else { told }
            }
        }
    }

    fn not_signed_in(&self, message: &str) -> Error {
        Error::call(format!("MongoDB at `{}` refused the sign-in", self.hosts))
            .because(self.redacted(message))
            .help("check user, password and `authSource` in `MONGO_URI`")
    }

    fn redacted(&self, text: &str) -> String {
        let text = self.secrets.iter().fold(text.to_string(), |text, secret| text.replace(secret, "***"));
        text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    }
}

fn is_sign_in(message: &str) -> bool {
    message.contains("Authentication failed") || message.contains("SCRAM failure")
}

/// The server's own words, without the driver's.
pub(super) fn message_of(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Command(failed) => format!("{} (code {})", failed.message, failed.code),
        ErrorKind::Write(WriteFailure::WriteError(failed)) => format!("{} (code {})", failed.message, failed.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(failed)) => {
            format!("{} (code {})", failed.message, failed.code)
        }
        other => other.to_string(),
    }
}

/// Of the driver's description of the topology, what happened to the first server.
fn cause(message: &str) -> String {
    let inner = message.split("Error: Kind: ").nth(1).and_then(|rest| rest.split(", labels:").next());
    inner.unwrap_or("no server answers").to_string()
}

/// Whether a text holds a word that stands after the scheme of a connection string, names of options aside.
fn repeats(text: &str, uri: &str) -> bool {
    let words = |text: &'_ str| -> Vec<String> {
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (_, rest) = uri.split_once("://").unwrap_or(("", uri));
    // After an `@` there is no password; before one, what looks like an option may be part of it.
    let (before, options) = match rest.rsplit_once('?') {
        Some((before, options)) if !options.contains('@') => (before, options),
        _ => (rest, ""),
    };
    let values = options.split('&').map(|option| option.split_once('=').map_or("", |(_, value)| value));
    let told = words(text);
    values.chain([before]).flat_map(words).any(|word| told.contains(&word))
}

/// What stands before the `@` of a connection string.
fn user_part(uri: &Secret) -> Option<&str> {
    let (_, rest) = uri.reveal().split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password that is not percent-encoded may hold any of these.
    let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'))?;
    Some(&rest[..at])
}

fn written_password(uri: &Secret) -> Option<String> {
    user_part(uri)?.split_once(':').map(|(_, password)| password.to_string()).filter(|password| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_never_told_with_its_password() {
        for uri in [
            "mongodb://u:geheim@",
            "mongodb://u:ge/heim@host",
            "mongodb://u:geheim@host/?tls=vielleicht",
            "u:geheim@host",
            "mongodb://u:geheim?x=geheim@h",
            "mongodb://u:ge?heim@h",
            "mongodb://u:geheim:27017",
            "mongodb+srv://u:geheim",
            "mongodb://127.0.0.1:1/?authMechanismProperties=geheim",
        ] {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let Err(error) = runtime.block_on(async { ClientOptions::parse(uri).await }) else { continue };
            let told = Faults::unread(&Secret::new(uri), &error);
            assert!(!format!("{told} {:?}", told.help_text()).contains("heim"), "{told}");
        }
    }

    #[test]
    fn the_cause_is_what_happened_to_the_server() {
        let message = "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [ { Address: 127.0.0.1:1, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), labels: {} } ] }";
        assert_eq!(cause(message), "I/O error: Connection refused (os error 111)");
        assert_eq!(cause("anything"), "no server answers");
    }
}
