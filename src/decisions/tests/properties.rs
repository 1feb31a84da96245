//! Any text that somebody wrote comes back as it was.

use super::*;
use crate::domain::guard::unguarded;
use proptest::prelude::*;

fn with_texts(owner: &str, note: &str) -> ReportRow {
    let row = finding("m-a1", "A-1", Some("-10.00"));
    decided(row, Verdict::WithGateway, "2026-12-24", owner, note)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_in_a_csv_are_no_edit(
        owner in any::<String>(),
        note in "[-=+@'\",;\t a-c0-9.₹]{0,20}",
    ) {
        let rows = [with_texts(&owner, &note)];
        let file = read_csv(&csv_of(&rows)).map_err(|it| TestCaseError::fail(it.to_string()))?;
        assert_unchanged(&file, &rows);
    }

    #[test]
    fn texts_in_a_workbook_are_no_edit(
        owner in any::<String>(),
        note in "[-=+@'\",;\t a-c0-9._x₹]{0,20}",
    ) {
        let rows = [with_texts(&owner, &note)];
        let bytes = workbook_of(&rows).map_err(|it| TestCaseError::fail(it.to_string()))?;
        let file = read_workbook(&bytes).map_err(|it| TestCaseError::fail(it.to_string()))?;
        assert_unchanged(&file, &rows);
    }

    #[test]
    fn a_text_that_somebody_types_is_taken(note in "[-=+@'\",;\t a-c0-9.₹]{0,20}") {
        let before = [with_texts("", "before")];
        let after = [with_texts("", &note)];
        let fail = |it: Box<dyn Error>| TestCaseError::fail(it.to_string());
        let file = read_csv(&csv_of(&after)).map_err(fail)?;
        let found = comparisons(&file, &before);
        let [Comparison::Edit(edit)] = found.as_slice() else {
            return Err(TestCaseError::fail(format!("{found:?}")));
        };
        let Edit { note: Some(taken), verdict: None, until: None, owner: None } = edit else {
            return Err(TestCaseError::fail(format!("{found:?}")));
        };
        // A quote that the guard would put there is not told from one that a person put there.
        let plain = |text: &Text| text.as_str().replace('\'', "").trim().to_owned();
        prop_assert_eq!(plain(taken), plain(&after[0].decision.note));
    }

    #[test]
    fn the_guard_is_undone(text in "[-=+@'\",;\t\r\n a“＝]{0,20}") {
        let guard = |text: &str| String::from_utf8_lossy(&guarded(text.as_bytes())).into_owned();
        let undone = unguarded(&guard(&text));
        prop_assert_eq!(guard(&undone), guard(&text));
        if !text.contains('\'') {
            prop_assert_eq!(undone, text);
        }
    }
}
