//! What the program says of a ledger or a configuration that it cannot read: each message names the
//! key that helps.

use crate::rude_gateway::RudeGateway;
use crate::support::{Gateway, HEAD, Merchant, paid, row};
use serde_json::json;

/// Runs over this ledger; nothing is to be asked. Gives the exit code and what a person reads.
fn said(config: &str, ledger: impl AsRef<[u8]>) -> (Option<i32>, String) {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", config);
    merchant.write("ledger.csv", ledger);
    let gateway = Gateway::serve("");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert!(gateway.stop().is_empty(), "{done:?}");
    (done.code, done.stderr)
}

fn says(config: &str, ledger: impl AsRef<[u8]>, code: i32, texts: &[&str]) {
    let (got, stderr) = said(config, ledger);
    assert_eq!(got, Some(code), "{stderr}");
    for text in texts {
        assert!(stderr.contains(text), "{text:?} is not in: {stderr}");
    }
}

#[test]
fn headings_that_are_not_found() {
    let rows = "A1;5,00;10/04/2026\nA2;6,00;11/04/2026\n";
    let delimiter = "set [ledger] delimiter = \";\"";
    let columns = "[ledger.columns] merchant_order_id = \"Order No\", amount = \"Total\", \
                   created_at = \"Date\", and [ledger] currency";
    let ledger = format!("Order No;Total;Date\n{rows}");
    says("", &ledger, 10, &["line 1", delimiter, columns]);
    let found = "the file has \"Order No\", \"Total\", \"Date\"";
    says("[ledger]\ndelimiter = \";\"\n", &ledger, 10, &["line 1", found, columns]);
    // Below other lines, the nearest one is said to be the header row.
    let below = format!("Shop;;\nMeera;;\n{ledger}");
    says("[ledger]\ndelimiter = \";\"\n", below, 10, &["line 3", found, columns]);
    let late = format!("{}{HEAD}A1,5,inr,2026-01-10,paid\n", "x\n".repeat(60));
    says("", late, 10, &["line 61, column 1: the header row is here", "remove rows above it"]);
}

#[test]
fn files_of_another_kind() {
    let html = "<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n";
    says("", html, 10, &["it is a web page or XML, not CSV", "hint: export it as CSV"]);
    says("", b"PK\x03\x04rest", 10, &["it is a workbook or an archive", "as \"CSV UTF-8\""]);
    let latin =
        b"merchant_order_id,amount,currency,created_at,Gr\xF6\xDFe\nA1,5,inr,2026-01-10,1\n";
    let texts = ["line 1, column 48", "[ledger] encoding", "windows-1252"];
    says("", latin, 10, &texts);
}

#[test]
fn cells_that_only_another_habit_reads() {
    for (row, text) in [
        ("A1,₹5,inr,2026-01-10,paid", "[ledger] currency_in_amount = true"),
        ("A1,5.00 Dr,inr,2026-01-10,paid", "[ledger] signed_amounts = true"),
        ("A1,\"1,200.00\",inr,2026-01-10,paid", "see [ledger] thousands_separator"),
        ("A1,5.0000000001,inr,2026-01-10,paid", "[ledger] round_amounts = 2"),
        ("A1,5,inr,13/04/2026,paid", "[ledger] date_format = \"%d/%m/%Y\" reads it"),
        (
            "A1,5,inr,10/04/2026 11:11,paid",
            "[ledger] date_format = \"%d/%m/%Y %H:%M\" or \"%m/%d/%Y %H:%M\" reads it",
        ),
        ("A1,5,inr,10/04/2026 11:11 IST,paid", "the zone IST is not read"),
        ("A1,5,inr,1775799686,paid", "[ledger] date_format = \"epoch\" reads it"),
    ] {
        says("", format!("{HEAD}{row}\n"), 10, &["line 2", text]);
    }
    let config = "[ledger]\ndate_format = \"%m/%d/%Y\"\n";
    let text = "another [ledger] date_format, \"%d/%m/%Y\" reads it";
    says(config, format!("{HEAD}A1,5,inr,13/04/2026,paid\n"), 10, &[text]);
}

#[test]
fn settings_that_were_meant_otherwise() {
    for (config, texts) in [
        ("[ledger]\ndate_format = \"DD/MM/YYYY\"\n", &["line 2", "write \"%d/%m/%Y\""][..]),
        ("[ledger]\ntimezone = \"IST\"\n", &["line 2", "did you mean Asia/Kolkata?"]),
        ("[ledger]\ntimezone = \"+05:30\"\n", &["line 2", "did you mean Asia/Kolkata?"]),
        ("[ledger]\ntimezone = \"Asia/Calcuta\"\n", &["line 2", "did you mean Asia/Calcutta?"]),
        ("[gateway]\nbaseurl = \"x\"\n", &["line 2", "hint: did you mean `base_url`?"]),
        ("[ledgr]\n", &["line 1", "hint: did you mean `ledger`?"]),
        ("[ledger.columns]\nammount = \"x\"\n", &["line 2", "hint: did you mean `amount`?"]),
        (
            "[ledger]\ntimezone = 'UTC'\n\n[ledger.columns]\namount = 'T'\n\n[ledger]\n",
            &["line 7", "hint: [ledger] is there twice (lines 1 and 7); put its keys together"],
        ),
        (
            "[ledger]\n[ledger.columns]\namount = 'T'\namount_unit = 'minor'\n",
            &["line 4", "hint: `amount_unit` is a key of [ledger]; move it above [ledger.columns]"],
        ),
        (
            "[ledger]\n[ledger.statuses]\nNew = 'pending'\nline_items = 'sum'\n",
            &["line 4", "hint: `line_items` is a key of [ledger]; move it above [ledger.statuses]"],
        ),
        (
            "[ledger]\n[[ledger.skip]]\ncolumn = 'T'\nid_prefix = 'x'\n",
            &["line 4", "hint: `id_prefix` is a key of [ledger]; move it above [[ledger.skip]]"],
        ),
        (
            "[policy]\n[policy.tolerance.final_amount]\ninr = '1'\nignore = []\n",
            &["line 4", "`ignore` is a key of [policy]; move it above [policy.tolerance"],
        ),
        (
            "timezone = 'UTC'\n",
            &["line 1", "hint: `timezone` is a key of [ledger]; put it below a line [ledger]"],
        ),
        (
            "[ledger]\nbase_url = 'x'\n[gateway]\n",
            &["line 2", "hint: `base_url` is a key of [gateway]; move it below [gateway]"],
        ),
        // In its place, and refused for its value.
        ("[[policy.fee]]\ncurrency = 5\n", &["line 2", "hint: octopus-recon.example.toml"]),
        ("[policy]\nsettle_in_hours = 1\n", &["line 2", "did you mean `settle_within_hours`?"]),
    ] {
        says(config, HEAD, 2, texts);
    }
    let merchant = Merchant::new();
    let done = merchant.run(&["run", "--from", "20/11/2026"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("write 2026-11-20"), "{done:?}");
}

#[test]
fn a_currency_that_nobody_knows() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,5,rs,2026-01-10,paid\n"));
    let gateway = Gateway::serve(&paid("A1", "5", json!({})));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let warnings = done.json()["warnings"].clone();
    let all = warnings.as_array().cloned().unwrap_or_default();
    let text = all.iter().find(|it| it["code"] == "unknown_currency");
    let text = text.map(ToString::to_string).unwrap_or_default();
    assert!(text.contains("in line 2") && text.contains("[ledger.currencies]"), "{warnings}");
}

#[test]
fn answers_about_the_same_ids_in_another_form() {
    let merchant = Merchant::new();
    merchant.write(
        "ledger.csv",
        format!("{HEAD}ABC,5,inr,2026-01-10,paid\n00012,5,inr,2026-01-10,paid\n"),
    );
    let gateway = RudeGateway::serve(|turn| {
        let id = turn.order.trim_start_matches('0').to_lowercase();
        let payment = json!({"merchant_order_id": id, "amount": "5"});
        let body = json!({"result": "success", "data": {"payment": payment}});
        turn.answer("200 OK", "", body.to_string().as_bytes());
    });
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(done.json()["requests"], 2, "one call each: {done:?}");
    let rows = merchant.rows_of(&done);
    let reason = |order| row(&rows, order, "unverified")["reason"].clone();
    assert!(reason("ABC").contains("the order \"abc\": only upper and lower case differ"));
    assert!(reason("00012").contains("the order \"12\": only leading zeros differ"));
    let warnings = done.json()["warnings"].clone();
    let text = warnings.as_array().and_then(|all| all.iter().find(|it| it["code"] == "other_ids"));
    let text = text.map(ToString::to_string).unwrap_or_default();
    assert!(text.contains("for all 2 orders") && text.contains("asked for"), "{warnings}");
}
