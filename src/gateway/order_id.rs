//! The id of an order, as the gateway gives it back.

/// How the id of an answer differs from the one that was asked for, if the two are one id in two
/// forms.
pub(super) fn difference(asked: &str, answered: &str) -> Option<&'static str> {
    let zeros = |id: &'_ str| id.trim_start_matches('0').to_owned();
    if asked.trim() == answered.trim() {
        Some("only outer spaces differ")
    } else if asked.to_lowercase() == answered.to_lowercase() {
        Some("only upper and lower case differ")
    } else if zeros(asked) == zeros(answered) {
        Some("only leading zeros differ")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_another_form_is_named() {
        for (asked, answered, expected) in [
            ("ABC", "abc", Some("only upper and lower case differ")),
            ("00012", "12", Some("only leading zeros differ")),
            ("12", "0012", Some("only leading zeros differ")),
            ("A 1", "A 1 ", Some("only outer spaces differ")),
            ("12", "120", None),
            ("12", "1 2", None),
        ] {
            assert_eq!(difference(asked, answered), expected, "{asked} {answered}");
        }
    }
}
