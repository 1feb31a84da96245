//! `order/get`: one order's payment, by its id (gateway page, "Order Query").

use super::gateway::Gateway;
use super::reply::{Reply, order_not_found};
use super::signature::Params;
use axum::http::StatusCode;

/// The answer about the order that the parameters name: its payment, its script, or that there is
/// no such order. The page gives no status for the last; it is 200 here, so that the client has to
/// read the body.
pub fn reply(gateway: &Gateway, params: &Params) -> Reply {
    let invalid = |details| Reply::error(StatusCode::BAD_REQUEST, "Invalid parameters", details);
    let Some(order_id) = params.get("merchant_order_id") else {
        return invalid("The 'merchant_order_id' field is required.");
    };
    // The page asks for the order's id alone; a merchant that is named all the same must be right.
    if let (Some(own), Some(named)) = (&gateway.merchant, params.get("merchant_uid"))
        && own != named
    {
        return invalid("The 'merchant_uid' field does not name the merchant of this key.");
    }
    let Some(known) = gateway.orders.find(order_id) else {
        return Reply::text(StatusCode::OK, order_not_found());
    };
    let payment = || known.order.answer(gateway.shape, gateway.merchant.as_deref());
    let earlier_calls = known.count_call();
    match &known.order.script {
        Some(script) if script.holds_after(earlier_calls) => script.reply(payment),
        _ => Reply::text(StatusCode::OK, payment()),
    }
}
