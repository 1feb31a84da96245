//! Secrets appear nowhere, and personal data only if configured. Written files have the documented
//! permissions.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::exit_codes::storage::wrapped;
use crate::rude_gateway::RudeGateway;
use crate::support::{Done, Gateway, Merchant, Running, ledger, paid, until};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const KEY: &str = "PLANTED-KEY-q7";
const SECRET: &str = "PLANTED-SECRET-x9";

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Checks that these words are in no file of the merchant, except the files that the test wrote.
fn assert_nowhere(merchant: &Merchant, words: &[&str]) {
    for path in files(&merchant.path("")) {
        if path.ends_with("octopus-recon.toml") || path.ends_with("ledger.csv") {
            continue;
        }
        // A temporary file may be renamed in the meantime.
        let Ok(content) = std::fs::read(&path) else { continue };
        for word in words {
            assert!(!contains(&content, word), "{word} is in {}", path.display());
        }
    }
}

fn contains(content: &[u8], word: &str) -> bool {
    content.windows(word.len()).any(|window| window == word.as_bytes())
}

fn assert_not_printed(done: &Done, words: &[&str]) {
    for word in words {
        assert!(!done.stdout.contains(word) && !done.stderr.contains(word), "{word}: {done:?}");
    }
}

fn with_planted_credentials(merchant: &Merchant, arguments: &[&str]) -> std::process::Command {
    let mut command = merchant.command(arguments);
    command.env("OCTOPUS_RECON_API_KEY", KEY).env("OCTOPUS_RECON_API_SECRET", SECRET);
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
    command
}

#[test]
fn a_planted_secret_appears_nowhere() {
    let words = [KEY, SECRET];
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(12) + "A13,x,inr,2026-01-10,paid\n");
    merchant.write(
        "octopus-recon.toml",
        "[gateway]\nbackoff_first_ms = 1\ncall_timeout_seconds = 1\n[store]\npersonal_data = \
         \"keep\"\n",
    );
    let slow = json!({"sandbox": {"delay_ms": 600_000}});
    let scripts = [
        json!({}),
        json!({"sandbox": {"status": 401}}),
        json!({"sandbox": {"status": 503}}),
        json!({"sandbox": {"close": true}}),
        json!({"sandbox": {"body": "<html>"}}),
        json!({"sandbox": {"unknown": true}}),
        json!({"sandbox": {"status": 302}}),
        slow,
    ];
    let book: String = (1..=12)
        .map(|number| paid(&format!("A{number}"), "100.00", scripts[(number - 1) % 8].clone()))
        .collect();
    let gateway = Gateway::serve_as(&book, |it| {
        it.api_key = KEY.into();
        it.api_secret = SECRET.into();
    });
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "-vv"];
    let mut command = with_planted_credentials(&merchant, &run);
    let mut running = Running::start(&mut command);
    // During the run: the command line, the database with its WAL, and temporary files.
    until("every order is queried", || gateway.journal().len() >= 12);
    let line = std::fs::read(format!("/proc/{}/cmdline", running.pid())).unwrap();
    assert!(contains(&line, "-vv"));
    assert!(words.iter().all(|word| !contains(&line, word)));
    assert!(merchant.path("octopus-recon.db-wal").exists());
    until("it ends", || {
        assert_nowhere(&merchant, &words);
        running.is_over()
    });
    let done = running.end();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("retrying"), "-vv says more: {done:?}");
    assert_not_printed(&done, &words);
    assert_nowhere(&merchant, &words);
    for arguments in
        [&["runs"][..], &["show", "A1"], &["report"], &["check", "--base-url", &gateway.url]]
    {
        let arguments = [arguments, &["-vv"]].concat();
        let done: Done = with_planted_credentials(&merchant, &arguments).output().unwrap().into();
        assert_ne!(done.code, Some(2), "{done:?}");
        assert_not_printed(&done, &words);
    }
}

#[test]
fn a_key_that_the_gateway_repeats_is_hidden() {
    let words = [KEY, SECRET];
    for (status, expected) in [("200 OK", 12), ("400 Bad Request", 12), ("404 Not Found", 12)] {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(2));
        let gateway = RudeGateway::serve(move |turn| {
            let text = format!("Invalid key: {KEY} is not valid for {}", turn.order);
            turn.answer(status, "", format!(r#"{{"result":"error","data":"{text}"}}"#));
        });
        let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "-vv"];
        let done: Done = with_planted_credentials(&merchant, &run).output().unwrap().into();
        assert_eq!(done.code, Some(expected), "{status}: {done:?}");
        assert_not_printed(&done, &words);
        assert_nowhere(&merchant, &words);
    }
}

/// A line of a book with personal data, and the words that must not appear.
fn personal(order: &str) -> (String, [&'static str; 8]) {
    let line = paid(
        order,
        "100.00",
        json!({
            "final_amount": "90.00", "from": "66600066667894321", "from_name": "Asha Planted",
            "to": "55500055551234", "to_name": "Ravi Planted", "ip": "203.0.113.77",
            "user_agent": "Planted/5.0", "signature_key": "PLANTED-SIGNATURE-KEY",
            "payment_fail_reason": "Account 77700077778881234 was refused"
        }),
    );
    let words = [
        "66600066667894321",
        "55500055551234",
        "Asha Planted",
        "Ravi Planted",
        "203.0.113.77",
        "Planted/5.0",
        "PLANTED-SIGNATURE-KEY",
        "6660006666789",
    ];
    (line, words)
}

#[test]
fn personal_data_is_dropped_unless_configured() {
    for keeps in [false, true] {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(1));
        let store = if keeps { "[store]\npersonal_data = \"keep\"\n" } else { "" };
        merchant.write("octopus-recon.toml", store);
        let (book, words) = personal("A1");
        let gateway = Gateway::serve(&book);
        let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "-vv"];
        let done = merchant.run(&run);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert_not_printed(&done, &words);
        let report = std::fs::read(merchant.report_path()).unwrap();
        assert!(words.iter().all(|word| !contains(&report, word)));
        // The gateway's error text is stored unchanged, but shown with its digits masked.
        assert_not_printed(&done, &["77700077778881234"]);
        assert!(!contains(&report, "77700077778881234"));
        let count = |word: &str| {
            merchant.sql(&format!("SELECT count(*) FROM answers WHERE instr(evidence, '{word}')"))
        };
        assert_eq!(count("signature_key"), 0);
        assert_nowhere(&merchant, &["PLANTED-SIGNATURE-KEY"]);
        assert_eq!(count("\"…4321\""), i64::from(!keeps));
        assert_eq!(count("\"from_name\":\"Asha Planted\""), i64::from(keeps));
        if !keeps {
            assert_nowhere(&merchant, &words);
        }
    }
}

/// A status is a word of the gateway's: it can be a card's number too.
#[test]
fn digits_in_a_status_are_masked_by_show_and_report() {
    const CARD: &str = "4111111111111111";
    let statuses = ["payment_status", "accounting_status", "notify_status", "currency"];
    for field in statuses {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(1));
        let gateway = Gateway::serve(&paid("A1", "100.00", json!({field: CARD})));
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(1), "{field}: {done:?}");
        let report = std::fs::read(merchant.report_path()).unwrap();
        assert!(!contains(&report, CARD), "{field}");
        for format in ["text", "json"] {
            let shown = merchant.run(&["show", "A1", "--format", format]);
            assert_eq!(shown.code, Some(0), "{shown:?}");
            assert!(!shown.stdout.contains(CARD), "{field}: {shown:?}");
            assert!(shown.stdout.contains("…1111"), "{field}: {shown:?}");
        }
    }
}

#[test]
fn files_have_the_documented_modes() {
    // The modes of the contract do not depend on the umask.
    for umask in ["000", "027", "077"] {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(2) + "A3,x,inr,2026-01-10,paid\n");
        let gateway = RudeGateway::serve(|turn| match &*turn.order {
            "A1" => turn.answer_well(),
            _ => turn.keep_silent(),
        });
        let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
        let command = merchant.command(&[&run[..], &["--deadline", "2s"]].concat());
        let script = format!("umask {umask}; exec \"$@\"");
        let mut running = Running::start(&mut wrapped("sh", &["-c", &script, "sh"], &command));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        until("the second call", || gateway.arrivals().len() == 2);
        for file in ["", "-wal", "-shm", "-lock"] {
            let path = merchant.path(&format!("octopus-recon.db{file}"));
            assert_eq!(mode(&path), 0o600, "{umask}: {}", path.display());
        }
        until("it ends", || running.is_over());
        let done = running.end();
        assert_eq!(done.code, Some(3), "{done:?}");
        let report = merchant.report_path();
        let stem = report.file_stem().unwrap().to_string_lossy();
        let invalid_name = format!("{stem}-invalid-rows.csv");
        assert_eq!(mode(&report), 0o640, "{umask}");
        let reports = merchant.report_files();
        let invalid = reports.keys().find(|path| path.ends_with(&invalid_name)).unwrap();
        assert_eq!(mode(invalid), 0o600, "{umask}");
    }
}

#[test]
fn a_planted_symlink_is_not_followed() {
    let gateway = Gateway::serve(&crate::support::book(2));
    for victim_is_there in [true, false] {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(2) + "A3,x,inr,2026-01-10,paid\n");
        std::fs::create_dir(merchant.path("reports")).unwrap();
        let places = ["latest.csv", "latest-invalid-rows.csv"];
        for place in places {
            let victim = merchant.path(&format!("victim-of-{place}"));
            if victim_is_there {
                std::fs::write(&victim, "mine").unwrap();
            }
            std::os::unix::fs::symlink(&victim, merchant.path("reports").join(place)).unwrap();
        }
        let run = ["--ledger", "ledger.csv", "--report", "reports/latest.csv"];
        let done = merchant.reconcile(&gateway.url, &run);
        assert_eq!(done.code, Some(4), "{done:?}");
        for place in places {
            let victim = merchant.path(&format!("victim-of-{place}"));
            let content = std::fs::read(victim).ok();
            assert_eq!(content.as_deref(), victim_is_there.then_some(&b"mine"[..]));
            let report = merchant.path("reports").join(place);
            assert!(report.symlink_metadata().unwrap().is_file(), "{place}");
        }
    }
}

#[test]
fn a_symlink_at_the_path_of_the_lock_is_not_followed() {
    let gateway = Gateway::serve(&crate::support::book(2));
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(2));
    let victim = merchant.write("victim", "mine");
    std::os::unix::fs::symlink(&victim, merchant.path("octopus-recon.db-lock")).unwrap();
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(14), "{done:?}");
    assert_eq!(std::fs::read(victim).unwrap(), b"mine");
    assert_eq!(gateway.stop().len(), 0);
}

#[test]
fn a_database_has_one_lock_under_any_name() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(2));
    let quick = Gateway::serve(&crate::support::book(2));
    let arguments = |url, database| {
        let run = ["run", "--base-url", url, "--ledger", "ledger.csv", "--db", database];
        run.map(str::to_owned)
    };
    let run =
        |url, database| merchant.command(&arguments(url, database).each_ref().map(String::as_str));
    assert_eq!(run(&quick.url, "real.db").output().unwrap().status.code(), Some(0));
    std::os::unix::fs::symlink("real.db", merchant.path("link.db")).unwrap();
    let slow = Gateway::serve_as(&crate::support::book(2), |it| {
        it.latency = Duration::from_mins(1);
    });
    let first = Running::start(&mut run(&slow.url, "real.db"));
    until("the first call", || slow.journal().len() == 1);
    let second: Done = run(&quick.url, "link.db").output().unwrap().into();
    first.signal("KILL");
    first.end();
    assert_eq!(second.code, Some(11), "{second:?}");
    assert_eq!(quick.stop().len(), 2);
}

#[test]
fn two_thousand_signatures_are_accepted() {
    const ORDERS: usize = 2_000;
    let alphabet: Vec<char> =
        "abcXYZ0189&=+ %?#/\\\"'<>{}[],;:.-_~!*()@$^`|éßИжक्रम注文番号🎉\u{301}".chars().collect();
    let mut random = fastrand::Rng::with_seed(7);
    let mut ids = std::collections::BTreeSet::new();
    while ids.len() < ORDERS {
        let middle = (0..random.usize(1..40)).map(|_| *random.choice(&alphabet).unwrap());
        // An id has no space at an end, because cells of a ledger are trimmed.
        ids.insert(format!("x{}{}", middle.collect::<String>(), random.u8(0..10)));
    }
    let mut ledger = csv::Writer::from_writer(Vec::new());
    ledger.write_record(["merchant_order_id", "amount", "currency", "created_at"]).unwrap();
    for id in &ids {
        ledger.write_record([id, "100.00", "inr", "2026-01-10"]).unwrap();
    }
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger.into_inner().unwrap());
    let book: String = ids.iter().map(|id| paid(id, "100.00", json!({}))).collect();
    let gateway = Gateway::serve(&book);
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--rate", "100000"];
    let done = merchant.run(&[&run[..], &["--format", "json"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["orders"]["matched"], ORDERS);
    let journal = gateway.stop();
    assert_eq!(journal.len(), ORDERS);
    let asked: std::collections::BTreeSet<String> =
        journal.into_iter().filter_map(|call| call.order_id).collect();
    assert!(asked == ids, "an id was changed on the way");
}
