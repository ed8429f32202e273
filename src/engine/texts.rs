//! A column of texts.

/// Texts one after the other, none of them NULL, in one piece of memory.
#[derive(Debug, Clone)]
pub struct Texts {
    text: String,
    /// Where each begins, and where the last one ends.
    bounds: Vec<i64>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { text: String::new(), bounds: vec![0] }
    }
}

impl Texts {
    /// Adds one at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.bounds.push(self.text.len() as i64);
    }

    /// The text at the index.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, index: usize) -> &str {
        &self.text[self.bounds[index] as usize..self.bounds[index + 1] as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long the longest is, in bytes.
    pub(super) fn longest(&self) -> usize {
        let lengths = self.bounds.windows(2).map(|bounds| (bounds[1] - bounds[0]) as usize);
        lengths.max().unwrap_or(0)
    }

    /// Room for so many texts of so many bytes in all.
    pub fn with_capacity(texts: usize, bytes: usize) -> Self {
        let mut bounds = Vec::with_capacity(texts + 1);
        bounds.push(0);
        Self { text: String::with_capacity(bytes), bounds }
    }

    /// How long they are together, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Each text, from the first on.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// All of them as one text, where each begins, and where the last one ends.
    pub(super) fn into_parts(self) -> (String, Vec<i64>) {
        (self.text, self.bounds)
    }
}
