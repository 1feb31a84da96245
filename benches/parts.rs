//! The pure parts of what is done for an order. `cargo bench --bench parts`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::order::{CreatedAt, Entry, LedgerStatus, OrderKey};
use octopus_recon::domain::payment::{Asked, PersonalData, TransactionType};
use octopus_recon::gateway::{Credentials, NotFoundPattern, Reader, Signer};
use octopus_recon::ledger::{self, LedgerSettings, Source};
use octopus_recon::rules::{Case, Policy, judge};
use std::convert::Infallible;
use std::fmt::Write;

const ANSWER: &[u8] = br#"{"result":"success","data":{"payment":{"from":"6660006666789","from_name":"Payer","from_bank_name":"UPI","to":"6660006666987","to_name":"Payee","to_bank_name":"UPI","amount":"100.00","final_amount":"100.00","currency":"inr","country":"India","transaction_type":"income","accounting_type":"receive","merchant_order_id":"SHOP-IN-00000007","merchant_uid":"M-1","merchant_name":"Merchant","channel":"upi","payment_status":"completed","payment_fail_reason":"","payment":"india","response_type":"json","ip":"203.0.113.7","user_agent":"Mozilla/5.0","distribute_rules":"","payment_uid":"PAY-7","redirect_url":"https://example.com/r","notify_url":"https://example.com/n","notify_status":"completed","notify_fail_reason":"","accounting_status":"accounted","accounting_fail_reason":"","signature_key":"0123456789abcdef0123456789abcdef"}}}"#;

fn main() {
    divan::main();
}

fn key() -> OrderKey {
    OrderKey {
        merchant_uid: Some("M-1".to_owned()),
        merchant_order_id: "SHOP-IN-00000007".to_owned(),
    }
}

fn reader() -> Reader {
    let credentials = Credentials {
        api_key: "bench-key-of-a-usual-length".into(),
        api_secret: "bench-secret-of-a-usual-length".into(),
    };
    Reader::new(NotFoundPattern::default(), PersonalData::default(), credentials)
}

#[divan::bench]
fn signature(bencher: Bencher) {
    let signer = Signer::new(&"bench-secret".into()).unwrap();
    bencher.bench(|| signer.sign(black_box(&[("merchant_order_id", "SHOP-IN-00000007")])));
}

#[divan::bench]
fn answer_reading(bencher: Bencher) {
    let (reader, key) = (reader(), key());
    bencher.bench(|| reader.read(&key, 200, Ok(black_box(ANSWER))).unwrap());
}

#[divan::bench]
fn rules(bencher: Bencher) {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let created_at = CreatedAt { ages_from: now - TimeDelta::days(2), date: now.date_naive() };
    let entry = Entry {
        key: key(),
        amount: Amount::parse("100.00").unwrap(),
        currency: "inr".to_owned(),
        created_at,
        transaction_type: Some(TransactionType::Income),
        accounting_type: None,
        status: Some(LedgerStatus::Paid),
        conflict: None,
        conflict_amounts: None,
        duplicate: None,
    };
    let asked = Asked::Answered(reader().read(&key(), 200, Ok(ANSWER)).unwrap().answer);
    let policy = Policy::default();
    let case = Case {
        entry: Some(&entry),
        asked: &asked,
        shared_with: &[],
        is_first_of_payment: false,
        still_open: &[],
        is_new_status: false,
        ledger_status_since: None,
        now,
    };
    bencher.bench(|| judge(black_box(&case), &policy));
}

const ROWS: u32 = 1_000;

#[divan::bench]
fn ledger_reading_of_1000_rows(bencher: Bencher) {
    let mut ledger =
        "merchant_order_id,amount,currency,created_at,transaction_type,status\n".to_owned();
    for number in 0..ROWS {
        writeln!(ledger, "SHOP-IN-{number:08},100.00,inr,2026-01-10T10:00:00Z,income,paid")
            .unwrap();
    }
    let settings = LedgerSettings::default();
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    bencher.bench(|| {
        let source = Source::from_reader("ledger.csv", std::io::Cursor::new(ledger.clone()));
        let sink = |row| {
            black_box(row);
            Ok::<_, Infallible>(())
        };
        ledger::read(source, &settings, Some("M-1"), now, &|| false, sink).unwrap()
    });
}
