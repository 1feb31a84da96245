//! Currencies of ISO 4217: their decimals, and the signs and words that stand beside amounts.

use super::rows::UNKNOWN_CURRENCY;
use super::word_tables::parse_currency;
use crate::domain::text::clean;
use crate::tabular::normalize;
use iso_currency::{Currency, IntoEnumIterator};
use std::collections::HashMap;

/// Words for the rupees of several countries, which ISO 4217 does not have.
const RUPEES: (&[&str], &[&str]) =
    (&["rs", "rs.", "re", "re."], &["inr", "pkr", "lkr", "npr", "mur", "scr"]);

/// The currency with this code.
fn of_iso(code: &str) -> Option<Currency> {
    Currency::from_code(&code.to_ascii_uppercase())
}

/// Whether ISO 4217 has this code.
pub(super) fn is_of_iso(code: &str) -> bool {
    of_iso(code).is_some()
}

/// The decimals of a currency: 2 for rupees and paise. `None`: ISO 4217 does not say.
pub(super) fn decimals(code: &str) -> Option<usize> {
    of_iso(code)?.exponent().map(usize::from)
}

/// What can stand beside an amount, in lower case, and the currencies that it can mean.
pub(super) struct Signs(HashMap<String, Vec<String>>);

impl Signs {
    /// The signs of ISO 4217's currencies, and its codes.
    pub(super) fn new() -> Signs {
        let mut signs: HashMap<String, Vec<String>> = HashMap::new();
        for currency in Currency::iter() {
            let code = currency.code().to_ascii_lowercase();
            let symbol = currency.symbol().symbol.to_lowercase();
            // `¤` stands for currencies without a sign.
            for sign in [symbol, code.clone()].into_iter().filter(|sign| sign != "¤") {
                signs.entry(sign).or_default().push(code.clone());
            }
        }
        // One dollar, yen or pound of several.
        for (sign, codes) in [
            ("$", &["cad", "aud", "nzd", "sgd", "hkd", "mxn"][..]),
            ("us$", &["usd"]),
            ("usd$", &["usd"]),
            ("₨", &["inr"]),
        ] {
            signs
                .entry(sign.to_owned())
                .or_default()
                .extend(codes.iter().map(|code| (*code).to_owned()));
        }
        let (words, codes) = RUPEES;
        for word in words {
            let codes = codes.iter().map(|code| (*code).to_owned());
            signs.entry((*word).to_owned()).or_default().extend(codes);
        }
        for codes in signs.values_mut() {
            let mut seen = Vec::new();
            codes.retain(|code| {
                !seen.contains(code) && {
                    seen.push(code.clone());
                    true
                }
            });
        }
        Signs(signs)
    }

    /// Whether this stands for a currency, or for one of several.
    pub(super) fn knows(&self, beside: &str) -> bool {
        self.0.contains_key(&*normalize(beside))
    }

    /// The currency of an amount, from the text beside it and the currency of the row, if there is
    /// one. `mapped` is `[ledger.currencies]`.
    pub(super) fn agree(
        &self,
        beside: &str,
        of_row: Option<&str>,
        mapped: &HashMap<String, String>,
    ) -> Result<String, String> {
        let sign = normalize(beside);
        let known = match mapped.get(&*sign) {
            Some(code) => std::slice::from_ref(code),
            None => self.0.get(&*sign).map_or(&[][..], Vec::as_slice),
        };
        match (of_row, known) {
            (Some(code), []) if parse_currency(&sign).as_deref() == Some(code) => {
                Ok(code.to_owned())
            }
            (Some(UNKNOWN_CURRENCY), _) => self.agree(beside, None, mapped),
            (Some(code), known) if known.iter().any(|known| known == code) => Ok(code.to_owned()),
            (Some(code), []) => Err(format!(
                "its currency sign is not known; [ledger.currencies] \"{beside}\" = \"{code}\" \
                 maps it"
            )),
            (Some(code), known) => Err(format!(
                "the sign {} means {}, but currency says {code}",
                clean(beside),
                known.join(" or ")
            )),
            (None, [code]) => Ok(code.clone()),
            (None, []) => parse_currency(&sign).ok_or_else(|| {
                "its currency sign is not known; [ledger.currencies] maps it".to_owned()
            }),
            (None, known) => Err(format!(
                "the sign {} can mean {}: set [ledger] currency",
                clean(beside),
                known.join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_iso_4217() {
        for (code, expected) in
            [("inr", Some(2)), ("jpy", Some(0)), ("kwd", Some(3)), ("usdt", None), ("rs", None)]
        {
            assert_eq!(decimals(code), expected, "{code}");
        }
        assert!(is_of_iso("inr") && !is_of_iso("rs"));
    }

    #[test]
    fn signs_and_codes_are_known() {
        let signs = Signs::new();
        let known = ["₹", "Rs.", " rs ", "$", "INR", "¤", "5", ""].map(|it| signs.knows(it));
        assert_eq!(known, [true, true, true, true, true, false, false, false]);
    }

    #[test]
    fn a_sign_agrees_with_the_currency_or_gives_it() {
        let signs = Signs::new();
        let mapped =
            HashMap::from([("₹".to_owned(), "inr".to_owned()), ("k".into(), "kes".into())]);
        let none = HashMap::new();
        for (beside, of_row, mapped, expected) in [
            ("₹", None, &none, Ok("inr")),
            ("₹", Some("inr"), &none, Ok("inr")),
            ("Rs.", Some("inr"), &none, Ok("inr")),
            ("Rs", Some("pkr"), &none, Ok("pkr")),
            ("INR", Some("inr"), &none, Ok("inr")),
            ("INR", None, &none, Ok("inr")),
            ("$", Some("cad"), &none, Ok("cad")),
            ("€", None, &none, Ok("eur")),
            ("USDT", Some("usdt"), &none, Ok("usdt")),
            ("USDT", None, &none, Ok("usdt")),
            ("K", None, &mapped, Ok("kes")),
            ("₹", Some("usd"), &none, Err("the sign ₹ means inr, but currency says usd")),
            ("Rs.", None, &none, Err("the sign Rs. can mean inr, pkr,")),
            ("Rs.", Some("?"), &none, Err("mur, scr: set [ledger] currency")),
            ("₹", Some("?"), &none, Ok("inr")),
            ("USDT", Some("?"), &none, Ok("usdt")),
            (
                "¤",
                Some("?"),
                &none,
                Err("its currency sign is not known; [ledger.currencies] maps"),
            ),
            ("$", None, &none, Err("the sign $ can mean ")),
            ("¤", Some("inr"), &none, Err("[ledger.currencies] \"¤\" = \"inr\" maps it")),
            ("XYZ", Some("inr"), &none, Err("[ledger.currencies] \"XYZ\" = \"inr\" maps it")),
            ("¤", None, &none, Err("is not known; [ledger.currencies] maps it")),
        ] {
            match (signs.agree(beside, of_row, mapped), expected) {
                (Ok(code), Ok(expected)) => assert_eq!(code, expected, "{beside}"),
                (Err(error), Err(words)) => assert!(error.contains(words), "{beside}: {error}"),
                (got, _) => unreachable!("{beside} {of_row:?}: {got:?}"),
            }
        }
    }
}
