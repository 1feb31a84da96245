use super::*;

#[test]
fn the_usual_wordings_of_no_such_order() {
    let pattern = NotFoundPattern::default();
    for text in [
        "Order not found",
        "order 12.7 does not exist",
        "No such order",
        "No such order for this merchant",
        "Unknown order",
        "Unknown order: 12",
        "Payment not found.",
        "The transaction could not be found",
        "Record not exist",
        "Order doesn't exist",
        "merchant_order_id not exist",
        "Order ORD-12 not found",
        "ord-12: order does not exist",
        "There is no such order",
        "Payment order not found",
        "Transaction record not found",
        "Order record does not exist",
        "No such payment order",
        "No order found",
        "No record was found",
        "Payout order does not exist",
        "Error: order not found",
        "Error, order 5 was not found",
        "Error order 5 was not found",
        "The order does not exist in our system",
        "Order not found, please check the parameters",
        "Query failed (order not found)",
        "Order not found - ask support",
        "Merchant order not found",
        "Cannot find the order",
        "Not found: order 5",
        "Invalid parameters. Order 5 was not found for merchant M1.",
        "ORDER_NOT_FOUND",
        "The order you asked for was not found",
        "Order no longer exists",
    ] {
        assert!(pattern.says_no_such_order(text, "ORD-12"), "{text}");
    }
}

#[test]
fn other_texts_prove_nothing() {
    let pattern = NotFoundPattern::default();
    for text in [
        "Merchant not found",
        "Unknown error while processing your order",
        "An error occurred processing your request",
        "Payment method not found",
        "Payment channel does not exist",
        "Merchant for this order not found",
        "No such merchant for order 5",
        "Not found",
        "Order failed. Merchant not found.",
        "The page was not found",
        "404 Not Found",
        "Order service not found",
        "Unknown payment method",
        "Order status unknown error; try again",
        "Your order could not be processed: reason unknown",
        "The order was not processed because the file was not found",
        "Unknown order status",
        "Class 'Order' not found",
        "ERROR: relation \"orders\" does not exist",
        "View [order] not found.",
        "Payment option not found",
        "Unknown order source",
        "Cannot find payment processor",
        "Order amount does not exist",
        "Order callback not found",
        "Controller payment not found",
        "Lock wait timeout: transaction not found in queue",
        "Order ABC not found",
        "Unknown error for this order",
        "Unknown error with your order",
        "Unknown payment error",
        "Unknown order error",
        "Unknown error in transaction",
        "Unknown error: order 5",
        "Order error: unknown",
        "Error in payment: unknown",
        "Unknown payment system",
        "Payment system not found",
        "Payment database not found",
        "database \"payment\" does not exist",
        "Cannot find database for order",
        "Payment id: unknown",
        "Merchant lookup: record not found",
        "Deadlock: transaction not found",
        "Merchant of the order not found",
        "Wallet had no order found",
        "No order found by wallet",
        "Query failed (no record found)",
        "",
    ] {
        assert!(!pattern.says_no_such_order(text, "ORD-12"), "{text}");
    }
}

#[test]
fn an_id_is_replaced_only_as_a_whole_word() {
    let pattern = NotFoundPattern::default();
    for (text, id) in [
        ("Unknown order status", "status"),
        ("Unknown order status", "tat"),
        ("Unknown order axy 9", "xy 9"),
        ("Unknown order 9 xya", "9 xy"),
    ] {
        assert!(!pattern.says_no_such_order(text, id), "{text}: {id}");
    }
    for (text, id) in [
        ("Order A 7, b not found", "A 7, b"),
        ("Unknown order (क्रम/7&x=1 +é).", "क्रम/7&x=1 +é"),
        ("Order status9 does not exist", "STATUS9"),
        ("order_ord-12_not_found", "ORD-12"),
    ] {
        assert!(pattern.says_no_such_order(text, id), "{text}: {id}");
    }
}

#[test]
fn an_error_can_speak_of_an_existing_order() {
    for text in [
        "Order already exists",
        "merchant_order_id: has been used before",
        "DUPLICATE_ORDER",
        "OrderAlreadyExists",
        "Duplicated id",
        "An order with this id exists",
        "merchant_order_id must be unique",
        "The id is used",
        "Order id in use",
        "Existing order",
        "Do not send an order twice",
        "Channel does not exist, or order exists",
    ] {
        assert!(speaks_of_existing_order(text), "{text}");
    }
    for text in [
        "Channel closed",
        "Payment method does not exist",
        "The channel doesn't exist",
        "CHANNEL_NOT_EXIST",
        "ChannelDoesNotExist",
        "Non-existent currency",
        "The account no longer exists",
        "No existing channel",
        "This channel cannot be used",
        "Amount below the minimum",
        "",
    ] {
        assert!(!speaks_of_existing_order(text), "{text}");
    }
}

fn says(pattern: &str, text: &str) -> Option<bool> {
    let pattern = NotFoundPattern::custom(pattern).ok()?;
    Some(pattern.says_no_such_order(text, "ORD-12"))
}

#[test]
fn a_merchants_own_pattern_replaces_the_usual_wordings() {
    let pattern = "E404|ऑर्डर नहीं|_not_found|^gone.*\\.$|model";
    for (text, expected) in [
        ("Order error e404", true),
        ("ऑर्डर नहीं मिला", true),
        ("ORDER_NOT_FOUND", true),
        ("orderGone. Gone is payment 12.7.", true),
        ("No query results for model [App\\Order] 12", true),
        ("Order not found", false),
        ("No such order", false),
    ] {
        assert_eq!(says(pattern, text), Some(expected), "{text}");
    }
    assert!(NotFoundPattern::custom("(").is_err());
}

#[test]
fn a_merchants_own_pattern_matches_only_in_a_sentence_about_an_order() {
    for text in [
        "Not found",
        "The page was not found",
        "E1: merchant not found",
        "The route octopus/api/order/get was not found",
        "File order.php not found",
        "Your order failed. The page was not found",
        "Page not found! Order again",
        "Border not found",
        "",
    ] {
        assert_eq!(says("not found|^$", text), Some(false), "{text}");
    }
    for text in ["Transactions not found", "Not found: orderId 7", "Sorry. Order 1.5 not found!"] {
        assert_eq!(says("not found", text), Some(true), "{text}");
    }
}

#[test]
fn a_wrong_address_is_told_from_an_order() {
    for text in [
        "The page was not found",
        "Route not found",
        "Cannot POST /octopus/api/order/get",
        "The route octopus/api/order/get could not be found.",
        "No such URL",
    ] {
        assert!(speaks_of_an_address(text), "{text}");
    }
    for text in ["Not found", "Merchant not found", "Order page not found", "Resource missing", ""]
    {
        assert!(!speaks_of_an_address(text), "{text}");
    }
}

#[test]
fn an_address_of_the_caller_is_recognised() {
    for text in [
        "IP not allowed",
        "Your IP_ADDRESS 10.1.2.3 is blocked",
        "ip-address not permitted",
        "Not on the whitelist",
        "merchant white-listing: add it to the ALLOW_LIST first",
        "IPv4 only",
    ] {
        assert!(speaks_of_an_ip_address(text), "{text}");
    }
    for text in ["Invalid signature", "Invalid API key", "shipping is closed", "unzip", "tip", ""] {
        assert!(!speaks_of_an_ip_address(text), "{text}");
    }
}

#[test]
fn credentials_are_refused_only_by_texts_about_them() {
    for text in [
        "Invalid signature",
        "signature mismatch",
        "OC-Key is missing",
        "Invalid API key",
        "api_key not found",
        "Wrong key",
        "Key not found",
        "Unauthorized",
    ] {
        assert!(refuses_credentials(text), "{text}");
    }
    for text in ["Order not found", "duplicate key value", "An error occurred", "keyword"] {
        assert!(!refuses_credentials(text), "{text}");
    }
}
