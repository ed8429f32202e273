//! JSON objects written straight into a text.
//!
//! A manifest has some thirty thousand fields, nearly all of them defaults. Written this way, with the defaults as
//! whole stretches of text, it takes a few milliseconds of a build; through derived serializers it took fifty.

use std::fmt::Write;

use serde_json::Value as Json;

/// An object that is being written; [`Object::end`] closes it.
pub(super) struct Object<'t> {
    text: &'t mut String,
    is_empty: bool,
}

impl<'t> Object<'t> {
    /// Opens an object at the end of the text.
    pub(super) fn new(text: &'t mut String) -> Self {
        text.push('{');
        Self { text, is_empty: true }
    }

    fn name(&mut self, name: &str) -> &mut String {
        if !self.is_empty {
            self.text.push(',');
        }
        self.is_empty = false;
        quoted(self.text, name);
        self.text.push(':');
        self.text
    }

    /// A field that is a text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        quoted(self.name(name), value);
    }

    /// A field that is a text or null.
    pub(super) fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// A field whose value is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name).push_str(json);
    }

    /// Fields that are JSON already, as in `"a":1,"b":null`.
    pub(super) fn fields(&mut self, json: &str) {
        if !self.is_empty {
            self.text.push(',');
        }
        self.is_empty = false;
        self.text.push_str(json);
    }

    /// A field of any value.
    pub(super) fn value(&mut self, name: &str, value: &Json) {
        // A text never fails to take what is written to it.
        let _ = write!(self.name(name), "{value}");
    }

    /// A field that is a list of texts.
    pub(super) fn texts<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let text = self.name(name);
        text.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            quoted(text, value.as_ref());
        }
        text.push(']');
    }

    /// A field that is an object.
    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::new(self.name(name));
        fill(&mut object);
        object.end();
    }

    /// A field that is an object for each item, by name.
    pub(super) fn objects<N: AsRef<str>, T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = (N, T)>,
        mut fill: impl FnMut(&mut Object<'_>, T),
    ) {
        self.object(name, |all| {
            for (name, item) in items {
                all.object(name.as_ref(), |object| fill(object, item));
            }
        });
    }

    /// Closes the object.
    pub(super) fn end(self) {
        self.text.push('}');
    }
}

/// A text as JSON has it.
fn quoted(text: &mut String, value: &str) {
    text.push('"');
    let mut done = 0;
    for (at, byte) in value.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        text.push_str(&value[done..at]);
        text.push_str(escape);
        if escape.is_empty() {
            let _ = write!(text, "\\u{byte:04x}");
        }
        done = at + 1;
    }
    text.push_str(&value[done..]);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(name in any::<String>(), value in any::<String>(), list in any::<Vec<String>>()) {
            let mut text = String::new();
            let mut object = Object::new(&mut text);
            object.object("inner", |inner| inner.text(&format!("a{name}"), &value));
            object.texts("list", &list);
            object.end();
            let expected = serde_json::json!({"inner": {format!("a{name}"): value}, "list": list});
            prop_assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), expected);
        }
    }
}
