//! Each effective setting and where it comes from, for the report (contract, "The report": the
//! sheet How this was made). No secret is listed.

use super::{Environment, Flags, Secret, Settings, credential};
use crate::domain::morning::Setting;
use crate::domain::text::one_line;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Documents every key with its default. A test compares it with the real defaults.
const EXAMPLE: &str = include_str!("../../octopus-recon.example.toml");
/// Ends the lines of keys that have no default.
const NO_DEFAULT: &str = " # example";
/// Shown in place of a secret.
const HIDDEN: &str = "(set, not shown)";

/// What a configuration's layers say, before they became one.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins {
    /// The file, with the keys of the ledger's preset, without the API key.
    pub(super) file: Table,
    /// Keys that a later layer than the file has set, with that layer.
    pub(super) above: Above,
}

/// Keys by the layer that sets them: `environment` or `flag`.
pub(super) type Above = BTreeMap<&'static str, &'static str>;

impl Origins {
    /// The layer of the file.
    pub(super) fn of_file(mut file: Table) -> Origins {
        if let Some(Value::Table(gateway)) = file.get_mut("gateway")
            && gateway.remove("api_key").is_some()
        {
            gateway.insert("api_key".to_owned(), HIDDEN.into());
        }
        Origins { file, above: Above::new() }
    }

    /// Whether the file has the API key, or a password in an address.
    fn has_secret(&self) -> bool {
        let gateway = self.file.get("gateway").and_then(Value::as_table);
        let text = |key| gateway.and_then(|it| it.get(key)).and_then(Value::as_str);
        text("api_key").is_some() || text("proxy").is_some_and(|proxy| proxy.contains('@'))
    }
}

/// The keys that flags, else the environment set, with that layer.
pub(super) fn above(flags: &Flags, environment: Environment) -> Above {
    const SECRETS: [&str; 2] = ["OCTOPUS_RECON_API_SECRET", "OCTOPUS_RECON_API_SECRET_FILE"];
    let is_set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
    let has_credential = |name: &str| credential(environment, name).is_some();
    let flag = [
        ("gateway.base_url", flags.base_url.is_some()),
        ("gateway.requests_per_second", flags.rate.is_some()),
        ("gateway.max_in_flight", flags.max_in_flight.is_some()),
        ("store.path", flags.db.is_some()),
        ("report.directory", flags.out.is_some()),
    ];
    let is_file_named = is_set(SECRETS[1]) || has_credential("api_secret");
    let variable = [
        ("gateway.base_url", is_set("OCTOPUS_RECON_BASE_URL")),
        ("gateway.merchant_uid", is_set("OCTOPUS_RECON_MERCHANT_UID")),
        ("gateway.api_key", is_set("OCTOPUS_RECON_API_KEY")),
        ("gateway.api_secret", is_set(SECRETS[0])),
        ("gateway.api_secret_file", is_file_named),
        ("store.path", is_set("OCTOPUS_RECON_DB")),
    ];
    let layer = |layer| move |(key, is_set): (&'static str, bool)| is_set.then_some((key, layer));
    let variables = variable.into_iter().filter_map(layer("environment"));
    variables.chain(flag.into_iter().filter_map(layer("flag"))).collect()
}

impl Settings {
    /// Whether the configuration file holds something that others should not read.
    #[must_use]
    pub fn has_secret_in_file(&self) -> bool {
        self.origins.has_secret()
    }

    /// Each effective setting, by key. A key without a default that nothing sets has no value.
    /// Secrets, and the user info and the query of URLs, are not shown.
    #[must_use]
    pub fn listed(&self) -> Vec<Setting> {
        let mut values: BTreeMap<String, (Value, &str)> = BTreeMap::new();
        let file = &self.origins.file;
        let own = Value::Table(self.ledger_keys.own.clone());
        let mut own_keys = Vec::new();
        flatten("ledger", &own, &mut |key, _| own_keys.push(key));
        flatten("", &Value::Table(file.clone()), &mut |key, value| {
            let is_own = !key.starts_with("ledger.") || own_keys.contains(&key);
            values.insert(key, (value, if is_own { "file" } else { "preset" }));
        });
        let mut unset = Vec::new();
        for (key, default) in documented() {
            let below = format!("{key}.");
            if values.contains_key(&key) || values.keys().any(|it| it.starts_with(&below)) {
                continue;
            }
            match default {
                Some(default) => flatten(&key, &default, &mut |key, value| {
                    values.insert(key, (value, "default"));
                }),
                None => unset.push(key),
            }
        }
        for (key, value) in self.set_above() {
            let above = self.origins.above.get(key).copied();
            let lower = values.get(key).map(|(lower, _)| lower);
            if above.is_some() || lower != Some(&value) {
                values.insert(key.to_owned(), (value, above.unwrap_or("program")));
            }
        }
        unset.retain(|key| !values.contains_key(key));
        let unset = unset.into_iter().map(|key| {
            let (value, source) = (String::new(), "default".to_owned());
            Setting { key, value, source }
        });
        let set = values.into_iter().map(|(key, (value, source))| {
            let value = one_line(&shown(&key, value).to_string());
            Setting { key, value, source: source.to_owned() }
        });
        let mut all: Vec<Setting> = set.chain(unset).collect();
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all
    }

    /// The keys that flags, the environment and this program itself set.
    fn set_above(&self) -> Vec<(&'static str, Value)> {
        let number = |number: std::num::NonZeroU32| Value::Integer(number.get().into());
        let path = |path: &std::path::Path| Value::String(path.to_string_lossy().into_owned());
        let gateway = &self.gateway;
        let mut set = vec![
            ("gateway.requests_per_second", number(gateway.requests_per_second)),
            ("gateway.max_in_flight", number(gateway.max_in_flight)),
            ("store.path", path(&self.store.path)),
            ("report.directory", path(&self.report.directory)),
        ];
        let base_url = gateway.base_url.as_ref().map(|url| ("gateway.base_url", url.clone()));
        let merchant = gateway.merchant_uid.as_ref().map(|it| ("gateway.merchant_uid", it.clone()));
        let zone = self.ledger.timezone.map(|zone| ("ledger.timezone", zone.name().to_owned()));
        let key = self.key.as_ref().map(|_| ("gateway.api_key", HIDDEN.to_owned()));
        let secret = match &self.secret {
            Secret::Unset => None,
            Secret::Value(_) => Some(("gateway.api_secret", HIDDEN.to_owned())),
            Secret::File(path) => {
                Some(("gateway.api_secret_file", path.to_string_lossy().into_owned()))
            }
        };
        let texts = [base_url, merchant, zone, key, secret];
        set.extend(texts.into_iter().flatten().map(|(key, text)| (key, Value::String(text))));
        set
    }
}

/// Each key of the documentation, with its default if it has one. A list of tables is one key.
fn documented() -> Vec<(String, Option<Value>)> {
    let mut keys = Vec::new();
    let (mut table, mut is_list) = (String::new(), false);
    for line in EXAMPLE.lines() {
        let code = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = code.strip_prefix("[[") {
            name.split(']').next().unwrap_or_default().clone_into(&mut table);
            is_list = true;
            keys.push((table.clone(), None));
        } else if let Some(name) = line.strip_prefix('[') {
            name.split(']').next().unwrap_or_default().clone_into(&mut table);
            is_list = false;
        } else if let Some((key, _)) = code.split_once(" = ")
            && line.starts_with("# ")
            && !is_list
            && key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            let has_default = !code.ends_with(NO_DEFAULT);
            let parsed = code.parse::<Table>().ok().and_then(|mut parsed| parsed.remove(key));
            keys.push((format!("{table}.{key}"), parsed.filter(|_| has_default)));
        }
    }
    keys
}

/// Gives each key that is no table, with dots between its parts, and each empty table.
fn flatten(path: &str, value: &Value, give: &mut impl FnMut(String, Value)) {
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (key, value) in table {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{key}"), value, give);
            }
        }
        Value::Table(_) if path.is_empty() => {}
        value => give(path.to_owned(), value.clone()),
    }
}

/// A value without what may be secret in it.
fn shown(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) => {
            let is_url = matches!(key, "gateway.base_url" | "gateway.proxy");
            let text = if key.starts_with("notify.") && text.contains("://") {
                host_only(&text)
            } else if is_url || text.contains("://") {
                without_secrets(&text)
            } else {
                text
            };
            Value::String(text)
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| shown(key, item)).collect())
        }
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(name, it)| (name, shown(key, it))).collect())
        }
        other => other,
    }
}

/// A URL without user info, query and fragment. Other texts may stand before it. The test is
/// rough, so that it also holds for a URL that no parser takes.
pub(crate) fn without_secrets(text: &str) -> String {
    const GONE: &str = "(hidden)";
    let (before, url) = match text.find("://") {
        Some(at) => text.split_at(at + "://".len()),
        None => ("", text),
    };
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (url, rest) = url.split_at(end);
    // An @ behind a ? may end a password that has a ?.
    if rest.contains('@') {
        return format!("{before}{GONE}");
    }
    let url = match url.rsplit_once('@') {
        Some((_, host)) => format!("{GONE}@{host}"),
        None => url.to_owned(),
    };
    let rest = if rest.is_empty() { String::new() } else { format!("?{GONE}") };
    format!("{before}{url}{rest}")
}

/// Scheme and host of a URL: its path may be a secret.
fn host_only(text: &str) -> String {
    let url = without_secrets(text);
    let Some((scheme, rest)) = url.split_once("://") else { return HIDDEN.to_owned() };
    let host = rest.split(['/', '\\', '?', '@']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
#[path = "listed_tests.rs"]
mod tests;
