//! Reading a whole project folder: `dbt_project.yml`, the profile, the files, and the yml beside them.

use std::{collections::HashMap, path::Path};

use indexmap::IndexMap;
use serde_json::json;

use crate::config::Environment;
use crate::config::Flags;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::Expand;
use crate::project::Known;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::SourceFile;
use crate::project::command_line_vars;
use crate::project::config_block::ConfigTree;
use crate::project::config_block::prefixes;
use crate::project::definition;
use crate::project::definition::Definition;
use crate::project::definition::read_file;
use crate::project::docs::DocsBlocks;
use crate::project::expand::expand_all;
use crate::project::files;
use crate::project::files::Found;
use crate::project::profile;
use crate::project::properties::Properties;
use crate::project::properties::Texts;
use crate::project::properties::twice;
use crate::project::yml_file::YmlFile;
use crate::project::yml_file::place;

/// Reads the project in `root`, an absolute path. `expand` renders yml texts that hold Jinja.
///
/// # Errors
/// All faults of all files together, as one error with their diagnostics; what stops nothing is in
/// [`Project::warnings`].
pub fn load(root: &Path, flags: &Flags, environment: &Environment, expand: &Expand<'_>) -> Result<Project> {
    let mut faults = Diagnostics::default();
    let flag_vars = command_line_vars(flags.vars.as_deref())?;
    let (file, mut node) = definition::read_yaml(root)?;

    let without_target = |text: &str| expand(text, Known { vars: &flag_vars, target: None });
    let name = match node.get("profile").and_then(|profile| profile.text()) {
        Some(name) => without_target(name)?,
        None => return Err(no_profile(&file)),
    };
    let profile = profile::load(root, flags, environment, &name, &without_target, &mut faults)?;

    let with_target = |text: &str| expand(text, Known { vars: &flag_vars, target: Some(&profile) });
    expand_all(&mut node, &file, &mut faults, &with_target, &definition::renders_late);
    let definition = definition::read(file, &node, &mut faults);
    // Folders that are not told rightly hold no files to judge.
    let warnings = faults.into_result()?;
    let mut faults = Diagnostics::default();
    faults.extend(warnings);
    let mut vars = definition.vars.clone();
    vars.extend(flag_vars.clone());

    let mut parts = Parts::read(root, &definition, &mut faults)?;
    let with_all = |text: &str| expand(text, Known { vars: &vars, target: Some(&profile) });
    let texts = Texts { docs: &parts.docs, expand: &with_all, dialect: profile.dialect };
    let names = parts.macros.iter().flat_map(|file| macro_names(&file.text)).collect();
    let mut properties = Properties::new(&definition, texts, &mut parts.nodes, names, &mut faults);
    for (found, file) in &parts.yml {
        properties.read(found, file);
    }
    let unit_tests = properties.unit_tests(&parts.fixtures);
    let (sources, tests) = (properties.sources, properties.tests);
    put_tests(&mut parts.nodes, tests, &mut faults);
    warn_of_unused(&definition, &parts.nodes, sources.values().map(|source| source.fqn.as_slice()), &mut faults);
    Ok(Project {
        root: root.to_path_buf(),
        target_path: definition.target_path,
        clean_targets: definition.clean_targets,
        nodes: parts.nodes,
        sources,
        unit_tests,
        macros: parts.macros,
        docs: parts.docs.into_texts(),
        vars,
        on_run_start: definition.on_run_start,
        on_run_end: definition.on_run_end,
        profile,
        warnings: faults.into_result()?,
        name: definition.name,
    })
}

fn no_profile(file: &SourceFile) -> Error {
    Diagnostic::error("`dbt_project.yml` names no `profile`", place(file, 0..0))
        .help("add `profile:` with the name of a profile in `profiles.yml`".to_string())
        .into()
}

/// What the files hold, before any yml is put upon it.
struct Parts {
    nodes: IndexMap<NodeId, Node>,
    macros: Vec<SourceFile>,
    /// Rows for unit tests.
    fixtures: Vec<SourceFile>,
    docs: DocsBlocks,
    yml: Vec<(Found, SourceFile)>,
}

impl Parts {
    fn read(root: &Path, definition: &Definition, faults: &mut Diagnostics) -> Result<Self> {
        let mut nodes = IndexMap::new();
        let mut names = HashMap::new();
        for found in files::find(root, &definition.model_paths, &["sql", "py"])? {
            let file = read_file(root, &found.path)?;
            if found.path.extension().is_some_and(|extension| extension == "py") {
                let message = format!("model `{}` is written in Python, which cannot be run here", found.stem());
                faults.push(Diagnostic::error(message, place(&file, 0..0)).help("write it in SQL".to_string()));
                continue;
            }
            let node = node(definition, &found, file, NodeKind::Model, &definition.models);
            put(&mut nodes, &mut names, node, faults);
        }
        for found in files::find(root, &definition.seed_paths, &["csv"])? {
            let file = read_file(root, &found.path)?;
            put(&mut nodes, &mut names, node(definition, &found, file, NodeKind::Seed, &definition.seeds), faults);
        }
        let mut macros = Vec::new();
        for found in files::find(root, &definition.macro_paths, &["sql"])? {
            macros.push(read_file(root, &found.path)?);
        }
        let mut fixtures = Vec::new();
        for found in files::find(root, &definition.test_paths, &["sql", "csv"])? {
            let first = found.inside.components().next().map(|part| part.as_os_str().to_os_string());
            let folder = first.filter(|_| found.inside.components().count() > 1).unwrap_or_default();
            let file = read_file(root, &found.path)?;
            let is_sql = found.path.extension().is_some_and(|extension| extension == "sql");
            if folder == "fixtures" {
                fixtures.push(file);
            } else if folder == "generic" && is_sql {
                macros.push(file);
            } else if is_sql {
                put(&mut nodes, &mut names, node(definition, &found, file, NodeKind::Test, &definition.tests), faults);
            }
        }
        for found in files::find(root, &definition.snapshot_paths, &["sql"])? {
            let file = read_file(root, &found.path)?;
            faults.push(Diagnostic::warning("snapshots are not run yet", place(&file, 0..0)));
        }
        let (docs, yml) = read_beside(root, definition, faults)?;
        Ok(Self { nodes, macros, fixtures, docs, yml })
    }
}

/// The `.md` and yml files of all folders.
fn read_beside(
    root: &Path,
    definition: &Definition,
    faults: &mut Diagnostics,
) -> Result<(DocsBlocks, Vec<(Found, SourceFile)>)> {
    let all: Vec<_> = [
        &definition.model_paths,
        &definition.seed_paths,
        &definition.snapshot_paths,
        &definition.analysis_paths,
        &definition.macro_paths,
        &definition.test_paths,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    let mut docs = DocsBlocks::default();
    for found in files::find(root, definition.docs_paths.as_ref().unwrap_or(&all), &["md"])? {
        docs.read(&read_file(root, &found.path)?, faults);
    }
    let mut yml = Vec::new();
    for found in files::find(root, &all, &["yml", "yaml"])? {
        let file = read_file(root, &found.path)?;
        yml.push((found, file));
    }
    Ok((docs, yml))
}

fn node(definition: &Definition, found: &Found, file: SourceFile, kind: NodeKind, tree: &ConfigTree) -> Node {
    let name = found.stem();
    let fqn = found.fqn(&definition.name, &name);
    let mut config = match kind {
        // A model's own setting is told from the default, which is a view.
        NodeKind::Model => NodeConfig::default(),
        NodeKind::Seed | NodeKind::Test => NodeConfig::new([("materialized".to_string(), json!(kind.as_str()))]),
    };
    tree.config_of(&fqn, &mut config);
    Node {
        id: NodeId::new(kind.as_str(), &definition.name, &name),
        kind,
        file,
        fqn,
        config,
        description: String::new(),
        columns: IndexMap::new(),
        declared: None,
        generic: None,
        name,
    }
}

/// Adds a node, unless another one has its name: models and seeds share theirs, for `ref` finds both.
fn put(
    nodes: &mut IndexMap<NodeId, Node>,
    names: &mut HashMap<(bool, String), NodeId>,
    node: Node,
    faults: &mut Diagnostics,
) {
    if node.name.contains(' ') {
        let message = format!("the name of `{}` holds a space", node.file.path.display());
        faults.push(Diagnostic::error(message, place(&node.file, 0..0)).help("write `_`".to_string()));
        return;
    }
    let key = (node.kind == NodeKind::Test, node.name.clone());
    if let Some(first) = names.get(&key).and_then(|id| nodes.get(id)) {
        // Two variants of one model are fine while only one is enabled.
        if !node.config.enabled() {
            return;
        }
        if first.config.enabled() {
            let what = match (first.kind, node.kind) {
                (NodeKind::Test, _) => "tests",
                (NodeKind::Seed, NodeKind::Seed) => "seeds",
                (NodeKind::Model, NodeKind::Model) => "models",
                _ => "models or seeds",
            };
            let start = |file: &SourceFile| place(file, 0..0);
            // The path tells more than the place of a file's first character.
            let first = first.file.path.display().to_string();
            let fault = Diagnostic::error(format!("two {what} are named `{}`", node.name), start(&node.file));
            faults.push(fault.help(format!("the other is `{first}`; rename one, for `ref` finds them by name")));
            return;
        }
        let first = first.id.clone();
        nodes.shift_remove(&first);
    }
    names.insert(key, node.id.clone());
    nodes.insert(node.id.clone(), node);
}

/// Adds the tests that yml declares; two that say the same are a fault.
fn put_tests(nodes: &mut IndexMap<NodeId, Node>, tests: Vec<Node>, faults: &mut Diagnostics) {
    let place_of = |node: &Node| -> Option<Place> { node.declared.clone() };
    for test in tests {
        let first = nodes.get(&test.id).and_then(place_of);
        match (first, place_of(&test)) {
            (Some(first), Some(second)) => faults.push(twice("tests", &test.name, &first, second)),
            _ => {
                nodes.insert(test.id.clone(), test);
            }
        }
    }
}

fn warn_of_unused<'a>(
    definition: &'a Definition,
    nodes: &'a IndexMap<NodeId, Node>,
    sources: impl Iterator<Item = &'a [String]>,
    faults: &mut Diagnostics,
) {
    let mut yml = YmlFile { source: &definition.file, faults };
    let of =
        |kind: NodeKind| prefixes(nodes.values().filter(move |node| node.kind == kind).map(|node| node.fqn.as_slice()));
    definition.models.warn_of_unused(&mut yml, "models", &of(NodeKind::Model));
    definition.seeds.warn_of_unused(&mut yml, "seeds", &of(NodeKind::Seed));
    definition.tests.warn_of_unused(&mut yml, "data_tests", &of(NodeKind::Test));
    definition.sources.warn_of_unused(&mut yml, "sources", &prefixes(sources));
}

/// Names of macros, and of generic tests as `test_<name>`, that a file defines.
fn macro_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for block in text.split("{%").skip(1) {
        let block = block.trim_start_matches(['-', '+']).trim_start();
        let Some((word, rest)) = block.split_once(char::is_whitespace) else { continue };
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        match word {
            "macro" => names.push(name),
            "test" | "data_test" => names.extend([format!("test_{name}"), name]),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use proptest::prelude::*;

    /// A project folder with these files, which vanishes with the value.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let profile = "p:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: w.duckdb, schema: s}\n";
        let base = [("dbt_project.yml", "name: shop\nprofile: p\n"), ("profiles.yml", profile)];
        for (path, text) in base.iter().chain(files) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// Knows one function: `var('name')`.
    fn expand(text: &str, known: Known<'_>) -> Result<String> {
        let mut text = text.to_string();
        for (name, value) in known.vars {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            text = text.replace(&format!("{{{{ var('{name}') }}}}"), &value);
        }
        match text.contains("{{") {
            true => Err(Error::call(format!("cannot render `{text}`"))),
            false => Ok(text),
        }
    }

    fn read_with(files: &[(&str, &str)], flags: &Flags) -> Result<Project> {
        load(folder(files).path(), flags, &Environment::default(), &expand)
    }

    fn read(files: &[(&str, &str)]) -> Result<Project> {
        read_with(files, &Flags::default())
    }

    /// Every fault and warning, one a line, with its help.
    fn told(files: &[(&str, &str)]) -> String {
        let told = match read(files) {
            Ok(project) => project.warnings,
            Err(error) if error.diagnostics().is_empty() => return format!("{error} | {:?}", error.help_text()),
            Err(error) => error.diagnostics().to_vec(),
        };
        let line = |fault: &Diagnostic| match &fault.help {
            Some(help) => format!("{:?}: {fault} | {help}", fault.level),
            None => format!("{:?}: {fault}", fault.level),
        };
        told.iter().map(line).collect::<Vec<_>>().join("\n").replace("Warning", "warning").replace("Error", "error")
    }

    #[test]
    fn reads_a_project() {
        let project = read(&[
            ("dbt_project.yml", "name: shop\nprofile: p\nvars: {a: 1, shop: {b: 2}, off: false}\nmodels:\n  shop:\n    +tags: [all]\n    marts: {+materialized: table, +meta: {publish: true, owner: x}}\n"),
            ("models/marts/fact.sql", "select 1"),
            ("models/stg.sql", "select 1"),
            ("models/.hidden/no.sql", "select 1"),
            ("models/a.yml", "models:\n  - name: fact\n    description: \"{{ doc('grain') }}\"\n    config: {tags: own, meta: {owner: y}, enabled: \"{{ var('off') }}\"}\n    columns:\n      - {name: id, data_type: integer, tags: [key], data_tests: [unique, not_null: {config: {severity: warn}}]}\n"),
            ("models/docs.md", "{% docs grain %} one row per order {% enddocs %}"),
            ("seeds/rates.csv", "a,b\n1,2\n"),
            ("macros/m.sql", "{% macro m() %}{% endmacro %}"),
            ("tests/sums.sql", "select 1"),
            ("tests/generic/g.sql", "{% test g(model) %}{% endtest %}"),
            ("tests/fixtures/f.sql", "x"),
            ("tests/nested/dbt_project.yml", "name: other"),
            ("tests/nested/x.sql", "x"),
        ])
        .unwrap();
        let ids: Vec<&str> = project.nodes.keys().map(NodeId::as_str).collect();
        assert_eq!(ids[..4], ["model.shop.fact", "model.shop.stg", "seed.shop.rates", "test.shop.sums"]);
        assert_eq!(ids.len(), 6, "{ids:?}");
        let fact = &project.nodes["model.shop.fact"];
        assert_eq!(fact.fqn, ["shop", "marts", "fact"]);
        assert_eq!(fact.description, "one row per order");
        assert_eq!(fact.config.tags(), ["all", "own"]);
        assert_eq!(fact.config.get("meta"), Some(&json!({"publish": true, "owner": "y"})));
        assert!(!fact.config.enabled());
        let test = &project.nodes[4];
        assert_eq!(test.name, "unique_fact_id");
        assert_eq!((test.config.tags(), test.config.enabled()), (vec!["key".to_string()], false));
        assert_eq!(project.nodes[5].config.text("severity"), Some("warn"));
        assert_eq!(project.vars["b"], 2);
        assert_eq!(project.macros.len(), 2);
        assert_eq!(project.profile.schema, "s");
        assert!(project.warnings.is_empty(), "{:?}", project.warnings);
    }

    #[test]
    fn flags_come_over_the_project() {
        let flags = Flags { vars: Some("{a: 3, c: yes}".to_string()), ..Flags::default() };
        let project =
            read_with(&[("dbt_project.yml", "name: shop\nprofile: p\nvars: {a: 1, b: 2}\n")], &flags).unwrap();
        assert_eq!(json!(project.vars), json!({"a": 3, "b": 2, "c": true}));
        let flags = Flags { vars: Some("a".to_string()), ..Flags::default() };
        assert_eq!(read_with(&[], &flags).unwrap_err().message(), "`--vars` is a text, not a mapping");
        let flags = Flags { target: Some("def".to_string()), ..Flags::default() };
        let error = read_with(&[], &flags).unwrap_err();
        assert_eq!(error.diagnostics()[0].help.as_deref(), Some("did you mean `dev`?"));
    }

    #[test]
    fn sources_inherit_and_tests_are_named_after_them() {
        let project = read(&[(
            "models/s.yml",
            "sources:\n  - name: raw\n    schema: landing\n    tags: [a]\n    meta: {x: 1, y: 1}\n    tables:\n      - name: events\n        identifier: events_raw\n        config: {meta: {y: 2}, tags: b}\n        columns: [{name: raw_event_id, tests: [unique]}]\n      - name: log\n  - name: other\n    tables: [{name: t}]\n",
        )])
        .unwrap();
        let events = &project.sources["source.shop.raw.events"];
        assert_eq!((events.schema.as_str(), events.identifier.as_str()), ("landing", "events_raw"));
        assert_eq!(events.config.get("meta"), Some(&json!({"x": 1, "y": 2})));
        assert_eq!(events.config.tags(), ["a", "b"]);
        assert_eq!(events.fqn, ["shop", "raw", "events"]);
        assert_eq!(project.sources["source.shop.other.t"].schema, "other");
        assert_eq!(project.nodes[0].name, "source_unique_raw_events_raw_event_id");
    }

    /// Ids that dbt-core 1.10 gave to the same files.
    #[test]
    fn ids_of_tests_are_those_of_dbt() {
        let project = read(&[
            ("models/fact.sql", "select 1"),
            ("models/a.yml", include_str!("../../tests/fixtures/test_ids.yml")),
        ])
        .unwrap();
        let mut ids: Vec<String> = project.nodes.keys().skip(1).map(|id| format!("{id}\n")).collect();
        ids.sort();
        assert_eq!(ids.concat(), include_str!("../../tests/fixtures/test_ids.txt"));
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let model = ("models/fact.sql", "select 1");
        let cases: &[(&[(&str, &str)], &str)] = &[
            (
                &[
                    model,
                    (
                        "models/a.yml",
                        "models:\n  - name: fact\n    descripton: x\n    columns:\n      - name: a\n        test: [unique]\n",
                    ),
                ],
                "error: unknown key `descripton` in model `fact` (models/a.yml:3:5) | did you mean `description`?\n\
                 error: unknown key `test` in column `a` (models/a.yml:6:9) | did you mean `tests`?",
            ),
            (
                &[model, ("models/a.yml", "models:\n  - name: fcat\n  - name: fact\n  - name: fact\n")],
                "warning: model `fcat` is described, and no file makes it (models/a.yml:2:11) | did you mean `fact`?\n\
                 error: model `fact` is described twice (models/a.yml:4:11) | the first is at models/a.yml:3:11; keep one of them",
            ),
            (
                &[model, ("models/a/fact.sql", ""), ("seeds/fact.csv", "")],
                "error: two models are named `fact` (models/fact.sql:1:1) | the other is `models/a/fact.sql`; rename one, for `ref` finds them by name\n\
                 error: two models or seeds are named `fact` (seeds/fact.csv:1:1) | the other is `models/a/fact.sql`; rename one, for `ref` finds them by name",
            ),
            (
                &[
                    model,
                    (
                        "models/a.yml",
                        "models:\n  - name: fact\n    config: {materialised: table, my_own: 1, enabled: 2, meta: {x: y}}\n",
                    ),
                ],
                "error: unknown setting `materialised` in the config of a model (models/a.yml:3:14) | did you mean `materialized`?\n\
                 warning: unknown setting `my_own` in the config of a model (models/a.yml:3:35) | what is your own belongs under `meta`\n\
                 error: `enabled` is `2`, not `true` or `false` (models/a.yml:3:55) | write `true` or `false`",
            ),
            (
                &[
                    model,
                    (
                        "models/a.yml",
                        "models:\n  - name: fact\n    data_tests:\n      - unique:\n        column_name: a\n      - other.thing\n      - 3\n      - not_null: {column_name: b, model: c}\n",
                    ),
                ],
                "error: a test has 2 keys where one name is wanted (models/a.yml:4:9) | indent what belongs to `unique` deeper than it, and begin every test with `- `\n\
                 error: the test `other.thing` is of the package `other`, which is not here (models/a.yml:6:9) | packages are not installed here: write the test into `macros/` and call it `thing`\n\
                 error: a test is a number, not a name or a mapping (models/a.yml:7:9)\n\
                 error: `model` is no argument to give (models/a.yml:8:36) | a test gets the model that it is declared on",
            ),
            (
                &[
                    model,
                    (
                        "dbt_project.yml",
                        "name: shop\nprofile: p\nmodel-path: [x]\nmodels:\n  shop: {+materialised: view}\n",
                    ),
                ],
                "error: unknown key `model-path` in `dbt_project.yml` (dbt_project.yml:3:1) | did you mean `model-paths`?\n\
                 error: unknown setting `materialised` in the config of a model (dbt_project.yml:5:10) | did you mean `materialized`?",
            ),
            (
                &[
                    model,
                    (
                        "dbt_project.yml",
                        "name: shop\nprofile: p\nmodels:\n  shop:\n    fcat: {+tags: a}\n    meta: {x: 1}\n",
                    ),
                ],
                "warning: `models.shop.fcat` applies to nothing (dbt_project.yml:5:5) | did you mean `fact`?\n\
                 error: `meta` is no folder or name of a model (dbt_project.yml:6:5) | write `+meta`: without the plus it names a folder",
            ),
            (
                &[
                    model,
                    (
                        "models/a.yml",
                        "models:\n  - name: fact\n    description: \"{{ doc('x') }}\"\n    columns: {a: b}\n",
                    ),
                ],
                "error: no `docs` block is named `x` (models/a.yml:3:18)\n\
                 error: `columns` is a mapping, not a list (models/a.yml:4:14) | begin every item with `- `",
            ),
            (
                &[("models/a.yml", "models: [\n")],
                "error: this is not YAML: while parsing a node, did not find expected node content (models/a.yml:2:1) | a bracket, a quote or an indentation at or before this place does not fit",
            ),
            (
                &[("models/a.yml", "x: 1\n")],
                "error: unknown key `x` in a yml file (models/a.yml:1:1) | what is your own belongs under `config: {meta: …}`",
            ),
            (
                &[("profiles.yml", "q: {}")],
                "`profiles.yml` has no profile `p` | Some(\"add a profile `p`, or change `profile:` in `dbt_project.yml`\")",
            ),
            (
                &[("profiles.yml", "p: {outputs: {default: {type: postgres}}}")],
                "error: target `default` is of type `postgres`, and only `duckdb` can be built (profiles.yml:1:31) | choose a target with `type: duckdb`, by `--target` or in `profiles.yml`",
            ),
            (
                &[(
                    "profiles.yml",
                    "p: {outputs: {default: {type: duckdb, treads: 3, threads: no, attach: [{path: x}], extensions: [httpfs, json]}}}",
                )],
                "error: unknown key `treads` in target `default` (profiles.yml:1:39) | did you mean `threads`?\n\
                 error: target `default` asks for `attach`, which cannot be had here (profiles.yml:1:63)\n\
                 warning: the extension `httpfs` is not loaded (profiles.yml:1:97) | built in are `json`, `parquet`, `icu`, `core_functions`, `autocomplete`\n\
                 error: `threads` is no number of threads (profiles.yml:1:59) | name 1 or more",
            ),
            (
                &[("models/x.py", "x")],
                "error: model `x` is written in Python, which cannot be run here (models/x.py:1:1) | write it in SQL",
            ),
            (
                &[model, ("models/a.yml", "unit_tests: [{name: x}]\n")],
                "error: unit test `x` names no `model` (models/a.yml:1:14)\n\
                 error: unit test `x` expects nothing (models/a.yml:1:21) | write under `expect: {rows: …}` what the model must make of what is given",
            ),
            (
                &[model, ("models/a.yml", "seeds: [{name: fact}]\n")],
                "error: `fact` is a model, not a seed (models/a.yml:1:16) | describe it under `models:`",
            ),
            (
                &[model, ("models/a.yml", "models: [{name: fact, data_tests: [g, g]}]\n")],
                "error: two tests are named `g_fact_` (models/a.yml:1:39) | the first is at models/a.yml:1:36",
            ),
        ];
        let wrong: Vec<String> = cases
            .iter()
            .filter(|(files, expected)| told(files) != *expected)
            .map(|(files, expected)| format!("told:\n{}\nexpected:\n{expected}\n", told(files)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn words() -> impl Strategy<Value = String> {
        const WORDS: &[&str] = &[
            "models",
            "name",
            "fact",
            "config",
            "columns",
            "data_tests",
            "tests",
            "unique",
            "sources",
            "tables",
            "meta",
            "+meta",
            "version",
            "description",
            "\"{{ doc('x') }}\"",
            "vars",
            "shop",
            "profile",
            "p",
            "arguments",
            "é",
            ": ",
            ":\n  ",
            ":\n    ",
            "\n",
            "\n  - ",
            "\n    - ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "*a",
            "&a ",
            "<<",
            "'",
            "1",
        ];
        proptest::collection::vec(proptest::sample::select(WORDS), 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_text_makes_it_panic(text in words(), which in 0..3) {
            let path = ["models/a.yml", "dbt_project.yml", "profiles.yml"][which as usize];
            let text = format!("{}{text}", ["models:\n  - name: fact\n", "name: shop\nprofile: p\n", "p:\n  "][which as usize]);
            let _ = read(&[("models/fact.sql", ""), (path, &text)]);
        }
    }
}
