//! Why a call has no trustworthy answer.

use super::retry::RetryAfter;

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
        CallFailure { why: why.into(), cause, retry: true, retry_after: None }
    }

    /// A failure after which the call is not retried.
    pub(super) fn is_final(cause: Cause, why: impl Into<String>) -> CallFailure {
        CallFailure { why: why.into(), cause, retry: false, retry_after: None }
    }
}
