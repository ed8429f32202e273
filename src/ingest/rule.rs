//! Which file is what: the rules that a dbt source declares under `config.meta.files`.

use std::fmt;

use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Place;
use crate::error::Result;
use crate::error::suggestion;
use crate::ingest::Pattern;
use crate::project::Project;
use crate::project::Source;

/// What a file of events looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON array of payloads.
    JsonArray,
    /// A payload on every line.
    JsonLines,
    /// One JSON array of envelopes.
    EnvelopeArray,
    /// An envelope on every line.
    EnvelopeLines,
}

impl Format {
    const ALL: [Self; 4] = [Self::JsonArray, Self::JsonLines, Self::EnvelopeArray, Self::EnvelopeLines];

    /// The word that the yml uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonArray => "json_array",
            Self::JsonLines => "json_lines",
            Self::EnvelopeArray => "envelope_array",
            Self::EnvelopeLines => "envelope_lines",
        }
    }

    /// Whether its records say their own type, time and vendor.
    pub fn is_envelope(self) -> bool {
        matches!(self, Self::EnvelopeArray | Self::EnvelopeLines)
    }

    /// Whether the file is one array.
    pub fn is_array(self) -> bool {
        matches!(self, Self::JsonArray | Self::EnvelopeArray)
    }
}

/// What the files that a pattern names are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRule {
    pub pattern: Pattern,
    pub format: Format,
    /// The type of every record; an envelope says its own.
    pub event_type: Option<String>,
}

impl FileRule {
    /// Whether the path is meant, by itself or with the ending of a compression; with a date, only that day's.
    pub fn matches(&self, path: &str, date: Option<&str>) -> bool {
        let bare = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(path);
        self.pattern.matches(path, date) || self.pattern.matches(bare, date)
    }
}

/// What of a rule decides the events that come of a file.
impl fmt::Display for FileRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format.as_str())?;
        match &self.event_type {
            Some(event_type) => write!(f, " {event_type}"),
            None => Ok(()),
        }
    }
}

/// All rules that the project's sources declare, in their order; none where the project declares no event files.
///
/// # Errors
/// With a diagnostic for each fault in a declaration.
pub fn rules(project: &Project) -> Result<Vec<FileRule>> {
    let mut found = Vec::new();
    let mut faults = Diagnostics::default();
    for source in project.sources.values() {
        let Some(declared) = source.config.meta("files") else { continue };
        let Json::Array(entries) = declared else {
            faults.push(Diagnostic::error("`files` must be a list", place(source, "files")).help(example()));
            continue;
        };
        for entry in entries {
            match parse(entry, &|text| place(source, text)) {
                // A source's own `meta` comes down to each of its tables.
                Ok(rule) if found.contains(&rule) => {}
                Ok(rule) => found.push(rule),
                Err(more) => faults.extend(more),
            }
        }
    }
    faults.into_result()?;
    Ok(found)
}

/// Reads one entry of `files`. `place` finds a text of the entry in its yml.
pub fn parse(entry: &Json, place: &dyn Fn(&str) -> Place) -> Result<FileRule, Vec<Diagnostic>> {
    const KEYS: [&str; 3] = ["path", "format", "event_type"];
    let Json::Object(fields) = entry else {
        let fault = Diagnostic::error("an entry of `files` must be a mapping", place("files"));
        return Err(vec![fault.help(example())]);
    };
    let mut faults = Vec::new();
    for key in fields.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let help =
            suggestion(key, KEYS).unwrap_or_else(|| "the keys are `path`, `format` and `event_type`".to_string());
        faults.push(Diagnostic::error(format!("`files` knows no key `{key}`"), place(key)).help(help));
    }
    let path = text(fields, "path", place, &mut faults);
    let format = text(fields, "format", place, &mut faults).and_then(|word| {
        let format = Format::ALL.into_iter().find(|format| format.as_str() == word);
        if format.is_none() {
            let names = Format::ALL.map(Format::as_str);
            let help = suggestion(word, names).unwrap_or_else(|| format!("the formats are `{}`", names.join("`, `")));
            faults.push(Diagnostic::error(format!("`{word}` is no format of event files"), place(word)).help(help));
        }
        format
    });
    let event_type =
        fields.contains_key("event_type").then(|| text(fields, "event_type", place, &mut faults)).flatten();
    match (format, event_type) {
        (Some(format), Some(event_type)) if format.is_envelope() => faults.push(
            Diagnostic::error(format!("`{}` needs no `event_type`", format.as_str()), place(event_type))
                .help("an envelope says its own type; remove the key".to_string()),
        ),
        (Some(format), None) if !format.is_envelope() && !fields.contains_key("event_type") => faults.push(
            Diagnostic::error(format!("`{}` needs an `event_type`", format.as_str()), place(path.unwrap_or("files")))
                .help("name the type of its records, as in `event_type: historical_order`".to_string()),
        ),
        _ => {}
    }
    let pattern = path.and_then(|path| match Pattern::parse(path) {
        Ok(pattern) => Some(pattern),
        Err((what, part)) => {
            faults.push(Diagnostic::error(format!("the path of a file {what} `{part}`"), place(path)).help(example()));
            None
        }
    });
    match (pattern, format) {
        (Some(pattern), Some(format)) if faults.is_empty() => {
            Ok(FileRule { pattern, format, event_type: event_type.map(str::to_string) })
        }
        _ => Err(faults),
    }
}

fn text<'a>(
    fields: &'a serde_json::Map<String, Json>,
    key: &str,
    place: &dyn Fn(&str) -> Place,
    faults: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    match fields.get(key) {
        Some(Json::String(text)) if !text.trim().is_empty() => Some(text),
        Some(_) => {
            faults.push(Diagnostic::error(format!("`{key}` must be a text"), place(key)).help(example()));
            None
        }
        None => {
            faults
                .push(Diagnostic::error(format!("an entry of `files` has no `{key}`"), place("files")).help(example()));
            None
        }
    }
}

fn example() -> String {
    "write it as in `{path: \"bootstrap/orders_*.json\", format: json_array, event_type: historical_order}`".to_string()
}

/// Where the text stands in the source's yml: its first occurrence after the source's own place.
fn place(source: &Source, text: &str) -> Place {
    let declared = &source.declared;
    let from = declared.span.start;
    match declared.text.get(from..).and_then(|rest| rest.find(text)) {
        Some(at) => Place::new(&declared.path, declared.text.clone(), from + at..from + at + text.len()),
        None => declared.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(entry: Json) -> Vec<(String, Option<String>)> {
        let place = |_: &str| Place::new("models/sources.yml", "", 0..0);
        match parse(&entry, &place) {
            Ok(rule) => panic!("accepted as {rule:?}"),
            Err(faults) => faults.into_iter().map(|fault| (fault.message, fault.help)).collect(),
        }
    }

    #[test]
    fn reads_what_a_source_declares() {
        let place = |_: &str| Place::new("models/sources.yml", "", 0..0);
        let entry =
            json!({"path": "bootstrap/orders_*.json", "format": "json_array", "event_type": "historical_order"});
        let rule = parse(&entry, &place).unwrap();
        assert!(
            rule.matches("bootstrap/orders_2023.json.gz", None) && rule.matches("bootstrap/orders_1.json.zst", None)
        );
        assert_eq!(rule.to_string(), "json_array historical_order");
    }

    #[test]
    fn names_every_fault_and_what_helps() {
        let unknown = faults(json!({"path": "a/*.json", "formt": "x", "format": "json_aray", "event_type": "t"}));
        assert_eq!(unknown[0].0, "`files` knows no key `formt`");
        assert_eq!(unknown[0].1.as_deref(), Some("did you mean `format`?"));
        assert_eq!(unknown[1].0, "`json_aray` is no format of event files");
        assert_eq!(unknown[1].1.as_deref(), Some("did you mean `json_array`?"));
        assert_eq!(faults(json!({"path": "a", "format": "json_lines"}))[0].0, "`json_lines` needs an `event_type`");
        assert_eq!(
            faults(json!({"path": "a", "format": "envelope_lines", "event_type": "x"}))[0].0,
            "`envelope_lines` needs no `event_type`"
        );
        assert_eq!(faults(json!({"format": "envelope_lines"}))[0].0, "an entry of `files` has no `path`");
        assert_eq!(faults(json!({"path": 1, "format": "envelope_lines"}))[0].0, "`path` must be a text");
        assert_eq!(faults(json!("orders.json"))[0].0, "an entry of `files` must be a mapping");
        assert_eq!(
            faults(json!({"path": "live/{day}/x", "format": "envelope_lines"}))[0].0,
            "the path of a file knows no placeholder but `{date}`, so not `{day}`"
        );
    }
}
