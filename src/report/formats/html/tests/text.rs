//! Text from outside: shown, and never live.

use super::super::frame::{SCRIPT, STYLE, policy};
use super::examples;
use super::{body, page};
use crate::domain::payment::{AccountingStatus, PaymentStatus};
use crate::domain::text::Text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

/// The small night, with the attack in each text that somebody else can choose.
fn attacked() -> examples::Example {
    let mut example = examples::small();
    let night = &mut example.night;
    night.merchant_uid = Some(ATTACK.to_owned());
    night.base_url = ATTACK.to_owned();
    night.ledgers[0].name = Text::own(ATTACK);
    night.summary.warnings[0].text = ATTACK.to_owned();
    for order in &mut example.orders {
        order.key.merchant_order_id = format!("{ATTACK}{}", order.key.merchant_order_id);
        order.key.merchant_uid = Some(ATTACK.to_owned());
        order.place.currency = ATTACK.to_owned();
        order.transaction_type = ATTACK.to_owned();
        if let Some(payment) = &mut order.payment {
            payment.payment_uid = Some(ATTACK.to_owned());
            payment.payment_status = Some(PaymentStatus::Unknown(ATTACK.to_owned()));
            payment.accounting_status = AccountingStatus::Unknown(ATTACK.to_owned());
        }
        for finding in &mut order.findings {
            finding.mismatch.reason = Text::own(ATTACK);
            finding.mismatch_id = ATTACK.to_owned();
            finding.decision.owner = Text::own(ATTACK);
            finding.decision.note = Text::own(ATTACK);
        }
    }
    example.causes[0].what = Text::own(ATTACK);
    example.causes[0].examples = vec![ATTACK.to_owned()];
    example.solved[0].key.merchant_order_id = ATTACK.to_owned();
    for event in &mut example.taken {
        event.mismatch_id = Text::own(ATTACK);
        event.by = Text::own(ATTACK);
        event.why = Text::own(ATTACK);
        event.new.note = Text::own(ATTACK);
        event.source = Some((Text::own(ATTACK), 3));
    }
    for row in &mut example.invalid {
        row.file = ATTACK.to_owned();
        row.reason = ATTACK.to_owned();
    }
    example
}

/// Every element that a browser would make is one that the page has without the attack.
#[test]
fn text_from_outside_is_never_live() {
    let attacked = page(&attacked());
    assert!(attacked.matches("&lt;script&gt;alert(1)").count() > 60);
    let attacked = body(&attacked);
    assert_eq!(attacked.matches("<script").count(), 1);
    assert_eq!(attacked.matches("<img").count(), 0);
    // A quote in an attribute would end it.
    for attribute in attacked.split("=\"").skip(1) {
        let value = attribute.split('"').next().unwrap_or_default();
        assert!(!value.contains('<'), "{value}");
    }
    assert!(!attacked.contains("\"'>"));
}

/// Nothing that loads, and a policy that says so; its hashes are those of what is in the file.
#[test]
fn the_policy_allows_this_style_and_this_script_alone() {
    let page = page(&examples::small());
    let between = |from: &str, to: &str| {
        page.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap_or_default()
    };
    let (style, script) = (between("<style>", "</style>"), between("<script>", "</script>"));
    assert_eq!([style, script], [STYLE, SCRIPT]);
    for text in [style, script] {
        let hash = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        assert!(policy().contains(&hash));
        assert!(!text.contains("</"));
        for loads in ["url(", "@import", "http", "fetch", "innerHTML"] {
            assert!(!text.contains(loads), "{loads}");
        }
    }
    // maud escapes no quote of these in an attribute.
    assert!(page.contains(&format!("content=\"{}\"", policy())));
    let body = body(&page);
    for loads in [" src=", "<link", "<form", "<iframe", " style=", " onclick"] {
        assert!(!body.contains(loads), "{loads}");
    }
}

/// An id with 20 digits, spaces or another direction is found again as it is.
#[test]
fn ids_keep_their_characters() {
    let mut example = examples::small();
    example.orders[1].key.merchant_order_id = "a  b".to_owned();
    example.orders[2].key.merchant_order_id = "طلب-7".to_owned();
    let page = page(&example);
    for id in ["20261126000000000017", "a  b", "طلب-7", "U-1 &lt;b&gt;&amp;"] {
        assert!(page.contains(&format!("<bdi class=\"id\">{id}</bdi>")), "{id}");
    }
}
