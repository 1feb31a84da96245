//! The orders of the running sandbox: from the book and from `order/new`, in their current state.

use super::book::Book;
use super::clock::Clock;
use super::lifecycle::{Action, Effect, effect};
use super::order::{Change, Order};
use super::payment::{Field, set_fields};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// All orders, and the clock by which they age.
pub(super) struct Orders {
    clock: Clock,
    state: Mutex<State>,
    /// Signals that the time of the next change can be another one.
    changed: Notify,
}

#[derive(Default)]
struct State {
    by_id: HashMap<String, Order>,
    /// In order of arrival.
    ids: Vec<String>,
    id_by_payment_uid: HashMap<String, String>,
    /// The time of each order's next change.
    due: BTreeSet<(Duration, String)>,
    /// Payments that have ended, and whose merchant has not been notified yet.
    ended: Vec<EndedPayment>,
}

/// A payment that has ended.
pub(super) struct EndedPayment {
    /// The order's id.
    pub id: String,
    /// The payment object at that time.
    pub fields: Vec<Field>,
}

/// Why an action on an order is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ActionError {
    /// There is no such order.
    NotFound,
    /// Its status does not allow the action; a sentence for people.
    WrongStatus(String),
}

impl Orders {
    /// Starts with the orders of a book.
    pub(super) fn new(book: Book, clock: Clock) -> Orders {
        let mut state = State::default();
        for (id, order) in book.orders {
            state.add(id, order);
        }
        Orders { clock, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Sandbox time since the sandbox's start.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Moves the clock forward.
    pub(super) fn advance(&self, time: Duration) {
        self.clock.advance(time);
        self.changed.notify_one();
    }

    /// Reads an order in its current state.
    pub(super) fn read<T>(&self, id: &str, read: impl FnOnce(&Order) -> T) -> Option<T> {
        self.current().by_id.get(id).map(read)
    }

    /// Reads the newest order other than this one, if there is any.
    pub(super) fn read_another<T>(&self, id: &str, read: impl FnOnce(&Order) -> T) -> Option<T> {
        let state = self.current();
        let other = state.ids.iter().rev().find(|other| *other != id)?;
        state.by_id.get(other).map(read)
    }

    /// Reads at most `most` orders, the newest first.
    pub(super) fn read_newest<T>(&self, most: usize, mut read: impl FnMut(&Order) -> T) -> Vec<T> {
        let state = self.current();
        let newest = state.ids.iter().rev().take(most);
        newest.filter_map(|id| state.by_id.get(id)).map(&mut read).collect()
    }

    /// Reads the order of a payment.
    pub(super) fn read_by_payment_uid<T>(
        &self,
        uid: &str,
        read: impl FnOnce(&Order) -> T,
    ) -> Option<T> {
        let state = self.current();
        let id = state.id_by_payment_uid.get(uid)?;
        state.by_id.get(id).map(read)
    }

    /// The number of orders.
    pub(super) fn len(&self) -> usize {
        self.current().ids.len()
    }

    /// Adds a new order; returns it if its id is in use.
    pub(super) fn create(&self, id: String, order: Order) -> Result<(), Box<Order>> {
        let mut state = self.current();
        if state.by_id.contains_key(&id) {
            return Err(Box::new(order));
        }
        state.add(id, order);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Applies an action to the order of a payment.
    pub(super) fn apply(&self, payment_uid: &str, action: &Action) -> Result<(), ActionError> {
        let mut state = self.current();
        let now = self.clock.elapsed();
        let id = state.id_by_payment_uid.get(payment_uid).cloned().ok_or(ActionError::NotFound)?;
        let order = state.by_id.get_mut(&id).ok_or(ActionError::NotFound)?;
        let status = order.text("payment_status").unwrap_or_default();
        let later = match effect(now, &status, action).map_err(ActionError::WrongStatus)? {
            Effect::Unchanged => return Ok(()),
            Effect::Add(changes) => {
                let mut later = changes;
                later.append(&mut order.later);
                later
            }
            Effect::Replace(changes) => changes,
        };
        state.schedule(&id, later);
        state.apply_due(now);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Sets fields of an order, e.g. the status of its notification.
    pub(super) fn set(&self, id: &str, fields: &[Field]) {
        if let Some(order) = self.current().by_id.get_mut(id) {
            set_fields(&mut order.fields, fields);
        }
    }

    /// Removes and returns the payments that have ended since the last call.
    pub(super) fn take_ended(&self) -> Vec<EndedPayment> {
        std::mem::take(&mut self.current().ended)
    }

    /// Waits until an order may have changed.
    pub(super) async fn change(&self) {
        let next = self.current().due.first().map(|(at, _)| *at);
        let changed = self.changed.notified();
        match next.and_then(|at| self.clock.real_time_until(at)) {
            // After either, the orders may have changed.
            Some(wait) => drop(tokio::time::timeout(wait, changed).await),
            None => changed.await,
        }
    }

    /// All orders, as a book with which a later sandbox can continue.
    pub(super) fn book(&self) -> Book {
        let elapsed = self.clock.elapsed();
        let state = self.current();
        let orders = state.ids.iter().filter_map(|id| Some((id.clone(), state.by_id.get(id)?)));
        let rebased = |order: &Order| {
            let mut order = order.clone();
            for change in &mut order.later {
                change.at = change.at.saturating_sub(elapsed);
            }
            order
        };
        Book { orders: orders.map(|(id, order)| (id, rebased(order))).collect() }
    }

    /// The state after all changes that are due.
    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.apply_due(self.clock.elapsed());
        if !state.ended.is_empty() {
            self.changed.notify_one();
        }
        state
    }
}

impl State {
    fn add(&mut self, id: String, mut order: Order) {
        let later = std::mem::take(&mut order.later);
        if let Some(uid) = order.text("payment_uid") {
            // If two orders have the same payment_uid, actions apply to the first.
            self.id_by_payment_uid.entry(uid).or_insert_with(|| id.clone());
        }
        self.by_id.insert(id.clone(), order);
        self.schedule(&id, later);
        self.ids.push(id);
    }

    /// Replaces an order's scheduled changes.
    fn schedule(&mut self, id: &str, later: Vec<Change>) {
        let Some(order) = self.by_id.get_mut(id) else { return };
        if let Some(change) = order.later.first() {
            self.due.remove(&(change.at, id.to_owned()));
        }
        order.later = later;
        if let Some(change) = order.later.first() {
            self.due.insert((change.at, id.to_owned()));
        }
    }

    fn apply_due(&mut self, elapsed: Duration) {
        while let Some((at, _)) = self.due.first()
            && *at <= elapsed
            && let Some((_, id)) = self.due.pop_first()
        {
            let Some(order) = self.by_id.get_mut(&id) else { continue };
            for fields in order.apply_due(elapsed) {
                self.ended.push(EndedPayment { id: id.clone(), fields });
            }
            if let Some(change) = order.later.first() {
                self.due.insert((change.at, id));
            }
        }
    }
}
