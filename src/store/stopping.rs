//! Statements that a signal ends: one of them may take many seconds (contract, exit code 128+N).

use super::Store;
use super::error::StoreError;
use rusqlite::Connection;

/// Steps of SQLite's machine between two looks: a millisecond or so.
const STEPS: i32 = 10_000;

impl Store {
    /// From now on a statement fails once `stops` says so, with [`StoreError::Interrupted`]. Its
    /// transaction is rolled back.
    ///
    /// # Errors
    /// The database does not accept the setting.
    pub(crate) fn stop_when(
        &mut self,
        stops: impl FnMut() -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        stop_when(&mut self.connection, stops)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// From now on every statement is carried out to its end.
    ///
    /// # Errors
    /// The database does not accept the setting.
    pub(crate) fn never_stop(&mut self) -> Result<(), StoreError> {
        self.connection
            .progress_handler(0, None::<fn() -> bool>)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

pub(super) fn stop_when(
    connection: &mut Connection,
    stops: impl FnMut() -> bool + Send + 'static,
) -> rusqlite::Result<()> {
    connection.progress_handler(STEPS, Some(stops))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_statement_without_end_is_ended() {
        const ENDLESS: &str = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                               SELECT count(*) FROM n";
        let mut store = Store::temporary().unwrap();
        let told = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&told);
        store.stop_when(move || stops.load(Ordering::Relaxed)).unwrap();
        let teller = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            told.store(true, Ordering::Relaxed);
        });
        let count = |store: &Store| store.connection().query_row(ENDLESS, (), |_| Ok(()));
        let error = store.error(&count(&store).unwrap_err());
        assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
        teller.join().unwrap();
        store.never_stop().unwrap();
        let one: i64 = store.connection().query_row("SELECT 1", (), |row| row.get(0)).unwrap();
        assert_eq!(one, 1);
    }
}
