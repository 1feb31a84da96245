//! Code blocks of the documents: the examples run, and the program prints what they show.

use super::{block, document, section};
use crate::support::{Gateway, Merchant};
use octopus_recon::sandbox::Faults;
use octopus_recon::settings::{Flags, Settings};

/// A line of output without what differs from day to day: dates.
fn undated(line: &str) -> String {
    let mut masked = line.trim_end().to_owned();
    for part in line.split(|character: char| !(character.is_ascii_digit() || character == '-')) {
        if part.len() == 10 && chrono::NaiveDate::parse_from_str(part, "%Y-%m-%d").is_ok() {
            masked = masked.replace(part, "DATE");
        }
    }
    masked
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let done = Merchant::new().run(&["demo"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let printed: Vec<String> = done.stdout.lines().map(undated).collect();
    let readme = document("README.md");
    let shown = section(&readme, "## What the demo shows").split("```").nth(1).unwrap();
    let shown: Vec<String> =
        shown.lines().skip(1).filter(|line| line.trim() != "…").map(undated).collect();
    assert!(shown.len() > 10, "{shown:?}");
    for line in shown {
        assert!(printed.contains(&line), "the demo does not print {line:?}: {}", done.stdout);
    }
}

/// The commands of the first shell block in a section of docs/decisions.md, with a date that is
/// still to come.
fn decisions_in(heading: &str) -> Vec<Vec<String>> {
    let page = document("docs/decisions.md");
    let to_come = chrono::Utc::now() + chrono::TimeDelta::days(30);
    let commands =
        block(&page, heading, "sh").replace("2026-12-31", &to_come.date_naive().to_string());
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect();
    commands.lines().map(words).collect()
}

/// Runs a command as it is written.
fn done(merchant: &Merchant, words: &[String]) -> crate::support::Done {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = merchant.run(&words);
    assert_eq!(done.code, Some(0), "{words:?}: {done:?}");
    done
}

#[test]
fn the_decisions_that_are_shown_are_taken() {
    let merchant = Merchant::new();
    done(&merchant, &["demo".to_owned()]);
    let page = document("docs/decisions.md");
    let commands = decisions_in("## By command");
    assert_eq!(commands.len(), 4);
    let printed: Vec<String> = commands.iter().map(|words| done(&merchant, words).stdout).collect();
    assert_is_printed(block(&page, "## By command", "text"), &printed[0]);
    assert!(printed[1].starts_with("decided "), "{}", printed[1]);
    assert!(printed[3].contains("DEMO-MISSING-2") && printed[3].contains("ravi"), "{}", printed[3]);

    merchant.write("octopus-recon.toml", block(&page, "## Two people", "toml"));
    let [propose, confirm] = &decisions_in("## Two people")[..] else { unreachable!() };
    let proposed = done(&merchant, propose).stdout;
    let (_, rest) = proposed.split_once("decide --confirm ").unwrap();
    let id = rest.split_whitespace().next().unwrap();
    let confirm: Vec<String> = confirm.iter().map(|word| word.replace("MISMATCH_ID", id)).collect();
    let same: Vec<&str> =
        confirm.iter().map(|word| if word == "vikram" { "Asha " } else { word }).collect();
    assert_eq!(merchant.run(&same).code, Some(1), "asha has proposed it");
    assert!(done(&merchant, &confirm).stdout.starts_with("confirmed "));
}

/// Checks that each line of this block is printed. `…` stands for omitted lines.
fn assert_is_printed(block: &str, printed: &str) {
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = block.lines().filter(|line| !line.starts_with('…')).collect();
    assert!(shown.len() > 1, "{shown:?}");
    for line in shown {
        assert!(lines.contains(&line), "the page shows {line:?}: {printed}");
    }
}

#[test]
fn the_first_rehearsal_runs_as_it_is_shown() {
    let page = document("docs/rehearsing.md");
    let block = |language| block(&page, "## A first rehearsal", language);
    let merchant = Merchant::new();
    merchant.write("orders.csv", block("csv"));
    let gateway = Gateway::serve(block("json"));
    let url = gateway.url.clone();
    let arguments = ["run", "--base-url", &url, "--ledger", "orders.csv", "--rate", "1000"];
    let done = merchant.run(&arguments);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_is_printed(block("text"), &done.stdout);
}

#[test]
fn the_bad_day_runs_as_it_is_shown() {
    let page = document("docs/rehearsing.md");
    let block = |heading, language| block(&page, heading, language);
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", crate::support::FAST_RETRIES);
    merchant.write("orders.csv", block("## A first rehearsal", "csv"));
    let book = block("## A first rehearsal", "json");
    let outage = Faults::parse(&document("fixtures/faults/outage.toml")).unwrap();
    let gateway = Gateway::serve_as(book, |it| it.faults = outage);
    let url = gateway.url.clone();
    let run = |rest: &[&str]| merchant.run(&[&["run", "--base-url", &url], rest].concat());
    let done = run(&["--ledger", "orders.csv"]);
    assert_eq!(done.code, Some(13), "{done:?}");
    assert_is_printed(block("## Bad days", "text"), &done.stderr);
    drop(gateway.stop());
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let _back = Gateway::serve_as(book, |it| it.listen = address);
    let done = run(&["--resume", "1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let shown = block("## A first rehearsal", "text");
    assert_is_printed(shown.split_once("\n\n").unwrap().1, &done.stdout);
}

#[test]
fn the_faults_that_are_shown_are_faults() {
    let page = document("docs/rehearsing.md");
    let faults = Faults::parse(block(&page, "## Bad days", "toml")).unwrap();
    assert!(!format!("{faults:?}").contains("faults: []"));
}

#[test]
fn the_configurations_that_are_shown_are_accepted() {
    let blocks =
        [("README.md", "## A first real run"), ("cron/README.md", "### Adding a merchant")];
    for (name, heading) in blocks {
        let merchant = Merchant::new();
        let page = document(name);
        let config = Some(merchant.write("octopus-recon.toml", block(&page, heading, "toml")));
        let settings = Settings::load(Flags { config, ..Flags::default() }, &|_| None);
        assert_ne!(settings.unwrap().ledger.zone(), chrono_tz::Tz::UTC, "{name}");
    }
}
