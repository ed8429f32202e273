//! One rendering: what its template can see, and what is noted while it goes on.
//!
//! A rendering is the engine's context, so every name that a template says comes by [`Rendering::named`].

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use minijinja::value::{Enumerator, Object};
use minijinja::{Error, State, Value};
use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::NodeConfig;
use crate::render::Reference;
use crate::render::call::Callable;
use crate::render::call::Constant;
use crate::render::definitions::BODY;
use crate::render::door::Answer;
use crate::render::door::Asks;
use crate::render::door::Message;
use crate::render::door::Question;
use crate::render::library::BUILTIN;
use crate::render::library::Macro;
use crate::render::namespaces;
use crate::render::relations::RelationValue;
use crate::render::shared::Shared;
use crate::render::values::from_json;
use crate::render::values::wrong;
use crate::render::verbs::Function;
use crate::render::verbs::Verb;

/// Goes in front of every template: hands the renderer a way to load macros into this rendering.
pub(super) const PRELUDE: &str = "{% macro __cp_load(__cp_name) %}{% import __cp_name as cp_module %}\
    {{ __cp_keep(cp_module) }}{% endmacro %}{{ __cp_start(__cp_load) }}";

/// What is rendered.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    /// `None` for a text that belongs to no node.
    pub node: Option<NodeId>,
    /// The yml's settings at a scan, all of them later.
    pub config: NodeConfig,
    /// What `this` means.
    pub this: Option<Relation>,
    /// Nodes and sources that it depends on.
    pub depends_on: Vec<NodeId>,
}

/// Where a node or a source is, as `ref` and `source` tell it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub relation: Relation,
    /// An ephemeral model's text goes where it is referred to.
    pub ephemeral: bool,
}

/// What `ref` and `source` can give.
#[derive(Debug)]
pub(super) enum Names {
    /// Anything that the project has, without its final place: a scan.
    Provisional,
    /// What the scan found this node to refer to.
    Known(HashMap<NodeId, Target>),
    /// Everything: for texts that were not scanned.
    All(HashMap<NodeId, Target>),
}

/// What was noted on the way.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub references: Vec<Reference>,
    pub faults: Vec<Diagnostic>,
    /// What `config()` said, in order.
    pub config: Vec<(String, Json)>,
    /// Macros that were called, by their positions in the library.
    pub macros: BTreeSet<usize>,
    /// Ephemeral models that the text stands on.
    pub ephemeral: Vec<NodeId>,
    /// Whether it asked for what can change without any file changing.
    pub introspects: bool,
    /// What was to be said, where nobody could be told.
    pub said: Vec<String>,
    pub results: HashMap<String, Value>,
    /// The value that the macro under way returns.
    pub returned: Option<Value>,
    /// Why it stopped, if it is to be made again.
    pub wants_answers: bool,
    kept: Option<Value>,
}

impl Noted {
    /// The unique ids of the macros that were called.
    pub fn macro_ids(&self, shared: &Shared) -> BTreeSet<String> {
        self.macros.iter().filter_map(|index| Some(shared.library.get(*index)?.id.clone())).collect()
    }
}

/// One rendering.
#[derive(Debug)]
pub(super) struct Rendering {
    pub shared: Arc<Shared>,
    pub subject: Subject,
    pub names: Names,
    pub execute: bool,
    pub incremental: bool,
    pub asks: Asks,
    /// Values for names of this one template.
    pub given: Vec<(&'static str, Value)>,
    noted: Mutex<Noted>,
    loader: OnceLock<Value>,
    bodies: Mutex<HashMap<usize, Value>>,
    facts: OnceLock<Value>,
    graph: OnceLock<Value>,
}

impl Rendering {
    /// A rendering of a subject; by default a scan's.
    pub fn new(shared: Arc<Shared>, subject: Subject) -> Self {
        Self {
            shared,
            subject,
            names: Names::Provisional,
            execute: false,
            incremental: false,
            asks: Asks::Nowhere,
            graph: OnceLock::new(),
            given: Vec::new(),
            noted: Mutex::default(),
            loader: OnceLock::new(),
            bodies: Mutex::default(),
            facts: OnceLock::new(),
        }
    }

    /// What was noted so far.
    pub fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a scan: nothing is asked, and what is met is noted.
    pub fn is_scan(&self) -> bool {
        matches!(self.names, Names::Provisional)
    }

    /// `__cp_start`: the engine hands over the macro that loads others.
    pub fn start(&self, loader: Value) {
        let _ = self.loader.set(loader);
    }

    /// `__cp_keep`: a macro's module was loaded.
    pub fn keep(&self, module: Value) {
        self.noted().kept = Some(module);
    }

    /// A macro's body, as a macro of the engine that belongs to this rendering.
    pub fn body(&self, state: &mut State<'_, '_>, found: &Macro) -> Result<Value, Error> {
        let bodies = || self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = bodies().get(&found.index) {
            return Ok(body.clone());
        }
        let loader = self.loader.get().ok_or_else(|| wrong("macros cannot be called here"))?;
        loader.call(state, &[Value::from(found.id.as_str())])?;
        let module = self.noted().kept.take().unwrap_or_default();
        let body = module.get_attr(BODY)?;
        bodies().insert(found.index, body.clone());
        Ok(body)
    }

    /// Asks the database.
    pub fn ask(&self, question: Question) -> Result<Answer, Error> {
        let Asks::Door(door) = &self.asks else {
            if let Question::Say(text) = question {
                self.noted().said.push(text);
                return Ok(Answer::Said);
            }
            self.noted().wants_answers = true;
            return Err(wrong("nobody can be asked here"));
        };
        let (reply, answer) = channel();
        let gone = |_| wrong("nobody can be asked any more");
        door.send(Some(Message { question, reply })).map_err(|_| gone(()))?;
        let answer = answer.recv().map_err(|_| gone(()))?;
        answer.map_err(|error| wrong(error.to_string()).with_source(error))
    }

    /// A setting as the template sees it now: what `config()` said comes over what the yml says.
    pub fn setting(&self, name: &str) -> Option<Json> {
        let name = NodeConfig::new([(name.to_string(), Json::Null)]).iter().next().map(|(name, _)| name.to_string())?;
        let noted = self.noted();
        if noted.config.is_empty() {
            return self.subject.config.get(&name).cloned();
        }
        self.config_so_far(&noted).get(&name).cloned()
    }

    fn config_so_far(&self, noted: &Noted) -> NodeConfig {
        let node = self.subject.node.as_ref().and_then(|node| self.shared.project.nodes.get(node));
        crate::render::settings::merged(node, &self.subject.config, &noted.config)
    }

    /// All settings as they are now.
    pub fn config(&self) -> NodeConfig {
        self.config_so_far(&self.noted())
    }

    /// `this`.
    pub fn this(&self) -> Option<RelationValue> {
        if let Some(this) = &self.subject.this {
            return Some(RelationValue::new(self.shared.dialect(), this.clone()));
        }
        let node = self.shared.project.nodes.get(self.subject.node.as_ref()?)?;
        let relation = self.shared.default_relation(&self.config(), &node.name);
        Some(RelationValue::new(self.shared.dialect(), relation))
    }

    /// `model`: what is known of the node, made when first asked for.
    pub fn facts(&self) -> Option<Value> {
        let node = self.shared.project.nodes.get(self.subject.node.as_ref()?)?;
        let facts = || {
            crate::render::facts::node(
                node,
                &self.config(),
                self.this().map(|this| this.relation),
                &self.subject.depends_on,
            )
        };
        // At a scan the settings are not yet final.
        Some(if self.is_scan() { facts() } else { self.facts.get_or_init(facts).clone() })
    }

    /// A macro as a value that can be called.
    pub fn callable(self: &Arc<Self>, found: &Arc<Macro>) -> Value {
        Value::from_object(Callable { found: found.clone(), rendering: self.clone() })
    }

    /// What a name means: the project's macros, dbt's names, the macros that come with the tool.
    pub fn named(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.given.iter().find(|(given, _)| *given == name) {
            return Some(value.clone());
        }
        let library = &self.shared.library;
        if let Some(value) = self.shared.overridden.get(name) {
            return Some(Value::from_object(Constant(value.clone())));
        }
        if let Some(found) = library.own(name) {
            return Some(self.callable(found));
        }
        let value = self
            .context_value(name)
            .or_else(|| Verb::parse(name).map(|verb| Value::from_object(Function { verb, rendering: self.clone() })));
        value.or_else(|| library.builtin(name).map(|found| self.callable(found)))
    }

    fn context_value(self: &Arc<Self>, name: &str) -> Option<Value> {
        let shared = &self.shared;
        let options = &shared.options;
        Some(match name {
            "this" => Value::from_object(self.this()?),
            "model" => self.facts()?,
            "target" | "env" => shared.target.clone(),
            "flags" => shared.flags.clone(),
            "modules" => shared.modules.clone(),
            "execute" => Value::from(self.execute),
            "schema" => Value::from(shared.project.profile.schema.as_str()),
            "database" => Value::from(options.database.as_str()),
            "project_name" => Value::from(shared.project.name.as_str()),
            "dbt_version" => Value::from(crate::render::DBT_VERSION),
            "cp_version" => Value::from(env!("CARGO_PKG_VERSION")),
            "invocation_id" => {
                self.noted().introspects = true;
                Value::from(options.invocation_id.as_str())
            }
            "run_started_at" => Value::from_object(crate::render::clock::Moment::of(options.started_at)),
            "graph" => self.graph_value(),
            "context" => Value::from_dyn_object(self.clone()),
            "selected_resources" => crate::render::values::List::of([]),
            "pre_hooks" | "post_hooks" => {
                let hooks = self.subject.config.hooks(name.trim_end_matches('s'));
                from_json(&hooks.into_iter().map(Json::from).collect())
            }
            name if name == BUILTIN || name == shared.project.name => namespaces::package(self, name),
            name => return namespaces::named(self, name),
        })
    }

    /// `graph`: empty where nothing is executed.
    fn graph_value(&self) -> Value {
        self.noted().introspects = true;
        if !self.execute {
            return crate::render::facts::empty_graph();
        }
        if let Some(graph) = self.graph.get() {
            return graph.clone();
        }
        match self.ask(Question::Graph) {
            Ok(Answer::Graph(graph)) => self.graph.get_or_init(|| graph).clone(),
            // It will be rendered again, with somebody to ask.
            _ => crate::render::facts::empty_graph(),
        }
    }
}

impl Object for Rendering {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.named(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.named(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<Value> = self.shared.library.names().map(Value::from).collect();
        names.extend(Verb::names().map(Value::from));
        Enumerator::Values(names)
    }
}
