//! The orders that are still to be asked.

use crate::store::{Pending, Store, StoreError};
use std::collections::VecDeque;
use tokio::time::Instant;

/// Orders that are read from the store at a time.
const PAGE: u32 = 1_000;
/// Orders that are kept to be asked once more.
const MOST_AGAIN: usize = 10_000;
/// Orders that a worker takes at a time. Few, so that the last ones keep all workers busy.
const BATCH: usize = 8;

/// The run's orders: first those that have not failed before, so that what fails every night does
/// not delay the rest.
pub(super) struct Orders {
    reader: Store,
    run_id: i64,
    page: VecDeque<Pending>,
    failed_before: bool,
    after: i64,
    /// Orders from here on were asked from the other end.
    before: i64,
    /// The last page was read.
    is_exhausted: bool,
    taken: u64,
    /// Orders that failed on an outage, and when: to be asked once more at the end.
    again: VecDeque<(Pending, Instant)>,
}

impl Orders {
    pub(super) fn new(reader: Store, run_id: i64) -> Orders {
        Orders {
            reader,
            run_id,
            page: VecDeque::new(),
            failed_before: false,
            after: 0,
            before: i64::MAX,
            is_exhausted: false,
            taken: 0,
            again: VecDeque::new(),
        }
    }

    /// Keeps an order that failed on an outage: at the end the gateway may be back.
    pub(super) fn ask_again(&mut self, order: Pending) {
        if self.again.len() < MOST_AGAIN {
            self.again.push_back((order, Instant::now()));
        }
    }

    /// The next order to be asked once more, and when it failed. All orders were taken.
    pub(super) fn next_again(&mut self) -> Option<(Pending, Instant)> {
        self.again.pop_front()
    }

    /// The next orders; none: all were taken.
    pub(super) fn next_batch(&mut self) -> Result<VecDeque<Pending>, StoreError> {
        self.read_on()?;
        let size = BATCH.min(self.page.len());
        self.taken += u64::try_from(size).unwrap_or(u64::MAX);
        Ok(self.page.drain(..size).collect())
    }

    /// The next order alone, or the last: the gateway may fail only for the first orders.
    pub(super) fn next_one(&mut self, from_the_end: bool) -> Result<Option<Pending>, StoreError> {
        if from_the_end {
            let first = self.page.front().map_or(self.after, |order| order.order_id - 1);
            let between = (first, self.before);
            let last = self.reader.last_pending(self.run_id, between, self.failed_before)?;
            if let Some(last) = last {
                self.before = last.order_id;
                self.page.retain(|order| order.order_id < last.order_id);
                self.taken += 1;
                return Ok(Some(last));
            }
        }
        self.read_on()?;
        let next = self.page.pop_front();
        self.taken += u64::from(next.is_some());
        Ok(next)
    }

    /// Orders that were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Reads the next page, if this one is used up.
    fn read_on(&mut self) -> Result<(), StoreError> {
        while self.page.is_empty() && !self.is_exhausted {
            let between = (self.after, self.before);
            let page = self.reader.pending(self.run_id, between, self.failed_before, PAGE)?;
            match page.last() {
                Some(last) => self.after = last.order_id,
                None if self.failed_before => self.is_exhausted = true,
                None => (self.failed_before, self.after) = (true, 0),
            }
            self.page = page.into();
        }
        Ok(())
    }
}
