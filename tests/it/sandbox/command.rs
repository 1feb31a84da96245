//! The command `sandbox`: its arguments, its files and its errors.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::caller::{Caller, GET, NEW, deposit};
use crate::support::{Done, Merchant, Running};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// The sandbox as a separate process, and its address.
struct Sandbox(Running, String);

impl Sandbox {
    fn start(merchant: &Merchant, arguments: &[&str]) -> Sandbox {
        let all = [&["sandbox", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = merchant.command(&all).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // Read without a buffer, which could consume later output.
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::with_capacity(1, stdout).read_line(&mut line).unwrap();
        let url = line.split(' ').nth(2).unwrap().to_owned();
        Sandbox(Running::from(child), url)
    }

    fn end(self, signal: &str) -> Done {
        self.0.signal(signal);
        self.0.end()
    }
}

#[test]
fn orders_are_saved_and_loaded_again() {
    let merchant = Merchant::new();
    merchant.write("book.csv", "merchant_order_id,amount,payment_uid\nOLD,7.00,P-1\n");
    let arguments = ["--book", "book.csv", "--save", "orders.jsonl", "--speed", "0"];
    let sandbox = Sandbox::start(&merchant, &arguments);
    let mut caller = Caller::to(&sandbox.1);
    assert_eq!(caller.call(NEW, &deposit("NEW", &[("to_name", "Asha")])).status, 200);
    let done = sandbox.end("TERM");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stdout, "The sandbox received 1 call and has 2 orders.\n");
    let mode = std::fs::metadata(merchant.path("orders.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let sandbox = Sandbox::start(&merchant, &["--book", "orders.jsonl", "--save", "orders.jsonl"]);
    let mut caller = Caller::to(&sandbox.1);
    for (id, amount) in [("OLD", "7.00"), ("NEW", "100.00")] {
        let payment = caller.call(GET, &[("merchant_order_id", id)]).payment();
        assert_eq!(payment["amount"], amount);
    }
    assert_eq!(caller.call(NEW, &deposit("NEW", &[])).status, 400);
    assert_eq!(sandbox.end("INT").code, Some(0));
    let saved = std::fs::read_to_string(merchant.path("orders.jsonl")).unwrap();
    assert_eq!(saved.lines().count(), 2);
    let left = std::fs::read_dir(merchant.path(".")).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

#[test]
fn faults_are_read_from_a_file() {
    let merchant = Merchant::new();
    merchant.write("faults.toml", "[[fault]]\norders = [\"B*\"]\ndoes = { status = 503 }\n");
    merchant.write("book.jsonl", "{\"merchant_order_id\":\"A\"}\n{\"merchant_order_id\":\"B1\"}");
    let arguments = ["--book", "book.jsonl", "--faults", "faults.toml", "--flat"];
    let sandbox = Sandbox::start(&merchant, &arguments);
    let mut caller = Caller::to(&sandbox.1);
    for (id, status) in [("A", 200), ("B1", 503), ("B2", 503), ("C", 200)] {
        assert_eq!(caller.call(GET, &[("merchant_order_id", id)]).status, status, "{id}");
    }
    assert_eq!(sandbox.end("INT").code, Some(0));
}

#[test]
fn unusable_arguments_are_named() {
    let merchant = Merchant::new();
    merchant.write("book.jsonl", "{}");
    merchant.write("faults.toml", "[[fault]]\ndoes = { status = 99 }\n");
    merchant.write("orders.jsonl", "");
    for (arguments, code, words) in [
        (&["--listen", "0.0.0.0:0"][..], 2, "or allow it with --allow-remote"),
        (&["--book", "book.jsonl"], 2, "book.jsonl, line 1: `merchant_order_id` is missing"),
        (&["--book", "none.jsonl"], 2, "the book none.jsonl cannot be read"),
        (&["--faults", "faults.toml"], 2, "the faults faults.toml, line 2: `status` 99 is no HTTP"),
        (&["--faults", "none.toml"], 2, "the faults none.toml cannot be read"),
        (&["--save", "orders.csv"], 2, "orders are saved as JSON lines"),
        (&["--save", "orders.jsonl"], 2, "orders.jsonl already exists"),
        (&["--save", "nowhere/orders.jsonl"], 14, "cannot be written"),
        (&["--speed", "86401"], 2, "86401 is not in"),
    ] {
        let done = merchant.run(&[&["sandbox"], arguments].concat());
        assert_eq!(done.code, Some(code), "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(words), "{arguments:?}: {done:?}");
        assert_eq!(done.stdout, "", "{arguments:?}");
    }
}

#[test]
fn it_listens_for_other_machines_only_with_allow_remote() {
    let merchant = Merchant::new();
    let mut command: Command =
        merchant.command(&["sandbox", "--listen", "0.0.0.0:0", "--allow-remote"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Sandbox at http://0.0.0.0:"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}
