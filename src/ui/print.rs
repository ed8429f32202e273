//! The two streams. Colour is stripped where the stream cannot show it, or `NO_COLOR` says so.

use std::io::{IsTerminal, Write};

/// Writes data to stdout. A reader that has gone away (`cp ls | head`) is no error.
pub fn write_out(text: &str) {
    let mut stream = anstream::stdout().lock();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Writes one line of talk to stderr.
pub fn say(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = writeln!(stream, "{text}");
}

/// Whether talk is seen on a terminal.
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A text that stands back.
pub fn faint(text: &str) -> String {
    let style = anstyle::Style::new().dimmed();
    format!("{style}{text}{style:#}")
}

/// Whether a person can be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Asks a person; `None` where the input is over.
pub fn ask(question: &str) -> Option<String> {
    write_out(&format!("{question} > "));
    let mut answer = String::new();
    let length = std::io::stdin().read_line(&mut answer).ok()?;
    (length > 0).then(|| answer.trim().to_lowercase())
}
