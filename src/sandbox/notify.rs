//! Notifications to the merchant when a payment ends (gateway page, `notify_url`). The content is
//! not documented: here it is the payment object, with its texts signed like a request's
//! parameters.

use super::loopback::is_loopback;
use super::orders::{EndedPayment, Orders};
use super::payment::{Field, field, text_of};
use super::signature::Verifier;
use axum::http::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// The merchant's time to acknowledge.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// Calls the `notify_url` of orders whose payment ends.
pub(super) struct Notifier {
    http: reqwest::Client,
    api_key: SecretString,
    signer: Verifier,
    orders: Arc<Orders>,
}

/// A notification to send.
struct Notification {
    url: Url,
    body: String,
    signature: String,
}

/// By order: the payments to notify after the notification in flight.
type Waiting = HashMap<String, VecDeque<EndedPayment>>;

impl Notifier {
    /// Creates a notifier for these orders. Fails if the HTTP client cannot be created.
    pub(super) fn new(
        api_key: SecretString,
        signer: Verifier,
        orders: Arc<Orders>,
    ) -> Result<Notifier, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            // Only loopback URLs are called, over http: no certificate is needed.
            .tls_certs_only([])
            // A merchant can close a pooled connection, so each notification opens a new one.
            .pool_max_idle_per_host(0)
            .timeout(LONGEST_ANSWER)
            .build()?;
        Ok(Notifier { http, api_key, signer, orders })
    }

    /// Applies the scheduled changes and sends the notifications, until the sandbox stops and the
    /// last notification is sent. Those of one order are sent one after another, so that
    /// `notify_status` is the status of the last.
    pub(super) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let notifier = Arc::new(self);
        let mut waiting = Waiting::new();
        let mut in_flight: JoinSet<String> = JoinSet::new();
        let mut is_stopping = false;
        loop {
            for ended in notifier.orders.take_ended() {
                if let Some(line) = waiting.get_mut(&ended.id) {
                    line.push_back(ended);
                } else {
                    waiting.insert(ended.id.clone(), VecDeque::new());
                    in_flight.spawn(Arc::clone(&notifier).notify(ended));
                }
            }
            if is_stopping && in_flight.is_empty() {
                return;
            }
            tokio::select! {
                () = notifier.orders.change(), if !is_stopping => {}
                Some(sent) = in_flight.join_next() => {
                    let Ok(id) = sent else { continue };
                    match waiting.get_mut(&id).and_then(VecDeque::pop_front) {
                        Some(next) => drop(in_flight.spawn(Arc::clone(&notifier).notify(next))),
                        None => drop(waiting.remove(&id)),
                    }
                }
                // An error means that the sandbox, and the sender with it, was dropped.
                _ = stopping.wait_for(|stopping| *stopping), if !is_stopping => is_stopping = true,
            }
        }
    }

    /// Sends one notification; returns the order's id.
    async fn notify(self: Arc<Self>, ended: EndedPayment) -> String {
        let Some(notification) = self.prepare(&ended.fields) else { return ended.id };
        self.orders.set(&ended.id, &[field("notify_status", "delivered")]);
        let sent = self
            .http
            .post(notification.url)
            .header(CONTENT_TYPE, "application/json")
            .header("OC-Key", self.api_key.expose_secret())
            .header("OC-Signature", notification.signature)
            .body(notification.body)
            .send()
            .await;
        let (status, reason) = match sent {
            Ok(answer) if answer.status().is_success() => ("completed", String::new()),
            Ok(answer) => ("failed", format!("HTTP status {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => ("failed", "No answer in time".to_owned()),
            Err(error) if error.is_connect() => ("failed", "No connection".to_owned()),
            Err(_) => ("failed", "The connection broke".to_owned()),
        };
        self.orders.set(
            &ended.id,
            &[field("notify_status", status), field("notify_fail_reason", &reason)],
        );
        ended.id
    }

    /// The notification of a payment that has ended; `None` without a loopback `notify_url`.
    fn prepare(&self, fields: &[Field]) -> Option<Notification> {
        let url = text_of(fields, "notify_url")?;
        let url = Url::parse(&url).ok().filter(is_on_this_machine)?;
        let texts: BTreeMap<&str, String> = fields
            .iter()
            .filter_map(|(name, _)| Some((name.as_str(), text_of(fields, name)?)))
            .collect();
        let signature = self.signer.sign(texts.iter().map(|(name, text)| (*name, text.as_str())));
        let body = serde_json::to_string(&texts).ok()?;
        Some(Notification { url, body, signature })
    }
}

/// Whether a URL may be called: the sandbox calls only http on loopback.
fn is_on_this_machine(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_called() {
        for (url, expected) in [
            ("http://127.0.0.1:9/notify", true),
            ("http://[::1]:9/", true),
            ("http://localhost/", true),
            ("https://127.0.0.1/", false),
            ("http://example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://192.0.2.1/", false),
        ] {
            let url = Url::parse(url);
            assert_eq!(url.is_ok_and(|url| is_on_this_machine(&url)), expected);
        }
    }
}
