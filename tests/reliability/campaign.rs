//! What a part of the campaign runs, and what it prints at its end.

use crate::judge::{COUNTED, Verdict};
use std::env::var;
use std::process::Command;

/// The seed of the sample that `cargo test` runs.
const SEED: u64 = 1;
/// The full campaign prints its totals so far after so many cases.
const PROGRESS: usize = 100;

/// One part of the campaign and its totals so far.
pub struct Part {
    name: &'static str,
    seed: u64,
    cases: usize,
    totals: [usize; COUNTED.len()],
    failures: Vec<String>,
}

impl Part {
    pub fn new(name: &'static str) -> Part {
        Part { name, seed: seed(), cases: 0, totals: [0; COUNTED.len()], failures: Vec::new() }
    }

    /// Adds the verdict of one case.
    pub fn add(&mut self, case: &str, verdict: &Verdict) {
        self.cases += 1;
        if is_full() && self.cases.is_multiple_of(PROGRESS) {
            println!("{}", self.totals());
        }
        if verdict.is_clean() {
            return;
        }
        for (total, found) in self.totals.iter_mut().zip(verdict.counts()) {
            *total += found;
        }
        let again = format!(
            "OCTOPUS_RECON_CAMPAIGN_SEED={} OCTOPUS_RECON_CAMPAIGN_ONLY='{case}'",
            self.seed
        );
        let failure = format!("{} {case}: {verdict}\n  run it again with {again}", self.name);
        println!("{failure}");
        self.failures.push(failure);
    }

    fn totals(&self) -> String {
        let totals: Vec<String> = COUNTED
            .iter()
            .zip(self.totals)
            .map(|(name, total)| format!("{name} {total}"))
            .collect();
        format!("{}: {} cases: {}", self.name, self.cases, totals.join(", "))
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Prints the totals. Panics if a case has failed.
    pub fn finish(self, also: &str) {
        let also = if also.is_empty() { String::new() } else { format!(" ({also})") };
        println!("{}{also}", self.totals());
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

/// Whether the whole campaign runs, not only the sample.
pub fn is_full() -> bool {
    var("OCTOPUS_RECON_CAMPAIGN").is_ok_and(|value| value == "full")
}

/// The seed of the campaign.
pub fn seed() -> u64 {
    var("OCTOPUS_RECON_CAMPAIGN_SEED").map_or(SEED, |text| text.parse().unwrap())
}

/// How many cases a part runs: as configured, else one of these.
pub fn count(sample: usize, full: usize) -> usize {
    let usual = if is_full() { full } else { sample };
    var("OCTOPUS_RECON_CAMPAIGN_COUNT").map_or(usual, |text| text.parse().unwrap())
}

/// Whether this case is wanted: all are, unless one is named.
pub fn is_wanted(case: &str) -> bool {
    var("OCTOPUS_RECON_CAMPAIGN_ONLY").map_or(true, |only| only == case)
}

/// Whether one named case runs alone. Then the sums of a part say nothing.
pub fn is_single() -> bool {
    var("OCTOPUS_RECON_CAMPAIGN_ONLY").is_ok()
}

/// Whether strace can be used. Prints a note if not.
pub fn has_strace(part: &str) -> bool {
    let probe = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    let is_available = probe.is_ok_and(|status| status.success());
    if !is_available {
        println!("{part}: skipped: no strace");
    }
    is_available
}
