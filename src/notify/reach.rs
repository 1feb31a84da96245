//! Whether a monitor can be reached, for `check`: a connection to its host, and nothing is sent.

use super::settings::PingUrl;
use crate::domain::{contained, text};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;
use url::Url;

/// How long a connection may take.
const LIMIT: Duration = Duration::from_secs(5);
/// What a SOCKS proxy listens on where its address names no port.
const SOCKS_PORT: u16 = 1_080;

/// Connects to the monitor's host, or to the proxy before it.
///
/// # Errors
/// Why that fails, as a clause for people, without the address.
pub(crate) fn reach(to: &PingUrl, proxy: Option<&str>) -> Result<(), String> {
    let proxy = proxy.map(Url::parse).transpose();
    let proxy = proxy.map_err(|error| format!("the proxy's address is no URL: {error}"))?;
    let what = if proxy.is_some() { "the proxy: " } else { "" };
    let url = proxy.as_ref().unwrap_or(to.url());
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(SOCKS_PORT);
    connect(host, port, LIMIT).map_err(|why| format!("{what}{why}"))
}

fn connect(host: String, port: u16, limit: Duration) -> Result<(), String> {
    // A look-up of an address panics where no thread can be started.
    let connected = contained::run(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let late = || format!("no connection within {} s", limit.as_secs());
        let connected = runtime.block_on(async {
            match timeout(limit, TcpStream::connect((host, port))).await {
                Ok(Ok(_connection)) => Ok(()),
                Ok(Err(error)) => Err(text::clean(&error.to_string())),
                Err(_) => Err(late()),
            }
        });
        // Dropped, it would wait for a look-up of an address that hangs.
        runtime.shutdown_background();
        connected
    });
    connected.unwrap_or_else(|panic| Err(text::clean(&panic.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_host_is_reached_or_it_is_said_why_not() -> Result<(), Box<dyn std::error::Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let open = listener.local_addr()?;
        let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let to = |address| PingUrl::try_from(format!("http://{address}/planted"));
        assert_eq!(reach(&to(open)?, None), Ok(()));
        let proxy = format!("http://user:planted@{closed}");
        for (to, proxy, said) in [
            (to(closed)?, None, "Connection refused"),
            (to(open)?, Some(&*proxy), "the proxy: Connection refused"),
            (to(open)?, Some("planted"), "the proxy's address is no URL"),
        ] {
            let why = reach(&to, proxy).err().unwrap_or_default();
            assert!(why.starts_with(said) && !why.contains("planted"), "{why}");
        }
        Ok(())
    }
}
