//! The model's place of an order in the money: the contract's paragraph on `totals`.

use super::{Model, Order};

/// A row of the report: kind, severity, and whether finance has accepted it.
pub type PlacedRow<'a> = (&'a str, &'a str, bool);

/// The bucket and its figure in millionths. `spread`: the widest difference of conflicting rows.
pub fn place(order: &Order, first: bool, spread: i64, rows: &[PlacedRow]) -> (&'static str, i64) {
    let (nothing, whole) = (("information", 0), order.ledger_amount);
    // "Orders whose findings are all accepted are in `accepted`."
    if !rows.is_empty() && rows.iter().all(|(_, _, accepted)| *accepted) {
        let not_accepted: Vec<PlacedRow> =
            rows.iter().map(|(kind, severity, _)| (*kind, *severity, false)).collect();
        return ("accepted", place(order, first, spread, &not_accepted).1);
    }
    // "until then its figure is that of those that are not"; "all findings are low"
    let counts = |row: &&PlacedRow| row.1 != "low" && !row.2;
    let mut kinds: Vec<&str> = rows.iter().filter(counts).map(|(kind, ..)| *kind).collect();
    if kinds.is_empty() {
        return nothing;
    }
    // "An order without a trustworthy answer is `unverified`, with the ledger's amount"
    if order.asked == "unverified" {
        return ("unverified", whole);
    }
    let result = gateway_less_ledger(order);
    // "with the sign turned for an expense: below zero the size is `against_us`"
    let is_income = Model { order, rows: Vec::new(), waits: Vec::new() }.transaction_type();
    match result {
        Some(0) => {
            kinds.retain(|kind| {
                !["overdue", "status_difference", "pending_too_long"].contains(kind)
            });
        }
        Some(less) => {
            let is_loss = (less < 0) == (is_income == "income");
            return (if is_loss { "against_us" } else { "in_our_favour" }, less.abs());
        }
        None => {}
    }
    // "`duplicate_payment`: nothing for the group's earliest order"
    if first {
        kinds.retain(|kind| *kind != "duplicate_payment");
    }
    if kinds.is_empty() {
        nothing
    } else if kinds == ["ledger_conflict"] {
        ("in_doubt", spread)
    } else {
        ("in_doubt", whole)
    }
}

/// "Compared is what moved." `None`: "a side is unknown, or currency or direction differ".
fn gateway_less_ledger(order: &Order) -> Option<i64> {
    if order.asked != "payment" {
        return None;
    }
    let other_currency =
        !order.currency.is_empty() && order.currency.to_lowercase() != order.ledger_currency;
    let both = [order.ledger_transaction_type, order.transaction_type];
    if other_currency || both == ["income", "expense"] || both == ["expense", "income"] {
        return None;
    }
    let gateway = match (order.payment_status, order.final_amount) {
        ("completed", Some(settled)) => settled,
        ("completed", None) => order.amount,
        ("failed" | "reject" | "overdue", None | Some(0)) => 0,
        _ => return None,
    };
    // "its amount (less `[[policy.fee]]`)"
    let of_ledger = Order { amount: order.ledger_amount, ..order.clone() };
    let fee = Model { order: &of_ledger, rows: Vec::new(), waits: Vec::new() }.fee();
    let ledger = match order.ledger_status {
        "part_refunded" => return None,
        "pending" | "failed" => 0,
        "refunded" if order.terms.refunds == "status" => 0,
        _ => order.ledger_amount - fee,
    };
    Some(gateway - ledger)
}
