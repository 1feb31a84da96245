use super::*;

fn hits(faults: &str, id: &str, calls: u32, seconds: u64) -> Option<bool> {
    let day = ActiveFaults::new(Faults::parse(faults).ok()?);
    let elapsed = Duration::from_secs(seconds);
    Some(day.script(Operation::OrderGet, id, calls, elapsed).is_some())
}

#[test]
fn a_fault_applies_if_all_conditions_are_met() {
    let fault = |when: &str| format!("[[fault]]\n{when}\ndoes = {{ status = 503 }}");
    for (when, id, calls, seconds, expected) in [
        ("", "A", 0, 0, true),
        ("orders = [\"A\"]", "A", 9, 9, true),
        ("orders = [\"A\"]", "AB", 0, 0, false),
        ("orders = [\"B\", \"A*\"]", "AB", 0, 0, true),
        ("operation = \"order/get\"", "A", 0, 0, true),
        ("operation = \"order/new\"", "A", 0, 0, false),
        ("from_seconds = 5\nto_seconds = 7", "A", 0, 4, false),
        ("from_seconds = 5\nto_seconds = 7", "A", 0, 5, true),
        ("from_seconds = 5\nto_seconds = 7", "A", 0, 7, false),
        ("from_seconds = 5", "A", 0, 99_999, true),
        ("percent = 100", "A", 0, 0, true),
        ("from_seconds = 5\norders = [\"B\"]", "A", 0, 6, false),
    ] {
        assert_eq!(hits(&fault(when), id, calls, seconds), Some(expected), "{when} {id}");
    }
}

#[test]
fn the_first_fault_that_applies_is_used_and_times_limits_it() {
    let faults = "[[fault]]\noperation = \"order/get\"\nfrom_seconds = 5\n\
                  does = { status = 503, times = 1 }\n\
                  [[fault]]\ndoes = { status = 429, times = 2 }";
    let Ok(faults) = Faults::parse(faults) else { unreachable!() };
    let day = ActiveFaults::new(faults);
    let status = |(operation, id, seconds)| {
        let calls = day.count_call(operation, id);
        let script = day.script(operation, id, calls, Duration::from_secs(seconds))?;
        Some(script.reply(None, || None).status.as_u16())
    };
    let (new, get) = (Operation::OrderNew, Operation::OrderGet);
    let calls = [(new, "A", 0), (get, "A", 9), (get, "A", 9), (get, "A", 9), (get, "B", 9)];
    assert_eq!(calls.map(status), [Some(429), Some(503), Some(429), None, Some(503)]);
    assert_eq!([day.count_call(new, "A"), day.count_call(get, "A")], [1, 3]);
}

#[test]
fn a_share_has_about_its_size_and_depends_on_the_seed() {
    let share = |seed: u64, of: &str, call: u32| {
        let when = format!("percent = 20\nseed = {seed}\nof = \"{of}\"");
        let faults = format!("[[fault]]\n{when}\ndoes = {{ status = 503 }}");
        let Ok(faults) = Faults::parse(&faults) else { unreachable!() };
        let day = ActiveFaults::new(faults);
        let hit = |number: &u32| {
            let id = format!("A{number}");
            day.script(Operation::OrderGet, &id, call, Duration::ZERO).is_some()
        };
        (0..2_000).filter(hit).collect::<Vec<u32>>()
    };
    for of in ["calls", "orders"] {
        let hit = share(7, of, 0);
        assert!((320..480).contains(&hit.len()), "{of}: {}", hit.len());
        assert_eq!(hit, share(7, of, 0));
        assert_ne!(hit, share(8, of, 0));
        assert_eq!(hit == share(7, of, 1), of == "orders");
    }
}

#[test]
fn invalid_faults_are_refused() {
    for (text, words) in [
        ("[[fault]]", ", line 1: missing field `does`"),
        ("\n[[fault]]\ndoes = { status = 99 }", ", line 3: `status` 99 is no HTTP status"),
        ("[[fault]]\nshare = 1\ndoes = { close = true }", ", line 2: unknown field `share`"),
        ("[[fault]]\ndoes = {}", ", line 2: it has no effect"),
        ("[[fault]]\npercent = 101\ndoes = { status = 503 }", ", fault in line 1: `percent`"),
        ("[[fault]]\npercent = 0\ndoes = { status = 503 }", ", line 2: "),
        ("[[fault]]\nseed = 1\ndoes = { status = 503 }", ", fault in line 1: `seed` and `of`"),
        (
            "[[fault]]\nfrom_seconds = 3\nto_seconds = 3\ndoes = { close = true }",
            ", fault in line 1: `to_seconds`",
        ),
        ("[fault]\ndoes = { close = true }", "(use [[fault]], one table per fault)"),
        ("[[fault]]\norders = [\"*-1\"]\ndoes = { close = true }", "`*` only at the end"),
        ("[[fault]]\norders = []\ndoes = { close = true }", ", fault in line 1: `orders`"),
        ("[[fault]]\noperation = \"get\"\ndoes = { close = true }", ", line 2: "),
        ("[rate_limit]\nrequests_per_second = 0", ", line 2: "),
        (
            "[rate_limit]\nrequests_per_second = 1\nretry_after = \"\\n\"",
            "[rate_limit]: `retry_after`",
        ),
        ("x", ", line 1: "),
    ] {
        let message = Faults::parse(text).err().map(|error| error.to_string());
        let message = message.unwrap_or_default();
        assert!(message.contains(words), "{text}: {message}");
    }
    let message = Faults::load(Path::new("/nowhere.toml")).err().map(|error| error.to_string());
    assert!(message.is_some_and(|it| it.starts_with("the faults /nowhere.toml cannot be")));
}

#[test]
fn the_rate_limit_holds_in_every_second() {
    let text = "[rate_limit]\nrequests_per_second = 3\nretry_after = \"2\"";
    let limiter = Faults::parse(text).ok().and_then(|faults| faults.limiter());
    let Some(limiter) = limiter else { unreachable!() };
    let started = Instant::now();
    let refused = |ms| limiter.refusal(started + Duration::from_millis(ms)).is_some();
    let calls = [0, 400, 800, 900, 999, 1000, 1001, 1399, 1400, 1800];
    assert_eq!(
        calls.map(refused),
        [false, false, false, true, true, false, true, true, false, false]
    );
    let reply = limiter.refusal(started + Duration::from_millis(1801));
    let retry_after = reply.and_then(|reply| reply.header(&RETRY_AFTER).cloned());
    assert_eq!(retry_after, Some(HeaderValue::from_static("2")));
}
