//! What a file defines: its macros and generic tests, each made into a module of its own for the engine, and the rest of
//! the file as a template. Also what each of them mentions, so that it is known before anything is rendered.

use std::ops::Range;

use minijinja::machinery::Token;

use crate::error::Diagnostic;
use crate::error::Place;
use crate::project::SourceFile;
use crate::render::draft::Draft;
use crate::render::draft::Edit;
use crate::render::draft::apply;
use crate::render::mentions::Mentions;
use crate::render::mentions::mentions;
use crate::render::rewrite;
use crate::render::tokens::Lexeme;
use crate::render::tokens::block_at;
use crate::render::tokens::pairs;

/// The test that tells whether a parameter was left out; the functions and names beside it are the renderer's.
pub(super) const MISSING: &str = "__cp_missing";
/// What the macro is called inside its module.
pub(super) const BODY: &str = "cp__body";
/// A `return` that ends a macro needs no unwinding: it only notes the value.
pub(super) const RESULT: &str = "__cp_result";

/// A macro as a file defines it.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// As it is called; a generic test `unique` is the macro `test_unique`.
    pub name: String,
    pub parameters: Vec<String>,
    /// How many of the parameters must be given: those before the first one with a default.
    pub has_default: Vec<bool>,
    /// Whether its body names `varargs`, `kwargs`, `caller`.
    pub varargs: bool,
    pub kwargs: bool,
    pub caller: bool,
    /// The engine's module: one macro, [`BODY`].
    pub module: Draft,
    /// Where the file names it.
    pub span: Range<usize>,
    /// From its first block to its last.
    pub whole: Range<usize>,
    pub mentions: Mentions,
}

/// A file, taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    pub definitions: Vec<Definition>,
    /// The file without its definitions.
    pub body: Draft,
    pub mentions: Mentions,
    pub faults: Vec<Diagnostic>,
}

/// Takes a file apart. `prelude` goes in front of the body.
///
/// # Errors
/// What the tokenizer says of a file that it cannot read.
pub(super) fn parse(file: &SourceFile, prelude: &str) -> Result<Parsed, minijinja::Error> {
    let lexemes = crate::render::tokens::tokens(&file.text)?;
    let edits = rewrite::edits(&file.text, &lexemes);
    let mut parsed = Parsed::default();
    parsed.body.insert(prelude, 0);
    let mut rest = Vec::new();
    let (mut at, mut from) = (0, 0);
    while at < lexemes.len() {
        let Some(word) = block_at(&lexemes, at).filter(|word| end_of(word).is_some()) else {
            rest.push(at);
            at += 1;
            continue;
        };
        let block = Block::find(&file.text, &lexemes, at, word);
        parsed.take(file, &lexemes, &edits, &block);
        apply(&mut parsed.body, &file.text, from..block.whole.start, &edits);
        // The blanks around a definition go or stay as its own marks say.
        let marks = [trims_before(&file.text, block.whole.start), trims_after(&file.text, block.whole.end)];
        let [before, after] = marks.map(|trims| if trims { "-" } else { "" });
        parsed.body.insert(&format!("{{#{before} {after}#}}"), block.whole.start);
        from = block.whole.end;
        at = block.next;
    }
    apply(&mut parsed.body, &file.text, from..file.text.len(), &edits);
    parsed.mentions = mentions(&lexemes, rest.into_iter());
    Ok(parsed)
}

/// Whether the block that begins here takes away the blanks before it.
fn trims_before(text: &str, start: usize) -> bool {
    text.get(start..).is_some_and(|block| block.starts_with("{%-"))
}

/// Whether the block that ends here takes away the blanks behind it.
fn trims_after(text: &str, end: usize) -> bool {
    text.get(..end).is_some_and(|block| block.ends_with("-%}"))
}

fn end_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "macro" => "endmacro",
        "test" => "endtest",
        "data_test" => "enddata_test",
        "docs" => "enddocs",
        "snapshot" => "endsnapshot",
        "materialization" => "endmaterialization",
        _ => return None,
    })
}

/// A definition's blocks among the tokens.
struct Block {
    word: &'static str,
    /// Tokens between `{%` and `%}` of the first block.
    header: Range<usize>,
    /// Tokens of the body.
    body: Range<usize>,
    /// Bytes of the body, without the blanks that `-` takes away.
    body_bytes: Range<usize>,
    /// Bytes from `{% macro` to the end of `endmacro %}`.
    whole: Range<usize>,
    /// The first token behind.
    next: usize,
    closed: bool,
}

impl Block {
    fn find(text: &str, lexemes: &[Lexeme<'_>], at: usize, word: &str) -> Self {
        let ends: &[&str] = if word == "test" || word == "data_test" {
            &["endtest", "enddata_test"]
        } else {
            &[end_of(word).unwrap_or("")]
        };
        let word = match word {
            "data_test" | "test" => "test",
            "docs" => "docs",
            "snapshot" => "snapshot",
            "materialization" => "materialization",
            _ => "macro",
        };
        let is_end = |lexeme: &Lexeme<'_>| matches!(lexeme.token, Token::BlockEnd);
        let after = |from: usize| (from..lexemes.len()).find(|at| is_end(&lexemes[*at])).unwrap_or(lexemes.len());
        let header_end = after(at);
        let body = header_end.saturating_add(1).min(lexemes.len());
        let mut inside = 0usize;
        let end = (body..lexemes.len()).find(|at| match block_at(lexemes, *at) {
            Some(name) if ends.contains(&name) && inside == 0 => true,
            Some(name) if ends.contains(&name) => {
                inside -= 1;
                false
            }
            Some(name) => {
                inside += usize::from(end_of(name).is_some_and(|end| ends.contains(&end)));
                false
            }
            None => false,
        });
        let last = lexemes.last().map_or(0, |lexeme| lexeme.span.end);
        let stop = end.unwrap_or(lexemes.len());
        let close = after(stop);
        let byte = |at: usize| lexemes.get(at).map_or(last, |lexeme| lexeme.span.end);
        let (start, end_tag) = (byte(header_end), lexemes.get(stop).map_or(last, |lexeme| lexeme.span.start));
        let mut body_bytes = start..end_tag;
        if trims_after(text, start) {
            body_bytes.start = end_tag - text[body_bytes.clone()].trim_start().len();
        }
        if trims_before(text, end_tag) {
            body_bytes.end = body_bytes.start + text[body_bytes.clone()].trim_end().len();
        }
        Self {
            word,
            header: at + 1..header_end,
            body: body..stop,
            body_bytes,
            whole: lexemes[at].span.start..byte(close),
            next: close.saturating_add(1).min(lexemes.len()),
            closed: end.is_some(),
        }
    }
}

impl Parsed {
    fn take(&mut self, file: &SourceFile, lexemes: &[Lexeme<'_>], edits: &[Edit], block: &Block) {
        let named = block.header.start + 1;
        let name = lexemes.get(named).filter(|_| block.header.contains(&named));
        let place = |span: Range<usize>| Place::new(file.path.clone(), file.text.clone(), span);
        let keyword = lexemes[block.header.start].span.clone();
        let Some((name, span)) = name.and_then(|lexeme| Some((lexeme.name()?.to_string(), lexeme.span.clone()))) else {
            self.faults.push(Diagnostic::error(format!("this `{}` has no name", block.word), place(keyword)));
            return;
        };
        if !block.closed {
            let message = format!("`{} {name}` is never ended", block.word);
            let help = format!("write `{{% end{} %}}` behind its last line", block.word);
            self.faults.push(Diagnostic::error(message, place(span)).help(help));
            return;
        }
        match block.word {
            "docs" => {}
            "snapshot" | "materialization" => {
                let message = format!("`{}` blocks are not supported", block.word);
                self.faults.push(Diagnostic::error(message, place(keyword)).help(unsupported(block.word)));
            }
            word => {
                if let Some(inner) = nested(lexemes, block.body.clone()) {
                    let message = format!("a macro cannot be defined inside `{name}`");
                    self.faults.push(Diagnostic::error(message, place(inner)));
                }
                let name = if word == "test" { format!("test_{name}") } else { name };
                self.definitions.push(define(name, span, &file.text, lexemes, edits, block));
            }
        }
    }
}

fn unsupported(word: &str) -> String {
    match word {
        "snapshot" => "keep history in an incremental model instead",
        _ => "use one of `view`, `table`, `incremental`, `ephemeral`",
    }
    .to_string()
}

fn nested(lexemes: &[Lexeme<'_>], body: Range<usize>) -> Option<Range<usize>> {
    let mut inner = body.filter(|at| block_at(lexemes, *at).is_some_and(|word| end_of(word).is_some()));
    inner.next().map(|at| lexemes[at + 1].span.clone())
}

/// One parameter: its name, and the tokens of its default.
struct Parameter {
    name: String,
    default: Option<Range<usize>>,
}

fn parameters(lexemes: &[Lexeme<'_>], header: &Range<usize>) -> Vec<Parameter> {
    let open = header.start + 2;
    let closings = pairs(&lexemes[..header.end]);
    let mut found = Vec::new();
    let Some(close) = closings.get(open).copied().filter(|_| open < header.end) else { return found };
    let mut at = open + 1;
    while at < close {
        let Some(name) = lexemes[at].name().map(str::to_string) else {
            at += 1;
            continue;
        };
        let (mut end, mut assign) = (at + 1, None);
        while end < close && !matches!(lexemes[end].token, Token::Comma) {
            match lexemes[end].token {
                Token::Assign if assign.is_none() => assign = Some(end),
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => end = closings[end].min(close - 1),
                _ => {}
            }
            end += 1;
        }
        found.push(Parameter {
            name,
            default: assign.map(|assign| assign + 1..end).filter(|tokens| !tokens.is_empty()),
        });
        at = end + 1;
    }
    found
}

fn define(
    name: String,
    span: Range<usize>,
    text: &str,
    lexemes: &[Lexeme<'_>],
    edits: &[Edit],
    block: &Block,
) -> Definition {
    let parameters = parameters(lexemes, &block.header);
    let says = |word: &str| block.body.clone().any(|at| lexemes[at].name() == Some(word));
    let mut definition = Definition {
        parameters: parameters.iter().map(|parameter| parameter.name.clone()).collect(),
        has_default: parameters.iter().map(|parameter| parameter.default.is_some()).collect(),
        varargs: says("varargs"),
        kwargs: says("kwargs"),
        caller: says("caller"),
        mentions: mentions(lexemes, block.header.clone().chain(block.body.clone())),
        module: Draft::default(),
        whole: block.whole.clone(),
        name,
        span,
    };
    let module = &mut definition.module;
    let at = block.whole.start;
    let mut names = definition.parameters.clone();
    names.extend(definition.varargs.then(|| "varargs".to_string()));
    names.extend(definition.kwargs.then(|| "kwargs".to_string()));
    module.insert(&format!("{{% macro {BODY}({}) %}}", names.join(", ")), at);
    for parameter in &parameters {
        let Some(default) = &parameter.default else { continue };
        let bytes = lexemes[default.start].span.start..lexemes[default.end - 1].span.end;
        let name = &parameter.name;
        module.insert(&format!("{{% if {name} is {MISSING} %}}{{% set {name} = ("), bytes.start);
        apply(module, text, bytes.clone(), edits);
        module.insert(") %}{% endif %}", bytes.end);
    }
    let result = last_return(lexemes, block).map(|at| lexemes[at].span.clone());
    match result {
        Some(word) => {
            apply(module, text, block.body_bytes.start..word.start, edits);
            module.insert(RESULT, word.start);
            apply(module, text, word.end..block.body_bytes.end, edits);
        }
        None => apply(module, text, block.body_bytes.clone(), edits),
    }
    module.insert("{% endmacro %}", block.body_bytes.end);
    definition
}

/// The `return` that is the last thing a macro does, outside any other block.
fn last_return(lexemes: &[Lexeme<'_>], block: &Block) -> Option<usize> {
    let body = &lexemes[block.body.clone()];
    let blank = |lexeme: &Lexeme<'_>| matches!(lexeme.token, Token::TemplateData(text) if text.trim().is_empty());
    let end = body.iter().rposition(|lexeme| !blank(lexeme))?;
    let start = body.iter().rposition(|lexeme| matches!(lexeme.token, Token::VariableStart | Token::BlockStart))?;
    let is_do = matches!(body[start].token, Token::BlockStart) && body.get(start + 1)?.name() == Some("do");
    let word = match body[start].token {
        Token::VariableStart => start + 1,
        _ if is_do => start + 2,
        _ => return None,
    };
    let whole = body.get(word)?.name() == Some("return")
        && matches!(body.get(word + 1)?.token, Token::ParenOpen)
        && pairs(body)[word + 1] + 2 == end + 1;
    (whole && depth(&body[..start]) == 0).then_some(block.body.start + word)
}

/// How many blocks that hold others are open at the end of some tokens.
fn depth(body: &[Lexeme<'_>]) -> usize {
    (0..body.len()).fold(0usize, |depth, at| match block_at(body, at) {
        Some("if" | "for" | "call" | "filter" | "with" | "block" | "autoescape") => depth + 1,
        Some("set") if !block_tokens(body, at).any(|lexeme| matches!(lexeme.token, Token::Assign)) => depth + 1,
        Some(word) if word.starts_with("end") => depth.saturating_sub(1),
        _ => depth,
    })
}

fn block_tokens<'body, 'text>(body: &'body [Lexeme<'text>], at: usize) -> impl Iterator<Item = &'body Lexeme<'text>> {
    body[at..].iter().take_while(|lexeme| !matches!(lexeme.token, Token::BlockEnd))
}
