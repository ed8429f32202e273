//! One criterion of a selection, as it is written: `2+tag:nightly+1`, `@stg_orders`, `config.materialized:table`.

use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;

/// What is looked at to decide whether a node is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    /// A name, or folders and a name.
    Fqn,
    Tag,
    Path,
    File,
    Source,
    /// With the path below the settings, as in `config.meta.publish`.
    Config(Vec<String>),
    ResourceType,
    Package,
    TestType,
    TestName,
    Group,
    Access,
    /// How it stands to a manifest.
    State,
    /// Kinds that a project of ours has none of.
    Nothing,
}

const METHODS: &[&str] = &[
    "fqn",
    "tag",
    "path",
    "file",
    "source",
    "config",
    "resource_type",
    "package",
    "test_type",
    "test_name",
    "group",
    "access",
    "exposure",
    "metric",
    "semantic_model",
    "saved_query",
    "unit_test",
    "state",
    "result",
    "source_status",
    "version",
];

/// A criterion, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Criterion {
    /// As it was written, for messages.
    pub raw: String,
    pub method: Method,
    pub value: String,
    /// `+x`: with ancestors, how many steps at most.
    pub parents: Option<Option<usize>>,
    /// `x+`: with descendants, how many steps at most.
    pub children: Option<Option<usize>>,
    /// `@x`: with descendants and all that these depend on.
    pub childrens_parents: bool,
}

impl Criterion {
    /// Takes a criterion apart.
    ///
    /// # Errors
    /// When it names an unknown method, or one that is not there yet.
    pub fn parse(raw: &str) -> Result<Self> {
        let fault = |reason: &str| Error::call(format!("cannot read the selection `{raw}`: {reason}"));
        let depth = |digits: &str| match digits {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| fault("too many steps")),
        };
        let mut rest = raw;
        let childrens_parents = rest.starts_with('@');
        rest = rest.strip_prefix('@').unwrap_or(rest);
        let mut parents = None;
        if let Some((digits, after)) = rest.split_once('+')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            parents = Some(depth(digits)?);
            rest = after;
        }
        let mut children = None;
        if let Some((before, digits)) = rest.rsplit_once('+')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            children = Some(depth(digits)?);
            rest = before;
        }
        if childrens_parents && children.is_some() {
            return Err(fault("`@` in front and `+` behind do not go together"));
        }
        let is_method =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let (method, value) = match rest.split_once(':') {
            Some((word, value)) if is_method(word) => (method(raw, word)?, value),
            _ => (default_method(rest), rest),
        };
        if value.is_empty() {
            return Err(fault("it names nothing"));
        }
        Ok(Self { raw: raw.to_string(), method, value: value.to_string(), parents, children, childrens_parents })
    }
}

fn default_method(value: &str) -> Method {
    let lower = value.to_lowercase();
    if value.contains('/') {
        Method::Path
    } else if [".sql", ".csv", ".py"].iter().any(|extension| lower.ends_with(extension)) {
        Method::File
    } else {
        Method::Fqn
    }
}

fn method(raw: &str, word: &str) -> Result<Method> {
    let mut parts = word.split('.');
    let name = parts.next().unwrap_or_default();
    let arguments: Vec<String> = parts.map(str::to_string).collect();
    Ok(match name {
        "fqn" => Method::Fqn,
        "tag" => Method::Tag,
        "path" => Method::Path,
        "file" => Method::File,
        "source" => Method::Source,
        "config" if !arguments.is_empty() => Method::Config(arguments),
        "config" => {
            return Err(Error::call(format!("the selection `{raw}` names no setting"))
                .help("write it as in `config.materialized:table`"));
        }
        "resource_type" => Method::ResourceType,
        "package" => Method::Package,
        "test_type" => Method::TestType,
        "test_name" => Method::TestName,
        "group" => Method::Group,
        "access" => Method::Access,
        "exposure" | "metric" | "semantic_model" | "saved_query" | "unit_test" => Method::Nothing,
        "state" => Method::State,
        "result" | "source_status" | "version" => {
            return Err(Error::call(format!("cannot select by `{name}:` yet, as in `{raw}`"))
                .help("select by name, `tag:`, `path:`, `source:`, `config.` or `resource_type:`"));
        }
        other => {
            let help = suggestion(other, METHODS.iter().copied()).unwrap_or_else(|| {
                "select by name, `tag:`, `path:`, `source:`, `config.` or `resource_type:`".to_string()
            });
            return Err(Error::call(format!("cannot select by `{other}:`, as in `{raw}`")).help(help));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_criteria_apart() {
        let read = |raw: &str| match Criterion::parse(raw) {
            Ok(it) => {
                format!("{:?} {} {:?} {:?} {}", it.method, it.value, it.parents, it.children, it.childrens_parents)
            }
            Err(error) => error.message().to_string(),
        };
        let cases = [
            ("x", "Fqn x None None false"),
            ("2+x+", "Fqn x Some(Some(2)) Some(None) false"),
            ("+tag:a+13", "Tag a Some(None) Some(Some(13)) false"),
            ("@x", "Fqn x None None true"),
            ("models/x", "Path models/x None None false"),
            ("x.sql", "File x.sql None None false"),
            ("config.meta.a:b:c", "Config([\"meta\", \"a\"]) b:c None None false"),
            ("@x+", "cannot read the selection `@x+`: `@` in front and `+` behind do not go together"),
            ("+", "cannot read the selection `+`: it names nothing"),
            ("tga:x", "cannot select by `tga:`, as in `tga:x`"),
            ("state:modified.body+", "State modified.body None Some(None) false"),
            ("result:fail", "cannot select by `result:` yet, as in `result:fail`"),
            ("99999999999999999999999+x", "cannot read the selection `99999999999999999999999+x`: too many steps"),
        ];
        for (raw, expected) in cases {
            assert_eq!(read(raw), expected);
        }
    }
}
