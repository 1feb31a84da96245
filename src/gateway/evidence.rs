//! What is stored of a payment object (contract, "Stored answers"). Pure.

use super::wire::Json;
use crate::domain::payment::PersonalData;
use crate::domain::text;

/// The evidence: the payment object without `signature_key` and, unless configured, without
/// personal data (contract, "Stored answers"). Keys are sorted, so that the same answer with its
/// keys in another order is the same evidence. Nested fields are redacted too: the page does not
/// say what they contain.
pub(super) fn evidence(json: Json, personal_data: PersonalData) -> Json {
    let drops = |key: &str| match key {
        "signature_key" => true,
        "from_name" | "to_name" | "ip" | "user_agent" => personal_data == PersonalData::Drop,
        _ => false,
    };
    let cleans = |key: &str| key.ends_with("_fail_reason") && personal_data == PersonalData::Drop;
    let masks = |key: &str| matches!(key, "from" | "to") && personal_data == PersonalData::Drop;
    match json {
        Json::Object(mut members) => {
            members.retain_mut(|(key, value)| {
                *value = match std::mem::replace(value, Json::Null) {
                    Json::Text(reason) if cleans(key) => Json::Text(text::clean(&reason).into()),
                    Json::Object(_) | Json::List(_) if masks(key) => Json::Null,
                    Json::Text(account) | Json::Number(account) if masks(key) => {
                        Json::Text(last_four(&account).into())
                    }
                    other => evidence(other, personal_data),
                };
                !drops(key)
            });
            Json::Object(members)
        }
        Json::List(items) => {
            Json::List(items.into_iter().map(|item| evidence(item, personal_data)).collect())
        }
        other => other,
    }
}

/// An account as it is stored: its last four characters.
pub(super) fn last_four(account: &str) -> String {
    let skipped = account.chars().count().saturating_sub(4);
    if skipped == 0 {
        return account.to_owned();
    }
    format!("…{}", account.chars().skip(skipped).collect::<String>())
}
