//! `[ledger.columns]`.

use crate::ledger::columns::Column;
use crate::tabular::normalize;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// `[ledger.columns]`: the contract's columns and their headings in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub(in crate::ledger) struct Columns(BTreeMap<Column, String>);

impl Columns {
    /// The heading of a column in the file.
    pub(in crate::ledger) fn heading(&self, column: Column) -> &str {
        self.0.get(&column).map_or(column.as_str(), String::as_str)
    }

    /// Whether its heading is configured.
    pub(in crate::ledger) fn has(&self, column: Column) -> bool {
        self.0.contains_key(&column)
    }

    /// Whether its own name is configured as the heading of another column. The file then does not
    /// have this column.
    pub(in crate::ledger) fn is_shadowed(&self, column: Column) -> bool {
        let name_is_taken = || self.0.values().any(|heading| normalize(heading) == column.as_str());
        !self.has(column) && name_is_taken()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let mut taken = HashMap::new();
        for (column, heading) in &self.0 {
            let normalized = normalize(heading);
            if normalized.is_empty() {
                return Err(format!("columns: the heading of {column} is empty"));
            }
            if let Some(other) = taken.insert(normalized, column) {
                return Err(format!(
                    "columns: {other} and {column} cannot both be the heading \"{}\"",
                    heading.trim()
                ));
            }
        }
        let in_two_columns = self.has(Column::Credit);
        if in_two_columns != self.has(Column::Debit) {
            return Err("columns: credit and debit cannot be set one without the other".to_owned());
        }
        let required = [Column::MerchantOrderId, Column::Amount, Column::CreatedAt];
        let mut required =
            required.into_iter().filter(|column| !(in_two_columns && *column == Column::Amount));
        match required.find(|column| self.is_shadowed(*column)) {
            Some(column) => Err(format!(
                "columns: the heading \"{column}\" cannot be {column} and another column; say \
                 which heading {column} has"
            )),
            None => Ok(()),
        }
    }
}
