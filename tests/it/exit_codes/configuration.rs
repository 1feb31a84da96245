//! Exit code 2: wrong usage or configuration. No file is opened and no call is made.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint, assert_refused};
use crate::support::{API_SECRET, Gateway, Merchant, book};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

#[test]
fn invalid_arguments_are_refused() {
    let merchant = Merchant::new();
    let cases: [&[&str]; 10] = [
        &["walk"],
        &["run", "--frm", "2026-01-01"],
        &["run", "--from", "yesterday"],
        &["run", "--from", "2026-02-01", "--to", "2026-01-01"],
        &["run", "--rate", "0"],
        &["run", "--last", "3", "--from", "2026-01-01"],
        &["run", "--expect-rows", "3"],
        &["run", "--ledger", "a.csv", "--deadline", "721m"],
        &["run", "--ledger", "a.csv", "--expect-total", "=1"],
        &["run", "--gateway-total", " :income=1,1"],
    ];
    for arguments in cases {
        assert_refused(&merchant.run(arguments), 2, &[]);
    }
    let left = std::fs::read_dir(merchant.path("")).unwrap().count();
    assert_eq!(left, 0, "a refused command creates no file");
}

#[test]
fn a_configuration_error_names_its_place_and_shows_no_secret() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    for (content, place, word) in [
        ("[gateway]\nrequest_per_second = 9\n", "line 2, column 1", "request_per_second"),
        ("[gateway]\n  api_secret = \"S3CRET-IN-FILE\"\n", "line 2, column 3", "api_secret"),
        ("[gateway]\napi_key = S3CRET-IN-FILE\n", "line 2", ""),
        ("[gateway]\napi_key = \"S3CRET-IN-FILE\n", "line 2", ""),
        ("[gateway]\nmax_attempts = \"S3CRET-IN-FILE\"\n", "line 2", ""),
        ("[ledgr]\n", "line 1, column 2", "ledgr"),
        ("[gateway]\nmax_attempts = 0\n", "line 2", ""),
    ] {
        night.merchant.write("octopus-recon.toml", content);
        let done = night.run(&gateway.url, &[]);
        night.assert_failed(&done, 2, &["octopus-recon.toml", place, word]);
        assert_hint(&done);
        assert!(!done.stderr.contains("S3CRET"), "{done:?}");
    }
    assert_eq!(gateway.stop().len(), 0);
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let night = Night::new();
    for url in [
        "http://pay.example.com",
        "http://192.0.2.1:8787",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://user:S3CRET@pay.example.com",
        "https://pay.example.com/?key=1",
        "pay.example.com",
    ] {
        let done = night.run(url, &[]);
        night.assert_failed(&done, 2, &["address", "base_url"]);
        assert_hint(&done);
        assert!(!done.stderr.contains("S3CRET"), "{done:?}");
    }
}

#[test]
fn a_secret_file_that_others_can_access_is_refused() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let file = night.merchant.write("secret", format!("{API_SECRET}\n"));
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let run = || {
        let mut command = night.merchant.command(&arguments);
        command.env_remove("OCTOPUS_RECON_API_SECRET").env("OCTOPUS_RECON_API_SECRET_FILE", &file);
        command.output().unwrap().into()
    };
    for mode in [0o644, 0o604, 0o602] {
        set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let done = run();
        night.assert_failed(&done, 2, &["secret", "others", &format!("{mode:o}")]);
        assert_hint(&done);
    }
    assert_eq!(gateway.journal().len(), 0);
    set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run().code, Some(0));
    assert_eq!(gateway.stop().len(), 20);
}

#[test]
fn the_secret_is_set_in_exactly_one_place() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let file = night.merchant.write("secret", "another\n");
    set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let mut command = night.merchant.command(&arguments);
    let done = command.env("OCTOPUS_RECON_API_SECRET_FILE", &file).output().unwrap().into();
    night.assert_failed(&done, 2, &["OCTOPUS_RECON_API_SECRET_FILE", "both"]);
    assert_hint(&done);
    for missing in ["OCTOPUS_RECON_API_KEY", "OCTOPUS_RECON_API_SECRET"] {
        let mut command = night.merchant.command(&arguments);
        let done = command.env_remove(missing).output().unwrap().into();
        night.assert_failed(&done, 2, &[missing]);
        assert_hint(&done);
    }
    assert_eq!(gateway.stop().len(), 0);
}
