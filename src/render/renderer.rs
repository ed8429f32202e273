//! The renderer: made once from a project, then used from many threads.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::{Environment as Engine, Value};

use crate::config::Environment;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::SourceFile;
use crate::render::builtins::engine;
use crate::render::definitions::Parsed;
use crate::render::definitions::parse;
use crate::render::door::Answering;
use crate::render::door::answer_while;
use crate::render::draft::Draft;
use crate::render::fault::CONTEXT;
use crate::render::fault::Root;
use crate::render::fault::diagnose;
use crate::render::fault::from_database;
use crate::render::generic;
use crate::render::library::BUILTIN;
use crate::render::library::builtin_files;
use crate::render::rendering::Noted;
use crate::render::rendering::PRELUDE;
use crate::render::rendering::Rendering;
use crate::render::rendering::Subject;
use crate::render::shared::NodeText;
use crate::render::shared::Shared;
use crate::render::syntax::unreadable;
use crate::render::values::from_json;
use crate::render::verbs::Verb;

/// What a rendering is to know beside the project.
#[derive(Debug, Clone)]
pub struct Options {
    /// The warehouse's catalog, for example `warehouse`.
    pub database: String,
    /// `--full-refresh`.
    pub full_refresh: bool,
    pub invocation_id: String,
    pub started_at: jiff::Timestamp,
    /// The verb that the person called, as `flags.WHICH` tells it.
    pub verb: String,
}

/// What `execute` and `is_incremental()` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Whether templates may ask the database.
    pub execute: bool,
    /// Whether an incremental model adds to the table that is there.
    pub incremental: bool,
}

/// Templates of a project, parsed. It never changes, and threads may share it.
#[derive(Debug)]
pub struct Renderer {
    pub(super) shared: Arc<Shared>,
    engine: Engine<'static>,
}

/// A template: one of the project's, by its name in the engine, or a text of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'text> {
    Named(&'text str),
    Own(&'text SourceFile),
}

/// The template of every generic test whose arguments are plain.
const PLAIN_TEST: &str = "generic";

impl Renderer {
    /// Parses all macros and all enabled nodes.
    ///
    /// # Errors
    /// Files that are no Jinja, and macros that are defined twice: one diagnostic each.
    pub fn new(project: Arc<Project>, environment: Arc<Environment>, options: Options) -> Result<Renderer> {
        Self::with(Shared::new(project, environment, options))
    }

    /// Every name that templates can call or read: macros, dbt's own names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = CONTEXT.iter().copied().chain(Verb::names()).map(|name| -> &str { name });
        self.shared.library.names().chain(own)
    }

    /// A renderer of the same project with other values of some variables, and macros that only return a value.
    ///
    /// # Errors
    /// As for [`Renderer::new`].
    pub fn overriding(
        &self,
        vars: &IndexMap<String, serde_json::Value>,
        env_vars: &IndexMap<String, String>,
        macros: &IndexMap<String, serde_json::Value>,
    ) -> Result<Renderer> {
        let mut project = Project::clone(&self.shared.project);
        project.vars.extend(vars.clone());
        let environment = Arc::new(self.shared.environment.with(env_vars));
        let mut shared = Shared::new(Arc::new(project), environment, self.shared.options.clone());
        shared.overridden = macros.iter().map(|(name, value)| (name.clone(), from_json(value))).collect();
        Self::with(shared)
    }

    fn with(mut shared: Shared) -> Result<Renderer> {
        let mut engine = engine();
        let mut faults = Diagnostics::default();
        let project = shared.project.clone();
        for file in builtin_files() {
            add_macros(&mut shared, BUILTIN, &file, &mut faults);
        }
        for file in &project.macros {
            add_macros(&mut shared, &project.name, file, &mut faults);
        }
        add_template(&mut engine, PLAIN_TEST, format!("{PRELUDE}{{{{ __cp_test() }}}}"))
            .map_err(|error| Error::call(error.to_string()))?;
        for node in project.nodes.values().filter(|node| node.kind != NodeKind::Seed && node.config.enabled()) {
            add_node(&mut shared, &mut engine, node, &mut faults);
        }
        shared.library.finish();
        let mut later = HashMap::new();
        for found in shared.library.iter() {
            let module = &found.definition.module;
            if found.is_builtin() {
                later.insert(found.id.clone(), module.text.clone());
            } else if let Err(error) = add_template(&mut engine, &found.id, module.text.clone()) {
                faults.push(unreadable(&error, &found.file, module));
            }
        }
        engine.set_loader(move |name| Ok(later.get(name).cloned()));
        faults.into_result()?;
        Ok(Renderer { shared: Arc::new(shared), engine })
    }

    /// Renders a text. `make` may be called twice: a rendering that has to ask, and did not seem to (`asks`), is made again
    /// with a door to whoever answers.
    pub(super) fn render(
        &self,
        text: Text<'_>,
        answering: Option<Answering<'_>>,
        asks: bool,
        make: &dyn Fn() -> Rendering,
    ) -> Result<(String, Noted)> {
        if !asks || answering.is_none() {
            let (result, noted) = self.attempt(text, make());
            match answering {
                Some(_) if noted.wants_answers => {}
                Some(answering) => {
                    noted.said.iter().for_each(|line| answering.introspect.say(line));
                    return Ok((result?, noted));
                }
                None => return Ok((result?, noted)),
            }
        }
        let Some(answering) = answering else { return Err(Error::call("there is no database to ask")) };
        let mut rendering = make();
        let work = |asks| {
            rendering.asks = asks;
            self.attempt(text, rendering)
        };
        let (result, noted) = answer_while(answering, work)?;
        Ok((result?, noted))
    }

    fn attempt(&self, text: Text<'_>, rendering: Rendering) -> (Result<String>, Noted) {
        let rendering = Arc::new(rendering);
        let context = Value::from_dyn_object(rendering.clone());
        let result = match text {
            Text::Named(name) => {
                let rendered = self.engine.get_template(name).and_then(|template| template.render(context));
                rendered.map_err(|error| self.failed(&error, &rendering, None))
            }
            Text::Own(file) => self.render_own(file, context, &rendering),
        };
        let mut noted = std::mem::take(&mut *rendering.noted());
        // Values may hold the rendering itself.
        noted.results.clear();
        noted.returned = None;
        (result, noted)
    }

    fn render_own(&self, file: &SourceFile, context: Value, rendering: &Rendering) -> Result<String> {
        let parsed = parse(file, PRELUDE).map_err(|error| unreadable(&error, file, &Draft::whole(&file.text)))?;
        if let Some(fault) = parsed.faults.into_iter().next() {
            return Err(fault.into());
        }
        let draft = parsed.body;
        let template = self.engine.template_from_named_str("text", &draft.text);
        let template = template.map_err(|error| unreadable(&error, file, &draft))?;
        let root = || Some(Root { file, draft: &draft });
        template.render(context).map_err(|error| self.failed(&error, rendering, root()))
    }

    fn failed(&self, error: &minijinja::Error, rendering: &Rendering, root: Option<Root<'_>>) -> Error {
        let fault = Error::from(diagnose(error, &self.shared, &rendering.subject, root));
        match from_database(error) {
            Some(asked) => fault.of(asked.kind()),
            None => fault,
        }
    }

    /// The template of a node, `None` for a seed.
    pub(super) fn template_of<'node>(&self, node: &'node Node) -> Option<&'node str> {
        match (&node.generic, node.kind) {
            (_, NodeKind::Seed) => None,
            (Some(_), _) if self.shared.nodes.get(&node.id).is_none_or(|text| text.draft.text.is_empty()) => {
                Some(PLAIN_TEST)
            }
            _ => Some(node.id.as_str()),
        }
    }

    /// A macro's text as its file has it, by its unique id (`macro.project.name`): what a fingerprint of the macros that a
    /// node calls is made of. `None` for an unknown id.
    pub fn macro_text(&self, id: &str) -> Option<&str> {
        let found = self.shared.library.iter().find(|found| found.id == id)?;
        found.file.text.get(found.definition.whole.clone())
    }

    /// A rendering of a subject.
    pub(super) fn rendering(&self, subject: Subject) -> Rendering {
        Rendering::new(self.shared.clone(), subject)
    }

    /// The project.
    pub(super) fn nodes(&self) -> &IndexMap<NodeId, Node> {
        &self.shared.project.nodes
    }
}

fn add_template(engine: &mut Engine<'static>, name: &str, text: String) -> Result<(), minijinja::Error> {
    engine.add_template_owned(name.to_string(), text)
}

fn add_macros(shared: &mut Shared, package: &str, file: &SourceFile, faults: &mut Diagnostics) {
    match parse(file, "") {
        Ok(parsed) => {
            faults.extend(parsed.faults);
            shared.library.add(package, file, parsed.definitions, faults);
        }
        Err(error) => faults.push(unreadable(&error, file, &Draft::whole(&file.text))),
    }
}

fn add_node(shared: &mut Shared, engine: &mut Engine<'static>, node: &Node, faults: &mut Diagnostics) {
    let (file, prelude) = match &node.generic {
        Some(test) => {
            let text = generic::template(test);
            if text == "{{ __cp_test() }}" {
                let mentions = generic::mentions(test);
                shared.nodes.insert(node.id.clone(), NodeText { draft: Draft::default(), mentions });
                return;
            }
            (SourceFile { path: node.file.path.clone(), text: text.into() }, PRELUDE)
        }
        None => (node.file.clone(), PRELUDE),
    };
    let parsed: Parsed = match parse(&file, prelude) {
        Ok(parsed) => parsed,
        Err(error) => return faults.push(in_node(node, unreadable(&error, &file, &Draft::whole(&file.text)))),
    };
    faults.extend(parsed.faults);
    for definition in &parsed.definitions {
        let message = format!("`{}` is defined in the file of a {}", definition.name, node.kind.as_str());
        let place = Place::new(file.path.clone(), file.text.clone(), definition.span.clone());
        faults.push(Diagnostic::error(message, place).help("move it to a file in `macros/`".to_string()));
    }
    if let Err(error) = add_template(engine, node.id.as_str(), parsed.body.text.clone()) {
        faults.push(in_node(node, unreadable(&error, &file, &parsed.body)));
    }
    let mut mentions = parsed.mentions;
    mentions.names.extend(node.generic.iter().flat_map(|test| generic::mentions(test).names));
    shared.nodes.insert(node.id.clone(), NodeText { draft: parsed.body, mentions });
}

/// A fault of a generic test is in the yml that declares it.
fn in_node(node: &Node, fault: Diagnostic) -> Diagnostic {
    match &node.generic {
        Some(test) => Diagnostic { place: Some(test.place.clone()), ..fault },
        None => fault,
    }
}
