//! The sandbox over a real socket, called with hand-written HTTP and without the crate's client.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends that test")]

use super::*;
use hmac::{Hmac, KeyInit, Mac};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GET: &str = "/octopus/api/order/get";
const SUCCESS: &str = concat!(
    r#"{"result":"success","data":{"payment":"#,
    r#"{"merchant_order_id":"A","amount":"5.00"}}}"#
);
const UNKNOWN: &str = concat!(
    r#"{"result":"error","data":{"error":"Order not found","#,
    r#""details":"No order with this merchant_order_id exists."}}"#
);
const FAILURE: &str = r#"{"result":"error","data":"An error occurred processing your request"}"#;

fn settings(book: &str) -> SandboxSettings {
    let book = Book::parse(book).unwrap();
    SandboxSettings::new("KEY".into(), SecretString::from("SECRET"), book)
}

async fn start(book: &str) -> Sandbox {
    Sandbox::start(settings(book)).await.unwrap()
}

/// The signature of a text, computed as the page documents it.
fn signed(text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"SECRET").unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// A request for an order, signed as documented.
fn query(order_id: &str) -> String {
    let body = serde_json::json!({"merchant_order_id": order_id}).to_string();
    let signature = signed(&format!("merchant_order_id={order_id}"));
    request(&format!("POST {GET}"), &headers(&signature), &body)
}

fn headers(signature: &str) -> String {
    format!("Content-Type: application/json\r\nOC-Key: KEY\r\nOC-Signature: {signature}\r\n")
}

fn request(start: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{start} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Sends a request on a new connection and reads to its end: status, head and body; `None` if the
/// connection ends without a byte.
async fn exchange(sandbox: &Sandbox, request: &str) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(sandbox.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some((status, head.to_ascii_lowercase(), body.to_owned()))
}

async fn ask(sandbox: &Sandbox, order_id: &str) -> (u16, String) {
    let (status, _, body) = exchange(sandbox, &query(order_id)).await.unwrap();
    (status, body)
}

fn answer(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

const A: &str = r#"{"merchant_order_id":"A","amount":"5.00"}"#;

#[tokio::test]
async fn a_signed_call_is_answered_with_the_orders_payment() {
    let sandbox = start(A).await;
    let (status, head, body) = exchange(&sandbox, &query("A")).await.unwrap();
    assert_eq!((status, body.as_str()), (200, SUCCESS));
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("\ndate: "), "the client checks its clock against it: {head}");
    assert_eq!(ask(&sandbox, "B").await, answer(200, UNKNOWN));
    assert_eq!(ask(&sandbox, "a").await, answer(200, UNKNOWN));
}

#[tokio::test]
async fn ids_in_any_script_are_found() {
    let id = "=क्रम/7&x=1 +\"é\\\u{202e}🐙\n";
    let sandbox = start(&serde_json::json!({"merchant_order_id": id}).to_string()).await;
    let (status, body) = ask(&sandbox, id).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(body["data"]["payment"]["merchant_order_id"], id);
}

#[tokio::test]
async fn the_flat_shape_has_the_fields_in_data() {
    let mut settings = settings(A);
    (settings.shape, settings.merchant) = (Shape::Flat, Some("M-1".to_owned()));
    let sandbox = Sandbox::start(settings).await.unwrap();
    let flat = concat!(
        r#"{"result":"success","data":{"merchant_order_id":"A","amount":"5.00","#,
        r#""merchant_uid":"M-1","payment":"india"}}"#
    );
    assert_eq!(ask(&sandbox, "A").await, answer(200, flat));
}

#[tokio::test]
async fn a_wrong_key_or_signature_is_refused() {
    let sandbox = start(A).await;
    let (good, body) = (signed("merchant_order_id=A"), r#"{"merchant_order_id":"A"}"#);
    let other_key = headers(&good).replace("KEY", "KEY2");
    let no_key = headers(&good).replace("OC-Key", "X-Key");
    let two_keys = format!("{}OC-Key: KEY\r\n", headers(&good));
    for (headers, body, error) in [
        (headers(&good), r#"{"merchant_order_id":"B"}"#, "Invalid signature"),
        (headers(&good.to_uppercase()), body, "Invalid signature"),
        (headers(""), body, "Invalid signature"),
        (headers(&good).replace("OC-Signature", "X"), body, "Invalid signature"),
        (headers(&good), r#"{"merchant_order_id":"A","x":"1"}"#, "Invalid signature"),
        (other_key, body, "Invalid key"),
        (no_key, body, "Invalid key"),
        (two_keys, body, "Invalid key"),
    ] {
        let request = request(&format!("POST {GET}"), &headers, body);
        let (status, _, answer) = exchange(&sandbox, &request).await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["result"]), (401, &"error".into()), "{headers}{body}");
        assert_eq!(answer["data"]["error"], error, "{headers}{body}");
    }
    let spaced = " {\"empty\":\"\", \"merchant_order_id\" : \"A\"}\n";
    let request = request(&format!("POST {GET}"), &headers(&good), spaced);
    assert_eq!(exchange(&sandbox, &request).await.map(|answer| answer.0), Some(200));
}

#[tokio::test]
async fn an_undocumented_request_gets_the_documented_error() {
    let sandbox = start(A).await;
    let signed_headers = headers(&signed("merchant_order_id=A"));
    let (form, body) = ("application/x-www-form-urlencoded", r#"{"merchant_order_id":"A"}"#);
    let post = format!("POST {GET}");
    let long = format!(r#"{{"merchant_order_id":"{}"}}"#, "A".repeat(64 * 1024));
    let longest = format!(r#"{{"merchant_order_id":"A"{}}}"#, " ".repeat(64 * 1024 - 25));
    assert_eq!(longest.len(), 64 * 1024);
    let beyond = longest.replace('}', " }");
    let taken = exchange(&sandbox, &request(&post, &signed_headers, &longest)).await;
    assert_eq!(taken.map(|(status, ..)| status), Some(200));
    let doubled = r#"{"merchant_order_id":"A","merchant_order_id":"A"}"#;
    for (start, headers, body, expected) in [
        (&*post, signed_headers.replace("application/json", form), body, 415),
        (&post, signed_headers.replace("Content-Type", "X-Type"), body, 415),
        (&post, signed_headers.clone(), "", 400),
        (&post, signed_headers.clone(), r#"{"merchant_order_id":1}"#, 400),
        (&post, signed_headers.clone(), doubled, 400),
        (&post, headers(&signed("")), "{}", 400),
        (&post, headers(&signed("to=1")), r#"{"to":"1"}"#, 400),
        (&post, signed_headers.clone(), &long, 413),
        (&post, signed_headers.clone(), &beyond, 413),
        ("GET /octopus/api/order/get", signed_headers.clone(), body, 404),
        ("POST /octopus/api/order/list", signed_headers.clone(), body, 404),
    ] {
        let request = request(start, &headers, body);
        let (status, _, answer) = exchange(&sandbox, &request).await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let texts = ["error", "details"].map(|key| answer["data"][key].is_string());
        assert_eq!((status, &answer["result"], texts), (expected, &"error".into(), [true, true]));
    }
}

#[tokio::test]
async fn a_merchant_other_than_the_keys_is_refused() {
    let mut settings = settings(A);
    settings.merchant = Some("M-1".to_owned());
    let sandbox = Sandbox::start(settings).await.unwrap();
    for (merchant, expected) in [("M-1", 200), ("M-2", 400)] {
        let body = serde_json::json!({"merchant_uid": merchant, "merchant_order_id": "A"});
        let signature = signed(&format!("merchant_order_id=A&merchant_uid={merchant}"));
        let request = request(&format!("POST {GET}"), &headers(&signature), &body.to_string());
        assert_eq!(exchange(&sandbox, &request).await.map(|answer| answer.0), Some(expected));
    }
}

#[tokio::test]
async fn orders_behave_as_scripted() {
    let scripted =
        |id: &str, script: &str| format!(r#"{{"merchant_order_id":"{id}","sandbox":{script}}}"#);
    let book = [
        scripted("always", r#"{"status":503}"#),
        A.replace(r#""5.00""#, r#""5.00","sandbox":{"status":503,"times":2}"#),
        scripted("paused", r#"{"retry_after":"2"}"#),
        scripted("raw", r#"{"body":"<html>"}"#),
        scripted("gone", r#"{"unknown":true}"#),
    ];
    let sandbox = start(&book.join("\n")).await;
    for _ in 0..3 {
        assert_eq!(ask(&sandbox, "always").await, answer(503, FAILURE));
    }
    assert_eq!(ask(&sandbox, "A").await, answer(503, FAILURE));
    assert_eq!(ask(&sandbox, "A").await, answer(503, FAILURE));
    assert_eq!(ask(&sandbox, "A").await, answer(200, SUCCESS));
    assert_eq!(ask(&sandbox, "raw").await, answer(200, "<html>"));
    assert_eq!(ask(&sandbox, "gone").await, answer(200, UNKNOWN));
    let (status, head, _) = exchange(&sandbox, &query("paused")).await.unwrap();
    assert!(status == 429 && head.contains("retry-after: 2"), "{head}");
}

#[tokio::test]
async fn a_cut_connection_has_no_response() {
    let sandbox = start(&A.replace('}', r#","sandbox":{"close":true,"times":1}}"#)).await;
    assert_eq!(exchange(&sandbox, &query("A")).await, None);
    assert_eq!(ask(&sandbox, "A").await, answer(200, SUCCESS));
    let ends: Vec<_> = sandbox.stop().await.calls.into_iter().map(|call| call.end).collect();
    assert_eq!(ends, [CallEnd::Cut, CallEnd::Answered(200)]);
}

#[tokio::test]
async fn answers_wait_for_latency_and_delay() {
    let mut settings = settings(&A.replace('}', r#","sandbox":{"delay_ms":30}}"#));
    settings.latency = Duration::from_millis(20);
    let sandbox = Sandbox::start(settings).await.unwrap();
    let asked = Instant::now();
    assert_eq!(ask(&sandbox, "A").await, answer(200, SUCCESS));
    assert!(asked.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn the_journal_records_every_call() {
    let sandbox = start(A).await;
    ask(&sandbox, "A").await;
    ask(&sandbox, "B").await;
    let bad = request(&format!("POST {GET}"), &headers("00"), r#"{"merchant_order_id":"C"}"#);
    exchange(&sandbox, &bad).await;
    exchange(&sandbox, &request("GET /elsewhere", "", "")).await;
    let calls = sandbox.journal();
    let seen: Vec<_> =
        calls.iter().map(|call| (&*call.path, call.order_id.as_deref(), call.end)).collect();
    let answered = CallEnd::Answered;
    assert_eq!(
        seen,
        [
            (GET, Some("A"), answered(200)),
            (GET, Some("B"), answered(200)),
            (GET, Some("C"), answered(401)),
            ("/elsewhere", None, answered(404)),
        ]
    );
    assert!(calls.is_sorted_by_key(|call| call.at));
}

#[tokio::test]
async fn an_aborted_call_is_recorded_and_stopping_ends_delays() {
    let sandbox = start(&A.replace('}', r#","sandbox":{"delay_ms":60000}}"#)).await;
    let mut gone = TcpStream::connect(sandbox.address).await.unwrap();
    gone.write_all(query("A").as_bytes()).await.unwrap();
    wait_for(&sandbox, |calls| calls.len() == 1 && calls[0].order_id.is_some()).await;
    assert_eq!(sandbox.journal()[0].end, CallEnd::Open);
    drop(gone);
    wait_for(&sandbox, |calls| calls[0].end == CallEnd::Abandoned).await;

    let mut waiting = TcpStream::connect(sandbox.address).await.unwrap();
    waiting.write_all(query("A").as_bytes()).await.unwrap();
    wait_for(&sandbox, |calls| calls.len() == 2).await;
    let address = sandbox.address;
    let stopped = Instant::now();
    assert_eq!(sandbox.stop().await.calls[1].end, CallEnd::Answered(200));
    assert!(stopped.elapsed() < LONGEST_STOP);
    let mut received = String::new();
    waiting.read_to_string(&mut received).await.unwrap();
    assert!(received.ends_with(SUCCESS), "{received}");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

/// Waits until the journal matches, for at most a minute.
async fn wait_for(sandbox: &Sandbox, shows: impl Fn(&[Call]) -> bool) {
    let looks = async {
        while !shows(&sandbox.journal()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looks).await.unwrap();
}

#[tokio::test]
async fn one_connection_carries_many_calls() {
    let sandbox = start(A).await;
    let mut stream = TcpStream::connect(sandbox.address).await.unwrap();
    let call = query("A").replace("Connection: close\r\n", "");
    for _ in 0..3 {
        stream.write_all(call.as_bytes()).await.unwrap();
        let (mut received, mut buffer) = (Vec::new(), [0; 1024]);
        while !received.ends_with(SUCCESS.as_bytes()) {
            let count = stream.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "the connection was closed");
            received.extend_from_slice(&buffer[..count]);
        }
    }
    assert_eq!(sandbox.stop().await.calls.len(), 3);
}

#[tokio::test]
async fn it_starts_only_on_loopback_and_with_credentials() {
    for address in ["0.0.0.0:8787", "[::]:8787", "192.0.2.1:8787"] {
        let mut settings = settings("");
        settings.listen = address.parse().unwrap();
        let message = Sandbox::start(settings).await.unwrap_err().to_string();
        let expected = format!(
            "the sandbox does not listen on {address}, which other machines can reach: \
             use a loopback address, e.g. 127.0.0.1:8787, or allow it with --allow-remote"
        );
        assert_eq!(message, expected);
    }
    let mut unset = settings("");
    unset.api_secret = SecretString::from("");
    assert!(matches!(Sandbox::start(unset).await, Err(SandboxError::EmptyCredentials)));

    let first = start("").await;
    assert_eq!(first.base_url(), format!("http://127.0.0.1:{}", first.address.port()));
    let mut second = settings("");
    second.listen = first.address;
    assert!(matches!(Sandbox::start(second).await, Err(SandboxError::Listen { .. })));
}

#[tokio::test]
async fn the_book_of_the_demonstration_is_served_with_relative_dates() {
    let sandbox = start(include_str!("../../fixtures/demo/book.jsonl")).await;
    let (status, body) = ask(&sandbox, "=cmd|'/C calc'!A0").await;
    assert!(status == 200 && body.contains("\"notify_status\":\"failed\""), "{body}");
    assert_eq!(ask(&sandbox, "DEMO-MISSING-1").await, answer(200, UNKNOWN));
    for ledger in [
        include_str!("../../fixtures/demo/ledger-1.csv"),
        include_str!("../../fixtures/demo/ledger-2.csv"),
    ] {
        let dated = relative::with_dates(ledger, chrono::Utc::now());
        assert!(ledger.contains('{') && !dated.contains('{'));
    }
}
