//! A secret in a file of its own.

use super::SettingsError;
use crate::domain::bounded;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The largest secret file, in bytes.
const LARGEST_FILE: u64 = 16 * 1024;

/// Reads a secret of one line from a file that others cannot access. The group's permissions are
/// not checked: systemd shows its access list in them.
pub(super) fn read_secret(path: &Path) -> Result<String, SettingsError> {
    let refused = |why: String| SettingsError::SecretFile { path: path.to_owned(), why };
    let unreadable = |error: std::io::Error| refused(format!("cannot be read: {error}"));
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(refused(format!("can be read by others (mode {:03o})", mode & 0o777)));
    }
    let secret = File::open(path).and_then(|file| bounded::read(file, LARGEST_FILE));
    let secret = String::from_utf8(secret.map_err(unreadable)?)
        .map_err(|_| refused("is not valid UTF-8".to_owned()))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains('\n') {
        return Err(refused("does not hold exactly one line".to_owned()));
    }
    Ok(secret.to_owned())
}
