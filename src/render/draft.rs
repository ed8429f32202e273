//! A text made from a file, with the way back: which byte of the file each of its bytes stands for.

use std::ops::Range;

/// The text that the engine gets, and where it came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub text: String,
    segments: Vec<Segment>,
}

/// Bytes of the draft from `at` on: copied from the file at `from`, or standing for that one place.
#[derive(Debug, Clone, Copy)]
struct Segment {
    at: usize,
    from: usize,
    copied: bool,
}

impl Draft {
    /// A file as it is.
    pub fn whole(file: &str) -> Self {
        let mut draft = Self::default();
        draft.copy(file, 0..file.len());
        draft
    }

    /// Appends bytes of the file.
    pub fn copy(&mut self, file: &str, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.segments.push(Segment { at: self.text.len(), from: range.start, copied: true });
        self.text.push_str(&file[range]);
    }

    /// Appends a text that stands for the file's byte `from`.
    pub fn insert(&mut self, text: &str, from: usize) {
        self.segments.push(Segment { at: self.text.len(), from, copied: false });
        self.text.push_str(text);
    }

    /// The file's bytes that a span of the draft stands for.
    pub fn original(&self, span: Range<usize>) -> Range<usize> {
        let start = self.origin(span.start);
        let end = span.end.checked_sub(1).filter(|last| *last >= span.start).map_or(start, |last| {
            let (from, copied) = self.found(last);
            if copied { from + 1 } else { from }
        });
        start..end.max(start)
    }

    /// The file's bytes that a line of the draft stands for, counted from 1, without its indentation.
    pub fn line(&self, number: usize) -> Range<usize> {
        let mut start = 0;
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            if index + 1 == number {
                let trimmed = line.trim_end();
                let indent = trimmed.len() - trimmed.trim_start().len();
                return self.original(start + indent..start + trimmed.len());
            }
            start += line.len();
        }
        let end = self.origin(self.text.len());
        end..end
    }

    fn origin(&self, offset: usize) -> usize {
        self.found(offset).0
    }

    fn found(&self, offset: usize) -> (usize, bool) {
        let after = self.segments.partition_point(|segment| segment.at <= offset);
        match after.checked_sub(1).map(|index| self.segments[index]) {
            Some(segment) if segment.copied => (segment.from + (offset - segment.at), true),
            Some(segment) => (segment.from, false),
            None => (0, false),
        }
    }
}

/// A change to a file's text, in place of a range of its bytes.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub range: Range<usize>,
    pub text: String,
    /// Of two edits at one place, the lower one comes first.
    pub rank: u8,
}

/// Appends a range of the file with the edits that lie in it. `edits` is sorted by place and rank.
pub(super) fn apply(draft: &mut Draft, file: &str, range: Range<usize>, edits: &[Edit]) {
    let first = edits.partition_point(|edit| edit.range.start < range.start);
    let mut at = range.start;
    for edit in edits[first..].iter().take_while(|edit| edit.range.end <= range.end) {
        draft.copy(file, at..edit.range.start);
        draft.insert(&edit.text, edit.range.start);
        at = edit.range.end;
    }
    draft.copy(file, at..range.end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_finds_its_way_back() {
        let file = "ab cd ef";
        let edits =
            [Edit { range: 3..3, text: "wrap(".into(), rank: 0 }, Edit { range: 5..5, text: ")".into(), rank: 1 }];
        let mut draft = Draft::default();
        draft.insert("prelude ", 0);
        apply(&mut draft, file, 0..file.len(), &edits);
        assert_eq!(draft.text, "prelude ab wrap(cd) ef");
        assert_eq!(draft.original(8..10), 0..2);
        assert_eq!(draft.original(16..18), 3..5);
        assert_eq!(draft.original(20..22), 6..8);
        assert_eq!(draft.original(11..19), 3..5);
        assert_eq!(draft.line(7), 8..8);
    }
}
