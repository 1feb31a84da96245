//! Bad responses: valid responses that are damaged, replaced or about another order.

use super::payment::{Payment, field, set_fields};
use super::reply::{Answer, Reply, success};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use std::io::Write;
use std::sync::LazyLock;

/// Larger than any answer that a client should read.
const HUGE: usize = 2 * 1024 * 1024;
/// The decompressed size of a small body.
const BOMB: usize = 16 * 1024 * 1024;
/// Deeper than a recursive parser should go.
const DEEP: usize = 10_000;

/// Compressed once, because it is slow.
static COMPRESSED_BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| bomb().unwrap_or_default());

/// Kinds of bad responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tampering {
    /// The complete, correct answer about another order.
    AnotherOrder,
    /// An HTML page, as a proxy sends it.
    Html,
    /// An empty body.
    Empty,
    /// Truncated JSON with the matching `Content-Length`.
    CutJson,
    /// Text after the JSON.
    TrailingText,
    /// The same key twice, with two values.
    DoubledKey,
    /// Ten thousand nested levels.
    Deep,
    /// `NaN`, which is not valid JSON.
    NotANumber,
    /// A string that is not valid UTF-8.
    BadUtf8,
    /// Two megabytes.
    Huge,
    /// A small body that decompresses to 16 megabytes.
    GzipBomb,
}

impl Tampering {
    /// The bad response. `another` is the payment of another order, if there is one.
    pub(super) fn reply(self, own: Answer, another: Option<Payment>) -> Reply {
        match (self, own) {
            (Tampering::AnotherOrder, Answer::Payment(mut own)) => {
                match another {
                    Some(another) => own.fields = another.fields,
                    // Without another order, the answer is about one that does not exist.
                    None => set_fields(&mut own.fields, &[field("merchant_order_id", "another")]),
                }
                own.reply()
            }
            (Tampering::DoubledKey, Answer::Payment(mut own)) => {
                let doubled = ["1.00", "2.00"].map(|amount| field("amount", amount));
                own.fields.splice(0..0, doubled);
                own.reply()
            }
            (_, own) => {
                let reply = own.into_reply();
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                self.tampered(reply, text)
            }
        }
    }

    fn tampered(self, mut reply: Reply, text: String) -> Reply {
        let body: Vec<u8> = match self {
            Tampering::Html => {
                reply = reply.with(CONTENT_TYPE, HeaderValue::from_static("text/html"));
                b"<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>".to_vec()
            }
            Tampering::Empty => Vec::new(),
            Tampering::CutJson => text.into_bytes().into_iter().rev().skip(5).rev().collect(),
            Tampering::TrailingText => format!("{text}\nWarning: 1 notice").into_bytes(),
            Tampering::Deep => {
                format!(r#"{{"result":"success","data":{}{}}}"#, "[".repeat(DEEP), "]".repeat(DEEP))
                    .into_bytes()
            }
            Tampering::NotANumber => success(r#"{"payment":{"amount":NaN}}"#).into_bytes(),
            Tampering::BadUtf8 => b"{\"result\":\"error\",\"data\":\"\xff\xfe\"}".to_vec(),
            Tampering::Huge => success(&format!(r#""{}""#, "x".repeat(HUGE))).into_bytes(),
            Tampering::GzipBomb => {
                reply = reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                COMPRESSED_BOMB.clone()
            }
            // These change a payment only.
            Tampering::AnotherOrder | Tampering::DoubledKey => return reply,
        };
        if reply.status == StatusCode::FOUND {
            reply.status = StatusCode::OK;
        }
        reply.body = body.into();
        reply
    }
}

/// Compressed spaces: valid JSON allows any number of them.
fn bomb() -> std::io::Result<Vec<u8>> {
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    let spaces = vec![b' '; 1024 * 1024];
    for _ in 0..BOMB / spaces.len() {
        compressed.write_all(&spaces)?;
    }
    compressed.finish()
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::super::payment::field;
    use super::*;
    use std::io::Read;

    fn payment(id: &str) -> Payment {
        let fields = vec![field("merchant_order_id", id), field("amount", "5.00")];
        Payment { fields, url: None, shape: Shape::Nested }
    }

    fn tampered(tampering: Tampering) -> Vec<u8> {
        tampering.reply(Answer::Payment(payment("A")), Some(payment("B"))).body.to_vec()
    }

    #[test]
    fn each_twist_is_what_its_name_says() {
        let is_json = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).is_ok();
        let honest = Answer::Payment(payment("A")).into_reply().body;
        let other = Answer::Payment(payment("B")).into_reply().body;
        assert_eq!(tampered(Tampering::AnotherOrder), other);
        assert!(tampered(Tampering::Html).starts_with(b"<!DOCTYPE html>"));
        assert_eq!(tampered(Tampering::Empty), b"");
        let cut = tampered(Tampering::CutJson);
        assert!(honest.starts_with(&cut) && !is_json(&cut));
        let trailing = tampered(Tampering::TrailingText);
        assert!(trailing.starts_with(&honest) && !is_json(&trailing));
        let doubled = String::from_utf8(tampered(Tampering::DoubledKey)).unwrap_or_default();
        assert!(is_json(doubled.as_bytes()));
        assert_eq!(doubled.matches(r#""amount":"#).count(), 3, "{doubled}");
        let deep = String::from_utf8(tampered(Tampering::Deep)).unwrap_or_default();
        assert_eq!(deep.matches('[').count(), DEEP);
        assert!(!is_json(&tampered(Tampering::NotANumber)));
        assert!(std::str::from_utf8(&tampered(Tampering::BadUtf8)).is_err());
        assert!(tampered(Tampering::Huge).len() > HUGE);
        let bomb = tampered(Tampering::GzipBomb);
        let mut unpacked = Vec::new();
        let read = flate2::read::GzDecoder::new(&*bomb).read_to_end(&mut unpacked);
        assert!(matches!(read, Ok(BOMB)) && bomb.len() < BOMB / 500, "{}", bomb.len());
    }

    #[test]
    fn an_error_about_an_order_cannot_be_about_another() {
        let error = Reply::error(StatusCode::OK, "Order not found", "None.");
        let reply = Tampering::AnotherOrder.reply(Answer::Other(error.clone()), None);
        assert_eq!(reply.body, error.body);
    }
}
