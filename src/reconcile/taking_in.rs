//! Taking a ledger in: it is read on a thread of its own, beside the one that stores it (contract,
//! "Ledger").

use crate::domain::order::{InvalidRow, LedgerRow, LedgerSink};
use crate::ledger::{FileRead, ReadError};
use crate::store::StoreError;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

/// Rows that change hands together.
const LOT: usize = 256;
/// Lots that may wait for the store: memory does not grow with the ledger.
const LOTS: usize = 4;

/// What the reading thread hands over.
enum Item {
    Row(LedgerRow),
    /// A row that the store may refuse: the reader waits for what it says.
    Doubtful(LedgerRow),
    Invalid(InvalidRow),
}

/// The store has failed and says why; nobody takes rows any more.
pub(super) struct Gone;

/// The reading thread's side of it.
pub(super) struct Handing {
    lot: Vec<Item>,
    lots: SyncSender<Vec<Item>>,
    refusals: Receiver<Option<String>>,
}

impl Handing {
    fn hand(&mut self, item: Item) -> Result<(), Gone> {
        self.lot.push(item);
        if self.lot.len() < LOT { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let lot = std::mem::replace(&mut self.lot, Vec::with_capacity(LOT));
        self.lots.send(lot).map_err(|_| Gone)
    }
}

impl LedgerSink for Handing {
    type Error = Gone;

    fn row(&mut self, row: &LedgerRow) -> Result<Option<String>, Gone> {
        if row.amount.is_some() && row.currency.is_some() && row.created_at.is_some() {
            return self.hand(Item::Row(row.clone())).map(|()| None);
        }
        self.hand(Item::Doubtful(row.clone()))?;
        self.flush()?;
        self.refusals.recv().map_err(|_| Gone)
    }

    fn invalid(&mut self, row: InvalidRow) -> Result<(), Gone> {
        self.hand(Item::Invalid(row))
    }
}

/// Runs `read` on a thread of its own and stores what it hands over.
///
/// # Errors
/// What `read` says, or the store.
pub(super) fn take_in<S: LedgerSink<Error = StoreError>>(
    sink: &mut S,
    read: impl FnOnce(&mut Handing) -> Result<FileRead, ReadError<Gone>> + Send,
) -> Result<FileRead, ReadError<StoreError>> {
    let (lots, arriving) = sync_channel(LOTS);
    let (answer, refusals) = channel();
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut handing = Handing { lot: Vec::new(), lots, refusals };
            let read = read(&mut handing)?;
            handing.flush().map_err(ReadError::Sink)?;
            Ok(read)
        });
        let stored = store(sink, arriving, &answer);
        // Whoever waits for it learns that it is over.
        drop(answer);
        let read = match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        stored.map_err(ReadError::Sink)?;
        match read {
            Ok(read) => Ok(read),
            Err(ReadError::Ledger(error)) => Err(ReadError::Ledger(error)),
            Err(ReadError::Interrupted | ReadError::Sink(Gone)) => Err(ReadError::Interrupted),
        }
    })
}

/// Stores what arrives until nothing more can.
fn store<S: LedgerSink>(
    sink: &mut S,
    arriving: Receiver<Vec<Item>>,
    answer: &std::sync::mpsc::Sender<Option<String>>,
) -> Result<(), S::Error> {
    for item in arriving.into_iter().flatten() {
        match item {
            Item::Row(row) => {
                sink.row(&row)?;
            }
            Item::Doubtful(row) => {
                // A reader that is gone needs no answer.
                let _ = answer.send(sink.row(&row)?);
            }
            Item::Invalid(row) => sink.invalid(row)?,
        }
    }
    Ok(())
}
