//! Text from outside, made fit for people: a terminal, a log line, an error or a report's reason.

/// What a reason, a log line or an error shows of somebody else's text: at most 160 characters, no
/// control or direction characters, and of each run of eight or more digits (an account, a
/// telephone, a card) only the last four (contract, "Stored answers").
#[must_use]
pub fn clean(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut shown = masked(&printable(text));
    if let Some((end, _)) = shown.char_indices().nth(LONGEST) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// The text on one line, without what could move a terminal's cursor or turn the reading
/// direction. For ids, whose digits a person needs.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !turns_direction(*character))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Marks that reorder, hide or break the text around them (Unicode's bidirectional and invisible
/// format characters).
fn turns_direction(character: char) -> bool {
    matches!(character,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Long runs of digits cut to their last four. Spaces and dashes between digits do not end a run.
fn masked(text: &str) -> String {
    const LONG: usize = 8;
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        shown.push_str(&rest[..start]);
        let run = &rest[start..];
        let end = run
            .char_indices()
            .find(|(_, character)| !(character.is_ascii_digit() || matches!(character, ' ' | '-')))
            .map_or(run.len(), |(end, _)| end);
        let run = run[..end].trim_end_matches([' ', '-']);
        let digits: Vec<char> = run.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= LONG {
            shown.push('…');
            shown.extend(&digits[digits.len() - 4..]);
        } else {
            shown.push_str(run);
        }
        rest = &rest[start + run.len()..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_digits_are_masked_and_short_ones_stay() {
        assert_eq!(clean("account 6660006666789 refused"), "account …6789 refused");
        assert_eq!(clean("card 4111 1111-1111 1111, code 51"), "card …1111, code 51");
        assert_eq!(clean("order 1234567 at 11:26"), "order 1234567 at 11:26");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{202e}d"), "a [2Jb  cd");
        assert_eq!(clean(&"x".repeat(500)).chars().count(), 161);
    }
}
