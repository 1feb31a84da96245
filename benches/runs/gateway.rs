//! A gateway that is never the limit: it answers every `order/get` from a template, verifies
//! nothing, and notes when each call came. It runs as a process of its own, so that its time is
//! not counted as the client's.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The argument for uids that are spread evenly.
pub const SCATTERED: &str = "scattered";

/// What it saw.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Calls.
    pub calls: u32,
    /// From the first to the last of them.
    pub span: Duration,
    /// The most calls in any second.
    pub busiest_second: u32,
    /// From the gateway's own start to the first call.
    pub first_ms_since_epoch: u128,
}

/// A gateway in a process of its own.
pub struct Gateway {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    pub url: String,
}

impl Gateway {
    /// Starts this very program again, as a gateway.
    pub fn start(latency: Duration) -> Gateway {
        Gateway::start_with(latency, "in-order")
    }

    /// The same, with payments whose uids are spread evenly, as random ones are.
    pub fn start_scattered() -> Gateway {
        Gateway::start_with(Duration::ZERO, SCATTERED)
    }

    fn start_with(latency: Duration, uids: &str) -> Gateway {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["serve", &latency.as_millis().to_string(), uids])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        stdout.read_line(&mut url).unwrap();
        Gateway { child, stdout, url: url.trim().to_owned() }
    }

    /// Ends it.
    pub fn stop(mut self) -> Seen {
        drop(self.child.stdin.take());
        let mut report = String::new();
        self.stdout.read_to_string(&mut report).unwrap();
        self.child.wait().unwrap();
        let mut numbers = report.split_whitespace().map(|number| number.parse::<u128>().unwrap());
        let mut next = || numbers.next().unwrap();
        Seen {
            calls: u32::try_from(next()).unwrap(),
            span: Duration::from_micros(u64::try_from(next()).unwrap()),
            busiest_second: u32::try_from(next()).unwrap(),
            first_ms_since_epoch: next(),
        }
    }
}

/// The gateway's own process: prints its URL, serves until stdin ends, prints what it saw.
#[expect(clippy::print_stdout, reason = "that is how the parent learns of it")]
pub fn serve(latency: Duration, scattered: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arrivals: Rc<RefCell<Vec<Instant>>> = Rc::default();
    let (stopped, mut stop) = tokio::sync::mpsc::channel::<()>(1);
    std::thread::spawn(move || {
        let _ended = std::io::stdin().read_to_end(&mut Vec::new());
        drop(stopped);
    });
    let begun = (Instant::now(), std::time::SystemTime::now());
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        std::io::stdout().flush().unwrap();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted.unwrap();
                    stream.set_nodelay(true).unwrap();
                    tokio::task::spawn_local(connection(
                        stream, latency, scattered, Rc::clone(&arrivals),
                    ));
                }
                _ = stop.recv() => break,
            }
        }
    }));
    let arrivals = arrivals.take();
    let span = match (arrivals.first(), arrivals.last()) {
        (Some(first), Some(last)) => *last - *first,
        _ => Duration::ZERO,
    };
    let first = arrivals.first().map_or(Duration::ZERO, |first| *first - begun.0);
    let first = (begun.1 + first).duration_since(std::time::UNIX_EPOCH).unwrap();
    let busiest = busiest_second(&arrivals);
    println!("{} {} {busiest} {}", arrivals.len(), span.as_micros(), first.as_millis());
}

/// The most of these in any second.
fn busiest_second(arrivals: &[Instant]) -> usize {
    let (mut most, mut first) = (0, 0);
    for (last, at) in arrivals.iter().enumerate() {
        while *at - arrivals[first] >= Duration::from_secs(1) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

async fn connection(
    mut stream: TcpStream,
    latency: Duration,
    scattered: bool,
    arrivals: Rc<RefCell<Vec<Instant>>>,
) {
    let mut buffer = Vec::with_capacity(4096);
    let mut answer = Vec::with_capacity(2048);
    loop {
        buffer.clear();
        loop {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) if is_whole(&buffer) => break,
                Ok(_) => {}
            }
        }
        arrivals.borrow_mut().push(Instant::now());
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        write_answer(order_id(&buffer), scattered, &mut answer);
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = find(request, b"\r\n\r\n") else { return false };
    let lower = request[..head].to_ascii_lowercase();
    let length = find(&lower, b"content-length: ").map(|at| &lower[at + 16..]);
    let digits = length.map(|length| length.iter().take_while(|byte| byte.is_ascii_digit()));
    let length = digits.map_or(0, |digits| {
        digits.fold(0_usize, |number, digit| number * 10 + usize::from(digit - b'0'))
    });
    request.len() >= head + 4 + length
}

/// The id as it stands in the JSON; those of the benchmarks need no escapes.
fn order_id(request: &[u8]) -> &[u8] {
    const KEY: &[u8] = b"\"merchant_order_id\":\"";
    let Some(at) = find(request, KEY) else { return b"?" };
    let rest = &request[at + KEY.len()..];
    &rest[..rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len())]
}

/// A completed payment of 100.00; of each hundred orders, three are settled short.
fn write_answer(id: &[u8], scattered: bool, answer: &mut Vec<u8>) {
    let is_short = id.len() >= 2 && matches!(&id[id.len() - 2..], b"00" | b"01" | b"02");
    let final_amount = if is_short { "90.00" } else { "100.00" };
    // FNV-1a, and a multiplication that carries the last digits into the first.
    let hash = id.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let id = String::from_utf8_lossy(id);
    let uid = if scattered {
        format!("{:016x}", hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).swap_bytes())
    } else {
        format!("PAY-{id}")
    };
    let body = format!(
        r#"{{"result":"success","data":{{"payment":{{"from":"6660006666789","from_name":"Payer","from_bank_name":"UPI","to":"6660006666987","to_name":"Payee","to_bank_name":"UPI","amount":"100.00","final_amount":"{final_amount}","currency":"inr","country":"India","transaction_type":"income","accounting_type":"receive","merchant_order_id":"{id}","merchant_uid":"M-1","merchant_name":"Merchant","channel":"upi","payment_status":"completed","payment_fail_reason":"","payment":"india","response_type":"json","ip":"203.0.113.7","user_agent":"Mozilla/5.0","distribute_rules":"","payment_uid":"{uid}","redirect_url":"https://example.com/r","notify_url":"https://example.com/n","notify_status":"completed","notify_fail_reason":"","accounting_status":"accounted","accounting_fail_reason":"","signature_key":"0123456789abcdef0123456789abcdef"}}}}}}"#
    );
    answer.clear();
    let _written = write!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         date: Tue, 24 Nov 2026 00:00:00 GMT\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}
