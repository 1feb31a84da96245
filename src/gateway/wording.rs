//! What an error text of the gateway means: "no such order" or "wrong credentials" (gateway page,
//! "Settled here"). Neither text is documented, so a text counts only where all of it is
//! understood. Any other text proves nothing.

use regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// Recognises "no such order".
#[derive(Debug, Clone, Default)]
pub struct NotFoundPattern {
    /// The merchant's own pattern. `None`: the usual wordings below.
    custom: Option<Regex>,
}

/// Words for an order.
const SUBJECTS: [&str; 4] = ["order", "payment", "transaction", "record"];
/// Words for an order in Hindi, for a merchant's own pattern.
const HINDI_SUBJECTS: [&str; 5] = ["ऑर्डर", "आर्डर", "भुगतान", "लेनदेन", "रिकॉर्ड"];
/// What a web server says it cannot find when the address is wrong.
const ADDRESSES: [&str; 7] = ["page", "route", "path", "url", "uri", "endpoint", "file"];

/// Words that can surround the subject without changing what is missing. Any other word can name
/// the missing thing itself ("payment method", "class Order", "order queue").
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "a", "an", "any", "asked", "be", "been", "by", "can", "could", "deposit", "did", "do",
    "does", "for", "given", "has", "id", "in", "is", "it", "no", "number", "of", "or", "our",
    "payout", "reference", "requested", "sorry", "specified", "such", "that", "the", "there",
    "this", "to", "uid", "was", "were", "with", "you", "your", "yet",
];

/// An absence after the subject: "order 7 was not found".
static AFTER_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          not\ (be\ )?found | (not|no\ longer|doesn.?t|don.?t)\ exists? | is\ unknown
        | non.?existent
        )",
    )
    .ok()
});

/// An absence before the subject: "no such order".
static BEFORE_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          no\ such | unknown | non.?existent | no\ matching | not\ found
        | (can\ ?not|can.?t|could\ not|couldn.?t|unable\ to|did\ not|didn.?t)\ find
        )\b",
    )
    .ok()
});

/// An absence around the subject: "no order was found".
static AROUND_SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\bno\ (matching\ |such\ )?(merchant\ )?(order|payment|transaction|record)s?
          \ ((was|were|could\ be)\ )?(found|exists?)\b",
    )
    .ok()
});

/// A text about the key or the signature.
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

/// A text about the number of calls.
static TOO_MANY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(
          too\ many\ (requests|calls|queries) | rate[\ -]?limit\w* | throttl\w+
        | (request|call|api)\ (limit|quota) | quota\ ((is|was|has\ been)\ )?exceeded
        )\b",
    )
    .ok()
});

/// A text about the address of the caller.
static IP_ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?x)\b( ips? | ip\ ?addr\w* | ip[46v]\w* | (allow|white)[\ -]?list\w* )\b").ok()
});

/// A statement that something does not exist.
static NEGATED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(not|n.?t|\bno|longer|\bnon|never)([ -]yet)?[ -]?exist\w*").ok());

/// A statement that an order or its id exists. Words can be joined (`OrderAlreadyExists`).
static EXISTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x) already | duplicat | exist | unique | repeated | \btaken\b | \btwice\b
        | used\ before | before\ used | re-?used | \b(is|was|been|were|an?|previously)\ used\b
        | \bin\ use\b",
    )
    .ok()
});

impl NotFoundPattern {
    /// A merchant's own pattern, case-insensitive. It replaces the usual wordings, and matches
    /// within one sentence that is about an order, payment, transaction or record: "The page was
    /// not found" proves nothing, whatever the pattern (contract, "Mismatches", last paragraph).
    ///
    /// # Errors
    /// `pattern` is not a valid regular expression.
    pub(crate) fn custom(pattern: &str) -> Result<NotFoundPattern, regex::Error> {
        RegexBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .map(|custom| NotFoundPattern { custom: Some(custom) })
    }

    /// Whether it is a merchant's own pattern, which decides alone.
    #[must_use]
    pub(crate) fn is_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// Whether an error text, in the response to a query of this order, says that the gateway has
    /// no such order.
    #[must_use]
    pub(crate) fn says_no_such_order(&self, text: &str, merchant_order_id: &str) -> bool {
        if let Some(pattern) = &self.custom {
            return whole_sentences(text)
                .any(|sentence| is_about_an_order(sentence) && pattern.is_match(sentence));
        }
        let mut text = text.to_lowercase();
        let id = merchant_order_id.to_lowercase();
        // An id without a digit can be a word of the sentence: "status".
        if id.len() >= 3 && id.contains(|character: char| character.is_ascii_digit()) {
            text = without_id(&text, &id);
        }
        sentences(&text).iter().any(|(sentence, is_whole)| denies_order(sentence, *is_whole))
    }
}

/// Whether an error text has a sentence about an order.
#[must_use]
pub(super) fn speaks_of_an_order(text: &str) -> bool {
    whole_sentences(text).any(is_about_an_order)
}

/// Whether an error text says that the address is wrong: it speaks of a page or a path, and of no
/// order.
#[must_use]
pub(super) fn speaks_of_an_address(text: &str) -> bool {
    let is_address = |word: &str| word.contains('/') || is_one_of(&word.to_lowercase(), &ADDRESSES);
    !speaks_of_an_order(text) && words(text).into_iter().any(is_address)
}

/// The sentences of a text, each with its final punctuation. A point inside an id or a number ends
/// no sentence.
fn whole_sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().find_map(|(start, character)| {
            let after = start + character.len_utf8();
            let before_space = rest[after..].chars().next().is_none_or(char::is_whitespace);
            let ends = matches!(character, '!' | '?' | ';' | '\n' | '।')
                || (character == '.' && before_space);
            ends.then_some(after)
        });
        let (sentence, following) = rest.split_at(end.unwrap_or(rest.len()));
        rest = following;
        (!sentence.is_empty()).then(|| sentence.trim())
    })
}

/// Whether a sentence names an order, payment, transaction or record: in words, as
/// `merchant_order_id`, `ORDER_NOT_FOUND` or `OrderNotFound`. A path such as `/order/get` and a
/// file such as `order.php` name none.
fn is_about_an_order(sentence: &str) -> bool {
    let names_order = |word: &str| {
        let mut spaced = String::new();
        let mut after_lowercase = false;
        for character in word.chars() {
            if after_lowercase && character.is_uppercase() {
                spaced.push(' ');
            }
            after_lowercase = character.is_lowercase();
            spaced.push(if character.is_alphanumeric() { character } else { ' ' });
        }
        spaced.to_lowercase().split(' ').any(|part| is_one_of(part, &SUBJECTS))
    };
    words(sentence).into_iter().any(|word| !word.contains(['/', '.']) && names_order(word))
        || HINDI_SUBJECTS.iter().any(|subject| sentence.contains(subject))
}

/// The text with the number 0 in place of the id, where the id is a whole word.
fn without_id(text: &str, id: &str) -> String {
    let mut replaced = String::new();
    let mut rest = 0;
    for (start, _) in text.match_indices(id) {
        let end = start + id.len();
        let neighbours = [text[..start].chars().next_back(), text[end..].chars().next()];
        if !neighbours.into_iter().flatten().any(char::is_alphanumeric) {
            replaced.push_str(&text[rest..start]);
            replaced.push_str(" 0 ");
            rest = end;
        }
    }
    replaced + &text[rest..]
}

/// The sentences of a text (`true`), and their clauses (`false`), which colons, commas, brackets
/// and dashes separate. A point inside an id or a number ends no sentence.
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

/// The words of a text, without the punctuation around them. An id keeps the punctuation inside it.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|character: char| !character.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.contains(&word) || word.strip_suffix('s').is_some_and(|word| list.contains(&word))
}

/// Whether a sentence says that there is no such order, and nothing else. In a clause, "record" and
/// "transaction" do not count: they can be a database's.
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
            && may_precede(&before[..subject])
            && are_common(&before[subject + 1..])
            && may_follow(&after)
        {
            return true;
        }
    }
    // "no order found": around the subject.
    if let Some((start, end)) = find(&AROUND_SUBJECT, sentence) {
        let (before, after) = (words(&sentence[..start]), words(&sentence[end..]));
        return is_whole && are_common(&before) && may_follow(&after);
    }
    // "no such order": the absence, then the subject.
    let Some((start, end)) = find(&BEFORE_SUBJECT, sentence) else { return false };
    let (before, after) = (words(&sentence[..start]), words(&sentence[end..]));
    // "unknown" is about the next word: "unknown error for this order" is not about the order.
    let next_only = sentence[start..end].starts_with("unknown");
    after.iter().position(is_subject).is_some_and(|subject| {
        are_common(&before)
            && may_precede(&after[..subject])
            && (!next_only || subject == 0)
            && may_follow(&after[subject + 1..])
    })
}

fn are_common(words: &[&str]) -> bool {
    words.iter().all(|word| {
        COMMON.contains(word)
            || is_one_of(word, &SUBJECTS)
            || word.contains(|character: char| character.is_ascii_digit())
    })
}

/// Whether these words can precede the subject: "merchant order" names the order, "merchant of the
/// order" does not.
fn may_precede(words: &[&str]) -> bool {
    match words.split_last() {
        Some((&"merchant", words)) => are_common(words),
        _ => are_common(words),
    }
}

/// Whether these words can follow: "… for merchant M1" only says whose order is missing, "… in our
/// system" only where.
fn may_follow(words: &[&str]) -> bool {
    let words = match words {
        [rest @ .., "system" | "database" | "records"] if words.first() == Some(&"in") => rest,
        _ => words,
    };
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "merchant").collect();
    are_common(&words)
}

/// Whether an error text is about the key or the signature, so that it refuses the credentials. A
/// database's "duplicate key" does not.
#[must_use]
pub(super) fn refuses_credentials(text: &str) -> bool {
    find(&CREDENTIALS, &text.to_lowercase().replace('_', " ")).is_some()
}

/// Whether a text that refuses a call speaks of an IP address or of an allow-list.
#[must_use]
pub(super) fn speaks_of_an_ip_address(text: &str) -> bool {
    find(&IP_ADDRESS, &text.to_lowercase().replace('_', " ")).is_some()
}

/// Whether an error text says that there are too many calls.
#[must_use]
pub(super) fn speaks_of_too_many_requests(text: &str) -> bool {
    let text = text.to_lowercase().replace('_', " ");
    // A key that is locked is a refusal of the key.
    let is_refusal = ["invalid", "wrong", "expired", "disabled", "unauthori", "signature"];
    find(&TOO_MANY, &text).is_some() && !is_refusal.iter().any(|word| text.contains(word))
}

/// Whether an error text speaks of an existing order or id: then the gateway may have the order. In
/// doubt the answer is yes; but "the channel does not exist" speaks of nothing that exists.
#[must_use]
pub(super) fn speaks_of_existing_order(text: &str) -> bool {
    let text = text.to_lowercase().replace('_', " ");
    let text = NEGATED.as_ref().map(|negated| negated.replace_all(&text, " "));
    text.is_none_or(|text| EXISTS.as_ref().is_none_or(|exists| exists.is_match(&text)))
}

#[cfg(test)]
#[path = "wording_tests.rs"]
mod tests;
