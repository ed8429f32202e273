//! What all renderings of a project share: its names, macros and values, made once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;

use crate::config::Environment;
use crate::dialect::Dialect;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Source;
use crate::render::Options;
use crate::render::clock;
use crate::render::draft::Draft;
use crate::render::library::Library;
use crate::render::mentions::Mentions;
use crate::render::patterns::Patterns;
use crate::render::references::can_be_referred_to;
use crate::render::rendering::Target;
use crate::render::values::from_json;

/// What is known of a node's text before it is rendered.
#[derive(Debug, Default)]
pub(super) struct NodeText {
    /// What the engine got, with the way back to the file.
    pub draft: Draft,
    pub mentions: Mentions,
}

/// What all renderings share.
pub(super) struct Shared {
    pub project: Arc<Project>,
    pub environment: Arc<Environment>,
    pub options: Options,
    pub library: Library,
    pub nodes: HashMap<NodeId, NodeText>,
    /// What `ref` can name.
    pub refs: HashMap<String, NodeId>,
    /// What `source` can name.
    pub sources: HashMap<(String, String), NodeId>,
    pub target: Value,
    pub flags: Value,
    pub modules: Value,
    vars: HashMap<String, Value>,
    /// What calls of these macros return, whatever the macros say.
    pub overridden: HashMap<String, Value>,
}

impl fmt::Debug for Shared {
    // The environment may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("project", &self.project.name).finish_non_exhaustive()
    }
}

impl Shared {
    /// The values of a project; texts and macros are still to be added.
    pub fn new(project: Arc<Project>, environment: Arc<Environment>, options: Options) -> Self {
        let nodes = project.nodes.values();
        let refs = nodes.filter(|node| can_be_referred_to(node.kind)).map(|node| (node.name.clone(), node.id.clone()));
        let sources = project.sources.values();
        let sources = sources.map(|source| ((source.source_name.clone(), source.name.clone()), source.id.clone()));
        Self {
            refs: refs.collect(),
            sources: sources.collect(),
            target: target(&project, &options),
            flags: flags(&options),
            modules: Value::from_pairs([
                ("datetime", clock::module()),
                ("pytz", clock::zones()),
                ("re", Value::from_object(Patterns)),
            ]),
            vars: project.vars.iter().map(|(name, value)| (name.clone(), from_json(value))).collect(),
            overridden: HashMap::new(),
            library: Library::new(&project.name, project.profile.dialect),
            nodes: HashMap::new(),
            project,
            environment,
            options,
        }
    }

    /// The database that models are written for.
    pub fn dialect(&self) -> Dialect {
        self.project.profile.dialect
    }

    /// A variable: set for all, or for this project by its name.
    pub fn variable(&self, name: &str) -> Option<Value> {
        let own = || self.vars.get(&self.project.name)?.get_attr(name).ok().filter(|value| !value.is_undefined());
        self.vars.get(name).cloned().or_else(own)
    }

    /// A relation in the target's schema.
    pub fn relation_named(&self, name: &str) -> Relation {
        Relation::new(self.options.database.clone(), self.project.profile.schema.clone(), name)
    }

    /// Where a node goes by dbt's rules, unless the project has rules of its own.
    pub fn default_relation(&self, config: &NodeConfig, name: &str) -> Relation {
        let schema = &self.project.profile.schema;
        let database = config.text("database").unwrap_or(&self.options.database);
        let schema = match config.text("schema") {
            Some(custom) => format!("{schema}_{}", custom.trim()),
            None => schema.clone(),
        };
        Relation::new(database, schema, config.text("alias").map_or(name, str::trim))
    }

    /// Where a source is.
    pub fn source_relation(&self, source: &Source) -> Relation {
        let database = source.database.clone().unwrap_or_else(|| self.options.database.clone());
        Relation::new(database, source.schema.clone(), source.identifier.clone())
    }

    /// Where a node or source probably is, before all settings are known.
    pub fn provisional(&self, id: &NodeId) -> Target {
        let relation = match (self.project.nodes.get(id), self.project.sources.get(id)) {
            (Some(node), _) => self.default_relation(&node.config, &node.name),
            (None, Some(source)) => self.source_relation(source),
            (None, None) => self.relation_named(""),
        };
        Target { relation, ephemeral: false }
    }

    /// The schema of tests that keep what they find, by dbt's rule.
    pub fn test_schema(config: &NodeConfig) -> NodeConfig {
        let mut config = config.clone();
        if config.text("schema").is_none() {
            config.set("schema", serde_json::Value::from("dbt_test__audit"));
        }
        config
    }

    /// Whether a node of this kind has a table or view of its own.
    pub fn has_relation(kind: NodeKind, config: &NodeConfig) -> bool {
        match kind {
            NodeKind::Model => config.text("materialized") != Some("ephemeral"),
            NodeKind::Seed => true,
            NodeKind::Test => match config.text("store_failures_as") {
                Some(word) => word != "ephemeral",
                None => config.flag("store_failures").unwrap_or(false),
            },
        }
    }
}

fn target(project: &Project, options: &Options) -> Value {
    let profile = &project.profile;
    Value::from_pairs([
        ("name", Value::from(profile.target.as_str())),
        ("target_name", Value::from(profile.target.as_str())),
        ("profile_name", Value::from(profile.profile.as_str())),
        ("schema", Value::from(profile.schema.as_str())),
        ("database", Value::from(options.database.as_str())),
        ("path", Value::from(profile.path.as_str())),
        ("type", Value::from(profile.dialect.name())),
        ("threads", Value::from(profile.threads.unwrap_or(1))),
    ])
}

fn flags(options: &Options) -> Value {
    let off = || Value::from(false);
    Value::from_pairs([
        ("FULL_REFRESH", Value::from(options.full_refresh)),
        ("WHICH", Value::from(options.verb.as_str())),
        ("STORE_FAILURES", off()),
        ("FAIL_FAST", off()),
        ("WARN_ERROR", off()),
        ("DEBUG", off()),
        ("EMPTY", off()),
        ("USE_COLORS", off()),
    ])
}
