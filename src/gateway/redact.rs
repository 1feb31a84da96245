//! Redacts what a gateway can repeat in a response: the credentials, and the payer's and payee's
//! data that was sent (contract, "Stored answers").

use super::settings::Credentials;
use super::wire::Json;
use memchr::memmem;
use regex::{Regex, RegexBuilder};
use secrecy::ExposeSecret;
use std::fmt;

const REDACTED: &str = "********";

/// The API key and the secret, to redact.
#[derive(Debug, Clone)]
pub(super) struct Secrets(pub(super) Credentials);

impl Secrets {
    /// In characters. A shorter secret can occur in a correct text by chance.
    const SHORTEST: usize = 8;

    /// The longest first: one secret can be the beginning of the other.
    fn known(&self) -> impl Iterator<Item = &str> {
        let mut secrets = [&self.0.api_key, &self.0.api_secret].map(ExposeSecret::expose_secret);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into_iter().filter(|secret| secret.len() >= Secrets::SHORTEST)
    }

    /// Whether a body can contain a secret, plain or with JSON escapes.
    pub(super) fn may_occur_in(&self, body: &[u8]) -> bool {
        memchr::memchr(b'\\', body).is_some()
            || self.known().any(|secret| memmem::find(body, secret.as_bytes()).is_some())
    }

    /// The redacted text, if it contains a secret.
    pub(super) fn redacted(&self, text: &str) -> Option<String> {
        let contains = |secret| memmem::find(text.as_bytes(), str::as_bytes(secret)).is_some();
        let redact = |text: String, secret| text.replace(secret, REDACTED);
        self.known().any(contains).then(|| self.known().fold(text.to_owned(), redact))
    }

    /// Redacts the secrets in a JSON tree, except in the ids: those decide which order the response
    /// is about.
    pub(super) fn redact(&self, json: &mut Json) {
        redact(json, &["merchant_order_id", "merchant_uid"], &|text| self.redacted(text));
    }

    /// Redacts the secrets in a payment object that is only stored from here on: in every place
    /// except its own order id, which is the merchant's. A member whose key contains a secret is
    /// dropped.
    pub(super) fn redact_evidence(&self, payment: &mut Json) {
        if let Json::Object(members) = payment {
            for (_, value) in members.iter_mut().filter(|(key, _)| key != "merchant_order_id") {
                redact(value, &[], &|text| self.redacted(text));
            }
        }
        self.drop_keys(payment);
    }

    fn drop_keys(&self, json: &mut Json) {
        match json {
            Json::List(items) => items.iter_mut().for_each(|item| self.drop_keys(item)),
            Json::Object(members) => {
                members.retain(|(key, _)| self.redacted(key).is_none());
                for (_, value) in members {
                    self.drop_keys(value);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }
}

/// The payer's and payee's data of a new order, to redact. Only text for people is redacted, not
/// the text that decides: a name can be a word of the sentence that the error consists of.
#[derive(Clone, Default)]
pub(super) struct Personal(Option<Regex>);

impl Personal {
    /// In characters. A shorter value can occur in a correct text by chance.
    const SHORTEST: usize = 3;

    /// Redacts each of the values as a whole, and each word of the names. Fails if they are too
    /// long for one regular expression.
    pub(super) fn new<'a>(
        values: impl Iterator<Item = &'a str>,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Personal, regex::Error> {
        let mut found: Vec<&str> = values.chain(names.flat_map(str::split_whitespace)).collect();
        found.retain(|text| text.chars().count() >= Personal::SHORTEST);
        if found.is_empty() {
            return Ok(Personal(None));
        }
        // The longest first: of two alternatives that match, the regular expression uses the first.
        found.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let alternatives: Vec<String> = found.into_iter().map(whole_words).collect();
        RegexBuilder::new(&alternatives.join("|"))
            .case_insensitive(true)
            .build()
            .map(|regex| Personal(Some(regex)))
    }

    /// The redacted text.
    pub(super) fn redacted(&self, text: &str) -> String {
        match &self.0 {
            Some(regex) => regex.replace_all(text, REDACTED).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Redacts a payment object, except the accounts, which are masked elsewhere, and the ids and
    /// the URL, which are useless without their exact value.
    pub(super) fn redact(&self, json: &mut Json) {
        if self.0.is_some() {
            let kept = ["from", "to", "merchant_order_id", "merchant_uid", "payment_url"];
            redact(json, &kept, &|text| Some(self.redacted(text)));
        }
    }
}

impl fmt::Debug for Personal {
    /// Prints no value.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Personal(…)")
    }
}

/// A pattern for this text that matches whole words only.
fn whole_words(text: &str) -> String {
    let bound = |end: Option<char>| if end.is_some_and(char::is_alphanumeric) { r"\b" } else { "" };
    let (first, last) = (bound(text.chars().next()), bound(text.chars().next_back()));
    format!("{first}{}{last}", regex::escape(text))
}

/// Replaces every text and number of a tree by its redacted form, except in the members `kept`.
fn redact(json: &mut Json, kept: &[&str], redacted: &dyn Fn(&str) -> Option<String>) {
    match json {
        Json::Text(text) | Json::Number(text) => {
            if let Some(redacted) = redacted(text).filter(|redacted| *redacted != **text) {
                *json = Json::Text(redacted.into());
            }
        }
        Json::List(items) => items.iter_mut().for_each(|item| redact(item, kept, redacted)),
        Json::Object(members) => {
            for (key, value) in members {
                if !kept.contains(&&**key) {
                    redact(value, kept, redacted);
                }
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_has_no_secret_in_any_place() {
        let body = br#"{"a":20260410123,"l":[{"x20260410123":1,"merchant_order_id":"20260410123"}],
            "merchant_order_id":"7-20260410123","merchant_uid":"20260410123"}"#;
        let secrets = Secrets(Credentials {
            api_key: "20260410123".into(),
            api_secret: "another secret".into(),
        });
        let mut json = Json::read(body).unwrap_or(Json::Null);
        secrets.redact_evidence(&mut json);
        let expected = r#"{"a":"********","l":[{"merchant_order_id":"********"}],"#.to_owned()
            + r#""merchant_order_id":"7-20260410123","merchant_uid":"********"}"#;
        assert_eq!(json.to_string(), expected);
    }

    #[test]
    fn values_are_redacted_as_whole_words() {
        let values = ["99999999", "Jane Doe", "+91 5", "ok"];
        let personal = Personal::new(values.into_iter(), ["Jane Doe"].into_iter());
        let personal = personal.unwrap_or_default();
        for (text, shown) in [
            ("Account 99999999 of JANE DOE", "Account ******** of ********"),
            ("Doe, Jane is unknown", "********, ******** is unknown"),
            ("It does not exist", "It does not exist"),
            ("call +91 5 now", "call ******** now"),
            ("ok", "ok"),
        ] {
            assert_eq!(personal.redacted(text), shown);
        }
        assert_eq!(format!("{personal:?}"), "Personal(…)");
        assert_eq!(Personal::default().redacted("Jane"), "Jane");
    }
}
