//! Tools of the tests that read hostile bytes: valid inputs that are changed, texts that have
//! broken other readers, and an independent reading of an amount.
//!
//! `OCTOPUS_RECON_FUZZ=1000` multiplies the number of cases.

use proptest::prelude::*;
use proptest::sample::Index;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Longer inputs are cut: a test is about what bytes mean, not about how many there are.
const LONGEST: usize = 64 * 1024;

/// A number of an account or a card, to plant where it must not be shown again.
pub(crate) const ACCOUNT: &str = "6660006666789";

/// What separates the tokens of CSV, JSON, TOML and XML.
const BETWEEN_TOKENS: &[u8] = b",;\t\r\n\"':{}[]=<> ";

/// The seeds of a test that makes its cases from them: as many as usual, or as many as
/// `OCTOPUS_RECON_SEEDS` says, or only the one that `OCTOPUS_RECON_SEED` names.
pub(crate) fn seeds(usual: u64) -> Range<u64> {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    match number("OCTOPUS_RECON_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("OCTOPUS_RECON_SEEDS").unwrap_or(usual),
    }
}

/// This many cases, or as many times more as the environment says.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let factor = match std::env::var("OCTOPUS_RECON_FUZZ") {
        Ok(factor) => factor.parse().unwrap_or_else(|_| {
            unreachable!("OCTOPUS_RECON_FUZZ={factor:?} is not a whole number")
        }),
        Err(_) => 1,
    };
    ProptestConfig {
        cases: cases.saturating_mul(factor),
        failure_persistence: None,
        max_shrink_iters: 4_096,
        ..ProptestConfig::default()
    }
}

/// Short texts that readers of numbers, dates and words have taken for something else.
pub(crate) const WORDS: [&str; 56] = [
    "12",
    "12.0",
    "12.00",
    "0",
    "007",
    "0.000001",
    "999999999999.999999",
    "1000000000000",
    "123456789012345678901234567890",
    "1.0000000",
    "1,200.00",
    "\"1,200.00\"",
    "1.200,00",
    "1e2",
    "1e400",
    "1E+19",
    "-5",
    "-0",
    "+5",
    "(5)",
    "5-",
    "5 Dr",
    "0x10",
    "１２",
    "١٢",
    "𝟏𝟐",
    " 12",
    "12\u{a0}",
    "1_000",
    "1 000",
    ".5",
    "5.",
    "1.2.3",
    "NaN",
    "inf",
    "null",
    "true",
    "",
    " ",
    "18446744073709551616",
    "-9223372036854775808",
    "₹5",
    "5 INR",
    "=1+1",
    "@SUM(A1)",
    "../a",
    "2026-04-10",
    "2026-02-30",
    "9999-12-31T23:59:60Z",
    "0000-00-00",
    "-262143-01-01",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "'",
    "\"",
    "\u{202e}",
    ACCOUNT,
];

/// Texts that are put into any input: words, and bytes that are no words.
pub(crate) fn hostile() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = WORDS.iter().map(|word| word.as_bytes().to_vec()).collect();
    let bytes: [&[u8]; 28] = [
        b"\0",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"\xC3",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b"\x1b[2J",
        b"\x07",
        "\u{2028}".as_bytes(),
        "\u{85}".as_bytes(),
        b"\\u0000",
        b"\\ud800",
        b"\\\\",
        b"]]>",
        b"<!--",
        b"<?xml",
        b"&#0;",
        b"&amp",
        b"\"\"\"",
        b"'''",
        b"[[",
        b"{}",
        b"sep=;\n",
        b"PK\x03\x04",
    ];
    texts.extend(bytes.iter().map(|bytes| bytes.to_vec()));
    for deep in ["[", "]", "{\"a\":", "[{\"a\":", "a.", "<a>", "\"", "9"] {
        texts.push(deep.repeat(10_000).into_bytes());
    }
    texts
}

/// One change of an input.
#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    /// Another text in the place of a token.
    Replace(Index, Vec<u8>),
    Truncate(Index),
    Remove(Index, usize),
    /// A part, once more in another place.
    Copy(Index, usize, Index),
    /// A whole line, once more in another place.
    CopyLine(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let text = || proptest::sample::select(hostile());
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        3 => (at(), text()).prop_map(|(at, text)| Change::Insert(at, text)),
        6 => (at(), text()).prop_map(|(at, text)| Change::Replace(at, text)),
        1 => at().prop_map(Change::Truncate),
        2 => (at(), 1..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (at(), 1..200_usize, at()).prop_map(|(at, length, to)| Change::Copy(at, length, to)),
        2 => (at(), at()).prop_map(|(at, to)| Change::CopyLine(at, to)),
    ]
}

impl Change {
    fn apply(self, bytes: &mut Vec<u8>) {
        let place = |at: Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Change::Flip(at, bits) => {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= bits;
                }
            }
            Change::Insert(at, text) => {
                let at = place(at, bytes);
                bytes.splice(at..at, text);
            }
            Change::Replace(at, text) => {
                let at = place(at, bytes);
                let is_between = |byte: &u8| BETWEEN_TOKENS.contains(byte);
                let start = bytes[..at].iter().rposition(is_between).map_or(0, |before| before + 1);
                let length = bytes[at..].iter().position(is_between).unwrap_or(bytes.len() - at);
                bytes.splice(start..at + length, text);
            }
            Change::Truncate(at) => bytes.truncate(place(at, bytes)),
            Change::Remove(at, length) => {
                let at = place(at, bytes);
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Change::Copy(at, length, to) => {
                let (at, to) = (place(at, bytes), place(to, bytes));
                let part = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(to..to, part);
            }
            Change::CopyLine(at, to) => {
                let lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                if !lines.is_empty() {
                    let copied = lines[at.index(lines.len())].clone();
                    let start: usize =
                        lines[..to.index(lines.len() + 1)].iter().map(Vec::len).sum();
                    bytes.splice(start..start, copied);
                }
            }
        }
        bytes.truncate(LONGEST);
    }
}

/// Bytes that a failed test shows as text.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One of these inputs with up to four changes.
pub(crate) fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Bytes> {
    let changes = proptest::collection::vec(change(), 0..5);
    (proptest::sample::select(seeds), changes).prop_map(|(mut bytes, changes)| {
        for change in changes {
            change.apply(&mut bytes);
        }
        Bytes(bytes)
    })
}

/// A text that is an amount, nearly one, or none.
pub(crate) fn amount_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{1,13}(\\.[0-9]{1,7})?",
        2 => proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        2 => "[-+0-9.,eE_ x１²٣()]{0,8}",
        1 => changed(vec![b"327757.283800".to_vec(), b"500.00".to_vec()])
            .prop_map(|Bytes(bytes)| String::from_utf8_lossy(&bytes).into_owned()),
        1 => any::<String>(),
    ]
}

/// The amount of a text in the form in which this program writes it, found without arithmetic.
/// `None`: it is no plain decimal, or too large.
pub(crate) fn plain_amount(text: &str) -> Option<String> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.chars().all(|it| it.is_ascii_digit());
    if !are_digits(units) || !are_digits(decimals) || decimals.len() > 6 {
        return None;
    }
    let units = units.trim_start_matches('0');
    if units.len() > 12 {
        return None;
    }
    let units = if units.is_empty() { "0" } else { units };
    Some(format!("{units}.{:0<2}", decimals.trim_end_matches('0')))
}

/// Does the work, and asserts that no input of this length takes long.
pub(crate) fn quick<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    result
}

/// Asserts that a message is fit for people: one line, nothing that moves the cursor or changes the
/// reading direction, and none of these secrets.
pub(crate) fn assert_message(message: &str, secrets: &[&str]) {
    let is_fit = |character: char| {
        !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
    };
    assert!(message.chars().all(is_fit), "{message:?}");
    assert!(!message.trim().is_empty());
    assert!(message.len() < 16_384, "{} bytes: {message}", message.len());
    for secret in secrets {
        assert!(!message.contains(secret), "{message:?} shows {secret:?}");
    }
}
