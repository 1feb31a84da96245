//! What the replies of all askers came to.

use super::super::stop::{self, Next, Tally};
use crate::gateway::{CallFailure, Cause, Reply};
use crate::store::Pending;

/// What the replies so far came to.
pub(super) struct Replies {
    tally: Tally,
    /// The order that was answered last, by this process or an earlier one of the same run.
    last_answered: Option<Pending>,
    last_failure: Option<CallFailure>,
    /// Causes that a person was told of.
    warned: Vec<Cause>,
    /// A probe is in flight: are the credentials right?
    is_probing: bool,
}

impl Replies {
    /// For a run that has so many answers of earlier processes.
    pub(super) fn new(answered_before: u64, last_answered: Option<Pending>) -> Replies {
        Replies {
            tally: Tally::new(answered_before),
            last_answered,
            last_failure: None,
            warned: Vec::new(),
            is_probing: false,
        }
    }

    /// Whether this process has had a trustworthy answer.
    pub(super) fn has_answers(&self) -> bool {
        self.tally.has_answers()
    }

    /// Whether to ask from the other end of the run.
    pub(super) fn asks_from_the_end(&self) -> bool {
        self.tally.asks_from_the_end()
    }

    /// Counts one order's reply, and says what follows.
    pub(super) fn note(&mut self, order: Pending, reply: &Reply) -> Next {
        if !reply.is_cut {
            let counted = match &reply.result {
                Ok(_) => {
                    self.last_answered = Some(order);
                    stop::Reply::Answered
                }
                Err(failure) => {
                    self.last_failure = Some(failure.clone());
                    self.warn_once(failure);
                    let (cause, only_outages) = (failure.cause, reply.only_outages);
                    stop::Reply::Failed { cause, only_outages }
                }
            };
            self.tally.add(counted);
        }
        // What follows is known once the probe is answered.
        let next = if self.is_probing { Next::Continue } else { self.tally.next() };
        self.is_probing |= next == Next::Probe;
        next
    }

    /// What follows once calls were too many for too long.
    pub(super) fn quota_used_up(&self) -> Next {
        self.tally.quota_used_up()
    }

    /// What follows once every order was asked, or the deadline came.
    pub(super) fn last(&self) -> Next {
        self.tally.last()
    }

    /// The last failure. There is one wherever it is asked for.
    pub(super) fn last_failure(&self) -> CallFailure {
        self.last_failure.clone().unwrap_or_else(|| CallFailure {
            why: String::new(),
            cause: Cause::Timeout,
            retry: false,
            retry_after: None,
            hint: None,
        })
    }

    /// Begins a probe: the order to ask for again, and the last failure. Refusals from now on are a
    /// new row: the probe says nothing of them.
    pub(super) fn begin_probe(&mut self) -> (Option<Pending>, CallFailure) {
        self.is_probing = true;
        self.tally.probe_begins();
        (self.last_answered.clone(), self.last_failure())
    }

    /// The probe was answered: the credentials are right.
    pub(super) fn end_probe(&mut self) {
        self.is_probing = false;
    }

    /// Says at once what no retry and no `--resume` helps against.
    fn warn_once(&mut self, failure: &CallFailure) {
        let hint = match failure.cause {
            Cause::OtherMerchant => {
                "set [gateway] merchant_uid to the merchant of these credentials, or use the \
                 credentials of the configured merchant"
            }
            Cause::WrongAddress => "set [gateway] base_url to the gateway's address",
            _ => return,
        };
        if !self.warned.contains(&failure.cause) {
            self.warned.push(failure.cause);
            tracing::warn!("{}; hint: {hint}", failure.why);
        }
    }
}
