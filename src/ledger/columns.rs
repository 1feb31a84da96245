//! The header row: which of the file's columns are looked at (contract, "Ledger").

use super::error::{Fault, SEPARATORS, Spot};
use super::settings::LedgerSettings;
use super::vocabulary::fold;
use serde::Deserialize;
use std::fmt;

/// The columns that are looked at, by the contract's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The order's id.
    MerchantOrderId,
    /// How much.
    Amount,
    /// Of which money.
    Currency,
    /// When the order was made.
    CreatedAt,
    /// Which way the money goes.
    TransactionType,
    /// What the money is for.
    AccountingType,
    /// What the merchant believes of it.
    Status,
    /// Whose order.
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

    /// Whether a ledger without it cannot be read. A heading that somebody configured is meant to
    /// be there, whatever the column.
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

/// Where each column stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Number of fields in the header row, and so in every row.
    pub fields: usize,
    places: [(Column, Option<usize>); 8],
}

impl Layout {
    /// Reads the header row, which begins in `line`.
    pub fn read(
        headings: &[&str],
        line: u64,
        settings: &LedgerSettings,
    ) -> Result<Layout, (Spot, Fault)> {
        let folded: Vec<_> = headings.iter().map(|heading| fold(heading)).collect();
        let mut places = Column::ALL.map(|column| (column, None));
        let mut missing = Vec::new();
        for (column, place) in &mut places {
            if settings.columns.gives_way(*column) {
                continue;
            }
            let wanted = fold(settings.columns.heading(*column));
            let mut found = (0..folded.len()).filter(|index| folded[*index] == wanted);
            *place = found.next();
            if let (Some(first), Some(second)) = (*place, found.next()) {
                let heading = settings.columns.heading(*column).trim().to_owned();
                let fault = Fault::DoubledHeading { heading, first: first + 1, second: second + 1 };
                return Err((Spot::Cell { line, column: *column }, fault));
            }
            if place.is_none() && column.is_required(settings) {
                missing.push(*column);
            }
        }
        let Some(column) = missing.first() else {
            return Ok(Layout { fields: headings.len(), places });
        };
        let spot = Spot::Cell { line, column: *column };
        let missing: Vec<String> = missing
            .into_iter()
            .map(|column| settings.columns.heading(column).trim().to_owned())
            .collect();
        let separator = other_separator(headings, &missing);
        let headings = headings.iter().map(|heading| heading.trim().to_owned()).collect();
        Err((spot, Fault::MissingHeading { missing, headings, separator }))
    }

    /// The cell of a column; empty where the file has no such column.
    pub fn cell<'row>(&self, row: &'row csv::ByteRecord, column: Column) -> &'row [u8] {
        self.place(column).and_then(|place| row.get(place)).unwrap_or_default()
    }

    /// The columns that this file has.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        self.places.iter().filter(|(_, place)| place.is_some()).map(|(column, _)| *column)
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(name, _)| *name == column).and_then(|(_, place)| *place)
    }
}

/// The character that, had it separated the columns, would have shown a heading that is missing.
fn other_separator(headings: &[&str], missing: &[String]) -> Option<char> {
    let is_missing = |part: &str| {
        let part = fold(part.trim().trim_matches('"'));
        missing.iter().any(|heading| fold(heading) == part)
    };
    SEPARATORS.into_iter().find(|separator| {
        headings.iter().any(|heading| {
            heading.contains(*separator) && heading.split(*separator).any(is_missing)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> LedgerSettings {
        toml::from_str(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
    }

    #[test]
    fn headings_are_found_without_regard_to_case_order_and_space() {
        let headings = ["Note", " AMOUNT ", "Created_At", "merchant_order_ID", "\tCurrency"];
        let layout = Layout::read(&headings, 1, &LedgerSettings::default());
        let layout = layout.unwrap_or_else(|(_, fault)| unreachable!("{fault}"));
        assert_eq!(layout.place(Column::Amount), Some(1));
        assert_eq!(layout.place(Column::CreatedAt), Some(2));
        assert_eq!(layout.place(Column::MerchantOrderId), Some(3));
        assert_eq!(layout.place(Column::Currency), Some(4));
        assert_eq!(layout.place(Column::Status), None);
        assert_eq!(layout.fields, 5);
    }

    #[test]
    fn what_is_missing_or_doubled_is_refused() {
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
            // Doubled, but not looked at.
            (plain, "merchant_order_id,amount,currency,created_at,note,note", None),
            // A mapped column looks only at the mapped heading.
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
            // `status` is the name of another column here, and no status is given.
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
            match (Layout::read(&headings, 1, &settings(config)), refused) {
                (Ok(_), None) => {}
                (Err((_, fault)), Some(words)) => {
                    assert!(fault.to_string().contains(words), "{header}: {fault}");
                }
                (got, _) => unreachable!("{config} {header}: {got:?}"),
            }
        }
    }

    #[test]
    fn another_separator_is_recognised() {
        for (headings, seen) in [
            (vec!["merchant_order_id;amount;currency;created_at"], Some(';')),
            (vec!["\"merchant_order_id\"\tamount"], Some('\t')),
            (vec!["Order;Total"], None),
            (vec!["Order", "Total"], None),
        ] {
            let got = Layout::read(&headings, 1, &LedgerSettings::default());
            let Err((_, Fault::MissingHeading { separator, .. })) = got else {
                unreachable!("{got:?}")
            };
            assert_eq!(separator, seen, "{headings:?}");
        }
    }
}
