//! The payer's and payee's data of a new order (gateway page, "Basic parameters"). It comes from a
//! file or stdin, because every user of the machine can see a command line.

use super::evidence::last_four;
use super::redact::Personal;
use super::wire::Json;
use secrecy::{ExposeSecret, SecretString};

/// The parameters that are set only here.
const KEYS: [&str; 7] =
    ["from", "from_name", "from_bank_name", "to", "to_name", "to_bank_name", "merchant_id"];
/// These identify a person as a whole value; a bank's name does not.
const PERSONAL: [&str; 5] = ["from", "from_name", "to", "to_name", "merchant_id"];
const NAMES: [&str; 2] = ["from_name", "to_name"];
/// In bytes; the same limit as for an order id.
const LONGEST: usize = 512;

/// The payer's and payee's data, without empty values. `Debug` prints no value.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    values: Vec<(&'static str, SecretString)>,
    personal: Personal,
}

/// Why the accounts are not usable, as a clause. It repeats no part of them, not even a key: a key
/// can be a misplaced value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountsError {
    /// Not JSON, incomplete, or with a repeated key.
    #[error("the text {0}")]
    Json(String),
    /// A list, a string or a number.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// An unknown key.
    #[error("it has a key other than {}", KEYS.join(", "))]
    UnknownKey,
    /// Not a string. A number is refused because it can have lost leading zeros.
    #[error("its {0} is not a text in quotes")]
    NotText(&'static str),
    /// Too long, or with a control character.
    #[error("its {0} is longer than {LONGEST} bytes or holds a line break or control character")]
    Shape(&'static str),
}

impl Accounts {
    /// Parses a JSON object of strings with any of the keys `from`, `from_name`, `from_bank_name`,
    /// `to`, `to_name`, `to_bank_name`, `merchant_id`.
    ///
    /// # Errors
    /// [`AccountsError`]: the JSON, a key or a value is not usable.
    pub(crate) fn parse(json: &[u8]) -> Result<Accounts, AccountsError> {
        let Json::Object(members) = Json::read(json).map_err(AccountsError::Json)? else {
            return Err(AccountsError::NotAnObject);
        };
        let mut values: Vec<(&'static str, SecretString)> = Vec::new();
        for (key, value) in members {
            let key = KEYS.into_iter().find(|known| *known == key);
            let key = key.ok_or(AccountsError::UnknownKey)?;
            let Json::Text(text) = value else { return Err(AccountsError::NotText(key)) };
            if text.len() > LONGEST || text.chars().any(char::is_control) {
                return Err(AccountsError::Shape(key));
            }
            if !text.trim().is_empty() {
                values.push((key, SecretString::from(text.into_owned())));
            }
        }
        let of = |keys: &'static [&'static str]| {
            let values = values.iter().filter(|(key, _)| keys.contains(key));
            values.map(|(_, value)| value.expose_secret())
        };
        let personal = Personal::new(of(&PERSONAL), of(&NAMES))
            .map_err(|_| AccountsError::Json("is too long".to_owned()))?;
        Ok(Accounts { values, personal })
    }

    /// Whether this parameter has a value.
    #[must_use]
    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(known, _)| *known == key)
    }

    /// Whether the gateway's account is the account under this key, or its masked form, which the
    /// evidence has. Without an account under this key every account matches.
    pub(super) fn matches_account(&self, key: &str, theirs: &str) -> bool {
        let mut accounts = self.parameters().filter(|(known, _)| *known == key);
        accounts.all(|(_, ours)| theirs == ours || theirs == last_four(ours))
    }

    /// The parameters to send.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(key, value)| (*key, value.expose_secret()))
    }

    /// The data to redact in responses.
    pub(super) fn personal(&self) -> &Personal {
        &self.personal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_empty_are_sent_and_not_printed() {
        let json = r#"{"to":"0099","to_name":"Jane Doe","from":"","from_name":" "}"#;
        let accounts = Accounts::parse(json.as_bytes()).unwrap_or_default();
        let sent: Vec<_> = accounts.parameters().collect();
        assert_eq!(sent, [("to", "0099"), ("to_name", "Jane Doe")]);
        assert!(accounts.has("to") && !accounts.has("from"));
        let printed = format!("{accounts:?}");
        assert!(!printed.contains("0099") && !printed.contains("Jane"), "{printed}");
    }

    #[test]
    fn errors_repeat_no_value() {
        let long = format!(r#"{{"to":"{}"}}"#, "PLANTED".repeat(100));
        for (json, expected) in [
            ("", "the text is empty"),
            (r#"{"to":"PLANTED""#, "the text is not whole, valid JSON (line 1, column 15)"),
            (r#"["PLANTED"]"#, "it is not a JSON object"),
            (r#"{"to":"1","to":"PLANTED"}"#, "the text gives a key twice at line 1 column 25"),
            (
                r#"{"PLANTED":"1"}"#,
                "it has a key other than from, from_name, from_bank_name, to, to_name, \
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

    #[test]
    fn a_value_ends_at_its_limit() {
        let of = |length| format!(r#"{{"to":"{}"}}"#, "x".repeat(length));
        assert!(Accounts::parse(of(LONGEST).as_bytes()).is_ok());
        assert!(Accounts::parse(of(LONGEST + 1).as_bytes()).is_err());
    }
}
