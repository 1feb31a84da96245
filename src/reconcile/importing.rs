//! Importing a ledger: one thread reads it while another stores it (contract, "Ledger").

use crate::domain::order::LedgerRow;
use crate::ledger::{FileRead, LedgerError, ReadError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// The most rows in a batch.
const BATCH_ROWS: usize = 256;
/// A batch is sent once its raw rows have this many bytes, so that it holds at most one long row
/// (1 MiB) beyond them.
const BATCH_BYTES: usize = 64 * 1024;
/// Batches that may wait for the store. With the bounds of a batch this bounds the memory, however
/// long the ledger or its rows are.
const BATCHES_AHEAD: usize = 4;

/// The store has failed and takes no more rows.
#[derive(Debug)]
pub(super) struct StoreFailed;

/// Sends rows to the storing thread, in batches.
pub(super) struct RowSender {
    batch: Vec<LedgerRow>,
    raw_bytes: usize,
    batches: SyncSender<Vec<LedgerRow>>,
}

impl RowSender {
    fn new(batches: SyncSender<Vec<LedgerRow>>) -> RowSender {
        RowSender { batch: Vec::new(), raw_bytes: 0, batches }
    }

    /// Sends one row, with its batch. Blocks while the store is behind.
    pub(super) fn send(&mut self, row: LedgerRow) -> Result<(), StoreFailed> {
        self.raw_bytes += match &row {
            // Its cells are short.
            LedgerRow::Complete { .. } | LedgerRow::Skipped => 0,
            LedgerRow::Item(row) => row.raw.len(),
            LedgerRow::Partial(row) => row.raw.len(),
            LedgerRow::Invalid(row) => row.raw.len(),
        };
        self.batch.push(row);
        if self.batch.len() < BATCH_ROWS && self.raw_bytes < BATCH_BYTES {
            Ok(())
        } else {
            self.send_batch()
        }
    }

    fn send_batch(&mut self) -> Result<(), StoreFailed> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_ROWS));
        self.raw_bytes = 0;
        self.batches.send(batch).map_err(|_| StoreFailed)
    }
}

/// Runs `read` on a thread of its own and passes the rows that it sends to `store`. `read` gets a
/// function that tells it to stop: where `interrupted` says so or the store has failed.
///
/// # Errors
/// The first error of `store`, or what `read` returns; or the system gives no thread.
pub(super) fn import_rows<E>(
    store: impl FnMut(LedgerRow) -> Result<(), E>,
    interrupted: &(dyn Fn() -> bool + Sync),
    read: impl FnOnce(&dyn Fn() -> bool, &mut RowSender) -> Result<FileRead, ReadError<StoreFailed>>
    + Send,
) -> Result<FileRead, ReadError<E>> {
    let (sender, batches) = sync_channel(BATCHES_AHEAD);
    let has_failed = AtomicBool::new(false);
    let stops = || has_failed.load(Ordering::Relaxed) || interrupted();
    thread::scope(|scope| {
        let reading = thread::Builder::new().name("read".to_owned());
        let reader = reading.spawn_scoped(scope, || {
            let mut rows = RowSender::new(sender);
            let read = read(&stops, &mut rows)?;
            rows.send_batch().map_err(ReadError::Sink)?;
            Ok(read)
        });
        let reader = reader.map_err(|error| ReadError::Ledger(LedgerError::Thread(error)))?;
        // The receiver is dropped with the loop: a reader that sends learns of the failure at once.
        let stored = batches.into_iter().flatten().try_for_each(store);
        // A reader that waits for a pipe learns of it here.
        has_failed.store(stored.is_err(), Ordering::Relaxed);
        let read = match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        stored.map_err(ReadError::Sink)?;
        read.map_err(|error| match error {
            ReadError::Ledger(error) => ReadError::Ledger(error),
            ReadError::Interrupted | ReadError::Sink(StoreFailed) => ReadError::Interrupted,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::InvalidRow;

    fn invalid_row(line: u64, length: usize) -> LedgerRow {
        let (file, reason, raw) = ("a.csv".to_owned(), String::new(), vec![b'x'; length]);
        LedgerRow::Invalid(InvalidRow { file, line, reason, raw })
    }

    #[test]
    fn a_batch_is_bounded_by_rows_and_by_bytes() {
        let (sender, batches) = sync_channel(100);
        let mut rows = RowSender::new(sender);
        let lengths = std::iter::repeat_n(1_000_000, 3)
            .chain(std::iter::repeat_n(30_000, 6))
            .chain(std::iter::repeat_n(10, 600));
        for (line, length) in (1..).zip(lengths) {
            assert!(rows.send(invalid_row(line, length)).is_ok());
        }
        assert!(rows.send_batch().is_ok());
        drop(rows);
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [1, 1, 1, 3, 3, 256, 256, 88]);
    }

    #[test]
    fn a_failed_store_stops_a_reader_that_sends_and_one_that_waits() {
        let sends = import_rows(
            |_| Err("full"),
            &|| false,
            |_, rows| loop {
                rows.send(invalid_row(1, BATCH_BYTES)).map_err(ReadError::Sink)?;
            },
        );
        assert!(matches!(sends, Err(ReadError::Sink("full"))));
        let waits = import_rows(
            |_| Err("full"),
            &|| false,
            |stops, rows| {
                rows.send(invalid_row(1, BATCH_BYTES)).map_err(ReadError::Sink)?;
                while !stops() {
                    thread::yield_now();
                }
                Err(ReadError::Interrupted)
            },
        );
        assert!(matches!(waits, Err(ReadError::Sink("full"))));
    }
}
