//! Combines defaults, file, environment and flags into one validated [`Settings`]; the later source
//! overrides the earlier (contract, "Configuration"). Only this module reads the environment.

mod error;
mod listed;
mod meant;
mod message;
mod placed;
mod secret_file;

use crate::domain::bounded;
use crate::domain::calendar::Calendar;
use crate::gateway::{Credentials, GatewaySettings};
use crate::ledger::{LedgerKeys, LedgerSettings, put_preset_under};
use crate::notify::NotifySettings;
use crate::report::{ReportSettings, ReportTable};
use crate::rules::Policy;
use crate::rules::schedule::Schedule;
pub use crate::store::StoreSettings;
pub use error::SettingsError;
use listed::Origins;
pub(crate) use listed::without_secrets;
use secrecy::SecretString;
use secret_file::read_secret;
use serde::Deserialize;
use std::ffi::OsString;
use std::fs::File;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The file in the working directory that is read if no other file is named.
pub(crate) const DEFAULT_FILE: &str = "octopus-recon.toml";
/// The largest configuration file, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Everything that can be configured.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `[gateway]`.
    pub gateway: GatewaySettings,
    /// `[ledger]`.
    pub ledger: LedgerSettings,
    /// `[ledger]` by its keys: what is set, and what is not.
    pub ledger_keys: LedgerKeys,
    /// `[policy]`.
    pub policy: Policy,
    /// `[calendar]`.
    pub calendar: Calendar,
    /// `[schedule]`.
    pub schedule: Schedule,
    /// `[report]`.
    pub report: ReportSettings,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[notify]`.
    pub notify: NotifySettings,
    /// The configuration file that was read, if any.
    pub file: Option<PathBuf>,
    key: Option<SecretString>,
    secret: Secret,
    origins: Origins,
}

/// Where the API secret comes from.
#[derive(Debug, Clone, Default)]
enum Secret {
    #[default]
    Unset,
    Value(SecretString),
    File(PathBuf),
}

/// The settings that flags override.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--db`.
    pub db: Option<PathBuf>,
    /// `--out`.
    pub out: Option<PathBuf>,
    /// `--rate`.
    pub rate: Option<NonZeroU32>,
    /// `--max-in-flight`.
    pub max_in_flight: Option<NonZeroU32>,
}

/// The tables of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tables {
    gateway: GatewaySettings,
    ledger: LedgerSettings,
    policy: Policy,
    calendar: Calendar,
    schedule: Schedule,
    report: ReportTable,
    store: StoreSettings,
    notify: NotifySettings,
    #[serde(skip)]
    ledger_keys: LedgerKeys,
    #[serde(skip)]
    origins: Origins,
}

/// Reads an environment variable, like [`std::env::var_os`].
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Settings {
    /// Reads the file, the environment and the flags.
    ///
    /// # Errors
    /// The file is unreadable or invalid, an environment variable is not usable, or systemd's
    /// credential `api_key` is not usable. [`Settings::credentials`] reads the secret file.
    pub fn load(flags: Flags, environment: Environment) -> Result<Settings, SettingsError> {
        let above = listed::above(&flags, environment);
        let variable = |name: &'static str| text_variable(environment, name);
        let named = match flags.config {
            Some(path) => Some(path),
            None => variable("OCTOPUS_RECON_CONFIG")?.map(PathBuf::from),
        };
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = named.or_else(default);
        let read = file.as_deref().map(read_file).transpose()?;
        let (tables, mut report) = read.unwrap_or_default();
        let Tables { mut gateway, ledger, mut policy, calendar, schedule, mut store, .. } = tables;
        let (notify, ledger_keys) = (tables.notify, tables.ledger_keys);
        let origins = Origins { above, ..tables.origins };
        policy.bank_closed = calendar.bank_closed.clone();
        policy.zone = ledger.zone();
        let key = match variable("OCTOPUS_RECON_API_KEY")? {
            Some(key) => Some(key),
            None => gateway.api_key.take(),
        };
        let secret = secret(environment, gateway.api_secret_file.take())?;
        let key = match key {
            Some(key) => Some(key),
            None => {
                credential(environment, "api_key").map(|path| read_secret(&path)).transpose()?
            }
        };
        let or = |flag: Option<String>, name| match flag {
            Some(flag) => Ok(Some(flag)),
            None => variable(name),
        };
        if let Some(base_url) = or(flags.base_url, "OCTOPUS_RECON_BASE_URL")? {
            gateway.base_url = Some(base_url);
        }
        if let Some(merchant_uid) = variable("OCTOPUS_RECON_MERCHANT_UID")? {
            gateway.merchant_uid = Some(merchant_uid);
        }
        gateway.merchant_uid = gateway.merchant_uid.filter(|merchant| !merchant.is_empty());
        gateway.requests_per_second = flags.rate.unwrap_or(gateway.requests_per_second);
        gateway.max_in_flight = flags.max_in_flight.unwrap_or(gateway.max_in_flight);
        let database = environment("OCTOPUS_RECON_DB").filter(|path| !path.is_empty());
        if let Some(path) = flags.db.or(database.map(PathBuf::from)) {
            store.path = path;
        }
        report.directory = flags.out.unwrap_or(report.directory);
        let key = key.map(SecretString::from);
        Ok(Settings {
            gateway,
            ledger,
            ledger_keys,
            policy,
            calendar,
            schedule,
            report,
            store,
            notify,
            file,
            key,
            secret,
            origins,
        })
    }

    /// Settings with these credentials, for a gateway in the same process.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Settings {
        Settings {
            key: Some(credentials.api_key),
            secret: Secret::Value(credentials.api_secret),
            ..self
        }
    }

    /// The credentials. Only commands that call the gateway read them.
    ///
    /// # Errors
    /// The key or the secret is not set. Or the secret file is unreadable, accessible to others, or
    /// not exactly one line.
    pub fn credentials(&self) -> Result<Credentials, SettingsError> {
        Ok(Credentials { api_key: self.api_key()?, api_secret: self.api_secret()? })
    }

    /// The API key alone.
    ///
    /// # Errors
    /// It is not set.
    pub fn api_key(&self) -> Result<SecretString, SettingsError> {
        self.key.clone().ok_or(SettingsError::Missing("API key"))
    }

    /// The API secret alone.
    ///
    /// # Errors
    /// As [`Settings::credentials`].
    pub fn api_secret(&self) -> Result<SecretString, SettingsError> {
        match &self.secret {
            Secret::Unset => Err(SettingsError::Missing("API secret")),
            Secret::Value(secret) => Ok(secret.clone()),
            Secret::File(path) => Ok(SecretString::from(read_secret(path)?)),
        }
    }
}

/// The value of an environment variable. An empty variable counts as not set.
fn text_variable(
    environment: Environment,
    name: &'static str,
) -> Result<Option<String>, SettingsError> {
    match environment(name) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => value
            .into_string()
            .map(Some)
            .map_err(|_| SettingsError::Environment { name, why: "is not valid UTF-8" }),
    }
}

fn secret(environment: Environment, file: Option<PathBuf>) -> Result<Secret, SettingsError> {
    const VALUE: &str = "OCTOPUS_RECON_API_SECRET";
    const FILE: &str = "OCTOPUS_RECON_API_SECRET_FILE";
    match (text_variable(environment, VALUE)?, text_variable(environment, FILE)?) {
        (Some(_), Some(_)) => Err(SettingsError::Environment {
            name: FILE,
            why: "and OCTOPUS_RECON_API_SECRET are both set: set only one of them",
        }),
        (Some(secret), None) => Ok(Secret::Value(SecretString::from(secret))),
        (None, Some(path)) => {
            let path = PathBuf::from(path);
            // A name without a directory may be one of systemd's credentials.
            let credential = path.to_str().and_then(|name| credential(environment, name));
            Ok(Secret::File(if path.exists() { path } else { credential.unwrap_or(path) }))
        }
        (None, None) => {
            Ok(credential(environment, "api_secret").or(file).map_or(Secret::Unset, Secret::File))
        }
    }
}

/// The path of a credential from systemd (`LoadCredential`), if there is one.
fn credential(environment: Environment, name: &str) -> Option<PathBuf> {
    let directory = environment("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty())?;
    Some(Path::new(&directory).join(name)).filter(|path| path.exists())
}

fn read_file(path: &Path) -> Result<(Tables, ReportSettings), SettingsError> {
    let read = File::open(path).and_then(|file| bounded::read(file, LARGEST_FILE));
    let bytes = read.map_err(|error| SettingsError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let (content, first_invalid) = match String::from_utf8(bytes) {
        Ok(content) => (content, None),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(valid))
        }
    };
    let invalid = |at: usize, why: &str| {
        let before = content.get(..at.min(content.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        SettingsError::Invalid {
            path: path.to_owned(),
            line,
            column: before.chars().rev().take_while(|character| *character != '\n').count() + 1,
            why: message::shown(why),
            hint: placed::hint(&content, line, why, &keys_of).map(|it| message::cut(&it)),
        }
    };
    if let Some(at) = first_invalid {
        return Err(invalid(at, "it is not valid UTF-8 from here on; save it as UTF-8"));
    }
    // The error's own text would show the line, and a secret may be in it.
    let unreadable = |error: toml::de::Error| {
        invalid(
            error.span().map_or(0, |span| span.start),
            &message::without_values(error.message()),
        )
    };
    let mut document = DeTable::parse(&content).map_err(unreadable)?;
    put_preset_under(document.get_mut());
    let resolved = toml::Deserializer::from(document.clone());
    let resolved = toml::Table::deserialize(resolved).map_err(unreadable)?;
    let mut tables = Tables::deserialize(toml::Deserializer::from(document)).map_err(unreadable)?;
    let report = ReportSettings::try_from(std::mem::take(&mut tables.report))
        .map_err(|conflict| invalid(conflict.span.start, &conflict.why))?;
    tables.origins = Origins::of_file(resolved.clone());
    tables.ledger_keys = LedgerKeys {
        own: ledger_of(&content.parse().unwrap_or_default()),
        resolved: ledger_of(&resolved),
    };
    Ok((tables, report))
}

/// The keys of a table of the configuration, as its reader names them for a key that it does not
/// know; none, if it takes any word.
fn keys_of(path: &[String], is_list: bool) -> Vec<String> {
    let mut value = toml::Value::Table(toml::Table::from_iter([(String::new(), 0.into())]));
    if is_list {
        value = vec![value].into();
    }
    for name in path.iter().rev() {
        value = toml::Value::Table(toml::Table::from_iter([(name.clone(), value)]));
    }
    let message = Tables::deserialize(value).err().map(|error| error.message().to_owned());
    let message = message.filter(|message| message.starts_with("unknown "));
    let names = message.iter().flat_map(|message| message.split('`').skip(3).step_by(2));
    names.map(ToOwned::to_owned).collect()
}

/// `[ledger]` of a configuration.
fn ledger_of(document: &toml::Table) -> toml::Table {
    let ledger = document.get("ledger").and_then(toml::Value::as_table);
    ledger.cloned().unwrap_or_default()
}

#[cfg(test)]
#[path = "settings/fuzz_tests.rs"]
mod fuzz;
