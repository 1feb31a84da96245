//! What a run did to the files of its directory, read from a log of strace.

use crate::stage::{Case, DATABASE, Stage};
use crate::stepper::wrapped;
use std::collections::BTreeMap;
use std::path::Path;

/// The calls that are read, with those that move a position in a file.
const CALLS: &str = "openat,open,write,pwrite64,ftruncate,rename,renameat,renameat2,unlink,\
                     unlinkat,fsync,fdatasync,lseek";

/// One change of a file, or one sync, in the order in which they ended. Names are from the case's
/// directory; the directory itself is "".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new file of this name.
    Create {
        name: String,
    },
    /// Bytes at an offset.
    Write {
        name: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// A new length.
    Resize {
        name: String,
        length: usize,
    },
    Rename {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
    /// A file or a directory is on the disk.
    Sync {
        name: String,
    },
}

/// Runs the second night under strace.
pub fn record(stage: &Stage, case: &Case) -> Vec<Step> {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let trace = format!("trace={CALLS}");
    let log_name = log.to_str().unwrap();
    let options = [
        "-f",
        "-y",
        "-xx",
        "-qq",
        "-s",
        "2000000",
        "-o",
        log_name,
        "-e",
        &trace,
        "-e",
        "signal=none",
    ];
    let done = case.finish(wrapped("strace", &options, &case.night(stage)));
    assert_eq!(done.code, Some(3), "{done:?}");
    let mut reader = Reader::new(case.path(), &stage.start_files());
    let log = std::fs::read_to_string(&log).unwrap();
    lines(&log).iter().filter_map(|line| reader.step(line)).collect()
}

/// The calls of a log, each whole: a call that another thread interrupts is on two lines.
fn lines(log: &str) -> Vec<String> {
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    let mut whole = Vec::new();
    for line in log.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(begin) = call.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, begin);
        } else if call.starts_with("<... ") {
            let begin = unfinished.remove(thread).unwrap_or_default();
            let end = call.split_once("resumed>").map_or("", |(_, end)| end);
            whole.push(format!("{begin}{end}"));
        } else {
            whole.push(call.to_owned());
        }
    }
    whole
}

/// Follows the positions of open files.
struct Reader<'a> {
    top: &'a Path,
    /// By file descriptor.
    positions: BTreeMap<String, usize>,
    /// The names that exist.
    names: Vec<String>,
}

impl Reader<'_> {
    fn new<'a>(top: &'a Path, start: &BTreeMap<String, Vec<u8>>) -> Reader<'a> {
        Reader { top, positions: BTreeMap::new(), names: start.keys().cloned().collect() }
    }

    /// The name of a path below the directory.
    fn name(&self, path: &str) -> Option<String> {
        let path = if path.starts_with('/') {
            Path::new(path).strip_prefix(self.top).ok()?
        } else {
            Path::new(path)
        };
        let name = path.to_str()?;
        // The shared memory of SQLite is made again by the first one to open the database.
        (!name.ends_with("-shm")).then(|| name.to_owned())
    }

    /// The number and the name of a file descriptor, as in `12</tmp/x/octopus-recon.db>`.
    fn descriptor(&self, argument: &str) -> Option<(String, String)> {
        let (number, path) = argument.split_once('<')?;
        let (path, rest) = path.split_once('>')?;
        if rest.contains("(deleted)") {
            return None;
        }
        Some((number.to_owned(), self.name(&text(path))?))
    }

    fn step(&mut self, line: &str) -> Option<Step> {
        let (call, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(") ").or_else(|| rest.rsplit_once(')'))?;
        let result = result.trim_start().strip_prefix("= ")?;
        let returned: usize = result.split([' ', '<']).next()?.parse().ok()?;
        let arguments: Vec<&str> = arguments.split(", ").collect();
        let quoted = |argument: &str| text(argument.trim_matches('"'));
        match call {
            "openat" | "open" => {
                self.positions.insert(returned.to_string(), 0);
                let at = usize::from(call == "openat");
                let (name, flags) =
                    (self.name(&quoted(arguments.get(at)?))?, arguments.get(at + 1)?);
                if flags.contains("O_TMPFILE") || !flags.contains("O_CREAT") {
                    return None;
                }
                let is_new = !self.names.contains(&name);
                if is_new {
                    self.names.push(name.clone());
                    return Some(Step::Create { name });
                }
                flags.contains("O_TRUNC").then_some(Step::Resize { name, length: 0 })
            }
            "lseek" => {
                let (number, _) = self.descriptor(arguments[0])?;
                self.positions.insert(number, returned);
                None
            }
            "write" => {
                let (number, name) = self.descriptor(arguments[0])?;
                let position = self.positions.entry(number).or_default();
                let offset = *position;
                *position += returned;
                Some(Step::Write { name, offset, bytes: bytes(arguments[1], returned) })
            }
            "pwrite64" => {
                let (_, name) = self.descriptor(arguments[0])?;
                let offset = arguments.last()?.parse().ok()?;
                Some(Step::Write { name, offset, bytes: bytes(arguments[1], returned) })
            }
            "ftruncate" => {
                let (_, name) = self.descriptor(arguments[0])?;
                Some(Step::Resize { name, length: arguments[1].parse().ok()? })
            }
            "fsync" | "fdatasync" => {
                self.descriptor(arguments[0]).map(|(_, name)| Step::Sync { name })
            }
            "rename" => self.rename(&quoted(arguments[0]), &quoted(arguments[1])),
            "renameat" | "renameat2" => self.rename(&quoted(arguments[1]), &quoted(arguments[3])),
            "unlink" => self.unlink(&quoted(arguments[0])),
            "unlinkat" => self.unlink(&quoted(arguments[1])),
            _ => None,
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> Option<Step> {
        let (from, to) = (self.name(from)?, self.name(to)?);
        self.names.retain(|name| *name != from);
        self.names.push(to.clone());
        Some(Step::Rename { from, to })
    }

    fn unlink(&mut self, path: &str) -> Option<Step> {
        let name = self.name(path)?;
        self.names.retain(|known| *known != name);
        Some(Step::Unlink { name })
    }
}

/// The bytes of a string that strace prints as `"\x41\x42"`; `length` of them were written.
fn bytes(argument: &str, length: usize) -> Vec<u8> {
    let mut bytes = unescaped(argument.trim_matches('"'));
    assert!(bytes.len() >= length, "strace has cut a string");
    bytes.truncate(length);
    bytes
}

fn text(escaped: &str) -> String {
    String::from_utf8_lossy(&unescaped(escaped)).into_owned()
}

fn unescaped(escaped: &str) -> Vec<u8> {
    if !escaped.starts_with("\\x") {
        return escaped.as_bytes().to_vec();
    }
    hex::decode(escaped.replace("\\x", "")).unwrap()
}

/// Whether a name is of the database or its log.
pub fn is_database(name: &str) -> bool {
    name.starts_with(DATABASE) && !name.ends_with("-lock")
}
