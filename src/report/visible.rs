//! Characters that nobody sees, made visible: they come out of data, and could hide or turn around what stands beside them.

/// The text with `\u{202e}` in the place of such a character; lines and tabs stay.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            _ if character.is_control() || turns(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Whether it sets the direction of the text after it.
fn turns(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown_and_what_is_read_stays() {
        assert_eq!(visible("a\0b\u{202e}c\u{85}\r"), "a\\u{0}b\\u{202e}c\\u{85}\\u{d}");
        let read = "Ünïcode, שלום\n\tand 日本";
        assert_eq!(visible(read), read);
    }
}
