//! `demo`: the report is the table in `fixtures/demo/README.md`, which is read here and now.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::{Done, Merchant, kinds, rows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../fixtures/demo/README.md");

/// The cells of every table row below this heading line.
fn table(below: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(below).unwrap();
    rest.lines()
        .skip_while(|line| !line.starts_with("|--"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            // Ids may hold an escaped bar.
            let line = line.replace("\\|", "\u{1}");
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().replace('`', "").replace('\u{1}', "|")).collect()
        })
        .collect()
}

fn numbers(cells: &[String]) -> Vec<i64> {
    cells.iter().map(|cell| cell.parse().unwrap()).collect()
}

/// Without key, secret or anything else of the environment.
fn demo(merchant: &Merchant) -> Done {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("octopus-recon"));
    let output = command.arg("demo").env_clear().current_dir(merchant.path(".")).output().unwrap();
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run_figures(database: &Path, run: i64, columns: &[&str]) -> Vec<i64> {
    let database = rusqlite::Connection::open(database).unwrap();
    let query = format!("SELECT {} FROM runs WHERE run_id = ?1", columns.join(", "));
    database
        .query_row(&query, [run], |row| (0..columns.len()).map(|at| row.get(at)).collect())
        .unwrap()
}

/// The report without the `'` that keeps a spreadsheet from running a cell.
fn found(report: &Path) -> BTreeMap<String, Vec<String>> {
    let kinds = kinds(&rows(report));
    kinds
        .into_iter()
        .map(|(order, kinds)| (order.trim_start_matches('\'').to_owned(), kinds))
        .collect()
}

/// The kinds that the README names for each order of a section.
fn told(section: &str) -> BTreeMap<String, Vec<String>> {
    let all: BTreeSet<String> =
        table("| kind | rows |").into_iter().map(|row| row[0].clone()).collect();
    let kinds = |text: &str| {
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let named: BTreeSet<String> = words.map(str::to_owned).collect();
        named
            .into_iter()
            .filter(|word| word.contains('_') || word == "overdue" || word == "unverified")
            .filter(|word| all.contains(word))
            .collect()
    };
    table(section).into_iter().map(|row| (row[0].clone(), kinds(&row[1]))).collect()
}

#[test]
fn the_demos_report_is_the_readmes_table_twice() {
    let merchant = Merchant::new();
    let out = merchant.path("octopus-recon-demo");
    for run in 1..=2 {
        let done = demo(&merchant);
        assert_eq!(done.code, Some(0), "{done:?}");
        let report = |incomplete: &Path| {
            let name = incomplete.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(&format!("-run{run}-incomplete.csv"))
        };
        let report = std::fs::read_dir(out.join("reports"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| report(path))
            .unwrap();
        let database = out.join("octopus-recon.db");
        let ledger = ["ledger_rows", "accepted", "invalid", "repeated", "superseded"];
        let expected = numbers(&table("| rows | accepted |")[0]);
        assert_eq!(run_figures(&database, run, &ledger), expected, "{done:?}");
        let orders = ["selected", "matched", "in_transit", "mismatched", "unverified"];
        let expected = numbers(&table("| selected | matched |")[0]);
        assert_eq!(run_figures(&database, run, &orders), expected, "{done:?}");

        let rows = rows(&report);
        for line in table("| kind | rows |") {
            let count = |severity: &str| {
                let of_kind = |row: &&crate::support::Row| {
                    (line[0] == "all" || row["kind"] == line[0])
                        && (severity.is_empty() || row["severity"] == severity)
                };
                i64::try_from(rows.iter().filter(of_kind).count()).unwrap()
            };
            let counted = ["", "high", "medium", "low"].map(count);
            assert_eq!(counted.to_vec(), numbers(&line[1..]), "{}", line[0]);
        }

        let mut expected = told("## Mismatched");
        for (order, mut kinds) in told("## Unverified") {
            kinds.sort();
            expected.insert(order, kinds);
        }
        assert_eq!(found(&report), expected);
        assert_eq!(table("## Invalid rows").len(), 8);
        let asked_for_more = "octopus-recon --db octopus-recon-demo/octopus-recon.db show";
        assert!(done.stdout.contains(asked_for_more), "{}", done.stdout);
    }
}

#[test]
fn the_order_that_the_demo_names_has_a_story() {
    let merchant = Merchant::new();
    let done = demo(&merchant);
    let command = done.stdout.lines().find(|line| line.contains(" show ")).unwrap().trim();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let shown = merchant.run(&arguments);
    assert_eq!(shown.code, Some(0), "`{command}`: {shown:?}");
    assert!(shown.stdout.contains("final_amount_difference"), "{shown:?}");
}
