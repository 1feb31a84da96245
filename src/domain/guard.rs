//! The guard against formulas: no text that somebody else chose is run by the spreadsheet that
//! opens the file (contract, "The report").
//!
//! A program that opens the file with another separator splits cells at that separator, and a
//! program that ignores quotes splits them at line breaks. So the guard checks each place behind
//! such a character as if a cell began there.

/// Before a text, it makes the text harmless.
const GUARD: u8 = b'\'';

/// Adds `text` to `line`, with a `'` before everything that a spreadsheet could run.
///
/// Guarded text is not changed when it is guarded again.
pub(crate) fn push_guarded(line: &mut Vec<u8>, text: &[u8]) {
    let mut rest = 0;
    for place in places(text) {
        line.extend_from_slice(&text[rest..place]);
        line.push(GUARD);
        rest = place;
    }
    line.extend_from_slice(&text[rest..]);
}

/// Text as the guard leaves it.
pub(crate) fn guarded(text: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(text.len());
    push_guarded(&mut line, text);
    line
}

/// Guarded text as it was before: every `'` that the guard put there is taken away. Text that holds
/// none is unchanged.
pub(crate) fn unguarded(text: &str) -> String {
    let mut bare = Vec::with_capacity(text.len());
    // Where a `'` was left out: its place in `bare`.
    let mut left_out = Vec::new();
    let mut before = None;
    for byte in text.bytes() {
        if byte == GUARD && before.is_none_or(splits) {
            left_out.push(bare.len());
        } else {
            bare.push(byte);
        }
        before = Some(byte);
    }
    let guards = places(&bare);
    let mut rest = 0;
    let mut whole = Vec::with_capacity(text.len());
    for place in left_out.into_iter().filter(|place| guards.binary_search(place).is_err()) {
        whole.extend_from_slice(&bare[rest..place]);
        whole.push(GUARD);
        rest = place;
    }
    whole.extend_from_slice(&bare[rest..]);
    // A `'` that a person wrote can stand where the guard would have put one elsewhere.
    match String::from_utf8(whole) {
        Ok(whole) if guarded(whole.as_bytes()) == text.as_bytes() => whole,
        _ => text.to_owned(),
    }
}

/// A place where some program could begin a cell.
struct Start {
    at: usize,
    /// Whether a control character here is guarded too (contract: "tab, CR, LF, NUL first; also
    /// behind a `,`, `;` or tab").
    minds_controls: bool,
}

/// Where a `'` is needed, in order. One pass, however many separators and spaces there are.
fn places(text: &[u8]) -> Vec<usize> {
    // Most cells: a letter or digit first, and nothing that splits.
    let is_plain_first = text.first().is_none_or(u8::is_ascii_alphanumeric);
    if is_plain_first && !text.iter().copied().any(splits) {
        return Vec::new();
    }
    let mut places = Vec::new();
    // Starts with nothing but spaces and quotes behind them so far.
    let mut starts = vec![Start { at: 0, minds_controls: true }];
    let mut at = 0;
    loop {
        if starts.is_empty() {
            // Up to the next split nothing can be guarded.
            let Some(next) = text[at..].iter().copied().position(splits) else { break };
            at += next;
        }
        let Some((character, length)) = first_character(&text[at..]) else { break };
        let is_guarded_here = |start: &Start| start.minds_controls && start.at == at;
        if is_control_starter(character) && starts.last().is_some_and(is_guarded_here) {
            places.extend(starts.pop().map(|start| start.at));
        } else if is_starter(character) {
            places.extend(starts.drain(..).map(|start| start.at));
        } else if !is_passed_over(character) {
            starts.clear();
        }
        at += length;
        match character {
            ',' | ';' | '\t' => starts.push(Start { at, minds_controls: true }),
            '\r' if text.get(at) == Some(&b'\n') => {}
            '\r' | '\n' => starts.push(Start { at, minds_controls: false }),
            _ => {}
        }
    }
    places.sort_unstable();
    places
}

/// Behind these some program begins a cell.
fn splits(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b'\t' | b'\r' | b'\n')
}

/// The first character and its length in bytes. A byte that is not UTF-8 shows as the replacement
/// character.
fn first_character(text: &[u8]) -> Option<(char, usize)> {
    let first = *text.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let longest = &text[..text.len().min(4)];
    match longest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(character) => Some((character, character.len_utf8())),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// What begins a formula: the contract's characters and their full-width forms; the small forms,
/// which some programs read as the plain ones; the minus sign of some locales.
fn is_starter(character: char) -> bool {
    "=+-@＝＋－＠﹦﹢﹣﹫\u{2212}".contains(character)
}

fn is_control_starter(character: char) -> bool {
    matches!(character, '\t' | '\r' | '\n' | '\0')
}

/// What a program may take away before it looks for a formula: space, characters that do not show,
/// quotes of all kinds, and bytes of another encoding.
fn is_passed_over(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || "\"`´«»‹›「」『』＂＇".contains(character)
        || matches!(
            character,
            '\u{2018}'..='\u{201F}'
                | '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | char::REPLACEMENT_CHARACTER
        )
}
