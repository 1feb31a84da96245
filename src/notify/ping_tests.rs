//! Pings that hang or fail: how long they take, and what is tried again.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::*;
use crate::notify::PingUrl;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

const SHORT: Limits = Limits {
    start: Duration::from_millis(50),
    end: Duration::from_millis(150),
    interrupted: Duration::from_millis(50),
    between: Duration::from_millis(1),
};

fn settings(listener: &TcpListener) -> NotifySettings {
    let url = format!("http://{}/ping/planted", listener.local_addr().unwrap());
    NotifySettings { ping_url: PingUrl::try_from(url).ok(), ..NotifySettings::default() }
}

fn end(is_interrupted: bool) -> End {
    End {
        text: "run 1 ended 0: 3 orders, nothing to report".to_owned(),
        exit_code: 0,
        is_success: true,
        duration: Duration::ZERO,
        is_interrupted,
    }
}

/// Answers each connection with the next of these, and gives the first lines of the requests.
fn serve(listener: TcpListener, answers: &'static [&'static str]) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 2_048];
            let read = stream.read(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            requests.push(text.lines().next().unwrap_or_default().to_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    })
}

#[test]
fn a_monitor_that_never_answers_takes_no_longer_than_the_limits() {
    // It accepts connections, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for is_interrupted in [false, true] {
        let began = Instant::now();
        let pinger = Pinger::start_within(SHORT, &settings(&listener), String::new()).unwrap();
        let returned = began.elapsed();
        pinger.end(end(is_interrupted));
        let all = began.elapsed();
        assert!(returned < SHORT.start, "the start is not waited for: {returned:?}");
        let limit = if is_interrupted { SHORT.interrupted } else { SHORT.end };
        assert!(all >= SHORT.start + limit, "{all:?}");
        assert!(all < Duration::from_secs(10), "{all:?}");
    }
    assert!(LIMITS.start + LIMITS.end <= Duration::from_secs(10));
}

#[test]
fn the_end_comes_behind_the_start_and_is_tried_again() {
    const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = settings(&listener);
    let served = serve(listener, &[OK, BUSY, OK]);
    let pinger = Pinger::start(&settings, "started".to_owned()).unwrap();
    pinger.end(end(false));
    let requests = served.join().unwrap();
    assert!(requests[0].starts_with("POST /ping/planted/start?rid="), "{requests:?}");
    assert!(requests[1].starts_with("POST /ping/planted?rid="), "{requests:?}");
    assert_eq!(requests[1], requests[2]);
}

#[test]
fn what_a_monitor_answers_may_be_a_failure() {
    for (answer, why) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\nOK (not found)", Some("not found")),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
            Some("302"),
        ),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Some("it answered 404")),
        ("no HTTP at all\r\n\r\n", Some("invalid HTTP")),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/planted", listener.local_addr().unwrap());
        let answers: &'static [&'static str] = if why == Some("invalid HTTP") {
            &["no HTTP at all\r\n\r\n"; 3]
        } else {
            Box::leak(Box::new([answer]))
        };
        let served = serve(listener, answers);
        let to = PingUrl::try_from(url).unwrap();
        let ping = request::end(&to, "r", &end(false));
        let sent = send(ping, None, Duration::from_secs(10), Duration::from_millis(1));
        assert_eq!(sent.is_ok(), why.is_none(), "{answer}: {sent:?}");
        let said = sent.err().unwrap_or_default();
        assert!(said.contains(why.unwrap_or_default()), "{answer}: {said}");
        assert!(!said.contains("planted"), "{said}");
        drop(served);
    }
}

#[test]
fn a_proxy_that_is_no_url_and_a_port_that_is_closed_are_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = settings(&listener).ping_url.unwrap();
    drop(listener);
    let ping = || request::end(&to, "r", &end(false));
    let limit = Duration::from_secs(10);
    let refused = send(ping(), None, limit, Duration::from_millis(1));
    assert!(refused.as_ref().is_err_and(|why| why.contains("refused")), "{refused:?}");
    let proxy = send(ping(), Some("http://"), limit, Duration::from_millis(1));
    assert!(proxy.is_err(), "{proxy:?}");
}
