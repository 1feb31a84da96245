//! Panics that are errors: a library that panics where it should return one.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A panic that was caught, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contained(pub(crate) String);

/// Runs a library's code whose panics the caller reports as errors.
pub(crate) fn run<T>(work: impl FnOnce() -> T) -> Result<T, Contained> {
    DEPTH.set(DEPTH.get().saturating_add(1));
    let result = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get().saturating_sub(1));
    let panic = match result {
        Ok(result) => return Ok(result),
        Err(panic) => panic,
    };
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast::<&str>().map_or_else(|_| String::new(), |it| it.to_string()),
    };
    Err(Contained(text))
}

/// Whether a panic of this thread, now, will be reported as an error by the caller of [`run`]: then
/// a panic hook prints nothing.
pub(crate) fn is_running() -> bool {
    DEPTH.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(run(|| 1), Ok(1));
        let inside = run(|| {
            assert!(!is_running(), "code: {}", 28);
        });
        assert_eq!(inside, Err(Contained("code: 28".to_owned())));
        assert!(!is_running());
    }
}
