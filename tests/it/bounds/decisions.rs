//! Limits on decisions.

use crate::rude_gateway::RudeGateway;
use crate::support::{Merchant, ledger};
use chrono::{Days, NaiveDate, Utc};

/// An order without a trustworthy answer is accepted for 31 days at most.
#[test]
fn an_unverified_order_is_accepted_for_31_days() {
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "A1" => turn.answer("400 Bad Request", "", ""),
        _ => turn.answer_well(),
    });
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(2));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let accept = |until: Option<NaiveDate>| {
        let order = ["decide", "--order", "A1", "--kind", "unverified", "--by", "Asha"];
        let until = until.map(|day| day.to_string());
        let until = until.iter().flat_map(|day| ["--until", day]);
        let decision = ["--decision", "accepted"].into_iter().chain(until);
        merchant.run(&order.into_iter().chain(decision).collect::<Vec<_>>())
    };
    let today = Utc::now().date_naive();
    for (until, words) in [
        (None, "accepted only until a day"),
        (today.pred_opt(), "is past"),
        (today.checked_add_days(Days::new(32)), "accepted for 31 days at most"),
    ] {
        let done = accept(until);
        assert_eq!(done.code, Some(1), "{until:?}: {done:?}");
        let said = [done.stdout, done.stderr].concat();
        assert!(said.contains(words), "{until:?}: {said}");
    }
    let done = accept(today.checked_add_days(Days::new(31)));
    assert_eq!(done.code, Some(0), "{done:?}");
}
