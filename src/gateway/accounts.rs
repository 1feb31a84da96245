//! A payer's and payee's data for one order (gateway page, "Basic parameters"). It comes from a
//! file or stdin, because a command line can be seen by everyone on the machine.

use super::redact::Personal;
use super::response::last_four;
use super::wire::Json;
use secrecy::{ExposeSecret, SecretString};

/// The parameters that are given here, and nowhere else.
const KEYS: [&str; 7] =
    ["from", "from_name", "from_bank_name", "to", "to_name", "to_bank_name", "merchant_id"];
/// Whole, these tell who somebody is; a bank's name does not.
const PERSONAL: [&str; 5] = ["from", "from_name", "to", "to_name", "merchant_id"];
const NAMES: [&str; 2] = ["from_name", "to_name"];
/// As long as an order's id may be.
const LONGEST: usize = 512;

/// What is given of a payer and payee, and not empty. Does not print.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    given: Vec<(&'static str, SecretString)>,
    personal: Personal,
}

/// Why accounts are not usable, as what is to be said of them. Repeats nothing of them: not even a
/// key, which may be a value that has slipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// No JSON, or not whole, or with a doubled key.
    #[error("the text {0}")]
    Json(String),
    /// A list, a text, a number.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// Something else is given.
    #[error("it gives something else than these: {}", KEYS.join(", "))]
    UnknownKey,
    /// A number would lose its leading zeros, so none is taken.
    #[error("its {0} is not a text in quotes")]
    NotText(&'static str),
    /// No account and no name is so.
    #[error("its {0} is longer than {LONGEST} bytes or holds a line break or control character")]
    Shape(&'static str),
}

impl Accounts {
    /// Reads a JSON object of texts with any of `from`, `from_name`, `from_bank_name`, `to`,
    /// `to_name`, `to_bank_name`, `merchant_id`.
    ///
    /// # Errors
    /// See [`AccountsError`].
    pub fn parse(json: &[u8]) -> Result<Accounts, AccountsError> {
        let Json::Object(members) = Json::read(json).map_err(AccountsError::Json)? else {
            return Err(AccountsError::NotAnObject);
        };
        let mut given: Vec<(&'static str, SecretString)> = Vec::new();
        for (key, value) in members {
            let key = KEYS.into_iter().find(|known| *known == key);
            let key = key.ok_or(AccountsError::UnknownKey)?;
            let Json::Text(text) = value else { return Err(AccountsError::NotText(key)) };
            if text.len() > LONGEST || text.chars().any(char::is_control) {
                return Err(AccountsError::Shape(key));
            }
            if !text.trim().is_empty() {
                given.push((key, SecretString::from(text.into_owned())));
            }
        }
        let of = |keys: &'static [&'static str]| {
            let given = given.iter().filter(|(key, _)| keys.contains(key));
            given.map(|(_, value)| value.expose_secret())
        };
        let personal = Personal::new(of(&PERSONAL), of(&NAMES))
            .map_err(|_| AccountsError::Json("is too long".to_owned()))?;
        Ok(Accounts { given, personal })
    }

    /// Whether this parameter is given.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == key)
    }

    /// Whether the gateway's account is the one that is given under this key: whole, or masked as
    /// evidence has it.
    pub(super) fn matches_account(&self, key: &str, theirs: &str) -> bool {
        let mut given = self.parameters().filter(|(given, _)| *given == key);
        given.all(|(_, ours)| theirs == ours || theirs == last_four(ours))
    }

    /// The parameters to send.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given.iter().map(|(key, value)| (*key, value.expose_secret()))
    }

    /// What is shown of no answer.
    pub(super) fn personal(&self) -> &Personal {
        &self.personal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_empty_is_sent_and_nothing_prints() {
        let json = r#"{"to":"0099","to_name":"Jane Doe","from":"","from_name":" "}"#;
        let accounts = Accounts::parse(json.as_bytes()).unwrap_or_default();
        let sent: Vec<_> = accounts.parameters().collect();
        assert_eq!(sent, [("to", "0099"), ("to_name", "Jane Doe")]);
        assert!(accounts.has("to") && !accounts.has("from"));
        let printed = format!("{accounts:?}");
        assert!(!printed.contains("0099") && !printed.contains("Jane"), "{printed}");
    }

    #[test]
    fn errors_repeat_nothing() {
        let long = format!(r#"{{"to":"{}"}}"#, "PLANTED".repeat(100));
        for (json, expected) in [
            ("", "the text is empty"),
            (r#"{"to":"PLANTED""#, "the text is not whole, valid JSON (line 1, column 15)"),
            (r#"["PLANTED"]"#, "it is not a JSON object"),
            (r#"{"to":"1","to":"PLANTED"}"#, "the text gives a key twice at line 1 column 25"),
            (
                r#"{"PLANTED":"1"}"#,
                "it gives something else than these: from, from_name, from_bank_name, to, to_name, \
                 to_bank_name, merchant_id",
            ),
            (r#"{"to":42}"#, "its to is not a text in quotes"),
            (r#"{"to_name":null}"#, "its to_name is not a text in quotes"),
            (
                r#"{"to":"PLANTED\n"}"#,
                "its to is longer than 512 bytes or holds a line break or control character",
            ),
            (
                long.as_str(),
                "its to is longer than 512 bytes or holds a line break or control character",
            ),
        ] {
            let error = Accounts::parse(json.as_bytes()).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expected), "{json}");
        }
    }
}
