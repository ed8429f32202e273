//! What is otherwise, line by line, as a diff is read.

use anstyle::{AnsiColor, Style};

/// How a line is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Plain,
    Added,
    Removed,
    Changed,
}

/// A name, what is said of it in one line, and the lines below it.
pub fn changes(name: &str, headline: &str, lines: &[(Sign, &str)]) -> String {
    let bold = Style::new().bold();
    let mut text = format!("{bold}{name}{bold:#}  {headline}\n");
    for (sign, line) in lines {
        let (mark, colour) = match sign {
            Sign::Plain => (' ', None),
            Sign::Added => ('+', Some(AnsiColor::Green)),
            Sign::Removed => ('-', Some(AnsiColor::Red)),
            Sign::Changed => ('~', Some(AnsiColor::Yellow)),
        };
        let style = Style::new().fg_color(colour.map(Into::into));
        // A control character in the data must not reach the terminal.
        let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        text.push_str(&format!("  {style}{mark} {line}{style:#}\n"));
    }
    text
}
