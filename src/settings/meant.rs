//! The key that a misspelt one was meant to be.

/// The key that was meant, from the reader's message: "unknown field `baseurl`, expected one of
/// `base_url`, …".
pub(super) fn key(message: &str) -> Option<&str> {
    let mut names = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let unknown = plain(names.next()?);
    let distance = |name: &&str| strsim::damerau_levenshtein(&plain(name), &unknown);
    // A third of the letters may be wrong.
    names.min_by_key(distance).filter(|name| distance(name) * 3 <= unknown.chars().count())
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', ' '], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_keys_are_recognised() {
        for (message, meant) in [
            ("unknown field `baseurl`, expected one of `api_key`, `base_url`", Some("base_url")),
            ("unknown field `Base-URL`, expected `base_url`", Some("base_url")),
            (
                "unknown field `date_fromat`, expected one of `timezone`, `date_format`",
                Some("date_format"),
            ),
            ("unknown variant `order_id`, expected one of `merchant_order_id`, `amount`", None),
            ("unknown field `colour`, expected one of `base_url`, `ca_file`", None),
            ("missing field `column`", None),
        ] {
            assert_eq!(key(message), meant, "{message}");
        }
    }
}
