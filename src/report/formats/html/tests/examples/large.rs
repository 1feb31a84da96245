//! Nights with many orders, and with orders that got no answer.

use super::*;

/// Six orders without an answer.
pub(in super::super) fn incomplete() -> Example {
    let mut example = clean();
    let figures = &mut example.night.summary.figures;
    figures.orders = OrderFigures {
        selected: 300,
        reused: 0,
        matched: 292,
        in_transit: 0,
        mismatched: 2,
        unverified: 6,
    };
    example.night.summary.unverified_reasons =
        vec![UnverifiedReason { reason: Some("the gateway answered 503".to_owned()), orders: 6 }];
    example.night.before = None;
    let ids = ["B-1", "B-2", "B-3", "B-4", "B-5", "B-6"];
    example.orders =
        ids.map(|id| order(id, &[Kind::Unverified], Bucket::Unverified, "99.00")).to_vec();
    for id in ["B-7", "B-8"] {
        let kinds = [Kind::FinalAmountDifference];
        example.orders.push(order(id, &kinds, Bucket::AgainstUs, "250.00"));
    }
    example
}

/// So many orders with one finding each.
pub(in super::super) fn many(count: u64) -> Example {
    let mut example = clean();
    let kinds = [
        (Kind::FinalAmountDifference, Bucket::AgainstUs),
        (Kind::LedgerAmountDifference, Bucket::InOurFavour),
        (Kind::MissingAtGateway, Bucket::InDoubt),
        (Kind::PendingTooLong, Bucket::InDoubt),
    ];
    let orders = &mut example.night.summary.figures.orders;
    (orders.mismatched, orders.selected) = (count, count + 300);
    example.orders = (0..count)
        .zip(kinds.iter().cycle())
        .map(|(number, (kind, bucket))| {
            let figure = format!("{}.50", count - number);
            let mut order = order(&format!("2026{number:016}"), &[*kind], *bucket, &figure);
            order.open_days = i64::try_from(number % 50).unwrap_or_default();
            order
        })
        .collect();
    let sums = example.orders.iter().fold(Total::default(), |mut sum, order| {
        sum.add(order.place.amount);
        sum
    });
    if let Some(before) = &mut example.night.before {
        let inr = Bridge { new: sums, now: sums, ..Bridge::default() };
        before.bridge.insert("inr".to_owned(), inr);
        before.orders.new = count;
    }
    example
}
