//! A wrong `base_url` (contract, "Mismatches", last paragraph): a 404 that is not in a documented
//! error form, and a path that repeats a part of the documented one.

use super::reconcile;
use crate::rude_gateway::RudeGateway;
use crate::support::{API_KEY, Merchant, rows};

const HTML: &str = "<html><h1>Not Found</h1>The page was not found.</html>";
/// A web framework's own 404, in JSON.
const ROUTE: &str = r#"{"message":"The route octopus/api/order/get could not be found."}"#;
/// The same in the documented form.
const DOCUMENTED_ROUTE: &str =
    r#"{"result":"error","data":"The route octopus/api/order/get could not be found."}"#;
const MERCHANT: &str = r#"{"result":"error","data":"Merchant not found"}"#;
const ORDER: &str = r#"{"result":"error","data":"No data for this order"}"#;

fn not_found(body: &'static str) -> RudeGateway {
    RudeGateway::serve(move |turn| turn.answer("404 Not Found", "", body))
}

#[test]
fn check_fails_on_a_404_without_a_documented_error() {
    for body in [HTML, ROUTE, DOCUMENTED_ROUTE, "", r#"{"result":"success","data":{}}"#] {
        for settings in ["", "[gateway]\nnot_found_pattern = \"not (be )?found\"\n"] {
            let (merchant, gateway) = (Merchant::new(), not_found(body));
            merchant.write("octopus-recon.toml", settings);
            let done = merchant.run(&["check", "--base-url", &gateway.url]);
            assert_eq!(done.code, Some(2), "{body}: {done:?}");
            let line = done.stdout.lines().find(|line| line.contains("404")).unwrap_or_default();
            assert!(line.starts_with("error"), "{body}: {done:?}");
            assert!(line.contains("is base_url right?"), "{body}: {done:?}");
            let hint = done.stderr.lines().find(|line| line.contains("hint: ")).unwrap_or_default();
            assert!(hint.contains("[gateway] base_url"), "{body}: {done:?}");
            assert!(!done.stdout.contains("not_found_pattern"), "{body}: {done:?}");
            assert_eq!(gateway.arrivals().len(), 1, "{body}");
        }
    }
}

#[test]
fn check_only_warns_of_a_documented_error_that_it_does_not_understand() {
    for (status, body, advice) in [
        ("404 Not Found", ORDER, "if it means \"no such order\", set [gateway] not_found_pattern"),
        ("200 OK", ORDER, "if it means \"no such order\", set [gateway] not_found_pattern"),
        ("404 Not Found", MERCHANT, "is base_url right?"),
        ("200 OK", MERCHANT, "is base_url right?"),
        ("200 OK", "<html>Welcome</html>", "is base_url right?"),
    ] {
        let gateway = RudeGateway::serve(move |turn| turn.answer(status, "", body));
        let done = Merchant::new().run(&["check", "--base-url", &gateway.url]);
        assert_eq!(done.code, Some(0), "{body}: {done:?}");
        let line = done.stdout.lines().find(|line| line.contains("credentials"));
        let line = line.unwrap_or_default();
        assert!(line.starts_with("warning"), "{body}: {done:?}");
        assert!(line.contains("test order that does not exist"), "{body}: {done:?}");
        assert!(done.stdout.contains(&format!("hint: {advice}")) || line.contains(advice));
    }
}

#[test]
fn a_run_with_a_wrong_address_leaves_its_orders_unverified() {
    for body in [HTML, ROUTE, ""] {
        let run = reconcile(5, not_found(body));
        assert_eq!(run.done.code, Some(3), "{body}: {:?}", run.done);
        let rows = rows(&run.merchant.report_path());
        assert_eq!(rows.len(), 5, "{body}: {rows:?}");
        for row in rows {
            assert_eq!(row["kind"], "unverified", "{body}: {row:?}");
            let page = if body == HTML { "with a web page" } else { "without a documented error" };
            let why = format!("the gateway answered 404 {page}: is base_url right?");
            assert!(row["reason"].contains(&why), "{body}: {row:?}");
        }
        assert_eq!(run.gateway.arrivals().len(), 5, "{body}: a 404 is not retried");
    }
}

/// Even with a pattern that matches the page, the ledger is not reported as missing.
#[test]
fn a_pattern_proves_nothing_about_a_page_or_a_merchant() {
    for body in [HTML, ROUTE, DOCUMENTED_ROUTE, MERCHANT] {
        let (merchant, gateway) = (Merchant::new(), not_found(body));
        merchant.write("ledger.csv", crate::support::ledger(3));
        let settings = "[gateway]\nbackoff_first_ms = 1\nnot_found_pattern = \"not (be )?found\"\n";
        merchant.write("octopus-recon.toml", settings);
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(3), "{body}: {done:?}");
        let rows = rows(&merchant.report_path());
        assert!(rows.iter().all(|row| row["kind"] == "unverified"), "{body}: {rows:?}");
    }
}

#[test]
fn check_fails_on_a_path_that_repeats_a_part_of_the_documented_one() {
    for path in [
        "/octopus",
        "/octopus/",
        "/octopus/api",
        "/octopus/api/order",
        "/octopus/api/order/get",
        "/octopus/api/order/get/",
        "/octopus/api/order/new",
        "/pay/octopus/api",
        "/api/order/get",
    ] {
        let gateway = RudeGateway::serve(crate::rude_gateway::Turn::answer_well);
        let url = format!("{}{path}", gateway.url);
        let done = Merchant::new().run(&["check", "--base-url", &url]);
        assert_eq!(done.code, Some(2), "{path}: {done:?}");
        let line = done.stdout.lines().find(|line| line.contains("error")).unwrap_or_default();
        assert!(line.contains(path.trim_end_matches('/')), "{path}: {done:?}");
        assert!(done.stderr.contains("hint: ") && done.stderr.contains("[gateway] base_url"));
        assert!(!done.stderr.contains(API_KEY), "{path}: {done:?}");
        assert_eq!(gateway.arrivals().len(), 0, "{path}: no call to a wrong address");
    }
}

#[test]
fn check_names_a_base_url_that_is_not_set() {
    let done = Merchant::new().run(&["check"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("it is not set\n hint: set [gateway] base_url, "), "{done:?}");
}

#[test]
fn check_accepts_a_path_of_the_merchants_own() {
    for path in ["", "/", "/pay", "/pay/", "/octopus/pay", "/octopus-pay"] {
        let missing = r#"{"result":"error","data":"Order not found"}"#;
        let gateway = RudeGateway::serve(move |turn| turn.answer("200 OK", "", missing));
        let url = format!("{}{path}", gateway.url);
        let done = Merchant::new().run(&["check", "--base-url", &url]);
        assert_eq!(done.code, Some(0), "{path}: {done:?}");
        assert_eq!(gateway.arrivals().len(), 1, "{path}");
    }
}

#[test]
fn check_exits_with_the_highest_code_among_its_findings() {
    let (merchant, gateway) = (Merchant::new(), not_found(HTML));
    merchant.write("octopus-recon.db", "no database");
    let done = merchant.run(&["check", "--base-url", &gateway.url]);
    assert_eq!(done.code, Some(15), "{done:?}");
    let errors = done.stdout.lines().filter(|line| line.starts_with("error"));
    assert_eq!(errors.count(), 2, "{done:?}");
}
