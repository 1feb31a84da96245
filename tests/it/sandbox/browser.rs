//! The checkout page in a real browser: headless Chromium, driven by `ChromeDriver` over plain
//! HTTP (<https://www.w3.org/TR/webdriver2/>). Without Chromium the test prints so and is skipped.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot set itself up has failed, and one that is skipped says so"
)]

use super::caller::{Caller, GET, NEW, deposit};
use crate::support::{Gateway, Merchant, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A browser with its own window.
struct Browser {
    caller: Caller,
    session: String,
    driver: Child,
    /// Kept open, because the driver exits when it cannot print.
    _stdout: BufReader<ChildStdout>,
}

impl Browser {
    /// `None` if it is not installed.
    fn open(profile: &Merchant) -> Option<Browser> {
        let (mut driver, stdout, port) = Browser::driver()?;
        let profile = format!("--user-data-dir={}", profile.path("profile").display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--window-size=900,900",
            &profile,
        ];
        let options = json!({"goog:chromeOptions": {"args": arguments}});
        let capabilities = json!({"capabilities": {"alwaysMatch": options}});
        let mut caller = Caller::to(&format!("http://127.0.0.1:{port}"));
        let answer = caller.json("POST", "/session", &capabilities);
        let Some(session) = answer["sessionId"].as_str() else {
            eprintln!("chromedriver opens no browser: {answer}");
            let _ = driver.kill();
            return None;
        };
        let session = format!("/session/{session}");
        Some(Browser { caller, session, driver, _stdout: stdout })
    }

    /// Starts chromedriver. Returns its output and port. It uses a port on two addresses, and exits
    /// if another program has the second one; then it is started again.
    fn driver() -> Option<(Child, BufReader<ChildStdout>, String)> {
        let mut attempts = 0..5;
        loop {
            assert!(attempts.next().is_some(), "chromedriver ends whenever it is started");
            let mut driver = Command::new("chromedriver")
                .arg("--port=0")
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let mut stdout = BufReader::new(driver.stdout.take().unwrap());
            let mut line = String::new();
            while stdout.read_line(&mut line).unwrap() > 0 {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    let port = port.trim().trim_end_matches('.').to_owned();
                    return Some((driver, stdout, port));
                }
                line.clear();
            }
            driver.wait().unwrap();
        }
    }

    fn post(&mut self, path: &str, body: &Value) -> Value {
        let answer = self.caller.json("POST", &format!("{}{path}", self.session), body);
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    fn read(&mut self, path: &str) -> String {
        let path = format!("{}{path}", self.session);
        self.caller.json("GET", &path, &Value::Null).as_str().unwrap().to_owned()
    }

    fn find(&mut self, xpath: &str) -> String {
        let found = self.post("/element", &json!({"using": "xpath", "value": xpath}));
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        format!("/element/{id}")
    }

    fn go(&mut self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    fn click(&mut self, button: &str) {
        let button = self.find(&format!("//button[normalize-space()='{button}']"));
        self.post(&format!("{button}/click"), &json!({}));
    }

    /// The text of an element of the current page, if it exists. In one call: chromedriver crashed
    /// when asked for the text of an element of an earlier page.
    fn text(&mut self, xpath: &str) -> Option<String> {
        let script = "const found = document.evaluate(arguments[0], document, null, \
                      XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
                      return found && found.innerText;";
        let call = json!({"script": script, "args": [xpath]});
        let said = self.caller.json("POST", &format!("{}/execute/sync", self.session), &call);
        said.as_str().map(str::to_owned)
    }

    /// Waits until the element has this text: a click does not wait for the next page.
    fn shows(&mut self, xpath: &str, expected: &str) {
        until(expected, || self.text(xpath).as_deref() == Some(expected));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without this call the browser would outlive its driver.
        let _ = self.caller.json("DELETE", &self.session.clone(), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn a_tester_settles_an_order_short_on_the_checkout_page() {
    const ID: &str = "<b>A&amp;1</b> क्रम";
    let profile = Merchant::new();
    let Some(mut browser) = Browser::open(&profile) else {
        eprintln!("skipped: there is no chromedriver with a Chromium to look at the page with");
        return;
    };
    let gateway = Gateway::serve_as("", |it| it.speed = 0);
    let mut caller = Caller::to(&gateway.url);
    let params = deposit(ID, &[("redirect_url", "http://127.0.0.1:1/shop")]);
    let created = caller.call(NEW, &params);
    let uid = created.payment()["payment_uid"].as_str().unwrap().to_owned();

    browser.go(&format!("{}/checkout/{uid}", gateway.url));
    assert_eq!(browser.read("/title"), format!("Deposit {ID}"));
    browser.shows("//h1", &format!("Deposit {ID}"));
    let cell = |heading: &str| format!("//th[.='{heading}']/following-sibling::td");
    browser.shows(&cell("Amount"), "100.00 inr");
    browser.shows(&cell("Payment"), "preparing");
    let back = browser.find("//a[.='Back to the merchant']");
    assert_eq!(browser.read(&format!("{back}/attribute/href")), "http://127.0.0.1:1/shop");
    // The page's policy allows its style.
    let heading = browser.find("//th");
    assert_eq!(browser.read(&format!("{heading}/css/text-align")), "left");
    let screenshot = browser.read("/screenshot");
    assert!(screenshot.starts_with("iVBORw0KGgo") && screenshot.len() > 10_000);

    let amount = browser.find("//input[@name='amount'][not(@type)]");
    browser.post(&format!("{amount}/value"), &json!({"text": "90.50"}));
    browser.click("Settle this much");
    browser.shows(&cell("Payment"), "processing");
    gateway.advance(Duration::from_mins(5));
    let payment = caller.call(GET, &[("merchant_order_id", ID)]).payment();
    assert_eq!(payment["payment_status"], "completed");
    assert_eq!(payment["final_amount"], "90.50");

    browser.go(&gateway.url);
    let link = browser.find("//td/a");
    browser.post(&format!("{link}/click"), &json!({}));
    browser.shows(&cell("Final amount"), "90.50 inr");
    browser.click("Refund");
    browser.shows(&cell("Payment"), "refund");
}
