//! What Jinja allows and the engine does not, rewritten as calls: lists and dictionaries that can change, and operators
//! that know more types (`'%s' % x`, `list + list` as a list of its own, `now - timedelta(days=1)`).
//!
//! The pass works on tokens and keeps every line where it was.

use minijinja::machinery::Token;

use crate::render::draft::Edit;
use crate::render::tokens::Lexeme;
use crate::render::tokens::pairs;

/// The functions that rewritten code calls; nothing a person writes begins with these letters.
pub(super) const LIST: &str = "__cp_list";
pub(super) const DICTIONARY: &str = "__cp_dictionary";
pub(super) const MODULO: &str = "__cp_modulo";
pub(super) const ADD: &str = "__cp_add";
pub(super) const SUBTRACT: &str = "__cp_subtract";

const CLOSER: u8 = 0;
const PLAIN: u8 = 1;
const SUM_OPENER: u8 = 2;
const TERM_OPENER: u8 = 3;
const LITERAL_OPENER: u8 = 4;

/// How tightly an operator binds, as far as this pass needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    /// Ends any operand: commas, comparisons, keywords, the end of the block.
    Loose,
    Sum,
    Term,
    /// Part of an operand.
    Tight,
}

/// Where the operands that are under way began, inside one pair of brackets.
#[derive(Debug, Clone, Copy)]
struct Level {
    sum: Option<usize>,
    term: Option<usize>,
}

/// All changes to a file, sorted as [`crate::render::draft::apply`] wants them.
pub(super) fn edits(text: &str, lexemes: &[Lexeme<'_>]) -> Vec<Edit> {
    let levels = vec![Level { sum: None, term: None }];
    let mut pass = Pass { text, lexemes, pairs: pairs(lexemes), edits: Vec::new(), levels };
    for at in 0..lexemes.len() {
        pass.step(at);
    }
    // Of two calls that begin at one place, the one that was met later goes around the other.
    pass.edits.reverse();
    pass.edits.sort_by_key(|edit| (edit.range.start, edit.rank));
    pass.edits
}

struct Pass<'file> {
    text: &'file str,
    lexemes: &'file [Lexeme<'file>],
    pairs: Vec<usize>,
    edits: Vec<Edit>,
    levels: Vec<Level>,
}

impl Pass<'_> {
    fn step(&mut self, at: usize) {
        let lexeme = &self.lexemes[at];
        let start = lexeme.span.start;
        match &lexeme.token {
            Token::TemplateData(_) => {}
            Token::VariableStart | Token::BlockStart => self.levels = vec![Level { sum: None, term: None }],
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.begin_operand(start);
                self.literal(at);
                self.levels.push(Level { sum: None, term: None });
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
            }
            Token::Mod => self.operator(at, MODULO, Binding::Term),
            Token::Plus if self.follows_operand(at) => self.operator(at, ADD, Binding::Sum),
            Token::Minus if self.follows_operand(at) => self.operator(at, SUBTRACT, Binding::Sum),
            token => match self.binding(token, at) {
                Binding::Loose => self.set_level(Level { sum: None, term: None }),
                Binding::Sum => {
                    let sum = self.level().sum;
                    self.set_level(Level { sum, term: None });
                }
                Binding::Term => {}
                Binding::Tight => {
                    self.begin_operand(start);
                    self.slash(at);
                }
            },
        }
    }

    fn level(&self) -> Level {
        *self.levels.last().unwrap_or(&Level { sum: None, term: None })
    }

    fn set_level(&mut self, level: Level) {
        if let Some(last) = self.levels.last_mut() {
            *last = level;
        }
    }

    fn begin_operand(&mut self, start: usize) {
        let level = self.level();
        self.set_level(Level { sum: level.sum.or(Some(start)), term: level.term.or(Some(start)) });
    }

    /// How a token other than a bracket binds. A sign binds as the operator it may be.
    fn binding(&self, token: &Token<'_>, at: usize) -> Binding {
        match token {
            Token::Plus | Token::Minus if !self.follows_operand(at) => Binding::Tight,
            Token::Plus | Token::Minus => Binding::Sum,
            Token::Mul | Token::Div | Token::FloorDiv | Token::Mod => Binding::Term,
            Token::Ident(_) if self.lexemes[at].is_keyword() && !self.follows_dot(at) => Binding::Loose,
            Token::Ident(_) | Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) => Binding::Tight,
            Token::Float(_) | Token::Dot | Token::Pipe | Token::Pow => Binding::Tight,
            _ => Binding::Loose,
        }
    }

    fn follows_dot(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| matches!(self.lexemes[before].token, Token::Dot))
    }

    /// Whether the token before `at` ends an operand, so that what stands at `at` goes on with it.
    fn follows_operand(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        match &self.lexemes[before].token {
            Token::Ident(_) => !self.lexemes[before].is_keyword() || self.follows_dot(before),
            Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) | Token::Float(_) => true,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => true,
            _ => false,
        }
    }

    /// `[…]` and `{…}` that make a list or a dictionary become calls around them.
    fn literal(&mut self, at: usize) {
        let function = match self.lexemes[at].token {
            Token::BraceOpen => DICTIONARY,
            Token::BracketOpen if !self.follows_operand(at) && !self.is_target(at) => LIST,
            _ => return,
        };
        let Some(end) = self.lexemes.get(self.pairs[at]).map(|lexeme| lexeme.span.end) else { return };
        let start = self.lexemes[at].span.start;
        self.edits.push(Edit { range: start..start, text: format!("{function}("), rank: LITERAL_OPENER });
        self.edits.push(Edit { range: end..end, text: ")".to_string(), rank: CLOSER });
    }

    /// Whether a bracket stands where names are assigned: `set [a, b] =`, `for [a, b] in`.
    fn is_target(&self, at: usize) -> bool {
        at >= 2
            && matches!(self.lexemes[at - 2].token, Token::BlockStart)
            && matches!(self.lexemes[at - 1].name(), Some("set" | "for"))
    }

    /// `a OP b` becomes `function(a , b)`.
    fn operator(&mut self, at: usize, function: &str, binding: Binding) {
        let level = self.level();
        let (start, rank) = match binding {
            Binding::Term => (level.term, TERM_OPENER),
            _ => (level.sum, SUM_OPENER),
        };
        if binding == Binding::Sum {
            self.set_level(Level { sum: level.sum, term: None });
        }
        let (Some(start), Some(end)) = (start, self.operand_end(at, binding)) else { return };
        self.edits.push(Edit { range: start..start, text: format!("{function}("), rank });
        self.edits.push(Edit { range: self.lexemes[at].span.clone(), text: ",".to_string(), rank: PLAIN });
        self.edits.push(Edit { range: end..end, text: ")".to_string(), rank: CLOSER });
    }

    /// Where the right operand of the operator at `at` ends.
    fn operand_end(&self, at: usize, binding: Binding) -> Option<usize> {
        let mut end = None;
        let mut next = at + 1;
        while let Some(lexeme) = self.lexemes.get(next) {
            match &lexeme.token {
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                    next = self.pairs[next];
                    end = Some(self.lexemes.get(next)?.span.end);
                }
                token => {
                    if self.binding(token, next) <= binding {
                        break;
                    }
                    end = Some(lexeme.span.end);
                }
            }
            next += 1;
        }
        end
    }

    /// `\/` stays as it is in Python; the engine would drop the backslash.
    fn slash(&mut self, at: usize) {
        let span = self.lexemes[at].span.clone();
        if !matches!(self.lexemes[at].token, Token::String(_)) || !self.text[span.clone()].contains("\\/") {
            return;
        }
        let mut escaped = false;
        for (offset, letter) in self.text[span.clone()].char_indices() {
            if escaped && letter == '/' {
                let place = span.start + offset;
                self.edits.push(Edit { range: place..place, text: "\\".to_string(), rank: PLAIN });
            }
            escaped = letter == '\\' && !escaped;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::draft::Draft;
    use crate::render::draft::apply;
    use crate::render::tokens::tokens;

    fn rewritten(text: &str) -> String {
        let edits = edits(text, &tokens(text).unwrap());
        let mut draft = Draft::default();
        apply(&mut draft, text, 0..text.len(), &edits);
        draft.text.replace("__cp_", "")
    }

    #[test]
    fn literals_and_operators_become_calls() {
        let cases = [
            ("{{ [1, [2]] }}", "{{ list([1, list([2])]) }}"),
            ("{{ a[0] }}{{ f()[1] }}", "{{ a[0] }}{{ f()[1] }}"),
            ("{% for x in [1] %}", "{% for x in list([1]) %}"),
            ("{{ {'a': [1]}['a'] }}", "{{ dictionary({'a': list([1])})['a'] }}"),
            ("{{ '%s' % x }}", "{{ modulo('%s' , x) }}"),
            ("{{ '%s' % (a, b) ~ c }}", "{{ modulo('%s' , (a, b)) ~ c }}"),
            ("{{ 1 + f(2) * x.y % z|int + 3 }}", "{{ add(add(1 , modulo(f(2) * x.y , z|int)) , 3) }}"),
            ("{{ a % b % c }}", "{{ modulo(modulo(a , b) , c) }}"),
            ("{{ a - b + c }}", "{{ add(subtract(a , b) , c) }}"),
            ("{{ [1] % 2 }}", "{{ modulo(list([1]) , 2) }}"),
            ("{{ timedelta(1) + -a * 2 - b }}", "{{ subtract(add(timedelta(1) , -a * 2) , b) }}"),
            ("{{ a[-1] - -b }}", "{{ subtract(a[-1] , -b) }}"),
            ("{{ '\\/' }}", "{{ '\\\\/' }}"),
            ("{% if x % 2 == 0 %}", "{% if modulo(x , 2) == 0 %}"),
            ("{% set [a, b] = [1, 2] %}", "{% set [a, b] = list([1, 2]) %}"),
            ("a [1] % {b} {# [x] #}{% raw %}[y]{% endraw %}", "a [1] % {b} {# [x] #}{% raw %}[y]{% endraw %}"),
        ];
        for (given, expected) in cases {
            assert_eq!(rewritten(given), expected, "{given}");
        }
    }
}
