//! The judge is judged: each planted fault is counted, and a good result has none.

use crate::judge::{self, Verdict};
use crate::night::{ACCOUNT, API_SECRET};
use crate::stage::{Case, DATABASE, Stage};

/// A good result with this fault, judged: the counts of lost, invented, wrong, torn, doubled and
/// leaked.
fn counts(plant: impl FnOnce(&Case, &str)) -> [usize; 6] {
    let stage = Stage::new(5, 20, true);
    let case = stage.case();
    let done = case.run(&stage);
    let mut verdict = Verdict::default();
    judge::summary(&mut verdict, &stage, &done);
    let before = judge::at_the_end(&mut verdict, &stage, &case);
    assert!(verdict.is_clean(), "{verdict}");
    let files = case.files("reports");
    let csv = files.keys().find(|name| name.ends_with("-incomplete.csv")).unwrap();
    plant(&case, &format!("reports/{csv}"));
    let mut verdict = Verdict::default();
    let after = judge::at_the_end(&mut verdict, &stage, &case);
    judge::still_there(&mut verdict, &before, &after);
    println!("{verdict}");
    verdict.counts()
}

fn execute(case: &Case, sql: &str) {
    let connection = rusqlite::Connection::open(case.path().join(DATABASE)).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

/// Changes a file by its text.
fn edit(case: &Case, name: &str, change: impl FnOnce(String) -> String) {
    let text = String::from_utf8(std::fs::read(case.path().join(name)).unwrap()).unwrap();
    case.write(name, change(text).as_bytes());
}

#[test]
fn a_missing_row_is_lost() {
    let row = "DELETE FROM run_orders WHERE run_id = 2 AND order_id = 2";
    let [lost, ..] = counts(|case, _| execute(case, row));
    assert!(lost >= 3, "the ledger row, its answer and its outcome: {lost}");
}

#[test]
fn a_missing_answer_is_lost() {
    let answer = "UPDATE run_orders SET answer_id = NULL, answered_at_ms = NULL
                  WHERE run_id = 2 AND order_id = 2";
    let [lost, ..] = counts(|case, _| execute(case, answer));
    assert_eq!(lost, 1);
}

#[test]
fn another_answer_is_wrong() {
    let answer = "UPDATE answers SET amount_micros = amount_micros + 1 WHERE order_id = 1";
    let [_, _, wrong, ..] = counts(|case, _| execute(case, answer));
    assert!(wrong >= 1);
}

#[test]
fn another_outcome_is_wrong() {
    let outcome = "UPDATE run_orders SET outcome = 1 WHERE run_id = 2 AND order_id = 2";
    let [_, _, wrong, ..] = counts(|case, _| execute(case, outcome));
    assert_eq!(wrong, 1);
}

#[test]
fn a_damaged_database_is_lost() {
    let [lost, ..] = counts(|case, _| {
        let path = case.path().join(DATABASE);
        let mut content = std::fs::read(&path).unwrap();
        let middle = content.len() / 2;
        content[middle..middle + 4096].fill(0xA5);
        std::fs::write(path, content).unwrap();
    });
    assert!(lost >= 1);
}

#[test]
fn a_changed_figure_is_wrong_and_torn() {
    let [_, _, wrong, torn, ..] = counts(|case, csv| {
        edit(case, csv, |text| text.replace("-1.50", "-1.40"));
    });
    assert!(wrong >= 2, "the finding, and the whole report: {wrong}");
    assert!(torn >= 2, "the rows, and the manifest's SHA-256: {torn}");
}

#[test]
fn an_invented_finding_is_counted_and_a_lost_one_too() {
    let [lost, invented, ..] = counts(|case, csv| {
        edit(case, csv, |text| text.replacen("\"A2\"", "\"A1\"", 1));
    });
    assert!(lost == 1 && invented == 1, "{lost} {invented}");
}

#[test]
fn a_doubled_finding_is_counted() {
    let [_, _, _, _, doubled, _] = counts(|case, csv| {
        edit(case, csv, |text| {
            let row = text.lines().find(|line| line.contains("\"A2\"")).unwrap().to_owned();
            format!("{text}{row}\r\n")
        });
    });
    assert_eq!(doubled, 1);
}

#[test]
fn appended_bytes_are_torn() {
    for name in ["latest.html", "latest.xlsx"] {
        let [_, _, _, torn, ..] = counts(|case, _| {
            let name = format!("reports/{name}");
            let mut content = std::fs::read(case.path().join(&name)).unwrap();
            content.extend(b"x");
            case.write(&name, &content);
        });
        assert!(torn >= 1, "{name}");
    }
}

#[test]
fn a_file_that_is_left_is_torn() {
    for name in ["reports/.octopus-recon-AbCdEf.tmp", "reports/other.csv"] {
        let [_, _, _, torn, ..] = counts(|case, _| case.write(name, b"x"));
        assert_eq!(torn, 1, "{name}");
    }
}

#[test]
fn a_second_run_is_doubled() {
    let run = "INSERT INTO run_orders (run_id, order_id) VALUES (3, 1)";
    let [_, _, _, _, doubled, _] = counts(|case, _| execute(case, run));
    assert_eq!(doubled, 1);
}

#[test]
fn a_planted_secret_is_leaked() {
    let [.., leaked] = counts(|case, _| {
        case.write("octopus-recon.db-wal-old", format!("x{API_SECRET}x").as_bytes());
        case.write("log.txt", ACCOUNT.as_bytes());
    });
    assert_eq!(leaked, 2);
}
