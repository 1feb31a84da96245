//! The units in cron/: systemd accepts them, and their command lines run two merchants' nights that
//! know nothing of each other.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed setup fails the test")]

use crate::documents::document;
use crate::support::{Done, Gateway, HEAD, Merchant, Running, book, paid};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

const SERVICE: &str = "cron/octopus-recon@.service";
const UNITS: [&str; 3] =
    [SERVICE, "cron/octopus-recon@.timer", "cron/octopus-recon-alert@.service"];

/// The values of a key in a unit, in order, continued lines joined.
fn values(unit: &str, key: &str) -> Vec<String> {
    let text = document(unit).replace("\\\n", " ");
    let of_key = |line: &str| Some(line.strip_prefix(key)?.strip_prefix('=')?.trim().to_owned());
    text.lines().filter_map(of_key).collect()
}

fn value(unit: &str, key: &str) -> String {
    let mut values = values(unit, key);
    assert_eq!(values.len(), 1, "{unit}: {key}");
    values.remove(0)
}

/// A machine's directories, below a temporary one.
struct Machine(Merchant);

impl Machine {
    fn new() -> Machine {
        Machine(Merchant::new())
    }

    /// What a unit's value is for this instance on this machine.
    fn expand(&self, value: &str, instance: &str) -> String {
        let below = |directory: &str| self.0.path(directory).display().to_string();
        value
            .replace("%i", instance)
            .replace("/var/lib/octopus-recon", &below("var"))
            .replace("/etc/octopus-recon", &below("etc"))
    }

    /// A file that the operator writes, with the directories above it.
    fn write(&self, path: &str, content: &str) -> PathBuf {
        std::fs::create_dir_all(self.0.path(path).parent().unwrap()).unwrap();
        let path = self.0.write(path, content);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        path
    }

    /// Makes a merchant as the operators' guide says: two orders of yesterday.
    fn add(&self, instance: &str, gateway: &str, secret: &str) {
        let yesterday = chrono::Utc::now().date_naive().pred_opt().unwrap();
        let rows = ["A1", "A2"].map(|id| format!("{id},100.00,inr,{yesterday},paid\n"));
        self.write(
            &format!("var/{instance}/ledger/orders.csv"),
            &(HEAD.to_owned() + &rows.concat()),
        );
        let gateway =
            format!("[gateway]\nbase_url = \"{gateway}\"\nmerchant_uid = \"{instance}\"\n");
        let zone = "[ledger]\ntimezone = \"UTC\"\n";
        self.write(&format!("etc/{instance}.toml"), &(gateway + zone));
        self.write(&format!("etc/credentials/{instance}/api_key"), crate::support::API_KEY);
        self.write(&format!("etc/credentials/{instance}/api_secret"), secret);
    }

    /// The night of a merchant as systemd runs it: the unit's command, directory, environment and
    /// credentials, and nothing else. Only the deadline is another one: the test runs at any time.
    fn night(&self, instance: &str) -> Done {
        for directory in value(SERVICE, "StateDirectory").split_whitespace() {
            let directory = self.expand(&format!("/var/lib/{directory}"), instance);
            std::fs::create_dir_all(directory).unwrap();
        }
        let credentials = self.0.path(&format!("run/{instance}"));
        std::fs::create_dir_all(&credentials).unwrap();
        for credential in values(SERVICE, "LoadCredential") {
            let (name, path) = credential.split_once(':').unwrap();
            std::fs::copy(self.expand(path, instance), credentials.join(name)).unwrap();
        }
        let start = self.expand(&value(SERVICE, "ExecStart"), instance).replace("07:00", "1h");
        let mut words = start.split_whitespace();
        assert_eq!(words.next(), Some("octopus-recon"));
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("octopus-recon"));
        command.args(words).env_clear().env("CREDENTIALS_DIRECTORY", &credentials);
        command.current_dir(self.expand(&value(SERVICE, "WorkingDirectory"), instance));
        for variable in values(SERVICE, "Environment") {
            let (name, value) = variable.split_once('=').unwrap();
            command.env(name, self.expand(value, instance));
        }
        Running::start(&mut command).end()
    }

    /// What is in a directory, by name.
    fn names(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path(directory)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn the_nights_of_two_merchants_know_nothing_of_each_other() {
    let machine = Machine::new();
    let short = paid("A2", "100.00", json!({"final_amount": "90.00"}));
    let of_shop = Gateway::serve(&(paid("A1", "100.00", json!({})) + &short));
    let of_kiosk = Gateway::serve(&book(2));
    machine.add("shop", &of_shop.url, crate::support::API_SECRET);
    machine.add("kiosk", &of_kiosk.url, "last-years-secret");

    let shop = machine.night("shop");
    assert_eq!(shop.code, Some(1), "{shop:?}");
    let kiosk = machine.night("kiosk");
    assert_eq!(kiosk.code, Some(12), "{kiosk:?}");

    let kept = machine.names("var/shop");
    assert!(kept.contains(&"octopus-recon.db".to_owned()), "{kept:?}");
    let reports = machine.names("var/shop/reports");
    assert!(reports.iter().any(|name| name == "latest-shop.html"), "{reports:?}");
    assert!(reports.iter().any(|name| name.starts_with("mismatches-shop-")), "{reports:?}");
    let reports = machine.names("var/kiosk/reports");
    assert!(reports.iter().any(|name| name.starts_with("NO-REPORT-")), "{reports:?}");
    assert_eq!(of_shop.stop().len(), 2, "one call for each order");

    // The secret is replaced: the next night covers the failed one.
    machine.add("kiosk", &of_kiosk.url, crate::support::API_SECRET);
    let kiosk = machine.night("kiosk");
    assert_eq!(kiosk.code, Some(0), "{kiosk:?}");
}

#[test]
fn a_night_with_a_report_is_a_success_and_every_other_one_an_alert() {
    assert_eq!(value(SERVICE, "SuccessExitStatus"), "1 3 4");
    assert_eq!(value(SERVICE, "OnFailure"), "octopus-recon-alert@%i.service");
    // The longest deadline is 12 h.
    let limit = value(SERVICE, "TimeoutStartSec");
    assert!(limit.strip_suffix('h').unwrap().parse::<u32>().unwrap() > 12, "{limit}");
}

#[test]
fn cron_runs_the_command_of_the_unit() {
    let of_unit = value(SERVICE, "ExecStart").replace("%i", "shop");
    let crontab = document("cron/octopus-recon.crontab");
    let line = crontab.lines().find(|line| line.starts_with("10 4 ")).unwrap();
    let (_, of_cron) = line.rsplit_once("shop octopus-recon ").unwrap();
    let words = |command: &str| -> Vec<String> {
        let command = command.replace("/var/lib/octopus-recon/shop/", "");
        command.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words(&of_unit)[1..], words(of_cron));
    let guide = document("cron/README.md");
    let nightly = guide.lines().find(|line| line.starts_with("    octopus-recon run ")).unwrap();
    assert_eq!(words(nightly), words(&of_unit));
}

/// Runs systemd-analyze on copies of the units that start the built program, unless it is not
/// installed.
fn analyzed(arguments: &[&str], units: &[&str]) -> Option<Done> {
    let directory = Merchant::new();
    let program = assert_cmd::cargo::cargo_bin!("octopus-recon").display().to_string();
    for unit in UNITS {
        let start = format!("ExecStart={program} ");
        let text = document(unit).replace("ExecStart=octopus-recon ", &start);
        directory.write(Path::new(unit).file_name().unwrap().to_str().unwrap(), text);
    }
    let paths = units.iter().map(|unit| directory.path(unit.strip_prefix("cron/").unwrap()));
    let mut command = Command::new("systemd-analyze");
    command.args(arguments).args(paths);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: systemd-analyze cannot be run: {error}");
            return None;
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Some(Done { code: output.status.code(), stdout, stderr })
}

#[test]
fn systemd_accepts_the_units() {
    if let Some(done) = analyzed(&["verify", "--man=no"], &UNITS) {
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    }
}

#[test]
fn the_service_is_restricted() {
    // A tenth of systemd's points: 15 is 1.5 of 10, where 10 is unrestricted.
    let arguments = ["security", "--offline=true", "--no-pager", "--threshold=15"];
    if let Some(done) = analyzed(&arguments, &[SERVICE]) {
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}
