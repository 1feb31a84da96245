//! `order new` against random gateways: the gateway's journal shows that an order is sent again
//! only after the gateway has said that there is no such order.

use crate::rude_gateway::{RudeGateway, Turn, success};
use crate::support::{API_KEY, API_SECRET, paid};
use chrono::Utc;
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::order::OrderKey;
use octopus_recon::domain::payment::{AccountingType, PersonalData, TransactionType};
use octopus_recon::gateway::{
    Accounts, Allowance, Asker, Client, Creation, Credentials, Draft, GatewaySettings, NewOrder,
    NotCreated, SendState,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

const CASES: u64 = 600;

/// What the gateway did with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// `order/new`: whether it created the order, and whether the response said so.
    New { is_created: bool, is_confirmed: bool },
    /// A trustworthy answer to `order/get`, which can be outdated.
    Answered { has: bool },
    /// `order/get` without a trustworthy answer.
    Unanswered,
}

/// An order at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Nothing,
    Same,
    Other,
}

/// One order, and a gateway with random faults.
struct Case {
    random: fastrand::Rng,
    has: Has,
    /// The number of further `order/get` that do not find the order yet.
    lag: u8,
    journal: Vec<Event>,
}

impl Case {
    fn new(number: u64) -> Case {
        let mut random = fastrand::Rng::with_seed(number);
        let has = [Has::Same, Has::Other].get(random.usize(..8)).copied().unwrap_or(Has::Nothing);
        let lag = random.u8(..6).saturating_sub(2);
        Case { random, has, lag, journal: Vec::new() }
    }

    /// How to handle this call. The caller runs it after releasing the lock.
    fn decide(&mut self, is_new: bool) -> fn(Turn) {
        // One of the faults, for the cases below that need one.
        let fault = FAULTS[self.random.usize(..FAULTS.len())];
        if !is_new {
            if self.random.u8(..3) == 0 {
                self.journal.push(Event::Unanswered);
                return fault;
            }
            let knows = self.has != Has::Nothing && self.lag == 0;
            self.lag = self.lag.saturating_sub(1);
            self.journal.push(Event::Answered { has: knows });
            return match self.has {
                Has::Same if knows => well,
                Has::Other if knows => other,
                _ => none,
            };
        }
        let arrives = self.random.u8(..3) > 0;
        let is_there = self.has != Has::Nothing;
        let declines = arrives && (is_there || self.random.u8(..6) == 0);
        let is_created = arrives && !declines;
        if is_created {
            self.has = Has::Same;
        }
        // A refusal does not mention an earlier order: only order/get can.
        let lags_from_before =
            is_there && self.lag > 0 && !self.journal.iter().any(|event| creates(*event));
        let (act, is_confirmed): (fn(Turn), bool) = match self.random.u8(..4) {
            0 if is_created => (well, true),
            1 if is_created => (garbled, true),
            0 if is_there && declines => (duplicate, false),
            0 if declines => (declined, false),
            1 if !is_created && !lags_from_before => (refused, false),
            _ => (fault, false),
        };
        self.journal.push(Event::New { is_created, is_confirmed });
        act
    }
}

fn well(turn: Turn) {
    turn.answer_well();
}

fn other(turn: Turn) {
    let payment = paid(&turn.order, "70.00", json!({}));
    let body = format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#);
    turn.answer("200 OK", "", body);
}

/// A success with an amount that is not trustworthy.
fn garbled(turn: Turn) {
    let body = success(&turn.order).replace("100.00", "1e2");
    turn.answer("200 OK", "", body);
}

fn none(turn: Turn) {
    turn.answer("404 Not Found", "", super::MISSING);
}

fn declined(turn: Turn) {
    turn.answer("200 OK", "", r#"{"result":"error","data":"Channel closed"}"#);
}

fn duplicate(turn: Turn) {
    turn.answer("200 OK", "", r#"{"result":"error","data":"Duplicate merchant_order_id"}"#);
}

fn refused(turn: Turn) {
    turn.answer("401 Unauthorized", "", "");
}

const FAULTS: [fn(Turn); 7] = [
    |turn| turn.reset_after(b""),
    |turn| turn.reset_after(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":"),
    |turn| turn.answer("503 Service Unavailable", "", super::MISSING),
    |turn| turn.answer("429 Too Many Requests", "Retry-After: 0\r\n", ""),
    |turn| turn.answer("302 Found", "Location: /elsewhere\r\n", ""),
    |turn| turn.answer("200 OK", "", "<html>"),
    |turn| turn.answer("404 Not Found", "", "<html>"),
];

fn asker(url: &str) -> Asker {
    let fast = NonZeroU32::new(1_000_000).unwrap();
    let settings = GatewaySettings {
        base_url: Some(url.to_owned()),
        requests_per_second: fast,
        backoff_first_ms: 0,
        backoff_max_ms: 0,
        ..GatewaySettings::default()
    };
    let credentials = Credentials { api_key: API_KEY.into(), api_secret: API_SECRET.into() };
    let client = Client::new(&settings, &credentials, PersonalData::Drop, Utc::now).unwrap();
    let allowance = Arc::new(Allowance::new(settings.limits(), CASES * 1_000));
    Asker::new(client, allowance, Utc::now, fastrand::Rng::new())
}

fn order(number: u64) -> NewOrder {
    let key = OrderKey {
        merchant_uid: Some("M1".to_owned()),
        merchant_order_id: format!("case-{number}"),
    };
    NewOrder::new(Draft {
        key,
        transaction_type: TransactionType::Income,
        accounting_type: AccountingType::Receive,
        amount: Amount::parse("100").unwrap(),
        currency: "inr".to_owned(),
        payment: "india".to_owned(),
        country: String::new(),
        channel: String::new(),
        redirect_url: String::new(),
        notify_url: String::new(),
        accounts: Accounts::default(),
    })
    .unwrap()
}

/// Before an order is sent again, the last answer to `order/get` since the send before says that
/// there is no such order. After a confirmed order nothing is sent.
fn assert_safe(journal: &[Event]) {
    let (mut last_said, mut sent, mut confirmed) = (None, false, false);
    for event in journal {
        match event {
            Event::New { is_confirmed, .. } => {
                assert!(!sent || last_said == Some(false), "{journal:?}");
                assert!(!confirmed, "sent again after a confirmation: {journal:?}");
                (sent, last_said, confirmed) = (true, None, *is_confirmed);
            }
            Event::Answered { has } => last_said = Some(*has),
            Event::Unanswered => {}
        }
    }
}

fn creates(event: Event) -> bool {
    matches!(event, Event::New { is_created: true, .. })
}

#[test]
fn an_order_is_sent_again_only_after_no_such_order() {
    let cases: Arc<Mutex<BTreeMap<String, Case>>> = Arc::default();
    let seen = Arc::clone(&cases);
    let gateway = RudeGateway::serve(move |turn| {
        let act = seen.lock().unwrap().get_mut(&turn.order).unwrap().decide(turn.request.is_new());
        act(turn);
    });
    let asker = asker(&gateway.url);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut ends, mut sent_again) = (BTreeMap::new(), 0);
    for number in 0..CASES {
        let order = order(number);
        let id = order.key().merchant_order_id.clone();
        cases.lock().unwrap().insert(id.clone(), Case::new(number));
        let placement = runtime.block_on(asker.create_order(&order, &SendState::default()));
        let cases = cases.lock().unwrap();
        let Case { has, journal, .. } = &cases[&id];
        assert_safe(journal);
        let is_created = journal.iter().filter(|event| creates(**event)).count();
        assert!(is_created <= 1, "created {is_created} times: {journal:?}");
        let sends = journal.iter().filter(|event| matches!(event, Event::New { .. })).count();
        sent_again += usize::from(sends > 1);
        let last_said = journal.iter().rev().find(|event| !matches!(event, Event::New { .. }));
        let said_none = last_said == Some(&Event::Answered { has: false });
        let (end, is_true) = match &placement {
            // Exit 0: the gateway has an order with these values.
            Ok(Creation::Confirmed(_)) => ("created", *has == Has::Same),
            Ok(Creation::Found { .. }) => ("found", *has == Has::Same),
            // Exit 1: it has none, and none was is_created.
            Err(NotCreated::Declined(_)) => ("declined", *has == Has::Nothing && is_created == 0),
            Err(NotCreated::Exists { differences: None, .. }) => ("exists", *has == Has::Same),
            Err(NotCreated::Exists { .. }) => ("differs", *has == Has::Other),
            Err(NotCreated::Absent { .. }) => ("absent", said_none),
            Err(NotCreated::Unknown { .. }) => ("unknown", true),
            other => unreachable!("{other:?}: {journal:?}"),
        };
        assert!(is_true, "{placement:?}: {journal:?}");
        *ends.entry(end).or_insert(0) += 1;
    }
    // Every result occurred, so the cases were varied enough.
    let met: Vec<&&str> = ends.keys().collect();
    let every = [&"absent", &"created", &"declined", &"differs", &"exists", &"found", &"unknown"];
    assert_eq!(met, every);
    assert!(sent_again > 50, "{sent_again}: {ends:?}");
}
