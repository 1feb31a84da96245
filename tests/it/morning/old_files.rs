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
