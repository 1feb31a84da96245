//! `order`: one signed call (`order get`), or a new order.

use super::output::print;
use super::{Process, interrupted, order_new, runtime, settings};
use crate::cli::{Common, Order};
use crate::domain::order::OrderKey;
use crate::domain::payment::Answer;
use crate::failure::{Failure, code};
use crate::gateway::{Answered, Cause, Client, Failure as CallFailure};
use crate::interrupt::Interrupt;
use crate::settings::Flags;

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
    let settings = settings(common, Flags::default(), process)?;
    let client = Client::new(
        &settings.gateway,
        &settings.credentials()?,
        settings.store.personal_data,
        process.now,
    )?;
    let key = OrderKey {
        merchant_uid: settings.gateway.merchant_uid.clone(),
        merchant_order_id: order_id.to_owned(),
    };
    let answered = runtime(interrupt)?.block_on(async {
        tokio::select! {
            signal = interrupt.wait() => Err(interrupted(signal)),
            call = client.order_get(&key) => call.result.map_err(|failure| not_answered(&failure)),
        }
    })?;
    let missing = matches!(answered.answer, Answer::Missing(_));
    print(&json(&answered))?;
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

/// One call that brought no trustworthy answer, as a command's failure.
pub(super) fn not_answered(failure: &CallFailure) -> Failure {
    match failure.cause {
        Cause::Refused => Failure::new(
            code::CREDENTIALS,
            format!("the gateway refuses the credentials: {}", failure.why),
            "compare OCTOPUS_RECON_API_KEY and the secret with what the gateway's support gave you",
        ),
        Cause::Unreachable | Cause::Broken | Cause::Timeout | Cause::Overload => Failure::new(
            code::OUTAGE,
            format!("nothing usable came from the gateway: {}", failure.why),
            "check the base URL and the network, or wait until the gateway is back",
        ),
        Cause::Untrustworthy => Failure::new(
            3,
            format!("the gateway's answer cannot be trusted: {}", failure.why),
            if failure.why.contains("the error") {
                "if it says in other words that there is no such order, set [gateway] \
                 not_found_pattern"
            } else {
                "nothing is known of the order by it: ask again, and if it stays so, ask the \
                 gateway's support"
            },
        ),
    }
}
