//! `--log-format json`: what goes to stderr is one JSON object a line.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, book, ledger, paid};
use serde_json::{Value, json};

/// The lines of stderr, all of them objects with a time, a level and a message.
fn lines(done: &Done) -> Vec<Value> {
    let lines: Vec<Value> = done
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| unreachable!("{line}")))
        .collect();
    for line in &lines {
        let time = line["time"].as_str().unwrap();
        assert!(
            time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok(),
            "{line}"
        );
        let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
        assert!(levels.contains(&line["level"].as_str().unwrap()), "{line}");
        assert!(!line["message"].as_str().unwrap().is_empty(), "{line}");
    }
    assert!(!lines.is_empty(), "{done:?}");
    lines
}

#[test]
fn each_line_of_a_run_is_an_object_that_names_the_run() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(3));
    let gone = paid("A3", "100.00", json!({"sandbox": {"status": 503}}));
    let gateway = Gateway::serve(&(book(2) + &gone));
    let run = ["-vv", "--log-format", "json", "--ledger", "ledger.csv"];
    let done = merchant.reconcile(&gateway.url, &run);
    assert_eq!(done.code, Some(3), "{done:?}");
    let told = lines(&done);
    let begun = told.iter().position(|line| line["run_id"] == 1).unwrap();
    assert!(told[begun..].iter().all(|line| line["run_id"] == 1), "{told:?}");
    assert!(
        told.iter().any(|line| line["message"] == "retrying" && line["calls"] == 1),
        "{told:?}"
    );
    // The ledger's time zone is not set.
    let warned = told.iter().find(|line| line["level"] == "WARN").unwrap();
    let code = done.json()["warnings"][0]["code"].clone();
    assert_eq!(warned["code"], code, "{told:?}");
    let last = told.last().unwrap();
    assert_eq!((&last["level"], &last["exit_code"]), (&json!("INFO"), &json!(3)), "{last}");
    assert!(last["message"].as_str().unwrap().starts_with("run 1 ended 3: "), "{last}");
}

#[test]
fn the_error_that_ends_a_command_is_one_object() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(3));
    let run = ["run", "--base-url", "http://127.0.0.1:9", "--ledger", "ledger.csv"];
    let json = ["--log-format", "json"];
    let failed = merchant.run(&[&run[..], &json].concat());
    let told = lines(&failed);
    let errors: Vec<&Value> = told.iter().filter(|line| line["level"] == "ERROR").collect();
    let [error] = errors[..] else { unreachable!("{told:?}") };
    assert_eq!((&error["exit_code"], &error["run_id"]), (&json!(13), &json!(1)), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("run 1 ended 13: nothing usable"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("run --resume 1"), "{error}");

    // Also of other commands, and with --quiet.
    merchant.write("empty.csv", HEAD);
    for (command, code) in [
        (&["show", "A9", "--db", "absent.db"][..], 2),
        (&["runs", "--db", "ledger.csv"], 15),
        (&["ledger", "absent.csv", "--quiet"], 10),
        (&["--config", "absent.toml", "status"], 2),
    ] {
        let failed = merchant.run(&[command, &json].concat());
        assert_eq!(failed.code, Some(code), "{failed:?}");
        let told = lines(&failed);
        assert_eq!(told.len(), 1, "{failed:?}");
        assert_eq!((&told[0]["level"], &told[0]["exit_code"]), (&json!("ERROR"), &json!(code)));
        assert!(told[0].get("run_id").is_none(), "{told:?}");
    }
}
