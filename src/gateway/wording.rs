//! What an error text of the gateway means: "no such order", or "wrong credentials" (gateway page,
//! "Settled here"). Neither is documented, so both are recognised with care: a text that is not
//! understood proves nothing.

use regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// Recognises "no such order".
#[derive(Debug, Clone, Default)]
pub struct NotFoundPattern {
    /// `None`: the usual wordings, below.
    custom: Option<Regex>,
}

/// What an order may be called.
const SUBJECTS: [&str; 4] = ["order", "payment", "transaction", "record"];

/// Other things that may be missing. A sentence that names one of them before it says what is
/// missing, or right after the subject ("payment method"), is not about the order.
const OTHERS: [&str; 34] = [
    "merchant",
    "member",
    "user",
    "account",
    "key",
    "signature",
    "method",
    "channel",
    "gateway",
    "endpoint",
    "route",
    "page",
    "url",
    "path",
    "currency",
    "bank",
    "country",
    "service",
    "host",
    "server",
    "table",
    "column",
    "field",
    "parameter",
    "type",
    "provider",
    "wallet",
    "customer",
    "permission",
    "config",
    "configuration",
    "template",
    "rule",
    "file",
];

/// What may stand between the subject and what says that it is missing, besides one id.
const BETWEEN: [&str; 30] = [
    "id",
    "number",
    "no",
    "uid",
    "reference",
    "with",
    "the",
    "this",
    "that",
    "you",
    "asked",
    "for",
    "requested",
    "given",
    "specified",
    "was",
    "is",
    "be",
    "been",
    "could",
    "can",
    "does",
    "do",
    "did",
    "has",
    "by",
    "merchant",
    "in",
    "our",
    "system",
];

/// Absence said after the subject: "order 7 was not found".
static AFTER_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(not (be )?found|(not|no longer|doesn.?t|don.?t) exists?|is unknown|unknown\W*$|non.?existent)",
    )
    .ok()
});

/// Absence said before the subject: "no such order".
static BEFORE_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(no such|unknown|non.?existent|(can ?not|can.?t|could not|couldn.?t|unable to|did not|didn.?t) find|no matching|not found)\b",
    )
    .ok()
});

/// A text that speaks of the key or the signature.
static CREDENTIALS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          signature | unauthori[sz]ed | credentials? | hmac | oc-key | api[\ -]?key
        | (invalid|wrong|unknown|bad|missing|incorrect|expired|disabled)\ ((access|secret)\ )?key
        | key\ ((is|was)\ )?((not\ |in)(valid|found|correct|exist|recogni[sz]ed|authori[sz]ed)
            |wrong|unknown|missing|expired|disabled)
        | sign\ (error|invalid|failed)
        )\b",
    )
    .ok()
});

impl NotFoundPattern {
    /// A merchant's own pattern, case-insensitive, over the whole error text; it decides alone.
    ///
    /// # Errors
    /// It is not a regular expression.
    pub fn custom(pattern: &str) -> Result<NotFoundPattern, regex::Error> {
        RegexBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .map(|custom| NotFoundPattern { custom: Some(custom) })
    }

    /// Whether this error text says that the gateway has no such order.
    #[must_use]
    pub fn says_no_such_order(&self, text: &str) -> bool {
        match &self.custom {
            Some(pattern) => pattern.is_match(text),
            None => sentences(text).any(|sentence| denies_order(&sentence)),
        }
    }
}

/// A text's sentences, lower case. A point inside an order id or a number ends none.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase().replace('_', " ");
    let mut sentences = vec![String::new()];
    let mut characters = lower.chars().peekable();
    while let Some(character) = characters.next() {
        let ends = matches!(character, '!' | '?' | ';' | '\n')
            || (character == '.' && characters.peek().is_none_or(|next| next.is_whitespace()));
        if ends {
            sentences.push(String::new());
        } else if let Some(sentence) = sentences.last_mut() {
            sentence.push(character);
        }
    }
    sentences.into_iter()
}

fn find(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<(usize, usize)> {
    pattern.as_ref()?.find(text).map(|found| (found.start(), found.end()))
}

/// Words without the punctuation around them; an id keeps the punctuation inside it.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|character: char| !character.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.contains(&word) || word.strip_suffix('s').is_some_and(|word| list.contains(&word))
}

fn denies_order(sentence: &str) -> bool {
    is_absent_after(sentence) || is_absent_before(sentence)
}

/// "order 7 was not found": the subject, then at most one word that is neither common nor a number.
fn is_absent_after(sentence: &str) -> bool {
    let Some((start, _)) = find(&AFTER_SUBJECT, sentence) else { return false };
    let before = words(&sentence[..start]);
    let Some(subject) = before.iter().rposition(|word| is_one_of(word, &SUBJECTS)) else {
        return false;
    };
    let foreign = |word: &&&str| {
        !BETWEEN.contains(word) && !word.contains(|character: char| character.is_ascii_digit())
    };
    let names_other = |words: &[&str]| words.iter().any(|word| is_one_of(word, &OTHERS));
    let between = &before[subject + 1..];
    // "merchant order" and "merchant order id" name the order, not the merchant.
    let leading = match before[..subject].split_last() {
        Some((&"merchant", leading)) => leading,
        _ => &before[..subject],
    };
    !names_other(between) && !names_other(leading) && between.iter().filter(foreign).count() <= 1
}

/// "no such order": the subject right after what says so, and not "no such payment method".
fn is_absent_before(sentence: &str) -> bool {
    let Some((_, end)) = find(&BEFORE_SUBJECT, sentence) else { return false };
    let after = words(&sentence[end..]);
    let mut after = after
        .into_iter()
        .skip_while(|word| ["the", "this", "that", "a", "any", "merchant"].contains(word));
    after.next().is_some_and(|word| is_one_of(word, &SUBJECTS))
        && !after.next().is_some_and(|word| {
            is_one_of(word, &OTHERS) || ["status", "error", "failure"].contains(&word)
        })
}

/// Whether an error text speaks of the key or the signature, so that it refuses the credentials
/// rather than the order. A database's "duplicate key" does not.
#[must_use]
pub(super) fn refuses_credentials(text: &str) -> bool {
    find(&CREDENTIALS, &text.to_lowercase().replace('_', " ")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_wordings_of_no_such_order() {
        let pattern = NotFoundPattern::default();
        for text in [
            "Order not found",
            "order 12.7 does not exist",
            "No such order",
            "No such order for this merchant",
            "Unknown order",
            "Unknown order: 12",
            "Payment not found.",
            "The transaction could not be found",
            "Record not exist",
            "Order doesn't exist",
            "merchant_order_id not exist: order unknown",
            "Merchant order not found",
            "Cannot find the order",
            "Not found: order 5",
            "Invalid parameters. Order 5 was not found for merchant M1.",
            "ORDER_NOT_FOUND",
            "The order you asked for was not found",
            "Order no longer exists",
        ] {
            assert!(pattern.says_no_such_order(text), "{text}");
        }
    }

    #[test]
    fn other_texts_prove_nothing() {
        let pattern = NotFoundPattern::default();
        for text in [
            "Merchant not found",
            "Unknown error while processing your order",
            "An error occurred processing your request",
            "Payment method not found",
            "Payment channel does not exist",
            "Merchant for this order not found",
            "No such merchant for order 5",
            "Not found",
            "Order failed. Merchant not found.",
            "The page was not found",
            "404 Not Found",
            "Order service not found",
            "Unknown payment method",
            "Order status unknown error; try again",
            "Your order could not be processed: reason unknown",
            "The order was not processed because the file was not found",
            "Unknown order status",
            "",
        ] {
            assert!(!pattern.says_no_such_order(text), "{text}");
        }
    }

    #[test]
    fn a_merchants_own_pattern_decides_alone() {
        let found = NotFoundPattern::custom("E404|ऑर्डर नहीं")
            .map(|pattern| {
                ["error e404", "ऑर्डर नहीं मिला", "Order not found"]
                    .map(|text| pattern.says_no_such_order(text))
            })
            .unwrap_or_default();
        assert_eq!(found, [true, true, false]);
        assert!(NotFoundPattern::custom("(").is_err());
    }

    #[test]
    fn credentials_are_refused_only_by_name() {
        for text in [
            "Invalid signature",
            "signature mismatch",
            "OC-Key is missing",
            "Invalid API key",
            "api_key not found",
            "Wrong key",
            "Key not found",
            "Unauthorized",
        ] {
            assert!(refuses_credentials(text), "{text}");
        }
        for text in ["Order not found", "duplicate key value", "An error occurred", "keyword"] {
            assert!(!refuses_credentials(text), "{text}");
        }
    }
}
