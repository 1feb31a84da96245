//! `order new` without an answer to print: no connection, a signal, an unwritable stdout. And no
//! secret or personal data in any output.

use super::{DEPOSIT, PAYOUT, arguments, calls, create, created, has, merchant, reset, scripted};
use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{Done, Running, until};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// An address without a server.
fn no_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn without_a_connection_nothing_was_sent() {
    let done = merchant().run(&arguments(&no_server(), &DEPOSIT));
    assert_eq!(done.code, Some(13), "{done:?}");
    for words in ["it is not known whether the gateway has order A1", "but nothing was sent"] {
        assert!(done.stderr.contains(words), "{done:?}");
    }
}

#[test]
fn after_a_signal_the_message_says_what_is_not_known() {
    let silent: fn(Turn) = Turn::keep_silent;
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for (acts, at) in [(vec![silent], 1), (vec![reset, silent], 2)] {
            let merchant = merchant();
            let gateway = RudeGateway::serve(move |turn| acts[turn.earlier](turn));
            let running = merchant.start(&arguments(&gateway.url, &DEPOSIT));
            until("the call", || gateway.requests().len() == at);
            running.signal(signal);
            let done = running.end();
            assert_eq!(done.code, Some(code), "{done:?}");
            assert!(done.stderr.contains("not known whether the gateway has order A1"), "{done:?}");
            assert!(done.stderr.contains("hint: run `order get A1` before"), "{done:?}");
            assert_eq!(gateway.requests().len(), at);
        }
    }
}

#[test]
fn after_a_signal_before_a_call_the_message_says_so() {
    let merchant = merchant();
    // Long enough, whatever the jitter.
    let waits = "[gateway]\nmerchant_uid = \"M1\"\nbackoff_first_ms = 4000000000\n\
                 backoff_max_ms = 4000000000\n";
    merchant.write("octopus-recon.toml", waits);
    let url = no_server();
    let mut command = merchant.command(&[&arguments(&url, &DEPOSIT)[..], &["-v"]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("querying the order after a failed order/new"), "{line}");
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success()
    );
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert_eq!(rest, "error: ended by signal 2 (SIGINT): order A1 was not sent\n");
}

#[test]
fn an_answer_that_cannot_be_printed_is_named() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = merchant.command(&arguments(&gateway.url, &DEPOSIT));
    let done: Done = command.stdout(full).output().unwrap().into();
    assert_eq!(done.code, Some(14), "{done:?}");
    assert!(done.stderr.contains("the gateway has order A1"), "{done:?}");
    assert!(done.stderr.contains("do not send it again"), "{done:?}");
}

/// Values that must not be printed.
const PLANTED: [&str; 8] = [
    "55500055551234",
    "PLANTED-NAME",
    "planted-name",
    "PLANTED-MEMBER",
    "PLANTED-KEY-q7",
    "PLANTED-SECRET-x9",
    "PLANTED-SIGNATURE-KEY",
    "Ravi",
];

/// An error that repeats the whole request.
fn repeats(turn: Turn) {
    let said = format!("{} {}", turn.request.body, turn.request.head).replace('"', "'");
    let body = serde_json::json!({"result": "error", "data": {"error": "No.", "details": said}});
    turn.answer("400 Bad Request", "", body.to_string());
}

/// A short error, so that no part is cut off, with other upper and lower case.
fn repeats_names(turn: Turn) {
    let body = r#"{"result":"error","data":"RAVI planted-name (Planted-Member) PLANTED-KEY-q7"}"#;
    turn.answer("200 OK", "", body);
}

#[test]
fn no_secret_and_no_personal_data_is_printed() {
    let accounts = r#"{"to":"55500055551234","to_name":"Ravi PLANTED-NAME",
        "merchant_id":"PLANTED-MEMBER"}"#;
    let sequences: [&'static [fn(Turn)]; 8] = [
        &[created],
        &[repeats, super::missing],
        &[repeats_names, super::missing],
        &[repeats_names, has],
        &[repeats, repeats],
        &[reset, repeats_names],
        &[reset, repeats],
        &[Turn::answer_well],
    ];
    for acts in sequences {
        let merchant = merchant();
        let path = merchant.write("accounts.json", accounts);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
        let gateway = scripted(acts);
        let typed = [&PAYOUT[..], &["--yes", "-vv"]].concat();
        let mut command = merchant.command(&arguments(&gateway.url, &typed));
        command.env("OCTOPUS_RECON_API_KEY", PLANTED[4]);
        command.env("OCTOPUS_RECON_API_SECRET", PLANTED[5]);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        let done: Done = command.output().unwrap().into();
        assert!(calls(&gateway).starts_with("new"), "{done:?}");
        assert!(gateway.requests()[0].body.contains("Ravi PLANTED-NAME"));
        for word in PLANTED {
            assert!(!done.stdout.contains(word) && !done.stderr.contains(word), "{word}: {done:?}");
        }
    }
}

#[test]
fn the_command_line_has_no_personal_data() {
    let merchant = merchant();
    let gateway = scripted(&[Turn::keep_silent]);
    let running: Running =
        merchant.start(&arguments(&gateway.url, &[&PAYOUT[..], &["--yes"]].concat()));
    until("the call", || gateway.requests().len() == 1);
    let line = std::fs::read(format!("/proc/{}/cmdline", running.pid())).unwrap();
    running.signal("KILL");
    running.end();
    assert!(!String::from_utf8_lossy(&line).contains("99999999"));
    assert!(gateway.requests()[0].body.contains("99999999"));
    // After the kill, the order can be queried.
    let asked = scripted(&[has]);
    let done = merchant.run(&["order", "get", "A1", "--base-url", &asked.url]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(create(&merchant, &scripted(&[created]), &DEPOSIT).stderr.is_empty());
}
