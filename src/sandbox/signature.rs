//! Verifies signatures (gateway page, "Signature parameters in headers"). It shares no code with
//! the client's signature: if one of them is wrong, they disagree.

use super::pairs::Pairs;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Lowercase hex digits of an HMAC-SHA256.
const HEX_DIGITS: usize = 64;

/// The parameters of a call: the members of its JSON body, all texts, sorted by key. Empty ones are
/// left out, as in the signature (gateway-api, "Signature").
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Parses a body. It must be one JSON object of texts without repeated keys.
    pub(super) fn read(body: &[u8]) -> Result<Params, serde_json::Error> {
        let Pairs(mut pairs) = serde_json::from_slice::<Pairs<String>>(body)?;
        pairs.retain(|(_, value)| !value.is_empty());
        pairs.sort_unstable();
        Ok(Params(pairs))
    }

    /// A parameter's value; `None` if it is missing or empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Verifies signatures with one secret, and makes those of notifications.
#[derive(Clone)]
pub(super) struct Verifier(Hmac<Sha256>);

impl Verifier {
    /// Creates a verifier; `None` if the secret is empty.
    pub(super) fn new(secret: &SecretString) -> Option<Verifier> {
        let secret = secret.expose_secret().as_bytes();
        if secret.is_empty() { None } else { Hmac::new_from_slice(secret).ok().map(Verifier) }
    }

    /// Whether `signature` is the lowercase hex of these parameters' HMAC. Compared in constant
    /// time.
    pub(super) fn accepts(&self, params: &Params, signature: &[u8]) -> bool {
        let lowercase_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if signature.len() != HEX_DIGITS || !signature.iter().all(lowercase_hex) {
            return false;
        }
        let Ok(tag) = hex::decode(signature) else { return false };
        let pairs = params.0.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        self.mac(pairs).verify_slice(&tag).is_ok()
    }

    /// The signature of these parameters, which must be sorted and not empty. A notification is
    /// signed like a request.
    pub(super) fn sign<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        hex::encode(self.mac(pairs).finalize().into_bytes())
    }

    /// `key=value` joined with `&`, raw.
    fn mac<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for (index, (key, value)) in pairs.enumerate() {
            if index > 0 {
                mac.update(b"&");
            }
            mac.update(key.as_bytes());
            mac.update(b"=");
            mac.update(value.as_bytes());
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(body: &str, signature: &str) -> bool {
        let verifier = Verifier::new(&SecretString::from("API_SECRET"));
        let params = Params::read(body.as_bytes());
        verifier
            .zip(params.ok())
            .is_some_and(|(verifier, params)| verifier.accepts(&params, signature.as_bytes()))
    }

    const QUERY: &str = "d5acd67441c6d2f1b5f843f203d3c0a699051a2cd0a0ed26195b0bcbe3f9bee9";

    #[test]
    fn the_known_answers_are_accepted() {
        let deposit = r#"{"transaction_type":"income","amount":"100.00","currency":"mmk",
            "payment":"myanmar","to_bank_name":"kbz","merchant_order_id":"123qq",
            "merchant_uid":"Merchant_UID","redirect_url":"https://example.com/redirect",
            "notify_url":"https://example.com/notify","response_type":"json",
            "country":"myanmar","channel":"myanmar","accounting_type":"receive"}"#;
        let payout = r#"{"transaction_type":"expense","amount":"100.00","currency":"mmk",
            "payment":"myanmar","to_bank_name":"kbz","to_name":"aaaaaaa","to":"99999999",
            "merchant_order_id":"123qq","merchant_uid":"Merchant_UID",
            "redirect_url":"https:\/\/example.com\/redirect",
            "notify_url":"https://example.com/notify","response_type":"json",
            "country":"myanmar","channel":"myanmar","accounting_type":"pay"}"#;
        let odd = r#"{"merchant_order_id":"क्रम/7&x=1 +\u00e9"}"#;
        for (body, signature) in [
            (r#"{"merchant_order_id":"12345611"}"#, QUERY),
            (deposit, "92b90332ebd33120e30398353347682f6ede6075121ce2ccf78f68c1b85b0d45"),
            (payout, "c79cf13364210271088a02951bd13ca9a4311a7667b59cbc1a5c9637dc29897f"),
            (odd, "354c861d3b5b17f697ae26f615035d77a387d5f144d675a4d4d6e3169c688baa"),
        ] {
            assert!(accepts(body, signature), "{body}");
        }
    }

    #[test]
    fn empty_parameters_are_not_signed() {
        assert!(accepts(r#"{"to":"","merchant_order_id":"12345611","a":""}"#, QUERY));
    }

    #[test]
    fn anything_else_is_refused() {
        let body = r#"{"merchant_order_id":"12345611"}"#;
        for signature in ["", "d5", &QUERY.to_uppercase(), &QUERY.replace('d', "e"), &QUERY[2..]] {
            assert!(!accepts(body, signature), "{signature}");
        }
        assert!(!accepts(r#"{"merchant_order_id":"12345612"}"#, QUERY));
        for body in [
            r#"{"merchant_order_id":"12345611","merchant_order_id":"12345611"}"#,
            r#"{"merchant_order_id":12345611}"#,
            r#"{"merchant_order_id":"12345611"} x"#,
            "[]",
            "",
        ] {
            assert!(Params::read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Verifier::new(&SecretString::from("")).is_none());
    }
}
