//! A gateway that records each call and the answer it gave. It shares no code with the sandbox or
//! the client.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One call: the order that was asked for, and the body that was sent back.
#[derive(Debug, Clone)]
pub struct Call {
    pub order: String,
    pub body: String,
}

#[derive(Default)]
struct Shared {
    bodies: BTreeMap<String, String>,
    calls: Vec<Call>,
}

/// A server on a free port of 127.0.0.1. Its threads end with the test process.
pub struct Gateway {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Gateway {
    pub fn start() -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let of_threads = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_threads);
                // A caller that is killed resets its connection. That is no error here.
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Gateway { url, shared }
    }

    /// Gives these answers from now on, by order id.
    pub fn answer(&self, bodies: BTreeMap<String, String>) {
        self.shared.lock().unwrap().bodies = bodies;
    }

    /// The calls since the last time they were taken.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.lock().unwrap().calls)
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<Shared>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request).ok()?;
        let request: serde_json::Value = serde_json::from_slice(&request).ok()?;
        let order = request["merchant_order_id"].as_str()?.to_owned();
        let body = {
            let mut shared = shared.lock().unwrap();
            let body = shared.bodies.get(&order).cloned().unwrap_or_else(no_such_order);
            shared.calls.push(Call { order, body: body.clone() });
            body
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
        let response = format!("{head}{}\r\n\r\n{body}", body.len());
        let mut writer = stream;
        writer.write_all(response.as_bytes()).ok()?;
    }
}

/// The documented form of an error.
pub fn no_such_order() -> String {
    r#"{"result":"error","data":"Order not found"}"#.to_owned()
}
