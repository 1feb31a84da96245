//! The calls for one order, against a gateway that answers from a list, on a clock that jumps.

use super::*;
use crate::domain::payment::Answer;
use crate::gateway::GatewaySettings;
use std::collections::VecDeque;

type Result = std::result::Result<Answered, CallFailure>;

/// Gives these results in turn, then none at all.
struct Listed {
    results: Mutex<VecDeque<Result>>,
    seen: Mutex<Vec<Connections>>,
    skew: Option<TimeDelta>,
}

impl Transport for Listed {
    async fn order_get(&self, _: &OrderKey, connections: Connections) -> Result {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(connections);
        let next = self.results.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next {
            Some(result) => result,
            None => std::future::pending().await,
        }
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.skew
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the results of a call")]
fn answered() -> Result {
    let words = "Order not found".to_owned();
    Ok(Answered { answer: Answer::Missing(words.clone()), evidence: words })
}

fn failed(cause: Cause) -> Result {
    Err(CallFailure::retried(cause, format!("{cause:?}")))
}

fn failed_for_good(cause: Cause) -> Result {
    Err(CallFailure::is_final(cause, format!("{cause:?}")))
}

/// No more than four calls for an order; "too many requests" is waited for up to this long.
fn limits(patience: Duration) -> Limits {
    let mut settings = GatewaySettings::default();
    settings.requests_per_second =
        settings.requests_per_second.saturating_mul(settings.max_attempts);
    Limits { retry_after_max: patience, ..settings.limits() }
}

const LONG: Duration = Duration::from_hours(100);

fn asker(limits: Limits, results: Vec<Result>) -> Asker<Listed> {
    let listed = Listed {
        results: Mutex::new(results.into()),
        seen: Mutex::default(),
        skew: Some(TimeDelta::seconds(7)),
    };
    let allowance = Arc::new(Allowance::new(limits, 0));
    Asker::new(listed, allowance, || DateTime::UNIX_EPOCH, fastrand::Rng::with_seed(7))
}

async fn ask(asker: &Asker<Listed>) -> Reply {
    asker.ask(&order(), None).await
}

fn order() -> OrderKey {
    OrderKey { merchant_uid: None, merchant_order_id: "7".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn the_calls_for_one_order() {
    use Cause::{Broken, Overload, Refused, Timeout, TooManyRequests, Unreachable, Untrustworthy};
    let times = |cause, count| (0..count).map(|_| failed(cause)).collect::<Vec<Result>>();
    let then = |mut first: Vec<Result>, last: Vec<Result>| {
        first.extend(last);
        first
    };
    for (results, calls, cause, only_outages) in [
        (vec![answered()], 1, None, false),
        // Four calls at most.
        (then(times(Overload, 3), vec![answered()]), 4, None, false),
        (then(times(Overload, 4), vec![answered()]), 4, Some(Overload), true),
        (times(Unreachable, 4), 4, Some(Unreachable), true),
        (times(Timeout, 4), 4, Some(Timeout), true),
        (times(Broken, 4), 4, Some(Broken), true),
        // One call that was no outage is enough: the gateway was reached.
        (then(times(Untrustworthy, 1), times(Overload, 3)), 4, Some(Overload), false),
        (then(times(Overload, 3), times(Untrustworthy, 1)), 4, Some(Untrustworthy), false),
        // What a further call cannot change is not asked again.
        (vec![failed_for_good(Refused), answered()], 1, Some(Refused), false),
        (
            then(times(Overload, 1), vec![failed_for_good(Untrustworthy)]),
            2,
            Some(Untrustworthy),
            false,
        ),
        (vec![failed_for_good(Unreachable), answered()], 1, Some(Unreachable), true),
        // "Too many requests" counts apart: four times as often.
        (
            then(times(Overload, 3), then(times(TooManyRequests, 13), vec![answered()])),
            17,
            None,
            false,
        ),
        (then(times(TooManyRequests, 15), vec![answered()]), 16, None, false),
        (then(times(TooManyRequests, 16), vec![answered()]), 16, Some(TooManyRequests), true),
        (
            then(times(TooManyRequests, 3), then(times(Overload, 3), vec![answered()])),
            7,
            None,
            false,
        ),
    ] {
        let asker = asker(limits(LONG), results);
        let reply = ask(&asker).await;
        let found = reply.result.as_ref().err().map(|failure| failure.cause);
        assert_eq!((found, reply.calls), (cause, calls), "{reply:?}");
        assert_eq!((reply.only_outages, reply.is_cut), (only_outages, false), "{reply:?}");
        assert_eq!(asker.allowance.calls(), u64::from(calls));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_after_a_broken_connection_has_a_connection_of_its_own() {
    use Connections::{Kept, New};
    let results = [Cause::Broken, Cause::Overload, Cause::Broken].map(failed);
    let asker = asker(limits(LONG), results.into_iter().chain([answered()]).collect());
    assert!(ask(&asker).await.result.is_ok());
    let seen = asker.client.seen.lock().map(|seen| seen.clone()).unwrap_or_default();
    assert_eq!(seen, [Kept, New, Kept, New]);
}

#[tokio::test(start_paused = true)]
async fn the_retries_of_all_orders_are_bounded() {
    let asker = asker(limits(LONG), vec![failed(Cause::Overload), failed(Cause::Overload)]);
    for _ in 0..99 {
        assert!(asker.use_retry());
    }
    let reply = ask(&asker).await;
    assert_eq!(reply.calls, 2, "one retry was left");
    assert!(!asker.use_retry());
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_stays_used_up_is_not_waited_for() {
    // Pauses of 0.5, 1 and 2 s: that is enough.
    let results = (0..9).map(|_| failed(Cause::TooManyRequests)).collect();
    let asker = asker(limits(Duration::from_secs(3)), results);
    assert!(!asker.is_quota_used_up());
    assert_eq!(ask(&asker).await.calls, 4);
    assert!(asker.is_quota_used_up());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_cuts_the_last_call() {
    let until = || Some((tokio::time::Instant::now() + Duration::from_mins(1)).into_std());
    for (results, pause, calls, why) in [
        (vec![], 0, 1, "no answer before the deadline"),
        (vec![failed(Cause::Timeout)], 0, 2, "Timeout, and then the deadline came"),
        (vec![answered()], 90, 0, "not asked before the deadline"),
    ] {
        let asker = asker(limits(LONG), results);
        asker.allowance.pace.pause(Duration::from_secs(pause));
        let reply = asker.ask(&order(), until()).await;
        let failure = reply.result.err();
        assert_eq!(failure.as_ref().map(|it| it.why.as_str()), Some(why));
        assert_eq!(failure.map(|it| it.cause), Some(Cause::Timeout));
        assert_eq!((reply.calls, reply.is_cut), (calls, true), "{why}");
    }
}

/// An answer that proves nothing can be a stored page of a proxy, with an old date.
#[tokio::test(start_paused = true)]
async fn only_the_gateway_itself_tells_its_clock() {
    let skew = Some(TimeDelta::seconds(7));
    for (result, expected) in [
        (answered(), skew),
        (failed_for_good(Cause::Refused), skew),
        (failed_for_good(Cause::Untrustworthy), None),
        (failed_for_good(Cause::Unreachable), None),
    ] {
        let mut asker = asker(limits(LONG), vec![result, answered()]);
        assert_eq!(asker.clock_skew(), None);
        ask(&asker).await;
        assert_eq!(asker.clock_skew(), expected);
        // The first one counts.
        asker.client.skew = Some(TimeDelta::seconds(-1));
        ask(&asker).await;
        assert_eq!(asker.clock_skew(), expected.or(asker.client.skew));
    }
}

#[tokio::test(start_paused = true)]
async fn many_refused_calls_are_said() {
    for (refused, passed, is_said) in
        [(2_u64, 2_u64, false), (3, 1, true), (3, 147, true), (3, 148, false)]
    {
        let results = (0..refused).map(|_| failed(Cause::TooManyRequests));
        let asker = asker(limits(LONG), results.chain((0..passed).map(|_| answered())).collect());
        for _ in 0..passed {
            assert!(ask(&asker).await.result.is_ok());
        }
        let milliseconds = u64::try_from(asker.allowance.pace.now().as_millis()).unwrap_or(1);
        let expected = is_said.then_some(RefusedCalls {
            calls: refused + passed,
            refused,
            passed_per_minute: passed * 60_000 / milliseconds,
            set_per_second: 40,
        });
        assert_eq!(asker.allowance.refused_calls(), expected);
    }
}

/// How long the next call waits after this failure.
async fn wait_after(cause: Cause, header: Option<&str>) -> Duration {
    let asker = asker(limits(Duration::from_mins(5)), Vec::new());
    let mut failure = CallFailure::retried(cause, "");
    let retry_after = |header: &str| RetryAfter { header: header.to_owned(), sent: None };
    failure.retry_after = header.map(retry_after);
    let begun = asker.allowance.pace.now();
    asker.allowance.note_failure(&failure, begun, DateTime::UNIX_EPOCH);
    asker.allowance.pace.permit().await.saturating_sub(begun)
}

#[tokio::test(start_paused = true)]
async fn a_failure_pauses_all_calls_if_the_gateway_asks_for_it() {
    use Cause::{Overload, Timeout, TooManyRequests, Untrustworthy};
    for (cause, header, milliseconds) in [
        (Overload, Some("7"), 7_000),
        (Overload, Some("999"), 300_000),
        (Overload, Some("soon"), 1_000),
        (Overload, None, 0),
        (TooManyRequests, Some("7"), 7_000),
        (TooManyRequests, None, 500),
        (Timeout, Some("7"), 0),
        (Untrustworthy, Some("7"), 0),
    ] {
        let wait = wait_after(cause, header).await;
        // Timers end on whole milliseconds.
        let most = Duration::from_millis(milliseconds + 2);
        assert!(wait >= Duration::from_millis(milliseconds) && wait <= most, "{cause:?} {wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_goes_ahead_after_a_pause_until_it_has_a_result() {
    use Cause::{Overload, Refused, Timeout};
    for result in [answered(), failed(Timeout), failed(Overload), failed_for_good(Refused)] {
        let asker = asker(limits(LONG), Vec::new());
        let allowance = &asker.allowance;
        let begun = allowance.pace.permit().await;
        let too_many = CallFailure::retried(Cause::TooManyRequests, "");
        allowance.note_failure(&too_many, begun, DateTime::UNIX_EPOCH);
        let ahead = allowance.pace.permit().await;
        let hour = Duration::from_hours(1);
        let second = tokio::time::timeout(hour, allowance.pace.permit()).await;
        assert!(second.is_err(), "the others wait for its result");
        match &result {
            Ok(_) => allowance.note_passed(ahead),
            Err(failure) => allowance.note_failure(failure, ahead, DateTime::UNIX_EPOCH),
        }
        let second = tokio::time::timeout(hour, allowance.pace.permit()).await;
        assert!(second.is_ok(), "{result:?}");
        // An outage does not show that calls pass again.
        let is_outage = result.as_ref().is_err_and(|failure| failure.cause.is_outage());
        assert_eq!(allowance.throttle().is_refusing(), is_outage, "{result:?}");
    }
}

#[test]
fn an_order_that_failed_waits_as_long_as_after_its_last_call() {
    for (max_attempts, seconds) in [(1, None), (2, Some(1)), (4, Some(4))] {
        let asker = asker(Limits { max_attempts, ..limits(LONG) }, Vec::new());
        assert_eq!(asker.wait_for_second_time(), seconds.map(Duration::from_secs));
    }
}

#[test]
fn retries_are_spread() {
    let asker = asker(limits(LONG), Vec::new());
    let rolls: std::collections::BTreeSet<u32> = (0..10).map(|_| asker.roll()).collect();
    assert!(rolls.len() > 5, "{rolls:?}");
}
