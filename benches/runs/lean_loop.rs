//! The HTTP client that octopus-recon uses, with nothing around it: signed calls, the answers read
//! and dropped. A runtime and a client for each core, a request built once and cloned, the timeout
//! on the client, nothing followed, repeated or unpacked.

use octopus_recon::gateway::Signer;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections over all threads.
const CONNECTIONS: usize = 64;

/// What the connections of a thread share.
struct Caller {
    client: Client,
    /// Without signature and body.
    request: Request,
    signer: Signer,
    next: Arc<AtomicU32>,
    orders: u32,
}

/// Asks for so many orders.
pub fn run(base_url: &str, orders: u32) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let url: Url = format!("{base_url}/octopus/api/order/get").parse().unwrap();
    let next = Arc::new(AtomicU32::new(0));
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let caller = Arc::new(Caller {
            client: client(),
            request: Request::new(Method::POST, url.clone()),
            signer: Signer::new(&"bench-secret".into()).unwrap(),
            next: Arc::clone(&next),
            orders,
        });
        runtime.block_on(async {
            let mut calls = JoinSet::new();
            for _ in 0..CONNECTIONS / threads {
                calls.spawn(call_in_turn(Arc::clone(&caller)));
            }
            calls.join_all().await
        });
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(ask);
        }
    });
}

async fn call_in_turn(caller: Arc<Caller>) {
    loop {
        let number = caller.next.fetch_add(1, Ordering::Relaxed);
        if number >= caller.orders {
            return;
        }
        let id = crate::process::id(number);
        let mut request = caller.request.try_clone().unwrap();
        let signature = caller.signer.sign(&[("merchant_order_id", &id)]);
        let signature = HeaderValue::try_from(signature).unwrap();
        request.headers_mut().insert(HeaderName::from_static("oc-signature"), signature);
        *request.body_mut() = Some(format!(r#"{{"merchant_order_id":"{id}"}}"#).into());
        let mut response = caller.client.execute(request).await.unwrap();
        assert_eq!(response.status(), 200);
        while response.chunk().await.unwrap().is_some() {}
    }
}

fn client() -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("oc-key"), HeaderValue::from_static("bench-key"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .no_proxy()
        .tls_certs_only([])
        .timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(CONNECTIONS)
        .http1_only()
        .build()
        .unwrap()
}
