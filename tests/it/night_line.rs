//! One line a run on stderr says how it ended: the last line, or the error that it ends with.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{API_SECRET, Done, FAST_RETRIES, Gateway, HEAD, Merchant, book, ledger, paid};
use serde_json::json;

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(3));
    let bad = "A1,100.00,inr,2026-01-10,paid\nA2,x,inr,2026-01-10,paid\n";
    merchant.write("bad.csv", HEAD.to_owned() + bad);
    merchant
}

/// The line, and that there is one.
fn line(done: &Done) -> String {
    let lines: Vec<&str> = done.stderr.lines().collect();
    let ended: Vec<&&str> = lines.iter().filter(|line| line.contains(" ended ")).collect();
    assert_eq!(ended.len(), 1, "{done:?}");
    let last = lines.iter().rfind(|line| !line.starts_with(" hint: ")).unwrap();
    assert_eq!(ended[0], last, "only a hint follows: {done:?}");
    let begin = if last.starts_with("error: ") { "error: " } else { "INFO " };
    last.split_once(begin).unwrap().1.trim().to_owned()
}

/// A night of a new merchant, with these words behind `run`.
fn night(book: &str, secret: &str, arguments: &[&str]) -> Done {
    let merchant = merchant();
    let gateway = Gateway::serve(book);
    let run = [&["run", "--rate", "2000", "--base-url", &*gateway.url], arguments].concat();
    let mut command = merchant.command(&run);
    command.env("OCTOPUS_RECON_API_SECRET", secret).output().unwrap().into()
}

#[test]
fn every_ending_has_its_line() {
    let short = book(2) + &paid("A3", "100.00", json!({"final_amount": "90.00"}));
    let gone = book(2) + &paid("A3", "100.00", json!({"sandbox": {"status": 503}}));
    let away = (1..=3)
        .map(|number| paid(&format!("A{number}"), "100.00", json!({"sandbox": {"status": 503}})));
    let away: String = away.collect();
    let right = API_SECRET;
    let report = "; report: reports/mismatches-2026-01-10_2026-01-10-run1";
    let cases: [(&str, &str, &[&str], i32, String); 10] = [
        (
            &book(3),
            right,
            &LEDGER,
            0,
            format!("run 1 ended 0: 3 orders, nothing to report{report}.csv"),
        ),
        (
            &short,
            right,
            &LEDGER,
            1,
            format!(
                "run 1 ended 1: 1 of 3 orders with mismatches, 10.00 inr against us{report}.csv"
            ),
        ),
        (
            &gone,
            right,
            &LEDGER,
            3,
            format!("run 1 ended 3: 1 of 3 orders unverified{report}-incomplete.csv"),
        ),
        (
            &book(3),
            right,
            &["--ledger", "bad.csv"],
            4,
            format!("run 1 ended 4: 1 order, nothing to report, 1 ledger row invalid{report}.csv"),
        ),
        (&book(3), right, &["--ledger", "no.csv"], 10, "run 1 ended 10: the ledger is not ".into()),
        (&book(3), "wrong", &LEDGER, 12, "run 1 ended 12: the gateway refuses the cred".into()),
        (
            &away,
            right,
            &LEDGER,
            13,
            "run 1 ended 13: nothing usable came from the gateway: the gateway answered 503".into(),
        ),
        (&book(3), right, &["--deadline", "13h"], 2, "run ended 2: --deadline: it is 13 h".into()),
        (&book(3), right, &["--out", "bad.csv"], 14, "run ended 14: cannot create the dir".into()),
        (&book(3), right, &["--db", "bad.csv"], 15, "run ended 15: ".into()),
    ];
    for (book, secret, arguments, code, expected) in cases {
        let done = night(book, secret, arguments);
        assert_eq!(done.code, Some(code), "{done:?}");
        let line = line(&done);
        let is_whole = code < 5 && code != 2;
        assert!(if is_whole { line == expected } else { line.starts_with(&expected) }, "{line}");
        let quiet = night(book, secret, &[arguments, &["--quiet"]].concat());
        assert_eq!(quiet.code, Some(code), "{quiet:?}");
        assert_eq!(quiet.stderr.contains(" ended "), !is_whole, "only errors: {quiet:?}");
    }
}
