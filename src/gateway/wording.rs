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

/// What may stand around the subject in a sentence that is about nothing else. Any other word may
/// name what is really missing ("payment method", "class Order", "order queue").
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "a", "an", "any", "asked", "be", "been", "by", "can", "could", "deposit", "did", "do",
    "does", "for", "given", "has", "id", "in", "is", "it", "no", "number", "of", "or", "our",
    "payout", "reference", "requested", "sorry", "specified", "such", "that", "the", "there",
    "this", "to", "uid", "was", "were", "with", "you", "your", "yet",
];

/// Absence said after the subject: "order 7 was not found".
static AFTER_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          not\ (be\ )?found | (not|no\ longer|doesn.?t|don.?t)\ exists? | is\ unknown
        | non.?existent
        )",
    )
    .ok()
});

/// Absence said before the subject: "no such order".
static BEFORE_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          no\ such | unknown | non.?existent | no\ matching | not\ found
        | (can\ ?not|can.?t|could\ not|couldn.?t|unable\ to|did\ not|didn.?t)\ find
        )\b",
    )
    .ok()
});

/// Absence said around the subject: "no order was found".
static AROUND_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\bno\ (matching\ |such\ )?(merchant\ )?(order|payment|transaction|record)s?
          \ ((was|were|could\ be)\ )?(found|exists?)\b",
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

    /// Whether it is a merchant's own, which decides alone.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// Whether this error text, an answer to a question about this order, says that the gateway
    /// has no such order.
    #[must_use]
    pub fn says_no_such_order(&self, text: &str, merchant_order_id: &str) -> bool {
        if let Some(pattern) = &self.custom {
            return pattern.is_match(text);
        }
        let mut text = text.to_lowercase();
        let id = merchant_order_id.to_lowercase();
        // Shorter ids may stand inside other words.
        if id.len() >= 3 {
            text = text.replace(&id, " 0 ");
        }
        sentences(&text).iter().any(|(sentence, is_whole)| denies_order(sentence, *is_whole))
    }
}

/// A text's sentences (`true`), and the clauses that colons, commas, brackets and dashes make of
/// them. A
/// point inside an id or a number ends none.
fn sentences(text: &str) -> Vec<(String, bool)> {
    let text = text.replace('_', " ");
    let split = |text: &str, ends: &dyn Fn(char, bool) -> bool| -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_space = characters.peek().is_none_or(|next| next.is_whitespace());
            if ends(character, before_space) {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(character);
            }
        }
        parts
    };
    let sentences = split(&text, &|character, before_space| {
        matches!(character, '!' | '?' | ';' | '\n') || (character == '.' && before_space)
    });
    let clauses = sentences.iter().flat_map(|sentence| {
        split(sentence, &|character, before_space| {
            matches!(character, ',' | '(' | ')' | '–' | '—')
                || (matches!(character, ':' | '-') && before_space)
        })
    });
    let clauses = clauses.map(|clause| (clause, false));
    clauses.chain(sentences.iter().map(|sentence| (sentence.clone(), true))).collect()
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

/// Whether the sentence says that there is no such order, and speaks of nothing else: a text that
/// is not wholly understood proves nothing. Of a clause only, "record" and "transaction" may as
/// well be a database's.
fn denies_order(sentence: &str, is_whole: bool) -> bool {
    let subjects = if is_whole { &SUBJECTS[..] } else { &SUBJECTS[..2] };
    let is_subject = |word: &&str| is_one_of(word, subjects);
    // "order 7 was not found": the subject, then the absence.
    if let Some((start, end)) = find(&AFTER_SUBJECT, sentence) {
        let (before, after) = (words(&sentence[..start]), words(&sentence[end..]));
        let before = match before.split_first() {
            Some((&("error" | "sorry"), rest)) => rest.to_vec(),
            _ => before,
        };
        if let Some(subject) = before.iter().rposition(is_subject)
            && leads_to_subject(&before[..subject])
            && says_nothing_else(&before[subject + 1..])
            && may_follow(&after)
        {
            return true;
        }
    }
    // "no order found": around the subject.
    if let Some((start, end)) = find(&AROUND_SUBJECT, sentence) {
        let (before, after) = (words(&sentence[..start]), words(&sentence[end..]));
        return is_whole && says_nothing_else(&before) && may_follow(&after);
    }
    // "no such order": the absence, then the subject.
    let Some((start, end)) = find(&BEFORE_SUBJECT, sentence) else { return false };
    let (before, after) = (words(&sentence[..start]), words(&sentence[end..]));
    // What is unknown is what comes next: "unknown error for this order" is something else.
    let next_only = sentence[start..end].starts_with("unknown");
    after.iter().position(is_subject).is_some_and(|subject| {
        says_nothing_else(&before)
            && leads_to_subject(&after[..subject])
            && (!next_only || subject == 0)
            && may_follow(&after[subject + 1..])
    })
}

fn says_nothing_else(words: &[&str]) -> bool {
    words.iter().all(|word| {
        COMMON.contains(word)
            || is_one_of(word, &SUBJECTS)
            || word.contains(|character: char| character.is_ascii_digit())
    })
}

/// "merchant order" names the order; "merchant of the order" does not.
fn leads_to_subject(words: &[&str]) -> bool {
    match words.split_last() {
        Some((&"merchant", words)) => says_nothing_else(words),
        _ => says_nothing_else(words),
    }
}

/// "… for merchant M1" only says whose order is not there, "… in our system" only where.
fn may_follow(words: &[&str]) -> bool {
    let words = match words {
        [rest @ .., "system" | "database" | "records"] if words.first() == Some(&"in") => rest,
        _ => words,
    };
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "merchant").collect();
    says_nothing_else(&words)
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
            "merchant_order_id not exist",
            "Order ORD-12 not found",
            "ord-12: order does not exist",
            "There is no such order",
            "Payment order not found",
            "Transaction record not found",
            "Order record does not exist",
            "No such payment order",
            "No order found",
            "No record was found",
            "Payout order does not exist",
            "Error: order not found",
            "The order does not exist in our system",
            "Order not found, please check the parameters",
            "Query failed (order not found)",
            "Order not found - ask support",
            "Merchant order not found",
            "Cannot find the order",
            "Not found: order 5",
            "Invalid parameters. Order 5 was not found for merchant M1.",
            "ORDER_NOT_FOUND",
            "The order you asked for was not found",
            "Order no longer exists",
        ] {
            assert!(pattern.says_no_such_order(text, "ORD-12"), "{text}");
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
            "Class 'Order' not found",
            "ERROR: relation \"orders\" does not exist",
            "View [order] not found.",
            "Payment option not found",
            "Unknown order source",
            "Cannot find payment processor",
            "Order amount does not exist",
            "Order callback not found",
            "Controller payment not found",
            "Lock wait timeout: transaction not found in queue",
            "Order ABC not found",
            "Unknown error for this order",
            "Unknown error with your order",
            "Unknown payment error",
            "Unknown order error",
            "Unknown error in transaction",
            "Unknown error: order 5",
            "Order error: unknown",
            "Error in payment: unknown",
            "Unknown payment system",
            "Payment system not found",
            "Payment database not found",
            "database \"payment\" does not exist",
            "Cannot find database for order",
            "Payment id: unknown",
            "Merchant lookup: record not found",
            "Deadlock: transaction not found",
            "Merchant of the order not found",
            "",
        ] {
            assert!(!pattern.says_no_such_order(text, "ORD-12"), "{text}");
        }
    }

    #[test]
    fn a_merchants_own_pattern_decides_alone() {
        let found = NotFoundPattern::custom("E404|ऑर्डर नहीं")
            .map(|pattern| {
                ["error e404", "ऑर्डर नहीं मिला", "Order not found"]
                    .map(|text| pattern.says_no_such_order(text, "ORD-12"))
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
