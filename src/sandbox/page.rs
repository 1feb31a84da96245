//! The HTML pages: one order's checkout, and the list of orders. Plain HTML without scripts; the
//! template escapes every text.

use super::lifecycle::Phase;
use super::order::Order;
use maud::{DOCTYPE, Markup, html};

/// The fields of an order that a page shows.
pub(super) struct View {
    pub order_id: String,
    pub payment_uid: String,
    pub is_deposit: bool,
    pub amount: String,
    pub final_amount: String,
    pub currency: String,
    pub payment_status: String,
    pub payment_fail_reason: String,
    pub accounting_status: String,
    pub notify_status: String,
    pub redirect_url: String,
}

impl View {
    /// The view of an order.
    pub(super) fn of(order: &Order) -> View {
        let text = |name| order.shown(name);
        View {
            order_id: text("merchant_order_id"),
            payment_uid: text("payment_uid"),
            is_deposit: order.is_deposit(),
            amount: text("amount"),
            final_amount: text("final_amount"),
            currency: text("currency"),
            payment_status: text("payment_status"),
            payment_fail_reason: text("payment_fail_reason"),
            accounting_status: text("accounting_status"),
            notify_status: text("notify_status"),
            redirect_url: text("redirect_url"),
        }
    }

    fn kind(&self) -> &'static str {
        if self.is_deposit { "Deposit" } else { "Payout" }
    }

    fn phase(&self) -> Phase {
        Phase::of(&self.payment_status)
    }

    /// Whether its `payment_uid` can be part of a URL without escaping.
    fn has_page(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !self.payment_uid.is_empty() && self.payment_uid.bytes().all(plain)
    }
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;\
padding:0 1rem;color:#1c2430}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d8dde5;\
overflow-wrap:anywhere}form{margin:.6rem 0}input,button{font:inherit;padding:.3rem .6rem}\
.error{color:#a11}.hint{color:#5a6675}";

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// The checkout page: the order and its possible actions. `error` says why the last action failed.
pub(super) fn checkout(view: &View, error: Option<&str>) -> Markup {
    let title = format!("{} {}", view.kind(), view.order_id);
    page(
        &title,
        &html! {
            h1 { (title) }
            p.hint { "A sandbox: no money moves here." }
            @if let Some(error) = error { p.error role="alert" { (error) } }
            table {
                (row("Amount", &format!("{} {}", view.amount, view.currency)))
                (row("Payment", &view.payment_status))
                @if !view.payment_fail_reason.is_empty() {
                    (row("Reason", &view.payment_fail_reason))
                }
                (row("Final amount", &format!("{} {}", view.final_amount, view.currency)))
                (row("Accounting", &view.accounting_status))
                (row("Notification", &view.notify_status))
            }
            (acts(view))
            @if !view.redirect_url.is_empty() {
                p { a href=(view.redirect_url) rel="noreferrer" { "Back to the merchant" } }
            }
            p { a href="/" { "All orders" } }
        },
    )
}

fn row(heading: &str, text: &str) -> Markup {
    html! { tr { th scope="row" { (heading) } td { (text) } } }
}

fn acts(view: &View) -> Markup {
    html! {
        @if view.phase() == Phase::Waiting {
            (act("settle", "Settle in full", &html! {
                input type="hidden" name="amount" value=(view.amount);
            }))
            (act("settle", "Settle this much", &html! {
                label { "Short or over: " input name="amount" inputmode="decimal" required; } " "
            }))
        }
        @if view.phase().is_open() {
            (act("fail", "Fail", &html! { (reason("Payment failed")) }))
            (act("reject", "Reject", &html! { (reason("Rejected")) }))
            (act("lapse", "Let it lapse", &html! {}))
        }
        @if view.phase() == Phase::Completed {
            (act("refund", "Refund", &html! {}))
            (act("fail_accounting", "Fail the accounting", &html! { (reason("Ledger closed")) }))
        }
    }
}

fn act(name: &str, label: &str, inputs: &Markup) -> Markup {
    html! {
        form method="post" {
            input type="hidden" name="act" value=(name);
            (inputs)
            button type="submit" { (label) }
        }
    }
}

fn reason(usual: &str) -> Markup {
    html! { label { "Reason: " input name="reason" value=(usual); } " " }
}

/// The list of the newest orders; `orders` is the number of all.
pub(super) fn list(views: &[View], orders: usize) -> Markup {
    page(
        "Sandbox orders",
        &html! {
            h1 { "Sandbox orders" }
            p.hint { (views.len()) " of " (orders) ", the newest first. No money moves here." }
            table {
                tr { th { "Order" } th { "" } th { "Amount" } th { "Payment" } th { "Accounting" } }
                @for view in views {
                    tr {
                        td {
                            @if view.has_page() {
                                a href={ "/checkout/" (view.payment_uid) } { (view.order_id) }
                            } @else {
                                (view.order_id)
                            }
                        }
                        td { (view.kind()) }
                        td { (view.amount) " " (view.currency) }
                        td { (view.payment_status) }
                        td { (view.accounting_status) }
                    }
                }
            }
        },
    )
}
