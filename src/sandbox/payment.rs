//! The payment object as the sandbox answers it (gateway page, "Payment Object Total JSON Field
//! Description").

use super::Shape;
use super::pairs::Pairs;
use super::reply::{Reply, success};
use axum::http::StatusCode;
use serde_json::value::{RawValue, to_raw_value};

/// A field's name and its JSON, as it is answered.
pub type Field = (String, Box<RawValue>);

/// Every documented field.
pub const FIELDS: [&str; 31] = [
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

/// One field as a text.
pub fn field(name: &str, text: &str) -> Field {
    // A text always has its JSON; `null`, "not given", is what would stand here if it had none.
    (name.to_owned(), to_raw_value(text).unwrap_or_default())
}

/// Reads fields from the JSON of an object.
///
/// # Errors
/// What is wrong with it and what to do, for people.
pub fn read_fields(json: &str) -> Result<Vec<Field>, String> {
    let Pairs(fields) = serde_json::from_str::<Pairs<Box<RawValue>>>(json)
        .map_err(|error| format!("`fields` cannot be read: {error}; give one JSON object"))?;
    for (name, value) in &fields {
        check_field(name, value.get())?;
    }
    Ok(fields)
}

/// Whether the gateway could answer this. Amounts may be anything that is no list and no object,
/// so that hostile ones can be scripted.
pub fn check_field(name: &str, json: &str) -> Result<(), String> {
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

/// Takes over each of these fields, in its place if it is there.
pub fn set_fields(fields: &mut Vec<Field>, changes: &[Field]) {
    for (name, value) in changes {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.clone_from(value),
            None => fields.push((name.clone(), value.clone())),
        }
    }
}

/// A field's text; `None` if it is not given (gateway-api, "Settled here") or no text.
pub fn text_of(fields: &[Field], name: &str) -> Option<String> {
    let (_, json) = fields.iter().find(|(known, _)| known == name)?;
    serde_json::from_str::<String>(json.get()).ok().filter(|text| !text.is_empty())
}

/// An answer about one order.
#[derive(Clone)]
pub struct Payment {
    /// The payment object's members, as they are answered.
    pub fields: Vec<Field>,
    /// Where its payer goes (`order/new` of a deposit).
    pub url: Option<String>,
    /// How it is laid out.
    pub shape: Shape,
}

impl Payment {
    /// The answer, as the page documents it.
    pub fn reply(&self) -> Reply {
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

/// The JSON of an object with these members. The names are the page's: they need no escaping.
pub fn object(fields: &[Field]) -> String {
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
