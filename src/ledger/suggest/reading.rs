//! Reading the records of a file, before it is known what they mean.

use crate::ledger::LedgerError;
use crate::tabular::{Reader, Record, Spool, TextEncoding};
use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;

/// How the bytes of a file become cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) delimiter: u8,
    pub(super) encoding: TextEncoding,
}

/// Hands each record to `see`, until it returns false.
pub(super) fn records(
    file: &Spool,
    layout: Layout,
    interrupted: &dyn Fn() -> bool,
    mut see: impl FnMut(&Record<'_>) -> bool,
) -> Result<(), LedgerError> {
    let mut reader = Reader::new(file.open()?, layout.encoding, layout.delimiter, interrupted)?;
    while let Some(record) = reader.read_record()? {
        if !see(&record) {
            break;
        }
    }
    Ok(())
}

/// A cell as text. Bytes that are not UTF-8 are shown as Windows-1252 has them: what is proposed
/// does not depend on them, because such a file is read only with the encoding that a person chose.
pub(super) fn cell_text(cell: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(cell).0,
    }
}
