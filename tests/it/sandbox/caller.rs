//! A test client: plain HTTP/1.1 over one connection, with its own signatures.

#![expect(clippy::unwrap_used, reason = "a test that cannot call has failed")]

use crate::support::{API_KEY, API_SECRET};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub const NEW: &str = "/octopus/api/order/new";
pub const GET: &str = "/octopus/api/order/get";

/// A persistent connection.
pub struct Caller(BufReader<TcpStream>);

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The payment of a success.
    pub fn payment(&self) -> Value {
        assert_eq!(self.json()["result"], "success", "{self:?}");
        self.json()["data"]["payment"].clone()
    }

    /// The text of an error, in either form.
    pub fn error(&self) -> String {
        let json = self.json();
        assert_eq!(json["result"], "error", "{self:?}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        text(&json["data"]).or_else(|| text(&json["data"]["details"])).unwrap()
    }
}

impl Caller {
    pub fn to(url: &str) -> Caller {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        Caller(BufReader::new(stream))
    }

    /// Sends these bytes and reads one response.
    pub fn send(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.0.get_mut().write_all(request.as_ref()).unwrap();
        self.receive()
    }

    /// Reads one response.
    pub fn receive(&mut self) -> Response {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        Response { status, headers, body: String::from_utf8(body).unwrap() }
    }

    /// Sends JSON, unless it is null, and returns the `value` of the response.
    pub fn json(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let answer = self.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\
             Content-Type: application/json\r\n\r\n{body}"
        ));
        answer.json()["value"].clone()
    }

    /// A signed call with these parameters.
    pub fn call(&mut self, path: &str, params: &[(&str, &str)]) -> Response {
        let body: BTreeMap<&str, &str> = params.iter().copied().collect();
        let body = serde_json::to_string(&body).unwrap();
        self.send(request(path, &signature(API_SECRET, params), &body))
    }

    /// Opens a page.
    pub fn open(&mut self, path: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Sends a page's form.
    pub fn submit(&mut self, path: &str, form: &str) -> Response {
        let length = form.len();
        self.send(format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
        ))
    }
}

/// A request with the tests' key.
pub fn request(path: &str, signature: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n\
         OC-Key: {API_KEY}\r\nOC-Signature: {signature}\r\nUser-Agent: caller/1\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The signature that the page documents.
pub fn signature(secret: &str, params: &[(&str, &str)]) -> String {
    let sorted: BTreeMap<&str, &str> = params.iter().copied().collect();
    let given = sorted.iter().filter(|(_, value)| !value.is_empty());
    let text: Vec<String> = given.map(|(key, value)| format!("{key}={value}")).collect();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.join("&").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The parameters of a deposit with these changes; an empty value removes one.
pub fn deposit<'a>(id: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("transaction_type", "income"),
        ("amount", "100.00"),
        ("merchant_order_id", id),
        ("merchant_uid", "M-1"),
        ("currency", "inr"),
        ("payment", "india"),
        ("accounting_type", "receive"),
        ("response_type", "json"),
    ];
    let mut params: BTreeMap<&str, &str> = usual.into_iter().collect();
    params.extend(changes.iter().copied());
    params.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The parameters of a payout with these changes.
pub fn payout<'a>(id: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual =
        [("transaction_type", "expense"), ("accounting_type", "pay"), ("to", "6660006666987")];
    deposit(id, &[&usual[..], changes].concat())
}
