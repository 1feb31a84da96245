//! Responses that do not arrive completely: redirects, broken connections, endless bodies.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::{IMPATIENT, with_a_fault};
use crate::rude_gateway::{RudeGateway, Turn, head, success};
use crate::support::{Merchant, Running, ledger};
use flate2::{Compress, Compression, FlushCompress};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Four calls, and four more at the end of the run.
const TWICE: usize = 8;

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = RudeGateway::serve(Turn::answer_well);
        let location = format!("Location: {}/octopus/api/order/get\r\n", elsewhere.url);
        let run = with_a_fault(move |turn| {
            let body = success(&turn.order);
            turn.answer(&format!("{status} Elsewhere"), &location, body);
        });
        run.unverified(&status.to_string(), "a redirect, which is not followed", 1);
        assert_eq!(elsewhere.arrivals().len(), 0, "{status}");
    }
}

#[test]
fn a_connection_that_breaks() {
    let whole = success("A3");
    let length = format!("Content-Length: {}\r\n", whole.len());
    let (ok, chunked) = (head("200 OK", &length), head("200 OK", "Transfer-Encoding: chunked\r\n"));
    let cases: [(&str, String); 6] = [
        ("before the head", String::new()),
        ("in the head", ok[..20].to_owned()),
        ("after the head", ok.clone()),
        ("in the body", format!("{ok}{}", &whole[..40])),
        ("before the last chunk", format!("{chunked}{:x}\r\n{whole}\r\n", whole.len())),
        ("in a chunk", format!("{chunked}{:x}\r\n{whole}", whole.len() + 9)),
    ];
    for (what, bytes) in cases {
        let sent = bytes.clone();
        let run = with_a_fault(move |turn| turn.reset_after(sent.as_bytes()));
        run.unverified(&format!("reset {what}"), "", TWICE);
        let run = with_a_fault(move |turn| turn.send(&bytes));
        run.unverified(&format!("closed {what}"), "", TWICE);
    }
}

#[test]
fn a_body_of_another_length_than_announced() {
    let whole = success("A3");
    // A body that is too long arrives whole, and is not valid JSON.
    for (what, length, calls) in
        [("shorter", whole.len() + 1, TWICE), ("longer", whole.len() - 1, 4)]
    {
        let whole = whole.clone();
        let head = head("200 OK", &format!("Content-Length: {length}\r\n"));
        let run = with_a_fault(move |turn| turn.send(format!("{head}{whole}")));
        run.unverified(what, "", calls);
    }
    // Without a length, the body ends with the connection; cut anywhere, it is not valid JSON.
    let bytes = head("200 OK", "") + &whole[..whole.len() - 1];
    let run = with_a_fault(move |turn| turn.send(&bytes));
    run.unverified("cut without a length", "not whole, valid JSON", 4);
}

/// A second response on the same connection belongs to no request.
#[test]
fn a_response_without_a_request_is_ignored() {
    let forged = success("A4").replace("100.00", "1.00");
    let run = with_a_fault(move |mut turn| {
        let first = success("A3");
        let answer =
            |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        turn.read_request();
        let _ = turn.stream.write_all((answer(&first) + &answer(&forged)).as_bytes());
        let _ = std::io::Read::read(&mut turn.stream, &mut [0; 4096]);
    });
    assert_eq!(run.done.code, Some(0), "{:?}", run.done);
    assert_eq!(run.done.json()["orders"]["matched"], 6);
}

#[test]
fn a_call_has_one_deadline_for_all_of_it() {
    let silence: fn(Turn) = Turn::keep_silent;
    let drip: fn(Turn) = |mut turn| {
        let body = success(&turn.order);
        turn.read_request();
        let head = head("200 OK", &format!("Content-Length: {}\r\n", body.len()));
        let begun = Instant::now();
        for byte in [head.as_bytes(), body.as_bytes()].concat() {
            // Each byte arrives within any deadline for a single read.
            if turn.stream.write_all(&[byte]).is_err() || begun.elapsed() > Duration::from_secs(20)
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let drips_the_body: fn(Turn) = |mut turn| {
        let body = success(&turn.order);
        turn.read_request();
        let head = head("200 OK", &format!("Content-Length: {}\r\n", body.len()));
        let _ = turn.stream.write_all(head.as_bytes());
        for byte in body.as_bytes() {
            if turn.stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    // In parallel, because each run only waits.
    std::thread::scope(|scope| {
        for (what, fault) in [("silence", silence), ("head", drip), ("body", drips_the_body)] {
            scope.spawn(move || {
                let begun = Instant::now();
                let run = with_a_fault(fault);
                run.unverified(what, "no whole answer within 2 s", TWICE);
                assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
            });
        }
    });
}

/// The peak resident memory of a process, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A gibibyte of zeros, compressed to a megabyte.
fn bomb() -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let mut packed = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let mut part = Vec::with_capacity(1 << 16);
    // After a full flush the next part does not depend on the part before, so it can be repeated.
    Compress::new(Compression::fast(), false)
        .compress_vec(&zeros, &mut part, FlushCompress::Full)
        .unwrap();
    (0..1024).for_each(|_| packed.extend(&part));
    packed
}

#[test]
fn an_endless_body_needs_little_memory() {
    let sent = Arc::new(AtomicU64::new(0));
    let pid = Arc::new(AtomicU32::new(0));
    let peaks = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (bytes, whose, seen, bomb) = (sent.clone(), pid.clone(), peaks.clone(), bomb());
    let gateway = RudeGateway::serve(move |mut turn| {
        let endless = |turn: &mut Turn, chunk: &[u8]| {
            // At most a gibibyte: a client that reads it all fails the test without a long wait.
            for _ in 0..(1 << 30) / chunk.len() {
                if turn.stream.write_all(chunk).is_err() {
                    return;
                }
                bytes.fetch_add(chunk.len().try_into().unwrap(), Ordering::SeqCst);
            }
        };
        let zeros = vec![b' '; 1 << 16];
        let begin = |turn: &mut Turn, headers: &str| {
            turn.read_request();
            let _ = turn.stream.write_all(head("200 OK", headers).as_bytes());
        };
        match &*turn.order {
            "A3" => {
                begin(&mut turn, "Transfer-Encoding: chunked\r\n");
                let chunk = [b"10000\r\n", &zeros[..], b"\r\n"].concat();
                endless(&mut turn, &chunk);
            }
            "A4" => {
                begin(&mut turn, "Content-Length: 1073741824\r\n");
                endless(&mut turn, &zeros);
            }
            "A5" => {
                begin(&mut turn, "Content-Encoding: gzip\r\n");
                let _ = turn.stream.write_all(&bomb);
            }
            "A6" => {
                turn.read_request();
                let _ = turn.stream.write_all(b"HTTP/1.1 200 OK\r\n");
                let header = [b"X-Long: ", &zeros[..]].concat();
                endless(&mut turn, &header);
            }
            "A1" | "A7" => {
                seen.lock().unwrap().push(peak_memory(whose.load(Ordering::SeqCst)));
                turn.answer_well();
            }
            _ => turn.answer_well(),
        }
    });
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(7));
    merchant.write("octopus-recon.toml", IMPATIENT);
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--format", "json"];
    let mut command = merchant.command(&[&run[..], &["--max-in-flight", "1"]].concat());
    let running = Running::start(&mut command);
    pid.store(running.pid(), Ordering::SeqCst);
    let done = running.end();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(done.json()["orders"]["unverified"], 4);
    let rows = crate::support::rows(&merchant.report_path());
    let reasons: Vec<&str> = rows.iter().map(|row| &*row["reason"]).collect();
    let large = reasons.iter().filter(|reason| reason.contains("larger than 1 MiB")).count();
    assert_eq!(large, 2, "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("is compressed")), "{reasons:?}");
    // Each of 16 calls reads at most 1 MiB, plus the socket buffers.
    let sent = sent.load(Ordering::SeqCst) >> 20;
    assert!(sent < 16 * 12, "{sent} MiB were taken");
    let peaks = peaks.lock().unwrap().clone();
    assert_eq!(peaks.len(), 2);
    let grown = (peaks[1] - peaks[0]) >> 10;
    assert!(grown < 48, "memory grew by {grown} MiB: {peaks:?}");
}
