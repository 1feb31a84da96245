//! The columns of a ledger entry: their names, how they are written, and how they are read. The
//! tables `entries` and `temp.merged` have them.

use super::decode::{Named, amount, date, instant, key, word};
use super::to_ms;
use crate::domain::amount::Amount;
use crate::domain::order::{CreatedAt, Entry, LedgerStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use rusqlite::Statement;

/// Passes the names to another macro, behind its own arguments.
macro_rules! with_entry_columns {
    ($make:ident $(, $argument:literal)*) => {
        $make!($($argument,)* "amount_micros", "currency", "order_date", "ages_from_ms",
               "transaction_type", "accounting_type", "status", "conflict", "duplicate",
               "conflict_low_micros", "conflict_high_micros")
    };
}

macro_rules! listed {
    ($before:literal, $first:literal $(, $name:literal)*) => {
        concat!($before, $first $(, ", ", $before, $name)*)
    };
}

macro_rules! parameters {
    ($first:literal $(, $name:literal)*) => {
        concat!("?" $(, parameters!(@one $name))*)
    };
    (@one $name:literal) => { ", ?" };
}

macro_rules! renamed {
    ($first:literal $(, $name:literal)*) => {
        concat!("e.", $first, " AS entry_", $first $(, ", e.", $name, " AS entry_", $name)*)
    };
}

/// The names as one literal, for `concat!`: `""` for the names alone, `"e."` for those of a table
/// `e`.
macro_rules! entry_columns {
    ($before:literal) => {
        with_entry_columns!(listed, $before)
    };
}

/// A parameter for each column; see [`bind_entry`].
macro_rules! entry_parameters {
    () => {
        with_entry_columns!(parameters)
    };
}

/// The columns of a table `e` and of its order `o` for a SELECT, those of `e` as `entry_…`: an
/// answer has a currency, too.
macro_rules! key_and_entry_columns {
    () => {
        concat!(
            "o.merchant_uid AS merchant_uid, o.merchant_order_id AS merchant_order_id, ",
            with_entry_columns!(renamed)
        )
    };
}

/// Binds the values of the columns to the parameters from `first` on.
pub(super) fn bind_entry(
    statement: &mut Statement,
    first: usize,
    entry: &Entry,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(first, entry.amount.micros())?;
    statement.raw_bind_parameter(first + 1, &entry.currency)?;
    statement.raw_bind_parameter(first + 2, entry.created_at.date.to_string())?;
    statement.raw_bind_parameter(first + 3, to_ms(entry.created_at.ages_from))?;
    let transaction_type = entry.transaction_type.as_ref().map(TransactionType::as_str);
    statement.raw_bind_parameter(first + 4, transaction_type)?;
    let accounting_type = entry.accounting_type.as_ref().map(AccountingType::as_str);
    statement.raw_bind_parameter(first + 5, accounting_type)?;
    statement.raw_bind_parameter(first + 6, entry.status.as_ref().map(LedgerStatus::as_str))?;
    statement.raw_bind_parameter(first + 7, &entry.conflict)?;
    statement.raw_bind_parameter(first + 8, &entry.duplicate)?;
    let (lowest, highest) = entry.conflict_amounts.unzip();
    statement.raw_bind_parameter(first + 9, lowest.map(Amount::micros))?;
    statement.raw_bind_parameter(first + 10, highest.map(Amount::micros))
}

/// The entry; `None` where the join found none.
pub(super) fn read_optional_entry(row: &impl Named) -> rusqlite::Result<Option<Entry>> {
    row.text("entry_order_date")?.map(|_| read_entry(row)).transpose()
}

/// Reads the columns of [`key_and_entry_columns`].
pub(super) fn read_entry(row: &impl Named) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key: key(row)?,
        amount: Amount::from_micros(row.named("entry_amount_micros")?),
        currency: row.named("entry_currency")?,
        created_at: CreatedAt {
            ages_from: instant(row, "entry_ages_from_ms")?,
            date: date(row, "entry_order_date")?,
        },
        transaction_type: word(row, "entry_transaction_type", TransactionType::from_word)?,
        accounting_type: word(row, "entry_accounting_type", AccountingType::from_word)?,
        status: word(row, "entry_status", LedgerStatus::from_word)?,
        conflict: row.named("entry_conflict")?,
        duplicate: row.named("entry_duplicate")?,
        conflict_amounts: amount(row, "entry_conflict_low_micros")?
            .zip(amount(row, "entry_conflict_high_micros")?),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_form_has_the_same_columns() {
        let names: Vec<&str> = entry_columns!("").split(", ").collect();
        let of_e: Vec<String> = names.iter().map(|name| format!("e.{name}")).collect();
        assert_eq!(entry_columns!("e."), of_e.join(", "));
        assert_eq!(entry_parameters!(), vec!["?"; names.len()].join(", "));
        let renamed: Vec<String> =
            names.iter().map(|name| format!("e.{name} AS entry_{name}")).collect();
        let renamed = renamed.join(", ");
        assert!(key_and_entry_columns!().ends_with(&format!(" AS merchant_order_id, {renamed}")));
    }
}
