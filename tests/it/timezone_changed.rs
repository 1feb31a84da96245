//! `[ledger] timezone` that is another one than in the run before: one warning, in the first run
//! with the new zone, wherever a person looks.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, Gateway, Merchant, book, ledger};

/// The code of the warning.
const CODE: &str = "timezone_changed";

/// Runs with this configuration.
fn reconcile(merchant: &Merchant, gateway: &Gateway, settings: &str) -> Done {
    merchant.write("octopus-recon.toml", settings);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    done
}

#[test]
fn the_first_run_with_another_zone_says_so() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(3));
    let gateway = Gateway::serve(&book(3));
    let kolkata = "[ledger]\ntimezone = \"Asia/Kolkata\"\n";
    // A zone is compared with nothing, with itself, and with another name of itself.
    for same in [kolkata, kolkata, "[ledger]\ntimezone = \"Asia/Calcutta\"\n"] {
        assert_eq!(reconcile(&merchant, &gateway, same).warning(CODE), None);
    }
    // The key is gone: UTC.
    let changed = reconcile(&merchant, &gateway, "");
    let text = changed.warning(CODE).unwrap();
    let words = "timezone is UTC, but run 3 of ";
    assert!(text.contains(words) && text.contains("had Asia/Calcutta: days begin"), "{text}");
    assert!(text.contains("5 h 30 min later now") && text.contains("run --from "), "{text}");
    assert!(changed.stderr.contains(&format!("WARN {text}")), "{changed:?}");
    let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
    assert!(page.contains(words), "{page}");
    assert_eq!(reconcile(&merchant, &gateway, "").warning(CODE), None, "it is said once");
    // Another merchant's zone is another matter.
    let other = "[gateway]\nmerchant_uid = \"M2\"\n[ledger]\ntimezone = \"Asia/Kolkata\"\n";
    assert_eq!(reconcile_other(&merchant, &gateway, other).warning(CODE), None);
}

/// A run of a merchant that has no order: nothing is asked.
fn reconcile_other(merchant: &Merchant, gateway: &Gateway, settings: &str) -> Done {
    merchant.write("octopus-recon.toml", settings);
    let empty = ["--ledger", "ledger.csv", "--allow-empty", "--from", "2031-01-01"];
    let done = merchant.reconcile(&gateway.url, &empty);
    assert_eq!(done.code, Some(0), "{done:?}");
    done
}
