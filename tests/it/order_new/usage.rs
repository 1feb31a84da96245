//! Wrong use of `order new`, which sends nothing.

use super::{DEPOSIT, PAYOUT, arguments, calls, create, created, merchant, scripted};
use crate::support::Merchant;

#[test]
fn wrong_use_sends_nothing() {
    let gateway = scripted(&[created]);
    let merchant = merchant();
    let with = |more: &[&'static str]| [&DEPOSIT[..], more].concat();
    let amount = |amount| [&DEPOSIT[..3], &[amount], &DEPOSIT[4..]].concat();
    let id = "x".repeat(513);
    for (typed, words) in [
        (amount("0"), "the amount 0.00 is not above zero"),
        (amount("1,200.00"), "plain decimal"),
        (amount("1e2"), "plain decimal"),
        (amount("-5"), "-5"),
        (amount("1.0000001"), "more than 6 decimals"),
        ([&["deposit", ""], &DEPOSIT[2..]].concat(), "the order id is empty"),
        ([&["deposit", &id], &DEPOSIT[2..]].concat(), "longer than 512 bytes"),
        ([&DEPOSIT[..5], &[" "], &DEPOSIT[6..]].concat(), "the currency is empty"),
        (DEPOSIT[..6].to_vec(), "--payment"),
        (with(&["--accounting-type", "pay"]), "'pay'"),
        (with(&["--redirect-url", "example.com"]), "the redirect_url is not a complete http"),
        (with(&["--notify-url", "ftp://example.com/"]), "the notify_url is not a complete http"),
        (with(&["--to", "99999999"]), "--to"),
        (with(&["--yes"]), "--yes"),
        (with(&["--accounts", "none.json"]), "none.json"),
        (with(&["--accounts", "."]), "the accounts from . are not usable"),
        ([&PAYOUT[..8], &["--yes"]].concat(), "\"to\" is missing"),
    ] {
        let done = merchant.run(&arguments(&gateway.url, &typed));
        assert_eq!(done.code, Some(2), "{typed:?}: {done:?}");
        assert!(done.stderr.contains(words), "{typed:?}: {done:?}");
        assert_eq!(done.stdout, "");
    }
    assert_eq!(calls(&gateway), "");
}

#[test]
fn errors_about_accounts_repeat_no_value() {
    let gateway = scripted(&[created]);
    let merchant = merchant();
    let large = format!(r#"{{"to":"PLANTED"{}}}"#, " ".repeat(20_000));
    for (json, words) in [
        ("", "is empty"),
        (r#"{"to":"PLANTED","iban":"PLANTED"}"#, "a key other than from, from_name"),
        (r#"{"PLANTED":"1"}"#, "a key other than"),
        (r#"{"to":"PLANTED","to":"PLANTED"}"#, "a key twice"),
        (r#"{"to":"PLANTED","\u0074o":"PLANTED"}"#, "a key twice"),
        (r#"{"to":6660006666789}"#, "its to is not a text"),
        (r#"{"to":["PLANTED"]}"#, "its to is not a text"),
        (r#""PLANTED""#, "not a JSON object"),
        (r#"{"to":"PLANTED"#, "line 1, column 14"),
        (r#"{"to":"PLANTED\nPLANTED"}"#, "line break"),
        (r#"{"from":"PLANTED"}"#, "\"to\" is missing"),
        (r#"{"to":"","to_name":"PLANTED"}"#, "\"to\" is missing"),
        (&large, "longer than 16 KiB"),
    ] {
        merchant.write("accounts.json", json);
        let typed = [&PAYOUT[..], &["--yes", "-vv"]].concat();
        let done = merchant.run(&arguments(&gateway.url, &typed));
        assert_eq!(done.code, Some(2), "{json}: {done:?}");
        assert!(done.stderr.contains(words), "{json}: {done:?}");
        assert!(done.stderr.contains("\n hint: "), "{json}: {done:?}");
        for planted in ["PLANTED", "666"] {
            assert!(!done.stderr.contains(planted), "{json}: {done:?}");
        }
    }
    assert_eq!(calls(&gateway), "");
}

#[test]
fn a_new_order_needs_a_merchant() {
    let gateway = scripted(&[created]);
    let nobody = Merchant::new();
    let done = nobody.run(&arguments(&gateway.url, &DEPOSIT));
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("hint: set [gateway] merchant_uid or"), "{done:?}");
    assert_eq!(calls(&gateway), "");
    let mut named = nobody.command(&arguments(&gateway.url, &DEPOSIT));
    let named = named.env("OCTOPUS_RECON_MERCHANT_UID", "M7").output().unwrap();
    assert_eq!(named.status.code(), Some(0), "{named:?}");
    assert!(gateway.requests()[0].body.contains(r#""merchant_uid":"M7""#));
}

#[test]
fn accounts_on_the_command_line_are_not_repeated() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    let typed = [&PAYOUT[..8], &["--accounts", r#"{"to":"666000123456"}"#, "--yes"]].concat();
    let refused = create(&merchant, &gateway, &typed);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("the accounts from the command line"), "{refused:?}");
    assert!(!refused.stderr.contains("666000123456"), "{refused:?}");
    assert_eq!(calls(&gateway), "");
}
