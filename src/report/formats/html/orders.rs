//! "All orders": one row an order, its findings below it.

use super::collected::{Collected, Rows};
use super::show;
use crate::domain::mismatch::{Kind, ReportRow, State};
use crate::domain::morning::OrderRow;
use crate::domain::payment::Payment;
use chrono::NaiveDate;
use maud::{Markup, PreEscaped, html};

/// What the table shows, and in which order.
const MOST_URGENT_FIRST: &str = "Open orders, each with its findings below. By severity; new and \
                                 changed before old; by currency; the largest first.";

/// The section.
pub(super) fn section(collected: &Collected, stem: &str) -> Markup {
    let rows = &collected.open;
    html! {
        section aria-labelledby="orders" {
            h2 id="orders" { "All orders with findings, most urgent first" }
            @if rows.count == 0 { p { "No order has a finding that is not accepted." } }
            @else {
                (show::rest(rows.shown, rows.count, "orders", stem))
                (table(MOST_URGENT_FIRST, rows, "open-orders"))
            }
        }
    }
}

/// A table of orders.
pub(super) fn table(caption: &str, rows: &Rows, id: &str) -> Markup {
    html! {
        div.cards {
            table.orders id=(id) {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "Order" }
                        th scope="col" { "How urgent" }
                        th.number scope="col" { "At risk" }
                        th.number scope="col" { "Ledger" }
                        th.number scope="col" { "Gateway" }
                        th.number scope="col" { "Settled" }
                        th scope="col" { "Who acts" }
                    }
                }
                (PreEscaped(&rows.markup))
            }
        }
    }
}

/// An order and its findings.
pub(super) fn row(row: &OrderRow, day: NaiveDate) -> Markup {
    let anchor = show::order_anchor(&row.key);
    html! {
        tbody.order id=(anchor) {
            tr {
                th scope="rowgroup" {
                    a.self href={ "#" (anchor) } { (show::id(&row.key.merchant_order_id)) }
                    (identity(row))
                }
                td data-label="How urgent" {
                    (show::severity(row.severity)) " " (state(row))
                    small { "open " (show::age(row.open_days)) }
                }
                td.number data-label="At risk" data-age=(row.open_days)
                    data-amount=(row.place.amount)
                    data-currency=(show::currency_text(&row.place.currency)) {
                    strong { (show::money(&row.place.amount, &row.place.currency)) }
                    small { (show::bucket(row.place.bucket)) }
                }
                (sides(row))
                td data-label="Who acts" {
                    (show::who(row.next_step))
                    @if let Some(due) = row.due {
                        small {
                            @if row.is_past_due(day) {
                                strong.late { "past due" } " " (show::day(due))
                            } @else { "due " (show::day(due)) }
                        }
                    }
                }
            }
            tr.findings {
                td colspan="7" {
                    ul { @for finding in &row.findings { (self::finding(finding)) } }
                }
            }
        }
    }
}

/// An order that is open already can have a finding that is new.
fn state(row: &OrderRow) -> &'static str {
    match row.state {
        State::New if row.open_days > 0 => "new finding",
        state => show::state(state),
    }
}

/// What else the order is known by.
fn identity(row: &OrderRow) -> Markup {
    let payment_uid = row.payment.as_ref().and_then(|it| it.payment_uid.as_deref());
    html! {
        @if let Some(payment_uid) = payment_uid { small { "payment " (show::id(payment_uid)) } }
        small {
            @if let Some(merchant) = &row.key.merchant_uid {
                "merchant " (show::id(merchant)) " · "
            }
            @match &row.entry {
                Some(entry) => { (show::day(entry.created_at.date)) " · " },
                None => { "not in the ledger · " },
            }
            (show::foreign(&row.transaction_type))
        }
    }
}

/// Ledger, gateway and settled amount, each with its status.
fn sides(row: &OrderRow) -> Markup {
    let payment = row.payment.as_ref();
    let accounting = |it: &Payment| it.accounting_status.as_str().to_owned();
    html! {
        td.number data-label="Ledger" {
            @if let Some(entry) = &row.entry {
                (show::grouped(&entry.amount.to_string()))
                small { (show::foreign(entry.status.as_ref().map_or("", |it| it.as_str()))) }
            } @else { "–" }
        }
        td.number data-label="Gateway" {
            @if let Some(payment) = payment {
                (show::grouped(&payment.amount.to_string()))
                small {
                    (show::foreign(payment.payment_status.as_ref().map_or("", |it| it.as_str())))
                }
            } @else { "–" }
        }
        td.number data-label="Settled" {
            @if let Some(amount) = payment.and_then(|it| it.final_amount) {
                (show::grouped(&amount.to_string()))
            } @else { "–" }
            @if let Some(status) = payment.map(accounting).filter(|it| it != "none") {
                small { (show::foreign(&status)) }
            }
        }
    }
}

fn finding(finding: &ReportRow) -> Markup {
    html! {
        li id=(show::finding_anchor(&finding.mismatch_id)) {
            strong { (label(finding.mismatch.kind)) } ": "
            (show::foreign(finding.mismatch.reason.as_str()))
            @if !finding.decision.is_empty() {
                span.decision { "Finance: " (show::decision(&finding.decision)) }
            }
        }
    }
}

/// A kind in words that a person of finance uses.
pub(super) fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::FinalAmountDifference => "Settled amount differs",
        Kind::FinalAmountMissing => "Settled amount missing",
        Kind::AccountingFailed => "Gateway could not book it",
        Kind::Overdue => "Not paid in time",
        Kind::LedgerAmountDifference => "Ledger amount differs",
        Kind::CurrencyDifference => "Currencies differ",
        Kind::StatusDifference => "Statuses contradict",
        Kind::MissingAtGateway => "Gateway does not know it",
        Kind::DuplicatePayment => "One payment, several orders",
        Kind::LedgerConflict => "Ledger contradicts itself",
        Kind::LedgerDuplicate => "Twice in the ledger",
        Kind::TypeDifference => "Types differ",
        Kind::AccountingPending => "Not booked in time",
        Kind::PendingTooLong => "Open for too long",
        Kind::UnknownStatus => "Unknown status",
        Kind::NotifyFailed => "Notification failed",
        Kind::Unverified => "No trustworthy answer",
    }
}
