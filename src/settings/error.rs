//! Why a configuration is refused, and what to do (contract, "Configuration").

use std::path::PathBuf;

/// Why a configuration is refused: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        why: String,
    },
    /// The file is not valid TOML, or a key or value in it is not valid.
    #[error("the configuration {}, line {line}, column {column}: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong. Contains no value, because a value may be a secret.
        why: String,
        /// Where the key belongs, if it is not in its place.
        hint: Option<String>,
    },
    /// An environment variable is not usable.
    #[error("the environment variable {name} {why}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The API key or the API secret is not set.
    #[error("the gateway's {0} is not set")]
    Missing(&'static str),
    /// The secret file is not usable.
    #[error("the secret file {} {why}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl SettingsError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            SettingsError::Unreadable { .. } => "name another file with --config".to_owned(),
            SettingsError::Invalid { why, .. } if why.contains("unknown field `api_secret`") => {
                "a secret is never written into the configuration: set OCTOPUS_RECON_API_SECRET, \
                 or api_secret_file to a file that only its owner can read"
                    .to_owned()
            }
            SettingsError::Invalid { hint: Some(hint), .. } => hint.clone(),
            SettingsError::Invalid { why, .. } => {
                let all = "octopus-recon.example.toml documents every key";
                match super::meant::key(why) {
                    Some(key) => format!("did you mean `{key}`? {all}"),
                    None => all.to_owned(),
                }
            }
            SettingsError::Environment { name, .. } => format!("correct or unset {name}"),
            SettingsError::Missing(what) if what.contains("key") => {
                "set OCTOPUS_RECON_API_KEY to the key from the gateway's support".to_owned()
            }
            SettingsError::Missing(_) => {
                "set OCTOPUS_RECON_API_SECRET, or OCTOPUS_RECON_API_SECRET_FILE to a file that \
                 only its owner can read"
                    .to_owned()
            }
            SettingsError::SecretFile { path, .. } if !path.exists() => format!(
                "write the secret into {}, alone on one line, with mode 600 and this user as owner",
                path.display()
            ),
            SettingsError::SecretFile { path, .. } => {
                format!("chmod 600 {} and make it readable for this user", path.display())
            }
        }
    }
}
