//! Reports with other decisions than their run reported: `report --current`, `report --as-of`, and
//! runs of an earlier release. How a run was made is stored with it, without secrets.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, Gateway, HEAD, Merchant, Row, is_csv, paid, row, rows};
use chrono::{Days, Utc};
use serde_json::{Value, json};
use std::path::PathBuf;

const DAY_MS: i64 = 86_400_000;

/// SHORT settles 10.00 short, WRONG has another amount in the ledger, GOOD matches.
fn book() -> String {
    [
        paid("SHORT", "100.00", json!({"final_amount": "90.00"})),
        paid("WRONG", "70.00", json!({})),
        paid("GOOD", "100.00", json!({})),
    ]
    .concat()
}

fn after_a_night() -> (Merchant, Gateway, Done) {
    let merchant = Merchant::new();
    let orders = ["SHORT", "WRONG", "GOOD"];
    let rows = orders.map(|order| format!("{order},100.00,inr,2026-01-10,paid\n"));
    merchant.write("ledger.csv", format!("{HEAD}{}", rows.concat()));
    let gateway = Gateway::serve(&book());
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(1), "{night:?}");
    (merchant, gateway, night)
}

fn accept(merchant: &Merchant, order: &str, more: &[&str]) {
    let kind =
        if order == "SHORT" { "final_amount_difference" } else { "ledger_amount_difference" };
    let mut arguments = vec!["decide", "--order", order, "--kind", kind, "--by", "Asha"];
    arguments.extend(["--decision", "accepted"]);
    arguments.extend(more);
    let done = merchant.run(&arguments);
    assert_eq!(done.code, Some(0), "{done:?}");
}

fn view(merchant: &Merchant, arguments: &[&str]) -> (Value, Vec<Row>) {
    let mut all = vec!["report", "--format", "json"];
    all.extend(arguments);
    let done = merchant.run(&all);
    assert_eq!(done.code, Some(0), "{done:?}");
    let summary = done.json();
    let path = csv_of(merchant, &summary);
    let rows = rows(&path);
    (summary, rows)
}

fn csv_of(merchant: &Merchant, summary: &Value) -> PathBuf {
    let reports = summary["reports"].as_array().unwrap().iter();
    let mut paths = reports.map(|path| path.as_str().unwrap());
    merchant.path(paths.find(|path| is_csv(path)).unwrap())
}

/// The money at risk, and how many findings are accepted.
fn sums(summary: &Value) -> (&str, u64) {
    let accepted = summary["accepted"].as_object().into_iter().flat_map(|kinds| kinds.values());
    let accepted = accepted.map(|count| count.as_u64().unwrap()).sum();
    (summary["totals"][0]["at_risk"].as_str().unwrap(), accepted)
}

#[test]
fn the_newest_night_is_shown_with_the_decisions_of_now() {
    let (merchant, gateway, night) = after_a_night();
    let dated = std::fs::read(csv_of(&merchant, &night.json())).unwrap();
    assert_eq!(sums(&night.json()), ("40.00", 0));
    accept(&merchant, "SHORT", &["--note", "agreed"]);
    let (summary, rows) = view(&merchant, &["--current"]);
    assert_eq!(sums(&summary), ("30.00", 1));
    assert_eq!(summary["mismatches"], json!({"ledger_amount_difference": 1}));
    let short = row(&rows, "SHORT", "final_amount_difference");
    assert_eq!((short["decision"].as_str(), short["note"].as_str()), ("accepted", "agreed"));
    assert_eq!(row(&rows, "WRONG", "ledger_amount_difference")["decision"], "");
    assert!(csv_of(&merchant, &summary).ends_with("reports/latest.csv"));
    // The dated report is as it was, and the view gives the same bytes again.
    assert_eq!(std::fs::read(csv_of(&merchant, &night.json())).unwrap(), dated);
    let files = merchant.report_files();
    view(&merchant, &["--current"]);
    assert_eq!(merchant.report_files(), files);
    // The next night knows the files: nobody edited them.
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(sums(&night.json()), ("30.00", 1));
    let names: Vec<PathBuf> = merchant.report_files().into_keys().collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains(".edited-")), "{names:?}");
}

#[test]
fn an_acceptance_that_is_over_counts_as_lapsed() {
    let (merchant, _gateway, _) = after_a_night();
    let today = Utc::now().date_naive();
    accept(&merchant, "SHORT", &["--until", &today.to_string()]);
    assert_eq!(sums(&view(&merchant, &["--current"]).0), ("30.00", 1));
    merchant.days_pass(1);
    let (summary, rows) = view(&merchant, &["--current"]);
    assert_eq!(sums(&summary), ("40.00", 0));
    let short = row(&rows, "SHORT", "final_amount_difference");
    assert_eq!((short["decision"].as_str(), short["state"].as_str()), ("", "changed"));
    assert!(short["reason"].contains("acceptance lapsed"), "{short:?}");
}

#[test]
fn what_was_open_at_the_end_of_a_day_is_shown_as_it_then_was() {
    let (merchant, _gateway, _) = after_a_night();
    // That night was yesterday.
    let back =
        |table: &str, column: &str| format!("UPDATE {table} SET {column} = {column} - {DAY_MS};");
    let moved: String = [
        ("runs", "started_at_ms"),
        ("run_orders", "answered_at_ms"),
        ("run_orders", "ordered_at_ms"),
        ("mismatch_events", "at_ms"),
        ("reported_mismatches", "answered_at_ms"),
    ]
    .map(|(table, column)| back(table, column))
    .concat();
    merchant.database().execute_batch(&moved).unwrap();
    merchant.days_pass(1);
    // Today SHORT is settled, and WRONG is accepted.
    let gateway = Gateway::serve(&book().replace("90.00", "100.00"));
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(1), "{night:?}");
    accept(&merchant, "WRONG", &[]);

    let today = Utc::now().date_naive();
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap();
    let (summary, rows) = view(&merchant, &["--as-of", &yesterday.to_string()]);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row["run_id"] == "1" && row["decision"].is_empty()), "{rows:?}");
    assert_eq!(sums(&summary), ("40.00", 0));
    let name = format!("reports/mismatches-as-of-{yesterday}.csv");
    assert!(csv_of(&merchant, &summary).ends_with(name));
    let (summary, rows) = view(&merchant, &["--as-of", &today.to_string()]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let wrong = row(&rows, "WRONG", "ledger_amount_difference");
    assert_eq!((wrong["run_id"].as_str(), wrong["decision"].as_str()), ("2", "accepted"));
    assert_eq!(sums(&summary), ("0.00", 1));
    let before = merchant.run(&["report", "--as-of", "2020-01-01"]);
    assert_eq!(before.code, Some(2), "{before:?}");
}

#[test]
fn a_run_of_an_earlier_release_counts_each_order_once() {
    let (merchant, gateway, night) = after_a_night();
    // As an earlier release left it.
    merchant
        .database()
        .execute_batch("DELETE FROM reported_orders; UPDATE runs SET night = NULL;")
        .unwrap();
    merchant.drop_digests();
    let done = merchant.run(&["report", "1", "--report", "again.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let dated = std::fs::read(csv_of(&merchant, &night.json())).unwrap();
    assert_eq!(std::fs::read(merchant.path("again.csv")).unwrap(), dated);
    let page = std::fs::read_to_string(merchant.path("again.html")).unwrap();
    assert!(page.contains("SHORT") && page.contains("WRONG"), "the orders are on the page");
    // The next night is compared with it like with like: nothing has changed.
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let bridge = night_of(&merchant, 2)["before"]["bridge"]["inr"].clone();
    assert_eq!(bridge["before"], bridge["now"], "{bridge}");
    assert_eq!(bridge["new"], bridge["solved"], "both are nothing: {bridge}");
    assert_ne!(bridge["now"], bridge["new"], "{bridge}");
}

fn night_of(merchant: &Merchant, run_id: i64) -> Value {
    let sql = "SELECT night FROM runs WHERE run_id = ?1";
    let night: String = merchant.database().query_row(sql, [run_id], |row| row.get(0)).unwrap();
    serde_json::from_str(&night).unwrap()
}

#[test]
fn how_a_run_was_made_is_stored_without_secrets() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}GOOD,100.00,inr,2026-01-10,paid\n"));
    merchant.write("planted-secret", "test-secret\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(merchant.path("planted-secret"), mode).unwrap();
    merchant.write(
        "octopus-recon.toml",
        "[gateway]\napi_key = 'planted-key'\napi_secret_file = 'planted-secret'\n\
         [policy]\nsettle_within_hours = 12\n",
    );
    let gateway = Gateway::serve(&book());
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(0), "{night:?}");
    let making = night_of(&merchant, 1)["making"].clone();
    let command = making["command_line"].as_str().unwrap();
    assert!(command.starts_with("octopus-recon run --base-url "), "{command}");
    assert!(command.contains(" --rate 2000 "), "{command}");
    let settings = making["settings"].as_array().unwrap();
    let of = |key: &str| settings.iter().find(|setting| setting["key"] == key).unwrap().clone();
    let hours = json!({"key": "policy.settle_within_hours", "value": "12", "source": "file"});
    assert_eq!(of("policy.settle_within_hours"), hours);
    assert_eq!(of("gateway.requests_per_second")["source"], "flag");
    assert_eq!(of("gateway.api_key")["source"], "environment");
    let text = making.to_string();
    for secret in ["planted-key", "test-key", "\"test-secret"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert_eq!(making["version"], env!("CARGO_PKG_VERSION"));
}
