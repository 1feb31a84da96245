//! `ledger FILE`: how a file is read, and the configuration that is suggested for it.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, HEAD, Merchant, ledger};
use serde_json::json;

/// A shop's export: a title above the header, semicolons, decimal commas, days before months, a
/// word that is not mapped, and a row that nobody can read.
const EXPORT: &str = "My shop\n\
    Order No;Customer;Total;Currency;Order Date;Payment Status\n\
    A-1;Rao;1.234,50;INR;30/10/2026;Paid\n\
    A-2;Mei;7,00;INR;1/11/2026;Shipped\n\
    A-2;Mei;7,00;INR;1/11/2026;Paid\n\
    A-3;José;x;INR;2/11/2026;Paid\n\
    A-4;Bose;80,00;EUR;2/11/2026;Paid\n";

fn run(content: impl AsRef<[u8]>, arguments: &[&str]) -> Done {
    let merchant = Merchant::new();
    merchant.write("orders.csv", content);
    let done = merchant.run(&[&["ledger", "orders.csv"], arguments].concat());
    assert!(!merchant.path("octopus-recon.db").exists());
    done
}

#[test]
fn a_file_is_shown_as_it_is_read_with_what_is_proposed() {
    let done = run(EXPORT, &[]);
    assert_eq!(done.code, Some(4), "{done:?}");
    for line in [
        "orders.csv: UTF-8, columns by `;`, header in line 2",
        "  Order No        merchant_order_id",
        "  Total           amount",
        "  Payment Status  status",
        "  not read: Customer",
        "Rows                5  3 accepted, 1 invalid, 0 repeated, 1 superseded, 0 skipped",
        "Sum                 1  order: 80.00 eur",
        "Sum                 2  orders: 1241.50 inr",
        "An order without income or expense counts as income, unless the gateway says otherwise.",
        "Days                3  2026-10-30 to 2026-11-02",
        "  2026-11-01        1  order",
        "  amount               1234.50",
        "  its age counts from  2026-10-31T00:00:00Z",
        "delimiter = \";\"",
        "thousands_separator = \".\"",
        "decimal_separator = \",\"",
        "date_format = \"%d/%m/%Y\"",
        "merchant_order_id = \"Order No\"",
        "# timezone = \"Asia/Kolkata\" # an example; put yours",
    ] {
        assert!(done.stdout.lines().any(|shown| shown == line), "{line}\n{}", done.stdout);
    }
    let beginning = "orders.csv: UTF-8, columns by `;`, header in line 2\n\n\
        Read with the keys that are proposed below; there is no configuration yet.\n\n\
        \x20 heading ";
    assert!(done.stdout.starts_with(beginning), "{}", done.stdout);
    let end = "\n\nThere is no octopus-recon.toml. Until it has these keys, a run reads the file \
               differently.\n";
    assert!(done.stdout.ends_with(end), "{}", done.stdout);
    assert!(!done.stdout.contains("More keys may be asked for"), "{}", done.stdout);
    let invalid = "Invalid             1  the first in line 6: amount \"x\": ";
    assert!(done.stdout.contains(invalid), "{}", done.stdout);
}

#[test]
fn a_file_is_shown_as_json() {
    let done = run(EXPORT, &["--format", "json"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let shown = done.json();
    for (pointer, value) in [
        ("/schema", json!(1)),
        ("/command", json!("ledger")),
        ("/exit_code", json!(4)),
        ("/files/0/encoding", json!("UTF-8")),
        ("/files/0/delimiter", json!(";")),
        ("/files/0/header_line", json!(2)),
        ("/files/0/columns/0", json!({"heading": "Order No", "column": "merchant_order_id"})),
        ("/files/0/not_read", json!(["Customer"])),
        ("/ledger/rows", json!(5)),
        ("/ledger/accepted", json!(3)),
        ("/ledger/invalid", json!(1)),
        ("/ledger/superseded", json!(1)),
        ("/invalid/0/rows", json!(1)),
        ("/invalid/0/first_line", json!(6)),
        (
            "/totals/0",
            json!({"currency": "eur", "transaction_type": null, "orders": 1,
                             "amount": "80.00"}),
        ),
        ("/from", json!("2026-10-30")),
        ("/to", json!("2026-11-02")),
        ("/days/1", json!({"date": "2026-11-01", "orders": 1})),
        ("/example/merchant_order_id", json!("A-1")),
        ("/example/amount", json!("1234.50")),
        ("/open/0/key", json!("timezone")),
    ] {
        assert_eq!(shown.pointer(pointer), Some(&value), "{pointer} {shown:#}");
    }
}

/// What is suggested is a configuration that the program reads the file with: `ledger` then has
/// nothing more to propose, and `run --dry-run` reads it in the same way.
#[test]
fn the_suggested_configuration_reads_the_file() {
    let merchant = Merchant::new();
    merchant.write("orders.csv", EXPORT);
    let suggested = merchant.run(&["ledger", "orders.csv", "--suggest"]);
    assert_eq!(suggested.code, Some(4), "{suggested:?}");
    let decided = suggested.stdout.replace("# timezone =", "timezone =");
    assert_ne!(decided, suggested.stdout);
    let decided = decided.replace(
        "# Shipped = \"paid, pending, failed, refunded or part_refunded\"",
        "Shipped = \"paid\"",
    );
    merchant.write("octopus-recon.toml", decided);

    let shown = merchant.run(&["ledger", "orders.csv", "--format", "json"]).json();
    assert_eq!(shown["suggestion"], json!(null), "{shown:#}");
    assert_eq!(shown["open"], json!([]), "{shown:#}");
    // The row that nobody can read.
    assert_eq!(shown["exit_code"], 4);
    assert_eq!(shown["ledger"]["accepted"], 3);

    let again = merchant.run(&["ledger", "orders.csv", "--suggest"]).stdout;
    let keys = |text: &str| {
        let mut keys: toml::Table = text.parse().unwrap();
        keys.remove("ledger").unwrap()
    };
    let config = std::fs::read_to_string(merchant.path("octopus-recon.toml")).unwrap();
    assert_eq!(keys(&again), keys(&config), "{again}");

    let dry = ["run", "--dry-run", "--ledger", "orders.csv", "--base-url", "http://localhost:9"];
    let dry = merchant.run(&[&dry[..], &["--format", "json"]].concat());
    assert_eq!(dry.code, Some(0), "{dry:?}");
    let dry = dry.json();
    assert_eq!(dry["totals"], shown["totals"]);
    assert_eq!(dry["days"], shown["days"]);
    assert_eq!(dry["files"], shown["files"]);
}

#[test]
fn a_dry_run_shows_the_ledger_as_the_command_does() {
    let merchant = Merchant::new();
    merchant.write("orders.csv", ledger(3));
    merchant.write("octopus-recon.toml", "[ledger]\ntimezone = 'UTC'\n");
    let shown = merchant.run(&["ledger", "orders.csv"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let dry = ["run", "--dry-run", "--ledger", "orders.csv", "--base-url", "http://localhost:9"];
    let dry = merchant.run(&dry);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.contains(shown.stdout.trim()), "{} {}", dry.stdout, shown.stdout);
}

#[test]
fn a_known_export_is_named_and_read_by_its_preset() {
    let merchant = Merchant::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/presets/shopify.csv");
    let suggested = merchant.run(&["ledger", path, "--suggest"]).stdout;
    assert!(suggested.lines().any(|line| line == "# preset = \"shopify\""), "{suggested}");
    let config = "[ledger]\npreset = \"shopify\"\ntimezone = \"Asia/Kolkata\"\n";
    merchant.write("octopus-recon.toml", config);
    let done = merchant.run(&["ledger", path, "--format", "json"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["suggestion"], json!(null));
    // The keys of the preset are not written out.
    let suggested = merchant.run(&["ledger", path, "--suggest"]).stdout;
    assert!(suggested.ends_with(config), "{suggested}");
}

#[test]
fn skipped_rows_are_counted_and_summed_apart() {
    let merchant = Merchant::new();
    let rows = "merchant_order_id,amount,currency,created_at,Type\n\
                A,5.50,inr,2026-10-31,Order\nF,0.40,inr,2026-10-31,Fee\n";
    merchant.write("orders.csv", rows);
    let open = merchant.run(&["ledger", "orders.csv"]);
    assert!(open.stdout.contains("# values = [\"Fee\"]"), "{open:?}");
    let config = "[ledger]\ntimezone = 'UTC'\n[[ledger.skip]]\ncolumn = 'Type'\nvalues = ['fee']\n";
    merchant.write("octopus-recon.toml", config);
    let done = merchant.run(&["ledger", "orders.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let line = "Skipped             1  rows: 0.40 inr";
    assert!(done.stdout.lines().any(|shown| shown == line), "{done:?}");
    let shown = merchant.run(&["ledger", "orders.csv", "--format", "json"]).json();
    assert_eq!(shown["skipped"], json!([{"currency": "inr", "amount": "0.40"}]));
    assert_eq!(shown["ledger"]["skipped"], 1);
}

#[test]
fn what_a_person_should_know_is_shown() {
    let done = run(format!("{HEAD}'A,5.50,inr,2026-10-31,paid\n"), &["--format", "json"]);
    let warnings = done.json()["warnings"].to_string();
    assert!(warnings.contains("has an outer '"), "{warnings}");
    assert!(warnings.contains("set [ledger] timezone"), "{warnings}");
}

#[test]
fn nothing_is_left_open_where_the_configuration_decides_it() {
    let plain = "merchant_order_id,amount,currency,created_at\nA,5.50,inr,2026-10-31\n";
    for (config, code) in [("", 4), ("[ledger]\ntimezone = 'Asia/Kolkata'\n", 0)] {
        let merchant = Merchant::new();
        merchant.write("orders.csv", plain);
        merchant.write("octopus-recon.toml", config);
        let done = merchant.run(&["ledger", "orders.csv"]);
        assert_eq!(done.code, Some(code), "{config}: {done:?}");
    }
}

/// The file is shown with what is proposed; a run reads it so only when the keys are there.
#[test]
fn keys_that_the_configuration_lacks_are_exit_code_4() {
    let merchant = Merchant::new();
    merchant
        .write("orders.csv", "Order No;Total;Currency;Order Date\nA;5,50;INR;2026-10-31 11:00Z\n");
    let proposed = ["delimiter = \";\"", "decimal_separator = \",\"", "amount = \"Total\""];
    let columns =
        "\n[ledger.columns]\nmerchant_order_id = \"Order No\"\ncreated_at = \"Order Date\"\n";
    let config = format!("[ledger]\ntimezone = \"UTC\"\n{columns}");
    merchant.write("mine.toml", &config);
    let arguments = ["ledger", "orders.csv", "--config", "mine.toml"];
    let done = merchant.run(&arguments);
    assert_eq!(done.code, Some(4), "{done:?}");
    for lines in [
        "\nRead with the keys that are proposed below; mine.toml alone reads it differently.\n",
        "\nFor mine.toml. Add these under the [ledger] that is there: a table must not be there \
         twice.\n\n[ledger]\n",
    ] {
        assert!(done.stdout.contains(lines), "{lines}\n{}", done.stdout);
    }
    let end = "\n\nmine.toml lacks these keys. Until they are there, a run reads the file \
               differently.\n";
    assert!(done.stdout.ends_with(end), "{}", done.stdout);
    assert!(!done.stdout.contains("Left open"), "{}", done.stdout);
    let json = merchant.run(&[&arguments[..], &["--format", "json"]].concat()).json();
    assert_eq!((&json["exit_code"], &json["open"]), (&json!(4), &json!([])));

    // A whole file with the keys that were there, and those that it lacked.
    let whole = merchant.run(&[&arguments[..], &["--suggest"]].concat());
    assert_eq!(whole.code, Some(4), "{whole:?}");
    for line in config.lines().chain(proposed) {
        let count = whole.stdout.lines().filter(|shown| *shown == line).count();
        assert!(line.is_empty() || count == 1, "{line}\n{}", whole.stdout);
    }
    merchant.write("mine.toml", &whole.stdout);
    let done = merchant.run(&arguments);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stdout.contains("mine.toml"), "{}", done.stdout);
}

#[test]
fn a_long_list_of_days_is_cut_and_says_where_all_are() {
    let rows = (1..=14).map(|day| format!("A{day},5,inr,2026-10-{day:02},paid\n"));
    let merchant = Merchant::new();
    merchant.write("orders.csv", HEAD.to_owned() + &rows.collect::<String>());
    let shown = merchant.run(&["ledger", "orders.csv"]).stdout;
    assert!(shown.contains("\n  … 4 more; --format json lists all\n"), "{shown}");
    let all = merchant.run(&["ledger", "orders.csv", "--format", "json"]).json();
    assert_eq!(all["days"].as_array().map(Vec::len), Some(14));
}

#[test]
fn skipped_rows_without_an_amount_are_logged_without_one() {
    let merchant = Merchant::new();
    let rows = "A,5,inr,2026-10-31,paid\nSum,,,,fee\n";
    merchant.write("orders.csv", HEAD.to_owned() + rows);
    let config =
        "[ledger]\ntimezone = 'UTC'\n[[ledger.skip]]\ncolumn = 'status'\nvalues = ['fee']\n";
    merchant.write("octopus-recon.toml", config);
    let dry = ["run", "--dry-run", "--ledger", "orders.csv", "--base-url", "http://localhost:9"];
    let done = merchant.run(&dry);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.lines().any(|line| line.ends_with("rows skipped: 1")), "{done:?}");
}

#[test]
fn a_dry_run_with_an_invalid_row_ends_with_0() {
    let merchant = Merchant::new();
    merchant
        .write("orders.csv", format!("{HEAD}A,5,inr,2026-10-31,paid\nB,x,inr,2026-10-31,paid\n"));
    let dry = ["run", "--dry-run", "--ledger", "orders.csv", "--base-url", "http://localhost:9"];
    let done = merchant.run(&dry);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("1 accepted, 1 invalid"), "{done:?}");
    let end = "Asking would take 1 calls, 0.1 minutes at 10 a second, not counting retries.\n\
               Invalid ledger rows: 1. A run would end with 4, or 3.\n";
    assert!(done.stdout.ends_with(end), "{done:?}");
}

#[test]
fn what_cannot_be_told_apart_is_left_open() {
    let rows = "merchant_order_id,amount,currency,created_at\n\
                A,\"1,234\",inr,05/11/2026\nB,7,inr,06/11/2026\n";
    // No date is read before the format is known.
    let again = "\n  More keys may be asked for when these are decided: run ledger again.\n";
    let done = run(rows, &[]);
    assert!(done.stdout.contains(again), "{}", done.stdout);
    let done = run(rows, &["--suggest"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    for comment in [
        "# date_format = \"%d/%m/%Y\" # 2026-11-05",
        "# date_format = \"%m/%d/%Y\" # 2026-05-11",
        "# thousands_separator = \",\" # 1234.00",
        "# decimal_separator = \",\" # 1.234",
    ] {
        assert!(done.stdout.lines().any(|line| line == comment), "{comment}\n{}", done.stdout);
    }
    let keys = |line: &&str| line.starts_with("date_format") || line.contains("separator = ");
    let proposed: Vec<_> =
        done.stdout.lines().filter(|line| !line.starts_with('#')).filter(keys).collect();
    assert_eq!(proposed, Vec::<&str>::new());
}

#[test]
fn files_that_are_no_ledger_are_refused() {
    let head = HEAD.as_bytes();
    for (content, words) in [
        (&b""[..], "it is empty"),
        (b"PK\x03\x04 a workbook", "it is a workbook or an archive"),
        (&[head, b"A,5.00,inr,\"2026-10-31,paid\n"].concat(), "is never closed"),
        (&[head, b"1.23E+19,5.00,inr,2026-10-31,paid\n"].concat(), "has lost its digits"),
    ] {
        let done = run(content, &[]);
        assert_eq!(done.code, Some(10), "{words}: {done:?}");
        assert!(done.stderr.contains(words), "{words}: {done:?}");
        assert_eq!(done.stdout, "", "{words}");
    }
    let missing = Merchant::new().run(&["ledger", "none.csv"]);
    assert_eq!(missing.code, Some(10), "{missing:?}");
}

#[test]
fn a_file_without_usual_headings_is_left_to_a_person() {
    let content = "Nummer;Betrag;Tag\nB-1;5,50;31.10.2026\nB-2;6,00;01.11.2026\n";
    let done = run(content, &[]);
    assert_eq!(done.code, Some(4), "{done:?}");
    for words in [
        "The ledger cannot be read before the open points are decided.",
        "# amount = \"Betrag\"",
        "# created_at = \"Tag\"",
        "# merchant_order_id = \"Nummer\"",
        "More keys may be asked for when these are decided: run ledger again.",
    ] {
        assert!(done.stdout.contains(words), "{words}\n{}", done.stdout);
    }
    let suggested = run(content, &["--suggest"]).stdout.replace("\n# ", " ");
    assert!(suggested.contains("More keys may be asked for when these are"), "{suggested}");
}

/// A bank's statement: a column for incomes and one for expenses, headings in German, Windows-1252,
/// and a total below. The lines of the open points that a person chooses are enough.
#[test]
fn a_statement_is_read_by_what_is_proposed_and_chosen() {
    let merchant = Merchant::new();
    let rows = b"Konto;DE00\n\nBuchungstag;Referenz;Soll;Haben;W\xe4hrung\n\
        30.10.2026;RE-1;;1.013,01;EUR\n31.10.2026;RE-2;65,05;;EUR\n\
        01.11.2026;RE-3;;1.078,06;EUR\n;Summe;65,05;2.091,07;\n";
    merchant.write("orders.csv", rows);
    let suggested = merchant.run(&["ledger", "orders.csv", "--suggest"]);
    assert_eq!(suggested.code, Some(4), "{suggested:?}");
    let chosen = [
        "encoding = \"windows-1252\" # W\u{e4}hrung",
        "merchant_order_id = \"Referenz\"",
        "created_at = \"Buchungstag\"",
        "[[ledger.skip]]",
        "column = \"Buchungstag\"",
        "empty = true",
    ];
    let mut config = suggested.stdout;
    for line in chosen {
        let comment = format!("# {line}\n");
        assert!(config.contains(&comment), "{line}\n{config}");
        config = config.replace(&comment, &format!("{line}\n"));
    }
    for line in ["credit = \"Haben\"", "debit = \"Soll\"", "currency = \"W\u{e4}hrung\""] {
        assert!(config.lines().any(|shown| shown == line), "{line}\n{config}");
    }
    merchant.write("octopus-recon.toml", &config);
    let shown = merchant.run(&["ledger", "orders.csv", "--format", "json"]).json();
    let rows = &shown["ledger"];
    assert_eq!((&rows["accepted"], &rows["skipped"]), (&json!(3), &json!(1)), "{shown:#}");
    assert_eq!(shown["totals"].as_array().unwrap().len(), 2, "{shown:#}");
    assert_eq!(shown["totals"][0]["currency"], "eur");
    // What the statement cannot say, now that it is known which column has the dates.
    assert_eq!(shown["open"].as_array().unwrap().len(), 1, "{shown:#}");
    assert_eq!(shown["open"][0]["key"], "timezone");
}

#[test]
fn several_files_and_standard_input_are_read_as_one_ledger() {
    let merchant = Merchant::new();
    merchant.write("one.csv", format!("{HEAD}A,5.50,inr,2026-10-31,paid\n"));
    let two = format!("{HEAD}B,6.50,inr,2026-11-01,paid\nA,5.50,inr,2026-10-31,paid\n");
    let arguments = ["ledger", "one.csv", "-", "--format", "json"];
    let shown = merchant.run_with_stdin(&arguments, two.as_bytes()).json();
    assert_eq!(shown["ledger"]["rows"], 3, "{shown:#}");
    assert_eq!(shown["ledger"]["repeated"], 1);
    assert_eq!(shown["files"][1]["file"], "-");
    assert_eq!(shown["totals"][0]["amount"], "12.00");
}
