//! The renderer: made once from a project, then used from many threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use indexmap::IndexMap;
use minijinja::{Environment as Engine, Value};

use crate::config::Environment;
use crate::error::{Diagnostic, Diagnostics, Error, Result};
use crate::name::NodeId;
use crate::project::{Node, NodeKind, Project, SourceFile};
use crate::render::Introspect;
use crate::render::builtins::engine;
use crate::render::definitions::{Parsed, parse};
use crate::render::draft::Draft;
use crate::render::fault::{Root, diagnose, from_database};
use crate::render::generic;
use crate::render::library::{BUILTIN, builtin_files};
use crate::render::rendering::{Answer, Asks, Message, Noted, PRELUDE, Question, Rendering, Subject};
use crate::render::shared::{NodeText, Shared};
use crate::render::syntax::unreadable;

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
/// Macros may nest deeply, so a rendering on a thread of its own gets room.
const STACK_BYTES: usize = 16 << 20;

impl Renderer {
    /// Parses all macros and all enabled nodes.
    ///
    /// # Errors
    /// Files that are no Jinja, and macros that are defined twice: one diagnostic each.
    pub fn new(project: Arc<Project>, environment: Arc<Environment>, options: Options) -> Result<Renderer> {
        let mut engine = engine();
        let mut faults = Diagnostics::default();
        let mut shared = Shared::new(project.clone(), environment, options);
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

    /// The text of a macro, by its id as in [`crate::render::Scan::macros`].
    pub fn macro_text(&self, id: &str) -> Option<&str> {
        self.shared.library.iter().find(|found| found.id == id).map(|found| found.definition.module.text.as_str())
    }

    /// Renders a text. `make` may be called more than once: a rendering that has to ask is made again with a door to the
    /// database, on a thread of its own, while this one answers.
    pub(super) fn render(
        &self,
        text: Text<'_>,
        introspect: Option<&dyn Introspect>,
        asks: bool,
        make: &(dyn Fn(bool) -> Rendering + Sync),
    ) -> Result<(String, Noted)> {
        let mut wants_graph = false;
        if !asks || introspect.is_none() {
            let (result, noted) = self.attempt(text, make(false));
            wants_graph = noted.wants_graph;
            let again = noted.wants_database || noted.wants_graph;
            if !again || introspect.is_none() {
                if let Some(introspect) = introspect {
                    noted.said.iter().for_each(|line| introspect.say(line));
                }
                return Ok((result?, noted));
            }
        }
        let Some(introspect) = introspect else { return Err(Error::call("there is no database to ask")) };
        let (result, noted) = self.attempt_with_door(text, make(wants_graph), introspect);
        if noted.wants_graph && !wants_graph {
            let (result, noted) = self.attempt_with_door(text, make(true), introspect);
            return Ok((result?, noted));
        }
        Ok((result?, noted))
    }

    fn attempt_with_door(
        &self,
        text: Text<'_>,
        mut rendering: Rendering,
        introspect: &dyn Introspect,
    ) -> (Result<String>, Noted) {
        let (door, questions) = channel();
        rendering.asks = Asks::Door(door.clone());
        let end = End(door);
        std::thread::scope(|scope| {
            let work = move || {
                let _end = end;
                self.attempt(text, rendering)
            };
            let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            let worker = match worker {
                Ok(worker) => worker,
                Err(error) => return (Err(Error::call("cannot start a thread").because(error)), Noted::default()),
            };
            for message in questions.iter().map_while(|message: Option<Message>| message) {
                // Whoever asked may be gone; that is no concern of the answer.
                let _ = message.reply.send(answer(introspect, message.question));
            }
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
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
            (Some(_), _) if !self.shared.nodes.get(&node.id).is_some_and(|text| !text.draft.text.is_empty()) => {
                Some(PLAIN_TEST)
            }
            _ => Some(node.id.as_str()),
        }
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

/// Tells the answering side that the rendering is over, however it ended.
struct End(Sender<Option<Message>>);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.send(None);
    }
}

fn answer(introspect: &dyn Introspect, question: Question) -> Result<Answer> {
    Ok(match question {
        Question::KindOf(relation) => Answer::Kind(introspect.kind_of(&relation)?),
        Question::ColumnsOf(relation) => Answer::Columns(introspect.columns_of(&relation)?),
        Question::Query(sql) => Answer::Rows(introspect.query(&sql)?),
        Question::Say(text) => {
            introspect.say(&text);
            Answer::Said
        }
    })
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
    shared.library.add_local(&node.id, &file, parsed.definitions, faults);
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
