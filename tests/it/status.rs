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
    assert!(
        text.contains("its end was not recorded (killed, or the disk was full); resume"),
        "{text}"
    );
    let runs = merchant.run(&["runs", "--limit", "1"]);
    let said = "its end was not recorded (killed, or the disk was full): run --resume 6 resumes it";
    assert!(runs.stdout.contains(said), "{runs:?}");
}

/// As on a disk that is too full for the database, and not for a note beside the reports.
#[test]
fn an_end_that_could_not_be_recorded_is_told_by_the_note() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let full = "CREATE TRIGGER full BEFORE UPDATE OF end_reason ON runs
                WHEN new.end_reason IS NOT NULL BEGIN SELECT RAISE(ABORT, 'full'); END";
    merchant.database().execute_batch(full).unwrap();
    let failed = merchant.reconcile("http://127.0.0.1:1", &["--ledger", "ledger.csv"]);
    assert_eq!(failed.code, Some(13), "{failed:?}");
    assert!(failed.stderr.contains("the end of run 2 was not recorded"), "{failed:?}");
    assert_eq!(merchant.sql("SELECT count(*) FROM runs WHERE end_reason IS NULL"), 1);

    let failed = status(&merchant, &[]);
    let (code, text) = line(&failed);
    assert_eq!(code, Some(1), "{text}");
    for part in ["not good: run 2 of ", " ended 13 at ", "its note says so", "; put that right"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = status(&merchant, &["--format", "json"]).json();
    assert_eq!(json["exit_code"], 13, "{json}");
    let runs = merchant.run(&["runs", "--format", "json"]).json();
    assert_eq!(runs["runs"][0]["exit_code"], 13, "{runs}");
    assert!(!runs["runs"][0]["ended_at"].is_null(), "{runs}");

    // The next run records it, and its report removes the note.
    merchant.database().execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let runs = merchant.run(&["runs", "--format", "json"]).json();
    assert_eq!(runs["runs"][1]["exit_code"], 13, "{runs}");
    assert!(runs["runs"][1]["reason"].as_str().unwrap().contains("its note says so"), "{runs}");
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

#[test]
fn of_two_merchants_in_one_database_the_configured_ones_night_is_told() {
    let merchant = merchant();
    let gateway = Gateway::serve(&book(3));
    let of = |uid: &str, arguments: &[&str]| -> Done {
        let mut command = merchant.command(arguments);
        command.env("OCTOPUS_RECON_MERCHANT_UID", uid).output().unwrap().into()
    };
    let night = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
    let nobody = ["run", "--base-url", "http://127.0.0.1:1", "--ledger", "ledger.csv"];
    assert_eq!(of("M-1", &night).code, Some(0));
    let one = merchant.run(&["runs"]);
    assert!(!one.stdout.contains("merchant"), "{one:?}");
    assert_eq!(of("M-2", &nobody).code, Some(13));

    let first = of("M-1", &["status"]);
    let (code, text) = line(&first);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("good: run 1 of "), "{text}");
    assert!(text.ends_with("; the database's latest night, run 2, is of M-2"), "{text}");
    let second = of("M-2", &["status"]);
    let (code, text) = line(&second);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.starts_with("not good: run 2 of ") && !text.contains("latest night"), "{text}");
    let third = of("M-3", &["status", "--format", "json"]);
    assert_eq!(third.code, Some(1), "{third:?}");
    let said = "not good: no nightly run of M-3 has ended yet; the database's latest night, run 2, \
                is of M-2";
    assert_eq!(third.json()["text"], said);
    // Without a merchant it is the night of all.
    assert!(status(&merchant, &[]).stdout.starts_with("not good: run 2 of "));
    let check = of("M-1", &["check", "--base-url", &gateway.url]);
    assert!(check.stdout.contains("good: run 1 of ") && !check.stdout.contains("not good"));

    let runs = merchant.run(&["runs"]);
    let heading = runs.stdout.lines().next().unwrap();
    assert!(heading.ends_with("  merchant  how it ended"), "{heading}");
    let has_row = |part: &str| runs.stdout.lines().any(|line| line.contains(part));
    assert!(has_row("  M-1       report written") && has_row("  M-2       nothing"), "{runs:?}");
    let runs = merchant.run(&["runs", "--format", "json"]).json();
    let uid = |row: usize| runs["runs"][row]["merchant_uid"].clone();
    assert_eq!([uid(0), uid(1)], ["M-2", "M-1"], "{runs}");
}

#[test]
fn there_is_one_line_whatever_is_wrong_and_one_advice() {
    let merchant = merchant();
    merchant.write("text.db", "no database");
    for (arguments, code, said) in [
        (&["--db", "text.db"][..], 15, "text.db is not usable as the database: it is not a SQLite"),
        (&["--db", "absent.db"], 2, "not good: there is no database"),
        (&["--config", "absent.toml"], 2, "not good: the configuration absent.toml"),
    ] {
        let done = status(&merchant, arguments);
        let (found, text) = line(&done);
        assert_eq!(found, Some(code), "{done:?}");
        assert!(text.starts_with("not good: ") && text.contains(said), "{said}: {text}");
        assert!(done.stderr.starts_with("error: "), "{done:?}");
        let json = status(&merchant, &[&["--format", "json"], arguments].concat());
        assert_eq!(json.json()["good"], false, "{json:?}");
        assert_eq!(json.json()["text"], text, "{json:?}");
    }

    let silent = paid("A1", "100.00", serde_json::json!({"sandbox": {"silent": true}}));
    let gateway = Gateway::serve(&silent);
    let running = merchant.start(&["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"]);
    until("it asks", || !gateway.journal().is_empty());
    running.signal("TERM");
    assert_eq!(running.end().code, Some(143));
    let ended = status(&merchant, &[]);
    let (code, text) = line(&ended);
    assert_eq!(code, Some(1), "{text}");
    let end = "ended by signal 15 (SIGTERM); run 1: 0 of 3 answered; resume it with run --resume 1";
    assert!(text.ends_with(end), "{text}");
}
