//! Telling the merchant that a payment has ended (gateway page, `notify_url`). What is sent is not
//! documented: here it is the payment object, its texts signed as a request's parameters are.

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

/// How long the merchant has to acknowledge.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// Calls `notify_url` of orders that end.
pub struct Notifier {
    http: reqwest::Client,
    api_key: SecretString,
    signer: Verifier,
    orders: Arc<Orders>,
}

/// A notification on its way.
struct Notification {
    url: Url,
    body: String,
    signature: String,
}

/// An order's ends that nobody has been told of yet, while it is told of an earlier one.
type Waiting = HashMap<String, VecDeque<EndedPayment>>;

impl Notifier {
    /// A notifier of these orders' merchant.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(
        api_key: SecretString,
        signer: Verifier,
        orders: Arc<Orders>,
    ) -> Result<Notifier, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            // Only this machine is called, over http: nobody's certificate is needed.
            .tls_certs_only([])
            // A merchant may have closed a connection that was kept: each has one of its own.
            .pool_max_idle_per_host(0)
            .timeout(LONGEST_ANSWER)
            .build()?;
        Ok(Notifier { http, api_key, signer, orders })
    }

    /// Lets the orders live, and notifies of those that end, until the sandbox stops and the last
    /// of them is told. Of one order's ends the later is told after the earlier, so that
    /// `notify_status` is of the last one.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let notifier = Arc::new(self);
        let mut waiting = Waiting::new();
        let mut under_way: JoinSet<String> = JoinSet::new();
        let mut is_stopping = false;
        loop {
            for ended in notifier.orders.take_ended() {
                if let Some(line) = waiting.get_mut(&ended.id) {
                    line.push_back(ended);
                } else {
                    waiting.insert(ended.id.clone(), VecDeque::new());
                    under_way.spawn(Arc::clone(&notifier).notify(ended));
                }
            }
            if is_stopping && under_way.is_empty() {
                return;
            }
            tokio::select! {
                () = notifier.orders.change(), if !is_stopping => {}
                Some(told) = under_way.join_next() => {
                    let Ok(id) = told else { continue };
                    match waiting.get_mut(&id).and_then(VecDeque::pop_front) {
                        Some(next) => drop(under_way.spawn(Arc::clone(&notifier).notify(next))),
                        None => drop(waiting.remove(&id)),
                    }
                }
                // A sandbox that is dropped takes its sender along: that is a stop too.
                _ = stopping.wait_for(|stopping| *stopping), if !is_stopping => is_stopping = true,
            }
        }
    }

    /// Tells of one end; gives the order's id back.
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

    /// What is sent of a payment that has ended; `None` if nobody on this machine is to be told.
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

/// Only loopback is called: a sandbox does not reach out.
fn is_on_this_machine(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
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
