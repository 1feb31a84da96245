//! Telling the merchant that a payment has ended (gateway page, `notify_url`). What is sent is not
//! documented: here it is the payment object, its texts signed as a request's parameters are.

use super::order::Order;
use super::orders::Orders;
use super::payment::field;
use super::signature::Verifier;
use axum::http::header::CONTENT_TYPE;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::{Host, Url};

/// How long the merchant has to acknowledge.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// Calls `notify_url` of orders that end.
pub struct Notifier {
    http: reqwest::Client,
    api_key: String,
    signer: Verifier,
    orders: Arc<Orders>,
}

/// A notification on its way.
struct Notification {
    url: Url,
    body: String,
    signature: String,
}

impl Notifier {
    /// A notifier of these orders' merchant.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(
        api_key: String,
        signer: Verifier,
        orders: Arc<Orders>,
    ) -> Result<Notifier, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            // Only this machine is called, over http: nobody's certificate is needed.
            .tls_certs_only([])
            .timeout(LONGEST_ANSWER)
            .build()?;
        Ok(Notifier { http, api_key, signer, orders })
    }

    /// Lets the orders live, and notifies of those that end, until the sandbox stops.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let notifier = Arc::new(self);
        let mut under_way = JoinSet::new();
        loop {
            for id in notifier.orders.take_ended() {
                under_way.spawn(Arc::clone(&notifier).notify(id));
            }
            tokio::select! {
                () = notifier.orders.change() => {}
                Some(_) = under_way.join_next() => {}
                // A sandbox that is dropped takes its sender along: that is a stop too.
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn notify(self: Arc<Self>, id: String) {
        let Some(notification) = self.orders.look(&id, |order| self.prepare(order)).flatten()
        else {
            return;
        };
        self.orders.set(&id, &[field("notify_status", "delivered")]);
        let sent = self
            .http
            .post(notification.url)
            .header(CONTENT_TYPE, "application/json")
            .header("OC-Key", &self.api_key)
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
        self.orders
            .set(&id, &[field("notify_status", status), field("notify_fail_reason", &reason)]);
    }

    /// What is sent for an order that has ended; `None` if nobody on this machine is to be told.
    fn prepare(&self, order: &Order) -> Option<Notification> {
        let url = Url::parse(&order.text("notify_url")?).ok().filter(is_on_this_machine)?;
        let texts: BTreeMap<&str, String> = order
            .fields
            .iter()
            .filter_map(|(name, _)| Some((name.as_str(), order.text(name)?)))
            .collect();
        let signature = self.signer.sign(texts.iter().map(|(name, text)| (*name, text.as_str())));
        let body = serde_json::to_string(&texts).ok()?;
        Some(Notification { url, body, signature })
    }
}

/// Only loopback is called: a sandbox does not reach out.
fn is_on_this_machine(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
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
