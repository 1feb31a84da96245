//! What an error of the configuration shows of the file: no value, and no name at any length.

use crate::domain::text;

/// The longest name of a key or a table that is repeated, in characters.
const LONGEST_NAME: usize = 60;
/// The longest message, in characters. The list of all keys of `[ledger]` fits.
const LONGEST_MESSAGE: usize = 2_000;

/// A reader's message for people. The name that it does not know is cut.
pub(super) fn shown(message: &str) -> String {
    for what in ["unknown field `", "unknown variant `", "duplicate field `", "duplicate key `"] {
        let Some(rest) = message.strip_prefix(what) else { continue };
        // The name may hold any text; what follows it does not.
        let end = rest.rfind("`, expected ").max(rest.rfind("`, there are "));
        let end = end.or_else(|| rest.rfind('`')).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        return cut(&format!("{what}{}{behind}", name_of(name)));
    }
    cut(message)
}

/// A message of at most 2,000 characters on one line.
pub(super) fn cut(message: &str) -> String {
    cut_at(&text::one_line(message), LONGEST_MESSAGE)
}

/// A name from the file, of at most 60 characters.
pub(super) fn name_of(name: &str) -> String {
    cut_at(name, LONGEST_NAME)
}

fn cut_at(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Removes the value from serde's message about a wrong type: it may be a secret.
pub(super) fn without_values(message: &str) -> String {
    for what in ["invalid type", "invalid value"] {
        if let Some(found) = message.strip_prefix(what)
            && let Some((_, expected)) = found.rsplit_once(", expected ")
        {
            return format!("{what}: expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_repeated_up_to_its_limit() {
        for (name, repeated) in [
            ("k".repeat(LONGEST_NAME), "k".repeat(LONGEST_NAME)),
            ("k".repeat(LONGEST_NAME + 1), "k".repeat(LONGEST_NAME) + "…"),
            ("é`, expected ".repeat(100), "é`, expected ".repeat(5)[..61 + 4].to_owned() + "…"),
        ] {
            for behind in ["`, expected one of `a`, `b`", "`, there are no fields"] {
                let shown = shown(&format!("unknown field `{name}{behind}"));
                assert_eq!(shown, format!("unknown field `{repeated}{behind}"));
            }
        }
        let shown = shown(&format!("duplicate key `{}`", "k".repeat(61)));
        assert_eq!(shown, format!("duplicate key `{}…`", "k".repeat(60)));
    }

    #[test]
    fn a_message_is_shown_up_to_its_limit() {
        let longest = "x".repeat(LONGEST_MESSAGE);
        assert_eq!(shown(&longest), longest);
        assert_eq!(shown(&format!("{longest}y")), format!("{longest}…"));
    }
}
