//! Why a call has no trustworthy answer.

use super::retry::RetryAfter;

/// What to do when the gateway refuses the credentials.
const CREDENTIALS_HINT: &str = "compare OCTOPUS_RECON_API_KEY and the secret with the values from \
     the gateway's support, and ask whether this machine's address is on the gateway's allow-list";
/// What to do when it refuses this machine.
const ALLOW_LIST_HINT: &str = "ask the gateway's support whether this machine's address is on the \
     gateway's allow-list (has it changed?), and see whether a firewall or a proxy of your own \
     answers instead. Only then compare OCTOPUS_RECON_API_KEY and the secret with the values from \
     the support";

/// Why a call has no trustworthy answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// A clause for people, e.g. "the gateway answered 503". Text from the gateway in it is clean:
    /// see [`clean`](crate::domain::text::clean).
    pub why: String,
    /// The kind of failure.
    pub cause: Cause,
    /// Whether the same call can have an answer later.
    pub retry: bool,
    /// The response's `Retry-After` header.
    pub retry_after: Option<RetryAfter>,
    /// What a person can do about it, where that is known better than from the cause alone.
    pub hint: Option<String>,
}

/// Kinds of failure. They decide how a run ends and what a person can do (contract, exit codes 12
/// and 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection could be made.
    Unreachable,
    /// The connection broke before the response was complete.
    Broken,
    /// No complete response before the timeout.
    Timeout,
    /// HTTP status 408, 425 or 5xx.
    Overload,
    /// HTTP status 429, or an error that says the same.
    TooManyRequests,
    /// The key or the signature is refused.
    Refused,
    /// This machine seems to be refused, whatever its credentials are: 401 or 403 with a web page,
    /// or a refusal that speaks of an IP address or an allow-list.
    Blocked,
    /// A 404 that is not a documented error, or one about a page: `base_url` is probably wrong.
    WrongAddress,
    /// The answer is about an order of another merchant than the configured one: the credentials
    /// or `merchant_uid` are probably another merchant's.
    OtherMerchant,
    /// A documented error about an order that is not recognised as "no such order":
    /// `not_found_pattern` can make it so.
    UnrecognisedError,
    /// Any other answer that is not trustworthy.
    Untrustworthy,
}

impl Cause {
    /// Whether the call was refused (exit code 12).
    #[must_use]
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Cause::Refused | Cause::Blocked)
    }

    /// Whether the failure is an outage: no answer came from the gateway itself (exit code 13).
    #[must_use]
    pub(crate) fn is_outage(self) -> bool {
        matches!(
            self,
            Cause::Unreachable
                | Cause::Broken
                | Cause::Timeout
                | Cause::Overload
                | Cause::TooManyRequests
        )
    }
}

impl CallFailure {
    /// A failure after which the call is retried.
    pub(super) fn retried(cause: Cause, why: impl Into<String>) -> CallFailure {
        CallFailure { why: why.into(), cause, retry: true, retry_after: None, hint: None }
    }

    /// A failure after which the call is not retried.
    pub(super) fn is_final(cause: Cause, why: impl Into<String>) -> CallFailure {
        CallFailure { why: why.into(), cause, retry: false, retry_after: None, hint: None }
    }

    /// The same failure with this hint.
    pub(super) fn with_hint(self, hint: impl Into<String>) -> CallFailure {
        CallFailure { hint: Some(hint.into()), ..self }
    }

    /// What a refusal means, as the beginning of a message, and what to do (contract, exit code
    /// 12).
    #[must_use]
    pub(crate) fn refusal(&self) -> (String, &'static str) {
        let why = &self.why;
        match self.cause {
            Cause::Blocked => (
                format!(
                    "the gateway or a firewall refuses this machine: is its address on the \
                     gateway's allow-list? ({why})"
                ),
                ALLOW_LIST_HINT,
            ),
            _ => (format!("the gateway refuses the credentials: {why}"), CREDENTIALS_HINT),
        }
    }
}
