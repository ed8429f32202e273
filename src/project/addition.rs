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

/// Adds a name at the end of the list under `vars:` that these keys lead to; `project` may stand between.
///
/// # Errors
/// Where there is no such list in the file, or the name is in it already.
pub fn add_to_variable(file: &SourceFile, project: &str, keys: &[String], name: &str) -> Result<Addition> {
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
        return fault(
            format!("`{name}` is in `{shown}` already"),
            "`cp build` reads anew what was rejected".to_string(),
        );
    }
    let written = &file.text[list.span.clone()];
    let word = quoted(name);
    // A text's span may go on over the spaces behind it.
    let end_of = |item: &Yaml| item.span.start + file.text[item.span.clone()].trim_end().len();
    let (at, added) = match (&list.value, list.items().last()) {
        (Value::List(_), Some(last)) if written.starts_with('[') => (end_of(last), format!(", {word}")),
        (Value::List(_), None) if written.starts_with('[') => (list.span.start + 1, word),
        // A list of one line each goes on as it began.
        (Value::List(_), Some(last)) if written.starts_with('-') => {
            let start = file.text[..list.span.start].rfind('\n').map_or(0, |at| at + 1);
            let indent = &file.text[start..list.span.start];
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
    Ok(Addition { line, before, after: line_of(&changed.text), file: changed })
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

    fn add(text: &str, name: &str) -> Result<Addition> {
        let file = SourceFile { path: "dbt_project.yml".into(), text: text.into() };
        let keys = ["names", "payment", "amount"].map(str::to_string);
        add_to_variable(&file, "shop", &keys, name)
    }

    #[test]
    fn changes_one_line_and_keeps_all_else() {
        let text = "# a\nvars:\n  names:  # all\n    payment:\n      amount: [a, 'b' ]  # of it\n      other: [a]\n";
        let added = add(text, "paid_total").unwrap();
        assert_eq!(&*added.file.text, text.replace("'b' ]", "'b', paid_total ]"));
        assert_eq!((added.line, added.after.as_str()), (5, "      amount: [a, 'b', paid_total ]  # of it"));
        let added = add("vars: {shop: {names: {payment: {amount: []}}}}\n", "yes").unwrap();
        assert_eq!(&*added.file.text, "vars: {shop: {names: {payment: {amount: [\"yes\"]}}}}\n");
        let added =
            add("vars:\n  names:\n    payment:\n      amount:\n        - é # one\n        - b # two\n  x: 1\n", "c")
                .unwrap();
        assert_eq!(
            &*added.file.text,
            "vars:\n  names:\n    payment:\n      amount:\n        - é # one\n        - b # two\n        - c\n  x: 1\n"
        );
        assert_eq!((added.line, added.before, added.after.as_str()), (7, None, "        - c"));
    }

    #[test]
    fn refuses_where_it_cannot() {
        for (text, told) in [
            ("vars: {names: {payment: {amount: [a, c]}}}\n", "`c` is in `names: payment: amount` already"),
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
