//! What a monitor is sent, in the form that it takes: healthchecks.io's pings (a path for each
//! signal, the text as the body), or those of Uptime Kuma's push monitors (all in the query).

use super::ping::End;
use super::settings::PingUrl;
use reqwest::Method;
use url::Url;

/// Where Uptime Kuma takes pings.
const KUMA_PATH: &str = "/api/push/";
/// Parameters that Uptime Kuma reads. Its own page shows an address that has them already.
const KUMA_PARAMETERS: [&str; 3] = ["status", "msg", "ping"];

/// A request that tells a monitor something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PingRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: String,
}

/// That a run has started. `None`: Uptime Kuma has no word for it; any ping without one means that
/// all is well. `rid` is the same for start and end of a run, a UUID.
pub(super) fn start(to: &PingUrl, rid: &str, text: &str) -> Option<PingRequest> {
    (!is_kuma(to)).then(|| healthchecks(to, Some("start"), rid, text))
}

/// That a run has ended. Healthchecks.io takes an exit code other than 0 as a failure, so that of
/// a success is not sent. A failure with the code 0 is one without an exit code.
pub(super) fn end(to: &PingUrl, rid: &str, end: &End) -> PingRequest {
    if is_kuma(to) {
        return kuma(to, end);
    }
    let failure = match (end.is_success, end.exit_code) {
        (true, _) => None,
        (false, 0) => Some("fail".to_owned()),
        (false, code) => Some(code.to_string()),
    };
    healthchecks(to, failure.as_deref(), rid, &end.text)
}

fn is_kuma(to: &PingUrl) -> bool {
    to.url().path().contains(KUMA_PATH)
}

fn healthchecks(to: &PingUrl, signal: Option<&str>, rid: &str, text: &str) -> PingRequest {
    let mut url = to.url().clone();
    // An http URL always has segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(signal);
    }
    url.query_pairs_mut().append_pair("rid", rid);
    PingRequest { method: Method::POST, url, body: text.to_owned() }
}

/// Its graph of response times shows how long each run took.
fn kuma(to: &PingUrl, end: &End) -> PingRequest {
    let mut url = to.url().clone();
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !KUMA_PARAMETERS.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("status", if end.is_success { "up" } else { "down" })
        .append_pair("msg", &end.text)
        .append_pair("ping", &end.duration.as_millis().to_string());
    PingRequest { method: Method::GET, url, body: String::new() }
}

/// A new UUID (version 4) for the pings of one run.
pub(super) fn new_rid(random: &mut fastrand::Rng) -> String {
    let digits = format!("{:032x}", random.u128(..));
    let variant = random.choice(['8', '9', 'a', 'b']).unwrap_or('8');
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    )
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
