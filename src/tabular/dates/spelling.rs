//! What a date format should have been: a zone in it, or another language than strftime's.

use chrono::format::Item;
use chrono_tz::Tz;

/// The first literal of a format that names a zone, such as `UTC` or `+00`. The cells' times would
/// be read as if it were not there.
pub(super) fn zone_in(items: &[Item]) -> Option<String> {
    // Neighbouring literals are one text: chrono splits a text at will.
    let mut texts = vec![String::new()];
    for item in items {
        match (item, texts.last_mut()) {
            (Item::Literal(text), Some(last)) => last.push_str(text),
            (Item::OwnedLiteral(text), Some(last)) => last.push_str(text),
            _ => texts.push(String::new()),
        }
    }
    let words = texts.iter().flat_map(|text| text.split(char::is_whitespace));
    let words = words.map(|word| word.trim_matches(['(', ')', '[', ']', ',', '.']));
    words.into_iter().find(|word| is_zone(word)).map(str::to_owned)
}

/// The word at the end of a date that names a zone, where it is none that is read as an offset.
pub(crate) fn unread_zone(date: &str) -> Option<&str> {
    let word = date.split_whitespace().next_back()?.trim_matches(['(', ')']);
    let is_half_of_day = ["AM", "PM"].contains(&&*word.to_ascii_uppercase());
    let is_offset = ["Z", "UTC", "GMT"].contains(&word) || word.starts_with(['+', '-']);
    (is_zone(word) && !is_offset && !is_half_of_day).then_some(word)
}

/// Whether a word looks like a zone: `Z`, `UTC`, `IST`, `GMT+05:30`, `+00`, `Asia/Kolkata`.
fn is_zone(word: &str) -> bool {
    let unsigned = word.trim_start_matches(|character: char| character.is_ascii_alphabetic());
    let name = &word[..word.len() - unsigned.len()];
    let is_offset = unsigned.strip_prefix(['+', '-', '\u{2212}']).is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
    });
    let is_name = match name {
        "Z" => true,
        _ if ["utc", "gmt"].contains(&&*name.to_ascii_lowercase()) => true,
        _ => (3..=5).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase()),
    };
    (is_offset && (name.is_empty() || is_name))
        || (is_name && unsigned.is_empty())
        || (word.contains('/') && word.parse::<Tz>().is_ok())
}

/// The parts of other date languages, and their strftime.
const PARTS: [(&str, &str); 20] = [
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%m"),
    ("DD", "%d"),
    ("dddd", "%A"),
    ("ddd", "%a"),
    ("dd", "%d"),
    ("D", "%d"),
    ("d", "%d"),
    ("HH", "%H"),
    ("H", "%H"),
    ("hh", "%I"),
    ("h", "%I"),
    ("ss", "%S"),
    ("XXX", "%z"),
    ("ZZ", "%z"),
    ("Z", "%z"),
];

/// The strftime of a format as spreadsheets and other programs write it: `DD/MM/YYYY hh:mm A`.
/// `None` where it is not one.
pub(super) fn as_strftime(text: &str) -> Option<String> {
    if text.contains('%') {
        return None;
    }
    let twelve_hours =
        ["am/pm", " a", " tt"].iter().any(|mark| text.to_ascii_lowercase().ends_with(mark));
    let mut format = String::new();
    let mut rest = text;
    let mut in_time = false;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_alphabetic() {
            format.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let run = rest.find(|character: char| character != first).unwrap_or(rest.len());
        let lower = rest.to_ascii_lowercase();
        let half = ["am/pm", "tt", "a"].iter().find(|mark| lower == **mark);
        let (part, length) = if let Some(half) = half {
            ("%p", half.len())
        } else if matches!(first, 'T' | 't') {
            ("T", 1)
        } else if matches!(first, 'm' | 'M') && run <= 2 && in_time {
            ("%M", run)
        } else {
            let part = &rest[..run];
            let any_case = matches!(first, 'y' | 'Y' | 'm' | 'S');
            let same = |(name, _): &&(&str, &str)| {
                *name == part || (any_case && name.eq_ignore_ascii_case(part))
            };
            (PARTS.iter().find(same)?.1, run)
        };
        let part = if part == "%H" && twelve_hours { "%I" } else { part };
        in_time |= matches!(part, "%H" | "%I");
        // Without a mark for the half of the day, hours are those of a whole day.
        let part = if part == "%I" && !twelve_hours { "%H" } else { part };
        format.push_str(part);
        rest = &rest[length..];
    }
    Some(format)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::format::StrftimeItems;

    #[test]
    fn zones_in_a_format_are_recognised() {
        for (format, zone) in [
            ("%Y-%m-%d %H:%M:%S+00", Some("+00")),
            ("%Y-%m-%d %H:%M:%S +0530", Some("+0530")),
            ("%Y-%m-%d %H:%M:%S-07:00", Some("-07:00")),
            ("%Y-%m-%d %H:%M:%S UTC", Some("UTC")),
            ("%Y-%m-%d %H:%M:%S utc", Some("utc")),
            ("%Y-%m-%dT%H:%M:%SZ", Some("Z")),
            ("%d/%m/%Y %H:%M (IST)", Some("IST")),
            ("%d/%m/%Y %H:%M GMT+05:30", Some("GMT+05:30")),
            ("%d/%m/%Y %H:%M Asia/Kolkata", Some("Asia/Kolkata")),
            ("%Y-%m-%dT%H:%M:%S", None),
            ("%d de %B de %Y", None),
            ("%d.%m.%Y um %H:%M Uhr", None),
            ("%d-%m-%Y", None),
            ("%b %d, %Y at %I:%M %p", None),
            ("%Y-%m-%dT%H:%M:%S%z", None),
        ] {
            let items: Vec<Item> = StrftimeItems::new(format).collect();
            assert_eq!(zone_in(&items).as_deref(), zone, "{format}");
        }
    }

    #[test]
    fn zones_that_are_not_read_are_recognised() {
        for (date, zone) in [
            ("10/04/2026 11:11 IST", Some("IST")),
            ("10/04/2026 11:11 (IST)", Some("IST")),
            ("10/04/2026 11:11 GMT+05:30", Some("GMT+05:30")),
            ("10/04/2026 11:11 UTC", None),
            ("10/04/2026 11:11 +0530", None),
            ("10/04/2026 11:11 PM", None),
            ("10 Apr 2026", None),
            ("", None),
        ] {
            assert_eq!(unread_zone(date), zone, "{date}");
        }
    }

    #[test]
    fn formats_of_other_programs_are_translated() {
        for (text, format) in [
            ("DD/MM/YYYY", Some("%d/%m/%Y")),
            ("dd/mm/yyyy", Some("%d/%m/%Y")),
            ("d/M/yy", Some("%d/%m/%y")),
            ("YYYY-MM-DD HH:mm:ss", Some("%Y-%m-%d %H:%M:%S")),
            ("yyyy-MM-ddTHH:mm:ssZ", Some("%Y-%m-%dT%H:%M:%S%z")),
            ("DD-MMM-YYYY hh:mm A", Some("%d-%b-%Y %I:%M %p")),
            ("DD-MMM-YYYY hh:mm", Some("%d-%b-%Y %H:%M")),
            ("mm/dd/yyyy h:mm AM/PM", Some("%m/%d/%Y %I:%M %p")),
            ("%d/%m/%Y", None),
            ("yesterday", None),
            ("", Some("")),
        ] {
            assert_eq!(as_strftime(text).as_deref(), format, "{text}");
        }
    }
}
