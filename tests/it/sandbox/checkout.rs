//! The endpoints of the checkout page, and their effect on orders.

#![expect(clippy::unwrap_used, reason = "a test that cannot call has failed")]

use super::caller::{Caller, GET, NEW, deposit, payout};
use crate::support::Gateway;
use serde_json::Value;
use std::time::Duration;

/// A gateway whose clock moves only when the test advances it.
fn gateway(book: &str) -> Gateway {
    Gateway::serve_as(book, |it| it.speed = 0)
}

/// Creates an order and returns the path of its page.
fn create(caller: &mut Caller, params: &[(&str, &str)]) -> String {
    let payment = caller.call(NEW, params).payment();
    format!("/checkout/{}", payment["payment_uid"].as_str().unwrap())
}

/// Payment status, accounting status and final amount from `order/get`.
fn status(caller: &mut Caller, id: &str) -> String {
    let payment = caller.call(GET, &[("merchant_order_id", id)]).payment();
    let text = |name: &str| payment[name].as_str().unwrap_or("-").to_owned();
    ["payment_status", "accounting_status", "final_amount"].map(text).join(" ")
}

#[test]
fn a_deposit_is_prepared_paid_completed_and_accounted() {
    let gateway = gateway("");
    let mut caller = Caller::to(&gateway.url);
    for (id, amount) in [("full", "100.00"), ("short", "90.5"), ("over", "100.000001")] {
        let page = create(&mut caller, &deposit(id, &[]));
        assert_eq!(status(&mut caller, id), "pending none 0.00");
        assert!(caller.open(&page).body.contains("preparing"));
        assert_eq!(status(&mut caller, id), "preparing none 0.00");
        let done = caller.submit(&page, &format!("act=settle&amount={amount}"));
        assert_eq!((done.status, &done.headers["location"]), (303, &page));
        assert_eq!(status(&mut caller, id), "processing none 0.00");
        gateway.advance(Duration::from_secs(5));
        assert_eq!(status(&mut caller, id), format!("completed delivered {amount}"));
        gateway.advance(Duration::from_mins(1));
        assert_eq!(status(&mut caller, id), format!("completed accounted {amount}"));
    }
}

#[test]
fn an_order_fails_is_rejected_lapses_or_is_refunded() {
    let gateway = gateway("");
    let mut caller = Caller::to(&gateway.url);
    for (act, end) in
        [("fail&reason=no+money", "failed"), ("reject", "reject"), ("lapse", "overdue")]
    {
        let page = create(&mut caller, &deposit(act, &[]));
        assert_eq!(caller.submit(&page, &format!("act={act}")).status, 303);
        assert_eq!(status(&mut caller, act), format!("{end} none 0.00"));
        let late = caller.submit(&page, "act=settle&amount=1.00");
        assert!(late.status == 409 && late.body.contains(end), "{late:?}");
        gateway.advance(Duration::from_hours(1));
        assert_eq!(status(&mut caller, act), format!("{end} none 0.00"));
    }
    create(&mut caller, &deposit("forgotten", &[]));
    gateway.advance(Duration::from_mins(30));
    assert_eq!(status(&mut caller, "forgotten"), "overdue none 0.00");

    let page = create(&mut caller, &payout("payout", &[]));
    assert!(caller.open(&page).body.contains("Payout payout"));
    assert_eq!(status(&mut caller, "payout"), "pending none 0.00");
    gateway.advance(Duration::from_mins(5));
    assert_eq!(status(&mut caller, "payout"), "completed accounted 100.00");
    assert_eq!(caller.submit(&page, "act=fail_accounting&reason=closed").status, 303);
    assert_eq!(status(&mut caller, "payout"), "completed failed 100.00");
    assert_eq!(caller.submit(&page, "act=refund").status, 303);
    assert_eq!(status(&mut caller, "payout"), "refund failed 100.00");
}

#[test]
fn an_invalid_form_is_refused_and_changes_nothing() {
    let gateway = gateway("");
    let mut caller = Caller::to(&gateway.url);
    let page = create(&mut caller, &deposit("A", &[]));
    for (form, status, words) in [
        ("", 400, "The act must be"),
        ("act=steal", 400, "The act must be"),
        ("act=settle", 400, "The amount is not usable: it is empty."),
        ("act=settle&amount=-1", 400, "it is not a plain decimal number"),
        ("act=settle&amount=1e9", 400, "it is not a plain decimal number"),
        ("act=refund", 409, "The payment is pending"),
    ] {
        let answer = caller.submit(&page, form);
        assert!(answer.status == status && answer.body.contains(words), "{form}: {answer:?}");
    }
    let length = "act=lapse".len();
    for (host, origin) in [
        ("localhost", "http://evil.example"),
        ("localhost", "null"),
        ("evil.example", "http://evil.example"),
        ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example"),
    ] {
        let elsewhere = caller.send(format!(
            "POST {page} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
             Content-Length: {length}\r\n\r\nact=lapse"
        ));
        assert_eq!(elsewhere.status, 403, "{host} {origin}");
    }
    for path in ["/", &page] {
        let read = caller.send(format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
        assert_eq!(read.status, 403, "{path}");
        assert!(!read.body.contains("100.00"), "{read:?}");
    }
    assert_eq!(status(&mut caller, "A"), "pending none 0.00");
    for path in ["/checkout/SB0", "/checkout/%2e%2e"] {
        assert_eq!(caller.open(path).status, 404);
        assert_eq!(caller.submit(path, "act=lapse").status, 404);
    }
}

#[test]
fn a_page_escapes_every_text() {
    let gateway = gateway("");
    let mut caller = Caller::to(&gateway.url);
    let id = "<script>alert(1)</script>\"'&";
    let page = create(&mut caller, &deposit(id, &[("redirect_url", "http://a.example/?a=1&b=\"")]));
    let reason = "act=fail&reason=%3Cimg+src%3Dx%3E";
    assert_eq!(caller.submit(&page, reason).status, 303);
    for page in [caller.open(&page), caller.open("/")] {
        assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;"), "{page:?}");
        assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{page:?}");
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
}

#[test]
fn the_list_has_the_newest_orders_first_and_links_to_their_pages() {
    let book = r#"{"merchant_order_id":"of the book","payment_uid":"a/b"}"#;
    let gateway = gateway(book);
    let mut caller = Caller::to(&gateway.url);
    let page = create(&mut caller, &deposit("new", &[]));
    let list = caller.open("/").body;
    assert!(list.contains(&format!(r#"<a href="{page}">new</a>"#)), "{list}");
    assert!(list.find(">new<").unwrap() < list.find("of the book").unwrap());
    assert!(!list.contains("a/b"), "{list}");
}

#[test]
fn orders_of_a_book_change_as_scheduled_and_continue_after_saving() {
    let book = concat!(
        r#"{"merchant_order_id":"A","payment_status":"pending","sandbox":{"later":["#,
        r#"{"after_seconds":90,"fields":{"payment_status":"completed","final_amount":"1.00"}},"#,
        r#"{"after_seconds":60,"fields":{"payment_status":"processing"}}]}}"#,
    );
    let gateway = gateway(book);
    let mut caller = Caller::to(&gateway.url);
    assert_eq!(status(&mut caller, "A"), "pending - -");
    gateway.advance(Duration::from_secs(70));
    assert_eq!(status(&mut caller, "A"), "processing - -");
    let saved = gateway.stop_and_save();
    let lines: Vec<Value> = saved.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["payment_status"], "processing");
    assert_eq!(lines[0]["sandbox"]["later"][0]["after_seconds"], 20);

    let gateway = Gateway::serve_as(&saved, |it| it.speed = 0);
    let mut caller = Caller::to(&gateway.url);
    gateway.advance(Duration::from_secs(19));
    assert_eq!(status(&mut caller, "A"), "processing - -");
    gateway.advance(Duration::from_secs(1));
    assert_eq!(status(&mut caller, "A"), "completed - 1.00");
}

#[test]
fn an_amount_that_is_a_number_can_be_settled_in_full() {
    let book = concat!(
        r#"{"merchant_order_id":"A","amount":12.50,"payment_status":"pending","#,
        r#""payment_uid":"a?b c"}"#
    );
    let gateway = gateway(book);
    let mut caller = Caller::to(&gateway.url);
    let page = "/checkout/a%3Fb%20c";
    assert!(caller.open(page).body.contains(r#"name="amount" value="12.50""#));
    let settled = caller.submit(page, "act=settle&amount=12.50");
    assert_eq!((settled.status, &*settled.headers["location"]), (303, page));
}

#[test]
fn orders_can_age_faster_than_real_time() {
    let gateway = Gateway::serve_as("", |it| it.speed = 86_400);
    let mut caller = Caller::to(&gateway.url);
    create(&mut caller, &deposit("A", &[]));
    // Half an hour takes about 20 ms.
    crate::support::until("the order is overdue", || {
        status(&mut caller, "A") == "overdue none 0.00"
    });
}
