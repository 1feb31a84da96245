//! What a gateway may repeat and nobody else does: the credentials, and what was sent of a payer
//! or payee (contract, "Stored answers").

use super::settings::Credentials;
use super::wire::Json;
use memchr::memmem;
use regex::{Regex, RegexBuilder};
use secrecy::ExposeSecret;
use std::fmt;

const REDACTED: &str = "********";

/// The key and the secret.
#[derive(Debug, Clone)]
pub(super) struct Secrets(pub(super) Credentials);

impl Secrets {
    /// Shorter ones may stand in an honest text by chance.
    const SHORTEST: usize = 8;

    /// The longest first: one may be the beginning of the other.
    fn known(&self) -> impl Iterator<Item = &str> {
        let mut secrets = [&self.0.api_key, &self.0.api_secret].map(ExposeSecret::expose_secret);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into_iter().filter(|secret| secret.len() >= Secrets::SHORTEST)
    }

    /// Whether a body may hold one: as it is, or behind escapes.
    pub(super) fn may_occur_in(&self, body: &[u8]) -> bool {
        memchr::memchr(b'\\', body).is_some()
            || self.known().any(|secret| memmem::find(body, secret.as_bytes()).is_some())
    }

    /// The text without them, if it holds any.
    pub(super) fn redacted(&self, text: &str) -> Option<String> {
        let holds = |secret| memmem::find(text.as_bytes(), str::as_bytes(secret)).is_some();
        let blank = |text: String, secret| text.replace(secret, REDACTED);
        self.known().any(holds).then(|| self.known().fold(text.to_owned(), blank))
    }

    /// A JSON tree without them, but for the ids that say what the answer is about.
    pub(super) fn redact(&self, json: &mut Json) {
        redact(json, &["merchant_order_id", "merchant_uid"], &|text| self.redacted(text));
    }
}

/// What was sent of a payer or payee, so that an answer that repeats it can be shown. Blanked only
/// in what is shown: a name may be part of a sentence that has to be understood first.
#[derive(Clone, Default)]
pub(super) struct Personal(Option<Regex>);

impl Personal {
    /// Shorter ones may stand in an honest text by chance.
    const SHORTEST: usize = 3;

    /// These values as a whole, and of the names each word.
    ///
    /// # Errors
    /// They are too long to be looked for.
    pub(super) fn new<'a>(
        values: impl Iterator<Item = &'a str>,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Personal, regex::Error> {
        let mut found: Vec<&str> = values.chain(names.flat_map(str::split_whitespace)).collect();
        found.retain(|text| text.chars().count() >= Personal::SHORTEST);
        if found.is_empty() {
            return Ok(Personal(None));
        }
        // The longest first: of two that begin alike the regular expression takes the first.
        found.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let alternatives: Vec<String> = found.into_iter().map(whole_words).collect();
        RegexBuilder::new(&alternatives.join("|"))
            .case_insensitive(true)
            .build()
            .map(|regex| Personal(Some(regex)))
    }

    /// The text without them.
    pub(super) fn redacted(&self, text: &str) -> String {
        match &self.0 {
            Some(regex) => regex.replace_all(text, REDACTED).into_owned(),
            None => text.to_owned(),
        }
    }

    /// A payment object without them, but for what is masked anyway and what has to be kept as it
    /// is to be of use.
    pub(super) fn redact(&self, json: &mut Json) {
        if self.0.is_some() {
            let kept = ["from", "to", "merchant_order_id", "merchant_uid", "payment_url"];
            redact(json, &kept, &|text| Some(self.redacted(text)));
        }
    }
}

impl fmt::Debug for Personal {
    /// Shows nothing of it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Personal(…)")
    }
}

/// A pattern for this text where it does not continue a word.
fn whole_words(text: &str) -> String {
    let bound = |end: Option<char>| if end.is_some_and(char::is_alphanumeric) { r"\b" } else { "" };
    let (first, last) = (bound(text.chars().next()), bound(text.chars().next_back()));
    format!("{first}{}{last}", regex::escape(text))
}

/// Every text of a tree as `redacted` has it, if it has it otherwise, but for the members of these
/// names.
fn redact(json: &mut Json, kept: &[&str], redacted: &dyn Fn(&str) -> Option<String>) {
    match json {
        Json::Text(text) => {
            if let Some(redacted) = redacted(text).filter(|redacted| *redacted != **text) {
                *text = redacted.into();
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
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_blanked_as_whole_words() {
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
