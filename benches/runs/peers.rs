//! Programs that do a part of the same: measured in the same run, with the same gateway.

use crate::process::{Merchant, Took, measure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a peer took; `None`: it is not installed.
pub type Peer = fn(&Merchant, &str, u32) -> Option<Took>;

/// Peers of the whole run, by name.
pub const ASKING: [(&str, Peer); 3] =
    [("the lean loop", lean_loop), ("oha", oha), ("the Python job", python)];

/// Peers of storing a ledger, by name.
pub const STORING: [(&str, Peer); 2] =
    [("executemany", executemany), ("sqlite3 .import", sqlite_import)];

/// The client that octopus-recon uses, with nothing around it: see `lean_loop.rs`.
#[expect(clippy::unnecessary_wraps, reason = "it is one of several peers")]
fn lean_loop(_merchant: &Merchant, url: &str, orders: u32) -> Option<Took> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    Some(measure(command.args(["loop", url, &orders.to_string()])))
}

fn is_installed(program: &str, probe: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(probe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `oha`: as many requests of the same size over as many connections, and nothing is done with the
/// answers.
fn oha(_merchant: &Merchant, url: &str, orders: u32) -> Option<Took> {
    if !is_installed("oha", "--version") {
        return None;
    }
    let mut command = Command::new("oha");
    command
        .args(["-n", &orders.to_string(), "-c", "64", "--no-tui", "-m", "POST"])
        .args(["-H", "Content-Type: application/json", "-H", "OC-Key: bench-key"])
        .args(["-H", &format!("OC-Signature: {}", "0".repeat(64))])
        .args(["-d", r#"{"merchant_order_id":"SHOP-IN-00000003"}"#])
        .arg(format!("{url}/octopus/api/order/get"));
    Some(measure(&mut command))
}

/// A tuned Python job: aiohttp, uvloop, orjson, sqlite3.
fn python(merchant: &Merchant, url: &str, _orders: u32) -> Option<Took> {
    let mut command = python_with("import aiohttp, orjson, uvloop")?;
    let _none = std::fs::remove_file(merchant.path("job.db"));
    command.arg(script("job.py")).arg(url);
    command.arg(merchant.path("ledger.csv")).arg(merchant.path("job.db"));
    Some(measure(&mut command))
}

/// Into the same tables, keys and indexes, by Python's `executemany`. The tables are those of a
/// run without orders.
fn executemany(merchant: &Merchant, _url: &str, _orders: u32) -> Option<Took> {
    let mut command = python_with("import sqlite3")?;
    merchant.forget("import.db");
    std::fs::write(merchant.path("empty.csv"), crate::process::HEADING).unwrap();
    let empty = ["run", "--quiet", "--allow-empty", "--ledger", "empty.csv", "--db", "import.db"];
    merchant.run(&[&empty[..], &["--base-url", "http://127.0.0.1:9"]].concat());
    command.arg(script("import.py"));
    command.arg(merchant.path("ledger.csv")).arg(merchant.path("import.db"));
    Some(measure(&mut command))
}

/// Into one table with one key, by SQLite's own shell.
fn sqlite_import(merchant: &Merchant, _url: &str, _orders: u32) -> Option<Took> {
    if !is_installed("sqlite3", "--version") {
        return None;
    }
    merchant.forget("import.db");
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

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name)
}

/// Python, if it has what this line imports.
fn python_with(imports: &str) -> Option<Command> {
    let mut probe = Command::new("python3");
    probe.args(["-c", imports]).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success()).then(|| Command::new("python3"))
}
