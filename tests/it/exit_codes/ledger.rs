//! Exit code 10: the ledger is not usable. No call is made, and nothing from the ledger is stored.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint};
use crate::support::{Gateway, book, ledger};

const HEADINGS: &str = "merchant_order_id,amount,currency,created_at,status";

fn utf_16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xFF, 0xFE].into_iter().chain(units).collect()
}

#[test]
fn an_unusable_ledger_sends_no_request() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let runs = night.merchant.sql("SELECT count(*) FROM runs");
    let with = |row: &str| format!("{}{row}\n", ledger(2)).into_bytes();
    let big_endian = utf_16(&ledger(2)).chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    let cases: [(Vec<u8>, &[&str]); 15] = [
        (big_endian, &["UTF-16"]),
        (Vec::new(), &["empty"]),
        (b"\n\n\r\n".to_vec(), &["empty"]),
        (utf_16(&ledger(2)), &["UTF-16"]),
        (utf_16(&ledger(2))[2..].to_vec(), &["UTF-16"]),
        (with("A3,1.00,inr,2026-01-10,\0"), &["line 4, column 24", "NUL"]),
        (
            b"order,amount,currency,created_at\nA1,1.00,inr,2026-01-10\n".to_vec(),
            &["merchant_order_id", "[ledger.columns]"],
        ),
        (format!("{HEADINGS}, Amount \nA1,1,inr,2026-01-10,,2\n").into_bytes(), &["twice"]),
        (ledger(2).replace(',', ";").into_bytes(), &["delimiter = \";\""]),
        (with("A3,1.00,inr,2026-01-10,\"paid"), &["line 4, column 24", "never closed"]),
        (with("1.23E+19,1.00,inr,2026-01-10,paid"), &["line 4", "1.23E+19"]),
        (with("1,23E+19,1.00,inr,2026-01-10,paid\n1.2E+30,1,inr,2026-01-10,"), &["line 5"]),
        (format!("{HEADINGS}\n").into_bytes(), &["a header row and nothing else"]),
        (format!("{HEADINGS}\nA1,x,inr,2026-01-10,\n").into_bytes(), &["none of its 1 rows"]),
        (b"PK\x03\x04\x14\0\x06\0".to_vec(), &["workbook"]),
    ];
    for (content, words) in cases {
        let shown = String::from_utf8_lossy(&content).into_owned();
        night.merchant.write("ledger.csv", content);
        let done = night.run(&gateway.url, &[]);
        assert_eq!(done.code, Some(10), "{shown:?}: {done:?}");
        night.assert_failed(&done, 10, words);
        assert_hint(&done);
    }
    for path in ["nowhere.csv", "reports"] {
        let done = night.merchant.run(&Night::arguments(&gateway.url, &["--ledger", path]));
        night.assert_failed(&done, 10, &[path]);
        assert_hint(&done);
    }
    let with_orders = "SELECT count(*) FROM runs WHERE exit_code IS NOT 10";
    assert_eq!(night.merchant.sql(with_orders), runs);
    assert_eq!(night.merchant.sql("SELECT count(*) FROM orders"), 1);
    assert_eq!(gateway.stop().len(), 0);
}

#[test]
fn wrong_control_figures_and_an_empty_selection_send_no_request() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let cases: [(&[&str], &[&str]); 5] = [
        (&["--expect-rows", "21"], &["20 rows", "21 were expected"]),
        (&["--expect-total", "inr=2000.01"], &["2000.00", "2000.01"]),
        (&["--expect-rows", "20", "--expect-total", "usd=1"], &["usd"]),
        (&["--from", "2030-01-01"], &["no order is selected"]),
        (&["--ledger", "nowhere.csv"], &["nowhere.csv"]),
    ];
    for (arguments, words) in cases {
        let done = night.run(&gateway.url, arguments);
        night.assert_failed(&done, 10, words);
        assert_hint(&done);
    }
    assert_eq!(night.merchant.sql("SELECT count(*) FROM orders"), 1);
    assert_eq!(gateway.journal().len(), 0);
    let done = night.run(&gateway.url, &["--expect-rows", "20", "--expect-total", "inr=2000"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(gateway.stop().len(), 20);
}

/// An export of long ago may be tonight's, read by a machine whose clock is wrong.
#[test]
fn a_clock_that_may_be_wrong_is_named_beside_the_export() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let file = std::fs::File::options().write(true).open(night.merchant.path("ledger.csv"));
    let file = file.unwrap();
    let hours_ago = |hours| std::time::SystemTime::now() - std::time::Duration::from_hours(hours);
    let clock = |text: &str| text.contains(" (this machine's clock says 20");
    night.merchant.write("octopus-recon.toml", "[ledger]\nmax_age_hours = 26\n");
    for (hours, ago, is_clock) in [(30, "30 hours ago;", false), (400 * 24, "400 days ago (", true)]
    {
        file.set_modified(hours_ago(hours)).unwrap();
        let done = night.run(&gateway.url, &[]);
        night.assert_failed(&done, 10, &[ago, "max_age_hours allows 26"]);
        assert_eq!(clock(&done.stderr), is_clock, "{done:?}");
    }
    // Its orders are of January.
    night.merchant.write("octopus-recon.toml", "");
    let done = night.run(&gateway.url, &["--last", "3"]);
    let words = "no order is selected: no order has such a date and merchant: 20";
    let dates = "; the ledger's orders are dated 2026-01-10 to 2026-01-10 (";
    night.assert_failed(&done, 10, &[words, dates]);
    assert!(clock(&done.stderr), "{done:?}");
    // Dates that were named do not depend on the clock.
    let done = night.run(&gateway.url, &["--from", "2026-02-01", "--to", "2026-02-03"]);
    night.assert_failed(&done, 10, &[": 2026-02-01 to 2026-02-03; the ledger's orders are dated"]);
    assert!(!clock(&done.stderr), "{done:?}");
    assert_eq!(gateway.journal().len(), 0);
}

#[test]
fn a_ledger_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let night = Night::new();
    let file = night.merchant.path("ledger.csv");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    let Some(mut command) = super::storage::without_root(
        &night.merchant,
        &Night::arguments("http://127.0.0.1:1", &["--ledger", "ledger.csv"]),
    ) else {
        return;
    };
    let done = command.output().unwrap().into();
    night.assert_failed(&done, 10, &["ledger.csv", "permission"]);
    assert_hint(&done);
}
