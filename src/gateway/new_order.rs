//! The request of `order/new` (gateway page, "Basic parameters"), validated before it is sent.

use super::accounts::Accounts;
use super::evidence::last_four;
use super::redact::Personal;
use super::response::optional_text;
use super::wire::Json;
use crate::domain::amount::Amount;
use crate::domain::order::OrderKey;
use crate::domain::payment::{AccountingType, Answer, Answered, TransactionType};
use crate::domain::text;
use url::Url;

/// The longest order id, in bytes (contract, "Ledger"; README, "Limits").
const LONGEST_ID: usize = 512;

/// The values of a new order, not validated. An empty text is a parameter without a value.
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

/// A validated order. `Debug` prints no personal data.
#[derive(Debug, Clone)]
pub struct NewOrder(Draft);

/// Why an order cannot be sent. Every case is a usage or configuration error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewOrderError {
    /// No `merchant_uid`.
    #[error("the merchant is not set; every new order needs one")]
    NoMerchant,
    /// An empty id.
    #[error("the order id is empty")]
    EmptyId,
    /// An id that is too long.
    #[error("the order id is longer than {LONGEST_ID} bytes")]
    LongId,
    /// An id with a control character, which nobody could type.
    #[error("the order id contains a line break or another control character")]
    ControlInId,
    /// An amount of zero or below.
    #[error("the amount {0} is not above zero")]
    NoAmount(Amount),
    /// An empty required parameter.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// A URL that a browser or a callback cannot use.
    #[error("the {0} is not a complete http or https URL")]
    NotAUrl(&'static str),
    /// A payout without the payee's account.
    #[error("a payout needs the payee's account: \"to\" is missing")]
    NoPayee,
}

impl NewOrderError {
    /// How to fix it, for the `hint:` line.
    #[must_use]
    pub(crate) fn hint(&self) -> String {
        match self {
            NewOrderError::NoMerchant => {
                "set [gateway] merchant_uid or OCTOPUS_RECON_MERCHANT_UID to your id at the gateway"
                    .to_owned()
            }
            NewOrderError::EmptyId | NewOrderError::LongId | NewOrderError::ControlInId => {
                "use a new order id, the same as in your ledger".to_owned()
            }
            NewOrderError::NoAmount(_) => "use an amount such as --amount 100.00".to_owned(),
            NewOrderError::Empty(name) => format!("set --{name}"),
            NewOrderError::NotAUrl(name) => {
                format!("use a URL such as --{} https://example.com/…", name.replace('_', "-"))
            }
            NewOrderError::NoPayee => {
                "set --accounts to a JSON file with {\"to\": \"…\"}, or to - for stdin".to_owned()
            }
        }
    }
}

impl NewOrder {
    /// Validates an order. Texts are trimmed, and the currency is changed to lower case.
    ///
    /// # Errors
    /// [`NewOrderError`]: the first value that is missing or not valid.
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

    /// The merchant and the order id.
    #[must_use]
    pub fn key(&self) -> &OrderKey {
        &self.0.key
    }

    /// Deposit or payout.
    #[must_use]
    pub(crate) fn transaction_type(&self) -> &TransactionType {
        &self.0.transaction_type
    }

    /// The amount, above zero.
    #[must_use]
    pub(crate) fn amount(&self) -> Amount {
        self.0.amount
    }

    /// The currency, in lower case.
    #[must_use]
    pub(crate) fn currency(&self) -> &str {
        &self.0.currency
    }

    /// The last four characters of the payee's account, and the bank, for the person who confirms
    /// the payout.
    #[must_use]
    pub(crate) fn payee(&self) -> String {
        let value = |key: &str| {
            self.0.accounts.parameters().find(|(known, _)| *known == key).map(|(_, value)| value)
        };
        let account = last_four(value("to").unwrap_or_default());
        match value("to_bank_name") {
            Some(bank) => format!("account {account} ({bank})"),
            None => format!("account {account}"),
        }
    }

    /// The data to redact in responses.
    pub(super) fn personal(&self) -> &Personal {
        self.0.accounts.personal()
    }

    /// The parameters to sign and to send; the caller leaves out the empty ones. `response_type` is
    /// always JSON: the gateway's other response is a redirect.
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

    /// The differences between the gateway's payment and this order, as a clause without accounts;
    /// `None` if the payment can be this order. A field that the gateway leaves out does not
    /// differ.
    pub(super) fn differs_from(&self, answered: &Answered) -> Option<String> {
        let Answer::Payment(payment) = &answered.answer else { return None };
        let ours = &self.0;
        let mut differences = Vec::new();
        if payment.amount != ours.amount {
            differences.push(format!("amount {}, not {}", payment.amount, ours.amount));
        }
        let mut compare = |what: &str, theirs: &str, ours: &str| {
            if theirs != ours {
                let theirs = text::clean(&self.personal().redacted(theirs));
                differences.push(format!("{what} {theirs}, not {ours}"));
            }
        };
        if let Some(theirs) = &payment.currency {
            compare("currency", &theirs.to_lowercase(), &ours.currency);
        }
        if let Some(theirs) = &payment.transaction_type {
            compare("transaction type", theirs.as_str(), ours.transaction_type.as_str());
        }
        if let Some(theirs) = &payment.accounting_type {
            compare("accounting type", theirs.as_str(), ours.accounting_type.as_str());
        }
        let Ok(evidence) = Json::read(answered.evidence.as_bytes()) else {
            return Some("the stored answer cannot be parsed".to_owned());
        };
        match optional_text(&evidence, "payment") {
            // The evidence is redacted, and a person's name can contain the method's name.
            Ok(Some(theirs)) if theirs != self.personal().redacted(&ours.payment) => {
                compare("payment method", &theirs.to_lowercase(), &ours.payment.to_lowercase());
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

/// Whether the text is a complete http or https URL. The parser removes white space, which would be
/// sent, so white space is refused first.
fn is_url(text: &str) -> bool {
    let is_plain =
        !text.chars().any(|character| character.is_whitespace() || character.is_control());
    let url = Url::parse(text).ok().filter(|_| is_plain);
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

#[cfg(test)]
#[path = "new_order_tests.rs"]
pub(super) mod tests;
