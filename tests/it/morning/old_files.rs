//! Files of earlier nights that come back late, and people who would confirm themselves.

use super::Story;
use serde_json::json;

const SHORT: &str = "final_amount_difference";

fn decide(story: &Story, arguments: &[&str]) -> (Option<i32>, String) {
    let all = [&["decide", "--order", "A", "--kind", SHORT], arguments].concat();
    let done = story.merchant.run(&all);
    (done.code, done.stdout)
}

fn short(policy: &str) -> Story {
    let mut story = Story::new(&[("A", "500.00")], policy);
    story.gateway_says("A", json!({ "final_amount": "490.00" }));
    story
}

#[test]
fn a_file_that_is_saved_again_does_not_undo_a_later_decision() {
    let mut story = short("");
    let first = story.night();
    Story::edit(&first, "A", SHORT, &[("decision", "accepted")]);
    let second = story.night();
    assert_eq!(second.states(), ["A final_amount_difference open accepted"]);
    assert_eq!(decide(&story, &["--decision", "none", "--by", "Ravi"]).0, Some(0));
    // The first night's file once more: the same cells, other bytes.
    let mut bytes = std::fs::read(&first.report).unwrap();
    bytes.extend_from_slice(b"\r\n");
    std::fs::write(&first.report, bytes).unwrap();
    let third = story.night();
    assert_eq!(third.states(), ["A final_amount_difference open"]);
    assert_eq!(third.sum("at_risk"), "10.00");
    assert_eq!(story.decisions().last().unwrap(), "refused A final_amount_difference");
}

#[test]
fn a_withdrawal_in_an_older_file_counts_although_a_newer_run_was_noted() {
    let mut story = short("");
    story.night();
    assert_eq!(decide(&story, &["--decision", "accepted", "--by", "Asha"]).0, Some(0));
    let second = story.night();
    story.night();
    assert_eq!(decide(&story, &["--note", "seen", "--by", "Asha"]).0, Some(0));
    Story::edit(&second, "A", SHORT, &[("decision", "")]);
    let fourth = story.night();
    assert_eq!(fourth.states(), ["A final_amount_difference open"]);
    assert_eq!(fourth.sum("at_risk"), "10.00");
    assert_eq!(fourth.rows[0]["note"], "seen");
}

#[test]
fn nobody_confirms_alone() {
    let mut story = short("[policy.accept]\nup_to = { inr = \"5\" }\n");
    let night = story.night();
    let id = night.rows[0]["mismatch_id"].clone();
    let soon = (chrono::Utc::now().date_naive() + chrono::Days::new(3)).to_string();
    let (code, said) =
        decide(&story, &["--decision", "accepted", "--until", &soon, "--by", "Asha"]);
    assert!(code == Some(0) && said.starts_with("proposed"), "{said}");
    let confirm = |by: &str| story.merchant.run(&["decide", "--confirm", &id, "--by", by]).code;
    for same in ["Asha", " asha ", "ASHA\u{200b}", "A\u{2060}sha"] {
        assert_eq!(confirm(same), Some(1), "{same:?}");
    }
    assert_eq!(confirm("Ravi"), Some(0));
    // One person alone makes it hold no longer.
    let (_, said) = decide(&story, &["--until", "2099-12-31", "--by", "Asha"]);
    assert!(said.starts_with("proposed"), "{said}");
}

#[test]
fn a_proposal_that_names_nobody_is_not_confirmed() {
    let mut story = short("[policy.accept]\nup_to = { inr = \"5\" }\n");
    let first = story.night();
    Story::edit(&first, "A", SHORT, &[("decision", "accepted")]);
    let second = story.night();
    assert_eq!(second.states(), ["A final_amount_difference open proposed"]);
    let id = second.rows[0]["mismatch_id"].clone();
    let confirm = |by: &str| story.merchant.run(&["decide", "--confirm", &id, "--by", by]);
    let alone = confirm("Ravi");
    assert_eq!(alone.code, Some(1), "{alone:?}");
    assert!(alone.stdout.contains("nobody knows who proposed it"), "{alone:?}");
    assert_eq!(decide(&story, &["--owner", "Asha", "--by", "Asha"]).0, Some(0));
    assert_eq!(confirm("Asha").code, Some(1));
    assert_eq!(confirm("Ravi").code, Some(0));
}

#[test]
fn a_confirmed_acceptance_lapses_when_more_is_at_risk() {
    let mut story = Story::new(&[("A", "500.00")], "[policy.accept]\nup_to = { inr = \"5\" }\n");
    story.gateway_says("A", json!({ "accounting_status": "failed" }));
    let night = story.night();
    let id = night.rows[0]["mismatch_id"].clone();
    let propose = ["decide", "--order", "A", "--kind", "accounting_failed", "--by", "Asha"];
    let propose = [&propose[..], &["--decision", "accepted"]].concat();
    assert_eq!(story.merchant.run(&propose).code, Some(0));
    let confirm = ["decide", "--confirm", &id, "--by", "Ravi"];
    assert_eq!(story.merchant.run(&confirm).code, Some(0));
    assert_eq!(story.night().states(), ["A accounting_failed open accepted"]);
    // The ledger's amount grows, and with it what is at risk of a finding without a variance.
    let ledger = std::fs::read_to_string(story.merchant.path("ledger.csv")).unwrap();
    story.merchant.write("ledger.csv", ledger.replace("500.00", "9500.00"));
    let night = story.night();
    let row = night.rows.iter().find(|row| row["kind"] == "accounting_failed").unwrap();
    assert_eq!((row["state"].as_str(), row["decision"].as_str()), ("changed", ""));
    assert!(row["reason"].contains("9500.00 inr is more than the 500.00"), "{row:?}");
}

#[test]
fn an_accepted_order_without_an_answer_lapses_with_its_ledger_status() {
    let mut story = Story::new(&[("A", "500.00"), ("B", "1.00")], "");
    story.gateway_says("A", json!({ "sandbox": { "status": 503 } }));
    story.night();
    let soon = (chrono::Utc::now().date_naive() + chrono::Days::new(9)).to_string();
    let accept = ["decide", "--order", "A", "--kind", "unverified", "--by", "Asha"];
    let accept = [&accept[..], &["--decision", "accepted", "--until", &soon]].concat();
    assert_eq!(story.merchant.run(&accept).code, Some(0));
    let night = story.night();
    assert_eq!(
        (night.states(), night.done.code),
        (vec!["A unverified open accepted".into()], Some(0))
    );
    let ledger = std::fs::read_to_string(story.merchant.path("ledger.csv")).unwrap();
    story.merchant.write("ledger.csv", ledger.replacen("paid", "failed", 1));
    let night = story.night();
    assert_eq!((night.states(), night.done.code), (vec!["A unverified changed".into()], Some(3)));
    assert!(night.rows[0]["reason"].contains("the ledger's status was paid, it is failed"));
}
