//! One more name in a list of `dbt_project.yml`: one line of the file changes, and all else stays as it was written.

use std::path::Path;

use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Result;
use crate::project::SourceFile;
use crate::project::definition;
use crate::project::yaml;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::place;

/// The file before and after, and the line that tells the difference.
#[derive(Debug, Clone)]
pub struct Addition {
    /// The line, from 1.
    pub line: usize,
    /// The line as it was; `None` where it is a new one.
    pub before: Option<String>,
    pub after: String,
    /// The whole file with the addition.
    pub file: SourceFile,
}

/// `dbt_project.yml` as it stands.
pub fn definition_file(root: &Path) -> Result<SourceFile> {
    definition::read_file(root, Path::new(definition::FILE))
}

/// Adds a name at the end of the list under `vars:` that these keys lead to; `project` may stand between. `None` where the
/// name is in it already.
///
/// # Errors
/// Where there is no such list in the file.
pub fn add_to_variable(file: &SourceFile, project: &str, keys: &[String], name: &str) -> Result<Option<Addition>> {
    let shown = keys.join(": ");
    let tree = yaml::parse(file).map_err(|fault| *fault)?;
    // The project's own variables are over the others.
    let find = |tree: &Yaml| {
        let vars = tree.get("vars")?;
        let under = |from: &Yaml| keys.iter().try_fold(from.clone(), |node, key| node.get(key).cloned());
        vars.get(project).and_then(under).or_else(|| under(vars))
    };
    let Some(list) = find(&tree) else {
        return Err(Error::call(format!("`{}` has no `vars: {shown}`", file.path.display()))
            .help(format!("add `{name}` where it is said")));
    };
    let fault = |message: String, help: String| {
        Err(Error::from(Diagnostic::error(message, place(file, list.span.clone())).help(help)))
    };
    if list.items().iter().any(|item| item.text() == Some(name)) {
        return Ok(None);
    }
    let written = &file.text[list.span.clone()];
    let word = quoted(name);
    // A text's span may go on over the spaces behind it.
    let end_of = |item: &Yaml| item.span.start + file.text[item.span.clone()].trim_end().len();
    let (at, added) = match (&list.value, list.items().last()) {
        (Value::List(_), Some(last)) if written.starts_with('[') => (end_of(last), format!(", {word}")),
        (Value::List(_), None) if written.starts_with('[') => (list.span.start + 1, word),
        // A list of one line each goes on as it began. (Where its dashes stand below the key, it is not told where it starts.)
        (Value::List(_), Some(last)) if dashed(&file.text[..last.span.start]).is_some() => {
            let indent = dashed(&file.text[..last.span.start]).unwrap_or_default();
            let end = end_of(last);
            let end = file.text[end..].find('\n').map_or(file.text.len(), |at| end + at);
            (end, format!("\n{indent}- {word}"))
        }
        _ => {
            return fault(format!("`{shown}` is not written as a list"), format!("add `{name}` to it by hand"));
        }
    };
    let text = format!("{}{added}{}", &file.text[..at], &file.text[at..]);
    let changed = SourceFile { path: file.path.clone(), text: text.into() };
    let mut expected: Vec<_> = list.items().iter().map(Yaml::to_json).collect();
    expected.push(name.into());
    // Nothing is written that does not say what it should.
    let read = yaml::parse(&changed).map_err(|fault| *fault)?;
    if find(&read).map(|list| list.to_json()) != Some(expected.into()) {
        return fault(
            format!("`{shown}` is written so that nothing can be added"),
            format!("add `{name}` to it by hand"),
        );
    }
    let line = file.text[..at].matches('\n').count() + 1 + added.matches('\n').count();
    let line_of = |text: &str| text.lines().nth(line - 1).unwrap_or_default().to_string();
    let before = (!added.starts_with('\n')).then(|| line_of(&file.text));
    Ok(Some(Addition { line, before, after: line_of(&changed.text), file: changed }))
}

/// What stands before the dash, where a text ends with a line that holds a dash alone.
fn dashed(text: &str) -> Option<&str> {
    let line = text.rsplit('\n').next().unwrap_or(text);
    line.trim_end().strip_suffix('-').filter(|indent| indent.trim().is_empty())
}

/// A name as YAML: as it is where it cannot be taken for anything else.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&name.to_lowercase().as_str());
    if is_plain { name.to_string() } else { serde_json::Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str, name: &str) -> Result<Option<Addition>> {
        let file = SourceFile { path: "dbt_project.yml".into(), text: text.into() };
        let keys = ["names", "payment", "amount"].map(str::to_string);
        add_to_variable(&file, "shop", &keys, name)
    }

    #[test]
    fn changes_one_line_and_keeps_all_else() {
        let text = "# a\nvars:\n  names:  # all\n    payment:\n      amount: [a, 'b' ]  # of it\n      other: [a]\n";
        let added = add(text, "paid_total").unwrap().unwrap();
        assert_eq!(&*added.file.text, text.replace("'b' ]", "'b', paid_total ]"));
        assert_eq!((added.line, added.after.as_str()), (5, "      amount: [a, 'b', paid_total ]  # of it"));
        let added = add("vars: {shop: {names: {payment: {amount: []}}}}\n", "yes").unwrap().unwrap();
        assert_eq!(&*added.file.text, "vars: {shop: {names: {payment: {amount: [\"yes\"]}}}}\n");
        // A list of one line each may stand deeper than its key, or below it.
        for indent in ["        ", "      "] {
            let before =
                format!("vars:\n  names:\n    payment:\n      amount:\n{indent}- é # one\n{indent}- b # two\n");
            let added = add(&format!("{before}      other: [a]\n"), "c").unwrap().unwrap();
            assert_eq!(&*added.file.text, format!("{before}{indent}- c\n      other: [a]\n"));
            assert_eq!((added.line, added.before, added.after), (7, None, format!("{indent}- c")));
        }
    }

    #[test]
    fn leaves_what_is_there() {
        assert!(add("vars: {names: {payment: {amount: [a, c]}}}\n", "c").unwrap().is_none());
    }

    #[test]
    fn refuses_where_it_cannot() {
        for (text, told) in [
            ("vars: {names: {payment: {amount: a}}}\n", "`names: payment: amount` is not written as a list"),
            ("vars: {names: {payment: {}}}\n", "`dbt_project.yml` has no `vars: names: payment: amount`"),
            ("name: shop\n", "`dbt_project.yml` has no `vars: names: payment: amount`"),
            (
                "vars: {x: &x [a], names: {payment: {amount: *x}}}\n",
                "`names: payment: amount` is not written as a list",
            ),
        ] {
            let error = format!("{:?}", add(text, "c").unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
