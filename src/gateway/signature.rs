//! The signature of a request (gateway page, "Signature"). Pure.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Signs parameters with one secret. The HMAC state is keyed once and cloned for each request.
#[derive(Clone)]
pub struct Signer {
    keyed: Hmac<Sha256>,
}

impl Signer {
    /// Creates a signer; `None` if the secret is empty.
    #[must_use]
    pub fn new(secret: &SecretString) -> Option<Signer> {
        let secret = secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(|keyed| Signer { keyed })
    }

    /// The `OC-Signature` of these parameters, in any order. They are sorted by key (byte order)
    /// and joined as `key=value` with `&`; values are raw, and parameters with an empty value are
    /// left out. The result is the HMAC-SHA256 in lower-case hex.
    #[must_use]
    pub fn sign(&self, parameters: &[(&str, &str)]) -> String {
        let mut sorted: Vec<_> = parameters.iter().filter(|(_, value)| !value.is_empty()).collect();
        sorted.sort_unstable_by_key(|(key, _)| key.as_bytes());
        let mut mac = self.keyed.clone();
        for (index, (key, value)) in sorted.iter().enumerate() {
            if index > 0 {
                mac.update(b"&");
            }
            mac.update(key.as_bytes());
            mac.update(b"=");
            mac.update(value.as_bytes());
        }
        hex::encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(parameters: &[(&str, &str)]) -> Option<String> {
        Signer::new(&"API_SECRET".into()).map(|signer| signer.sign(parameters))
    }

    const DEPOSIT: [(&str, &str); 13] = [
        ("transaction_type", "income"),
        ("amount", "100.00"),
        ("currency", "mmk"),
        ("payment", "myanmar"),
        ("to_bank_name", "kbz"),
        ("merchant_order_id", "123qq"),
        ("merchant_uid", "Merchant_UID"),
        ("redirect_url", "https://example.com/redirect"),
        ("notify_url", "https://example.com/notify"),
        ("response_type", "json"),
        ("country", "myanmar"),
        ("channel", "myanmar"),
        ("accounting_type", "receive"),
    ];

    #[test]
    fn signatures_match_the_known_answers() {
        let mut payout = DEPOSIT.to_vec();
        payout[0].1 = "expense";
        payout[12].1 = "pay";
        payout.extend([("to_name", "aaaaaaa"), ("to", "99999999")]);
        let cases: [(&[(&str, &str)], &str); 4] = [
            (
                &[("merchant_order_id", "12345611")],
                "d5acd67441c6d2f1b5f843f203d3c0a699051a2cd0a0ed26195b0bcbe3f9bee9",
            ),
            (&DEPOSIT, "92b90332ebd33120e30398353347682f6ede6075121ce2ccf78f68c1b85b0d45"),
            (&payout, "c79cf13364210271088a02951bd13ca9a4311a7667b59cbc1a5c9637dc29897f"),
            (
                &[("merchant_order_id", "क्रम/7&x=1 +é")],
                "354c861d3b5b17f697ae26f615035d77a387d5f144d675a4d4d6e3169c688baa",
            ),
        ];
        for (parameters, signature) in cases {
            assert_eq!(sign(parameters).as_deref(), Some(signature));
        }
    }

    #[test]
    fn parameter_order_does_not_matter_and_empty_values_are_left_out() {
        let mut shuffled = DEPOSIT.to_vec();
        shuffled.reverse();
        shuffled.push(("from", ""));
        assert_eq!(sign(&shuffled), sign(&DEPOSIT));
        assert!(Signer::new(&"".into()).is_none());
    }
}
