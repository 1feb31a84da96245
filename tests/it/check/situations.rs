//! Situations that somebody should know of before a night, one a row.

use super::{GOOD, set_age, set_mode};
use crate::support::Merchant;

/// Something that is wrong, and what `check` says of it. What is not named is ok.
pub struct Situation {
    pub name: &'static str,
    /// Breaks something.
    pub broken: fn(&Merchant),
    pub arguments: &'static [&'static str],
    pub code: i32,
    /// Errors and warnings, the worst first.
    pub bad: &'static [&'static str],
    /// What their texts and hints say.
    pub words: &'static [&'static str],
}

pub const SITUATIONS: [Situation; 22] = [
    Situation {
        name: "a good morning",
        broken: |_| {},
        arguments: &[],
        code: 0,
        bad: &[],
        words: &[
            "is whole",
            "good: run 1 of",
            "space for more than 1000 nights",
            "was last written at",
        ],
    },
    Situation {
        name: "no time zone",
        broken: |it| drop(it.write("octopus-recon.toml", "")),
        arguments: &[],
        code: 0,
        bad: &["warning configuration"],
        words: &["set [ledger] timezone"],
    },
    Situation {
        name: "no time zone, strict",
        broken: |it| drop(it.write("octopus-recon.toml", "")),
        arguments: &["--strict"],
        code: 1,
        bad: &["warning 1 configuration"],
        words: &[],
    },
    Situation {
        name: "a configuration that others change",
        broken: |it| set_mode(it, "octopus-recon.toml", 0o666),
        arguments: &[],
        code: 0,
        bad: &["warning configuration"],
        words: &["can be changed by everybody (mode 666)", "chmod o-rw octopus-recon.toml"],
    },
    Situation {
        name: "a configuration with a key that others read",
        broken: |it| {
            let key = "[gateway]\napi_key = \"test-key\"\n";
            it.write("octopus-recon.toml", format!("{key}{GOOD}"));
        },
        arguments: &[],
        code: 0,
        bad: &["warning configuration"],
        words: &["holds a key or a password and can be read by everybody (mode 644)"],
    },
    Situation {
        name: "a calendar of last year",
        broken: |it| {
            let closed = "[calendar]\nclosed = [\"sun\", \"2025-12-25\", \"2025-01-01\"]\n";
            let banks = "bank_closed = [\"2nd sat\"]\n";
            it.write("octopus-recon.toml", format!("{GOOD}{closed}{banks}"));
        },
        arguments: &[],
        code: 0,
        bad: &["warning calendar"],
        words: &["every date in [calendar] closed has passed; the last one is 2025-12-25"],
    },
    Situation {
        name: "a damaged database and a configuration without a zone, strict",
        broken: |it| {
            it.write("octopus-recon.toml", "");
            it.write("octopus-recon.db", "no database");
        },
        arguments: &["--strict"],
        code: 15,
        bad: &["error 15 database", "warning 1 configuration"],
        words: &["it is not a SQLite database"],
    },
    Situation {
        name: "no authorities, no reports",
        broken: |it| {
            let gateway = "[gateway]\nca_file = \"absent.pem\"\n";
            it.write("octopus-recon.toml", format!("{gateway}{GOOD}"));
            it.write("file", "");
        },
        arguments: &["--out", "file"],
        code: 14,
        bad: &["error 14 reports", "error 2 gateway"],
        words: &["the CA file absent.pem cannot be used"],
    },
    Situation {
        name: "a database that others read",
        broken: |it| set_mode(it, "octopus-recon.db", 0o644),
        arguments: &[],
        code: 0,
        bad: &["warning database"],
        words: &["octopus-recon.db has mode 644", "chmod 600 octopus-recon.db"],
    },
    Situation {
        name: "a database of an earlier release",
        broken: |it| it.database().pragma_update(None, "user_version", 7).unwrap(),
        arguments: &[],
        code: 0,
        bad: &["warning database"],
        words: &["has schema 7 of an earlier release", "octopus-recon backup FILE"],
    },
    Situation {
        name: "a night that failed",
        broken: |it| {
            let done = it.reconcile("http://127.0.0.1:9", &["--ledger", "orders.csv"]);
            assert_eq!(done.code, Some(13), "{done:?}");
        },
        arguments: &[],
        code: 0,
        bad: &["warning last night"],
        words: &["not good: run 2 of ", "put that right, then run --resume 2"],
    },
    Situation {
        name: "stored times of tomorrow",
        broken: |it| {
            let sql = "UPDATE runs SET started_at_ms = started_at_ms + 86400000";
            it.database().execute_batch(sql).unwrap();
        },
        arguments: &[],
        code: 0,
        bad: &["warning clock"],
        words: &["but a run stored ", "is NTP running?"],
    },
    Situation {
        name: "reports that anybody replaces",
        broken: |it| set_mode(it, "reports", 0o777),
        arguments: &[],
        code: 0,
        bad: &["warning reports"],
        words: &["everybody can replace a report in reports (mode 777)", "chmod o-w reports"],
    },
    Situation {
        name: "no directory for reports, no ledger",
        broken: |it| drop(it.write("file", "")),
        arguments: &["--out", "file/reports", "--ledger", "absent.csv", "--ledger", "orders.csv"],
        code: 14,
        bad: &["error 14 reports", "error 10 ledger"],
        words: &["file/reports", "absent.csv is not there"],
    },
    Situation {
        name: "an old ledger",
        broken: |it| {
            it.write("octopus-recon.toml", format!("{GOOD}max_age_hours = 26\n"));
            set_age(it, "orders.csv", 50);
        },
        arguments: &["--ledger", "orders.csv"],
        code: 10,
        bad: &["error 10 ledger"],
        words: &["50 hours ago; [ledger] max_age_hours allows 26"],
    },
    Situation {
        name: "the ledger of the last night is old",
        broken: |it| set_age(it, "orders.csv", 50),
        arguments: &[],
        code: 0,
        bad: &["warning ledger"],
        words: &["50 hours ago (run 1 read it)", "max_age_hours = 26"],
    },
    Situation {
        name: "the ledger of the last night is gone",
        broken: |it| std::fs::remove_file(it.path("orders.csv")).unwrap(),
        arguments: &[],
        code: 0,
        bad: &["warning ledger"],
        words: &["or name tonight's file with --ledger"],
    },
    Situation {
        name: "a ledger that is no CSV",
        broken: |it| drop(it.write("orders.csv", [0, 159, 146, 150, b'\n', 0, 7])),
        arguments: &["--ledger", "orders.csv"],
        code: 10,
        bad: &["error 10 ledger"],
        words: &["the ledger is not usable: orders.csv, line 1"],
    },
    Situation {
        name: "the ledger of the last night has no order",
        broken: |it| drop(it.write("orders.csv", crate::support::HEAD)),
        arguments: &[],
        code: 0,
        bad: &["warning ledger"],
        words: &["it has a header row and nothing else (run 1 read it)"],
    },
    Situation {
        name: "nobody is told",
        broken: |it| {
            let notify = "[notify]\nping_url = \"http://127.0.0.1:9/planted\"\n\
                          metrics_file = \"absent/octopus.prom\"\n";
            it.write("octopus-recon.toml", format!("{GOOD}{notify}"));
        },
        arguments: &[],
        code: 0,
        bad: &["warning notify", "warning notify"],
        words: &[
            "the metrics file absent/octopus.prom cannot be written: its directory is not found",
            "the monitor at http://127.0.0.1:9 cannot be reached: Connection refused",
        ],
    },
    Situation {
        name: "a monitor behind a proxy that is not there",
        broken: |it| {
            let notify = "[notify]\nping_url = \"https://hc-ping.com/planted\"\n\
                          proxy = \"http://127.0.0.1:9\"\n";
            it.write("octopus-recon.toml", format!("{GOOD}{notify}"));
        },
        arguments: &["--strict"],
        code: 1,
        bad: &["warning 1 notify"],
        words: &["the monitor at https://hc-ping.com:443 cannot be reached: the proxy: Connection"],
    },
    Situation {
        name: "nothing there yet",
        broken: |it| {
            for name in ["octopus-recon.db", "octopus-recon.db-lock"] {
                std::fs::remove_file(it.path(name)).unwrap();
            }
            std::fs::remove_dir_all(it.path("reports")).unwrap();
        },
        arguments: &[],
        code: 0,
        bad: &[],
        words: &["octopus-recon.db will be created", "reports will be created"],
    },
];
