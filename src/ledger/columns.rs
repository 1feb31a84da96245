//! The columns of a ledger, and where a file has them (contract, "Ledger").

use super::settings::LedgerSettings;
use crate::tabular::{Fault, Header, Position, Record};
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
    /// The amount of an income, where incomes and expenses have a column each.
    Credit,
    /// The amount of an expense.
    Debit,
    /// The currency of the amount.
    Currency,
    /// When the order was made.
    CreatedAt,
    /// The time of day, where it is not in `created_at`.
    Time,
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
    pub const ALL: [Column; 11] = [
        Column::MerchantOrderId,
        Column::Amount,
        Column::Credit,
        Column::Debit,
        Column::Currency,
        Column::CreatedAt,
        Column::Time,
        Column::TransactionType,
        Column::AccountingType,
        Column::Status,
        Column::MerchantUid,
    ];

    /// Its place in [`Column::ALL`].
    const fn place(self) -> usize {
        match self {
            Column::MerchantOrderId => 0,
            Column::Amount => 1,
            Column::Credit => 2,
            Column::Debit => 3,
            Column::Currency => 4,
            Column::CreatedAt => 5,
            Column::Time => 6,
            Column::TransactionType => 7,
            Column::AccountingType => 8,
            Column::Status => 9,
            Column::MerchantUid => 10,
        }
    }

    /// The contract's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Column::MerchantOrderId => "merchant_order_id",
            Column::Amount => "amount",
            Column::Credit => "credit",
            Column::Debit => "debit",
            Column::Currency => "currency",
            Column::CreatedAt => "created_at",
            Column::Time => "time",
            Column::TransactionType => "transaction_type",
            Column::AccountingType => "accounting_type",
            Column::Status => "status",
            Column::MerchantUid => "merchant_uid",
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
    /// The number of fields of the header row.
    pub(super) fields: usize,
    /// The number of fields up to the last one with a heading.
    pub(super) named_fields: usize,
    /// The number of fields up to the last column that is read.
    pub(super) fields_read: usize,
    /// The index of the column of each `[[ledger.skip]]`.
    pub(super) skip: Vec<usize>,
    /// The index of each column, in the order of [`Column::ALL`].
    indexes: [Option<usize>; 11],
}

impl Layout {
    /// Finds the columns. Fails where a required one is missing or a heading is given twice.
    pub(super) fn new(
        header: &Header,
        settings: &LedgerSettings,
    ) -> Result<Layout, (Position, Fault)> {
        let line = header.line;
        let position = |column: Column| Position::Cell { line, column: column.as_str() };
        let mut indexes = [None; 11];
        let (mut missing, mut doubled) = (Vec::new(), None);
        let mut find = |heading: &str, position: Position, is_required: bool| {
            let found = header.find(heading).unwrap_or_else(|fault| {
                doubled.get_or_insert((position, fault));
                Some(0)
            });
            if found.is_none() && is_required {
                missing.push((position, heading.to_owned()));
            }
            found
        };
        for (column, index) in Column::ALL.into_iter().zip(&mut indexes) {
            if let Some(is_required) = Layout::looks_for(column, header, settings) {
                let heading = settings.columns.heading(column);
                *index = find(heading, position(column), is_required);
            }
        }
        let skip_position = Position::Cell { line, column: "ledger.skip" };
        let skip = settings.skip.iter().map(|rule| find(&rule.column, skip_position, true));
        let skip: Vec<usize> = skip.flatten().collect();
        if let Some((first, _)) = missing.first() {
            let headings = missing.iter().map(|(_, heading)| heading.as_str());
            return Err((*first, header.missing(headings)));
        }
        if let Some(doubled) = doubled {
            return Err(doubled);
        }
        let read = indexes.into_iter().flatten().chain(skip.iter().copied());
        let fields_read = read.max().map_or(0, |last| last + 1);
        let (fields, named_fields) = (header.fields(), header.named_fields());
        Ok(Layout { fields, named_fields, fields_read, skip, indexes })
    }

    /// Whether a column is looked for in this file, and if so, whether the file needs it. A
    /// configured heading is expected to be there, whatever the column.
    fn looks_for(column: Column, header: &Header, settings: &LedgerSettings) -> Option<bool> {
        let columns = &settings.columns;
        if columns.is_shadowed(column) {
            return None;
        }
        let is_there = |column| {
            !columns.is_shadowed(column)
                && !matches!(header.find(columns.heading(column)), Ok(None))
        };
        let in_two_columns = || {
            columns.has(Column::Credit)
                || (!columns.has(Column::Amount)
                    && !is_there(Column::Amount)
                    && is_there(Column::Credit)
                    && is_there(Column::Debit))
        };
        match column {
            Column::MerchantOrderId | Column::CreatedAt => Some(true),
            Column::Amount => (!in_two_columns()).then_some(true),
            Column::Credit | Column::Debit => in_two_columns().then_some(true),
            // Many exports have a column of that name beside a whole time.
            Column::Time => columns.has(column).then_some(true),
            Column::Currency => Some(settings.currency.is_none() || columns.has(column)),
            _ => Some(columns.has(column)),
        }
    }

    /// Fails where it is unknown which cell belongs to which column, or the row is cut short.
    pub(super) fn check_fields(&self, record: &Record<'_>, is_last: bool) -> Result<(), String> {
        let (has, header) = (record.fields(), self.fields);
        let differ = || self.fields_differ(record);
        let is_empty = |cell: &[u8]| cell.trim_ascii().is_empty();
        if has > header && !record.cells().skip(header).all(is_empty) {
            Err(differ())
        } else if has < self.named_fields && is_last {
            Err(format!("{}: the last row of the file is cut short", differ()))
        } else if has < self.fields_read {
            Err(differ())
        } else {
            Ok(())
        }
    }

    pub(super) fn fields_differ(&self, record: &Record<'_>) -> String {
        let (has, header) = (record.fields(), self.fields);
        let hint =
            if has > header { "; does a cell have the separator without quotes?" } else { "" };
        format!("it has {has} fields, the header row has {header}{hint}")
    }

    /// Whether a row has fewer fields than the header row.
    pub(super) fn is_short(&self, record: &Record<'_>) -> bool {
        record.fields() < self.named_fields
    }

    /// The index of a column; `None` where the file does not have it.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.indexes[column.place()]
    }

    /// Whether the column at this index is read.
    pub(super) fn is_read(&self, index: usize) -> bool {
        self.indexes.contains(&Some(index))
    }

    /// Whether incomes and expenses have a column each.
    pub(super) fn is_in_two_columns(&self) -> bool {
        self.index(Column::Credit).is_some()
    }

    /// The columns that this file has.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        let columns = Column::ALL.into_iter().zip(&self.indexes);
        columns.filter(|(_, index)| index.is_some()).map(|(column, _)| column)
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
    fn places_are_those_of_the_list() {
        for (place, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column.place(), place);
        }
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
