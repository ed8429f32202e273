//! The macros: those of the project over those that come with the tool, found by name as dbt finds them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Place;
use crate::project::SourceFile;
use crate::render::definitions::Definition;
use crate::render::mentions::Mentions;

/// The package of the macros that come with the tool.
pub(super) const BUILTIN: &str = "dbt";

/// Files that come with the tool.
const FILES: &[(&str, &str)] = &[
    ("builtin/tests.sql", include_str!("builtin/tests.sql")),
    ("builtin/names.sql", include_str!("builtin/names.sql")),
    ("builtin/settings.sql", include_str!("builtin/settings.sql")),
    ("builtin/dates.sql", include_str!("builtin/dates.sql")),
    ("builtin/text.sql", include_str!("builtin/text.sql")),
    ("builtin/types.sql", include_str!("builtin/types.sql")),
    ("builtin/sets.sql", include_str!("builtin/sets.sql")),
];

/// A macro that can be called.
#[derive(Debug)]
pub(super) struct Macro {
    /// As dbt writes it: `macro.project.name`; also its module's name in the engine.
    pub id: String,
    /// Its position in the library.
    pub index: usize,
    pub package: String,
    pub file: SourceFile,
    pub definition: Definition,
}

impl Macro {
    fn new(id: String, package: &str, file: &SourceFile, definition: Definition) -> Self {
        Self { id, index: 0, package: package.to_string(), file: file.clone(), definition }
    }

    /// Whether it comes with the tool.
    pub fn is_builtin(&self) -> bool {
        self.package == BUILTIN
    }

    /// Where its file names it.
    pub fn place(&self) -> Place {
        Place::new(self.file.path.clone(), self.file.text.clone(), self.definition.span.clone())
    }
}

/// All macros.
#[derive(Debug, Default)]
pub(super) struct Library {
    pub project: String,
    dialect: Dialect,
    macros: Vec<Arc<Macro>>,
    by_name: HashMap<String, usize>,
    builtin: HashMap<String, usize>,
    /// The macros that each macro mentions.
    mentioned: Vec<Vec<usize>>,
}

/// The files that come with the tool, as files of a project.
pub(super) fn builtin_files() -> impl Iterator<Item = SourceFile> {
    FILES.iter().map(|(path, text)| SourceFile { path: path.into(), text: (*text).into() })
}

fn insert(macros: &mut Vec<Arc<Macro>>, names: &mut HashMap<String, usize>, found: Macro, faults: &mut Diagnostics) {
    let name = &found.definition.name;
    if let Some(first) = names.get(name) {
        let message = format!("macro `{name}` is defined twice");
        let help = format!("the other one is at {}", macros[*first].place());
        faults.push(Diagnostic::error(message, found.place()).help(help));
        return;
    }
    names.insert(name.clone(), macros.len());
    macros.push(Arc::new(Macro { index: macros.len(), ..found }));
}

impl Library {
    /// An empty one, of a project whose models are for this database.
    pub fn new(project: &str, dialect: Dialect) -> Self {
        Self { project: project.to_string(), dialect, ..Self::default() }
    }

    /// Adds what a file defines. Two macros of one name in the project are a fault.
    pub fn add(&mut self, package: &str, file: &SourceFile, definitions: Vec<Definition>, faults: &mut Diagnostics) {
        for definition in definitions {
            let names = if package == BUILTIN { &mut self.builtin } else { &mut self.by_name };
            let id = format!("macro.{package}.{}", definition.name);
            insert(&mut self.macros, names, Macro::new(id, package, file, definition), faults);
        }
    }

    /// All macros, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Macro>> {
        self.macros.iter()
    }

    /// The macro that a bare name means.
    pub fn find(&self, name: &str) -> Option<&Arc<Macro>> {
        self.own(name).or_else(|| self.builtin(name))
    }

    /// A macro of the project.
    pub fn own(&self, name: &str) -> Option<&Arc<Macro>> {
        self.by_name.get(name).map(|index| &self.macros[*index])
    }

    /// A macro that comes with the tool.
    pub fn builtin(&self, name: &str) -> Option<&Arc<Macro>> {
        self.builtin.get(name).map(|index| &self.macros[*index])
    }

    /// The macro that `package.name` means.
    pub fn find_in(&self, package: &str, name: &str) -> Option<&Arc<Macro>> {
        if package == self.project { self.own(name) } else { self.builtin(name).filter(|_| package == BUILTIN) }
    }

    /// The implementation for the database; the names that were looked for where there is none.
    pub fn dispatch(&self, name: &str) -> Result<&Arc<Macro>, [String; 2]> {
        let names = self.dialect.implementations(name);
        let own = names.iter().find_map(|name| self.own(name));
        own.or_else(|| names.iter().find_map(|name| self.builtin(name))).ok_or(names)
    }

    /// Names for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().chain(self.builtin.keys()).map(String::as_str).filter(|name| !name.contains("__"))
    }

    /// Notes who mentions whom, when all macros are there.
    pub fn finish(&mut self) {
        self.mentioned = self.macros.iter().map(|found| self.mentioned(&found.definition.mentions)).collect();
    }

    /// All macros that a text with these mentions may call, directly or not, whichever branch is taken.
    pub fn reached<'library>(&'library self, mentions: &Mentions) -> Vec<&'library Arc<Macro>> {
        let mut found = Vec::new();
        let mut seen = vec![false; self.macros.len()];
        let mut waiting = self.mentioned(mentions);
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                waiting.extend(self.mentioned.get(index).into_iter().flatten());
                found.push(&self.macros[index]);
            }
        }
        found
    }

    /// A macro by its position.
    pub fn get(&self, index: usize) -> Option<&Arc<Macro>> {
        self.macros.get(index)
    }

    fn mentioned(&self, mentions: &Mentions) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for name in &mentions.names {
            let named = match name.split_once('.') {
                Some((package, name)) => self.find_in(package, name),
                None => self.find(name),
            };
            found.extend(named.map(|named| named.index));
        }
        for name in &mentions.dispatched {
            found.extend(self.find(name).map(|named| named.index));
            found.extend(self.dispatch(name).ok().map(|named| named.index));
        }
        found
    }
}
