//! `order get` queries one order; `order new` creates one.

use super::output::{JsonHead, print};
use super::{Process, interrupted, order_new, runtime, settings};
use crate::cli::{Common, Order};
use crate::domain::order::OrderKey;
use crate::domain::payment::{Answer, Answered};
use crate::failure::{Failure, code};
use crate::gateway::{CallFailure, Cause, Client, Connections, Credentials, Transport};
use crate::interrupt::Interrupt;
use crate::settings::Flags;

/// The exit code of an order without a trustworthy answer.
const UNVERIFIED: u8 = 3;
/// What to do about a wrong address.
pub(super) const BASE_URL_HINT: &str = concat!(
    "set [gateway] base_url to the gateway's address without the documented path: ",
    "https://pay.example.com, not https://pay.example.com/octopus/api"
);

pub(super) fn execute(
    arguments: &Order,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    match arguments {
        Order::Get { order_id } => get(order_id, common, process, interrupt),
        Order::New(new) => order_new::execute(new, common, process, interrupt),
    }
}

fn get(
    order_id: &str,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let head = JsonHead::new("order get", (process.now)());
    let settings = settings(common, Flags::default(), process)?;
    let credentials = settings.credentials()?;
    let client =
        Client::new(&settings.gateway, &credentials, settings.store.personal_data, process.now)?;
    let key = OrderKey {
        merchant_uid: settings.gateway.merchant_uid.clone(),
        merchant_order_id: order_id.to_owned(),
    };
    let answered = runtime(interrupt)?.block_on(async {
        tokio::select! {
            signal = interrupt.wait() => Err(interrupted(signal)),
            answer = client.order_get(&key, Connections::Kept) => {
                answer.map_err(|failure| not_answered(&failure, &credentials))
            }
        }
    })?;
    let missing = matches!(answered.answer, Answer::Missing(_));
    print(&head.object(&json(&answered)))?;
    Ok(u8::from(missing))
}

/// The answer in the gateway's own form, without secrets and personal data.
pub(super) fn json(answered: &Answered) -> String {
    match &answered.answer {
        Answer::Missing(words) => {
            format!(r#"{{"result":"error","data":{}}}"#, serde_json::json!(words))
        }
        Answer::Payment(_) => {
            format!(r#"{{"result":"success","data":{{"payment":{}}}}}"#, answered.evidence)
        }
    }
}

/// A call without a trustworthy answer, as the command's failure.
pub(super) fn not_answered(failure: &CallFailure, credentials: &Credentials) -> Failure {
    match failure.cause {
        cause if cause.is_refusal() => {
            let doubt = credentials.doubt().map(|doubt| format!("{doubt}; ")).unwrap_or_default();
            let (message, hint) = failure.refusal();
            Failure::new(code::CREDENTIALS, message, format!("{doubt}{hint}"))
        }
        cause if cause.is_outage() => Failure::new(
            code::OUTAGE,
            format!("nothing usable came from the gateway: {}", failure.why),
            failure
                .hint
                .as_deref()
                .unwrap_or("check the base URL and the network, or wait until the gateway is back"),
        ),
        cause => Failure::new(
            UNVERIFIED,
            format!("the gateway's answer is not trustworthy: {}", failure.why),
            match cause {
                Cause::WrongAddress => BASE_URL_HINT,
                Cause::OtherMerchant => {
                    "use the key and secret of the configured merchant, or correct [gateway] \
                     merchant_uid"
                }
                Cause::UnrecognisedError => {
                    "if it means \"no such order\", set [gateway] not_found_pattern"
                }
                _ => {
                    "it proves nothing about the order: ask again, and if the answer stays the \
                     same, contact the gateway's support"
                }
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_an_answer_has_the_exit_code_of_its_cause() {
        let credentials = Credentials { api_key: "key".into(), api_secret: "secret".into() };
        for (cause, expected) in [
            (Cause::Refused, 12),
            (Cause::Blocked, 12),
            (Cause::Unreachable, 13),
            (Cause::Broken, 13),
            (Cause::Timeout, 13),
            (Cause::Overload, 13),
            (Cause::TooManyRequests, 13),
            (Cause::WrongAddress, 3),
            (Cause::OtherMerchant, 3),
            (Cause::UnrecognisedError, 3),
            (Cause::Untrustworthy, 3),
        ] {
            let why = "the gateway answered".to_owned();
            let failure = CallFailure { why, cause, retry: false, retry_after: None, hint: None };
            let failure = not_answered(&failure, &credentials);
            assert_eq!(failure.code(), expected, "{cause:?}");
            assert!(failure.message().contains("the gateway answered"), "{cause:?}");
        }
    }
}
