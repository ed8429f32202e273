//! `{% docs name %}` blocks of `.md` files, and `{{ doc('name') }}` in descriptions.

use std::ops::Range;

use indexmap::IndexMap;

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::error::suggestion;
use crate::project::SourceFile;
use crate::project::yml_file::place;

/// Blocks by name, with where each begins.
#[derive(Debug, Default)]
pub(super) struct DocsBlocks {
    blocks: IndexMap<String, (String, SourceFile, Range<usize>)>,
}

impl DocsBlocks {
    /// Reads the blocks of one file.
    pub fn read(&mut self, file: &SourceFile, faults: &mut Diagnostics) {
        let text = &*file.text;
        let mut open: Option<(String, Range<usize>, usize)> = None;
        let mut at = 0;
        while let Some((tag, words)) = next_tag(text, at) {
            at = tag.end;
            let mut words = words.split_whitespace();
            match (words.next(), &open) {
                (Some("docs"), None) => match words.next() {
                    Some(name) => open = Some((name.to_string(), tag.clone(), tag.end)),
                    None => faults.push(Diagnostic::error("a `docs` block without a name", place(file, tag))),
                },
                (Some("docs"), Some((name, ..))) => {
                    let message = format!("a `docs` block inside the block `{name}`");
                    let help = "end a block with `{% enddocs %}`".to_string();
                    faults.push(Diagnostic::error(message, place(file, tag)).help(help));
                }
                (Some("enddocs"), Some(_)) => {
                    if let Some((name, opened, start)) = open.take() {
                        self.insert(name, text[start..tag.start].trim().to_string(), file, opened, faults);
                    }
                }
                (Some("enddocs"), None) => {
                    faults.push(Diagnostic::error("an `enddocs` without its `docs`", place(file, tag)));
                }
                _ => {}
            }
        }
        if let Some((name, opened, _)) = open {
            let help = "end it with `{% enddocs %}`".to_string();
            faults.push(Diagnostic::error(format!("the block `{name}` does not end"), place(file, opened)).help(help));
        }
    }

    fn insert(&mut self, name: String, text: String, file: &SourceFile, at: Range<usize>, faults: &mut Diagnostics) {
        if let Some((_, first, span)) = self.blocks.get(&name) {
            let help = format!("the first is at {}", place(first, span.clone()));
            faults.push(Diagnostic::error(format!("two `docs` blocks are named `{name}`"), place(file, at)).help(help));
            return;
        }
        self.blocks.insert(name, (text, file.clone(), at));
    }

    /// A description with its `doc` calls resolved and its other Jinja rendered.
    ///
    /// # Errors
    /// The first fault: its message and its help.
    pub fn describe(
        &self,
        text: &str,
        expand: &dyn Fn(&str) -> Result<String>,
    ) -> std::result::Result<String, (String, Option<String>)> {
        let mut described = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start..].find("}}") else { break };
            let expression = rest[start + 2..start + length].trim().trim_matches('-').trim();
            described.push_str(&rest[..start]);
            match doc_call(expression) {
                Some(name) => match self.blocks.get(&name) {
                    Some((block, ..)) => described.push_str(block),
                    None => {
                        let help = suggestion(&name, self.blocks.keys().map(String::as_str));
                        return Err((format!("no `docs` block is named `{name}`"), help));
                    }
                },
                None => {
                    let whole = &rest[start..start + length + 2];
                    let expanded =
                        expand(whole).map_err(|error| (error.to_string(), error.help_text().map(str::to_string)))?;
                    described.push_str(&expanded);
                }
            }
            rest = &rest[start + length + 2..];
        }
        described.push_str(rest);
        Ok(described)
    }

    /// The blocks' texts by name.
    pub fn into_texts(self) -> IndexMap<String, String> {
        self.blocks.into_iter().map(|(name, (text, ..))| (name, text)).collect()
    }
}

/// The next `{% … %}` from byte `from` on, and what is written inside.
fn next_tag(text: &str, from: usize) -> Option<(Range<usize>, &str)> {
    let start = from + text[from..].find("{%")?;
    let end = start + text[start..].find("%}")? + 2;
    let inside = text[start + 2..end - 2].trim_matches(['-', '+']);
    Some((start..end, inside))
}

/// The block's name in `doc('name')` or `doc('package', 'name')`.
fn doc_call(expression: &str) -> Option<String> {
    let arguments = expression.strip_prefix("doc")?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    let name = arguments.split(',').next_back()?.trim();
    let quote = name.chars().next().filter(|first| ['\'', '"'].contains(first))?;
    Some(name.strip_prefix(quote)?.strip_suffix(quote)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_and_resolves_calls() {
        let text = "intro {% docs one %}\nFirst.\n{% enddocs %}\n{%- docs two -%} Second {%- enddocs -%}\n{% docs one %}{% enddocs %}{% docs three %}";
        let file = SourceFile { path: "a.md".into(), text: text.into() };
        let mut faults = Diagnostics::default();
        let mut docs = DocsBlocks::default();
        docs.read(&file, &mut faults);
        let told = format!("{:?}", faults.into_result().unwrap_err());
        assert!(told.contains("two `docs` blocks are named `one` (a.md:5:1)"), "{told}");
        assert!(told.contains("the block `three` does not end (a.md:5:28)"), "{told}");
        let describe = |text| docs.describe(text, &|text| Ok(format!("<{text}>")));
        assert_eq!(
            describe("a {{ doc('one') }} b {{doc(\"p\", \"two\")}} {{ var('x') }}").unwrap(),
            "a First. b Second <{{ var('x') }}>"
        );
        assert_eq!(describe("plain {{ open").unwrap(), "plain {{ open");
        assert_eq!(describe("{{ doc('twos') }}").unwrap_err().1.as_deref(), Some("did you mean `two`?"));
    }
}
