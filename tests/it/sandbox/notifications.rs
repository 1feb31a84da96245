//! Notifications to the merchant when a payment ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot listen has failed")]

use super::caller::{Caller, GET, NEW, deposit, payout, signature};
use crate::support::{API_KEY, API_SECRET, Gateway, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A received notification: its headers by lower-case name, and its body.
type Received = (BTreeMap<String, String>, String);

/// Listens on a free port, and answers every notification with this status; `None`: never.
fn merchant(status: Option<u16>) -> (String, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            assert_eq!(line, "POST /notify HTTP/1.1\r\n");
            let mut headers = BTreeMap::new();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim_end().split_once(": ") else { break };
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            if let Some(status) = status {
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            let _ = sender.send((headers, String::from_utf8(body).unwrap()));
        }
    });
    (url, receiver)
}

fn gateway() -> Gateway {
    Gateway::serve_as("", |it| it.speed = 0)
}

fn notify_status(caller: &mut Caller, id: &str) -> String {
    let payment = caller.call(GET, &[("merchant_order_id", id)]).payment();
    let text = |name: &str| payment[name].as_str().unwrap().to_owned();
    format!("{} {}", text("notify_status"), text("notify_fail_reason")).trim_end().to_owned()
}

#[test]
fn the_notification_of_an_ended_payment_is_signed() {
    let gateway = gateway();
    let (url, received) = merchant(Some(200));
    let mut caller = Caller::to(&gateway.url);
    caller.call(NEW, &payout("क्रम/7&x=1 +é", &[("notify_url", &url), ("to_name", "Asha & Ravi")]));
    assert_eq!(notify_status(&mut caller, "क्रम/7&x=1 +é"), "none");
    gateway.advance(Duration::from_secs(15));
    let (headers, body) = received.recv_timeout(Duration::from_secs(30)).unwrap();
    let texts: BTreeMap<String, String> = serde_json::from_str(&body).unwrap();
    for (name, value) in [
        ("merchant_order_id", "क्रम/7&x=1 +é"),
        ("payment_status", "completed"),
        ("final_amount", "100.00"),
        ("to_name", "Asha & Ravi"),
        ("notify_url", &url),
    ] {
        assert_eq!(texts[name], value);
    }
    let pairs: Vec<(&str, &str)> = texts.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(headers["oc-signature"], signature(API_SECRET, &pairs));
    assert_eq!(headers["oc-key"], API_KEY);
    assert_eq!(headers["content-type"], "application/json");
    until("it is acknowledged", || notify_status(&mut caller, "क्रम/7&x=1 +é") == "completed");
    // Accounting does not end the payment again: there is no second notification.
    gateway.advance(Duration::from_hours(1));
    caller.call(NEW, &payout("next", &[("notify_url", &url)]));
    gateway.advance(Duration::from_secs(15));
    let (_, body) = received.recv_timeout(Duration::from_secs(30)).unwrap();
    let next: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(next["merchant_order_id"], "next");
}

#[test]
fn notify_status_depends_on_the_merchants_response() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/notify", listener.local_addr().unwrap())
    };
    let (failing, _failing) = merchant(Some(500));
    let (moved, _moved) = merchant(Some(302));
    let (rude, _rude) = merchant(None);
    for (id, url, expected) in [
        ("failing", &failing, "failed HTTP status 500"),
        ("moved", &moved, "failed HTTP status 302"),
        ("rude", &rude, "failed The connection broke"),
        ("closed", &closed, "failed No connection"),
    ] {
        let created = caller.call(NEW, &deposit(id, &[("notify_url", url)])).payment();
        let page = format!("/checkout/{}", created["payment_uid"].as_str().unwrap());
        assert_eq!(caller.submit(&page, "act=fail").status, 303);
        until(expected, || notify_status(&mut caller, id) == expected);
    }
}

#[test]
fn notify_status_is_of_the_last_notification() {
    let gateway = gateway();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    let mut caller = Caller::to(&gateway.url);
    let created = caller.call(NEW, &payout("A", &[("notify_url", &url)])).payment();
    let page = format!("/checkout/{}", created["payment_uid"].as_str().unwrap());
    gateway.advance(Duration::from_secs(15));
    let (mut first, _) = listener.accept().unwrap();
    assert_eq!(caller.submit(&page, "act=refund").status, 303);
    assert_eq!(notify_status(&mut caller, "A"), "delivered");
    first.write_all(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n").unwrap();
    drop(first);
    let (mut second, _) = listener.accept().unwrap();
    let mut body = Vec::new();
    while !body.windows(6).any(|bytes| bytes == b"refund") {
        let mut bytes = [0; 4096];
        let count = second.read(&mut bytes).unwrap();
        assert_ne!(count, 0, "the second notification is not of the refund");
        body.extend_from_slice(&bytes[..count]);
    }
    second.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n").unwrap();
    until("the second is acknowledged", || notify_status(&mut caller, "A") == "completed");
}

#[test]
fn a_notification_in_flight_is_completed_when_the_sandbox_stops() {
    let gateway = gateway();
    let (url, received) = merchant(Some(200));
    let mut caller = Caller::to(&gateway.url);
    caller.call(NEW, &payout("A", &[("notify_url", &url)]));
    gateway.advance(Duration::from_secs(15));
    let saved = gateway.stop_and_save();
    assert!(received.try_recv().is_ok());
    assert!(saved.contains(r#""notify_status":"completed""#), "{saved}");
}

#[test]
fn only_loopback_urls_are_called() {
    let gateway = gateway();
    let (here, told) = merchant(Some(200));
    let mut caller = Caller::to(&gateway.url);
    for url in ["https://example.com/notify", "http://192.0.2.1/"] {
        caller.call(NEW, &payout(url, &[("notify_url", url)]));
    }
    // A later notification is sent after them.
    caller.call(NEW, &payout("last", &[("notify_url", &here)]));
    gateway.advance(Duration::from_mins(1));
    told.recv_timeout(Duration::from_secs(30)).unwrap();
    for url in ["https://example.com/notify", "http://192.0.2.1/"] {
        assert_eq!(notify_status(&mut caller, url), "none");
    }
}
