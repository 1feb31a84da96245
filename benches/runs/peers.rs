//! Programs that do a part of the same: measured in the same run, with the same gateway.

use crate::process::{Merchant, Took, measure};
use std::path::Path;
use std::process::{Command, Stdio};

/// A peer: its name, and what it took, if it is installed.
type Peer = (&'static str, Option<Took>);

fn is_installed(program: &str, probe: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(probe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `oha`: as many requests of the same size over as many connections, and nothing is done with the
/// answers.
pub fn oha(_merchant: &Merchant, url: &str, orders: u32) -> Peer {
    let name = "oha";
    if !is_installed("oha", "--version") {
        return (name, None);
    }
    let mut command = Command::new("oha");
    command
        .args(["-n", &orders.to_string(), "-c", "64", "--no-tui", "-m", "POST"])
        .args(["-H", "Content-Type: application/json", "-H", "OC-Key: bench-key"])
        .args(["-H", &format!("OC-Signature: {}", "0".repeat(64))])
        .args(["-d", r#"{"merchant_order_id":"SHOP-IN-00000003"}"#])
        .arg(format!("{url}/octopus/api/order/get"));
    (name, Some(measure(&mut command)))
}

/// A tuned Python job: aiohttp, uvloop, orjson, sqlite3.
pub fn python(merchant: &Merchant, url: &str, _orders: u32) -> Peer {
    let name = "the Python job";
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/job.py");
    let mut probe = Command::new("python3");
    probe.args(["-c", "import aiohttp, orjson, uvloop"]).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return (name, None);
    }
    let mut command = Command::new("python3");
    command.arg(job).arg(url).arg(merchant.path("ledger.csv")).arg(merchant.path("job.db"));
    (name, Some(measure(&mut command)))
}

/// The same columns and key, by SQLite's own shell.
pub fn sqlite_import(merchant: &Merchant) -> Option<Took> {
    if !is_installed("sqlite3", "--version") {
        return None;
    }
    let mut command = Command::new("sqlite3");
    command
        .arg(merchant.path("import.db"))
        .arg("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .arg(
            "CREATE TABLE ledger (merchant_order_id TEXT, amount TEXT, currency TEXT,
                 created_at TEXT, transaction_type TEXT, accounting_type TEXT, status TEXT,
                 PRIMARY KEY (merchant_order_id));",
        )
        .arg(format!(".import --csv --skip 1 {} ledger", merchant.path("ledger.csv").display()));
    Some(measure(&mut command))
}
