use super::super::Shape;
use super::super::payment::field;
use super::*;

fn own() -> Answer {
    let fields = vec![field("merchant_order_id", "A"), field("amount", "5.00")];
    Answer::Payment(Payment { fields, url: None, shape: Shape::Nested })
}

fn scripted(json: &str) -> Result<(u16, Option<String>, String), String> {
    let script = Script::parse(json)?;
    let reply = script.reply(script.is_performed().then(own), || None);
    let head = reply.header(&RETRY_AFTER).or_else(|| reply.header(&LOCATION));
    let head = head.and_then(|it| it.to_str().ok().map(str::to_owned));
    let text = match reply.delivery {
        Delivery::Whole => String::from_utf8(reply.body.to_vec()).unwrap_or_default(),
        other => format!("{other:?}"),
    };
    Ok((reply.status.as_u16(), head, text))
}

#[test]
fn each_script_has_its_response() {
    let failure = error_text(PAGE_ERROR);
    let gone = error_with_details("Merchant not found", "Ask.");
    let payment = |amount: &str| {
        let fields = format!(r#"{{"merchant_order_id":"A","amount":{amount}}}"#);
        format!(r#"{{"result":"success","data":{{"payment":{fields}}}}}"#)
    };
    let honest = payment(r#""5.00""#);
    let cut = |at: &str, reset: bool| format!("Cut {{ at: {at}, reset: {reset} }}");
    for (json, status, head, text) in [
        (r#"{"status":503}"#, 503, None, &*failure),
        (r#"{"status":202}"#, 202, None, &honest),
        (r#"{"delay_ms":50}"#, 200, None, &honest),
        (r#"{"retry_after":"2"}"#, 429, Some("2"), &failure),
        (r#"{"retry_after":"2","status":503}"#, 503, Some("2"), &failure),
        (r#"{"location":"http://127.0.0.1:1/"}"#, 302, Some("http://127.0.0.1:1/"), ""),
        (r#"{"location":"/x","status":307}"#, 307, Some("/x"), ""),
        (r#"{"body":"<html>"}"#, 200, None, "<html>"),
        (r#"{"body":"","status":404}"#, 404, None, ""),
        (r#"{"unknown":true}"#, 200, None, &order_not_found()),
        (r#"{"unknown":true,"status":404}"#, 404, None, &order_not_found()),
        (r#"{"unknown":true,"error":"No such order"}"#, 200, None, &error_text("No such order")),
        (r#"{"error":"Merchant not found","details":"Ask."}"#, 200, None, &gone),
        (r#"{"answer":"empty"}"#, 200, None, ""),
        (r#"{"fields":"{\"amount\":1e2}"}"#, 200, None, &payment("1e2")),
        (r#"{"close":true}"#, 200, None, &cut("Before", false)),
        (r#"{"reset":"before"}"#, 200, None, &cut("Before", true)),
        (r#"{"reset":"head"}"#, 200, None, &cut("Head", true)),
        (r#"{"reset":"body","status":503}"#, 503, None, &cut("Body", true)),
        (r#"{"cut_body":true}"#, 200, None, &cut("Body", false)),
        (r#"{"silent":true}"#, 200, None, "Silent"),
        (r#"{"slow_bytes_per_second":20}"#, 200, None, "Slow(20)"),
    ] {
        let expected = (status, head.map(str::to_owned), text.to_owned());
        assert_eq!(scripted(json), Ok(expected), "{json}");
    }
}

#[test]
fn an_invalid_script_is_refused() {
    for (json, word) in [
        ("{}", "it has no effect"),
        (r#"{"times":2}"#, "it has no effect"),
        (r#"{"performed":true}"#, "it has no effect"),
        (r#"{"status":503,"times":0}"#, "`times`"),
        (r#"{"status":99}"#, "from 200 to 599"),
        (r#"{"status":100}"#, "from 200 to 599"),
        (r#"{"status":600}"#, "from 200 to 599"),
        (r#"{"status":503,"status":200}"#, "cannot be read"),
        (r#"{"statsu":503}"#, "cannot be read"),
        (r#"{"close":true,"status":503}"#, "`close`"),
        (r#"{"silent":true,"body":""}"#, "`silent`"),
        (r#"{"body":"x","unknown":true}"#, "`body`"),
        (r#"{"body":"x","answer":"html"}"#, "`answer`"),
        (r#"{"answer":"html","status":200}"#, "remove `status`"),
        (r#"{"answer":"nonsense"}"#, "cannot be read"),
        (r#"{"answer":"html","performed":false}"#, "`performed`"),
        (r#"{"fields":"{\"amuont\":\"1\"}"}"#, "no field \"amuont\""),
        (r#"{"fields":"1e2"}"#, "`fields` cannot be read"),
        (r#"{"close":true,"silent":true}"#, "how the response arrives"),
        (r#"{"reset":"middle"}"#, "cannot be read"),
        (r#"{"slow_bytes_per_second":0}"#, "cannot be read"),
        (r#"{"details":"x","status":400}"#, "`details`"),
        (r#"{"retry_after":"a\nb"}"#, "`retry_after`"),
        (r#"{"location":"a\nb"}"#, "`location`"),
        (r#"{"delay_ms":3600001}"#, "`delay_ms`"),
        (r#""x""#, "cannot be read"),
    ] {
        let refusal = scripted(json).err().unwrap_or_default();
        assert!(refusal.contains(word), "{json}: {refusal}");
    }
}

#[test]
fn times_limits_a_script() {
    let applies = |json, calls| Script::parse(json).map(|script| script.applies_after(calls));
    assert_eq!(applies(r#"{"status":503,"times":2}"#, 1), Ok(true));
    assert_eq!(applies(r#"{"status":503,"times":2}"#, 2), Ok(false));
    assert_eq!(applies(r#"{"status":503}"#, u32::MAX), Ok(true));
}

#[test]
fn a_call_is_carried_out_if_its_answer_is_used_or_performed_says_so() {
    for (json, performed) in [
        (r#"{"status":503}"#, false),
        (r#"{"status":504,"performed":true}"#, true),
        (r#"{"close":true}"#, true),
        (r#"{"reset":"before","performed":false}"#, false),
        (r#"{"answer":"html"}"#, true),
        (r#"{"body":"x"}"#, false),
        (r#"{"delay_ms":1}"#, true),
    ] {
        let script = Script::parse(json).map(|script| script.is_performed());
        assert_eq!(script, Ok(performed), "{json}");
    }
}
