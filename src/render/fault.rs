//! The engine's errors as faults in the project's files: the place, our words, and what helps.

use std::error::Error as _;
use std::fmt;
use std::ops::Range;

use minijinja::{Error, ErrorKind};

use crate::error::Diagnostic;
use crate::error::Place;
use crate::error::suggestion;
use crate::project::SourceFile;
use crate::render::definitions::RESULT;
use crate::render::draft::Draft;
use crate::render::library::Macro;
use crate::render::rendering::Subject;
use crate::render::shared::Shared;
use crate::render::tokens::tokens;
use crate::render::verbs::Verb;

/// What a function of ours has to say, in our words already.
#[derive(Debug)]
struct Said {
    message: String,
    help: Option<String>,
    /// By the project's own `exceptions.raise_compiler_error`.
    raised: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Said {}

/// An error in our words.
pub(super) fn told(message: impl Into<String>, help: Option<String>) -> Error {
    said(Said { message: message.into(), help, raised: false })
}

/// An error in the project's words.
pub(super) fn raised(message: impl Into<String>) -> Error {
    said(Said { message: message.into(), help: None, raised: true })
}

fn said(said: Said) -> Error {
    Error::new(ErrorKind::InvalidOperation, said.message.clone()).with_source(said)
}

/// One step of the way from the template to what failed.
struct Step<'fault> {
    place: Option<Place>,
    /// The macro that the step is in.
    within: Option<&'fault Macro>,
}

/// The template that is rendered, where it is none of the project's nodes.
pub(super) struct Root<'fault> {
    pub file: &'fault SourceFile,
    pub draft: &'fault Draft,
}

/// The errors of a chain, the outermost first.
fn chain(error: &Error) -> Vec<&Error> {
    let mut chain = vec![error];
    let mut next = error.source();
    while let Some(inner) = next {
        chain.extend(inner.downcast_ref::<Error>());
        next = inner.source();
    }
    chain
}

fn source<Wanted: std::error::Error + 'static>(error: &Error) -> Option<&Wanted> {
    error.source()?.downcast_ref()
}

/// What the database said, if it is what failed.
pub(super) fn from_database(error: &Error) -> Option<&crate::error::Error> {
    chain(error).into_iter().find_map(source)
}

/// The fault that an error of the engine stands for.
pub(super) fn diagnose(error: &Error, shared: &Shared, subject: &Subject, root: Option<Root<'_>>) -> Diagnostic {
    let chain = chain(error);
    let steps: Vec<Step<'_>> = chain.iter().map(|error| step(error, shared, subject, root.as_ref())).collect();
    let innermost = chain[chain.len() - 1];
    let raised = source::<Said>(innermost).is_some_and(|said| said.raised);
    let theirs = |step: &&Step<'_>| step.place.is_some() && !step.within.is_some_and(Macro::is_builtin);
    let chosen = if raised { steps.iter().find(theirs) } else { steps.iter().rfind(theirs) };
    let failed = steps.iter().rfind(|step| step.place.is_some());
    let expression = failed.and_then(|step| step.place.as_ref()).map_or_else(String::new, expression);
    let failed_in = failed.and_then(|step| step.within);
    let (message, help) = words(innermost, &expression, failed_in, shared, subject);
    let mut diagnostic = Diagnostic::error(message, chosen.and_then(|step| step.place.clone())).help(help);
    if let Some(label) = label(chosen, &steps, failed_in, shared, subject) {
        diagnostic = diagnostic.label(label);
    }
    diagnostic
}

/// The message and the help for an error in a text that belongs to no project yet.
pub(super) fn plain(error: &Error, text: &str) -> (String, Option<String>) {
    let chain = chain(error);
    let innermost = chain[chain.len() - 1];
    let expression = error.range().and_then(|range| text.get(range)).unwrap_or("");
    if let Some(said) = source::<Said>(innermost) {
        return (said.message.clone(), said.help.clone());
    }
    match innermost.kind() {
        ErrorKind::UndefinedError | ErrorKind::UnknownFunction => {
            let name = undefined_name(innermost.detail().unwrap_or_default(), expression);
            (format!("`{name}` is not defined"), Some("`env_var` and `var` can be used here".to_string()))
        }
        ErrorKind::SyntaxError => crate::render::syntax::explained(&detail_or(innermost), expression),
        _ => (detail_or(innermost), None),
    }
}

/// The text under the caret; of a method its owner comes with it, which the engine leaves out.
fn expression(place: &Place) -> String {
    let text = place.text.get(place.span.clone()).unwrap_or("");
    let before = place.text.get(..place.span.start).unwrap_or("");
    let owner = before.strip_suffix('.').map_or("", |before| {
        let name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
        &before[before.trim_end_matches(name).len()..]
    });
    if owner.is_empty() { text.to_string() } else { format!("{owner}.{text}") }
}

/// Who called, where the place does not tell; and what was called, where it does.
fn label(
    chosen: Option<&Step<'_>>,
    steps: &[Step<'_>],
    failed_in: Option<&Macro>,
    shared: &Shared,
    subject: &Subject,
) -> Option<String> {
    let chosen = chosen?;
    let Some(within) = chosen.within else {
        let failed_in = failed_in?;
        return Some(match failed_in.is_builtin() {
            true => format!("in the macro `{}` that it calls", failed_in.definition.name),
            false => format!("in the macro `{}` that it calls, {}", failed_in.definition.name, failed_in.place()),
        });
    };
    let node = subject.node.as_ref().and_then(|id| shared.project.nodes.get(id))?;
    let caller = format!("{} `{}`", node.kind.as_str(), node.name);
    let at = steps.iter().find(|step| step.within.is_none()).and_then(|step| step.place.as_ref());
    Some(match at {
        Some(place) => format!("in `{}`, called by {caller} at {place}", within.definition.name),
        None => format!("in `{}`, called by {caller}", within.definition.name),
    })
}

fn step<'fault>(error: &Error, shared: &'fault Shared, subject: &Subject, root: Option<&Root<'_>>) -> Step<'fault> {
    let name = error.name().unwrap_or_default();
    if let Some(found) = shared.library.iter().find(|found| found.id == name) {
        let place = located(error, &found.file, &found.definition.module);
        return Step { place: Some(place), within: Some(found) };
    }
    let node = subject.node.as_ref().and_then(|id| shared.project.nodes.get(id));
    let place = match (node, root) {
        _ if name.is_empty() => None,
        (Some(node), _) if node.generic.is_some() => node.generic.as_ref().map(|generic| generic.place.clone()),
        (Some(node), _) if node.id.as_str() == name => {
            shared.nodes.get(&node.id).map(|text| located(error, &node.file, &text.draft))
        }
        (_, Some(root)) => Some(located(error, root.file, root.draft)),
        _ => None,
    };
    Step { place, within: None }
}

/// The bytes of a file that an error of the engine is about.
pub(super) fn located(error: &Error, file: &SourceFile, draft: &Draft) -> Place {
    let span = match (error.range(), error.line()) {
        (Some(range), _) => draft.original(range),
        (None, Some(line)) => draft.line(line),
        (None, None) => 0..0,
    };
    Place::new(file.path.clone(), file.text.clone(), tidy(&file.text, span))
}

/// A span that begins and ends at letters: without blanks, the dot before an attribute, and whole characters.
fn tidy(text: &str, span: Range<usize>) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end).max(floor(span.start)));
    let part = &text[start..end];
    let trimmed = part.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '.');
    let start = end - trimmed.len();
    start..start + trimmed.trim_end().len()
}

/// The message and the help of the error that started it all.
fn words(
    error: &Error,
    expression: &str,
    within: Option<&Macro>,
    shared: &Shared,
    subject: &Subject,
) -> (String, Option<String>) {
    if let Some(said) = source::<Said>(error) {
        return (said.message.clone(), said.help.clone());
    }
    if let Some(asked) = source::<crate::error::Error>(error) {
        return (format!("a query of this template failed: {asked}"), asked.help_text().map(str::to_string));
    }
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => undefined(&undefined_name(detail, expression), within, shared, subject),
        ErrorKind::UnknownFunction => undefined(detail.trim_end_matches(" is unknown"), within, shared, subject),
        ErrorKind::InvalidOperation if detail.contains("undefined is not callable") => {
            undefined(expression.split('(').next().unwrap_or("").trim(), within, shared, subject)
        }
        ErrorKind::UnknownMethod if detail.starts_with("undefined has no method") => {
            let name = undefined_name(detail, expression.rsplit_once('.').map_or(expression, |(owner, _)| owner));
            let (message, help) = undefined(&name, within, shared, subject);
            let help = help.filter(|help| !help.contains("`dbt`"));
            (
                message,
                help.or_else(|| Some("packages are not installed here: copy the macro into the project".to_string())),
            )
        }
        ErrorKind::UnknownMethod => match detail.split_once(" has no method named ") {
            Some((kind, method)) => (format!("a {kind} has no method `{method}`"), None),
            None => ("there is no such method".to_string(), None),
        },
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            let kind = if error.kind() == ErrorKind::UnknownFilter { "filter" } else { "test" };
            let name = detail.split_whitespace().nth(1).unwrap_or(expression);
            (format!("there is no {kind} `{name}`"), suggestion(name, FILTERS.iter().copied()))
        }
        ErrorKind::SyntaxError | ErrorKind::BadEscape => (format!("this is no Jinja: {}", detail_or(error)), None),
        ErrorKind::TooManyArguments if detail.is_empty() => {
            (format!("too many arguments for `{}`", short(expression)), None)
        }
        ErrorKind::MissingArgument if detail.is_empty() => {
            (format!("an argument is missing in `{}`", short(expression)), None)
        }
        ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
            ("macros call each other without end".to_string(), None)
        }
        _ => (detail_or(error), None),
    }
}

fn detail_or(error: &Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    detail.replace(RESULT, "return")
}

fn short(expression: &str) -> &str {
    expression.lines().next().unwrap_or(expression)
}

/// What is undefined: what the engine says, else the expression that failed.
fn undefined_name(detail: &str, expression: &str) -> String {
    let told = detail.split('`').nth(1).filter(|name| !name.contains("(...)")).map(str::to_string);
    // Of `f(x).name` the part behind the call is what is missing.
    let behind = expression.rsplit_once(").").map_or(expression, |(_, behind)| behind);
    let name = told.unwrap_or_else(|| behind.to_string());
    name.trim().trim_start_matches('.').split(['(', '|', '~']).next().unwrap_or("").trim().to_string()
}

fn undefined(name: &str, within: Option<&Macro>, shared: &Shared, subject: &Subject) -> (String, Option<String>) {
    if name.is_empty() {
        return ("what is read here is not defined".to_string(), None);
    }
    if let Some(found) = within.filter(|found| found.definition.parameters.iter().any(|parameter| parameter == name)) {
        let macro_name = &found.definition.name;
        return (format!("`{name}` is not defined: `{macro_name}` was called without it"), None);
    }
    if name.contains('.') {
        return (format!("`{name}` is not defined"), None);
    }
    let mut known: Vec<String> = shared.library.names().map(str::to_string).collect();
    known.extend(CONTEXT.iter().map(|name| name.to_string()));
    known.extend(Verb::names().map(str::to_string));
    let text = match within {
        Some(found) => Some(found.definition.module.text.as_str()),
        None => subject.node.as_ref().and_then(|id| shared.nodes.get(id)).map(|text| text.draft.text.as_str()),
    };
    known.extend(text.map(assigned).unwrap_or_default());
    known.extend(within.map(|found| found.definition.parameters.clone()).unwrap_or_default());
    (format!("`{name}` is not defined"), suggestion(name, known.iter().map(String::as_str)))
}

/// Names that a text gives values to.
fn assigned(text: &str) -> Vec<String> {
    let lexemes = tokens(text).unwrap_or_default();
    let follows = |at: usize| lexemes.get(at + 1).and_then(|next| next.name()).map(str::to_string);
    let words = (0..lexemes.len()).filter(|at| matches!(lexemes[*at].name(), Some("set" | "for")));
    words.filter_map(follows).filter(|name| !name.starts_with("__cp")).collect()
}

/// Names that dbt gives to templates.
pub(super) const CONTEXT: &[&str] = &[
    "adapter",
    "api",
    "builtins",
    "config",
    "context",
    "cp_version",
    "dbt",
    "exceptions",
    "execute",
    "flags",
    "graph",
    "invocation_id",
    "loop",
    "model",
    "modules",
    "namespace",
    "project_name",
    "range",
    "run_started_at",
    "target",
    "this",
    "var",
];

const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "capitalize",
    "count",
    "default",
    "dictsort",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "callable",
    "defined",
    "divisibleby",
    "even",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "undefined",
];
