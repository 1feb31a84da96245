//! Every HTTP status that a gateway can answer, over a real connection.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{RudeGateway, Turn, success};
use crate::support::{HEAD, Merchant};
use std::collections::BTreeMap;
use std::ops::Range;

const SETTINGS: &str = "[gateway]\nmax_attempts = 2\nbackoff_first_ms = 1\nmax_in_flight = 8\n\
                        call_timeout_seconds = 5\nretry_after_max_seconds = 1\n";

/// What came of the orders that were answered with these statuses: whether each was asked again,
/// and its reason. The answers are those of a gateway without faults, and name another host.
fn answered(statuses: Range<u16>) -> Vec<(u16, String)> {
    let elsewhere = RudeGateway::serve(Turn::answer_well);
    let location = format!("Location: {}/octopus/api/order/get\r\n", elsewhere.url);
    let gateway = RudeGateway::serve(move |turn| {
        let status = turn.order.strip_prefix('S').unwrap_or("200").to_owned();
        let body = success(&turn.order);
        turn.answer(&format!("{status} Status"), &location, body);
    });
    let row = |order: String| format!("{order},100.00,inr,2026-01-10,paid\n");
    let rows: String = statuses.clone().map(|status| row(format!("S{status}"))).collect();
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}{}{rows}", row("GOOD".to_owned())));
    merchant.write("octopus-recon.toml", SETTINGS);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(elsewhere.arrivals().len(), 0, "a redirect was followed");
    let found: BTreeMap<String, String> = merchant
        .rows_of(&done)
        .into_iter()
        .map(|row| {
            (row["merchant_order_id"].clone(), format!("{}: {}", row["kind"], row["reason"]))
        })
        .collect();
    assert!(!found.contains_key("GOOD"));
    statuses
        .map(|status| {
            let order = format!("S{status}");
            let asked = if gateway.calls_for(&order) > 1 { "again" } else { "once " };
            let outcome = found.get(&order).map_or("matched", String::as_str);
            let (_, why) = outcome.split_once(": ").unwrap_or(("", outcome));
            let (_, why) = why.split_once(": ").unwrap_or(("", why));
            (status, format!("{asked}  {}", why.replace(&status.to_string(), "<status>")))
        })
        .collect()
}

#[test]
fn every_status_over_a_connection() {
    // So few are retried in a run that its retry budget is enough.
    let runs = [100..125, 125..150, 150..175, 175..200, 200..300, 300..400, 400..500];
    let more = [500..525, 525..550, 550..575, 575..600];
    let found: Vec<(u16, String)> = std::thread::scope(|scope| {
        let runs = runs.into_iter().chain(more);
        let runs: Vec<_> = runs.map(|run| scope.spawn(move || answered(run))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    let mut table = String::new();
    for group in found.chunk_by(|(_, one), (_, other)| one == other) {
        let [(first, outcome), .., (last, _)] = group else {
            table.extend([format!("{:<9}{}\n", group[0].0, group[0].1)]);
            continue;
        };
        table.extend([format!("{:9}{outcome}\n", format!("{first}-{last}"))]);
    }
    insta::assert_snapshot!(table, @r"
    100      again  the connection broke (invalid HTTP version parsed).
    101      once   the gateway answered <status>.
    102-199  again  the connection broke (invalid HTTP version parsed).
    200-203  once   matched
    204      again  the answer is empty.
    205-299  once   matched
    300-399  once   the gateway answered <status>, a redirect, which is not followed.
    400-403  once   the gateway answered <status>.
    404      once   the gateway answered <status> without a documented error: is base_url right?
    405-407  once   the gateway answered <status>.
    408      again  the gateway answered <status>.
    409-424  once   the gateway answered <status>.
    425      again  the gateway answered <status>.
    426-428  once   the gateway answered <status>.
    429      again  the gateway answered <status> (too many requests).
    430-499  once   the gateway answered <status>.
    500-599  again  the gateway answered <status>.
    ");
}
