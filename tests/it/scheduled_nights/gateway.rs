//! A gateway that says of each order what the test gives, and keeps its connections open. It sends
//! no Date: the test's clock is not the machine's.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// Its threads end with the test process.
pub struct DayGateway {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    payments: BTreeMap<String, Value>,
    calls: Vec<String>,
}

impl DayGateway {
    pub fn serve() -> DayGateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A connection that breaks has no further calls.
                    let _ended = answer_all(&stream.unwrap(), &state);
                });
            }
        });
        DayGateway { url, state }
    }

    /// From now on this is what it says; of any other order, that there is none.
    pub fn says(&self, payments: BTreeMap<String, Value>) {
        self.state().payments = payments;
    }

    /// The orders of the calls since [`DayGateway::forget_calls`].
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn answer_all(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body).unwrap();
        let order = body["merchant_order_id"].as_str().unwrap().to_owned();
        let said = {
            let mut state = state.lock().unwrap();
            let payment = state.payments.get(&order).cloned();
            state.calls.push(order);
            match payment {
                Some(payment) => json!({ "result": "success", "data": { "payment": payment } }),
                None => json!({ "result": "error", "data": "Order not found" }),
            }
        };
        let said = said.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            said.len()
        );
        (&mut &*stream).write_all([head, said].concat().as_bytes())?;
    }
}
