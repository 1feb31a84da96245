//! Which settings are listed, where they come from, and that no secret is among them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use crate::settings::Flags;
use std::ffi::OsString;

fn listed(
    content: &str,
    flags: Flags,
    environment: &[(&str, &str)],
) -> BTreeMap<String, (String, String)> {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("octopus-recon.toml");
    std::fs::write(&config, content).unwrap();
    let variable = |name: &str| {
        let found = environment.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let settings = Settings::load(Flags { config: Some(config), ..flags }, &variable).unwrap();
    let listed = settings.listed().into_iter();
    listed.map(|setting| (setting.key, (setting.value, setting.source))).collect()
}

/// The example with every key set: an independent reading of it.
fn every_key() -> String {
    let is_code = |code: &str| code.starts_with('[') || code.contains(" = ");
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(code) if is_code(code) && code.parse::<Table>().is_ok() => code,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_key_is_listed_set_or_not() {
    let document: Table = every_key().parse().unwrap();
    let mut keys = Vec::new();
    flatten("", &Value::Table(document), &mut |key, _| keys.push(key));
    let free = ["currencies", "transaction_types", "accounting_types", "statuses"];
    let is_free = |key: &&String| free.iter().any(|table| key.contains(&format!("ledger.{table}")));
    let all = listed("", Flags::default(), &[]);
    for key in keys.iter().filter(|key| !is_free(key)) {
        assert!(all.contains_key(key), "{key} is not in {:?}", all.keys());
    }
    assert!(keys.len() > 60, "{keys:?}");
    assert!(all.values().all(|(_, source)| source == "default"), "{all:?}");
    assert_eq!(all["policy.settle_within_hours"].0, "24");
    assert_eq!(all["ledger.shrunk_above.orders"].0, "5");
    assert_eq!(all["gateway.base_url"].0, "");
    assert_eq!(all["policy.tolerance.final_amount"].0, "{}");
}

#[test]
fn each_setting_has_its_source() {
    let content = "[gateway]\nrequests_per_second = 5\nmax_in_flight = 3\n\
                   [ledger]\npreset = 'shopify'\ntimezone = 'Asia/Kolkata'\n\
                   [ledger.statuses]\nheld = 'pending'\n\
                   [policy.tolerance]\nfinal_amount = { inr = '0.05' }\n\
                   [[policy.fee]]\ncurrency = 'inr'\ntransaction_type = 'income'\npercent = '2'\n";
    let flags = Flags { rate: std::num::NonZeroU32::new(7), ..Flags::default() };
    let environment = [("OCTOPUS_RECON_DB", "env.db"), ("OCTOPUS_RECON_MERCHANT_UID", "M-1")];
    let all = listed(content, flags, &environment);
    let of = |key: &str| (all[key].0.as_str(), all[key].1.as_str());
    assert_eq!(of("gateway.requests_per_second"), ("7", "flag"));
    assert_eq!(of("gateway.max_in_flight"), ("3", "file"));
    assert_eq!(of("gateway.max_attempts"), ("4", "default"));
    assert_eq!(of("gateway.merchant_uid"), ("\"M-1\"", "environment"));
    assert_eq!(of("store.path"), ("\"env.db\"", "environment"));
    assert_eq!(of("ledger.timezone"), ("\"Asia/Kolkata\"", "file"));
    assert_eq!(of("ledger.statuses.held"), ("\"pending\"", "file"));
    assert_eq!(of("ledger.columns.merchant_order_id").1, "preset");
    assert_eq!(of("policy.tolerance.final_amount.inr"), ("\"0.05\"", "file"));
    assert!(!all.contains_key("policy.tolerance.final_amount"), "it is not empty");
    assert!(of("policy.fee").0.contains("percent = \"2\""), "{:?}", of("policy.fee"));
}

#[test]
fn secrets_are_not_listed() {
    let content = "[gateway]\napi_key = 'planted-1'\n\
                   proxy = 'http://me:planted-2@proxy.example.com:3128/?k=planted-3'\n";
    let all = listed(content, Flags::default(), &[("OCTOPUS_RECON_API_SECRET", "planted-4")]);
    assert!(!format!("{all:?}").contains("planted"), "{all:?}");
    assert_eq!(all["gateway.api_key"], ("\"(set, not shown)\"".into(), "file".into()));
    assert_eq!(all["gateway.api_secret"].1, "environment");
    assert_eq!(all["gateway.proxy"].0, "\"http://(hidden)@proxy.example.com:3128/?(hidden)\"");
    let environment = [("OCTOPUS_RECON_API_KEY", "planted-5"), ("OCTOPUS_RECON_API_SECRET", "x")];
    let all = listed(content, Flags::default(), &environment);
    assert_eq!(all["gateway.api_key"], ("\"(set, not shown)\"".into(), "environment".into()));
}

#[test]
fn urls_lose_their_secrets() {
    for (url, shown) in [
        ("https://pay.example.com/a", "https://pay.example.com/a"),
        ("https://u:p@pay.example.com/a?b=c#d", "https://(hidden)@pay.example.com/a?(hidden)"),
        ("--base-url=https://u@h?x", "--base-url=https://(hidden)@h?(hidden)"),
        // No parser takes these.
        ("https://u:p/w@h", "https://(hidden)@h"),
        ("https://u:p?w@h", "https://(hidden)"),
        ("u:p@proxy:3128", "(hidden)@proxy:3128"),
        ("https://h/p#token", "https://h/p?(hidden)"),
    ] {
        assert_eq!(without_secrets(url), shown, "{url}");
    }
    assert_eq!(host_only("https://hc.example.com/ping/uuid?a=b"), "https://hc.example.com");
}
