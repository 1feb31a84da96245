//! Rows that are not orders (contract, "Ledger": `[[ledger.skip]]`).

use super::settings::SkipRule;
use super::vocabulary::given;
use crate::tabular::{Record, normalize};
use std::collections::HashSet;
use std::str::from_utf8;

/// A [`SkipRule`] as it is applied.
pub(super) struct Skip {
    index: usize,
    values: HashSet<String>,
    empty: bool,
}

impl Skip {
    pub(super) fn new(rule: &SkipRule, index: usize) -> Skip {
        let values = rule.values.iter().map(|value| normalize(value).into_owned()).collect();
        Skip { index, values, empty: rule.empty }
    }

    pub(super) fn applies_to(&self, record: &Record<'_>) -> bool {
        from_utf8(record.cell(Some(self.index))).is_ok_and(|cell| {
            let word = normalize(cell);
            self.values.contains(&*word) || (self.empty && given(&word).is_empty())
        })
    }
}
