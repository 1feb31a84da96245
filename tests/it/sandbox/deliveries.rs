//! The delivery of scripted responses, byte by byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot call has failed")]

use super::caller::{Caller, GET, request, signature};
use crate::support::{API_SECRET, Gateway};
use octopus_recon::sandbox::CallEnd;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

fn ask() -> String {
    let signature = signature(API_SECRET, &[("merchant_order_id", "A")]);
    request(GET, &signature, r#"{"merchant_order_id":"A"}"#)
}

/// A gateway with one order that has this script.
fn scripted(script: &serde_json::Value) -> Gateway {
    let order = json!({"merchant_order_id": "A", "amount": "5.00", "sandbox": script});
    Gateway::serve(&order.to_string())
}

/// All bytes until the connection ends, and whether it was reset.
fn received(gateway: &Gateway) -> (String, bool) {
    let mut stream = TcpStream::connect(gateway.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(ask().as_bytes()).unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let is_reset = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break false,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                break true;
            }
        }
    };
    (String::from_utf8(bytes).unwrap(), is_reset)
}

#[test]
fn a_response_is_cut_at_the_scripted_point() {
    const BODY: &str = concat!(
        r#"{"result":"success","data":{"payment":"#,
        r#"{"merchant_order_id":"A","amount":"5.00"}}}"#
    );
    let half = &BODY[..BODY.len() / 2];
    for (script, arrives, is_reset) in [
        (json!({"close": true}), "", false),
        (json!({"reset": "before"}), "", true),
        (json!({"reset": "head"}), "HTTP/1.1 200", true),
        (json!({"reset": "body"}), half, true),
        (json!({"cut_body": true}), half, false),
        // An empty body has no middle, so the head is cut.
        (json!({"location": "/x", "cut_body": true}), "HTTP/1.1 302", false),
    ] {
        let gateway = scripted(&script);
        let (text, was_reset) = received(&gateway);
        let end = text.rsplit("\r\n\r\n").next().unwrap();
        assert_eq!((end, was_reset), (arrives, is_reset), "{script}");
        if arrives == half {
            let announced = format!("content-length: {}\r\n", BODY.len());
            assert!(text.contains(&announced), "{text}");
        }
        let ends: Vec<CallEnd> = gateway.stop().into_iter().map(|call| call.end).collect();
        assert_eq!(ends, [CallEnd::Cut], "{script}");
    }
}

#[test]
fn a_script_affects_only_its_own_call() {
    // At a thousandth of this speed the call would take minutes.
    let gateway = scripted(&json!({"slow_bytes_per_second": 100_000, "times": 1}));
    let mut caller = Caller::to(&gateway.url);
    assert_eq!(caller.send(ask()).status, 200);
    let begun = std::time::Instant::now();
    assert_eq!(caller.open("/elsewhere").status, 404);
    assert_eq!(caller.send(ask()).status, 200);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn a_bad_response_replaces_the_usual_headers() {
    let gateway = scripted(&json!({"answer": "html"}));
    let (text, _) = {
        let mut caller = Caller::to(&gateway.url);
        let answer = caller.send(ask());
        (answer.headers["content-type"].clone(), answer)
    };
    assert_eq!(text, "text/html");
}
