//! `order/get`: one order's payment, by its id (gateway page, "Order Query").

use super::gateway::{Gateway, invalid};
use super::reply::{Answer, Reply, order_not_found};
use super::signature::Params;
use axum::http::StatusCode;

/// The answer to a query: the order's payment, or the error that there is no such order. The page
/// gives no status for that error; it is 200 here, so that the client must read the body.
pub(super) fn answer(gateway: &Gateway, params: &Params) -> Answer {
    let Some(order_id) = params.get("merchant_order_id") else {
        return invalid("The 'merchant_order_id' field is required.");
    };
    let merchant = gateway.merchant.as_deref();
    // The documented request has only the order's id; a merchant_uid, if sent, must be correct.
    if let (Some(own), Some(named)) = (merchant, params.get("merchant_uid"))
        && own != named
    {
        return invalid("The 'merchant_uid' field does not name the merchant of this key.");
    }
    match gateway.orders.read(order_id, |order| order.payment(gateway.shape, merchant)) {
        Some(payment) => Answer::Payment(payment),
        None => Answer::Other(Reply::text(StatusCode::OK, order_not_found())),
    }
}
