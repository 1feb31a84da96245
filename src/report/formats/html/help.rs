//! "Help": the words of the page and each kind of finding.

use super::orders::label;
use crate::domain::mismatch::Kind;
use maud::{Markup, html};

/// The section.
pub(super) fn section() -> Markup {
    html! {
        section aria-labelledby="help" {
            h2 id="help" { "Help" }
            p {
                "Each order of the ledger is asked for at the payment gateway. A finding is one "
                "thing on which the two disagree, or that the gateway itself calls wrong. An order "
                "can have several; its money counts once. A suspect finding is new on so many "
                "orders at once that the gateway may be wrong; it is believed when the next run "
                "sees it again."
            }
            div.wide {
                table {
                    caption { "Kinds of findings. The word in brackets is the CSV's." }
                    thead {
                        tr {
                            th scope="col" { "Finding" } th scope="col" { "Meaning" }
                            th scope="col" { "Who acts" }
                        }
                    }
                    tbody {
                        @for kind in Kind::ALL {
                            @let (meaning, who) = explained(*kind);
                            tr id={ "kind-" (kind) } {
                                th scope="row" { (label(*kind)) small { "(" (kind) ")" } }
                                td { (meaning) }
                                td { (who) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a kind means, and who acts.
fn explained(kind: Kind) -> (&'static str, &'static str) {
    const GATEWAY: &str = "Gateway support";
    const BOOKKEEPING: &str = "Bookkeeping";
    const OPERATOR: &str = "Operator";
    match kind {
        Kind::FinalAmountDifference => {
            ("The gateway settled another amount than it should have, after its fees.", GATEWAY)
        }
        Kind::FinalAmountMissing => {
            ("The payment is completed, but the gateway says no settled amount.", GATEWAY)
        }
        Kind::AccountingFailed => ("The gateway could not book the money.", GATEWAY),
        Kind::Overdue => (
            "The payment was not completed within the gateway's time.",
            "Bookkeeping; for a payout Gateway support",
        ),
        Kind::LedgerAmountDifference => {
            ("The ledger has another amount than the gateway.", BOOKKEEPING)
        }
        Kind::CurrencyDifference => {
            ("The ledger has another currency than the gateway.", BOOKKEEPING)
        }
        Kind::StatusDifference => (
            "The ledger and the gateway contradict each other, for example paid and failed.",
            "Bookkeeping, or Gateway support where the gateway has to explain it",
        ),
        Kind::MissingAtGateway => {
            ("The gateway says that it has no such order. Was it sent there at all?", BOOKKEEPING)
        }
        Kind::DuplicatePayment => ("Several orders have the same payment.", GATEWAY),
        Kind::LedgerConflict => ("Rows of the ledger contradict each other.", BOOKKEEPING),
        Kind::LedgerDuplicate => {
            ("One ledger file has the order twice; it may be booked twice.", BOOKKEEPING)
        }
        Kind::TypeDifference => {
            ("One side calls it an income, the other an expense, or the like.", BOOKKEEPING)
        }
        Kind::AccountingPending => {
            ("The payment is completed, but the gateway has not booked it in time.", GATEWAY)
        }
        Kind::PendingTooLong => ("The payment has been open for too long.", GATEWAY),
        Kind::UnknownStatus => {
            ("A status that this program does not know; nothing is guessed from it.", OPERATOR)
        }
        Kind::NotifyFailed => {
            ("The gateway could not tell our system about the payment.", OPERATOR)
        }
        Kind::Unverified => (
            "There was no trustworthy answer. The order may be fine; it is asked for again.",
            OPERATOR,
        ),
    }
}
