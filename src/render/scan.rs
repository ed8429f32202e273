//! The scan: every enabled node rendered without a database, for its settings, its references and its place.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::IndexMap;
use minijinja::Value;

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Node;
use crate::project::NodeKind;
use crate::render::Renderer;
use crate::render::Scan;
use crate::render::Scanned;
use crate::render::mentions::Mentions;
use crate::render::renderer::Text;
use crate::render::rendering::Noted;
use crate::render::rendering::Subject;
use crate::render::settings;
use crate::render::shared::Shared;
use crate::render::values::from_json;

/// A node's scan with the faults that did not stop it.
type Found = Result<(Scan, Vec<Diagnostic>)>;

/// Names whose value can change though no file does.
const ASKING: &[&str] = &[
    "execute",
    "run_query",
    "statement",
    "load_result",
    "graph",
    "run_started_at",
    "invocation_id",
    "selected_resources",
    "adapter.get_columns_in_relation",
    "adapter.get_missing_columns",
    "adapter.get_relation",
    "adapter.load_relation",
    "adapter.check_schema_exists",
    "adapter.list_relations",
    "adapter.list_schemas",
    "adapter.execute",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
];

/// Whether what mentions these names asks the database, or for what changes from run to run.
fn asks(mentions: &Mentions) -> bool {
    ASKING.iter().any(|name| mentions.names.contains(*name))
}

impl Renderer {
    /// Renders all enabled nodes with `execute` false, and resolves what they refer to.
    ///
    /// # Errors
    /// Everything that is wrong with the project's templates and names, as diagnostics in their files.
    pub fn scan(&self) -> Result<Scanned> {
        let mut faults = Diagnostics::default();
        let mut scanned = Scanned::default();
        let mut broken = HashSet::new();
        for source in self.shared.project.sources.values().filter(|source| source.config.enabled()) {
            scanned.sources.insert(source.id.clone(), self.shared.source_relation(source));
        }
        for (node, result) in self.scan_all()? {
            match result {
                Ok((scan, found)) => {
                    faults.extend(found);
                    if scan.config.enabled() {
                        scanned.nodes.insert(node.id.clone(), scan);
                    }
                }
                Err(error) if error.diagnostics().is_empty() => return Err(error),
                Err(error) => {
                    faults.extend(error.diagnostics().iter().cloned());
                    broken.insert(&node.id);
                }
            }
        }
        self.check_disabled(&mut scanned, &broken, &mut faults);
        check_places(&scanned, self.nodes(), &mut faults);
        scanned.warnings = faults.into_result()?;
        Ok(scanned)
    }

    /// Scans on all cores; the results are in the order of the project.
    fn scan_all(&self) -> Result<Vec<(&Node, Found)>> {
        let nodes: Vec<&Node> = self.nodes().values().filter(|node| node.config.enabled()).collect();
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(nodes.len() / 16 + 1);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(node) = nodes.get(at) else { return found };
                found.push((at, self.scan_node(node)));
            }
        };
        let mut results = std::thread::scope(|scope| {
            // Where there can be no more threads, this one does the work.
            let others: Vec<_> =
                (1..workers).filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
            let mut results = work();
            for other in others {
                results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            results
        });
        results.sort_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(at, result)| (nodes[at], result)).collect())
    }

    fn scan_node(&self, node: &Node) -> Found {
        let mut faults = Vec::new();
        let subject = Subject { node: Some(node.id.clone()), config: node.config.clone(), ..Subject::default() };
        let mut noted = Noted::default();
        if let Some(template) = self.template_of(node) {
            noted = self.render(Text::Named(template), None, false, &|| self.rendering(subject.clone()))?.1;
        }
        let config = settings::merged(Some(node), &node.config, &noted.config);
        if !config.enabled() {
            let scan =
                Scan { config, references: Vec::new(), macros: BTreeSet::new(), introspects: false, relation: None };
            return Ok((scan, faults));
        }
        let subject = Subject { config: config.clone(), ..subject };
        for hook in ["pre_hook", "post_hook"].iter().flat_map(|name| config.hooks(name)) {
            let (_, more) = self.render_hook(node, &hook, None, false, &|| self.rendering(subject.clone()))?;
            for reference in more.references {
                if !noted.references.iter().any(|known| known.id == reference.id) {
                    noted.references.push(reference);
                }
            }
            noted.faults.extend(more.faults);
            noted.macros.extend(&more.macros);
            noted.introspects |= more.introspects;
        }
        faults.extend(std::mem::take(&mut noted.faults));
        faults.extend(settings::faults(&self.shared, node, &noted.config, &config));
        let relation = match Shared::has_relation(node.kind, &config) {
            true => Some(self.place(node, &subject)?),
            false => None,
        };
        let mentions = self.shared.nodes.get(&node.id).map(|text| &text.mentions);
        let reached: Vec<_> = mentions.map(|mentions| self.shared.library.reached(mentions)).unwrap_or_default();
        let introspects = noted.introspects
            || mentions.is_some_and(asks)
            || reached.iter().any(|found| asks(&found.definition.mentions));
        let mut macros = noted.macro_ids(&self.shared);
        macros.extend(reached.iter().map(|found| found.id.clone()));
        Ok((Scan { config, references: noted.references, macros, introspects, relation }, faults))
    }

    /// Where a node goes: by dbt's rules, or by the project's own `generate_schema_name` and `generate_alias_name`.
    fn place(&self, node: &Node, subject: &Subject) -> Result<Relation> {
        let config = match node.kind {
            NodeKind::Test => Shared::test_schema(&subject.config),
            _ => subject.config.clone(),
        };
        let mut relation = self.shared.default_relation(&config, &node.name);
        for (name, setting) in [("generate_schema_name", "schema"), ("generate_alias_name", "alias")] {
            if !self.is_overridden(name) {
                continue;
            }
            let custom = config.get(setting).map_or(Value::from(()), from_json);
            let text = crate::project::SourceFile {
                path: node.file.path.clone(),
                text: format!("{{{{ {name}(__cp_custom, model) }}}}").into(),
            };
            let make = || {
                let mut rendering = self.rendering(Subject { this: Some(relation.clone()), ..subject.clone() });
                rendering.given.push(("__cp_custom", custom.clone()));
                rendering
            };
            let made = self.render(Text::Own(&text), None, false, &make)?.0.trim().to_string();
            match setting {
                "schema" => relation.schema = made,
                _ => relation.name = made,
            }
        }
        Ok(relation)
    }

    fn is_overridden(&self, name: &str) -> bool {
        let library = &self.shared.library;
        let implementation = library.dispatch(name).ok();
        library.own(name).is_some() || implementation.is_some_and(|found| !found.is_builtin())
    }

    /// What refers to a disabled node is at fault; a test that does is left out, as dbt leaves it out. Of a node that is
    /// `broken` the fault is told already, and nobody knows whether it is disabled.
    fn check_disabled(&self, scanned: &mut Scanned, broken: &HashSet<&NodeId>, faults: &mut Diagnostics) {
        let mut left_out = Vec::new();
        for (id, scan) in &scanned.nodes {
            let Some(node) = self.nodes().get(id) else { continue };
            for reference in &scan.references {
                let known = scanned.nodes.contains_key(&reference.id) || scanned.sources.contains_key(&reference.id);
                if known || broken.contains(&reference.id) {
                    continue;
                }
                let name = self.shown(&reference.id);
                let message = format!("{} `{}` refers to {name}, which is disabled", node.kind.as_str(), node.name);
                if node.kind == NodeKind::Test {
                    left_out.push(id.clone());
                    let tested = node.generic.as_ref().is_some_and(|test| test.on == reference.id);
                    if !tested {
                        let help = "the test is left out".to_string();
                        faults.push(Diagnostic::warning(message, reference.place.clone()).help(help));
                    }
                    break;
                }
                let help = format!("enable {name}, or take this reference out");
                faults.push(Diagnostic::error(message, reference.place.clone()).help(help));
            }
        }
        for id in left_out {
            scanned.nodes.shift_remove(&id);
        }
    }

    fn shown(&self, id: &NodeId) -> String {
        match (self.nodes().get(id), self.shared.project.sources.get(id)) {
            (Some(node), _) => format!("`{}`", node.name),
            (None, Some(source)) => format!("source `{}.{}`", source.source_name, source.name),
            (None, None) => format!("`{id}`"),
        }
    }
}

/// Two nodes that would build the same table or view.
fn check_places(scanned: &Scanned, nodes: &IndexMap<NodeId, Node>, faults: &mut Diagnostics) {
    let mut taken: IndexMap<String, &NodeId> = IndexMap::new();
    for (id, scan) in &scanned.nodes {
        let (Some(relation), Some(node)) = (&scan.relation, nodes.get(id)) else { continue };
        if let Some(first) = taken.insert(relation.to_string().to_lowercase(), id).and_then(|first| nodes.get(first)) {
            let message = format!(
                "{} `{}` would be built at {relation}, where `{}` is",
                node.kind.as_str(),
                node.name,
                first.name
            );
            let place = crate::error::Place::new(node.file.path.clone(), node.file.text.clone(), 0..0);
            let help = "give one of them another `alias` or `schema`".to_string();
            faults.push(Diagnostic::error(message, place).help(help));
        }
    }
}
