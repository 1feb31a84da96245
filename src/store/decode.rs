//! From rows to the domain, by column name.
//!
//! SQLite finds a column's name by comparing one after the other, for each row anew. So the names
//! of a statement's columns are read once ([`Columns`]), and a row is read through them
//! ([`Fields`]).

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, Outcome};
use crate::domain::order::OrderKey;
use crate::domain::payment::{
    AccountingStatus, AccountingType, Answer, NotifyStatus, Payment, PaymentStatus, TransactionType,
};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::{FromSql, Type};
use rusqlite::{Row, Statement};
use std::cell::Cell;

/// Columns of an entry `e` and its order `o`, for a SELECT.
pub(super) const ENTRY_COLUMNS: &str = key_and_entry_columns!();

/// Columns of an answer `a`, for a SELECT.
pub(super) const ANSWER_COLUMNS: &str = "a.kind AS answer_kind, a.amount_micros AS amount_micros, \
     a.final_amount_micros AS final_amount_micros, a.currency AS currency, \
     a.transaction_type AS transaction_type, a.accounting_type AS accounting_type, \
     a.payment_status AS payment_status, a.payment_fail_reason AS payment_fail_reason, \
     a.accounting_status AS accounting_status, \
     a.accounting_fail_reason AS accounting_fail_reason, a.notify_status AS notify_status, \
     a.notify_fail_reason AS notify_fail_reason, a.payment_uid AS payment_uid, \
     a.channel AS channel, iif(a.kind = 'missing', a.evidence, NULL) AS missing";

/// The names of a statement's columns.
pub(super) struct Columns(Vec<String>);

impl Columns {
    pub(super) fn of(statement: &Statement) -> Columns {
        Columns(statement.column_names().map(str::to_owned).collect())
    }

    pub(super) fn fields<'a, 'row>(&'a self, row: &'a Row<'row>) -> Fields<'a, 'row> {
        Fields { row, columns: self, next: Cell::new(0) }
    }
}

/// A row, by its columns' names.
pub(super) struct Fields<'a, 'row> {
    row: &'a Row<'row>,
    columns: &'a Columns,
    /// The column after the last one that was read: mostly the next to be read.
    next: Cell<usize>,
}

/// What is read by its columns' names: [`Fields`], or a [`Row`] where there are few.
pub(super) trait Named {
    /// A column's value.
    fn named<T: FromSql>(&self, column: &str) -> rusqlite::Result<T>;

    /// A column's text, where it stands.
    fn text(&self, column: &str) -> rusqlite::Result<Option<&str>>;
}

impl Fields<'_, '_> {
    fn index(&self, column: &str) -> rusqlite::Result<usize> {
        let (before, after) = self.columns.0.split_at(self.next.get());
        let index = after.iter().chain(before).position(|known| known == column);
        let offset = index.ok_or_else(|| rusqlite::Error::InvalidColumnName(column.to_owned()))?;
        let index = (before.len() + offset) % self.columns.0.len();
        self.next.set(index + 1);
        Ok(index)
    }
}

impl Named for Fields<'_, '_> {
    fn named<T: FromSql>(&self, column: &str) -> rusqlite::Result<T> {
        self.row.get(self.index(column)?)
    }

    fn text(&self, column: &str) -> rusqlite::Result<Option<&str>> {
        Ok(self.row.get_ref(self.index(column)?)?.as_str_or_null()?)
    }
}

impl Named for Row<'_> {
    fn named<T: FromSql>(&self, column: &str) -> rusqlite::Result<T> {
        self.get(column)
    }

    fn text(&self, column: &str) -> rusqlite::Result<Option<&str>> {
        Ok(self.get_ref(column)?.as_str_or_null()?)
    }
}

/// An empty text is none: for SQLite's UNIQUE two NULLs differ.
pub(super) fn optional(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn key(row: &impl Named) -> rusqlite::Result<OrderKey> {
    Ok(OrderKey {
        merchant_uid: optional(row.named("merchant_uid")?),
        merchant_order_id: row.named("merchant_order_id")?,
    })
}

/// A value of ours that does not read back: the file was changed by someone else.
pub(super) fn unreadable(column: &str) -> rusqlite::Error {
    let error = format!("column {column} does not hold what octopus-recon writes there");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}

pub(super) fn date(row: &impl Named, column: &str) -> rusqlite::Result<NaiveDate> {
    optional_date(row, column)?.ok_or_else(|| unreadable(column))
}

pub(super) fn optional_date(row: &impl Named, column: &str) -> rusqlite::Result<Option<NaiveDate>> {
    let text = row.text(column)?;
    text.map(|text| text.parse().map_err(|_| unreadable(column))).transpose()
}

pub(super) fn instant(row: &impl Named, column: &str) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(row.named(column)?).ok_or_else(|| unreadable(column))
}

pub(super) fn optional_instant(
    row: &impl Named,
    column: &str,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let milliseconds: Option<i64> = row.named(column)?;
    Ok(milliseconds.and_then(DateTime::from_timestamp_millis))
}

pub(super) fn amount(row: &impl Named, column: &str) -> rusqlite::Result<Option<Amount>> {
    Ok(row.named::<Option<i64>>(column)?.map(Amount::from_micros))
}

pub(super) fn word<T>(
    row: &impl Named,
    column: &str,
    read: fn(&str) -> T,
) -> rusqlite::Result<Option<T>> {
    Ok(row.text(column)?.map(read))
}

pub(super) fn outcome(row: &impl Named, column: &str) -> rusqlite::Result<Outcome> {
    Outcome::from_number(row.named(column)?).ok_or_else(|| unreadable(column))
}

/// The column `kind`.
pub(super) fn kind(row: &impl Named) -> rusqlite::Result<Kind> {
    Kind::from_word(&row.named::<String>("kind")?).ok_or_else(|| unreadable("kind"))
}

/// The answer; `None` where the join found none.
pub(super) fn answer(row: &impl Named) -> rusqlite::Result<Option<Answer>> {
    Ok(match row.text("answer_kind")? {
        None => None,
        Some("missing") => Some(Answer::Missing(row.named("missing")?)),
        Some(_) => Some(Answer::Payment(Box::new(payment(row)?))),
    })
}

fn payment(row: &impl Named) -> rusqlite::Result<Payment> {
    Ok(Payment {
        amount: Amount::from_micros(row.named("amount_micros")?),
        final_amount: amount(row, "final_amount_micros")?,
        currency: row.named("currency")?,
        transaction_type: word(row, "transaction_type", TransactionType::from_word)?,
        accounting_type: word(row, "accounting_type", AccountingType::from_word)?,
        payment_status: word(row, "payment_status", PaymentStatus::from_word)?,
        payment_fail_reason: row.named("payment_fail_reason")?,
        accounting_status: word(row, "accounting_status", AccountingStatus::from_word)?
            .unwrap_or(AccountingStatus::None),
        accounting_fail_reason: row.named("accounting_fail_reason")?,
        notify_status: word(row, "notify_status", NotifyStatus::from_word)?
            .unwrap_or(NotifyStatus::None),
        notify_fail_reason: row.named("notify_fail_reason")?,
        payment_uid: row.named("payment_uid")?,
        channel: row.named("channel")?,
    })
}
