//! The digests that a run's rows give now, made on all cores at once: each has a connection of its
//! own, and takes the next thousand.

use super::digests::{Range, Sum, Thousand, orders_sum, whole_sum};
use super::reading::connect_read_only;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Digests by the number of their thousand. Where one cannot be made here, it is not there: on a
/// single core, of a database without a file, without a further thread, after an error.
///
/// The connections may read a later state than `connection` does. So a digest from here that is the
/// stored one proves that the rows are the same; another one proves nothing.
pub(super) fn sums(
    connection: &Connection,
    run_id: i64,
    thousands: &[(Thousand, Range)],
) -> BTreeMap<i64, Sum> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(thousands.len());
    let Some(path) = connection.path().filter(|path| !path.is_empty() && cores > 1) else {
        return BTreeMap::new();
    };
    let taken = AtomicUsize::new(0);
    let start = || summed(Path::new(path), run_id, thousands, &taken);
    thread::scope(|scope| {
        let one_more = |_| thread::Builder::new().spawn_scoped(scope, start).ok();
        let readers: Vec<_> = (0..cores).map_while(one_more).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap_or_default()).collect()
    })
}

/// What one core makes.
fn summed(
    path: &Path,
    run_id: i64,
    thousands: &[(Thousand, Range)],
    taken: &AtomicUsize,
) -> Vec<(i64, Sum)> {
    // As `reading::open_in_place` does, but never through a copy.
    let opened = connect_read_only(path, "").or_else(|_| connect_read_only(path, "immutable=1"));
    let Ok(connection) = opened else { return Vec::new() };
    let next = || thousands.get(taken.fetch_add(1, Ordering::Relaxed));
    std::iter::from_fn(next)
        .map_while(|&(thousand, range)| {
            let begun = orders_sum(&connection, run_id, range).ok()?;
            let sum = whole_sum(&connection, run_id, thousand, range, begun).ok()?;
            Some((thousand.number, sum))
        })
        .collect()
}
