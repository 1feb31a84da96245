//! The report: one row a mismatch (contract, "The report").

use super::error::ReportError;
use super::settings::ReportSettings;
use super::table::Table;
use crate::domain::mismatch::ReportRow;
use crate::domain::order::LedgerStatus;
use crate::domain::payment::{AccountingType, PaymentStatus, TransactionType};
use crate::domain::text::{clean, printable};
use chrono::SecondsFormat;
use std::path::Path;

/// The report's columns, in the contract's order.
pub const COLUMNS: [&str; 28] = [
    "run_id",
    "kind",
    "severity",
    "state",
    "at_risk",
    "currency",
    "merchant_order_id",
    "payment_uid",
    "order_date",
    "transaction_type",
    "accounting_type",
    "ledger_amount",
    "gateway_amount",
    "final_amount",
    "variance",
    "ledger_status",
    "payment_status",
    "accounting_status",
    "notify_status",
    "channel",
    "reason",
    "first_seen",
    "open_days",
    "last_verified",
    "mismatch_id",
    "decision",
    "owner",
    "note",
];

/// A report being written. Sorting is for whoever brings the rows (contract: severity, currency,
/// `at_risk`, order id, kind).
#[must_use = "a report that is not finished is thrown away"]
pub struct MismatchReport(Table);

impl MismatchReport {
    /// Starts a report that will appear at `target`. Its directory must be there: see
    /// [`prepare_directory`](super::prepare_directory).
    ///
    /// # Errors
    /// No file can be made there.
    pub fn create(target: &Path, settings: &ReportSettings) -> Result<MismatchReport, ReportError> {
        Table::create(target, settings, settings.mode, &COLUMNS).map(MismatchReport)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn write(&mut self, row: &ReportRow) -> Result<(), ReportError> {
        let ReportRow { mismatch, entry, payment, .. } = row;
        let (entry, payment) = (entry.as_ref(), payment.as_ref());
        let table = &mut self.0;
        table.number(row.run_id)?;
        table.text(mismatch.kind.as_str())?;
        table.text(mismatch.severity.as_str())?;
        table.text(row.state.as_str())?;
        table.number(mismatch.at_risk)?;
        table.text(&mismatch.currency)?;
        table.text(&row.key.merchant_order_id)?;
        // Text of the gateway's own making is cut and cleaned; an id keeps its digits.
        let payment_uid = payment.and_then(|payment| payment.payment_uid.as_deref());
        table.text(printable(payment_uid.unwrap_or("")))?;
        table.text(entry.map_or(String::new(), |entry| entry.created_at.date.to_string()))?;
        let transaction_type = entry
            .and_then(|entry| entry.transaction_type.as_ref())
            .or_else(|| payment.and_then(|payment| payment.transaction_type.as_ref()));
        table.text(clean(transaction_type.map_or("", TransactionType::as_str)))?;
        let accounting_type = entry
            .and_then(|entry| entry.accounting_type.as_ref())
            .or_else(|| payment.and_then(|payment| payment.accounting_type.as_ref()));
        table.text(clean(accounting_type.map_or("", AccountingType::as_str)))?;
        table.number_if(entry.map(|entry| entry.amount))?;
        table.number_if(payment.map(|payment| payment.amount))?;
        table.number_if(payment.and_then(|payment| payment.final_amount))?;
        table.number_if(mismatch.variance)?;
        let status = entry.and_then(|entry| entry.status.as_ref());
        table.text(status.map_or("", LedgerStatus::as_str))?;
        let payment_status = payment.and_then(|payment| payment.payment_status.as_ref());
        table.text(clean(payment_status.map_or("", PaymentStatus::as_str)))?;
        table.text(clean(payment.map_or("", |payment| payment.accounting_status.as_str())))?;
        table.text(clean(payment.map_or("", |payment| payment.notify_status.as_str())))?;
        let channel = payment.and_then(|payment| payment.channel.as_deref());
        table.text(clean(channel.unwrap_or("")))?;
        table.text(mismatch.reason.as_str())?;
        table.text(row.first_seen.to_string())?;
        table.number(row.open_days)?;
        let verified = row.last_verified.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        table.text(verified.as_deref().unwrap_or(""))?;
        table.text(&row.mismatch_id)?;
        // decision, owner and note are finance's to fill in.
        for _ in 0..3 {
            table.text("")?;
        }
        table.end_row()
    }

    /// Makes the report durable and puts it in place; the number of rows below the header.
    ///
    /// # Errors
    /// The disk is full or fails, or the target cannot be replaced. The previous report is then as
    /// it was.
    pub fn finish(self) -> Result<u64, ReportError> {
        self.0.finish()
    }
}
