//! What counts as an edit, and what proves a row.

use super::*;

/// Reads one row with these changes: column and what stands there now.
fn changed(
    written: &ReportRow,
    changes: &[(&str, &str)],
) -> Result<(EditedRow, Comparison), Box<dyn Error>> {
    let edit = |_: &ReportRow, cells: &mut Vec<Shown>| {
        for (column, text) in changes {
            if let Some(place) = HEADINGS.iter().position(|heading| heading == column) {
                cells[place] = Shown::Text((*text).to_owned());
            }
        }
    };
    let file = read_csv(&csv_with(std::slice::from_ref(written), ',', &edit))?;
    let row = file.rows.first().cloned().ok_or("no row")?;
    let comparison = compare(&row, file.dialect, Written::Finding(written));
    Ok((row, comparison))
}

fn edit_of(written: &ReportRow, changes: &[(&str, &str)]) -> Result<Edit, Box<dyn Error>> {
    match changed(written, changes)?.1 {
        Comparison::Edit(edit) => Ok(edit),
        other => Err(format!("{other:?}").into()),
    }
}

fn refusal_of(written: &ReportRow, changes: &[(&str, &str)]) -> Result<String, Box<dyn Error>> {
    match changed(written, changes)?.1 {
        Comparison::Refused(why) => Ok(why),
        other => Err(format!("{other:?}").into()),
    }
}

fn decided_row() -> ReportRow {
    let row = finding("m-a1", "0042", Some("-10.00"));
    decided(row, Verdict::Accepted, "2026-12-24", "Asha", "fine")
}

#[test]
fn an_emptied_cell_withdraws() -> Outcome {
    let empty = [("decision", ""), ("until", " "), ("owner", ""), ("note", "")];
    let expected = Edit {
        verdict: Some(Change::Withdrawn),
        until: Some(Change::Withdrawn),
        owner: Some(Text::default()),
        note: Some(Text::default()),
    };
    assert_eq!(edit_of(&decided_row(), &empty)?, expected);
    Ok(())
}

#[test]
fn decision_words_are_matched_without_case_and_marks() -> Outcome {
    let written = finding("m-a1", "0042", Some("-10.00"));
    for (word, verdict) in [
        ("Accepted", Verdict::Accepted),
        (" with gateway ", Verdict::WithGateway),
        ("TO-CORRECT", Verdict::ToCorrect),
    ] {
        let edit = edit_of(&written, &[("decision", word)])?;
        assert_eq!(edit, Edit { verdict: Some(Change::Set(verdict)), ..Edit::default() });
    }
    let why = refusal_of(&written, &[("decision", "proposed")])?;
    let expected = "decision \"proposed\" is not one of accepted, with_gateway, to_correct";
    assert_eq!(why, expected);
    // What the program wrote itself is no edit, and neither is the same word in other letters.
    let proposed = ReportRow {
        decision: Decision { verdict: Some(Verdict::Proposed), ..Decision::default() },
        ..written
    };
    assert_eq!(changed(&proposed, &[])?.1, Comparison::Unchanged);
    let other = changed(&decided_row(), &[("decision", "ACCEPTED")])?;
    assert_eq!(other.1, Comparison::Unchanged);
    Ok(())
}

#[test]
fn dates_as_spreadsheets_reformat_them() -> Outcome {
    let written = decided_row();
    for shown in ["24.12.2026", "24/12/2026", "12/24/26", "24-Dec-26", "Dec 24, 2026", "46380"] {
        assert_eq!(changed(&written, &[("until", shown)])?.1, Comparison::Unchanged, "{shown}");
    }
    let edit = edit_of(&written, &[("until", "25.12.2026")])?;
    assert_eq!(edit, Edit { until: Some(Change::Set(date("2026-12-25"))), ..Edit::default() });
    let why = refusal_of(&written, &[("until", "05/06/2027")])?;
    assert!(why.contains("2027-06-05 or 2027-05-06"), "{why}");
    // The row's own date shows which of the two it is.
    let edit = edit_of(&written, &[("until", "05/06/2027"), ("order_date", "11/20/2026")])?;
    assert_eq!(edit.until, Some(Change::Set(date("2027-05-06"))));
    // Either reading of it is the date that was written.
    let both = decided(finding("m-a1", "1", Some("1.50")), Verdict::Accepted, "2027-05-06", "", "");
    assert_eq!(changed(&both, &[("until", "05/06/2027")])?.1, Comparison::Unchanged);
    assert_eq!(changed(&both, &[("until", "06/05/2027")])?.1, Comparison::Unchanged);
    let why = refusal_of(&written, &[("until", "next week")])?;
    assert_eq!(why, "until \"next week\" is not a date; write it as 2026-11-30");
    Ok(())
}

#[test]
fn the_programs_own_guard_is_no_edit_and_is_undone() -> Outcome {
    let row = finding("m-a1", "0042", Some("-10.00"));
    let written = decided(row, Verdict::Accepted, "", "Asha", "=1;-2");
    for shown in ["=1;-2", "'=1;'-2", "'=1;-2"] {
        assert_eq!(changed(&written, &[("note", shown)])?.1, Comparison::Unchanged, "{shown}");
    }
    let edit = edit_of(&written, &[("note", "'=1;'-2 and more")])?;
    assert_eq!(edit.note, Some(Text::own("=1;-2 and more")));
    let edit = edit_of(&written, &[("note", "it's 'fine'")])?;
    assert_eq!(edit.note, Some(Text::own("it's 'fine'")));
    Ok(())
}

#[test]
fn long_texts_are_refused_and_control_characters_dropped() -> Outcome {
    let written = decided_row();
    let why = refusal_of(&written, &[("note", &"é".repeat(1_001))])?;
    assert_eq!(why, "note has 1001 characters; at most 1,000 are kept");
    let note = "é".repeat(1_000);
    assert_eq!(edit_of(&written, &[("note", &note)])?.note, Some(Text::own(&note)));
    let edit = edit_of(&written, &[("owner", "A\u{1b}[2J\u{202e}sha")])?;
    assert_eq!(edit.owner.as_ref().map(Text::as_str), Some("A [2Jsha"));
    Ok(())
}

#[test]
fn a_row_has_to_prove_itself() -> Outcome {
    let written = finding("m-a1", "12345678901234567890", Some("-10.00"));
    let accepted = ("decision", "accepted");
    for shown in ["-10", "-10.0", "(10.00)", "-10.00 ", "-1.0E+1"] {
        edit_of(&written, &[accepted, ("variance", shown)])?;
    }
    for shown in ["12345678901234600000", "1.23456789012346E+19", "'12345678901234567890"] {
        edit_of(&written, &[accepted, ("merchant_order_id", shown)])?;
    }
    for (column, shown, expected) in [
        ("variance", "10.00", "variance is \"10.00\", but the report had \"-10.00\""),
        ("variance", "", "variance is empty, but the report had \"-10.00\""),
        ("kind", "overdue", "kind is \"overdue\", but the report had"),
        ("merchant_order_id", "12345678901234567891", "merchant_order_id is"),
        ("merchant_order_id", "", "merchant_order_id is empty"),
        ("run_id", "11", "the row is not of run 12"),
        ("run_id", "", "the row is not of run 12"),
    ] {
        let (row, comparison) = changed(&written, &[accepted, (column, shown)])?;
        let Comparison::Refused(why) = comparison else { return Err(expected.into()) };
        assert!(why.starts_with(expected), "{why}");
        assert_eq!(row.said().decision.as_str(), "accepted", "the text is not lost");
    }
    // Without an edit there is nothing to refuse.
    let damaged = changed(&written, &[("variance", "11"), ("merchant_order_id", "x")])?;
    assert_eq!(damaged.1, Comparison::Unchanged);
    Ok(())
}

#[test]
fn a_kind_without_a_variance_is_proven_by_its_statuses() -> Outcome {
    let written = finding("m-a1", "0042", None);
    let note = ("note", "seen");
    edit_of(&written, &[note])?;
    for column in ["ledger_status", "payment_status", "accounting_status", "variance"] {
        let why = refusal_of(&written, &[note, (column, "7")])?;
        assert!(why.starts_with(&format!("{column} is \"7\"")), "{why}");
    }
    Ok(())
}

#[test]
fn without_order_and_variance_nothing_is_proven() -> Outcome {
    let written = finding("m-a1", "0042", Some("-10.00"));
    let compared = |text: &str| -> Result<Comparison, Box<dyn Error>> {
        let found = comparisons(&read_csv(text)?, std::slice::from_ref(&written));
        Ok(found.into_iter().next().ok_or("no row")?)
    };
    let taken = Comparison::Edit(Edit { note: Some(Text::own("x")), ..Edit::default() });
    assert_eq!(compared("mismatch_id,run_id,note,variance\nm-a1,12,x,-10\n")?, taken);
    assert_eq!(compared("mismatch_id,run_id,note,merchant_order_id\nm-a1,12,x,42\n")?, taken);
    let Comparison::Refused(why) = compared("mismatch_id,run_id,note\nm-a1,12,x\n")? else {
        return Err("taken".into());
    };
    assert!(why.contains("are both missing"), "{why}");
    Ok(())
}
