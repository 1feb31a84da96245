//! `order new`: a deposit or a payout, sent at most as often as it is safe (contract, "Commands").

use super::order::{json, not_answered};
use super::output::print;
use super::{Process, runtime, settings};
use crate::cli::{Common, New, NewOrder as Typed};
use crate::domain::order::OrderKey;
use crate::domain::payment::{AccountingType, Payment, TransactionType};
use crate::domain::text::{clean, printable};
use crate::failure::{Failure, code};
use crate::gateway::{
    Accounts, Asker, Client, CreatedOrder, Creation, Draft, NewOrder, NotCreated, SendState,
};
use crate::interrupt::Interrupt;
use crate::settings::Flags;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Seven short texts take far less.
const LARGEST_ACCOUNTS: u64 = 16 * 1024;
/// The exit code of an order that was declined, and of which nothing is in doubt.
const DECLINED: u8 = 1;
/// The exit code of what somebody has to look at.
const TO_LOOK_AT: u8 = 3;

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
                "--yes sends it to {} for merchant {}, and then money moves",
                printable(settings.gateway.base_url.as_deref().unwrap_or("no gateway")),
                printable(settings.gateway.merchant_uid.as_deref().unwrap_or_default())
            ),
        ));
    }
    let client = Client::new(
        &settings.gateway,
        &settings.credentials()?,
        settings.store.personal_data,
        process.now,
    )?;
    let asker = Asker::new(client.redacting(&order), settings.gateway.limits(), 1, process.now);
    let sends = SendState::default();
    let runtime = runtime(interrupt)?;
    let placement = runtime.block_on(async {
        tokio::select! {
            // What is known already is told, signal or not.
            biased;
            placement = asker.create_order(&order, &sends) => Ok(placement),
            signal = interrupt.wait() => Err(interrupted(signal, &order, &sends)),
        }
    });
    // A look-up of the gateway's name cannot be called off, and what is known must be told.
    runtime.shutdown_background();
    tell(&order, placement?)
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

/// Reads the accounts, of which no error repeats anything.
fn accounts(path: &Path) -> Result<Accounts, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let typed = path.display().to_string();
    let name = match typed.as_str() {
        "-" => "stdin".to_owned(),
        // The accounts themselves, where the file's name belongs.
        json if json.trim_start().starts_with('{') => "the command line".to_owned(),
        _ => typed,
    };
    let refused = |why: String| {
        Failure::usage(
            format!("the accounts from {} are not usable: {why}", printable(&name)),
            "give --accounts a file, or - for stdin, with one JSON object of texts such as \
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
        return Err(refused("they are larger than 16 KiB".to_owned()));
    }
    Accounts::parse(&json).map_err(|error| refused(error.to_string()))
}

/// What came of it: the answer where the gateway has the order, else why not.
fn tell(order: &NewOrder, placement: Result<Creation, NotCreated>) -> Result<u8, Failure> {
    let id = printable(&order.key().merchant_order_id);
    match placement {
        Ok(Creation::Confirmed(placed)) => print_created(&id, &created_json(&placed)),
        Ok(Creation::Found { answered, new }) => {
            let url = match order.transaction_type() {
                TransactionType::Income => {
                    "; its payment_url is therefore not known: ask the gateway's support for it"
                }
                _ => "",
            };
            tracing::warn!(
                "the answer to order/new was not usable ({new}); order/get has order {id} with \
                 the same values: by this call or an earlier one{url}"
            );
            print_created(&id, &json(&answered))
        }
        Err(why) => Err(not_created(&id, why)),
    }
}

/// What is known, and what can be done safely.
fn not_created(id: &str, why: NotCreated) -> Failure {
    match why {
        NotCreated::Refused(failure) => not_answered(&failure),
        NotCreated::Declined(new) => Failure::new(
            DECLINED,
            format!("order {id}: {new}, and has no such order"),
            "correct what it names; then the order can be sent again, under the same id",
        ),
        NotCreated::Exists { new, sent, payment, differences: None } => Failure::new(
            TO_LOOK_AT,
            format!(
                "order {id}: {new}, but the gateway has an order of this id with the same values \
                 ({}): by {}",
                seen(&payment),
                if sent { "this call or an earlier one" } else { "an earlier call" }
            ),
            format!(
                "look at `order get {id}`: if it is the order that you mean, it is placed, and \
                 nothing more is to be sent; only a further order gets an id of its own"
            ),
        ),
        NotCreated::Exists { new, differences: Some(differences), .. } => Failure::new(
            TO_LOOK_AT,
            format!(
                "order {id}: {new}, but the gateway has an order of this id with other values: \
                 {differences}"
            ),
            format!(
                "look at `order get {id}`: if that is another order of yours, give this one an id \
                 of its own; else ask the gateway's support, and until then never send this one \
                 under another id: it could be carried out twice"
            ),
        ),
        NotCreated::Absent { new, only_outages } => Failure::new(
            if only_outages { code::OUTAGE } else { TO_LOOK_AT },
            format!("order {id} could not be placed, and the gateway has no such order: {new}"),
            format!(
                "send it again later under the same id, and only if `order get {id}` still says \
                 that there is none"
            ),
        ),
        NotCreated::Unknown { new, get } => Failure::new(
            TO_LOOK_AT,
            format!("{}: of order/new, {new}; of order/get, {get}", not_known(id)),
            what_to_do(id),
        ),
        NotCreated::Unreachable(failure) => Failure::new(
            code::OUTAGE,
            format!("{}, but nothing was sent to it: {}", not_known(id), failure.why),
            what_to_do(id),
        ),
    }
}

/// Ended by a signal: where the order may have left, that is what has to be said.
fn interrupted(signal: u8, order: &NewOrder, sends: &SendState) -> Failure {
    let id = printable(&order.key().merchant_order_id);
    if sends.may_have_been_sent() {
        let message = format!("ended by signal {signal}: {}", not_known(&id));
        return Failure::signal(signal, message).hinting(what_to_do(&id));
    }
    Failure::signal(signal, format!("ended by signal {signal}: order {id} was not sent"))
}

fn not_known(id: &str) -> String {
    format!("it is not known whether the gateway has order {id}")
}

fn what_to_do(id: &str) -> String {
    format!(
        "ask `order get {id}` before anything is sent again, and until it has answered never \
         send the order under another id: it could be carried out twice"
    )
}

/// What can be said of a payment in a line.
fn seen(payment: &Payment) -> String {
    let status = payment.payment_status.as_ref().map_or("no status", |status| status.as_str());
    let currency = payment.currency.as_deref().unwrap_or_default();
    let amount = format!("{} {}", payment.amount, printable(currency));
    format!("{}, {}", clean(status), amount.trim_end())
}

/// The answer in the gateway's own form, without secrets and personal data.
fn created_json(placed: &CreatedOrder) -> String {
    let url = placed.payment_url.as_ref();
    let url = url.map(|url| format!(r#","payment_url":{}"#, serde_json::json!(url)));
    let (payment, url) = (&placed.evidence, url.unwrap_or_default());
    format!(r#"{{"result":"success","data":{{"payment":{payment}{url}}}}}"#)
}

/// Whoever does not see the answer must not take the order for lost.
fn print_created(id: &str, json: &str) -> Result<u8, Failure> {
    print(json).map(|()| 0).map_err(|failure| {
        let text = failure.to_string();
        let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Failure::new(
            failure.code(),
            format!("the gateway has order {id}, but its answer is not seen: {why}"),
            format!("`order get {id}` shows it; do not send it again"),
        )
    })
}
