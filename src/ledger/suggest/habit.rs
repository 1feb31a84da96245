//! Bounded memories of what cells look like.

use std::collections::BTreeMap;

/// "1 row", "2 rows".
pub(super) fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// A note behind a value that no file can say.
pub(super) const EXAMPLE: &str = "# an example; put yours";

/// The first of some cells, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Example {
    /// How many.
    pub(super) count: u64,
    /// The line of the first one.
    pub(super) line: u64,
    /// The first one.
    pub(super) cell: String,
}

impl Example {
    pub(super) fn see(&mut self, line: u64, cell: &str) {
        if self.count == 0 {
            (self.line, self.cell) = (line, cell.to_owned());
        }
        self.count += 1;
    }

    /// Adds cells of another column.
    pub(super) fn add(&mut self, other: &Example) {
        if !self.is_any() || (other.is_any() && other.line < self.line) {
            (self.line, self.cell) = (other.line, other.cell.clone());
        }
        self.count += other.count;
    }

    pub(super) fn is_any(&self) -> bool {
        self.count > 0
    }
}

/// The words of a column, each with the first cell that has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    words: BTreeMap<String, Example>,
    /// There are more words than are remembered, or longer ones: the column is free text.
    pub(super) are_many: bool,
}

impl Words {
    /// More words than this are free text.
    const MOST: usize = 60;
    /// Longer cells, in bytes, are free text.
    const LONGEST: usize = 60;

    pub(super) fn see(&mut self, line: u64, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() || self.are_many {
            return;
        }
        if let Some(example) = self.words.get_mut(cell) {
            example.see(line, cell);
        } else if cell.len() > Words::LONGEST || self.words.len() == Words::MOST {
            self.are_many = true;
            self.words.clear();
        } else {
            self.words.entry(cell.to_owned()).or_default().see(line, cell);
        }
    }

    /// The words in their order; none where they are too many.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Example)> {
        self.words.iter().map(|(word, example)| (word.as_str(), example))
    }

    /// Adds the words of another column.
    pub(super) fn add(&mut self, other: &Words) {
        for (word, example) in &other.words {
            self.words.entry(word.clone()).or_default().add(example);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}
