//! Errors, with the file, the line and a caret under what is wrong.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Level;
use crate::ui::say;

/// Prints an error: the faults in files that stand behind it, or its own message.
pub fn show_error(error: &Error) {
    let faults = error.diagnostics();
    for fault in faults {
        show_diagnostic(fault);
    }
    if faults.iter().filter(|fault| fault.level == Level::Error).count() == 1 {
        return;
    }
    say(&render(&Diagnostic::error(error.to_string(), None).help(error.help_text().map(str::to_string)), true));
}

/// Prints one fault.
pub fn show_diagnostic(fault: &Diagnostic) {
    say(&render(fault, true));
}

fn render(fault: &Diagnostic, styled: bool) -> String {
    let level = match fault.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
    };
    let title = level.primary_title(fault.message.as_str());
    let mut report = Vec::new();
    match &fault.place {
        Some(place) if !place.text.is_empty() => {
            let length = place.text.len();
            let start = boundary(&place.text, place.span.start.min(length));
            let end = boundary(&place.text, place.span.end.clamp(start, length));
            let mut annotation = AnnotationKind::Primary.span(start..end);
            if let Some(label) = &fault.label {
                annotation = annotation.label(label.as_str());
            }
            let snippet =
                Snippet::source(&*place.text).path(place.path.to_string_lossy().into_owned()).annotation(annotation);
            report.push(title.element(snippet));
        }
        Some(place) => {
            report.push(
                Group::with_title(title)
                    .element(annotate_snippets::Origin::path(place.path.to_string_lossy().into_owned())),
            );
        }
        None => report.push(Group::with_title(title)),
    }
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let help = fault.help.as_deref().map(|help| Group::with_title(Shown::HELP.secondary_title(help)));
    match (help, &fault.place) {
        // Without an excerpt there is nothing for a gutter to lead to.
        (Some(help), None) => format!("{}\n{}", renderer.render(&report), renderer.render(&[help])),
        (help, _) => {
            report.extend(help);
            renderer.render(&report)
        }
    }
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn shows_line_caret_and_help() {
        let text = "select *\nfrom {{ ref('stg_order') }}\n";
        let start = text.find("stg_order").unwrap();
        let place = Place::new("models/fact_orders.sql", text, start..start + 9);
        let fault = Diagnostic::error("model `fact_orders` refers to `stg_order`, which does not exist", place)
            .help("did you mean `stg_orders`?".to_string());
        insta::assert_snapshot!(render(&fault, false), @r"
        error: model `fact_orders` refers to `stg_order`, which does not exist
         --> models/fact_orders.sql:2:14
          |
        2 | from {{ ref('stg_order') }}
          |              ^^^^^^^^^
          |
        help: did you mean `stg_orders`?
        ");
    }
}
