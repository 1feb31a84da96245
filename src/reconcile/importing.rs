//! Taking a ledger in: it is read on a thread of its own, beside the one that stores it (contract,
//! "Ledger").

use crate::domain::order::{InvalidRow, LedgerRow, LedgerSink};
use crate::ledger::{FileRead, ReadError};
use crate::store::StoreError;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Rows that change hands together.
const LOT: usize = 256;
/// Lots that may wait for the store: memory does not grow with the ledger.
const LOTS: usize = 4;
/// An unusable row of more bytes is stored before the next is read. A usable one is short.
const LONG_ROW: usize = 4096;

/// What the reading thread hands over.
enum Item {
    Row(LedgerRow),
    Invalid(InvalidRow),
}

/// Items in their order.
struct Lot {
    items: Vec<Item>,
    /// Whether the reader waits until they are stored, and for what the store says of the last.
    is_awaited: bool,
}

/// The store has failed and says why; nobody takes rows any more.
pub(super) struct Gone;

/// The reading thread's side of it.
pub(super) struct Handing {
    items: Vec<Item>,
    lots: SyncSender<Lot>,
    refusals: Receiver<Option<String>>,
}

impl Handing {
    fn hand(&mut self, item: Item) -> Result<(), Gone> {
        self.items.push(item);
        if self.items.len() < LOT { Ok(()) } else { self.send(false) }
    }

    fn hand_and_wait(&mut self, item: Item) -> Result<Option<String>, Gone> {
        self.items.push(item);
        self.send(true)?;
        self.refusals.recv().map_err(|_| Gone)
    }

    fn send(&mut self, is_awaited: bool) -> Result<(), Gone> {
        let items = std::mem::replace(&mut self.items, Vec::with_capacity(LOT));
        self.lots.send(Lot { items, is_awaited }).map_err(|_| Gone)
    }
}

impl LedgerSink for Handing {
    type Error = Gone;

    fn row(&mut self, row: &LedgerRow) -> Result<Option<String>, Gone> {
        let is_whole = row.amount.is_some() && row.currency.is_some() && row.created_at.is_some();
        let item = Item::Row(row.clone());
        // Whether the rest may be left to an earlier row, only the store knows.
        if is_whole { self.hand(item).map(|()| None) } else { self.hand_and_wait(item) }
    }

    fn invalid(&mut self, row: InvalidRow) -> Result<(), Gone> {
        let is_long = row.raw.len() > LONG_ROW;
        let item = Item::Invalid(row);
        if is_long { self.hand_and_wait(item).map(|_| ()) } else { self.hand(item) }
    }
}

/// Runs `read` on a thread of its own and stores what it hands over.
///
/// # Errors
/// What `read` says, or the store.
pub(super) fn import_rows<S: LedgerSink<Error = StoreError>>(
    sink: &mut S,
    read: impl FnOnce(&mut Handing) -> Result<FileRead, ReadError<Gone>> + Send,
) -> Result<FileRead, ReadError<StoreError>> {
    let (lots, arriving) = sync_channel(LOTS);
    let (refuse, refusals) = channel();
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut handing = Handing { items: Vec::new(), lots, refusals };
            let read = read(&mut handing)?;
            handing.send(false).map_err(ReadError::Sink)?;
            Ok(read)
        });
        let stored = store(sink, arriving, &refuse);
        // Whoever waits for an answer learns that there is none.
        drop(refuse);
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
    arriving: Receiver<Lot>,
    refusals: &Sender<Option<String>>,
) -> Result<(), S::Error> {
    for Lot { items, is_awaited } in arriving {
        let mut refusal = None;
        for item in items {
            refusal = match item {
                Item::Row(row) => sink.row(&row)?,
                Item::Invalid(row) => sink.invalid(row).map(|()| None)?,
            };
        }
        if is_awaited {
            // A reader that is gone needs no answer.
            let _ = refusals.send(refusal);
        }
    }
    Ok(())
}
