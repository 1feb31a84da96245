//! Validates a response to `order/get`: from an HTTP status and a body to a trustworthy answer, or
//! to the reason why there is none (contract, "Mismatches", last paragraph; gateway page, "Settled
//! here"). Pure.

use super::call_failure::{CallFailure, Cause};
use super::evidence::evidence;
use super::order_id::difference;
use super::redact::{Personal, Secrets};
use super::refusal::cause_of_refusal;
use super::settings::Credentials;
use super::web_page;
use super::wire::Json;
use super::wording::{
    NotFoundPattern, refuses_credentials, speaks_of_an_address, speaks_of_an_order,
    speaks_of_too_many_requests,
};
use crate::domain::amount::Amount;
use crate::domain::order::OrderKey;
use crate::domain::payment::{
    AccountingStatus, AccountingType, Answer, Answered, NotifyStatus, OTHER_MERCHANT, OTHER_ORDER,
    Payment, PaymentStatus, PersonalData, TransactionType, WRONG_ADDRESS,
};
use crate::domain::text;

/// Validates the responses to one client's calls.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) not_found: NotFoundPattern,
    pub(super) personal_data: PersonalData,
    pub(super) secrets: Secrets,
    /// The payer's and payee's data of a new order, to redact.
    pub(super) personal: Personal,
}

/// HTTP statuses by how they are handled (faults: "every status 100–599").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusClass {
    /// 2xx: the body decides.
    Success,
    /// 404: the body can say that there is no such order.
    NotFound,
    /// 401, 403: the credentials are refused.
    Refused,
    /// 408, 425, 5xx: retried, whatever the body says.
    Overload,
    /// 429: retried, more slowly.
    TooManyRequests,
    /// 3xx: not followed.
    Redirect,
    /// 1xx and other 4xx: not retried.
    Final,
}

/// The class of an HTTP status.
pub(super) fn status_class(status: u16) -> StatusClass {
    match status {
        200..=299 => StatusClass::Success,
        300..=399 => StatusClass::Redirect,
        401 | 403 => StatusClass::Refused,
        404 => StatusClass::NotFound,
        408 | 425 | 500..=599 => StatusClass::Overload,
        429 => StatusClass::TooManyRequests,
        _ => StatusClass::Final,
    }
}

/// The failure of a status that decides alone, whatever the body says.
pub(super) fn failure_by_status(status: u16) -> Option<CallFailure> {
    let answered = format!("the gateway answered {status}");
    match status_class(status) {
        StatusClass::Overload => Some(CallFailure::retried(Cause::Overload, answered)),
        StatusClass::TooManyRequests => {
            let why = format!("{answered} (too many requests)");
            Some(CallFailure::retried(Cause::TooManyRequests, why))
        }
        StatusClass::Refused => Some(CallFailure::is_final(Cause::Refused, answered)),
        StatusClass::Redirect => Some(CallFailure::is_final(
            Cause::Untrustworthy,
            format!("{answered}, a redirect, which is not followed"),
        )),
        StatusClass::Success | StatusClass::NotFound | StatusClass::Final => None,
    }
}

impl Reader {
    /// Creates a reader. `credentials` are redacted in every response.
    #[must_use]
    pub fn new(
        not_found: NotFoundPattern,
        personal_data: PersonalData,
        credentials: Credentials,
    ) -> Reader {
        let secrets = Secrets(credentials);
        Reader { not_found, personal_data, secrets, personal: Personal::default() }
    }

    /// Validates the response to a query of `order`. `body` is the complete body, or why it is not
    /// complete.
    ///
    /// # Errors
    /// [`CallFailure`]: the response is not a trustworthy answer about this order.
    pub fn read(
        &self,
        order: &OrderKey,
        status: u16,
        body: Result<&[u8], CallFailure>,
    ) -> Result<Answered, CallFailure> {
        if let Some(mut failure) = failure_by_status(status) {
            let Ok(body) = body else { return Err(failure) };
            if failure.cause == Cause::Refused {
                return Err(self.refused_by_status(&failure.why, body));
            }
            if let Some(page) = self.web_page(body) {
                failure.why = format!("{} with {page}", failure.why);
            }
            return Err(failure);
        }
        match status_class(status) {
            StatusClass::Success => match self.body(body?)? {
                Body::Success(data) => self.payment(order, payment_fields(data)),
                Body::Error(error) => self.error_under_success(order, &error),
            },
            StatusClass::NotFound => self.not_found(order, status, body?),
            _ => Err(self.final_failure(status, body)),
        }
    }

    /// Parses a complete body.
    pub(super) fn body<'a>(&self, body: &'a [u8]) -> Result<Body<'a>, CallFailure> {
        Body::read(body, &self.secrets).map_err(|why| match self.web_page(body) {
            Some(page) => untrustworthy(format!("the answer is {page}, not JSON")),
            None => untrustworthy(why),
        })
    }

    /// The web page that a body is instead of JSON, as an object of a sentence.
    pub(super) fn web_page(&self, body: &[u8]) -> Option<String> {
        let title = self.shown_id(&web_page::title(body)?);
        let shown = format!("the web page \"{title}\"");
        Some(if title.is_empty() { "a web page".to_owned() } else { shown })
    }

    /// Reads a documented error under 2xx.
    fn error_under_success(&self, order: &OrderKey, error: &str) -> Result<Answered, CallFailure> {
        let why = || format!("the gateway answered the error \"{}\"", self.shown(error));
        let is_not_found = || self.not_found.says_no_such_order(error, &order.merchant_order_id);
        if speaks_of_too_many_requests(error) && !(self.not_found.is_custom() && is_not_found()) {
            return Err(CallFailure::retried(Cause::TooManyRequests, why()));
        }
        self.error(order, error)
            .unwrap_or_else(|| Err(CallFailure::retried(unrecognised(error), why())))
    }

    /// Reads a 404. Only a documented error can say that there is no such order. Any other body,
    /// and an error about a page, mean that the address is wrong (contract, "Mismatches").
    fn not_found(
        &self,
        order: &OrderKey,
        status: u16,
        body: &[u8],
    ) -> Result<Answered, CallFailure> {
        let answered = format!("the gateway answered {status}");
        let Ok(Body::Error(error)) = Body::read(body, &self.secrets) else {
            let page = self.web_page(body).unwrap_or_default();
            let without = if page.is_empty() { "without a documented error" } else { "with " };
            let why = format!("{answered} {without}{page}: {WRONG_ADDRESS}");
            return Err(CallFailure::is_final(Cause::WrongAddress, why));
        };
        self.error(order, &error).unwrap_or_else(|| {
            let why = format!("{answered}: \"{}\"", self.shown(&error));
            Err(if speaks_of_an_address(&error) {
                let why = format!("{why}: {WRONG_ADDRESS}");
                CallFailure::is_final(Cause::WrongAddress, why)
            } else {
                CallFailure::is_final(unrecognised(&error), why)
            })
        })
    }

    /// The failure of a status under which no body counts, except a refusal of the credentials.
    fn final_failure(&self, status: u16, body: Result<&[u8], CallFailure>) -> CallFailure {
        let answered = format!("the gateway answered {status}");
        let body = body.ok();
        if let Some(page) = body.and_then(|body| self.web_page(body)) {
            return CallFailure::is_final(Cause::Untrustworthy, format!("{answered} with {page}"));
        }
        match body.and_then(|body| Body::read(body, &self.secrets).ok()) {
            Some(Body::Error(error)) if refuses_credentials(&error) => self.refused(&error),
            Some(Body::Error(error)) => CallFailure::is_final(
                Cause::Untrustworthy,
                format!("{answered}: \"{}\"", self.shown(&error)),
            ),
            _ => CallFailure::is_final(Cause::Untrustworthy, answered),
        }
    }

    /// The payment object of a success, if it is about this order.
    pub(super) fn payment(&self, order: &OrderKey, fields: Json) -> Result<Answered, CallFailure> {
        let theirs = |field: &str| optional_text(&fields, field).map_err(untrustworthy);
        let merchant_order_id = theirs("merchant_order_id")?.ok_or_else(|| {
            let why = "the answer does not say which order it is about (merchant_order_id)";
            untrustworthy(why.to_owned())
        })?;
        // Neither of these changes with a retry.
        if merchant_order_id != order.merchant_order_id {
            let why = match difference(&order.merchant_order_id, &merchant_order_id) {
                Some(difference) => {
                    // It is the merchant's own id in another form: its digits are shown.
                    let id = text::printable(&merchant_order_id);
                    format!("{OTHER_ORDER} \"{id}\": {difference}")
                }
                None => format!("{OTHER_ORDER} \"{}\"", self.shown_id(&merchant_order_id)),
            };
            return Err(CallFailure::is_final(Cause::Untrustworthy, why));
        }
        if let (Some(ours), Some(theirs)) = (&order.merchant_uid, theirs("merchant_uid")?)
            && *ours != theirs
        {
            let (theirs, ours) = (self.shown_id(&theirs), self.shown_id(ours));
            let why = format!(
                "{OTHER_MERCHANT} (the gateway answered merchant_uid \"{theirs}\", configured is \
                 \"{ours}\")"
            );
            return Err(CallFailure::is_final(Cause::OtherMerchant, why));
        }
        let redacted = |why: String| self.secrets.redacted(&why).unwrap_or(why);
        self.fields(fields).map_err(|why| untrustworthy(redacted(why)))
    }

    /// An id from an answer. It can be a credential that the gateway repeats: an id is not redacted
    /// where the answer is read.
    pub(super) fn shown_id(&self, id: &str) -> String {
        self.shown(&self.secrets.redacted(id).unwrap_or_else(|| id.to_owned()))
    }

    /// Text from the gateway, redacted and clean.
    pub(super) fn shown(&self, text: &str) -> String {
        self.clean(&self.personal.redacted(text))
    }

    /// A clean text. A mark that is removed may have stood in the middle of a secret.
    fn clean(&self, text: &str) -> String {
        let clean = text::clean(text);
        self.secrets.redacted(&clean).unwrap_or(clean)
    }

    /// The failure of an error text that refuses the credentials.
    pub(super) fn refused(&self, error: &str) -> CallFailure {
        let error = self.shown(error);
        let why = format!("the gateway answered the error \"{error}\"");
        CallFailure::is_final(cause_of_refusal(&error), why)
    }

    /// What a documented error says, under a status that lets it count. `None`: neither "no such
    /// order" nor "wrong credentials".
    fn error(&self, order: &OrderKey, error: &str) -> Option<Result<Answered, CallFailure>> {
        // A gateway that refuses the credentials says nothing about an order, even if its text
        // contains such words.
        if !self.not_found.is_custom() && refuses_credentials(error) {
            return Some(Err(self.refused(error)));
        }
        if self.not_found.says_no_such_order(error, &order.merchant_order_id) {
            let evidence = self.shown(error);
            return Some(Ok(Answered { answer: Answer::Missing(evidence.clone()), evidence }));
        }
        refuses_credentials(error).then(|| Err(self.refused(error)))
    }

    /// Reads the fields that the rules compare, and the evidence.
    fn fields(&self, fields: Json) -> Result<Answered, String> {
        let text = |field: &str| optional_text(&fields, field);
        // Free text can contain an account.
        let reason = |field: &str| -> Result<Option<String>, String> {
            let reason = text(field)?;
            Ok(match self.personal_data {
                PersonalData::Drop => reason.map(|reason| self.clean(&reason)),
                PersonalData::Keep => reason,
            })
        };
        let amount = optional_amount(&fields, "amount")?.ok_or("the answer gives no amount")?;
        let payment = Payment {
            amount,
            final_amount: optional_amount(&fields, "final_amount")?,
            currency: text("currency")?,
            transaction_type: text("transaction_type")?
                .map(|word| TransactionType::from_word(&word)),
            accounting_type: text("accounting_type")?
                .map(|word| AccountingType::from_any_word(&word)),
            payment_status: text("payment_status")?.map(|word| PaymentStatus::from_word(&word)),
            payment_fail_reason: reason("payment_fail_reason")?,
            accounting_status: text("accounting_status")?
                .map_or(AccountingStatus::None, |word| AccountingStatus::from_word(&word)),
            accounting_fail_reason: reason("accounting_fail_reason")?,
            notify_status: text("notify_status")?
                .map_or(NotifyStatus::None, |word| NotifyStatus::from_word(&word)),
            notify_fail_reason: reason("notify_fail_reason")?,
            payment_uid: text("payment_uid")?,
            channel: text("channel")?,
        };
        let mut evidence = evidence(fields, self.personal_data);
        if self.personal_data == PersonalData::Drop {
            self.personal.redact(&mut evidence);
        }
        let as_text = |json: &Json| json.to_text().map_err(|error| error.to_string());
        let mut stored = as_text(&evidence)?;
        if self.secrets.may_occur_in(stored.as_bytes()) {
            self.secrets.redact_evidence(&mut evidence);
            stored = as_text(&evidence)?;
        }
        Ok(Answered { answer: Answer::Payment(Box::new(payment)), evidence: stored })
    }
}

/// The cause of a documented error that says neither "no such order" nor "wrong credentials", under
/// a status that lets it count.
fn unrecognised(error: &str) -> Cause {
    if speaks_of_an_order(error) { Cause::UnrecognisedError } else { Cause::Untrustworthy }
}

/// The failure of a response that can be complete and valid on a retry.
pub(super) fn untrustworthy(why: String) -> CallFailure {
    CallFailure::retried(Cause::Untrustworthy, why)
}

/// A body in a documented form.
pub(super) enum Body<'a> {
    /// The data of a success.
    Success(Json<'a>),
    /// The text of an error. Of the form with details, error and details are two sentences.
    Error(String),
}

impl<'a> Body<'a> {
    /// Parses a complete body and redacts the secrets in it.
    pub(super) fn read(body: &'a [u8], secrets: &Secrets) -> Result<Body<'a>, String> {
        let mut json = Json::read(body).map_err(|why| format!("the answer {why}"))?;
        if secrets.may_occur_in(body) {
            secrets.redact(&mut json);
        }
        let data = json.remove("data");
        match (json.get("result").and_then(Json::as_text), data) {
            (Some("success"), Some(data @ Json::Object(_))) => Ok(Body::Success(data)),
            (Some("error"), Some(Json::Text(error))) => Ok(Body::Error(error.to_string())),
            (Some("error"), Some(data @ Json::Object(_))) => {
                let texts = ["error", "details"].into_iter();
                let texts: Vec<&str> =
                    texts.filter_map(|key| data.get(key).and_then(Json::as_text)).collect();
                Ok(Body::Error(texts.join(". ")))
            }
            (Some("success" | "error"), _) => {
                Err("the answer's data is not what the gateway documents".to_owned())
            }
            _ => Err("the answer says neither success nor error".to_owned()),
        }
    }
}

/// The payment object: `data.payment`, or `data` itself (gateway-api, "Settled here").
pub(super) fn payment_fields(mut data: Json) -> Json {
    match data.get("payment") {
        Some(Json::Object(_)) => data.remove("payment").unwrap_or(data),
        _ => data,
    }
}

/// The text of a field; a number counts as its text. `None`: absent, null or empty, which all mean
/// "not given".
pub(super) fn optional_text(fields: &Json, field: &str) -> Result<Option<String>, String> {
    match fields.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok((!text.is_empty()).then(|| text.to_string())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(format!("the answer's {field} is not a text")),
    }
}

fn optional_amount(fields: &Json, field: &str) -> Result<Option<Amount>, String> {
    optional_text(fields, field)?
        .map(|text| {
            Amount::parse(&text).map_err(|error| {
                format!("the answer's {field} \"{}\" is no amount: {error}", text::clean(&text))
            })
        })
        .transpose()
}

#[cfg(test)]
#[path = "response_fuzz_tests.rs"]
mod fuzz;
#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
