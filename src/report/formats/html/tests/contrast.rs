//! The colours of the style: 4.5:1 at least, in the light and in the dark.

use super::super::frame::STYLE;
use std::collections::BTreeMap;

/// Text and what is behind it.
const PAIRS: [(&str, &str); 9] = [
    ("ink", "paper"),
    ("soft", "paper"),
    ("link", "paper"),
    ("ink", "shade"),
    ("soft", "shade"),
    ("link", "shade"),
    ("good-ink", "good-paper"),
    ("caution-ink", "caution-paper"),
    ("bad-ink", "bad-paper"),
];

/// The custom properties of each `:root` block: light, dark, print.
fn schemes() -> Vec<BTreeMap<&'static str, [u8; 3]>> {
    let blocks = STYLE.split(":root {").skip(1).filter_map(|rest| rest.split('}').next());
    blocks.map(|block| block.split(';').filter_map(colour).collect()).collect()
}

fn colour(declaration: &'static str) -> Option<(&'static str, [u8; 3])> {
    let (name, value) = declaration.trim().strip_prefix("--")?.split_once(": #")?;
    let bytes = hex::decode(value).ok()?;
    Some((name, bytes.try_into().ok()?))
}

/// WCAG 2, relative luminance.
#[expect(clippy::float_arithmetic, reason = "a colour is no money")]
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let linear = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[expect(clippy::float_arithmetic, reason = "a colour is no money")]
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_has_contrast_in_every_scheme() {
    let schemes = schemes();
    assert_eq!(schemes.len(), 3);
    for (number, scheme) in schemes.iter().enumerate() {
        for (ink, paper) in PAIRS {
            let pair = scheme.get(ink).zip(scheme.get(paper));
            let contrast = pair.map_or(0.0, |(one, other)| contrast(*one, *other));
            assert!(contrast >= 4.5, "scheme {number}: {ink} on {paper} is {contrast:.2}:1");
        }
    }
}
