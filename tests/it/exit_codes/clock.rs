//! This machine's clock against the gateway's, by the `Date` of its responses.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::rude_gateway::{RudeGateway, Turn, success};
use crate::support::{Merchant, ledger};
use chrono::{TimeDelta, Utc};

/// A gateway whose clock differs from this machine's by so much.
fn gateway(skew: TimeDelta) -> RudeGateway {
    RudeGateway::serve(move |turn: Turn| {
        let date = httpdate::fmt_http_date((Utc::now() + skew).into());
        let body = success(&turn.order);
        turn.answer("200 OK", &format!("Date: {date}\r\n"), body);
    })
}

#[test]
fn a_wrong_clock_is_a_warning_on_summary_and_report() {
    for (minutes, words) in [
        (0, None),
        (4, None),
        (-4, None),
        (8, Some(" s behind the gateway's")),
        (-100, Some(" minutes ahead of the gateway's")),
        (4 * 24 * 60 + 9, Some("4 days behind the gateway's")),
        // It is not cut off to 2 hours.
        (-179, Some("3 hours ahead of the gateway's")),
    ] {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(3));
        let gateway = gateway(TimeDelta::minutes(minutes));
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let warned = done.json()["warnings"].to_string();
        assert_eq!(warned.contains("clock_differs"), words.is_some(), "{minutes}: {done:?}");
        let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
        if let Some(words) = words {
            assert!(warned.contains(words), "{minutes}: {done:?}");
            assert!(page.contains(words), "{minutes}");
            assert!(done.stderr.contains(words), "{minutes}: {done:?}");
        }
    }
}

#[test]
fn a_clock_that_moves_the_days_of_last_ends_the_run() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(3));
    let last = ["--ledger", "ledger.csv", "--last", "400"];
    for days in [3_i64, -3] {
        let gateway = gateway(TimeDelta::hours(days * 24 + 2 * days.signum()));
        let done = merchant.reconcile(&gateway.url, &last);
        assert_eq!(done.code, Some(2), "{days}: {done:?}");
        assert!(done.stderr.contains("`--last` has selected the wrong days"), "{done:?}");
        assert!(done.stderr.contains("3 days"), "{done:?}");
        assert_eq!(gateway.arrivals().len(), 1, "one call shows it");
        // Dates that were named do not depend on the clock.
        let named = ["--ledger", "ledger.csv", "--from", "2026-01-01", "--to", "2026-01-31"];
        let done = merchant.reconcile(&gateway.url, &named);
        assert_eq!(done.code, Some(0), "{days}: {done:?}");
    }
    assert_eq!(merchant.sql("SELECT count(*) FROM runs WHERE exit_code = 2"), 2);
    let done = merchant.reconcile(&gateway(TimeDelta::zero()).url, &last);
    assert_eq!(done.code, Some(0), "{done:?}");
}
