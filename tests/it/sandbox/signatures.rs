//! Signatures of random parameters: by the client, the sandbox and Python.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot call has failed, and one that is skipped says so"
)]

use super::caller::{Caller, NEW, request};
use crate::support::{API_SECRET, Gateway};
use octopus_recon::gateway::Signer;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

const SETS: u64 = 10_000;

/// Values that a wrong implementation would sign differently.
const PIECES: [&str; 24] = [
    "",
    "&",
    "=",
    "+",
    " ",
    "%",
    "%26",
    "/",
    "\\",
    "\"",
    "'",
    "<",
    "\n",
    "\t",
    "\u{0}",
    "a",
    "Z",
    "0",
    "é",
    "क्रम",
    "မြန်မာ",
    "🐙",
    "\u{202e}",
    "\u{feff}",
];

const KEYS: [&str; 12] = [
    "transaction_type",
    "amount",
    "merchant_order_id",
    "merchant_uid",
    "currency",
    "to",
    "to_name",
    "To",
    "a=b",
    "a&b",
    "é",
    "~",
];

type Params = BTreeMap<&'static str, String>;

fn random_params(seed: u64) -> Params {
    let mut random = fastrand::Rng::with_seed(seed);
    let keys = random.usize(1..=KEYS.len());
    let keys = random.choose_multiple(KEYS, keys);
    let mut value = || -> String {
        let pieces = 0..random.usize(0..6);
        pieces.map(|_| PIECES[random.usize(0..PIECES.len())]).collect()
    };
    keys.into_iter().map(|key| (key, value())).collect()
}

/// The client's signature and body.
fn signed(signer: &Signer, params: &Params) -> (String, String) {
    let pairs: Vec<(&str, &str)> = params.iter().map(|(key, value)| (*key, &**value)).collect();
    (signer.sign(&pairs), serde_json::to_string(params).unwrap())
}

#[test]
fn client_and_sandbox_agree_on_ten_thousand_parameter_sets() {
    let gateway = Gateway::serve("");
    let mut caller = Caller::to(&gateway.url);
    let signer = Signer::new(&API_SECRET.into()).unwrap();
    for seed in 0..SETS {
        let params = random_params(seed);
        let (signature, body) = signed(&signer, &params);
        let answer = caller.send(request(NEW, &signature, &body));
        // The parameters are not valid, but the signature is accepted.
        assert_eq!(answer.status, 400, "{params:?}: {answer:?}");
        // With any changed value the signature is refused.
        let mut changed = params.clone();
        let key = *changed.keys().next().unwrap();
        changed.entry(key).and_modify(|value| value.push('x'));
        let (_, body) = signed(&signer, &changed);
        assert_eq!(caller.send(request(NEW, &signature, &body)).status, 401, "{changed:?}");
    }
}

#[test]
fn python_computes_the_same_signatures() {
    const PYTHON: &str = "
import hashlib, hmac, json, sys
secret = sys.argv[1].encode()
for line in sys.stdin:
    given = sorted((k.encode(), v.encode()) for k, v in json.loads(line).items() if v)
    text = b'&'.join(k + b'=' + v for k, v in given)
    print(hmac.new(secret, text, hashlib.sha256).hexdigest())
";
    let python = Command::new("python3")
        .args(["-c", PYTHON, API_SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        eprintln!("skipped: there is no python3 to compute signatures by other means");
        return;
    };
    let signer = Signer::new(&API_SECRET.into()).unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for seed in 0..SETS {
            writeln!(stdin, "{}", serde_json::to_string(&random_params(seed)).unwrap()).unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = output.lines().collect();
    let ours: Vec<String> = (0..SETS).map(|seed| signed(&signer, &random_params(seed)).0).collect();
    assert_eq!(theirs, ours);
}
