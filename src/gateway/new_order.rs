//! What `order/new` is asked for (gateway page, "Basic parameters"), checked before it is sent.

use super::accounts::Accounts;
use super::redact::Personal;
use super::response::{last_four, optional_text};
use super::wire::Json;
use crate::domain::amount::Amount;
use crate::domain::order::OrderKey;
use crate::domain::payment::{AccountingType, Answer, Answered, TransactionType};
use crate::domain::text;
use url::Url;

/// The longest order id (contract, "Ledger"; README, "Limits").
const LONGEST_ID: usize = 512;

/// An order as somebody wants it. Empty texts are not given.
#[derive(Debug, Clone)]
pub struct Draft {
    /// `merchant_uid`, which is required, and `merchant_order_id`.
    pub key: OrderKey,
    /// `transaction_type`: a deposit is income, a payout is an expense.
    pub transaction_type: TransactionType,
    /// `accounting_type`.
    pub accounting_type: AccountingType,
    /// `amount`: above zero.
    pub amount: Amount,
    /// `currency`; sent in lower case.
    pub currency: String,
    /// `payment`, e.g. "india".
    pub payment: String,
    /// `country`.
    pub country: String,
    /// `channel`.
    pub channel: String,
    /// `redirect_url`: http or https.
    pub redirect_url: String,
    /// `notify_url`: http or https.
    pub notify_url: String,
    /// The payer's and payee's data; a payout needs `to`.
    pub accounts: Accounts,
}

/// An order that can be sent. The personal part of it does not print.
#[derive(Debug, Clone)]
pub struct NewOrder(Draft);

/// Why an order is not sent: all of it usage or configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewOrderError {
    /// Nobody's order.
    #[error("the merchant is not set, and every new order names one")]
    NoMerchant,
    /// No id.
    #[error("the order id is empty")]
    EmptyId,
    /// Too long an id.
    #[error("the order id is longer than {LONGEST_ID} bytes")]
    LongId,
    /// An id that cannot be typed again.
    #[error("the order id holds a line break or another control character")]
    ControlInId,
    /// Nothing is to be moved.
    #[error("the amount {0} is not above zero")]
    NoAmount(Amount),
    /// A parameter that is required.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Not an address for a browser or a callback.
    #[error("the {0} is not a whole http or https URL")]
    NotAUrl(&'static str),
    /// Nobody to pay.
    #[error("a payout names its payee's account, and no \"to\" is given")]
    NoPayee,
}

impl NewOrderError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            NewOrderError::NoMerchant => {
                "set [gateway] merchant_uid or OCTOPUS_RECON_MERCHANT_UID to your id at the gateway"
                    .to_owned()
            }
            NewOrderError::EmptyId | NewOrderError::LongId | NewOrderError::ControlInId => {
                "give the order an id of its own, as it will stand in your ledger".to_owned()
            }
            NewOrderError::NoAmount(_) => "give the amount as in --amount 100.00".to_owned(),
            NewOrderError::Empty(name) => format!("give it with --{name}"),
            NewOrderError::NotAUrl(name) => {
                format!("give it as in --{} https://example.com/…", name.replace('_', "-"))
            }
            NewOrderError::NoPayee => {
                "give --accounts a JSON file with {\"to\": \"…\"}, or - for stdin".to_owned()
            }
        }
    }
}

impl NewOrder {
    /// Checks an order.
    ///
    /// # Errors
    /// See [`NewOrderError`].
    pub fn new(draft: Draft) -> Result<NewOrder, NewOrderError> {
        let trimmed = |text: &str| text.trim().to_owned();
        let order = Draft {
            currency: draft.currency.trim().to_lowercase(),
            payment: trimmed(&draft.payment),
            country: trimmed(&draft.country),
            channel: trimmed(&draft.channel),
            ..draft
        };
        let id = &order.key.merchant_order_id;
        if order.key.merchant_uid.as_ref().is_none_or(String::is_empty) {
            return Err(NewOrderError::NoMerchant);
        }
        if id.trim().is_empty() {
            return Err(NewOrderError::EmptyId);
        }
        if id.len() > LONGEST_ID {
            return Err(NewOrderError::LongId);
        }
        if id.chars().any(char::is_control) {
            return Err(NewOrderError::ControlInId);
        }
        if order.amount <= Amount::ZERO {
            return Err(NewOrderError::NoAmount(order.amount));
        }
        for (name, text) in [("currency", &order.currency), ("payment", &order.payment)] {
            if text.is_empty() {
                return Err(NewOrderError::Empty(name));
            }
        }
        let urls = [("redirect_url", &order.redirect_url), ("notify_url", &order.notify_url)];
        for (name, text) in urls {
            if !text.is_empty() && !is_url(text) {
                return Err(NewOrderError::NotAUrl(name));
            }
        }
        if order.transaction_type == TransactionType::Expense && !order.accounts.has("to") {
            return Err(NewOrderError::NoPayee);
        }
        Ok(NewOrder(order))
    }

    /// Whose order, and its id.
    #[must_use]
    pub fn key(&self) -> &OrderKey {
        &self.0.key
    }

    /// Which way the money goes.
    #[must_use]
    pub fn transaction_type(&self) -> &TransactionType {
        &self.0.transaction_type
    }

    /// What is to be moved.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.0.amount
    }

    /// In which currency, in lower case.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.0.currency
    }

    /// The payee's account by its last characters, and the bank, for whoever has to confirm it.
    #[must_use]
    pub fn payee(&self) -> String {
        let given = |key: &str| {
            self.0.accounts.parameters().find(|(known, _)| *known == key).map(|(_, value)| value)
        };
        let account = last_four(given("to").unwrap_or_default());
        match given("to_bank_name") {
            Some(bank) => format!("account {account} ({bank})"),
            None => format!("account {account}"),
        }
    }

    /// What is shown of no answer about it.
    pub(super) fn personal(&self) -> &Personal {
        self.0.accounts.personal()
    }

    /// The parameters to sign and to send; whoever does leaves out the empty ones. The answer is
    /// asked for as JSON: the gateway's other answer is a redirect.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let order = &self.0;
        let mut parameters = vec![
            ("transaction_type", order.transaction_type.as_str().to_owned()),
            ("amount", order.amount.to_string()),
            ("merchant_order_id", order.key.merchant_order_id.clone()),
            ("merchant_uid", order.key.merchant_uid.clone().unwrap_or_default()),
            ("currency", order.currency.clone()),
            ("payment", order.payment.clone()),
            ("redirect_url", order.redirect_url.clone()),
            ("notify_url", order.notify_url.clone()),
            ("response_type", "json".to_owned()),
            ("country", order.country.clone()),
            ("accounting_type", order.accounting_type.as_str().to_owned()),
            ("channel", order.channel.clone()),
        ];
        let accounts = order.accounts.parameters();
        parameters.extend(accounts.map(|(key, value)| (key, value.to_owned())));
        parameters
    }

    /// On what the gateway's payment differs from what was sent, as a clause; `None` where it may
    /// be this order. What the gateway does not give differs from nothing. No account is repeated.
    pub(super) fn differs_from(&self, answered: &Answered) -> Option<String> {
        let Answer::Payment(payment) = &answered.answer else { return None };
        let ours = &self.0;
        let mut differences = Vec::new();
        if payment.amount != ours.amount {
            differences.push(format!("amount {}, not {}", payment.amount, ours.amount));
        }
        let mut hold = |what: &str, theirs: &str, ours: &str| {
            if theirs != ours {
                let theirs = text::clean(&self.personal().redacted(theirs));
                differences.push(format!("{what} {theirs}, not {ours}"));
            }
        };
        if let Some(theirs) = &payment.currency {
            hold("currency", &theirs.to_lowercase(), &ours.currency);
        }
        if let Some(theirs) = &payment.transaction_type {
            hold("transaction type", theirs.as_str(), ours.transaction_type.as_str());
        }
        if let Some(theirs) = &payment.accounting_type {
            hold("accounting type", theirs.as_str(), ours.accounting_type.as_str());
        }
        let Ok(evidence) = Json::read(answered.evidence.as_bytes()) else {
            return Some("what it says cannot be read again".to_owned());
        };
        match optional_text(&evidence, "payment") {
            // Evidence is without what is personal, and a name may hold the method's.
            Ok(Some(theirs)) if theirs != self.personal().redacted(&ours.payment) => {
                hold("payment method", &theirs.to_lowercase(), &ours.payment.to_lowercase());
            }
            Ok(_) => {}
            Err(_) => differences.push("the payment method is not a text".to_owned()),
        }
        for (key, whose) in [("to", "payee"), ("from", "payer")] {
            let theirs = optional_text(&evidence, key).unwrap_or_default();
            if theirs.is_some_and(|theirs| !ours.accounts.matches_account(key, &theirs)) {
                differences.push(format!("the {whose}'s account differs"));
            }
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }
}

/// A whole URL as a browser or the gateway's callback takes it. The parser would mend white space
/// in it, and then what is sent is not what was checked.
fn is_url(text: &str) -> bool {
    let is_plain =
        !text.chars().any(|character| character.is_whitespace() || character.is_control());
    let url = Url::parse(text).ok().filter(|_| is_plain);
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

#[cfg(test)]
#[path = "new_order_tests.rs"]
pub(super) mod tests;
