//! What came of a comparison, as plain data; `--output json` prints it as it stands here.

use serde::Serialize;

use crate::diff::Revision;
use crate::diff::Rows;

/// Which models are otherwise, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What the working tree is compared with.
    pub base: Revision,
    /// The folder of the events that both sides were built from.
    pub events_from: String,
    /// How many events that were.
    pub events: u64,
    pub counts: Counts,
    /// Published tables whose data is otherwise, or that came or went, or that are published otherwise.
    pub published: Vec<String>,
    /// What a reader has to know besides.
    pub notes: Vec<String>,
    /// Every model and seed that is not unchanged, parents first; those that are gone come last.
    pub models: Vec<Model>,
}

/// How many models stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub failed: usize,
    pub changed: usize,
    pub added: usize,
    pub removed: usize,
    pub code: usize,
    pub layout: usize,
    pub downstream: usize,
    pub unchanged: usize,
}

/// A model or a seed.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    pub name: String,
    /// `model` or `seed`.
    pub kind: &'static str,
    /// Relative to the project; of a model that is gone where it was.
    pub path: String,
    pub is_published: bool,
    /// What becomes of its publication, where something does: that it is published no more, or under another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
    pub standing: Standing,
    pub code: Code,
    /// What of its own code is otherwise: `SQL`, `macro money`, `setting materialized`.
    pub reasons: Vec<String>,
    /// Models with changed code that it depends on, the nearest first.
    pub upstream: Vec<String>,
    /// Models that depend on it, where its own code changed.
    pub downstream: Vec<Downstream>,
    /// Why it could not be built at the base, if so.
    pub failed_before: Option<String>,
    /// Why it could not be built in the working tree, if so.
    pub failed_after: Option<String>,
    /// Its data on both sides; `None` where there is nothing to compare.
    pub rows: Option<Rows>,
}

/// A model that depends on a changed one.
#[derive(Debug, Clone, Serialize)]
pub struct Downstream {
    pub name: String,
    pub is_published: bool,
}

/// How a model stands to what it was at the base. The first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It could not be built on one side at least.
    Failed,
    /// Its data is otherwise.
    Changed,
    Added,
    Removed,
    /// Its code is otherwise, and its data is equal.
    Code,
    /// Its file is otherwise in layout and comments alone.
    Layout,
    /// Something that it depends on has other code; its data is equal.
    Downstream,
    Unchanged,
}

/// What became of a model's own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Equal,
    /// Other words in the file, the same statement.
    Layout,
    Changed,
}

impl Report {
    /// Whether no number is otherwise for anybody who reads it, and all could be built.
    pub fn is_equal(&self) -> bool {
        let Counts { failed, changed, added, removed, .. } = self.counts;
        failed + changed + added + removed == 0 && self.models.iter().all(|model| model.publication.is_none())
    }

    /// As JSON, over several lines.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The models that a reader looks at one by one: what could not be built, published tables, what was edited, the others.
    pub(super) fn told(&self) -> Vec<&Model> {
        let mut told: Vec<&Model> = self.models.iter().filter(|model| model.standing <= Standing::Code).collect();
        told.sort_by_key(|model| model.rank());
        told
    }

    /// The models that stand so.
    pub fn standing(&self, standing: Standing) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(move |model| model.standing == standing)
    }
}

impl Model {
    fn rank(&self) -> u8 {
        match self.standing {
            Standing::Failed => 0,
            Standing::Code => 2,
            _ if self.is_published => 1,
            _ if self.is_edited() => 2,
            _ => 3,
        }
    }

    /// Whether its own code is otherwise.
    pub(super) fn is_edited(&self) -> bool {
        self.code == Code::Changed
    }

    /// Whether a line says enough of it: something that it depends on was edited, and it is not published.
    pub(super) fn is_between(&self) -> bool {
        self.rank() == 3
    }
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&mut self, standing: Standing) {
        *match standing {
            Standing::Failed => &mut self.failed,
            Standing::Changed => &mut self.changed,
            Standing::Added => &mut self.added,
            Standing::Removed => &mut self.removed,
            Standing::Code => &mut self.code,
            Standing::Layout => &mut self.layout,
            Standing::Downstream => &mut self.downstream,
            Standing::Unchanged => &mut self.unchanged,
        } += 1;
    }
}
