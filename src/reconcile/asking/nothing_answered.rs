//! A run none of whose orders was answered: something else answers in the gateway's place, or the
//! deadline came first. Each such order is unverified, as if it were alone; that all of them are
//! says something about the whole (contract, exit code 3).

use crate::domain::address::host_and_port;
use crate::domain::payment::{NO_ANSWER_IN_TIME, OTHER_MERCHANT, OTHER_ORDER, WRONG_ADDRESS};
use crate::domain::run::{UnverifiedReason, Warning};
use crate::domain::text::{grouped, one_line};
use crate::store::RunRow;
use std::time::Duration;
use url::Url;

/// The code of the warning.
pub(crate) const CODE: &str = "nothing_answered";
/// Reasons that are shown.
const MOST_REASONS: usize = 2;
/// Words of a reason if something else answered than the gateway: see `gateway`, `response.rs`.
const FROM_OTHERS: [&str; 3] = ["a redirect", "a web page", "the web page \""];

/// What a person should see of such a run. `reasons` are those of its orders, the most frequent
/// first; `took` is how long this process asked.
pub(in crate::reconcile) fn warning(
    run: &RunRow,
    reasons: &[UnverifiedReason],
    took: Duration,
) -> Option<Warning> {
    let asked = run.to_ask();
    if asked == 0 || run.answered > 0 {
        return None;
    }
    let place = Url::parse(&run.base_url).ok().as_ref().map(host_and_port).unwrap_or_default();
    let (what, reason) = what_came(asked, run.summary.figures.requests, reasons, took);
    let to_do = what_to_do(reason.as_deref(), &place, run.summary.run_id);
    Some(Warning::new(CODE, format!("{what}. {to_do}")))
}

/// What came instead of answers, and the most frequent reason. `None`: no call was made.
fn what_came(
    asked: u64,
    calls: u64,
    reasons: &[UnverifiedReason],
    took: Duration,
) -> (String, Option<String>) {
    let number = |count: u64| grouped(&count.to_string());
    let (not_asked, came): (Vec<_>, Vec<_>) = reasons
        .iter()
        .filter_map(|row| row.reason.as_deref().map(|reason| (one_line(reason), row.orders)))
        .partition(|(reason, _)| reason.starts_with("not asked"));
    let mut shown: Vec<String> = came
        .iter()
        .take(MOST_REASONS)
        .map(|(reason, orders)| {
            // Which merchants these are was said when the first answer came.
            let is_merchant = reason.starts_with(OTHER_MERCHANT);
            let reason = if is_merchant { OTHER_MERCHANT } else { reason };
            format!("{reason} (orders: {})", number(*orders))
        })
        .collect();
    if came.len() > MOST_REASONS {
        shown.push("and other reasons".to_owned());
    }
    if !came.is_empty() {
        shown.extend(
            not_asked.iter().map(|(why, orders)| format!("{} were {why}", number(*orders))),
        );
    }
    let instead = if came.is_empty() {
        "the deadline had passed before the first call".to_owned()
    } else {
        shown.join("; ")
    };
    let made = match calls {
        1 => "1 call".to_owned(),
        calls => format!("{} calls", number(calls)),
    };
    let text = format!(
        "no order was answered: 0 of {} after {made}; asking took {}. What came instead: {instead}",
        number(asked),
        seconds(took)
    );
    (text, came.into_iter().next().map(|(reason, _)| reason))
}

/// Seconds, rounded.
fn seconds(took: Duration) -> String {
    match took.as_millis().saturating_add(500) / 1_000 {
        0 => "less than 1 s".to_owned(),
        seconds => format!("{seconds} s"),
    }
}

/// What to do about the most frequent reason. `None`: no call was made.
fn what_to_do(reason: Option<&str>, place: &str, run_id: i64) -> String {
    let resume = format!("resume: octopus-recon run --resume {run_id}");
    let Some(reason) = reason else {
        return format!("Start earlier, or give a later --deadline. To {resume}");
    };
    if FROM_OTHERS.iter().any(|words| reason.contains(words)) {
        return format!(
            "Something else than the gateway answers at {place}, such as a login page, a proxy, a \
             firewall or a maintenance page: check [gateway] base_url and what stands between. \
             Then {resume}. If the base URL was wrong, start a new run instead"
        );
    }
    if reason.contains(NO_ANSWER_IN_TIME) || reason.ends_with("and then the deadline came") {
        return format!(
            "The gateway is too slow or silent: ask its support why, and give a later --deadline \
             or start earlier. Then {resume}"
        );
    }
    // A run keeps its merchant, its address and its ids: to resume it does not help.
    if reason.starts_with(OTHER_MERCHANT) {
        return "Set [gateway] merchant_uid to the merchant of these credentials, or use the \
                credentials of the configured merchant, then start a new run"
            .to_owned();
    }
    if reason.starts_with(OTHER_ORDER) {
        return "Write the ids in the ledger as the gateway has them, then start a new run"
            .to_owned();
    }
    if reason.ends_with(WRONG_ADDRESS) {
        return "Set [gateway] base_url to the gateway's address, then start a new run".to_owned();
    }
    format!(
        "Check that {place} is the gateway (octopus-recon check), or ask its support. Then {resume}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::NOT_ASKED_IN_TIME;

    #[test]
    fn what_came_instead_is_said_with_what_to_do() {
        let reason =
            |reason: &str, orders| UnverifiedReason { reason: Some(reason.to_owned()), orders };
        let rest = UnverifiedReason { reason: None, orders: 9 };
        for (reasons, calls, expected) in [
            (
                vec![reason("the gateway answered 302, a redirect, which is not followed", 1_200)],
                1_200,
                "no order was answered: 0 of 1,200 after 1,200 calls; asking took 62 s. What \
                 came instead: the gateway answered 302, a redirect, which is not followed \
                 (orders: 1,200). Something else than the gateway answers at \
                 pay.example.com:443, such as",
            ),
            (
                vec![reason(NOT_ASKED_IN_TIME, 1_199), reason("no answer before the deadline", 1)],
                1,
                "no order was answered: 0 of 1,200 after 1 call; asking took 62 s. What came \
                 instead: no answer before the deadline (orders: 1); 1,199 were not asked \
                 before the deadline. The gateway is too slow or silent",
            ),
            (
                vec![reason(NOT_ASKED_IN_TIME, 1_200)],
                0,
                "0 of 1,200 after 0 calls; asking took 62 s. What came instead: the deadline had \
                 passed before the first call. Start earlier",
            ),
            (
                vec![reason("a", 7), reason("b", 2), reason("c", 1), rest],
                10,
                "instead: a (orders: 7); b (orders: 2); and other reasons. Check that \
                 pay.example.com:443 is",
            ),
            (
                vec![reason("the answer is the web page \"Sign in\", not JSON", 3)],
                12,
                "What came instead: the answer is the web page \"Sign in\", not JSON (orders: 3). \
                 Something else",
            ),
            (vec![reason(OTHER_MERCHANT, 3)], 3, "(orders: 3). Set [gateway] merchant_uid"),
            (vec![reason(OTHER_ORDER, 3)], 3, "(orders: 3). Write the ids in the ledger"),
            (vec![reason(WRONG_ADDRESS, 3)], 3, "(orders: 3). Set [gateway] base_url"),
        ] {
            let took = Duration::from_millis(61_900);
            let (what, reason) = what_came(1_200, calls, &reasons, took);
            let to_do = what_to_do(reason.as_deref(), "pay.example.com:443", 7);
            let said = format!("{what}. {to_do}");
            assert!(said.contains(expected), "{said}");
        }
    }
}
