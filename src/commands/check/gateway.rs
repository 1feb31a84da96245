//! The gateway: its address, the credentials by one signed call, and the clock by its answer.

use super::finding::Finding;
use crate::commands::order::{BASE_URL_HINT, not_answered};
use crate::commands::{Process, interrupted};
use crate::domain::order::OrderKey;
use crate::failure::Failure;
use crate::gateway::{
    CallFailure, Cause, Client, ClientError, Connections, Credentials, Transport, base_url,
    check_path, doubt_of,
};
use crate::interrupt::Interrupt;
use crate::reconcile::moves_day;
use crate::settings::{Settings, SettingsError};
use chrono::TimeDelta;
use secrecy::SecretString;
use tokio::runtime::Runtime;

/// The id of the test order, which does not exist: the reply shows whether the credentials are
/// accepted.
const TEST_ORDER: &str = "octopus-recon-check";
const NOTICEABLE_SKEW_SECONDS: u64 = 60;

/// The call is made only if nothing is wrong before it.
///
/// # Errors
/// A signal.
pub(super) fn findings(
    settings: &Settings,
    process: &Process,
    runtime: Result<Runtime, Failure>,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let address = settings.gateway.base_url.as_deref().unwrap_or_default();
    let base = base_url(address).map_err(Failure::from).and_then(|base| {
        check_path(&base).map_err(|error| Failure::from(error).with_hint(BASE_URL_HINT))
    });
    let is_address_good = base.is_ok();
    findings.extend(base.err().map(|failure| Finding::error("base_url", failure)));
    let credentials = Credentials {
        api_key: or_stand_in("API key", settings.api_key(), &mut findings),
        api_secret: or_stand_in("API secret", settings.api_secret(), &mut findings),
    };
    let mut gateway = settings.gateway.clone();
    if !is_address_good {
        gateway.base_url = Some("https://localhost".to_owned());
    }
    let client = Client::new(&gateway, &credentials, settings.store.personal_data, process.now);
    let client = client.map_err(|error| {
        let is_credentials = matches!(error, ClientError::Credentials(_));
        let what = if is_credentials { "credentials" } else { "gateway" };
        findings.push(Finding::error(what, error));
    });
    let runtime = runtime.map_err(|failure| findings.push(Finding::error("process", failure)));
    if let (Ok(client), Ok(runtime), false) =
        (client, runtime, findings.iter().any(Finding::is_error))
    {
        findings.extend(call(&client, settings, process, &credentials, &runtime, interrupt)?);
    }
    Ok(findings)
}

/// Looks at a secret. For one that is missing something else stands in, so that the rest of
/// `[gateway]` is looked at all the same.
fn or_stand_in(
    name: &str,
    secret: Result<SecretString, SettingsError>,
    findings: &mut Vec<Finding>,
) -> SecretString {
    match secret {
        Ok(secret) => {
            let hint = "enter it again without what does not belong to it";
            let doubt = doubt_of(name, &secret);
            findings.extend(doubt.map(|doubt| Finding::warning("credentials", doubt, hint)));
            secret
        }
        Err(error) => {
            findings.push(Finding::error("credentials", error));
            SecretString::from("none".to_owned())
        }
    }
}

/// What one signed call shows.
fn call(
    client: &Client,
    settings: &Settings,
    process: &Process,
    known: &Credentials,
    runtime: &Runtime,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let key = OrderKey { merchant_uid: None, merchant_order_id: TEST_ORDER.to_owned() };
    let answer = runtime.block_on(async {
        tokio::select! {
            signal = interrupt.wait() => Err(interrupted(signal)),
            answer = client.order_get(&key, Connections::Kept) => Ok(answer),
        }
    })?;
    let is_outage = answer.as_ref().err().is_some_and(|failure| failure.cause.is_outage());
    let mut findings = match answer {
        Ok(_) => {
            let merchant = settings
                .gateway
                .merchant_uid
                .as_deref()
                .map_or("", |_| "; merchant_uid is not checked: that needs an existing order");
            let address = settings.gateway.base_url.as_deref().unwrap_or_default();
            vec![Finding::ok("credentials", format!("accepted by {address}{merchant}"))]
        }
        Err(failure) if is_outage => not_tried(&failure, known),
        Err(failure) => vec![unrecognised(&failure, known)],
    };
    let clock = match client.clock_skew() {
        // Where nothing came, no answer lacks anything.
        None if is_outage => None,
        None => Some(Finding::warning(
            "clock",
            "the gateway's answer has no Date header to compare with",
            "see that NTP runs: the gateway may refuse calls of a machine with a wrong clock",
        )),
        Some(skew) => Some(clock(skew, settings, process)),
    };
    findings.extend(clock);
    Ok(findings)
}

/// Nothing usable came: that says nothing of the credentials.
fn not_tried(failure: &CallFailure, credentials: &Credentials) -> Vec<Finding> {
    let what = match failure.cause {
        // It is the gateway that answered.
        Cause::Overload | Cause::TooManyRequests => "gateway",
        _ => "base_url",
    };
    vec![
        Finding::error(what, not_answered(failure, credentials)),
        Finding::warning("credentials", "not tried", "run check again when the gateway answers"),
    ]
}

/// The clock against the gateway's.
fn clock(skew: TimeDelta, settings: &Settings, process: &Process) -> Finding {
    const HINT: &str = "set this machine's clock; is NTP running?";
    let seconds = skew.num_seconds().unsigned_abs();
    let zone = settings.ledger.zone();
    if seconds <= NOTICEABLE_SKEW_SECONDS {
        return Finding::ok("clock", format!("within {seconds} s of the gateway's"));
    }
    let text = format!("differs from the gateway's by {seconds} s");
    if moves_day((process.now)(), skew, zone) {
        let text = format!(
            "this machine's clock {text}: there it is another day in {zone}, and --last would \
             select other days"
        );
        return Finding::error("clock", Failure::usage(text, HINT));
    }
    Finding::warning("clock", text, HINT)
}

/// The finding of a call that brought no trustworthy answer. The error texts under
/// [`Cause::UnrecognisedError`] and [`Cause::Untrustworthy`] do not speak of the credentials, so
/// these were not refused.
fn unrecognised(failure: &CallFailure, credentials: &Credentials) -> Finding {
    let why = &failure.why;
    let what = "the reply for a test order that does not exist was not recognised";
    match failure.cause {
        Cause::WrongAddress => {
            let message = format!("the gateway's address seems to be wrong: {why}");
            Finding::error("base_url", Failure::usage(message, BASE_URL_HINT))
        }
        Cause::UnrecognisedError => Finding::warning(
            "credentials",
            format!("accepted; {what}: {why}"),
            "if it means \"no such order\", set [gateway] not_found_pattern",
        ),
        Cause::Untrustworthy => Finding::warning(
            "credentials",
            format!("not refused; {what}: {why}"),
            "is base_url right?",
        ),
        _ => Finding::error("credentials", not_answered(failure, credentials)),
    }
}
