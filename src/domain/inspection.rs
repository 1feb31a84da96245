//! What a ledger says (contract, "Ledger": `ledger FILE`).

use super::amount::Total;
use super::order::Entry;
use super::run::LedgerFigures;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// The rows and orders of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// Rows by what they count as.
    pub rows: LedgerFigures,
    /// Invalid rows by reason, in the order of their first lines.
    pub invalid: Vec<InvalidRows>,
    /// Words that are not mapped, the most frequent first.
    pub unmapped: Vec<UnmappedWord>,
    /// The orders' amounts by currency and direction.
    pub sums: Vec<OrderSum>,
    /// Orders by day, in the ledger's time zone.
    pub days: BTreeMap<NaiveDate, u64>,
    /// Orders whose rows contradict each other.
    pub conflicts: u64,
    /// Orders that one file gives twice in full.
    pub duplicates: u64,
    /// The first order.
    pub example: Option<Entry>,
}

/// Rows that are invalid for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidRows {
    /// The reason of the first of them.
    pub reason: String,
    /// How many.
    pub rows: u64,
    /// The file of the first one.
    pub file: String,
    /// The line of the first one.
    pub first_line: u64,
}

/// A word that is not mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnmappedWord {
    /// The column, by the contract's name.
    pub column: &'static str,
    /// The word.
    pub word: String,
    /// Orders with it.
    pub orders: u64,
}

/// The orders of one currency and direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderSum {
    /// In lower case.
    pub currency: String,
    /// `income`, `expense` or another word; `None` where the ledger gives none.
    pub transaction_type: Option<String>,
    /// How many.
    pub orders: u64,
    /// The sum of their amounts.
    pub amount: Total,
}

impl Inspection {
    /// Adds an invalid row. Rows whose reasons differ only in what they quote are one kind.
    pub fn add_invalid(&mut self, reason: &str, file: &str, line: u64) {
        /// More reasons than this are one.
        const MOST_REASONS: usize = 40;
        let kind = kind_of(reason);
        let same = |rows: &&mut InvalidRows| kind_of(&rows.reason) == kind;
        let is_full = self.invalid.len() >= MOST_REASONS;
        if let Some(rows) = self.invalid.iter_mut().find(same) {
            rows.rows += 1;
        } else if let (true, Some(last)) = (is_full, self.invalid.last_mut()) {
            last.rows += 1;
        } else {
            let (reason, file) = (reason.to_owned(), file.to_owned());
            self.invalid.push(InvalidRows { reason, rows: 1, file, first_line: line });
        }
    }
}

/// A reason without what it quotes and counts.
fn kind_of(reason: &str) -> String {
    let unquoted: String = reason.split('"').step_by(2).collect();
    unquoted.chars().filter(|character| !character.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_rows_are_counted_by_their_kind_of_reason() {
        let mut inspection = Inspection::default();
        for (line, reason) in [
            (3, "amount \"1,5\": it is not a plain decimal number"),
            (5, "amount \"x\": it is not a plain decimal number"),
            (6, "it has 3 fields, the header row has 4"),
            (9, "it has 2 fields, the header row has 4"),
            (9, "merchant_order_id is empty"),
        ] {
            inspection.add_invalid(reason, "a.csv", line);
        }
        let counted: Vec<_> =
            inspection.invalid.iter().map(|rows| (rows.rows, rows.first_line)).collect();
        assert_eq!(counted, [(2, 3), (2, 6), (1, 9)]);
        for number in 0..100_u8 {
            let reason = "x".repeat(usize::from(number) + 1);
            inspection.add_invalid(&reason, "a.csv", 10);
        }
        assert_eq!(inspection.invalid.len(), 40);
        assert_eq!(inspection.invalid.iter().map(|rows| rows.rows).sum::<u64>(), 105);
    }
}
