//! A failing statement, brought home: from a place in compiled SQL to the line of the file that a person edits.

use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use crate::engine::SqlError;
use crate::error::Diagnostic;
use crate::error::Place;
use crate::project::Node;
use crate::project::Project;
use crate::project::SourceFile;
use crate::run::Failure;

/// A failure as something a person can act on. `sql` is the node's SQL, where it was rendered.
pub fn explain(project: &Project, node: &Node, failure: Failure, sql: Option<&str>) -> Diagnostic {
    match (failure, sql) {
        (Failure::Sql(error), Some(sql)) => blame(node, &error, sql, &compiled_path(project, node)),
        (Failure::Sql(error), None) => {
            Diagnostic::error(format!("`{}` failed: {error}", node.name), None).help(error.hint)
        }
        (Failure::Other(error), _) => match error.diagnostics().first() {
            Some(diagnostic) => diagnostic.clone(),
            None => Diagnostic::error(
                format!("`{}` failed: {error}", node.name),
                Place::new(&node.file.path, node.file.text.clone(), 0..0),
            )
            .help(error.help_text().map(str::to_string)),
        },
    }
}

/// Where the node's compiled SQL is written.
fn compiled_path(project: &Project, node: &Node) -> PathBuf {
    project.target_path.join("compiled").join(&project.name).join(&node.file.path)
}

/// Says where `error` came from. `compiled` is the node's SQL, `compiled_path` the file that holds it.
fn blame(node: &Node, error: &SqlError, compiled: &str, compiled_path: &Path) -> Diagnostic {
    let message = format!("`{}` failed: {error}", node.name);
    let place = match &node.generic {
        // Its SQL is nobody's to edit: the yml says what it is made of.
        Some(generic) => Some(column_of(node, error).unwrap_or_else(|| generic.place.clone())),
        None => placed(&node.file, error, compiled, compiled_path),
    };
    let fallback = || Place::new(&node.file.path, node.file.text.clone(), 0..0);
    let help = match node.generic {
        Some(_) => None,
        None => Some(format!("the SQL that ran is `{}`", compiled_path.display())),
    };
    Diagnostic::error(message, place.unwrap_or_else(fallback)).help(error.hint.clone().or(help))
}

/// Where in `source`, or else in what was compiled of it, a statement is wrong that holds the compiled text.
pub fn placed(source: &SourceFile, error: &SqlError, compiled: &str, compiled_path: &Path) -> Option<Place> {
    let span = error.span.as_ref()?;
    let compiled = compiled.trim_end();
    // The statement is the compiled SQL with a line before and after it.
    let start = error.sql.find(compiled)?;
    let from = span.start.checked_sub(start)?;
    // What is wrong behind it is that it ends too early.
    let last = compiled.char_indices().next_back().map_or(0, |(at, _)| at);
    let from = from.min(last);
    let to = span.end.checked_sub(start)?.clamp(from, compiled.len());
    Some(in_source(source, compiled, from..to, compiled_path))
}

/// The file's own line where it can be told from the compiled one, else the compiled file.
fn in_source(source: &SourceFile, compiled: &str, span: Range<usize>, compiled_path: &Path) -> Place {
    let line_start = compiled[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = line_at(compiled, line_start);
    let within = span.start - line_start..(span.end - line_start).min(line.len());
    let found = match line.trim().is_empty() {
        true => None,
        false => same_line(&source.text, compiled, line, line_start, &within),
    };
    match found {
        Some(found) => Place::new(&source.path, source.text.clone(), found),
        None => Place::new(compiled_path, compiled, span),
    }
}

/// The bytes of `text` that a part of a compiled line stands for. Where several lines could be meant, the first of them is
/// the first of the compiled ones, and so on: as long as there are equally many, the order tells.
fn same_line(text: &str, compiled: &str, line: &str, line_start: usize, within: &Range<usize>) -> Option<Range<usize>> {
    let patterns = || lines(text).map(|(at, line)| (at, Pattern::of(line)));
    let could_be: Vec<_> = patterns().filter(|(_, pattern)| pattern.matches(line)).collect();
    let could_make = |line: &str| could_be.iter().any(|(_, pattern)| pattern.matches(line));
    let made: Vec<usize> = lines(compiled).filter(|(_, line)| could_make(line)).map(|(at, _)| at).collect();
    if made.len() != could_be.len() {
        return None;
    }
    let (at, pattern) = &could_be[made.iter().position(|made| *made == line_start)?];
    let found = pattern.original(line, within);
    Some(at + found.start..at + found.end)
}

/// Lines with where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    starts.map(|start| (start, line_at(text, start)))
}

fn line_at(text: &str, start: usize) -> &str {
    let line = text[start..].split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

/// A line of a template: what stands before its Jinja, and behind it.
struct Pattern<'t> {
    before: &'t str,
    jinja: &'t str,
    behind: &'t str,
}

impl<'t> Pattern<'t> {
    fn of(line: &'t str) -> Self {
        let first = ["{{", "{%", "{#"].iter().filter_map(|open| line.find(open)).min();
        let last = ["}}", "%}", "#}"].iter().filter_map(|close| line.rfind(close)).max().map(|at| at + 2);
        match (first, last) {
            (Some(first), Some(last)) if first < last => {
                Self { before: &line[..first], jinja: &line[first..last], behind: &line[last..] }
            }
            // It goes on in the next line, or began in one before.
            (Some(first), None) => Self { before: &line[..first], jinja: &line[first..], behind: "" },
            _ => Self { before: line, jinja: "", behind: "" },
        }
    }

    /// Whether it can have become the compiled line. One of nothing but Jinja could have become any.
    fn matches(&self, line: &str) -> bool {
        if self.jinja.is_empty() {
            return self.before == line;
        }
        let is_told = !self.before.trim().is_empty() || !self.behind.trim().is_empty();
        let rest = line.strip_prefix(self.before);
        is_told && rest.is_some_and(|rest| rest.ends_with(self.behind))
    }

    /// The bytes of this line that a part of the compiled one stands for; what Jinja made is all of the Jinja.
    fn original(&self, line: &str, part: &Range<usize>) -> Range<usize> {
        let own = self.before.len() + self.jinja.len() + self.behind.len();
        let end_of_jinja = line.len() - self.behind.len();
        if part.start < self.before.len() || self.jinja.is_empty() {
            return part.start..part.end.min(self.before.len());
        }
        if part.start >= end_of_jinja {
            let moved = |at: usize| own - (line.len() - at);
            return moved(part.start)..moved(part.end);
        }
        self.before.len()..self.before.len() + self.jinja.len()
    }
}

/// The yml's name of the column that a generic test is declared on, where that is what is not there.
fn column_of(node: &Node, error: &SqlError) -> Option<Place> {
    let generic = node.generic.as_ref()?;
    let column = generic.column.as_deref()?.trim_matches(['"', '`']);
    let is_meant = error.kind == "Binder Error" && error.message.contains(&format!("\"{column}\""));
    if !is_meant {
        return None;
    }
    generic.column_place.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the word of a compiled text comes from: file, line and column, and what is there.
    fn origin(source: &str, compiled: &str, word: &str) -> String {
        let source = SourceFile { path: "model.sql".into(), text: source.into() };
        let at = compiled.find(word).unwrap();
        let place = in_source(&source, compiled, at..at + word.len(), Path::new("compiled.sql"));
        format!("{place} {}", &place.text[place.span.clone()])
    }

    #[test]
    fn a_line_with_jinja_is_known_by_what_stands_around_it() {
        let source = "select\n    {{ half('a') }} as half,\n    b + {{ one() }} + c as sum\nfrom {{ ref('t') }} wher d";
        let compiled = "select\n    a / 2 as half,\n    b + 1 + c as sum\nfrom \"w\".\"t\" wher d";
        assert_eq!(origin(source, compiled, "a / 2"), "model.sql:2:5 {{ half('a') }}");
        assert_eq!(origin(source, compiled, "half"), "model.sql:2:24 half");
        assert_eq!(origin(source, compiled, "b"), "model.sql:3:5 b");
        assert_eq!(origin(source, compiled, "c as"), "model.sql:3:23 c as");
        assert_eq!(origin(source, compiled, "wher"), "model.sql:4:21 wher");
    }

    #[test]
    fn lines_that_are_alike_are_told_apart_by_their_order_and_else_not() {
        let source = "a as (\n    select * from {{ ref('a') }}\n), b as\n    select * from {{ ref('b') }}\n";
        let compiled = "a as (\n    select * from \"w\".\"a\"\n), b as\n    select * from \"w\".\"b\"\n";
        let source_file = SourceFile { path: "model.sql".into(), text: source.into() };
        let at = compiled.rfind("select").unwrap();
        let place = in_source(&source_file, compiled, at..at + 6, Path::new("compiled.sql"));
        assert_eq!(place.to_string(), "model.sql:4:5");
        let looped = "{% for x in list %}\n    {{ x }} as c,\n{% endfor %}";
        assert_eq!(origin(looped, "\n    1 as c,\n\n    2 as c,\n", "2"), "compiled.sql:4:5 2");
    }
}
