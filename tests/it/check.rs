//! `check`: every finding, the worst first; one fault hides no other (contract, "Commands").

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

mod situations;

use crate::rude_gateway::RudeGateway;
use crate::support::{Done, Gateway, Merchant, book, ledger};
use chrono::{TimeDelta, Utc};
use situations::SITUATIONS;
use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const GOOD: &str = "[ledger]\ntimezone = \"UTC\"\n";

/// A merchant after a good night.
fn merchant(gateway: &Gateway) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", GOOD);
    set_mode(&merchant, "octopus-recon.toml", 0o644);
    merchant.write("orders.csv", ledger(3));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "orders.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    merchant
}

fn set_mode(merchant: &Merchant, name: &str, mode: u32) {
    std::fs::set_permissions(merchant.path(name), Permissions::from_mode(mode)).unwrap();
}

fn set_age(merchant: &Merchant, name: &str, hours: u64) {
    let file = File::options().write(true).open(merchant.path(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
}

/// The findings with their codes: `error 12 credentials`.
fn findings(done: &Done) -> Vec<String> {
    let json = done.json();
    let finding = |finding: &serde_json::Value| {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        let (level, what) = (text("level"), text("what"));
        assert!(!text("text").is_empty() && !text("text").contains('\n'), "{finding}");
        // Whoever has to do something is told what.
        assert_eq!(level == "ok", finding["hint"].is_null(), "{finding}");
        match finding["code"].as_u64().unwrap() {
            0 => format!("{level} {what}"),
            code => format!("{level} {code} {what}"),
        }
    };
    json["findings"].as_array().unwrap().iter().map(finding).collect()
}

fn check(merchant: &Merchant, arguments: &[&str]) -> Done {
    merchant.run(&[&["check", "--format", "json"], arguments].concat())
}

/// What is looked at on a good morning, in this order.
const ALL_OK: [&str; 8] = [
    "ok configuration",
    "ok credentials",
    "ok clock",
    "ok database",
    "ok last night",
    "ok reports",
    "ok disk",
    "ok ledger",
];

#[test]
fn every_finding_is_said_and_the_worst_first() {
    let gateway = Gateway::serve(&book(3));
    for situation in &SITUATIONS {
        let (name, merchant) = (situation.name, merchant(&gateway));
        (situation.broken)(&merchant);
        let before = files(&merchant);
        let done = check(&merchant, &[situation.arguments, &["--base-url", &gateway.url]].concat());
        assert_eq!(done.code, Some(situation.code), "{name}: {done:?}");
        assert_eq!(done.json()["exit_code"], situation.code, "{name}");
        let found = findings(&done);
        let bad = found.iter().filter(|it| !it.starts_with("ok "));
        assert_eq!(bad.collect::<Vec<_>>(), situation.bad, "{name}: {done:?}");
        assert!(found.iter().rposition(|it| !it.starts_with("ok ")) < Some(situation.bad.len()));
        if name == "a good morning" {
            assert_eq!(found, ALL_OK);
        }
        for words in situation.words {
            assert!(done.stdout.contains(words), "{name}: {words}: {done:?}");
        }
        let text =
            merchant.run(&[&["check", "--base-url", &gateway.url], situation.arguments].concat());
        assert_eq!(text.code, Some(situation.code), "{name}: {text:?}");
        let hints = text.stdout.lines().filter(|line| line.trim_start().starts_with("hint: "));
        assert_eq!(hints.count(), situation.bad.len(), "{name}: {text:?}");
        // The worst error is the command's.
        let is_error = situation.bad.first().is_some_and(|bad| bad.starts_with("error"));
        assert_eq!(text.stderr.starts_with("error: "), is_error, "{name}: {text:?}");
        assert_eq!(files(&merchant), before, "{name}: something was changed");
    }
}

/// Every file with its content and mode, but what SQLite makes to read.
fn files(merchant: &Merchant) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    let mut directories = vec![merchant.path(".")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            let mode = path.metadata().unwrap().permissions().mode();
            if path.is_dir() {
                found.insert(path.clone(), (Vec::new(), mode));
                directories.push(path);
            } else if !name.ends_with("-wal") && !name.ends_with("-shm") {
                found.insert(path.clone(), (std::fs::read(path).unwrap(), mode));
            }
        }
    }
    found
}

/// What the credentials and the address make of it, with the codes in their order.
#[test]
fn what_is_wrong_with_the_gateway_hides_nothing_else() {
    let gateway = Gateway::serve(&book(3));
    let refused = RudeGateway::serve(|turn| turn.answer("200 OK", "", "<html>Welcome</html>"));
    let merchant = merchant(&gateway);
    merchant.write("octopus-recon.db", "no database");
    let octopus = format!("{}/octopus", gateway.url);
    let both = ["OCTOPUS_RECON_API_KEY", "OCTOPUS_RECON_API_SECRET"];
    for (address, removed, secret, bad) in [
        (&gateway.url, &[][..], None, &["error 15 database"][..]),
        (&gateway.url, &both, None, &["error 2 credentials", "error 2 credentials"]),
        (&gateway.url, &both[..1], Some("'s'"), &["error 2 credentials", "warning credentials"]),
        (
            &octopus,
            &both,
            None,
            &["error 2 base_url", "error 2 credentials", "error 2 credentials"],
        ),
        (&octopus, &[], Some("\u{feff}s"), &["error 2 base_url", "warning credentials"]),
        (&gateway.url, &[], Some("s "), &["error 12 credentials", "warning credentials"]),
        (&refused.url, &[], None, &["warning credentials", "warning clock"]),
        (
            &"http://127.0.0.1:9".to_owned(),
            &[],
            None,
            &["error 13 base_url", "warning credentials"],
        ),
        (&"ftp://localhost".to_owned(), &[], None, &["error 2 base_url"]),
    ] {
        let mut command = merchant.command(&["check", "--format", "json", "--base-url", address]);
        for name in removed {
            command.env_remove(name);
        }
        if let Some(secret) = secret {
            command.env("OCTOPUS_RECON_API_SECRET", secret);
        }
        let done: Done = command.output().unwrap().into();
        assert_eq!(done.code, Some(15), "{done:?}");
        let found = findings(&done);
        assert_eq!(found[0], "error 15 database", "{done:?}");
        let rest: Vec<&str> =
            found[1..].iter().map(String::as_str).filter(|it| !it.starts_with("ok ")).collect();
        let bad: Vec<&str> = bad.iter().copied().filter(|it| *it != found[0]).collect();
        assert_eq!(rest, bad, "{address}: {done:?}");
        for ok in ["ok configuration", "ok reports", "ok disk"] {
            assert!(found.iter().any(|it| it == ok), "{ok}: {done:?}");
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_alone() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "[gateway]\nbase_uri = \"x\"\n");
    let done = check(&merchant, &[]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert_eq!(findings(&done), ["error 2 configuration"]);
    let finding = done.json()["findings"][0].clone();
    assert!(finding["text"].as_str().unwrap().contains("line 2, column 1"), "{finding}");
    assert!(finding["hint"].as_str().unwrap().contains("did you mean `base_url`"), "{finding}");
    assert_eq!(done.json()["command"], "check");
    for name in ["schema", "version", "started_at"] {
        assert!(!done.json()[name].is_null(), "{name}");
    }
    let stdin = check(&merchant, &["--ledger", "-"]);
    assert_eq!(stdin.code, Some(2), "{stdin:?}");
    assert!(stdin.stderr.contains("check cannot look at stdin"), "{stdin:?}");
}

/// The gateway's Date against ours: a little is a warning, another day is an error.
#[test]
fn the_clock_is_compared_with_the_gateways() {
    const MISSING: &str = r#"{"result":"error","data":"Order not found"}"#;
    for (hours, seconds, code, expected) in [
        (0, 0, 0, "ok clock"),
        (0, 120, 0, "warning clock"),
        (0, -120, 0, "warning clock"),
        (48, 0, 2, "error 2 clock"),
        (-24, 0, 2, "error 2 clock"),
    ] {
        let skew = TimeDelta::hours(hours) + TimeDelta::seconds(seconds);
        let gateway = RudeGateway::serve(move |turn| {
            let date = (Utc::now() + skew).format("Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
            turn.answer("200 OK", &date.to_string(), MISSING);
        });
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", GOOD);
        let done = check(&merchant, &["--base-url", &gateway.url]);
        assert_eq!(done.code, Some(code), "{skew}: {done:?}");
        assert!(findings(&done).iter().any(|it| it == expected), "{skew}: {done:?}");
    }
}

#[test]
fn another_run_is_no_fault() {
    let gateway = Gateway::serve(&book(3));
    let merchant = merchant(&gateway);
    let holder = format!("process {}, since now\n", std::process::id());
    merchant.write("octopus-recon.db-lock", holder);
    let done = check(&merchant, &["--base-url", &gateway.url, "--strict"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(findings(&done).iter().any(|it| it == "ok run"), "{done:?}");
}

#[test]
fn a_database_that_this_user_may_not_write_is_found() {
    let gateway = Gateway::serve(&book(3));
    let merchant = merchant(&gateway);
    std::fs::create_dir(merchant.path("closed")).unwrap();
    std::fs::copy(merchant.path("octopus-recon.db"), merchant.path("closed/whole.db")).unwrap();
    set_mode(&merchant, "closed", 0o500);
    // As after a run of another user.
    std::fs::copy(merchant.path("octopus-recon.db"), merchant.path("locked.db")).unwrap();
    merchant.write("locked.db-lock", "");
    set_mode(&merchant, "locked.db-lock", 0o000);
    let arguments = ["check", "--format", "json", "--base-url", &gateway.url, "--strict"];
    for (database, out) in [
        ("closed/whole.db", "reports"),
        ("closed/new.db", "reports"),
        ("octopus-recon.db", "closed/reports"),
        ("locked.db", "reports"),
    ] {
        let more = ["--db", database, "--out", out, "--ledger", "orders.csv"];
        let command =
            crate::exit_codes::storage::without_root(&merchant, &[&arguments[..], &more].concat());
        let Some(mut command) = command else { return };
        let done: Done = command.output().unwrap().into();
        assert_eq!(done.code, Some(14), "{database} {out}: {done:?}");
        let what = if out == "reports" { "database" } else { "reports" };
        assert_eq!(findings(&done)[0], format!("error 14 {what}"), "{done:?}");
        assert!(!Path::new(&merchant.path("closed/new.db")).exists());
    }
}

/// A connection shows that the monitor is there; a ping would be taken for a night.
#[test]
fn a_monitor_is_reached_and_hears_nothing() {
    let gateway = Gateway::serve(&book(3));
    let monitor = TcpListener::bind("127.0.0.1:0").unwrap();
    let merchant = merchant(&gateway);
    let notify = format!(
        "[notify]\nping_url = \"http://{}/planted\"\nmetrics_file = \"octopus.prom\"\n",
        monitor.local_addr().unwrap()
    );
    merchant.write("octopus-recon.toml", format!("{GOOD}{notify}"));
    let before = files(&merchant);
    let done = check(&merchant, &["--base-url", &gateway.url, "--strict"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(findings(&done).iter().filter(|it| *it == "ok notify").count(), 2, "{done:?}");
    assert!(!done.stdout.contains("planted"), "{done:?}");
    assert_eq!(files(&merchant), before);
    let mut heard = String::new();
    monitor.accept().unwrap().0.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "");
}

/// A secret that is missing does not hide a disk that has no room for the next night.
#[test]
fn a_full_disk_is_found_beside_other_faults() {
    let gateway = Gateway::serve(&book(3));
    let merchant = merchant(&gateway);
    for directory in ["disk", "before", "after"] {
        std::fs::create_dir(merchant.path(directory)).unwrap();
    }
    std::fs::copy(merchant.path("octopus-recon.db"), merchant.path("before/o.db")).unwrap();
    let size = merchant.path("before/o.db").metadata().unwrap().len();
    let arguments = ["check", "--format", "json", "--base-url", &gateway.url, "--db", "disk/o.db"];
    for (left_kib, level) in [(32, "error 14 disk"), (900, "warning disk")] {
        let mut command = merchant.command(&arguments);
        command.env("OCTOPUS_RECON_API_SECRET", "");
        let kib = u32::try_from(size / 1024).unwrap() + left_kib;
        let Some(done) = crate::exit_codes::storage::on_a_small_disk(&command, kib) else { return };
        let found = findings(&done);
        assert!(found.iter().any(|it| it == "error 2 credentials"), "{done:?}");
        assert!(found.iter().any(|it| it == level), "{done:?}");
        let code = if level.starts_with("error") { 14 } else { 2 };
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.stdout.contains("KiB so far"), "{done:?}");
    }
    assert_eq!(gateway.stop().len(), 3, "no secret, no call");
}
