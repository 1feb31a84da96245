//! A monitor on loopback that keeps what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What a monitor was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub method: String,
    /// The path without the secret part, and the query behind it without the run's UUID.
    pub path: String,
    pub query: String,
    pub rid: String,
    pub body: String,
}

/// A server that answers each request with this, and remembers it.
pub struct Monitor {
    pub url: String,
    told: Receiver<Told>,
}

impl Monitor {
    pub fn start() -> Monitor {
        Monitor::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK")
    }

    pub fn answering(answer: &str) -> Monitor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, told) = channel();
        let answer = answer.to_owned();
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = read(&stream)
                    && tell.send(request).is_err()
                {
                    return;
                }
                let _reader_may_be_gone = (&stream).write_all(answer.as_bytes());
            }
        });
        Monitor { url, told }
    }

    /// The requests that came since the last time.
    pub fn told(&self) -> Vec<Told> {
        self.told.try_iter().collect()
    }
}

fn read(stream: &TcpStream) -> Option<Told> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = head.split_whitespace();
    let method = words.next()?.to_owned();
    let url = words.next()?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (rids, others): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("rid="));
    Some(Told {
        method,
        path: path.replace(super::PLANTED, "…"),
        query: others.join("&"),
        rid: rids.join("&").replace("rid=", ""),
        body: String::from_utf8(body).ok()?,
    })
}
