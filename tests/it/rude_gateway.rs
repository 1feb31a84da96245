//! A faulty gateway: a bare TCP server that handles each call as the test says, also with invalid
//! HTTP. It shares no code with the sandbox, which always sends valid HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::paid;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A received call: its time and its order.
pub type Arrival = (Instant, String);

/// A received request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path of the request line, e.g. `/octopus/api/order/get`.
    pub path: String,
    /// The request line and the headers.
    pub head: String,
    /// The JSON, unchanged.
    pub body: String,
    /// The order it is about.
    pub order: String,
}

impl Request {
    /// Parses a request; `None` until it is complete.
    fn read(bytes: &[u8]) -> Option<Request> {
        let (head, body) = std::str::from_utf8(bytes).ok()?.split_once("\r\n\r\n")?;
        let json: serde_json::Value = serde_json::from_str(body).ok()?;
        Some(Request {
            path: head.split(' ').nth(1)?.to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
            order: json["merchant_order_id"].as_str()?.to_owned(),
        })
    }

    /// Whether it is a call of `order/new`, not of `order/get`.
    pub fn is_new(&self) -> bool {
        self.path == "/octopus/api/order/new"
    }

    /// A header's value; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A server on a free port of 127.0.0.1. Its threads end with the test process.
pub struct RudeGateway {
    pub url: String,
    arrivals: Arc<Mutex<Vec<(Instant, Request)>>>,
}

/// One call. Its request stays unread, so that closing the connection resets it.
pub struct Turn {
    /// The order it is about.
    pub order: String,
    /// The request.
    pub request: Request,
    /// The number of earlier calls for this order.
    pub earlier: usize,
    pub stream: TcpStream,
    length: usize,
}

impl RudeGateway {
    /// Serves each call with `behave` on a separate thread, then closes the connection.
    pub fn serve(behave: impl Fn(Turn) + Send + Sync + 'static) -> RudeGateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let (behave, journal) = (Arc::new(behave), Arc::clone(&arrivals));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (behave, journal) = (Arc::clone(&behave), Arc::clone(&journal));
                let stream = stream.unwrap();
                std::thread::spawn(move || {
                    if let Some(turn) = Turn::take(stream, &journal) {
                        behave(turn);
                    }
                });
            }
        });
        RudeGateway { url, arrivals }
    }

    /// The calls so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let arrivals = self.arrivals.lock().unwrap();
        arrivals.iter().map(|(at, request)| (*at, request.order.clone())).collect()
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.arrivals.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }

    /// The number of calls for an order.
    pub fn calls_for(&self, order: &str) -> usize {
        self.arrivals().iter().filter(|(_, asked)| asked == order).count()
    }
}

impl Turn {
    /// Waits until the request is complete.
    fn take(stream: TcpStream, journal: &Mutex<Vec<(Instant, Request)>>) -> Option<Turn> {
        let mut bytes = [0; 8192];
        loop {
            let length = stream.peek(&mut bytes).ok().filter(|length| *length > 0)?;
            if let Some(request) = Request::read(&bytes[..length]) {
                let order = request.order.clone();
                let mut calls = journal.lock().unwrap();
                let earlier = calls.iter().filter(|(_, asked)| asked.order == order).count();
                calls.push((Instant::now(), request.clone()));
                return Some(Turn { order, request, earlier, stream, length });
            }
            std::thread::yield_now();
        }
    }

    /// Sends these bytes unchanged, and closes the connection, which the client may have closed.
    pub fn send(mut self, bytes: impl AsRef<[u8]>) {
        self.read_request();
        let _ = self.stream.write_all(bytes.as_ref());
        let _ = self.stream.shutdown(Shutdown::Write);
        // Closing with unread data would reset the connection, and could discard the bytes sent.
        let _ = self.stream.set_read_timeout(Some(Duration::from_secs(1)));
        let _ = self.stream.read(&mut [0]);
    }

    /// Sends a complete HTTP response.
    pub fn answer(self, status: &str, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let length = body.len();
        let head = head(status, &format!("{headers}Content-Length: {length}\r\n"));
        self.send([head.as_bytes(), body].concat());
    }

    /// Sends the answer of a gateway without faults.
    pub fn answer_well(self) {
        let body = success(&self.order);
        self.answer("200 OK", "", body);
    }

    /// Sends these bytes and resets the connection, by closing it with unread data.
    pub fn reset_after(mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Reads the request and never answers.
    pub fn keep_silent(mut self) {
        self.read_request();
        let _ = self.stream.read(&mut [0]);
    }

    pub fn read_request(&mut self) {
        let mut request = vec![0; self.length];
        self.stream.read_exact(&mut request).unwrap();
    }
}

/// The head of a response; each connection serves one.
pub fn head(status: &str, headers: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
}

/// The body of a trustworthy answer.
pub fn success(order: &str) -> String {
    let payment = paid(order, "100.00", json!({}));
    format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#)
}

/// The order of a request; `None` until the request is complete.
pub fn order_in(request: &[u8]) -> Option<String> {
    Some(Request::read(request)?.order)
}
