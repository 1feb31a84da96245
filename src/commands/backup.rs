//! `backup`: a checked copy of the database (contract, "Commands").

use super::output::print;
use super::{Process, interrupted, listen, settings};
use crate::cli::{Backup, Common};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::settings::Flags;
use crate::store::{BackedUp, Store};

pub(super) fn execute(
    arguments: &Backup,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let settings = settings(common, Flags::default(), process)?;
    let (path, target) = (&settings.store.path, &arguments.file);
    if target.symlink_metadata().is_ok() {
        return Err(Failure::usage(
            format!("{} exists already", target.display()),
            "a backup overwrites no file: name another one, for example with the date in it",
        ));
    }
    listen(interrupt)?;
    match Store::back_up(path, target, || interrupt.signal().is_some())? {
        BackedUp::Whole(bytes) => {
            let (path, target) = (path.display(), target.display());
            print(&format!("{target}: a checked copy of {path}, {bytes} bytes"))?;
            Ok(0)
        }
        BackedUp::Stopped => Err(interrupted(interrupt.signal().unwrap_or_default())),
    }
}
