//! The one table of the columns that every format shows: a name, and how a row's cell is found
//! (contract, "The report" and "Ledger").

use super::cell::{Cell, CellKind, Heading};
use crate::domain::amount::Amount;
use crate::domain::decision::Decision;
use crate::domain::mismatch::ReportRow;
use crate::domain::order::{Entry, InvalidRow, LedgerStatus};
use crate::domain::payment::{AccountingType, Payment, PaymentStatus, TransactionType};
use crate::domain::text::Text;
use chrono::{DateTime, NaiveDate, Utc};

/// A column of a table with one `Row` a line.
pub(super) struct Column<Row> {
    name: &'static str,
    value: Value<Row>,
}

/// How a column's cell is found. It has the kind of its cells too, so that the two cannot differ.
enum Value<Row> {
    Text(fn(&Row) -> Text),
    Id(fn(&Row) -> &str),
    Bytes(fn(&Row) -> &[u8]),
    Integer(fn(&Row) -> i64),
    Amount(fn(&Row) -> Option<Amount>),
    Date(fn(&Row) -> Option<NaiveDate>),
    Instant(fn(&Row) -> Option<DateTime<Utc>>),
}

impl<Row> Column<Row> {
    /// The name that its first cell shows, and the kind of the cells below.
    pub(super) fn heading(&self) -> Heading {
        let kind = match self.value {
            Value::Text(_) => CellKind::Text,
            Value::Id(_) => CellKind::Id,
            Value::Bytes(_) => CellKind::Bytes,
            Value::Integer(_) => CellKind::Integer,
            Value::Amount(_) => CellKind::Amount,
            Value::Date(_) => CellKind::Date,
            Value::Instant(_) => CellKind::Instant,
        };
        Heading { name: self.name, kind }
    }

    /// A row's cell in this column.
    pub(super) fn cell<'row>(&self, row: &'row Row) -> Cell<'row> {
        match self.value {
            Value::Text(value) => Cell::Text(value(row)),
            Value::Id(value) => Cell::Id(value(row)),
            Value::Bytes(value) => Cell::Bytes(value(row)),
            Value::Integer(value) => Cell::Integer(value(row)),
            Value::Amount(value) => Cell::Amount(value(row)),
            Value::Date(value) => Cell::Date(value(row)),
            Value::Instant(value) => Cell::Instant(value(row)),
        }
    }
}

const fn column<Row>(name: &'static str, value: Value<Row>) -> Column<Row> {
    Column { name, value }
}

/// The report's column names, in the contract's order.
pub const COLUMNS: [&str; 30] = names(&MISMATCHES);

const fn names<Row, const COUNT: usize>(columns: &[Column<Row>; COUNT]) -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut index = 0;
    while index < COUNT {
        names[index] = columns[index].name;
        index += 1;
    }
    names
}

/// The report: one row a mismatch. Text that the gateway or the ledger chose is cleaned; ids keep
/// every character, because somebody looks them up.
pub(super) const MISMATCHES: [Column<ReportRow>; 30] = [
    column("run_id", Value::Integer(|row| row.run_id)),
    column("kind", Value::Text(|row| Text::own(row.mismatch.kind.as_str()))),
    column("severity", Value::Text(|row| Text::own(row.mismatch.severity.as_str()))),
    column("state", Value::Text(|row| Text::own(row.state.as_str()))),
    column("at_risk", Value::Amount(|row| Some(row.mismatch.at_risk))),
    column("currency", Value::Text(|row| Text::foreign(&row.mismatch.currency))),
    column("merchant_order_id", Value::Id(|row| &row.key.merchant_order_id)),
    column("payment_uid", Value::Text(payment_uid)),
    column("order_date", Value::Date(|row| entry(row).map(|entry| entry.created_at.date))),
    column("transaction_type", Value::Text(transaction_type)),
    column("accounting_type", Value::Text(accounting_type)),
    column("ledger_amount", Value::Amount(|row| entry(row).map(|entry| entry.amount))),
    column("gateway_amount", Value::Amount(|row| payment(row).map(|payment| payment.amount))),
    column("final_amount", Value::Amount(|row| payment(row)?.final_amount)),
    column("variance", Value::Amount(|row| row.mismatch.variance)),
    column("ledger_status", Value::Text(ledger_status)),
    column("payment_status", Value::Text(payment_status)),
    column("accounting_status", Value::Text(accounting_status)),
    column("notify_status", Value::Text(notify_status)),
    column(
        "channel",
        Value::Text(|row| foreign(payment(row).and_then(|it| it.channel.as_deref()))),
    ),
    column("reason", Value::Text(|row| row.mismatch.reason.clone())),
    column("first_seen", Value::Date(|row| Some(row.first_seen))),
    column("open_days", Value::Integer(|row| row.open_days)),
    column("last_verified", Value::Instant(|row| row.last_verified)),
    column("mismatch_id", Value::Id(|row| &row.mismatch_id)),
    // These four are for finance to fill in.
    column("decision", Value::Text(|row| decision(&row.decision))),
    column("until", Value::Date(|row| row.decision.until)),
    column("owner", Value::Text(|row| row.decision.owner.clone())),
    column("note", Value::Text(|row| row.decision.note.clone())),
    column("next_step", Value::Text(|row| Text::own(row.next_step().as_str()))),
];

/// The columns that are for finance to fill in.
pub(crate) const FINANCE_COLUMNS: [&str; 4] = ["decision", "until", "owner", "note"];

/// A cell of the report as text, without a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownCell {
    /// The column.
    pub(crate) name: &'static str,
    /// What the cell holds.
    pub(crate) kind: CellKind,
    /// What it shows: amounts with a decimal point.
    pub(crate) text: String,
}

/// The cells of a row of the report, in the report's order.
pub(crate) fn shown_cells(row: &ReportRow) -> Vec<ShownCell> {
    let shown = |column: &Column<ReportRow>| {
        let Heading { name, kind } = column.heading();
        ShownCell { name, kind, text: column.cell(row).shown() }
    };
    MISMATCHES.iter().map(shown).collect()
}

/// The ledger rows that could not be used, unchanged.
pub(super) const INVALID_ROWS: [Column<InvalidRow>; 4] = [
    column("ledger", Value::Text(|row| Text::own(&row.file))),
    column("line", Value::Integer(|row| i64::try_from(row.line).unwrap_or(i64::MAX))),
    column("reason", Value::Text(|row| Text::own(&row.reason))),
    column("row", Value::Bytes(|row| &row.raw)),
];

fn decision(decision: &Decision) -> Text {
    decision.verdict.map(|verdict| Text::own(verdict.as_str())).unwrap_or_default()
}

fn entry(row: &ReportRow) -> Option<&Entry> {
    row.entry.as_ref()
}

fn payment(row: &ReportRow) -> Option<&Payment> {
    row.payment.as_ref()
}

fn foreign(text: Option<&str>) -> Text {
    Text::foreign(text.unwrap_or_default())
}

fn payment_uid(row: &ReportRow) -> Text {
    Text::id(payment(row).and_then(|payment| payment.payment_uid.as_deref()).unwrap_or_default())
}

/// The ledger's word, else the gateway's.
fn transaction_type(row: &ReportRow) -> Text {
    let ledger = entry(row).and_then(|entry| entry.transaction_type.as_ref());
    let gateway = || payment(row).and_then(|payment| payment.transaction_type.as_ref());
    foreign(ledger.or_else(gateway).map(TransactionType::as_str))
}

/// The ledger's word, else the gateway's.
fn accounting_type(row: &ReportRow) -> Text {
    let ledger = entry(row).and_then(|entry| entry.accounting_type.as_ref());
    let gateway = || payment(row).and_then(|payment| payment.accounting_type.as_ref());
    foreign(ledger.or_else(gateway).map(AccountingType::as_str))
}

fn ledger_status(row: &ReportRow) -> Text {
    foreign(entry(row).and_then(|entry| entry.status.as_ref()).map(LedgerStatus::as_str))
}

fn payment_status(row: &ReportRow) -> Text {
    let status = payment(row).and_then(|payment| payment.payment_status.as_ref());
    foreign(status.map(PaymentStatus::as_str))
}

fn accounting_status(row: &ReportRow) -> Text {
    foreign(payment(row).map(|payment| payment.accounting_status.as_str()))
}

fn notify_status(row: &ReportRow) -> Text {
    foreign(payment(row).map(|payment| payment.notify_status.as_str()))
}
