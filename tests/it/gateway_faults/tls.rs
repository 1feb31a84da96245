//! Trusted certificates: an invalid certificate is not retried, and no setting accepts it. A
//! private CA can be configured.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{head, order_in, success};
use crate::support::{Done, Merchant, ledger};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const KEY: &[u8] = include_bytes!("certificates/server.key");
const AUTHORITY: &str = include_str!("certificates/authority.pem");
const STRANGER: &str = include_str!("certificates/stranger.pem");
const GOOD: &[u8] = include_bytes!("certificates/good.pem");
const SELF_SIGNED: &[u8] = include_bytes!("certificates/self-signed.pem");
const WRONG_NAME: &[u8] = include_bytes!("certificates/wrong-name.pem");
const EXPIRED: &[u8] = include_bytes!("certificates/expired.pem");

/// A gateway without faults behind this certificate. Returns its port and its count of
/// connections.
fn serve(certificate: &[u8]) -> (u16, Arc<AtomicUsize>) {
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            std::thread::spawn(move || talk(connection, stream.unwrap()));
        }
    });
    (port, connections)
}

fn talk(mut connection: ServerConnection, mut stream: TcpStream) {
    let mut tls = Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = tls.read(&mut bytes) {
        request.extend_from_slice(&bytes[..length]);
        if let Some(order) = order_in(&request) {
            let body = success(&order);
            let head = head("200 OK", &format!("Content-Length: {}\r\n", body.len()));
            let _ = tls.write_all(format!("{head}{body}").as_bytes());
            connection.send_close_notify();
            let _ = connection.complete_io(&mut stream);
            return;
        }
    }
}

/// A run against it that trusts this CA, or the machine's CAs if it is empty.
fn run(port: u16, authority: &str) -> Done {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    merchant.write("authority.pem", authority);
    let trust = if authority.is_empty() { "" } else { "ca_file = \"authority.pem\"\n" };
    merchant.write("octopus-recon.toml", format!("[gateway]\nbackoff_first_ms = 1\n{trust}"));
    merchant.reconcile(&format!("https://127.0.0.1:{port}"), &["--ledger", "ledger.csv"])
}

#[test]
fn a_private_ca_can_be_configured() {
    let (port, connections) = serve(GOOD);
    let done = run(port, AUTHORITY);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 6);
}

#[test]
fn an_invalid_certificate_is_not_retried() {
    for (what, certificate, authority, words, to_do) in [
        (
            "nobody's",
            GOOD,
            "",
            "its certificate is signed by a CA that this machine does not trust",
            "set [gateway] ca_file to its PEM file",
        ),
        (
            "a stranger's",
            GOOD,
            STRANGER,
            "its certificate is not signed by a CA of [gateway] ca_file",
            "put the CA that signs the gateway's certificate into it",
        ),
        ("self-signed", SELF_SIGNED, AUTHORITY, "its certificate is ", "ca_file"),
        (
            "for another name",
            WRONG_NAME,
            AUTHORITY,
            "its certificate is for pay.example.com, not for 127.0.0.1",
            "to the name that the certificate has",
        ),
        (
            "expired",
            EXPIRED,
            AUTHORITY,
            "its certificate expired on 2026-11-23 15:28 UTC (",
            "the gateway has to renew it: tell its support. Is this machine's clock right?",
        ),
    ] {
        let (port, connections) = serve(certificate);
        let done = run(port, authority);
        assert_eq!(done.code, Some(13), "{what}: {done:?}");
        let at = format!("no trusted connection to the gateway at 127.0.0.1:{port}: {words}");
        assert!(done.stderr.contains(&at), "{what}: {done:?}");
        let hint = done.stderr.split_once(" hint: ").map(|(_, hint)| hint).unwrap();
        assert!(hint.contains(to_do) && !hint.contains("wait"), "{what}: {hint}");
        assert!(hint.contains("resume: octopus-recon run --resume 1"), "{what}: {hint}");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{what}");
    }
}

/// A handshake that never ends is a connection that is never made.
#[test]
fn silence_in_the_handshake_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    merchant.write("authority.pem", AUTHORITY);
    let settings = "connect_timeout_seconds = 1\nmax_attempts = 1\nca_file = \"authority.pem\"\n";
    merchant.write("octopus-recon.toml", format!("[gateway]\n{settings}"));
    let started = Instant::now();
    let done = merchant.reconcile(&url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(13), "{done:?}");
    assert!(done.stderr.contains("no connection"), "{done:?}");
    assert!((1..10).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[test]
fn plain_http_instead_of_tls_is_not_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(format!("{}{}", head("200 OK", ""), success("A1")).as_bytes());
        }
    });
    let done = run(port, AUTHORITY);
    assert_eq!(done.code, Some(13), "{done:?}");
}
