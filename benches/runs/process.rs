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
}

/// Runs a command to its end, and measures it.
pub fn measure(command: &mut Command) -> Took {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let ended = child.wait4().unwrap();
    let wall = begun.elapsed();
    assert!(ended.status.code().is_some_and(|code| code < 5), "{command:?}: {:?}", ended.status);
    let processor = ended.rusage.utime + ended.rusage.stime;
    Took { wall, processor, peak_bytes: ended.rusage.maxrss }
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

    /// A ledger of orders from this number on, of one day, all of them paid.
    pub fn write_ledger(&self, name: &str, numbers: std::ops::Range<u32>, day: &str) {
        // Row by row: a child's memory is counted from its parent's.
        let mut ledger = BufWriter::new(File::create(self.path(name)).unwrap());
        let columns = "transaction_type,accounting_type,status";
        writeln!(ledger, "merchant_order_id,amount,currency,created_at,{columns}").unwrap();
        for number in numbers {
            let id = id(number);
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
