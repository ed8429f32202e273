//! Compiling: one node's SQL, with what it stands on in front of it.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Materialization;
use crate::project::Node;
use crate::project::SourceFile;
use crate::render::Compiled;
use crate::render::Introspect;
use crate::render::Mode;
use crate::render::Renderer;
use crate::render::Scan;
use crate::render::Scanned;
use crate::render::door::Answering;
use crate::render::facts;
use crate::render::references::cte_name;
use crate::render::renderer::Text;
use crate::render::rendering::Names;
use crate::render::rendering::Noted;
use crate::render::rendering::Rendering;
use crate::render::rendering::Subject;
use crate::render::rendering::Target;
use crate::render::with_clause::put_before;

/// Ephemeral models on the way: their text so far, and those that are being rendered.
struct Parents<'call> {
    scanned: &'call Scanned,
    answering: Answering<'call>,
    execute: bool,
    done: IndexMap<NodeId, (String, String)>,
    under_way: Vec<NodeId>,
    macros: BTreeSet<String>,
}

impl Renderer {
    /// Renders one node and its hooks.
    ///
    /// # Errors
    /// A fault in a template, or what the database says to its questions.
    pub fn compile(&self, scanned: &Scanned, id: &NodeId, introspect: &dyn Introspect, mode: Mode) -> Result<Compiled> {
        let (node, scan) = self.find(scanned, id)?;
        let graph = || facts::graph(&self.shared, scanned);
        let answering = Answering { introspect, graph: &graph };
        let (text, noted) = self.text_of(scanned, node, scan, answering, mode)?;
        let mut parents = Parents::new(scanned, answering, mode.execute);
        parents.macros.extend(noted.macro_ids(&self.shared));
        self.stand_on(&noted.ephemeral, &mut parents)?;
        let sql = put_before(&text, &parents.expressions());
        let mut macros = parents.macros;
        let mut hooks = |name: &str| -> Result<Vec<String>> {
            let mut texts = Vec::new();
            for hook in scan.config.hooks(name) {
                let make = || self.rendering_of(scanned, node, scan, mode);
                let (text, noted) = self.render_hook(node, &hook, Some(answering), scan.introspects, &make)?;
                macros.extend(noted.macro_ids(&self.shared));
                texts.extend((!text.trim().is_empty()).then_some(text));
            }
            Ok(texts)
        };
        let (pre_hooks, post_hooks) = (hooks("pre_hook")?, hooks("post_hook")?);
        Ok(Compiled { id: id.clone(), sql, pre_hooks, post_hooks, macros })
    }

    /// Renders a text that is in no file of the project: a hook of the run, a query of the command line. `name` stands for
    /// the file in messages.
    ///
    /// # Errors
    /// As for [`Renderer::compile`].
    pub fn compile_text(
        &self,
        scanned: &Scanned,
        name: &str,
        text: &str,
        introspect: &dyn Introspect,
        this: Option<&Relation>,
    ) -> Result<String> {
        let make = || {
            let mut rendering = self.rendering(Subject { this: this.cloned(), ..Subject::default() });
            let nodes = scanned.nodes.keys().chain(scanned.sources.keys());
            rendering.names =
                Names::All(nodes.filter_map(|id| Some((id.clone(), self.target(scanned, id)?))).collect());
            rendering.execute = true;
            rendering
        };
        let file = SourceFile { path: name.into(), text: text.into() };
        let graph = || facts::graph(&self.shared, scanned);
        let answering = Answering { introspect, graph: &graph };
        let (text, noted) = self.render(Text::Own(&file), Some(answering), false, &make)?;
        let mut parents = Parents::new(scanned, answering, true);
        self.stand_on(&noted.ephemeral, &mut parents)?;
        Ok(put_before(&text, &parents.expressions()))
    }

    fn find<'found>(&'found self, scanned: &'found Scanned, id: &NodeId) -> Result<(&'found Node, &'found Scan)> {
        self.nodes().get(id).zip(scanned.nodes.get(id)).ok_or_else(|| {
            let error = Error::call(format!("there is no enabled node `{id}`"));
            match suggestion(id.as_str(), scanned.nodes.keys().map(NodeId::as_str)) {
                Some(help) => error.help(help),
                None => error,
            }
        })
    }

    fn text_of(
        &self,
        scanned: &Scanned,
        node: &Node,
        scan: &Scan,
        answering: Answering<'_>,
        mode: Mode,
    ) -> Result<(String, Noted)> {
        let Some(template) = self.template_of(node) else { return Ok((String::new(), Noted::default())) };
        let make = || self.rendering_of(scanned, node, scan, mode);
        self.render(Text::Named(template), Some(answering), scan.introspects && mode.execute, &make)
    }

    fn rendering_of(&self, scanned: &Scanned, node: &Node, scan: &Scan, mode: Mode) -> Rendering {
        let depends_on: Vec<NodeId> = scan.references.iter().map(|reference| reference.id.clone()).collect();
        let known: HashMap<NodeId, Target> =
            depends_on.iter().filter_map(|id| Some((id.clone(), self.target(scanned, id)?))).collect();
        let this = scan.relation.clone().unwrap_or_else(|| self.shared.default_relation(&scan.config, &node.name));
        let subject =
            Subject { node: Some(node.id.clone()), config: scan.config.clone(), this: Some(this), depends_on };
        let mut rendering = self.rendering(subject);
        rendering.names = Names::Known(known);
        rendering.execute = mode.execute;
        rendering.incremental = mode.incremental;
        rendering
    }

    /// Where a node or a source is.
    fn target(&self, scanned: &Scanned, id: &NodeId) -> Option<Target> {
        if let Some(relation) = scanned.sources.get(id) {
            return Some(Target { relation: relation.clone(), ephemeral: false });
        }
        let (scan, node) = (scanned.nodes.get(id)?, self.nodes().get(id)?);
        Some(Target {
            relation: scan.relation.clone().unwrap_or_else(|| self.shared.default_relation(&scan.config, &node.name)),
            ephemeral: scan.config.materialization() == Ok(Materialization::Ephemeral),
        })
    }

    /// Renders ephemeral models and those that they stand on, each once, in the order they are needed.
    fn stand_on(&self, models: &[NodeId], parents: &mut Parents<'_>) -> Result<()> {
        for id in models {
            if parents.done.contains_key(id) {
                continue;
            }
            if parents.under_way.contains(id) {
                let names: Vec<&str> = parents.under_way.iter().map(NodeId::as_str).collect();
                return Err(Error::call(format!("ephemeral models stand on each other: {} → {id}", names.join(" → "))));
            }
            let (node, scan) = self.find(parents.scanned, id)?;
            let mode = Mode { execute: parents.execute, incremental: false };
            let (text, noted) = self.text_of(parents.scanned, node, scan, parents.answering, mode)?;
            parents.macros.extend(noted.macro_ids(&self.shared));
            parents.under_way.push(id.clone());
            self.stand_on(&noted.ephemeral, parents)?;
            parents.under_way.pop();
            let text = text.trim().trim_end_matches(';').to_string();
            parents.done.insert(id.clone(), (cte_name(&node.name), text));
        }
        Ok(())
    }

    /// Renders a hook of a node; a fault in it is told with the hook's text.
    pub(super) fn render_hook(
        &self,
        node: &Node,
        hook: &str,
        answering: Option<Answering<'_>>,
        asks: bool,
        make: &dyn Fn() -> Rendering,
    ) -> Result<(String, Noted)> {
        let file = SourceFile { path: format!("hook of {}", node.name).into(), text: hook.into() };
        self.render(Text::Own(&file), answering, asks, make)
    }
}

impl<'call> Parents<'call> {
    fn new(scanned: &'call Scanned, answering: Answering<'call>, execute: bool) -> Self {
        let (done, under_way, macros) = (IndexMap::new(), Vec::new(), BTreeSet::new());
        Self { scanned, answering, execute, done, under_way, macros }
    }

    fn expressions(&self) -> Vec<(String, String)> {
        self.done.values().cloned().collect()
    }
}
