//! `sources:`: tables that something else fills.

use crate::name::NodeId;
use crate::project::NodeConfig;
use crate::project::Source;
use crate::project::SourceFile;
use crate::project::columns;
use crate::project::config_block::read_config;
use crate::project::files::Found;
use crate::project::generic_test::Tested;
use crate::project::generic_test::TestsOf;
use crate::project::keys;
use crate::project::keys::ConfigOf;
use crate::project::properties::Properties;
use crate::project::properties::read_old_settings;
use crate::project::properties::twice;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// What the tables of one source share.
struct Shared<'y> {
    entry: &'y Yaml,
    name: String,
    description: String,
    database: Option<String>,
    schema: String,
    config: NodeConfig,
}

/// Reads all sources of a yml.
pub(super) fn read(properties: &mut Properties<'_>, found: &Found, file: &SourceFile, root: &Yaml) {
    let entries = YmlFile { source: file, faults: properties.faults }.list(root, "sources");
    for entry in entries {
        let yml = &mut YmlFile { source: file, faults: properties.faults };
        let Some((name, _)) = yml.name(entry, "a source") else { continue };
        yml.check_keys(entry, keys::SOURCE, &format!("source `{name}`"));
        let description = properties.texts.describe(yml, entry);
        let schema = yml.text(entry, "schema").unwrap_or_else(|| name.clone());
        let mut config = NodeConfig::default();
        read_settings(yml, entry, &mut config);
        let database = yml.text(entry, "database");
        let shared = Shared { entry, name, description, database, schema, config };
        let tables = yml.list(shared.entry, "tables");
        for table in tables {
            read_table(properties, found, file, &shared, table);
        }
    }
}

fn read_settings(yml: &mut YmlFile<'_>, entry: &Yaml, config: &mut NodeConfig) {
    read_old_settings(yml, entry, ConfigOf::Source, config);
    if let Some(block) = entry.get("config") {
        read_config(yml, block, ConfigOf::Source, config);
    }
}

fn read_table(properties: &mut Properties<'_>, found: &Found, file: &SourceFile, shared: &Shared<'_>, table: &Yaml) {
    let definition = properties.definition;
    let yml = &mut YmlFile { source: file, faults: properties.faults };
    let Some((name, span)) = yml.name(table, "a table") else { return };
    yml.check_keys(table, keys::TABLE, &format!("table `{name}`"));
    let full_name = format!("{}.{name}", shared.name);
    let id = NodeId::new("source", &definition.name, &full_name);
    if let Some(first) = properties.sources.get(&id) {
        yml.faults.push(twice("tables of sources", &full_name, &first.declared, yml.place(&span)));
        return;
    }
    let mut fqn = found.fqn(&definition.name, &shared.name);
    fqn.push(name.clone());
    let mut config = NodeConfig::default();
    definition.sources.config_of(&fqn, &mut config);
    config.merge(&shared.config);
    read_settings(yml, table, &mut config);
    let tested = Tested { id: &id, name: &name, source: Some(&shared.name), enabled: config.enabled() };
    let (expand, dialect) = (properties.texts.expand, properties.texts.dialect);
    let of = TestsOf { project: &definition.name, tree: &definition.tests, found, expand, dialect };
    let columns = columns::read(yml, table, &of, &tested, &properties.texts, &mut properties.tests);
    let source = Source {
        source_name: shared.name.clone(),
        database: shared.database.clone(),
        schema: shared.schema.clone(),
        identifier: yml.text(table, "identifier").unwrap_or_else(|| name.clone()),
        fqn,
        description: properties.texts.describe(yml, table),
        source_description: shared.description.clone(),
        columns,
        config,
        file: file.clone(),
        declared: yml.place(&span),
        id: id.clone(),
        name,
    };
    properties.sources.insert(id, source);
}
