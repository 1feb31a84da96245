//! The payment object in the sandbox's answers (gateway page, "Payment Object Total JSON Field
//! Description").

use super::Shape;
use super::pairs::Pairs;
use super::reply::{Reply, success};
use axum::http::StatusCode;
use serde_json::value::{RawValue, to_raw_value};

/// A field's name and its JSON.
pub(super) type Field = (String, Box<RawValue>);

/// All documented fields.
pub(super) const FIELDS: [&str; 31] = [
    "from",
    "from_name",
    "from_bank_name",
    "to",
    "to_name",
    "to_bank_name",
    "amount",
    "final_amount",
    "currency",
    "country",
    "transaction_type",
    "accounting_type",
    "merchant_order_id",
    "merchant_uid",
    "merchant_name",
    "channel",
    "payment_status",
    "payment_fail_reason",
    "payment",
    "response_type",
    "ip",
    "user_agent",
    "distribute_rules",
    "payment_uid",
    "redirect_url",
    "notify_url",
    "notify_status",
    "notify_fail_reason",
    "accounting_status",
    "accounting_fail_reason",
    "signature_key",
];

/// A field with a text.
pub(super) fn field(name: &str, text: &str) -> Field {
    // Serializing a text cannot fail; the default would be `null`, "not given".
    (name.to_owned(), to_raw_value(text).unwrap_or_default())
}

/// Parses the fields of a JSON object. An error says what is wrong and how to fix it.
pub(super) fn read_fields(json: &str) -> Result<Vec<Field>, String> {
    let Pairs(fields) = serde_json::from_str::<Pairs<Box<RawValue>>>(json)
        .map_err(|error| format!("`fields` cannot be read: {error}; use one JSON object"))?;
    for (name, value) in &fields {
        check_field(name, value.get())?;
    }
    Ok(fields)
}

/// Checks that a field is documented and has a possible value. An amount can be anything except a
/// list or an object, so that invalid amounts can be scripted.
pub(super) fn check_field(name: &str, json: &str) -> Result<(), String> {
    if !FIELDS.contains(&name) {
        return Err(format!(
            "the gateway's payment object has no field {name:?}: correct it, or script the whole \
             answer as `body` in `sandbox`"
        ));
    }
    let is_amount = matches!(name, "amount" | "final_amount");
    match json.as_bytes().first() {
        Some(b'"' | b'n') => Ok(()),
        Some(b'{' | b'[') | None => {
            Err(format!("`{name}` is a list or an object: the gateway answers texts"))
        }
        Some(_) if is_amount => Ok(()),
        Some(_) => Err(format!("`{name}` is not a text: put it in quotes")),
    }
}

/// Sets each of these fields; a field that exists keeps its place.
pub(super) fn set_fields(fields: &mut Vec<Field>, changes: &[Field]) {
    for (name, value) in changes {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.clone_from(value),
            None => fields.push((name.clone(), value.clone())),
        }
    }
}

/// The text of a field; `None` if it is not given (gateway-api, "Settled here") or not a text.
pub(super) fn text_of(fields: &[Field], name: &str) -> Option<String> {
    let (_, json) = fields.iter().find(|(known, _)| known == name)?;
    serde_json::from_str::<String>(json.get()).ok().filter(|text| !text.is_empty())
}

/// An answer with a payment.
#[derive(Clone)]
pub(super) struct Payment {
    /// The members of the payment object.
    pub fields: Vec<Field>,
    /// The URL of the checkout page (`order/new` of a deposit).
    pub url: Option<String>,
    /// Where the fields are in the response.
    pub shape: Shape,
}

impl Payment {
    /// The response that the page documents.
    pub(super) fn reply(&self) -> Reply {
        let object = object(&self.fields);
        let data = match (self.shape, &self.url) {
            (Shape::Flat, _) => object,
            (Shape::Nested, None) => format!(r#"{{"payment":{object}}}"#),
            (Shape::Nested, Some(url)) => {
                let url = serde_json::Value::from(url.as_str());
                format!(r#"{{"payment":{object},"payment_url":{url}}}"#)
            }
        };
        Reply::text(StatusCode::OK, success(&data))
    }
}

/// The JSON of an object with these members. The names are documented ones, which need no escaping.
pub(super) fn object(fields: &[Field]) -> String {
    let mut object = String::with_capacity(1024);
    for (name, value) in fields {
        object.push_str(if object.is_empty() { "{\"" } else { ",\"" });
        object.push_str(name);
        object.push_str("\":");
        object.push_str(value.get());
    }
    object.push_str(if object.is_empty() { "{}" } else { "}" });
    object
}
