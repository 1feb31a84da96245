//! A refusal by status (401, 403): of the credentials, or of this machine. A firewall that does not
//! know the machine's address answers with a page of its own; a gateway speaks of the address or of
//! its allow-list.

use super::call_failure::{CallFailure, Cause};
use super::response::{Body, Reader};
use super::wording::speaks_of_an_ip_address;

impl Reader {
    /// The failure of a refusal, by the body that came with it. `answered` is what came, as a
    /// clause.
    pub(super) fn refused_by_status(&self, answered: &str, body: &[u8]) -> CallFailure {
        if let Some(page) = self.web_page(body) {
            return CallFailure::is_final(Cause::Blocked, format!("{answered} with {page}"));
        }
        if let Ok(Body::Error(error)) = Body::read(body, &self.secrets) {
            let why = format!("{answered}: \"{}\"", self.shown(&error));
            return CallFailure::is_final(cause_of_refusal(&error), why);
        }
        let text = String::from_utf8_lossy(body);
        if speaks_of_an_ip_address(&text) {
            let why = format!("{answered}: \"{}\"", self.shown_id(&text));
            return CallFailure::is_final(Cause::Blocked, why);
        }
        CallFailure::is_final(Cause::Refused, answered)
    }
}

/// What an error text refuses: this machine's address, or the credentials.
pub(super) fn cause_of_refusal(error: &str) -> Cause {
    if speaks_of_an_ip_address(error) { Cause::Blocked } else { Cause::Refused }
}
