//! What the page says first, and that its figures add up.

use super::super::status_page::{NoReport, status_page};
use super::examples::{self, date, instant};
use super::{page, words};
use crate::domain::run::Warning;

fn headline(page: &str) -> String {
    words(page, "<h1>", "</h1>")
}

#[test]
fn the_verdict_is_the_most_important_thing() {
    assert_eq!(headline(&page(&examples::clean())), "All 300 orders agree.");
    assert_eq!(
        headline(&page(&examples::incomplete())),
        "INCOMPLETE: 6 of 300 orders got no trustworthy answer. 2 orders disagree. At risk in all: \
         1,094.00 inr."
    );
    assert_eq!(
        headline(&page(&examples::small())),
        "11 of 300 orders have findings; 58,458.00 inr + 120.50 usd at risk. 2 rows of the ledger \
         could not be used."
    );
    let mut doubt = examples::clean();
    doubt.night.summary.warnings.push(Warning::doubt("ledger_shrunk", "It shrank by half."));
    assert!(headline(&page(&doubt)).starts_with("CHECK THE LEDGER"));
    let mut transit = examples::clean();
    let orders = &mut transit.night.summary.figures.orders;
    (orders.matched, orders.in_transit) = (292, 8);
    let expected = "Nothing to do: 292 of 300 orders agree, 8 not finished yet.";
    assert_eq!(headline(&page(&transit)), expected);
    let mut accepted = examples::small();
    accepted.orders.retain(|order| order.severity.is_none());
    accepted.night.summary.figures.ledger.invalid = 0;
    assert!(headline(&page(&accepted)).starts_with("Nothing to do: of 300 orders, 1 has findings"));
}

/// An incomplete night is not green, whatever else is fine.
#[test]
fn the_colour_says_what_the_sentence_says() {
    for (example, class) in [
        (examples::clean(), "banner good"),
        (examples::incomplete(), "banner caution"),
        (examples::small(), "banner bad"),
    ] {
        assert!(page(&example).contains(&format!("<header class=\"{class}\">")), "{class}");
    }
}

#[test]
fn the_sum_is_that_of_the_rows() {
    let page = page(&examples::small());
    let money = words(&page, "id=\"money\"", "</section>");
    for figure in ["50,458.00", "4,000.00", "58,458.00", "120.50", "\u{2212}2,910.00"] {
        assert!(money.contains(figure), "{figure} is not in {money}");
    }
    assert!(!page.contains("do not add up"));
    let mut wrong = examples::small();
    let last = wrong.orders.pop();
    assert!(last.is_some_and(|order| order.severity.is_none()), "accepted orders count in no sum");
    assert!(!super::page(&wrong).contains("do not add up"));
    wrong.orders.pop();
    wrong.orders.pop();
    assert!(super::page(&wrong).contains("do not add up"));
}

/// A payment id for the gateway, an order id for the others.
#[test]
fn each_who_acts_finds_the_ids_to_quote() {
    let page = page(&examples::small());
    let gateway = words(&page, "<pre id=\"ids-gateway\"", "</pre>");
    let bookkeeping = words(&page, "<pre id=\"ids-bookkeeping\"", "</pre>");
    let listed: Vec<&str> = gateway.lines().collect();
    assert_eq!(listed.len(), 6, "{gateway}");
    assert!(listed.iter().all(|id| id.contains("pay_")), "{gateway}");
    assert!(bookkeeping.contains("A-1004"), "{bookkeeping}");
}

/// The row itself may be personal.
#[test]
fn invalid_rows_are_named_by_line_and_not_shown() {
    let page = page(&examples::small());
    assert!(
        words(&page, "id=\"invalid\"", "</section>").contains("orders-2026-11-26.csv line 17, 90")
    );
    assert!(!page.contains("Jane Doe"));
}

/// The page of a night without a report.
pub(super) fn no_report() -> String {
    status_page(&NoReport {
        unrecorded: None,
        day: date("2026-11-26"),
        ended_at: instant("2026-11-26T20:35:00Z"),
        zone: chrono_tz::Tz::Asia__Kolkata,
        merchant_uid: Some("m-shop-17".to_owned()),
        exit_code: 10,
        error: "the ledger was not there".to_owned(),
        hint: Some(
            "put the ledger where the nightly run looks for it, then run it again.".to_owned(),
        ),
        last_good: Some((41, date("2026-11-25"))),
    })
}

#[test]
fn a_night_without_a_report_says_so_first() {
    assert_eq!(
        headline(&no_report()),
        "NO REPORT for 26 Nov: the ledger was not there (exit 10). Last good night: 25 Nov."
    );
}
