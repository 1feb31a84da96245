//! Why the client cannot be created.

use std::path::PathBuf;

/// Why the client cannot be created. Every case is a configuration error.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `base_url` is not usable.
    #[error("the gateway's address {url:?} is not usable: {why}")]
    BaseUrl {
        /// As configured.
        url: String,
        /// A clause that says why.
        why: String,
    },
    /// The key is not a valid header value, or the secret is empty.
    #[error("the gateway's {0} is empty or holds characters that a header cannot carry")]
    Credentials(&'static str),
    /// `ca_file` is not usable.
    #[error("the CA file {path} cannot be used: {why}")]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// A clause that says why.
        why: String,
    },
    /// `proxy` is not usable.
    #[error("the configured proxy cannot be used: {0}")]
    Proxy(String),
    /// The TLS library failed, or this machine has no CA certificates.
    #[error("the HTTPS client cannot be created ({0}); does this machine have CA certificates?")]
    Tls(String),
}

impl ClientError {
    /// How to fix it, for the `hint:` line.
    #[must_use]
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            ClientError::BaseUrl { .. } => {
                "set [gateway] base_url, OCTOPUS_RECON_BASE_URL or --base-url to the gateway's \
                 address, e.g. https://pay.example.com"
            }
            ClientError::Credentials(_) => {
                "set OCTOPUS_RECON_API_KEY, and OCTOPUS_RECON_API_SECRET or \
                 OCTOPUS_RECON_API_SECRET_FILE, to the values from the gateway's support"
            }
            ClientError::CaFile { .. } => "set [gateway] ca_file to a PEM file of certificates",
            ClientError::Proxy(_) => "set [gateway] proxy to a URL such as http://proxy:3128",
            ClientError::Tls(_) => {
                "install the system's certificates (Debian: ca-certificates), or set [gateway] \
                 ca_file"
            }
        }
    }
}
