//! The environment as it was when the program started, with `.env` beneath it.

use std::{collections::BTreeMap, fmt, path::Path};

use crate::error::{Error, Result};

/// Variables by name: the process's own, and beneath them those of the project's `.env`.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's environment and `.env` in the project folder, if there is one.
    ///
    /// # Errors
    /// When `.env` cannot be parsed; the message names the line and never its value.
    pub fn load(project_dir: &Path) -> Result<Self> {
        let mut values = BTreeMap::new();
        let path = project_dir.join(".env");
        if path.is_file() {
            let entries =
                dotenvy::from_path_iter(&path).map_err(|_| Error::call(format!("cannot read `{}`", path.display())))?;
            for (index, entry) in entries.enumerate() {
                let (name, value) = entry.map_err(|_| {
                    Error::call(format!("entry {} of `{}` is not `NAME=value`", index + 1, path.display()))
                        .help("quote a value that has spaces, and put one variable on a line")
                })?;
                if !value.is_empty() {
                    values.insert(name, value);
                }
            }
        }
        values.extend(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(values))
    }

    /// A fixed environment, for tests.
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    /// The same with other values of these variables.
    pub fn with<'v>(&self, values: impl IntoIterator<Item = (&'v String, &'v String)>) -> Self {
        let mut all = self.0.clone();
        all.extend(values.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        Self(all)
    }

    /// A variable's value; an unset one is `None`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names that are set, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A value that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that must appear in no message.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
