//! The cells of the workbook's sheet Work as text: what `verify` compares. Finance's four columns
//! are left out.

use super::cell::CellKind;
use super::columns::ShownCell;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{ReportRow, Severity};
use crate::domain::morning::OrderRow;
use crate::domain::text::Text;
use chrono::NaiveDate;

/// The sheet's column that names the mismatches of an order.
pub(crate) const WORK_IDS: &str = "mismatch_ids";

/// The cells of an order's row, without the columns that are for finance.
pub(crate) fn shown_work_cells(order: &OrderRow) -> Vec<ShownCell> {
    let (entry, payment) = (order.entry.as_ref(), order.payment.as_ref());
    let joined = |separator: &str, text: fn(&ReportRow) -> &str| {
        order.open_findings().map(text).collect::<Vec<_>>().join(separator)
    };
    let payment_uid = payment.and_then(|it| it.payment_uid.as_deref()).unwrap_or_default();
    let run_id = order.findings.first().map(|finding| finding.run_id.to_string());
    let severity = order.severity.map(Severity::as_str).unwrap_or_default();
    let final_amount = payment.and_then(|payment| payment.final_amount);
    vec![
        text("severity", severity),
        text("state", order.state.as_str()),
        text("next_step", order.next_step.as_str()),
        amount("at_risk", Some(order.place.amount)),
        text("currency", Text::foreign(&order.place.currency).as_str()),
        text("money", order.place.bucket.as_str()),
        text("merchant_order_id", &order.key.merchant_order_id),
        text("payment_uid", Text::id(payment_uid).as_str()),
        date("order_date", entry.map(|entry| entry.created_at.date)),
        amount("ledger_amount", entry.map(|entry| entry.amount)),
        amount("gateway_amount", payment.map(|payment| payment.amount)),
        amount("final_amount", final_amount),
        text("findings", &joined(", ", |finding| finding.mismatch.kind.as_str())),
        text("reason", &joined(" ", |finding| finding.mismatch.reason.as_str())),
        shown("open_days", CellKind::Integer, order.open_days.to_string()),
        date("due", order.due),
        shown("run_id", CellKind::Integer, run_id.unwrap_or_default()),
        text(WORK_IDS, &joined(" ", |finding| &finding.mismatch_id)),
    ]
}

fn shown(name: &'static str, kind: CellKind, text: String) -> ShownCell {
    ShownCell { name, kind, text }
}

fn text(name: &'static str, text: &str) -> ShownCell {
    shown(name, CellKind::Text, text.to_owned())
}

fn amount(name: &'static str, amount: Option<Amount>) -> ShownCell {
    shown(name, CellKind::Amount, amount.map(|it| it.to_string()).unwrap_or_default())
}

fn date(name: &'static str, date: Option<NaiveDate>) -> ShownCell {
    shown(name, CellKind::Date, date.map(|it| it.to_string()).unwrap_or_default())
}
