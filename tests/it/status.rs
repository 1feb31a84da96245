//! `status`: one line that says whether last night is good.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, Merchant, book, ledger, paid, until};

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(3));
    merchant
}

fn status(merchant: &Merchant, more: &[&str]) -> Done {
    merchant.run(&[&["status"], more].concat())
}

/// The line that is printed, and the exit code.
fn line(done: &Done) -> (Option<i32>, &str) {
    assert_eq!(done.stdout.lines().count(), 1, "{done:?}");
    (done.code, done.stdout.trim_end())
}

#[test]
fn last_night_is_good_until_it_is_too_old() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    let none = status(&merchant, &[]);
    assert_ne!(none.code, Some(0), "there is no database: {none:?}");
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let good = status(&merchant, &[]);
    let (code, text) = line(&good);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("good: run 1 of ") && text.contains("ended 0 at "), "{text}");
    assert!(text.ends_with("report written: nothing to report"), "{text}");

    // The end of the run, moved against now.
    for (moved, max_age, expected) in [
        ("-25 hours", "26h", Ok(())),
        ("-26 hours", "26h", Err("26 hours ago is too long")),
        ("-26 hours", "27h", Ok(())),
        ("-4 days", "26h", Err("4 days ago is too long")),
        // A clock that was set by a little is no fault.
        ("+59 minutes", "26h", Ok(())),
        ("+61 minutes", "26h", Err("in the future")),
    ] {
        let sql = format!(
            "UPDATE runs SET ended_at_ms = 1000 * strftime('%s', 'now', '{moved}') WHERE run_id = 1"
        );
        merchant.database().execute_batch(&sql).unwrap();
        let done = status(&merchant, &["--max-age", max_age]);
        let (code, text) = line(&done);
        match expected {
            Ok(()) => assert_eq!(code, Some(0), "{moved}: {text}"),
            Err(why) => {
                assert_eq!(code, Some(1), "{moved}: {text}");
                assert!(text.starts_with("not good: ") && text.contains(why), "{moved}: {text}");
            }
        }
    }
}

#[test]
fn codes_of_a_written_report_end_as_zero_where_it_is_asked_for() {
    let merchant = merchant();
    // The gateway knows one of three orders.
    let gateway = Gateway::serve(&book(1));
    let run = ["--ledger", "ledger.csv", "--success-codes", "1,3"];
    let done = merchant.reconcile(&gateway.url, &run);
    assert_eq!(done.code, Some(0), "{done:?}");
    // What is recorded and printed for programs is how the run itself ended.
    assert_eq!(done.json()["exit_code"], 1, "{done:?}");
    let text = merchant.run(&["run", "--base-url", &gateway.url, "--success-codes", "1"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("Exit code 0; the run itself ended with 1"), "{text:?}");
    assert!(status(&merchant, &[]).stdout.contains("ended 1 at"));
    // Another code is as ever, and a run without a report is never a success.
    let other = merchant.reconcile(&gateway.url, &["--success-codes", "3"]);
    assert_eq!(other.code, Some(1), "{other:?}");
    let refused = merchant.run(&["run", "--success-codes", "13"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("only a run that wrote its report"), "{refused:?}");
}

#[test]
fn a_run_without_a_report_is_not_good() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    assert_eq!(
        merchant.reconcile("http://127.0.0.1:1", &["--ledger", "ledger.csv"]).code,
        Some(13)
    );
    let failed = status(&merchant, &[]);
    let (code, text) = line(&failed);
    assert_eq!(code, Some(1), "{text}");
    for part in ["not good: run 2 of ", "ended 13 at ", "run --resume 2"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = status(&merchant, &["--format", "json"]);
    assert_eq!(json.code, Some(1));
    let json = json.json();
    assert_eq!(json["good"], false, "{json}");
    assert_eq!((&json["run_id"], &json["exit_code"]), (&2.into(), &13.into()), "{json}");
    assert!(json["age_seconds"].as_i64().is_some_and(|age| (0..600).contains(&age)), "{json}");

    // A run of a range says nothing about the night.
    let range = ["--ledger", "ledger.csv", "--from", "2026-01-01"];
    assert_eq!(merchant.reconcile(&gateway.url, &range).code, Some(0));
    assert_eq!(status(&merchant, &[]).code, Some(1));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    assert_eq!(status(&merchant, &[]).code, Some(0));

    // A run without orders cannot be resumed.
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "absent.csv"]).code, Some(10));
    let unusable = status(&merchant, &[]);
    let (code, text) = line(&unusable);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.ends_with("; put that right, then run the nightly command again"), "{text}");

    // A process that was killed has recorded no end.
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let killed = "UPDATE runs SET ended_at_ms = NULL, exit_code = NULL, end_reason = NULL
                  WHERE run_id = 6";
    merchant.database().execute_batch(killed).unwrap();
    let gone = status(&merchant, &[]);
    let (code, text) = line(&gone);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("its process is gone (killed?)"), "{text}");
}

#[test]
fn a_failed_night_is_not_to_be_resumed_while_another_run_is_active() {
    let merchant = merchant();
    let nobody = "http://127.0.0.1:1";
    assert_eq!(merchant.reconcile(nobody, &["--ledger", "ledger.csv"]).code, Some(13));
    let silent = paid("A1", "100.00", serde_json::json!({"sandbox": {"silent": true}}));
    let gateway = Gateway::serve(&silent);
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
    let running = merchant.start(&run);
    until("it asks", || !gateway.journal().is_empty());
    let meanwhile = status(&merchant, &[]);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(143));
    let (code, text) = line(&meanwhile);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("run 1 of ") && text.ends_with("; another run is active now"), "{text}");
}

#[test]
fn a_night_that_could_not_be_recorded_is_not_good() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(2));
    let gateway = Gateway::serve(&book(2));
    let night = || merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let failed = merchant.reconcile("http://127.0.0.1:9", &["--ledger", "ledger.csv"]);
    assert_eq!(failed.code, Some(13), "{failed:?}");
    let reports = std::fs::read_dir(merchant.path("reports")).unwrap();
    let names = reports.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let note = names.into_iter().find(|name| name.starts_with("NO-REPORT-")).unwrap();
    let content = std::fs::read(merchant.path("reports").join(&note)).unwrap();
    assert_eq!(night().code, Some(0));
    assert_eq!(merchant.run(&["status"]).code, Some(0));
    // As a night leaves it that meets a locked database.
    merchant.write(&format!("reports/{note}"), content);
    let status = merchant.run(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    let said = format!("not good: reports/{note} says why a later night has no report; run 2 of ");
    assert!(status.stdout.starts_with(&said), "{status:?}");
    // The next report takes the note away.
    merchant.write("ledger.csv", ledger(1));
    assert_eq!(night().code, Some(0));
    assert_eq!(merchant.run(&["status"]).code, Some(0));
}
