//! What is stored of a payment object (contract, "Stored answers"). Pure.

use super::wire::Json;
use crate::domain::payment::PersonalData;
use crate::domain::text;

/// The evidence: the payment object without `signature_key` and, unless configured, without
/// personal data (contract, "Stored answers"). Keys are sorted, so that the same answer with its
/// keys in another order is the same evidence. Nested fields are redacted too: the page does not
/// say what they contain.
pub(super) fn evidence(mut json: Json, personal_data: PersonalData) -> Json {
    redact(&mut json, personal_data);
    json
}

fn redact(json: &mut Json, personal_data: PersonalData) {
    let drops = personal_data == PersonalData::Drop;
    match json {
        Json::Object(members) => members.retain_mut(|(key, value)| {
            let is_kept = match &**key {
                "signature_key" => false,
                "from_name" | "to_name" | "ip" | "user_agent" => !drops,
                _ => true,
            };
            let is_account = drops && matches!(&**key, "from" | "to");
            match value {
                Json::Object(_) | Json::List(_) if is_account => *value = Json::Null,
                Json::Object(_) | Json::List(_) => redact(value, personal_data),
                Json::Text(account) | Json::Number(account) if is_account => {
                    *value = Json::Text(last_four(account).into());
                }
                Json::Text(reason) if drops && key.ends_with("_fail_reason") => {
                    *reason = text::clean(reason).into();
                }
                _ => {}
            }
            is_kept
        }),
        Json::List(items) => items.iter_mut().for_each(|item| redact(item, personal_data)),
        _ => {}
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
