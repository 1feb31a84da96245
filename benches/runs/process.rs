//! The measured program: the built binary in a directory of its own, and what it took.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wait4::Wait4;

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    pub wall: Duration,
    /// User and system time of all its threads.
    pub processor: Duration,
    /// The most memory that it held at once, in bytes.
    pub peak_bytes: u64,
    /// How much of all cores every process of the machine used meanwhile, from 0 to 1.
    pub cores_busy: f64,
}

/// The headings of the benchmarks' ledgers.
pub const HEADING: &str =
    "merchant_order_id,amount,currency,created_at,transaction_type,accounting_type,status\n";

/// Runs a command to its end, and measures it.
pub fn measure(command: &mut Command) -> Took {
    let before = core_times();
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let ended = child.wait4().unwrap();
    let wall = begun.elapsed();
    let after = core_times();
    let (busy, all) = (after.0 - before.0, after.1 - before.1);
    assert!(ended.status.code().is_some_and(|code| code < 5), "{command:?}: {:?}", ended.status);
    let processor = ended.rusage.utime + ended.rusage.stime;
    let cores_busy = busy as f64 / all.max(1) as f64;
    Took { wall, processor, peak_bytes: ended.rusage.maxrss, cores_busy }
}

/// The time of all cores so far, busy and in all, in the kernel's ticks.
fn core_times() -> (u64, u64) {
    let times = std::fs::read_to_string("/proc/stat").unwrap();
    let times = times.lines().next().unwrap().split_whitespace().skip(1);
    let times: Vec<u64> = times.map(|ticks| ticks.parse().unwrap()).collect();
    // user, nice, system, idle, iowait, …; the guests at the end are counted as users already.
    let all = times.iter().take(8).sum();
    (all - times[3] - times[4], all)
}

/// A merchant's directory.
pub struct Merchant {
    directory: TempDir,
}

impl Merchant {
    pub fn new() -> Merchant {
        let directory = tempfile::tempdir().unwrap();
        let merchant = Merchant { directory };
        let settings = "[gateway]\nmerchant_uid = \"M-1\"\n[ledger]\ntimezone = \"UTC\"\n";
        std::fs::write(merchant.path("octopus-recon.toml"), settings).unwrap();
        merchant
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn size(&self, name: &str) -> u64 {
        std::fs::metadata(self.path(name)).map_or(0, |file| file.len())
    }

    /// Removes a database.
    pub fn forget(&self, database: &str) {
        for suffix in ["", "-wal", "-shm", "-lock"] {
            let _none = std::fs::remove_file(self.path(&format!("{database}{suffix}")));
        }
    }

    /// A ledger of orders from this number on, of one day, all of them paid.
    pub fn write_ledger(&self, name: &str, numbers: std::ops::Range<u32>, day: &str) {
        self.write_ledger_of(name, numbers.map(id), day);
    }

    /// A ledger of orders with these ids.
    pub fn write_ledger_of(&self, name: &str, ids: impl Iterator<Item = String>, day: &str) {
        // Row by row: a child's memory is counted from its parent's.
        let mut ledger = BufWriter::new(File::create(self.path(name)).unwrap());
        ledger.write_all(HEADING.as_bytes()).unwrap();
        for id in ids {
            writeln!(ledger, "{id},100.00,inr,{day}T10:00:00Z,income,receive,paid").unwrap();
        }
        ledger.flush().unwrap();
    }

    /// The binary in this directory: the built one, or the one that `BENCH_PROGRAM` names.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let built = || env!("CARGO_BIN_EXE_octopus-recon").into();
        let program = std::env::var_os("BENCH_PROGRAM").unwrap_or_else(built);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("OCTOPUS_RECON_API_KEY", "bench-key")
            .env("OCTOPUS_RECON_API_SECRET", "bench-secret")
            .stderr(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Took {
        measure(&mut self.command(arguments))
    }
}

/// An order's id: 16 characters, as shops have them.
pub fn id(number: u32) -> String {
    format!("SHOP-IN-{number:08}")
}

/// An id that has no order: 16 hexadecimal digits.
pub fn random_id(number: u32) -> String {
    format!("{:016x}", u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15).swap_bytes())
}
