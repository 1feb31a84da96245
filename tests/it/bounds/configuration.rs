//! Limits on the files that a person writes: configuration, secret, CA certificates, accounts.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{API_SECRET, Done, Merchant, ledger};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

const KIBIBYTE: usize = 1024;

/// A text that is filled up to so many bytes.
fn padded(text: &str, with: &str, length: usize) -> String {
    text.to_owned() + &with.repeat(length - text.len())
}

/// A merchant with six orders, and a gateway that knows them.
fn merchant() -> (Merchant, RudeGateway) {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    (merchant, RudeGateway::serve(Turn::answer_well))
}

fn run(merchant: &Merchant, gateway: &RudeGateway) -> Done {
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"])
}

fn assert_too_large(done: &Done, file: &str, limit: &str) {
    assert_eq!(done.code, Some(2), "{done:?}");
    for words in [file, &format!("it is larger than {limit}"), "hint: "] {
        assert!(done.stderr.contains(words), "{words}: {done:?}");
    }
    assert!(done.stderr.len() < 1_000, "{done:?}");
}

#[test]
fn a_configuration_of_a_mebibyte() {
    let (merchant, gateway) = merchant();
    let settings = "[gateway]\nmax_attempts = 1\n#";
    merchant.write("octopus-recon.toml", padded(settings, "x", 1024 * KIBIBYTE));
    assert_eq!(run(&merchant, &gateway).code, Some(0));
    merchant.write("octopus-recon.toml", padded(settings, "x", 1024 * KIBIBYTE + 1));
    assert_too_large(&run(&merchant, &gateway), "octopus-recon.toml", "1024 KiB");
    let endless = ["run", "--config", "/dev/zero", "--ledger", "ledger.csv"];
    assert_too_large(&merchant.run(&endless), "/dev/zero", "1024 KiB");
}

#[test]
fn a_misspelt_key_is_cut() {
    let (merchant, gateway) = merchant();
    for (length, shown) in
        [(60, "k".repeat(60)), (61, "k".repeat(60) + "…"), (100_000, "k".repeat(60) + "…")]
    {
        let key = "k".repeat(length);
        for content in [
            format!("[gateway]\n{key} = 1\n"),
            format!("[{key}]\n"),
            format!("[ledger.columns]\n{key} = 'x'\n"),
            format!("[gateway]\n\"{key}\" = {{ a = 1 }}\n"),
        ] {
            merchant.write("octopus-recon.toml", content);
            let done = run(&merchant, &gateway);
            assert_eq!(done.code, Some(2), "{done:?}");
            assert!(done.stderr.contains(&format!("`{shown}`")), "{done:?}");
            assert!(done.stderr.len() < 3_000, "{}: {done:?}", done.stderr.len());
        }
        // A key and a table that are there twice, and a value.
        for content in [
            format!("[gateway]\n{key} = 1\n{key} = 2\n"),
            format!("[{key}]\n[{key}]\n"),
            format!("[policy.tolerance]\nfinal_amount = {{ inr = \"{key}\" }}\n"),
            format!("[gateway]\nnot_found_pattern = \"({key}\"\n"),
        ] {
            merchant.write("octopus-recon.toml", &content);
            let done = run(&merchant, &gateway);
            assert_eq!(done.code, Some(2), "{done:?}");
            assert!(done.stderr.len() < 3_000, "{}: {done:?}", done.stderr.len());
        }
    }
}

#[test]
fn a_secret_file_of_16_kibibytes() {
    let (merchant, gateway) = merchant();
    let run = |content: String| -> Done {
        let file = merchant.write("secret", content);
        set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let arguments = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
        let mut command = merchant.command(&arguments);
        command.env_remove("OCTOPUS_RECON_API_SECRET").env("OCTOPUS_RECON_API_SECRET_FILE", file);
        command.output().unwrap().into()
    };
    assert_eq!(run(padded(API_SECRET, "\n", 16 * KIBIBYTE)).code, Some(0));
    let done = run(padded(API_SECRET, "\n", 16 * KIBIBYTE + 1));
    assert_too_large(&done, "secret", "16 KiB");
    assert!(!done.stderr.contains(API_SECRET), "{done:?}");
}

#[test]
fn ca_certificates_of_a_mebibyte() {
    let (merchant, gateway) = merchant();
    merchant.write("octopus-recon.toml", "[gateway]\nca_file = \"authority.pem\"\n");
    let authority = include_str!("../gateway_faults/certificates/authority.pem");
    merchant.write("authority.pem", padded(authority, "\n", 1024 * KIBIBYTE));
    assert_eq!(run(&merchant, &gateway).code, Some(0));
    merchant.write("authority.pem", padded(authority, "\n", 1024 * KIBIBYTE + 1));
    assert_too_large(&run(&merchant, &gateway), "authority.pem", "1024 KiB");
}

#[test]
fn a_new_orders_id_and_accounts() {
    let (merchant, gateway) = merchant();
    merchant.write("octopus-recon.toml", "[gateway]\nmerchant_uid = \"M1\"\n");
    let new = |id: &str, accounts: String| {
        merchant.write("accounts.json", accounts);
        let order = ["--amount", "100.00", "--currency", "inr", "--payment", "india", "--yes"];
        let order = [&["order", "new", "payout", id], &order[..]].concat();
        merchant.run(
            &[&order[..], &["--accounts", "accounts.json", "--base-url", &gateway.url]].concat(),
        )
    };
    let accounts = r#"{"to":"123"}"#;
    let longest = "x".repeat(512);
    let done = new(&longest, padded(accounts, " ", 16 * KIBIBYTE));
    assert_ne!(done.code, Some(2), "{done:?}");
    assert_ne!(gateway.calls_for(&longest), 0, "{done:?}");
    let sent = gateway.arrivals().len();
    let done = new(&"x".repeat(513), accounts.to_owned());
    assert!(done.code == Some(2) && done.stderr.contains("longer than 512 bytes"), "{done:?}");
    let done = new("A1", padded(accounts, " ", 16 * KIBIBYTE + 1));
    assert!(done.code == Some(2) && done.stderr.contains("longer than 16 KiB"), "{done:?}");
    assert_eq!(gateway.arrivals().len(), sent);
}

#[test]
fn a_name_or_a_note_of_a_thousand_characters() {
    let (merchant, _) = merchant();
    let decide = |note: &str, by: &str| {
        let order = ["decide", "--order", "A1", "--kind", "overdue", "--decision", "accepted"];
        merchant.run(&[&order[..], &["--by", by, "--note", note]].concat())
    };
    let (longest, beyond) = ("é".repeat(1_000), "é".repeat(1_001));
    // There is no such order, and no database.
    assert!(!decide(&longest, &longest).stderr.contains("too many"));
    for (note, by) in [(&longest, &beyond), (&beyond, &longest)] {
        let done = decide(note, by);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains("1001 characters are too many; 1000 at most"), "{done:?}");
    }
}
