//! `order new`: creates a deposit or a payout, once (contract, "Commands").

use super::order::{json, not_answered};
use super::output::{JsonHead, print};
use super::{Process, runtime, settings};
use crate::cli::{Common, New, NewOrder as Typed};
use crate::domain::order::OrderKey;
use crate::domain::payment::{AccountingType, Payment, TransactionType};
use crate::domain::text::{clean, printable};
use crate::failure::{Failure, code};
use crate::gateway::{
    Accounts, Allowance, Asker, Client, CreatedOrder, Creation, Credentials, Draft, NewOrder,
    NotCreated, SendState,
};
use crate::interrupt::Interrupt;
use crate::settings::Flags;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// In bytes. Seven short texts need far less.
const LARGEST_ACCOUNTS: u64 = 16 * 1024;
/// The exit code of an order that was certainly declined.
const DECLINED: u8 = 1;
/// The exit code of an order that a person has to check.
const TO_CHECK: u8 = 3;

pub(super) fn execute(
    arguments: &New,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let settings = settings(common, Flags::default(), process)?;
    let merchant = settings.gateway.merchant_uid.clone();
    let order = NewOrder::new(draft(arguments, merchant)?)?;
    if matches!(arguments, New::Payout { yes: false, .. }) {
        return Err(Failure::usage(
            format!(
                "nothing was sent: a payout of {} {} to {} as order {} needs --yes",
                order.amount(),
                printable(order.currency()),
                printable(&order.payee()),
                printable(&order.key().merchant_order_id)
            ),
            format!(
                "--yes sends it to {} for merchant {}: then money moves",
                printable(settings.gateway.base_url.as_deref().unwrap_or("no gateway")),
                printable(settings.gateway.merchant_uid.as_deref().unwrap_or_default())
            ),
        ));
    }
    let credentials = settings.credentials()?;
    let client =
        Client::new(&settings.gateway, &credentials, settings.store.personal_data, process.now)?;
    let client = client.redacting(&order);
    let allowance = Arc::new(Allowance::new(settings.gateway.limits(), 1));
    let asker = Asker::new(client, allowance, process.now, fastrand::Rng::new());
    let head = JsonHead::new("order new", (process.now)());
    let send_state = SendState::default();
    let runtime = runtime(interrupt)?;
    let result = runtime.block_on(async {
        tokio::select! {
            // A result that is known is reported, even after a signal.
            biased;
            result = asker.create_order(&order, &send_state) => Ok(result),
            signal = interrupt.wait() => Err(interrupted(signal, &order, &send_state)),
        }
    });
    // A DNS lookup cannot be cancelled, and must not delay the result.
    runtime.shutdown_background();
    report(&order, result?, &head, &credentials)
}

fn draft(arguments: &New, merchant_uid: Option<String>) -> Result<Draft, Failure> {
    let (typed, transaction_type, accounting_type) = match arguments {
        New::Deposit { order, accounting_type } => {
            (order, TransactionType::Income, accounting_type)
        }
        New::Payout { order, accounting_type, .. } => {
            (order, TransactionType::Expense, accounting_type)
        }
    };
    let Typed { order_id, amount, currency, payment, .. } = typed;
    Ok(Draft {
        key: OrderKey { merchant_uid, merchant_order_id: order_id.clone() },
        transaction_type,
        accounting_type: AccountingType::from_word(accounting_type),
        amount: *amount,
        currency: currency.clone(),
        payment: payment.clone(),
        country: typed.country.clone(),
        channel: typed.channel.clone(),
        redirect_url: typed.redirect_url.clone(),
        notify_url: typed.notify_url.clone(),
        accounts: match &typed.accounts {
            Some(path) => accounts(path)?,
            None => Accounts::default(),
        },
    })
}

/// Reads the accounts. No error repeats a part of them.
fn accounts(path: &Path) -> Result<Accounts, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let typed = path.display().to_string();
    let name = match typed.as_str() {
        "-" => "stdin".to_owned(),
        // The accounts themselves in place of the file's name.
        json if json.trim_start().starts_with('{') => "the command line".to_owned(),
        _ => typed,
    };
    let refused = |why: String| {
        Failure::usage(
            format!("the accounts from {} are not usable: {why}", printable(&name)),
            "set --accounts to a file, or to - for stdin, with one JSON object of texts such as \
             {\"to\": \"…\", \"to_name\": \"…\"}",
        )
    };
    let mut json = Vec::new();
    let read = if is_stdin {
        io::stdin().lock().take(LARGEST_ACCOUNTS + 1).read_to_end(&mut json)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST_ACCOUNTS + 1).read_to_end(&mut json))
    };
    let length = read.map_err(|error| refused(error.to_string()))?;
    if u64::try_from(length).is_ok_and(|length| length > LARGEST_ACCOUNTS) {
        return Err(refused("they are longer than 16 KiB".to_owned()));
    }
    Accounts::parse(&json).map_err(|error| refused(error.to_string()))
}

/// Prints the gateway's answer if it has the order; else the failure.
fn report(
    order: &NewOrder,
    result: Result<Creation, NotCreated>,
    head: &JsonHead,
    credentials: &Credentials,
) -> Result<u8, Failure> {
    let id = printable(&order.key().merchant_order_id);
    match result {
        Ok(Creation::Confirmed(created)) => {
            print_created(&id, &head.object(&created_json(&created)))
        }
        Ok(Creation::Found { answered, new }) => {
            let url = match order.transaction_type() {
                TransactionType::Income => {
                    "; its payment_url is not known: ask the gateway's support for it"
                }
                _ => "",
            };
            tracing::warn!(
                "the response to order/new was not usable ({new}), but order/get has order {id} \
                 with the same values, from this call or an earlier one{url}"
            );
            print_created(&id, &head.object(&json(&answered)))
        }
        Err(why) => Err(not_created(&id, why, credentials)),
    }
}

/// What is known about the order, and what is safe to do.
fn not_created(id: &str, why: NotCreated, credentials: &Credentials) -> Failure {
    match why {
        NotCreated::Refused(failure) => not_answered(&failure, credentials),
        NotCreated::Declined(new) => Failure::new(
            DECLINED,
            format!("order {id}: {new}, and has no such order"),
            "correct the named value, then send the order again with the same id",
        ),
        NotCreated::Exists { new, sent, payment, differences: None } => Failure::new(
            TO_CHECK,
            format!(
                "order {id}: {new}, but the gateway already has an order with this id and the \
                 same values ({}), from {}",
                summary(&payment),
                if sent { "this call or an earlier one" } else { "an earlier call" }
            ),
            format!(
                "check it with `order get {id}`: if it is your order, it exists, so do not send it \
                 again; use a new id only for another order"
            ),
        ),
        NotCreated::Exists { new, differences: Some(differences), .. } => Failure::new(
            TO_CHECK,
            format!(
                "order {id}: {new}, but the gateway already has an order with this id, which may \
                 not be yours: {differences}"
            ),
            format!(
                "check it with `order get {id}`: if it is another order of yours, send this one \
                 with a new id; if not, ask the gateway's support first, because with a new id \
                 the order could be carried out twice"
            ),
        ),
        NotCreated::Absent { new, only_outages } => Failure::new(
            if only_outages { code::OUTAGE } else { TO_CHECK },
            format!("order {id} was not created, and the gateway has no such order: {new}"),
            format!(
                "send it again later with the same id, but only if `order get {id}` still finds no \
                 such order"
            ),
        ),
        NotCreated::Unknown { new, get } => Failure::new(
            TO_CHECK,
            format!("{}: order/new: {new}; order/get: {get}", not_known(id)),
            what_to_do(id),
        ),
        NotCreated::Unreachable(failure) => Failure::new(
            code::OUTAGE,
            format!("{}, but nothing was sent: {}", not_known(id), failure.why),
            what_to_do(id),
        ),
    }
}

/// Ended by a signal. If the order can have been sent, the message must say so.
fn interrupted(signal: u8, order: &NewOrder, send_state: &SendState) -> Failure {
    let id = printable(&order.key().merchant_order_id);
    if send_state.may_have_been_sent() {
        let rest = format!(": {}", not_known(&id));
        return Failure::signal(signal, &rest).with_hint(what_to_do(&id));
    }
    Failure::signal(signal, &format!(": order {id} was not sent"))
}

fn not_known(id: &str) -> String {
    format!("it is not known whether the gateway has order {id}")
}

fn what_to_do(id: &str) -> String {
    format!(
        "run `order get {id}` before you send anything again, and do not send the order with \
         another id until it has answered: it could be carried out twice"
    )
}

/// A payment in one line.
fn summary(payment: &Payment) -> String {
    let status = payment.payment_status.as_ref().map_or("no status", |status| status.as_str());
    let currency = payment.currency.as_deref().unwrap_or_default();
    let amount = format!("{} {}", payment.amount, printable(currency));
    format!("{}, {}", clean(status), amount.trim_end())
}

/// The answer in the gateway's own form, without secrets and personal data.
fn created_json(created: &CreatedOrder) -> String {
    let url = created.payment_url.as_ref();
    let url = url.map(|url| format!(r#","payment_url":{}"#, serde_json::json!(url)));
    let (payment, url) = (&created.evidence, url.unwrap_or_default());
    format!(r#"{{"result":"success","data":{{"payment":{payment}{url}}}}}"#)
}

/// If printing fails, the message must say that the order exists.
fn print_created(id: &str, json: &str) -> Result<u8, Failure> {
    print(json).map(|()| 0).map_err(|failure| {
        let text = failure.to_string();
        let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Failure::new(
            failure.code(),
            format!("the gateway has order {id}, but its answer cannot be printed: {why}"),
            format!("`order get {id}` shows it; do not send it again"),
        )
    })
}
