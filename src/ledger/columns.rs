//! The columns of a ledger, and where a file has them (contract, "Ledger").

use super::settings::LedgerSettings;
use crate::tabular::{Fault, Header, Position};
use serde::Deserialize;
use std::fmt;

/// The columns that are read, by the contract's names. Exports have many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The order's id.
    MerchantOrderId,
    /// The amount of money.
    Amount,
    /// The currency of the amount.
    Currency,
    /// When the order was made.
    CreatedAt,
    /// Income or expense.
    TransactionType,
    /// The kind of payment.
    AccountingType,
    /// The status that the merchant knows.
    Status,
    /// The merchant.
    MerchantUid,
}

impl Column {
    /// All of them, in the contract's order.
    pub const ALL: [Column; 8] = [
        Column::MerchantOrderId,
        Column::Amount,
        Column::Currency,
        Column::CreatedAt,
        Column::TransactionType,
        Column::AccountingType,
        Column::Status,
        Column::MerchantUid,
    ];

    /// The contract's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Column::MerchantOrderId => "merchant_order_id",
            Column::Amount => "amount",
            Column::Currency => "currency",
            Column::CreatedAt => "created_at",
            Column::TransactionType => "transaction_type",
            Column::AccountingType => "accounting_type",
            Column::Status => "status",
            Column::MerchantUid => "merchant_uid",
        }
    }

    /// Whether a ledger without it cannot be read. A configured heading is expected to be there,
    /// whatever the column.
    fn is_required(self, settings: &LedgerSettings) -> bool {
        match self {
            Column::MerchantOrderId | Column::Amount | Column::CreatedAt => true,
            Column::Currency => settings.currency.is_none() || settings.columns.has(self),
            _ => settings.columns.has(self),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The index of each column in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The number of fields of the header row, and so of every row.
    pub(super) fields: usize,
    indexes: [(Column, Option<usize>); 8],
}

impl Layout {
    /// Finds the columns. Fails where a required one is missing or a heading is given twice.
    pub(super) fn new(
        header: &Header,
        settings: &LedgerSettings,
    ) -> Result<Layout, (Position, Fault)> {
        let line = header.line;
        let position = |column: Column| Position::Cell { line, column: column.as_str() };
        let mut indexes = Column::ALL.map(|column| (column, None));
        let mut missing = Vec::new();
        for (column, index) in &mut indexes {
            if settings.columns.is_shadowed(*column) {
                continue;
            }
            *index = header
                .find(settings.columns.heading(*column))
                .map_err(|fault| (position(*column), fault))?;
            if index.is_none() && column.is_required(settings) {
                missing.push(*column);
            }
        }
        let Some(first) = missing.first() else {
            return Ok(Layout { fields: header.fields(), indexes });
        };
        let headings = missing.iter().map(|column| settings.columns.heading(*column));
        Err((position(*first), header.missing(headings)))
    }

    /// The index of a column; `None` where the file does not have it.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.indexes.iter().find(|(name, _)| *name == column).and_then(|(_, index)| *index)
    }

    /// The columns that this file has.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.indexes.iter().filter(|(_, index)| index.is_some()).map(|(column, _)| *column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> LedgerSettings {
        toml::from_str(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
    }

    fn layout(headings: &[&str], settings: &LedgerSettings) -> Result<Layout, (Position, Fault)> {
        Layout::new(&Header::new(1, headings.iter().copied()), settings)
    }

    #[test]
    fn columns_are_found_without_regard_to_case_order_and_space() {
        let headings = ["Note", " AMOUNT ", "Created_At", "merchant_order_ID", "\tCurrency"];
        let layout = layout(&headings, &LedgerSettings::default());
        let layout = layout.unwrap_or_else(|(_, fault)| unreachable!("{fault}"));
        assert_eq!(layout.index(Column::Amount), Some(1));
        assert_eq!(layout.index(Column::CreatedAt), Some(2));
        assert_eq!(layout.index(Column::MerchantOrderId), Some(3));
        assert_eq!(layout.index(Column::Currency), Some(4));
        assert_eq!(layout.index(Column::Status), None);
        assert_eq!(layout.fields, 5);
    }

    #[test]
    fn missing_and_doubled_headings_are_refused() {
        let plain = "";
        let cases: [(&str, &str, Option<&str>); 10] = [
            (plain, "merchant_order_id,amount,currency,created_at", None),
            ("currency = 'inr'", "merchant_order_id,amount,created_at", None),
            (plain, "merchant_order_id,amount,created_at", Some(r#"no heading "currency"; "#)),
            (
                plain,
                "Order,Total,Currency,Created_At",
                Some(
                    "there is no heading \"merchant_order_id\", \"amount\"; the file has \
                     \"Order\", \"Total\", \"Currency\", \"Created_At\"",
                ),
            ),
            (
                plain,
                "merchant_order_id,amount,Amount ,currency,created_at",
                Some("the heading \"amount\" is given twice: as the 2. and the 3. of the row"),
            ),
            // Doubled, but not read.
            (plain, "merchant_order_id,amount,currency,created_at,note,note", None),
            // A configured column is found by the configured heading only.
            (
                "columns = { amount = ' Total' }",
                "merchant_order_id,amount,TOTAL,amount,currency,created_at",
                None,
            ),
            (
                "columns = { amount = 'Total' }",
                "merchant_order_id,amount,currency,created_at",
                Some(r#"no heading "Total"; "#),
            ),
            // `status` is the heading of another column here, and there is no status.
            (
                "columns = { transaction_type = 'Status' }",
                "merchant_order_id,amount,currency,created_at,status",
                None,
            ),
            (
                "columns = { status = 'State' }",
                "merchant_order_id,amount,currency,created_at,status",
                Some(r#"no heading "State"; "#),
            ),
        ];
        for (config, header, refused) in cases {
            let headings: Vec<&str> = header.split(',').collect();
            match (layout(&headings, &settings(config)), refused) {
                (Ok(_), None) => {}
                (Err((_, fault)), Some(words)) => {
                    assert!(fault.to_string().contains(words), "{header}: {fault}");
                }
                (got, _) => unreachable!("{config} {header}: {got:?}"),
            }
        }
    }
}
