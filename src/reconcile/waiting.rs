//! Waiting for the ledger's files (contract, "`run`": `--wait-ledger`). [`Wait`] decides what is
//! ready. It knows no clock and no disk: it is told when each look was, and what it saw.

use super::no_ledger::Outdated;
use super::{Context, doubts};
use crate::failure::Failure;
use chrono::{DateTime, Utc};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// A file that did not change for so long is written to its end.
const UNCHANGED: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two lines of the log that say the same.
const SAY_EVERY: Duration = Duration::from_mins(5);
/// Between two looks for a signal.
const HEAR_EVERY: Duration = Duration::from_millis(50);

/// What a look at one file saw.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Absent,
    /// The system does not let it be looked at.
    Hidden(String),
    File {
        length: u64,
        written: Option<SystemTime>,
    },
    /// A pipe or a device. It is not waited for.
    Stream,
}

/// What is known of one file.
struct Watched {
    name: String,
    /// What the last look saw, and when that was seen first.
    last: Option<(Seen, Duration)>,
}

/// The ledger's files, from the first look on.
struct Wait {
    files: Vec<Watched>,
    /// `[ledger] max_age_hours`.
    max_age_hours: Option<u32>,
    /// When the wait is over, from the first look on.
    limit: Duration,
}

/// What a look at all files came to.
#[derive(Debug, PartialEq, Eq)]
enum Looked {
    /// They can be read.
    Ready,
    /// Not yet: why, as a clause.
    NotYet(String),
    /// The wait is over: why the ledger is not ready.
    Over(String),
}

impl Wait {
    fn new(names: Vec<String>, max_age_hours: Option<u32>, limit: Duration) -> Wait {
        let files = names.into_iter().map(|name| Watched { name, last: None }).collect();
        // A file is looked at twice.
        Wait { files, max_age_hours, limit: limit.max(LOOK_EVERY) }
    }

    /// Takes what a look saw of each file, `at` this time from the first look on. `now` is what
    /// the clock says.
    fn look(&mut self, seen: Vec<Seen>, at: Duration, now: DateTime<Utc>) -> Looked {
        let max_age_hours = self.max_age_hours;
        let files = self.files.iter_mut().zip(seen);
        let why: Vec<String> =
            files.filter_map(|(file, seen)| file.look(seen, at, now, max_age_hours)).collect();
        if why.is_empty() {
            Looked::Ready
        } else if at >= self.limit {
            Looked::Over(why.join("; "))
        } else {
            Looked::NotYet(why.join("; "))
        }
    }
}

impl Watched {
    /// Why the file is not ready.
    fn look(
        &mut self,
        seen: Seen,
        at: Duration,
        now: DateTime<Utc>,
        max_age_hours: Option<u32>,
    ) -> Option<String> {
        let unchanged = match &self.last {
            Some((last, since)) if *last == seen => Some(at.saturating_sub(*since)),
            _ => None,
        };
        let since = at.saturating_sub(unchanged.unwrap_or_default());
        let name = &self.name;
        let why = match &seen {
            Seen::Stream => None,
            Seen::Absent => Some(format!("{name} is not there")),
            Seen::Hidden(why) => Some(format!("{name} cannot be looked at: {why}")),
            Seen::File { length: 0, .. } => Some(format!("{name} is empty")),
            Seen::File { written, .. } => {
                let too_old = doubts::too_old(name, *written, max_age_hours, now);
                too_old.or_else(|| unsettled(name, unchanged, *written, now))
            }
        };
        self.last = Some((seen, since));
        why
    }
}

/// Why a file may still be written to. One that looks untouched for long by its time has to be the
/// same in two looks as well: its time may be of another machine's clock.
fn unsettled(
    name: &str,
    unchanged: Option<Duration>,
    written: Option<SystemTime>,
    now: DateTime<Utc>,
) -> Option<String> {
    let Some(unchanged) = unchanged else {
        return Some(format!("{name} is new or has changed since the last look"));
    };
    // A time in the future says nothing.
    let age = written.and_then(|written| SystemTime::from(now).duration_since(written).ok());
    let is_settled = unchanged >= UNCHANGED || age.is_some_and(|age| age >= UNCHANGED);
    let seconds = UNCHANGED.as_secs();
    (!is_settled).then(|| format!("{name} was written to within the last {seconds} s"))
}

/// Waits until the files can be read. `Some`: the time is over, and they cannot.
///
/// # Errors
/// A signal ended the wait.
pub(super) fn wait(
    ledgers: &[PathBuf],
    max_age_hours: Option<u32>,
    until: Instant,
    context: &Context,
) -> Result<Option<Outdated>, Failure> {
    let began = Instant::now();
    let names = ledgers.iter().map(|path| path.display().to_string()).collect();
    let mut wait = Wait::new(names, max_age_hours, until.saturating_duration_since(began));
    let mut said: Option<(String, Duration)> = None;
    loop {
        let at = began.elapsed();
        let why = match wait.look(ledgers.iter().map(see).collect(), at, (context.now)()) {
            Looked::Ready => {
                if said.is_some() {
                    tracing::info!("the ledger is ready after {}", shown(at));
                }
                return Ok(None);
            }
            Looked::Over(why) => {
                let why = format!("{why}; the run waited {} for it", shown(wait.limit));
                return Ok(Some(Outdated::late(why)));
            }
            Looked::NotYet(why) => why,
        };
        // That a file is looked at a second time is not worth a word.
        let is_news = match &said {
            None => at >= LOOK_EVERY,
            Some((last, said_at)) => *last != why || at >= *said_at + SAY_EVERY,
        };
        if is_news {
            let left = shown(wait.limit.saturating_sub(at));
            tracing::info!("waiting for the ledger, for at most {left}: {why}");
            said = Some((why, at));
        }
        let next = wait.limit.min(at + LOOK_EVERY);
        while began.elapsed() < next {
            if let Some(signal) = context.interrupt.signal() {
                let what = " while the ledger was waited for; nothing was stored or asked";
                return Err(Failure::signal(signal, what));
            }
            sleep(HEAR_EVERY.min(next.saturating_sub(began.elapsed())));
        }
    }
}

fn see(path: &PathBuf) -> Seen {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => {
            Seen::File { length: file.len(), written: file.modified().ok() }
        }
        Ok(_) => Seen::Stream,
        Err(error) if error.kind() == ErrorKind::NotFound => Seen::Absent,
        Err(error) => Seen::Hidden(error.to_string()),
    }
}

/// "45 s", "90 min".
fn shown(time: Duration) -> String {
    match time.as_millis().div_ceil(1_000) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
