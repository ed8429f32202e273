//! How every node stands to a manifest that was written earlier: what `state:` selects by.

use indexmap::IndexMap;

use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::name::NodeId;

/// In what a node is otherwise than a manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Its file.
    Body,
    /// Its settings.
    Configs,
    /// Where it is set to be in the database: `database`, `schema`, `alias`.
    Relation,
    /// Descriptions, where `persist_docs` writes them to the database.
    PersistedDescriptions,
    /// A macro that it calls, directly or not.
    Macros,
    /// A variable that it names, or that a macro names which it calls; beyond dbt, which does not see this.
    Vars,
    /// The folders that it lies in.
    Place,
}

/// Aspects that can be asked for alone.
const ASPECTS: &[(&str, Option<Aspect>)] = &[
    ("body", Some(Aspect::Body)),
    ("configs", Some(Aspect::Configs)),
    ("relation", Some(Aspect::Relation)),
    ("persisted_descriptions", Some(Aspect::PersistedDescriptions)),
    ("macros", Some(Aspect::Macros)),
    ("vars", Some(Aspect::Vars)),
    // No model can have one here.
    ("contract", None),
];

/// What `state:` can be followed by.
const WORDS: &[&str] = &["modified", "unmodified", "new", "old"];

/// How every node and source stands to a manifest.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// In what those are otherwise that the manifest has.
    known: IndexMap<NodeId, Vec<Aspect>>,
}

impl State {
    /// From what the manifest has; a node that is not in it is new.
    pub fn new(known: impl IntoIterator<Item = (NodeId, Vec<Aspect>)>) -> Self {
        Self { known: known.into_iter().collect() }
    }

    /// Whether a node is meant by what follows `state:`, as in `modified.body`.
    pub(super) fn means(&self, word: &str, id: &NodeId) -> bool {
        let (word, aspect) = word.split_once('.').unwrap_or((word, ""));
        let Some(changes) = self.known.get(id) else {
            // dbt counts what is new as modified, unless one aspect alone is asked for.
            return word == "new" || (word == "modified" && aspect.is_empty());
        };
        match word {
            "old" => true,
            "unmodified" => changes.is_empty(),
            "modified" if aspect.is_empty() => !changes.is_empty(),
            "modified" => {
                let asked = ASPECTS.iter().find(|(name, _)| *name == aspect).and_then(|(_, aspect)| *aspect);
                asked.is_some_and(|asked| changes.contains(&asked))
            }
            _ => false,
        }
    }
}

/// Complains of what cannot follow `state:`.
///
/// # Errors
/// An unknown word, or one for which there is no manifest to compare with.
pub(super) fn check(raw: &str, value: &str, state: Option<&State>) -> Result<()> {
    let (word, aspect) = value.split_once('.').unwrap_or((value, ""));
    let fault = |help: String| Err(Error::call(format!("cannot read the selection `{raw}`")).help(help));
    if !WORDS.contains(&word) {
        let words = "after `state:` comes `modified`, `unmodified`, `new` or `old`".to_string();
        return fault(suggestion(word, WORDS.iter().copied()).unwrap_or(words));
    }
    let aspects = || ASPECTS.iter().map(|(name, _)| *name);
    if value.contains('.') && (word != "modified" || !aspects().any(|name| name == aspect)) {
        let all = format!("`state:modified` can be followed by `.{}`", aspects().collect::<Vec<_>>().join("`, `."));
        return fault(suggestion(aspect, aspects()).filter(|_| word == "modified").unwrap_or(all));
    }
    match state {
        Some(_) => Ok(()),
        None => Err(Error::call(format!("`{raw}` compares with a manifest, and none is named"))
            .help("name the folder that holds it: `--state DIR`, or `DBT_STATE`")),
    }
}
