//! Stops a run after each system call that changes a file, and kills it after the n-th one.
//!
//! strace counts the calls of each thread apart, so that `when=N` would kill the thread that comes
//! to N first. Here every such call stops the whole process, and the stops are counted.

use crate::stage::Case;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::time::{Duration, Instant};

/// The calls that change files.
const CALLS: &str = "write,pwrite64,fsync,fdatasync,rename,renameat,ftruncate,unlink,unlinkat";
/// How long a run may take that is stopped at each call.
const LONGEST_RUN: Duration = Duration::from_mins(1);
/// How long strace may take to notice that its process was killed.
const STRACE_MAY_TAKE: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was killed at the point.
    Killed,
    /// It made fewer calls and ended by itself, with this exit code.
    Itself(Option<i32>),
    /// It did neither in time.
    Hung,
}

/// Runs a command and kills it after its `point`-th call.
pub fn kill_at(case: &Case, command: &Command, point: usize) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    std::fs::write(&log, "").unwrap();
    let (trace, inject) = (format!("trace={CALLS}"), format!("inject={CALLS}:signal=SIGSTOP"));
    let log_name = log.to_str().unwrap();
    let options = ["-f", "-qq", "-s", "0", "-o", log_name, "-e", &trace, "-e", &inject];
    let mut strace = wrapped("strace", &options, command);
    case.keep_outputs(&mut strace);
    let mut child = strace.spawn().unwrap();
    let mut reader = File::open(&log).unwrap();
    let (mut text, mut read_until, mut stops) = (String::new(), 0, 0);
    let (started, mut last) = (Instant::now(), Instant::now());
    let mut process = None;
    let (mut is_killed, mut killed_at) = (false, None);
    let ended = loop {
        let has_ended = child.try_wait().unwrap();
        reader.read_to_string(&mut text).unwrap();
        while let Some(end) = text[read_until..].find('\n') {
            let line = &text[read_until..read_until + end];
            read_until += end + 1;
            process = process.or_else(|| first_pid(line));
            stops += usize::from(line.contains("--- SIGSTOP {"));
            if line.contains("--- stopped by SIGSTOP ---") {
                is_killed |= stops >= point;
                signal(process, if is_killed { Signal::KILL } else { Signal::CONT });
                last = Instant::now();
            }
        }
        if let Some(status) = has_ended {
            break if is_killed { Ended::Killed } else { Ended::Itself(status.code()) };
        }
        if is_killed && killed_at.get_or_insert_with(Instant::now).elapsed() > STRACE_MAY_TAKE {
            // strace 6.1 sometimes does not notice that its process was killed.
            child.kill().unwrap();
            child.wait().unwrap();
            break Ended::Killed;
        }
        if started.elapsed() > LONGEST_RUN {
            signal(process, Signal::KILL);
            child.kill().unwrap();
            child.wait().unwrap();
            break Ended::Hung;
        }
        if last.elapsed() > Duration::from_millis(50) {
            // The signal may have come before the process had stopped.
            signal(process, if is_killed { Signal::KILL } else { Signal::CONT });
            last = Instant::now();
        }
        std::thread::sleep(Duration::from_micros(100));
    };
    let ended_at = Instant::now();
    while process.is_some_and(is_alive) && ended_at.elapsed() < LONGEST_RUN {
        std::thread::sleep(Duration::from_millis(1));
    }
    ended
}

/// Whether a thread of the process is not dead yet.
fn is_alive(process: Pid) -> bool {
    let tasks = format!("/proc/{}/task", process.as_raw_nonzero());
    let Ok(tasks) = std::fs::read_dir(tasks) else { return false };
    let is_alive = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("X", |(_, rest)| rest);
        !state.starts_with(['Z', 'X'])
    };
    tasks.flatten().any(is_alive)
}

fn first_pid(line: &str) -> Option<Pid> {
    line.split_whitespace().next()?.parse().ok().and_then(Pid::from_raw)
}

fn signal(process: Option<Pid>, signal: Signal) {
    if let Some(process) = process {
        // The process may have ended.
        let _sent = kill_process(process, signal);
    }
}

/// The same command, started by a wrapper.
pub fn wrapped(wrapper: &str, options: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(wrapper);
    outer.args(options).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().unwrap()).env_clear();
    outer.env("PATH", std::env::var("PATH").unwrap_or_default());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            outer.env(name, value);
        }
    }
    outer
}
