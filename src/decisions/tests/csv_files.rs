//! CSV files in the dialects of spreadsheets.

use super::*;
use encoding_rs::WINDOWS_1252;

#[test]
fn an_unedited_report_has_no_edit_in_any_dialect() -> Outcome {
    let rows = awkward_rows();
    for separator in [',', ';', '\t'] {
        let text = csv_with(&rows, separator, &|_, _| {});
        assert_unchanged(&read_csv(&text)?, &rows);
        assert_unchanged(&read_csv(&format!("\u{feff}{text}"))?, &rows);
        assert_unchanged(&read_csv(&text.replace("\r\n", "\n"))?, &rows);
        let declared = format!("sep={separator}\r\n{text}");
        let file = read_csv(&declared)?;
        assert_unchanged(&file, &rows);
        assert_eq!(file.rows.first().map(|row| row.row), Some(2), "sep= is no row");
        let utf16: Vec<u8> =
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_unchanged(&read_as("x.csv", &utf16)?.ok_or("ids")?, &rows);
        let utf16: Vec<u8> =
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_unchanged(&read_as("x.csv", &utf16)?.ok_or("ids")?, &rows);
    }
    Ok(())
}

#[test]
fn windows_1252_has_a_question_mark_for_what_it_does_not_know() -> Outcome {
    let rows = awkward_rows();
    let text = csv_of(&rows);
    let lossy: String = text.chars().map(|it| if it == '₹' { '?' } else { it }).collect();
    let (bytes, ..) = WINDOWS_1252.encode(&lossy);
    let file = read_as("x.csv", &bytes)?.ok_or("ids")?;
    assert_unchanged(&file, &rows);
    // An edited note keeps its letters.
    let (bytes, ..) = WINDOWS_1252.encode(
        "run_id,merchant_order_id,mismatch_id,note,kind\r\n\
         12,0042,m-a2,für Jürgen,final_amount_difference\r\n",
    );
    let file = read_as("x.csv", &bytes)?.ok_or("ids")?;
    let edit = Edit { note: Some(Text::own("für Jürgen")), ..Edit::default() };
    assert_eq!(comparisons(&file, &rows), [Comparison::Edit(edit)]);
    Ok(())
}

#[test]
fn decimal_commas_are_told_by_all_numbers_of_the_file() -> Outcome {
    let rows = awkward_rows();
    let comma = |_: &ReportRow, cells: &mut Vec<Shown>| {
        for cell in cells.iter_mut() {
            if let Shown::Number(number) = cell {
                *number = number.replace('.', ",");
            }
        }
        cells[14] = Shown::Text("seen".to_owned());
    };
    let file = read_csv(&csv_with(&rows, ';', &comma))?;
    for comparison in comparisons(&file, &rows) {
        assert!(matches!(comparison, Comparison::Edit(_)), "{comparison:?}");
    }
    // One number with a point among those with commas.
    let mixed = |row: &ReportRow, cells: &mut Vec<Shown>| {
        if row.mismatch_id == "m-a2" {
            cells[14] = Shown::Text("seen".to_owned());
        } else {
            comma(row, cells);
        }
    };
    let rows = rows[..2].to_vec();
    let file = read_csv(&csv_with(&rows, ';', &mixed))?;
    for comparison in comparisons(&file, &rows) {
        let Comparison::Refused(why) = comparison else { return Err("taken".into()) };
        assert!(why.contains("decimal comma in another"), "{why}");
    }
    Ok(())
}

#[test]
fn rows_are_counted_as_a_spreadsheet_counts_them() -> Outcome {
    let text = "Mismatches of Monday\n\nnote,Mismatch ID,RUN_ID,merchant_order_id\n\
                \"a\nb\",m-a1,12,1\n\nc,m-a2,12,0042\n,,,\nd,,12,0042\n";
    let file = read_csv(text)?;
    let rows: Vec<_> = file.rows.iter().map(|row| (row.row, row.mismatch_ids.join(" "))).collect();
    let expected = [(4, "m-a1"), (6, "m-a2"), (8, "")];
    assert_eq!(rows, expected.map(|(row, id)| (row, id.to_owned())));
    let unidentified: Vec<bool> =
        file.rows.iter().map(|row| row.unidentified().is_some()).collect();
    assert_eq!(unidentified, [false, false, true]);
    Ok(())
}

#[test]
fn other_peoples_spreadsheets_are_not_ours() -> Outcome {
    for text in ["", "a,b\n1,2\n", "mismatch_id\n", "mismatch_id,note\n,x\n", "\"", "\0\0\0"] {
        assert!(read_as("x.csv", text.as_bytes())?.is_none(), "{text:?}");
    }
    Ok(())
}

#[test]
fn a_quote_without_its_pair_refuses_the_file() {
    let text = csv_of(&awkward_rows());
    let error = read_as("x.csv", text.replacen("\"m-a4\"", "\"m-a4", 1).as_bytes());
    let why = error.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(why.contains("without its pair"), "{why}");
}

#[test]
fn columns_are_found_by_heading_in_any_order_beside_any_others() -> Outcome {
    let rows = awkward_rows();
    let text = "mine;note;variance;merchant_order_id;decision;mismatch_id;kind;run_id\n\
                x;ask Ravi;-10,00;1,23456789012346E+19;With Gateway;m-a1;\
                final_amount_difference;12\n";
    let edit = Edit {
        verdict: Some(Change::Set(Verdict::WithGateway)),
        note: Some(Text::own("ask Ravi")),
        ..Edit::default()
    };
    assert_eq!(comparisons(&read_csv(text)?, &rows), [Comparison::Edit(edit)]);
    Ok(())
}
