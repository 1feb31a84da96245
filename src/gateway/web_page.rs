//! Recognises a web page where JSON is expected: a firewall, a proxy or a maintenance page answers
//! instead of the gateway.

use std::ops::Range;

/// The bytes of a body in which a page begins and names itself.
const BEGINNING: usize = 16_384;
/// What only a web page begins with.
const BEGINNINGS: [&str; 6] = ["<!doctype", "<html", "<head", "<body", "<title", "<!--"];

/// The title of a web page, on one line; empty: it has none. `None`: the body is no web page.
pub(super) fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(BEGINNING)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    // ASCII alone, so that places in one text are places in the other.
    let lower = text.to_ascii_lowercase();
    if !BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning)) {
        return None;
    }
    let title = title_in(&lower).map_or("", |title| &text[title]);
    // In another spelling a secret would not be recognised.
    let title = if title.contains(['&', '%']) { "" } else { title };
    Some(title.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn title_in(lower: &str) -> Option<Range<usize>> {
    let tag = lower.find("<title")?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::{BEGINNING, title};

    #[test]
    fn a_page_and_its_title() {
        for (body, expected) in [
            (
                "<html><head><title>Attention Required! | Cloudflare</title>",
                "Attention Required! | Cloudflare",
            ),
            (
                "\u{feff}\r\n <!DOCTYPE html>\n<TITLE lang=en>\n Down for\n maintenance </TITLE>",
                "Down for maintenance",
            ),
            ("<!-- x --><html><title>half", ""),
            ("<html><title>a&#43;b</title>", ""),
            ("<html><title>a%2Bb</title>", ""),
            ("<HTML><body>403 Forbidden</body>", ""),
            ("<html><title", ""),
            ("<html><title>\u{130}\u{130}</title>", "\u{130}\u{130}"),
        ] {
            assert_eq!(title(body.as_bytes()).as_deref(), Some(expected), "{body}");
        }
        for body in ["", "{}", "<", "<?xml version=\"1.0\"?><a/>", "Forbidden", "\"<html>\""] {
            assert_eq!(title(body.as_bytes()), None, "{body}");
        }
        let at = |end: usize| {
            let tags = "<html><title>x</title";
            title(format!("<html>{}{}", " ".repeat(end - tags.len()), &tags[6..]).as_bytes())
        };
        assert_eq!(at(BEGINNING).as_deref(), Some("x"));
        assert_eq!(at(BEGINNING + 1).as_deref(), Some(""));
        assert_eq!(title(b"<html><title>\xff\xfe</title>").as_deref(), Some("\u{fffd}\u{fffd}"));
    }
}
