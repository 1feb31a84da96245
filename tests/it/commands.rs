//! The commands other than `run`, and the JSON summary of `run`.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Gateway, HEAD, Merchant, paid, rows};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// A merchant after one run, and the gateway.
fn after_a_night() -> (Merchant, Gateway) {
    let merchant = Merchant::new();
    merchant.write(
        "ledger.csv",
        format!("{HEAD}A1,500.00,inr,2026-01-10,paid\nA2,70.00,usd,2026-01-12,paid\n"),
    );
    let gateway = Gateway::serve(
        &[
            paid(
                "A1",
                "500.00",
                json!({"final_amount": "490.00", "from": "9900001234567", "from_name": "Asha Rao",
                       "signature_key": "planted-signature-key"}),
            ),
            paid("A2", "70.00", json!({})),
        ]
        .concat(),
    );
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    (merchant, gateway)
}

/// The keys of a JSON text in their order, including nested keys.
fn keys(text: &str) -> Vec<&str> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .zip(text.split('"').skip(2).step_by(2))
        .filter(|(_, after)| after.trim_start().starts_with(':'))
        .map(|(key, _)| key)
        .collect()
}

#[test]
fn the_summary_has_the_contracts_keys_in_the_contracts_order() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,500.00,inr,2026-01-10,paid\n"));
    let gateway = Gateway::serve(&paid("A1", "500.00", json!({"final_amount": "490.00"})));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let example = r#"
        {"schema": 1, "version": "0.1.0", "command": "run", "started_at": "2026-11-20T20:30:00Z",
         "run_id": 1, "status": "incomplete", "from": "2026-11-01", "to": "2026-11-20",
         "ledger": {"rows": 6, "accepted": 6, "invalid": 0, "repeated": 0, "superseded": 0,
                    "skipped": 0, "changed": 0},
         "days": [{"date": "2026-11-20", "orders": 6}],
         "warnings": [{"code": "no_timezone", "text": "…"}],
         "orders": {"selected": 6, "reused": 0, "matched": 1, "in_transit": 1,
                    "mismatched": 3, "unverified": 1},
         "mismatches": {"final_amount_difference": 1}, "open_elsewhere": 0,
         "totals": [{"currency": "inr", "transaction_type": "income", "orders": 6,
                     "ledger_amount": "600.00", "gateway_amount": "500.00",
                     "final_amount": "490.00", "variance": "-10.00", "at_risk": "310.00",
                     "against_us": "210.00", "in_our_favour": "0.00", "in_doubt": "0.00",
                     "unverified": "100.00", "accepted": "0.00"}],
         "requests": 9, "seconds": 1.2, "reports": ["reports/…csv"], "exit_code": 3}"#;
    assert_eq!(keys(&done.stdout), keys(example));
    assert_eq!(done.stdout.trim_end().lines().count(), 1, "one object, one line");
    let summary = done.json();
    assert!(summary["seconds"].is_number());
    assert_eq!(
        summary["totals"],
        json!([{"currency": "inr", "transaction_type": "income", "orders": 1,
                "ledger_amount": "500.00", "gateway_amount": "500.00", "final_amount": "490.00",
                "variance": "-10.00", "at_risk": "10.00", "against_us": "10.00",
                "in_our_favour": "0.00", "in_doubt": "0.00", "unverified": "0.00",
                "accepted": "0.00"}])
    );
    assert_eq!(summary["exit_code"], 1);
    let name = "reports/mismatches-2026-01-10_2026-01-10-run1.csv";
    assert_eq!(summary["reports"][0], json!(name));
    let last = summary["reports"].as_array().and_then(|reports| reports.last());
    assert_eq!(last, Some(&json!(name.replace(".csv", ".json"))), "the manifest is last");
    assert!(merchant.path(name).exists());
}

#[test]
fn totals_keep_each_sum_in_its_own_currency() {
    let (merchant, gateway) = after_a_night();
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let totals = done.json()["totals"].clone();
    let expected: Value = json!([
        {"currency": "inr", "transaction_type": "income", "orders": 1, "ledger_amount": "500.00",
         "gateway_amount": "570.00", "final_amount": "560.00", "variance": "-10.00",
         "at_risk": "10.00", "against_us": "10.00", "in_our_favour": "0.00", "in_doubt": "0.00",
         "unverified": "0.00", "accepted": "0.00"},
        {"currency": "usd", "transaction_type": "income", "orders": 1, "ledger_amount": "70.00",
         "gateway_amount": "0.00", "final_amount": "0.00", "variance": "0.00",
         "at_risk": "70.00", "against_us": "0.00", "in_our_favour": "0.00", "in_doubt": "70.00",
         "unverified": "0.00", "accepted": "0.00"},
    ]);
    assert_eq!(totals, expected);
}

#[test]
fn runs_lists_earlier_runs_and_run_prints_text() {
    let (merchant, gateway) = after_a_night();
    let text = merchant.run(&["run", "--base-url", &gateway.url, "--rate", "2000"]);
    assert_eq!(text.code, Some(1), "{text:?}");
    for words in ["final_amount_difference", "reports/mismatches-"] {
        assert!(text.stdout.contains(words), "{words}: {text:?}");
    }
    let runs = merchant.run(&["runs"]);
    assert_eq!(runs.code, Some(0), "{runs:?}");
    let lines: Vec<&str> = runs.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{runs:?}");
    assert!(lines[1].trim_start().starts_with('2'), "newest first: {runs:?}");
    assert!(lines[2].contains("complete") && lines[2].contains("2026-01-10"), "{runs:?}");
    assert_eq!(merchant.run(&["runs", "--limit", "1"]).stdout.lines().count(), 2);
}

#[test]
fn report_writes_the_latest_judged_run_without_the_network() {
    let (merchant, gateway) = after_a_night();
    let before = std::fs::read(merchant.report_path()).unwrap();
    let asked = gateway.stop().len();
    assert_eq!(asked, 2);
    let done = merchant.run(&["report", "--report", "again.csv"]);
    assert_eq!(done.code, Some(0), "the exit code does not depend on mismatches: {done:?}");
    assert_eq!(std::fs::read(merchant.path("again.csv")).unwrap(), before);
    assert_eq!(rows(&merchant.path("again.csv")).len(), 2);
    assert_eq!(merchant.run(&["report", "7"]).code, Some(2));
    let elsewhere = merchant.run(&["report", "--out", "elsewhere"]);
    assert_eq!(elsewhere.code, Some(0), "{elsewhere:?}");
    let name = merchant.report_path().file_name().unwrap().to_owned();
    assert_eq!(std::fs::read(merchant.path("elsewhere").join(name)).unwrap(), before);
}

#[test]
fn show_prints_an_orders_history_without_accounts() {
    let (merchant, _gateway) = after_a_night();
    let shown = merchant.run(&["show", "A1"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for words in
        ["500.00", "490.00", "ledger.csv", "completed", "final_amount_difference", "opened"]
    {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    for hidden in ["9900001234567", "Asha", "planted"] {
        assert!(!shown.stdout.contains(hidden), "{hidden}: {}", shown.stdout);
    }
    let unknown = merchant.run(&["show", "NOBODY"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("NOBODY"), "{unknown:?}");
}

#[test]
fn order_get_prints_the_answer_as_json() {
    let (merchant, gateway) = after_a_night();
    let get = |order| merchant.run(&["order", "get", order, "--base-url", &gateway.url]);
    let done = get("A1");
    assert_eq!(done.code, Some(0), "{done:?}");
    let payment = &done.json()["data"]["payment"];
    assert_eq!(payment["final_amount"], "490.00");
    assert_eq!(payment["merchant_order_id"], "A1");
    for hidden in ["9900001234567", "Asha", "planted"] {
        assert!(!done.stdout.contains(hidden), "{hidden}: {}", done.stdout);
    }
    let missing = get("NOBODY");
    assert_eq!(missing.json()["result"], "error", "{missing:?}");
    assert_eq!(gateway.stop().len(), 4, "one call each");
}

#[test]
fn reading_commands_need_a_database_and_create_none() {
    let merchant = Merchant::new();
    for command in [&["runs"][..], &["report"], &["show", "A1"]] {
        let done = merchant.run(command);
        assert_eq!(done.code, Some(2), "{command:?}: {done:?}");
        assert!(done.stderr.starts_with("error: "), "{done:?}");
        assert_eq!(done.stderr.matches("error: ").count(), 1, "printed once: {done:?}");
    }
    assert!(!merchant.path("octopus-recon.db").exists());
}

#[test]
fn report_and_out_choose_where_the_report_is_written() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\nA2,x,,,\n"));
    let gateway = Gateway::serve(&paid("A1", "1.00", json!({"final_amount": "0.90"})));
    let to = |arguments: &[&str]| {
        let done =
            merchant.reconcile(&gateway.url, &[&["--ledger", "ledger.csv"], arguments].concat());
        assert_eq!(done.code, Some(4), "{done:?}");
        assert_eq!(merchant.rows_of(&done).len(), 1);
        done.json()["reports"].clone()
    };
    let files = |stem: &str| {
        let ends = [".csv", ".xlsx", ".html", "-invalid-rows.csv", ".json"];
        json!(ends.map(|end| format!("{stem}{end}")))
    };
    assert_eq!(to(&["--report", "one.csv"]), files("one"));
    assert!(!merchant.path("reports").exists());
    assert_eq!(to(&["--out", "two/deep"]), files("two/deep/mismatches-2026-01-10_2026-01-10-run2"));
    assert_eq!(to(&["--report", "one.csv"])[0], "one.csv", "the old report is replaced");
    assert_eq!(rows(&merchant.path("one.csv"))[0]["run_id"], "3");
}

/// A process that is killed when the test ends, also if the test fails.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // The process may have ended already.
        let _killed = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Client and sandbox run as separate processes, as in a rehearsal.
#[test]
fn a_rehearsal_against_the_sandbox_command() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,500.00,inr,2026-01-10,paid\n"));
    merchant.write("book.jsonl", paid("A1", "500.00", json!({"final_amount": "490.00"})));
    for shape in [&[][..], &["--flat"]] {
        let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--book", "book.jsonl"];
        let mut sandbox = merchant.command(&[&arguments, shape].concat());
        let mut sandbox = KilledOnDrop(sandbox.stdout(Stdio::piped()).spawn().unwrap());
        let mut stdout = BufReader::new(sandbox.0.stdout.take().unwrap());
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).unwrap();
        let url =
            first_line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();

        let checked = merchant.run(&["check", "--base-url", &url]);
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert!(checked.stdout.contains("credentials"), "{checked:?}");
        let done = merchant.reconcile(&url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(1), "{shape:?}: {done:?}");
        assert_eq!(done.json()["totals"][0]["variance"], "-10.00");
        let mut with_wrong_secret = merchant.command(&["check", "--base-url", &url]);
        let refused =
            with_wrong_secret.env("OCTOPUS_RECON_API_SECRET", "another").output().unwrap();
        assert_eq!(refused.status.code(), Some(12), "{refused:?}");

        let interrupt = format!("kill -INT {}", sandbox.0.id());
        assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("3 calls"), "{rest}");
        assert_eq!(sandbox.0.wait().unwrap().code(), Some(0));
    }
}
