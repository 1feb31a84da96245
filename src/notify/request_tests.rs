//! What is sent to each monitor.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use std::time::Duration;

fn ended(exit_code: u8, is_success: bool) -> End {
    let text = format!("run 6 ended {exit_code}: 1 of 3 orders & more");
    End {
        text,
        exit_code,
        is_success,
        duration: Duration::from_millis(1_500),
        is_interrupted: false,
    }
}

fn sent(url: &str, request: impl Fn(&PingUrl) -> Option<PingRequest>) -> String {
    let to = PingUrl::try_from(url.to_owned()).unwrap();
    let shown = |it: PingRequest| format!("{} {} [{}]", it.method, it.url, it.body);
    request(&to).map(shown).unwrap_or_default()
}

#[test]
fn healthchecks_gets_a_path_for_each_signal_and_the_text_as_body() {
    for (url, path, query) in [
        ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid", "?rid=r"),
        ("https://hc-ping.com/uuid/", "https://hc-ping.com/uuid", "?rid=r"),
        (
            "https://hc-ping.com/key/slug?create=1",
            "https://hc-ping.com/key/slug",
            "?create=1&rid=r",
        ),
        ("http://localhost:8000/ping/uuid#x", "http://localhost:8000/ping/uuid", "?rid=r"),
    ] {
        let started = sent(url, |to| start(to, "r", "started"));
        assert_eq!(started, format!("POST {path}/start{query} [started]"));
        for (code, is_success, signal) in [
            (0, true, ""),
            (1, true, ""),
            (3, false, "/3"),
            (13, false, "/13"),
            (143, false, "/143"),
        ] {
            let text = format!("run 6 ended {code}: 1 of 3 orders & more");
            let told = sent(url, |to| Some(end(to, "r", &ended(code, is_success))));
            assert_eq!(told, format!("POST {path}{signal}{query} [{text}]"));
        }
    }
}

#[test]
fn uptime_kuma_gets_everything_in_the_query_and_no_start() {
    for url in [
        "https://kuma.example.com/api/push/token?status=up&msg=OK&ping=",
        "https://kuma.example.com/api/push/token",
    ] {
        assert_eq!(sent(url, |to| start(to, "r", "started")), "");
        for (code, is_success, word) in [(1, true, "up"), (13, false, "down")] {
            let told = sent(url, |to| Some(end(to, "r", &ended(code, is_success))));
            let text = format!("run+6+ended+{code}%3A+1+of+3+orders+%26+more");
            let query = format!("status={word}&msg={text}&ping=1500");
            assert_eq!(told, format!("GET https://kuma.example.com/api/push/token?{query} []"));
        }
    }
    let other = sent("https://kuma.example.com/sub/api/push/t?team=a%26b", |to| {
        Some(end(to, "r", &ended(0, true)))
    });
    assert!(other.starts_with("GET https://kuma.example.com/sub/api/push/t?team=a%26b&status=up"));
}

#[test]
fn a_rid_is_a_uuid_of_version_4() {
    let mut random = fastrand::Rng::with_seed(7);
    let rids: Vec<String> = (0..100).map(|_| new_rid(&mut random)).collect();
    for rid in &rids {
        let lengths: Vec<usize> = rid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{rid}");
        assert!(rid.chars().all(|it| it == '-' || it.is_ascii_hexdigit()), "{rid}");
        assert_eq!(&rid[14..15], "4", "{rid}");
        assert!("89ab".contains(&rid[19..20]), "{rid}");
    }
    let mut different = rids.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), rids.len());
}
