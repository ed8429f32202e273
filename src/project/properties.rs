//! The yml beside models, seeds, sources and macros: what it says is put upon the nodes that files made.

use std::{collections::HashMap, ops::Range};

use indexmap::IndexMap;

use crate::dialect::Dialect;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Place;
use crate::error::Result;
use crate::error::suggestion;
use crate::name::NodeId;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Source;
use crate::project::SourceFile;
use crate::project::UnitTest;
use crate::project::columns;
use crate::project::config_block::read_config;
use crate::project::config_block::read_setting;
use crate::project::definition::Definition;
use crate::project::docs::DocsBlocks;
use crate::project::expand::expand_all;
use crate::project::expand::has_jinja;
use crate::project::files::Found;
use crate::project::generic_test::Tested;
use crate::project::generic_test::TestsOf;
use crate::project::keys;
use crate::project::keys::ConfigOf;
use crate::project::sources;
use crate::project::unit_test;
use crate::project::yaml;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// How texts of a yml are rendered.
pub(super) struct Texts<'a> {
    pub docs: &'a DocsBlocks,
    pub expand: &'a dyn Fn(&str) -> Result<String>,
    /// Whose quotes columns are put in.
    pub dialect: Dialect,
}

impl Texts<'_> {
    /// The `description` of an entry.
    pub fn describe(&self, yml: &mut YmlFile<'_>, node: &Yaml) -> String {
        let Some(text) = yml.text(node, "description") else { return String::new() };
        if !has_jinja(&text) {
            return text;
        }
        self.docs.describe(&text, self.expand).unwrap_or_else(|(message, help)| {
            let span = node.get("description").map_or(node.span.clone(), |value| value.span.clone());
            yml.fault(&span, message, help);
            text
        })
    }
}

/// What the yml files add to the nodes, as it is read.
pub(super) struct Properties<'a> {
    pub definition: &'a Definition,
    pub texts: Texts<'a>,
    /// Models, seeds and singular tests.
    pub nodes: &'a mut IndexMap<NodeId, Node>,
    pub sources: IndexMap<NodeId, Source>,
    pub tests: Vec<Node>,
    /// Unit tests, to be read when all that they may name is known.
    unit_tests: Vec<(SourceFile, Yaml)>,
    /// Names of macros that the project's files define.
    pub macros: Vec<String>,
    pub faults: &'a mut Diagnostics,
    /// Where a yml first names a node.
    declared: HashMap<NodeId, Place>,
}

impl<'a> Properties<'a> {
    pub fn new(
        definition: &'a Definition,
        texts: Texts<'a>,
        nodes: &'a mut IndexMap<NodeId, Node>,
        macros: Vec<String>,
        faults: &'a mut Diagnostics,
    ) -> Self {
        let (sources, declared) = (IndexMap::new(), HashMap::new());
        let (tests, unit_tests) = (Vec::new(), Vec::new());
        Self { definition, texts, nodes, sources, tests, unit_tests, macros, faults, declared }
    }

    /// Reads one file.
    pub fn read(&mut self, found: &Found, file: &SourceFile) {
        let mut root = match yaml::parse(file) {
            Ok(root) => root,
            Err(fault) => return self.faults.push(*fault),
        };
        expand_all(&mut root, file, self.faults, self.texts.expand, &is_rendered_later);
        let mut yml = YmlFile { source: file, faults: self.faults };
        if !yml.is_map(&root, &format!("`{}`", file.path.display())) {
            return;
        }
        yml.check_keys(&root, keys::PROPERTIES, "a yml file");
        if let Some(version) = yml.text(&root, "version").filter(|version| version != "2") {
            let span = root.get("version").map_or(0..0, |value| value.span.clone());
            yml.fault(&span, format!("`version` is `{version}`, and only 2 is known"), None);
        }
        for (key, what) in [
            ("snapshots", "snapshots are not run yet"),
            ("metrics", "metrics are not used here"),
            ("semantic_models", "semantic models are not used here"),
            ("saved_queries", "saved queries are not used here"),
            ("functions", "functions are not made here"),
        ] {
            if let Some(entry) = root.entries().iter().find(|entry| entry.key == key && !entry.value.items().is_empty())
            {
                yml.warn(&entry.key_span, what, None);
            }
        }
        let units = yml.list(&root, "unit_tests").iter().map(|entry| (file.clone(), entry.clone()));
        self.unit_tests.extend(units);
        read_macros(&mut yml, &root, &self.macros);
        read_exposures(&mut yml, &root);
        self.read_nodes(found, file, &root);
        sources::read(self, found, file, &root);
    }

    /// Reads the unit tests; called when all files are read.
    pub fn unit_tests(&mut self, fixtures: &[SourceFile]) -> Vec<UnitTest> {
        let project = &self.definition.name;
        let names = unit_test::Names { project, nodes: &*self.nodes, sources: &self.sources, fixtures };
        let mut tests: Vec<UnitTest> = Vec::new();
        for (file, entry) in &self.unit_tests {
            let mut yml = YmlFile { source: file, faults: &mut *self.faults };
            let Some(test) = unit_test::read(&mut yml, entry, &names) else { continue };
            match tests.iter().find(|other| (&other.name, &other.model) == (&test.name, &test.model)) {
                Some(first) => self.faults.push(twice("unit tests", &test.name, &first.place, test.place)),
                None => tests.push(test),
            }
        }
        tests
    }

    fn read_nodes(&mut self, found: &Found, file: &SourceFile, root: &Yaml) {
        let sections = [
            ("models", NodeKind::Model, keys::MODEL, ConfigOf::Model),
            ("seeds", NodeKind::Seed, keys::SEED, ConfigOf::Seed),
            ("data_tests", NodeKind::Test, keys::SINGULAR_TEST, ConfigOf::Test),
            ("tests", NodeKind::Test, keys::SINGULAR_TEST, ConfigOf::Test),
        ];
        for (section, kind, keys, of) in sections {
            let entries = YmlFile { source: file, faults: self.faults }.list(root, section);
            for entry in entries {
                self.read_node(found, file, entry, kind, keys, of);
            }
        }
    }

    fn read_node(
        &mut self,
        found: &Found,
        file: &SourceFile,
        entry: &Yaml,
        kind: NodeKind,
        keys: &[&str],
        of: ConfigOf,
    ) {
        let yml = &mut YmlFile { source: file, faults: self.faults };
        let word = kind.as_str();
        let Some((name, span)) = yml.name(entry, &format!("a {word}")) else { return };
        yml.check_keys(entry, keys, &format!("{word} `{name}`"));
        if let Some(versions) = entry.get("versions").filter(|versions| !versions.items().is_empty()) {
            yml.fault(&versions.span, format!("model `{name}` has versions, which are not supported"), None);
        }
        let id = NodeId::new(word, &self.definition.name, &name);
        let Some(node) = self.nodes.get_mut(&id) else {
            return tell_unknown(yml, self.nodes, &self.definition.name, kind, &name, &span);
        };
        let place = yml.place(&span);
        if let Some(first) = self.declared.get(&id) {
            let help = format!("the first is at {first}; keep one of them");
            return yml.fault(&span, format!("{word} `{name}` is described twice"), help);
        }
        self.declared.insert(id.clone(), place.clone());
        let mut config = NodeConfig::default();
        read_old_settings(yml, entry, of, &mut config);
        if let Some(block) = entry.get("config") {
            read_config(yml, block, of, &mut config);
        }
        if config.get("contract").and_then(|contract| contract.get("enforced")) == Some(&true.into()) {
            yml.warn(&span, format!("the contract of `{name}` is not enforced here"), None);
        }
        yml.list(entry, "constraints");
        node.config.merge(&config);
        node.description = self.texts.describe(yml, entry);
        node.declared = Some(place);
        if kind != NodeKind::Test {
            let tested = Tested { id: &id, name: &name, source: None, enabled: node.config.enabled() };
            let of = TestsOf {
                project: &self.definition.name,
                tree: &self.definition.tests,
                found,
                expand: self.texts.expand,
                dialect: self.texts.dialect,
            };
            node.columns = columns::read(yml, entry, &of, &tested, &self.texts, &mut self.tests);
        }
    }
}

/// Settings that stand beside `config`, as older projects write them; `config` comes over them.
pub(super) fn read_old_settings(yml: &mut YmlFile<'_>, entry: &Yaml, of: ConfigOf, config: &mut NodeConfig) {
    const OLD: &[&str] = &[
        "meta",
        "tags",
        "docs",
        "group",
        "access",
        "contract",
        "enabled",
        "freshness",
        "loaded_at_field",
        "loaded_at_query",
        "loader",
        "quoting",
        "external",
    ];
    for setting in entry.entries().iter().filter(|setting| OLD.contains(&setting.key.as_str())) {
        read_setting(yml, setting, &setting.key, of, config);
    }
}

/// A yml names what no file makes: dbt warns, and so do we.
fn tell_unknown(
    yml: &mut YmlFile<'_>,
    nodes: &IndexMap<NodeId, Node>,
    project: &str,
    kind: NodeKind,
    name: &str,
    span: &Range<usize>,
) {
    let other = [NodeKind::Model, NodeKind::Seed]
        .into_iter()
        .find(|other| *other != kind && nodes.contains_key(NodeId::new(other.as_str(), project, name).as_str()));
    if let Some(other) = other {
        let help = format!("describe it under `{}s:`", other.as_str());
        return yml.fault(span, format!("`{name}` is a {}, not a {}", other.as_str(), kind.as_str()), help);
    }
    let names = nodes.values().filter(|node| node.kind == kind).map(|node| node.name.as_str());
    let help = suggestion(name, names);
    yml.warn(span, format!("{} `{name}` is described, and no file makes it", kind.as_str()), help);
}

/// Which texts are rendered when they are used: descriptions, tests, hooks.
fn is_rendered_later(path: &[&str]) -> bool {
    const SKIPPED: &[&str] =
        &["description", "tests", "data_tests", "pre-hook", "post-hook", "pre_hook", "post_hook", "sql_header"];
    const UNUSED: &[&str] = &[
        "unit_tests",
        "exposures",
        "snapshots",
        "metrics",
        "semantic_models",
        "saved_queries",
        "analyses",
        "functions",
        "groups",
        "anchors",
    ];
    match path {
        // Singular tests have these keys at the top.
        ["data_tests" | "tests"] => false,
        [first] => UNUSED.contains(first),
        [.., last] => SKIPPED.contains(last),
        [] => false,
    }
}

fn read_macros(yml: &mut YmlFile<'_>, root: &Yaml, names: &[String]) {
    for entry in yml.list(root, "macros") {
        let Some((name, span)) = yml.name(entry, "a macro") else { continue };
        yml.check_keys(entry, keys::MACRO, &format!("macro `{name}`"));
        for argument in yml.list(entry, "arguments") {
            if yml.name(argument, "an argument").is_some() {
                yml.check_keys(argument, keys::MACRO_ARGUMENT, "an argument");
            }
        }
        if !names.contains(&name) {
            let help = suggestion(&name, names.iter().map(String::as_str));
            yml.warn(&span, format!("macro `{name}` is described, and no file defines it"), help);
        }
    }
}

fn read_exposures(yml: &mut YmlFile<'_>, root: &Yaml) {
    for entry in yml.list(root, "exposures") {
        if let Some((name, _)) = yml.name(entry, "an exposure") {
            yml.check_keys(entry, keys::EXPOSURE, &format!("exposure `{name}`"));
        }
    }
}

/// A fault of two things that bear one name, at the second's place.
pub(super) fn twice(what: &str, name: &str, first: &Place, second: Place) -> Diagnostic {
    Diagnostic::error(format!("two {what} are named `{name}`"), second).help(format!("the first is at {first}"))
}
