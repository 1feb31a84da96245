//! Random days at the gateway: whatever it does, its own journal shows that no order is sent twice
//! without its having said that there is none.

use crate::rude_gateway::{RudeGateway, Turn, success};
use crate::support::{API_KEY, API_SECRET};
use chrono::Utc;
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::order::OrderKey;
use octopus_recon::domain::payment::{AccountingType, PersonalData, TransactionType};
use octopus_recon::gateway::{
    Accounts, Asker, Client, Credentials, Draft, GatewaySettings, NewOrder, NotPlaced, Placement,
    Sends,
};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

const DAYS: u64 = 400;

/// What the gateway did with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// `order/new`, and whether it made the order.
    New { made: bool },
    /// `order/get`, whole and well-formed.
    Said { has: bool },
    /// `order/get`, and no answer that could be trusted.
    Unanswered,
}

/// One order's day.
struct Day {
    random: fastrand::Rng,
    has: bool,
    had_before: bool,
    journal: Vec<Event>,
}

impl Day {
    fn new(number: u64) -> Day {
        let mut random = fastrand::Rng::with_seed(number);
        let has = random.u8(..5) == 0;
        Day { random, has, had_before: has, journal: Vec::new() }
    }

    /// What is to be done with this call: nothing stays of the lock while it is done.
    fn decide(&mut self, is_new: bool) -> fn(Turn) {
        // Some days are worse than others, and some have no answer that can be used.
        if !is_new {
            let honest = self.random.u8(..3) > 0;
            let event = if honest { Event::Said { has: self.has } } else { Event::Unanswered };
            self.journal.push(event);
            let has: fn(Turn) = if self.has { well } else { none };
            return if honest { has } else { FAULTS[self.random.usize(..FAULTS.len())] };
        }
        let arrives = self.random.u8(..3) > 0;
        let declines = arrives && (self.has || self.random.u8(..6) == 0);
        let made = arrives && !declines;
        self.has |= made;
        self.journal.push(Event::New { made });
        match self.random.u8(..3) {
            0 if declines => declined,
            0 if made => well,
            _ => FAULTS[self.random.usize(..FAULTS.len())],
        }
    }
}

fn well(turn: Turn) {
    turn.answer_well();
}

fn none(turn: Turn) {
    turn.answer("404 Not Found", "", super::MISSING);
}

fn declined(turn: Turn) {
    turn.answer("200 OK", "", r#"{"result":"error","data":"Duplicate or unwanted"}"#);
}

const FAULTS: [fn(Turn); 7] = [
    |turn| turn.reset_after(b""),
    |turn| turn.reset_after(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":"),
    |turn| turn.answer("503 Service Unavailable", "", super::MISSING),
    |turn| turn.answer("429 Too Many Requests", "Retry-After: 0\r\n", ""),
    |turn| turn.answer("302 Found", "Location: /elsewhere\r\n", ""),
    |turn| turn.answer("200 OK", "", "{\"result\":\"success\"}"),
    |turn| turn.answer("200 OK", "", success("another")),
];

fn asker(url: &str) -> Asker {
    let fast = NonZeroU32::new(1_000_000).unwrap();
    let settings = GatewaySettings {
        base_url: Some(url.to_owned()),
        requests_per_second: fast,
        backoff_first_ms: 0,
        ..GatewaySettings::default()
    };
    let credentials = Credentials { api_key: API_KEY.into(), api_secret: API_SECRET.into() };
    let client = Client::new(&settings, &credentials, PersonalData::Drop, Utc::now).unwrap();
    Asker::new(client, settings.limits(), DAYS * 1_000, Utc::now)
}

fn order(number: u64) -> NewOrder {
    let key = OrderKey {
        merchant_uid: Some("M1".to_owned()),
        merchant_order_id: format!("day-{number}"),
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

/// Between two sends there is an `order/get` that was answered, and the last that was answered
/// said that there is no such order.
fn assert_safe(journal: &[Event]) {
    let mut last_said = None;
    let mut sent = false;
    for event in journal {
        match event {
            Event::New { .. } => {
                assert!(!sent || last_said == Some(false), "{journal:?}");
                (sent, last_said) = (true, None);
            }
            Event::Said { has } => last_said = Some(*has),
            Event::Unanswered => {}
        }
    }
    let made = journal.iter().filter(|event| **event == Event::New { made: true }).count();
    assert!(made <= 1, "made {made} times: {journal:?}");
}

#[test]
fn no_order_is_sent_twice_without_a_word_that_there_is_none() {
    let days: Arc<Mutex<BTreeMap<String, Day>>> = Arc::default();
    let seen = Arc::clone(&days);
    let gateway = RudeGateway::serve(move |turn| {
        let act = seen.lock().unwrap().get_mut(&turn.order).unwrap().decide(turn.request.is_new());
        act(turn);
    });
    let asker = asker(&gateway.url);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut ends, mut sent_again) = (BTreeMap::new(), 0);
    for number in 0..DAYS {
        let order = order(number);
        let id = order.key().merchant_order_id.clone();
        days.lock().unwrap().insert(id.clone(), Day::new(number));
        let placement = runtime.block_on(asker.place(&order, &Sends::default()));
        let days = days.lock().unwrap();
        let Day { has, had_before, journal, .. } = &days[&id];
        assert_safe(journal);
        let is_new = |event: &&Event| matches!(event, Event::New { .. });
        sent_again += usize::from(journal.iter().filter(is_new).count() > 1);
        let made = journal.contains(&Event::New { made: true });
        let (end, is_true) = match &placement {
            Ok(Placement::Placed(_)) => ("placed", made),
            Ok(Placement::Found { .. }) => ("found", *has),
            Err(NotPlaced::Declined(_)) => ("declined", !has),
            Err(NotPlaced::Exists { .. }) => ("exists", *had_before && !made),
            Err(NotPlaced::Absent(_)) => ("absent", !has),
            Err(NotPlaced::Unknown { .. }) => ("unknown", true),
            other => unreachable!("{other:?}: {journal:?}"),
        };
        assert!(is_true, "{placement:?}: {journal:?}");
        *ends.entry(end).or_insert(0) += 1;
    }
    // The days were bad enough to show something.
    let met: Vec<&&str> = ends.keys().collect();
    assert_eq!(met, [&"absent", &"declined", &"exists", &"found", &"placed", &"unknown"]);
    assert!(sent_again > 50, "{sent_again}: {ends:?}");
}
