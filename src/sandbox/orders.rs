//! The orders as the running gateway knows them: the book's, and how often each was asked about.

use super::book::{Book, Order};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// All orders, by `merchant_order_id`.
pub struct Orders {
    by_id: HashMap<String, Arc<KnownOrder>>,
}

/// One order.
pub struct KnownOrder {
    /// What the book says of it.
    pub order: Order,
    calls: AtomicU32,
}

impl Orders {
    /// The book's orders, none of them asked about yet.
    pub fn new(book: Book) -> Orders {
        let known = |order| Arc::new(KnownOrder { order, calls: AtomicU32::new(0) });
        Orders { by_id: book.orders.into_iter().map(|(id, order)| (id, known(order))).collect() }
    }

    /// The order with this id.
    pub fn find(&self, id: &str) -> Option<Arc<KnownOrder>> {
        self.by_id.get(id).map(Arc::clone)
    }
}

impl KnownOrder {
    /// Counts one more call about it, and says how many came before.
    pub fn count_call(&self) -> u32 {
        // It stays at the largest number rather than start a script again after 2³² calls.
        self.calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| calls.checked_add(1))
            .unwrap_or(u32::MAX)
    }
}
