//! Reports as files: their bytes, their guard, and what is left of them when something fails.

mod csv;
mod edited;
mod files;
mod guard;
mod latest;
mod manifest;
mod names;
mod settings;
mod spreadsheets;
mod summary;
mod xlsx;

use super::files::{Edited, Published, StagedFiles};
use super::formats::Part;
use super::*;
use crate::domain::amount::Amount;
use crate::domain::decision::Decision;
use crate::domain::mismatch::{Kind, Mismatch, ReportRow, Severity, State};
use crate::domain::morning::{Making, Measures, Night};
use crate::domain::order::{CreatedAt, Entry, InvalidRow, LedgerStatus, OrderKey};
use crate::domain::payment::{AccountingStatus, NotifyStatus, Payment, PaymentStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::{Figures, RunSummary};
use crate::domain::text::Text;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use std::path::Path;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap_or_default()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

fn plain() -> ReportSettings {
    ReportSettings { csv: CsvStyle::Plain, ..ReportSettings::default() }
}

/// When the reports of these tests are written.
const NIGHT: &str = "2026-11-23T05:10:09Z";

/// Writes these rows as the report at `target`, where no file is known but an earlier manifest.
fn publish(
    target: &Path,
    settings: &ReportSettings,
    rows: &[ReportRow],
    invalid: &[InvalidRow],
) -> Result<Published, ReportError> {
    let manifest = std::fs::read(target.with_extension("json")).ok();
    let known = manifest.map(|bytes| hex::encode(Sha256::digest(bytes)));
    let is_own = |sha256: &str| known.as_deref() == Some(sha256);
    stage(target, settings, rows, invalid)?.publish(&is_own, instant(NIGHT))
}

fn stage(
    target: &Path,
    settings: &ReportSettings,
    rows: &[ReportRow],
    invalid: &[InvalidRow],
) -> Result<StagedFiles, ReportError> {
    let mut night = night();
    night.summary.figures.ledger.invalid = u64::try_from(invalid.len()).unwrap_or(u64::MAX);
    let mut files = ReportFiles::create(target, &night, settings)?;
    for row in rows {
        files.write(Part::Finding(row))?;
    }
    for row in invalid {
        files.write(Part::Invalid(row))?;
    }
    files.finish()
}

/// A run without an order.
fn night() -> Night {
    let summary = RunSummary {
        run_id: 7,
        from: Some(date("2026-11-20")),
        to: Some(date("2026-11-22")),
        day: date("2026-11-23"),
        figures: Figures::default(),
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: Vec::new(),
    };
    Night {
        summary,
        merchant_uid: None,
        zone: chrono_tz::Tz::Asia__Kolkata,
        started_at: instant("2026-11-23T02:10:09Z"),
        judged_at: instant("2026-11-23T02:40:00Z"),
        answered: None,
        base_url: "https://gateway.example".to_owned(),
        ledgers: Vec::new(),
        before: None,
        trend: Vec::new(),
        measures: Measures::default(),
        making: Making::default(),
        previous_manifest: None,
        rows_sha256: None,
    }
}

/// A ledger row that could not be used.
fn invalid(line: u64, raw: &[u8]) -> InvalidRow {
    InvalidRow {
        file: "orders.csv".to_owned(),
        line,
        reason: "amount: it is empty".to_owned(),
        raw: raw.to_vec(),
    }
}

/// A row whose text cells all read `text`.
fn all_texts(text: &str) -> ReportRow {
    let mut row = short_payment();
    let own = || text.to_owned();
    row.mismatch.currency = own();
    row.mismatch.reason = Text::own(text);
    row.mismatch_id = own();
    row.key.merchant_order_id = own();
    row.entry = row.entry.map(|entry| Entry {
        transaction_type: Some(TransactionType::Unknown(own())),
        accounting_type: Some(AccountingType::Unknown(own())),
        status: Some(LedgerStatus::Unmapped(own())),
        ..entry
    });
    row.payment = row.payment.map(|payment| Payment {
        payment_uid: Some(own()),
        channel: Some(own()),
        payment_status: Some(PaymentStatus::Unknown(own())),
        accounting_status: AccountingStatus::Unknown(own()),
        notify_status: NotifyStatus::Unknown(own()),
        ..payment
    });
    row
}

/// The contract's own example: 490.00 of 500.00 inr.
fn short_payment() -> ReportRow {
    let key = OrderKey {
        merchant_uid: Some("m1".to_owned()),
        merchant_order_id: "00123456789012345678".to_owned(),
    };
    ReportRow {
        run_id: 12,
        mismatch: Mismatch {
            kind: Kind::FinalAmountDifference,
            severity: Severity::High,
            variance: Some(-amount("10.00")),
            at_risk: amount("10.00"),
            currency: "inr".to_owned(),
            reason: Text::own("The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %)."),
        },
        state: State::New,
        key: key.clone(),
        entry: Some(Entry {
            key,
            amount: amount("500.00"),
            currency: "inr".to_owned(),
            created_at: CreatedAt {
                ages_from: instant("2026-11-20T11:26:00Z"),
                date: date("2026-11-20"),
            },
            transaction_type: None,
            accounting_type: Some(AccountingType::Receive),
            status: Some(LedgerStatus::Paid),
            conflict: None,
            conflict_amounts: None,
            duplicate: None,
        }),
        payment: Some(Payment {
            amount: amount("500"),
            final_amount: Some(amount("490")),
            currency: Some("INR".to_owned()),
            transaction_type: Some(TransactionType::Income),
            accounting_type: Some(AccountingType::Recharge),
            payment_status: Some(PaymentStatus::Completed),
            payment_fail_reason: None,
            accounting_status: AccountingStatus::Accounted,
            accounting_fail_reason: None,
            notify_status: NotifyStatus::None,
            notify_fail_reason: None,
            payment_uid: Some("pay_7".to_owned()),
            channel: Some("upi, \"fast\"".to_owned()),
        }),
        first_seen: date("2026-11-23"),
        open_days: 0,
        last_verified: Some(instant("2026-11-23T05:10:09.987Z")),
        mismatch_id: "m-0f3a".to_owned(),
        decision: Decision::default(),
    }
}

/// An order without an answer.
fn unverified() -> ReportRow {
    let paid = short_payment();
    let key = OrderKey { merchant_uid: None, merchant_order_id: "Übung-2 ₹".to_owned() };
    ReportRow {
        mismatch: Mismatch {
            kind: Kind::Unverified,
            variance: None,
            at_risk: amount("7.125"),
            reason: Text::own("No trustworthy answer: the gateway answered 503, 4 tries."),
            ..paid.mismatch
        },
        state: State::Open,
        key: key.clone(),
        entry: paid.entry.map(|entry| Entry {
            key,
            amount: amount("7.125"),
            status: None,
            accounting_type: None,
            ..entry
        }),
        payment: None,
        first_seen: date("2026-11-20"),
        open_days: 3,
        last_verified: None,
        mismatch_id: "m-77".to_owned(),
        decision: Decision::default(),
        ..paid
    }
}
