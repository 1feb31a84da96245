//! The formats that would read a date.

use super::format::DateFormat;

const DATES: [&str; 17] = [
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%d.%m.%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%a, %d %b %Y",
    "%Y%m%d",
];
const TIMES: [&str; 5] = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"];
const BETWEEN: [&str; 3] = [" ", ", ", "T"];
/// An offset is read with or without a space before it.
const OFFSETS: [&str; 2] = ["", "%z"];
const EPOCHS: [&str; 2] = ["epoch", "epoch_ms"];

/// The usual formats that read a cell, by their text. Two: day and month cannot be told apart.
pub(crate) fn formats_that_read(cell: &str) -> Vec<String> {
    let text = cell.trim();
    let with_time = DATES.iter().flat_map(|date| {
        let times = TIMES.iter().flat_map(move |time| {
            BETWEEN.iter().flat_map(move |between| {
                OFFSETS.iter().map(move |offset| format!("{date}{between}{time}{offset}"))
            })
        });
        std::iter::once((*date).to_owned()).chain(times)
    });
    let all = with_time.chain(EPOCHS.map(str::to_owned));
    let mut found: Vec<(String, super::Written)> = Vec::new();
    for text_of_format in all {
        let Ok(format) = DateFormat::new(&text_of_format) else { continue };
        if let Some(written) = format.read(text)
            && written.is_of_this_century()
            && !found.iter().any(|(_, other)| *other == written)
        {
            found.push((text_of_format, written));
        }
    }
    found.into_iter().map(|(format, _)| format).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_usual_dates() {
        for (cell, formats) in [
            ("13/04/2026", &["%d/%m/%Y"][..]),
            ("04/13/2026", &["%m/%d/%Y"]),
            ("10/04/2026", &["%d/%m/%Y", "%m/%d/%Y"]),
            ("10.04.2026 11:11", &["%d.%m.%Y %H:%M"]),
            ("13/04/26", &["%d/%m/%y"]),
            ("10-Apr-2026 11:11:26 PM", &["%d-%b-%Y %I:%M:%S %p"]),
            ("Apr 10, 2026, 11:11 pm", &["%b %d, %Y, %I:%M %p"]),
            ("2026/04/10T11:11:26+05:30", &["%Y/%m/%dT%H:%M:%S%z"]),
            ("10 Apr 2026 11:11:26 UTC", &["%d %b %Y %H:%M:%S%z"]),
            ("20260410", &["%Y%m%d"]),
            ("1775799686", &["epoch"]),
            ("1775799686000", &["epoch_ms"]),
            ("yesterday", &[]),
            ("10/04/2026 11:11 IST", &[]),
            ("", &[]),
        ] {
            assert_eq!(formats_that_read(cell), formats, "{cell}");
        }
    }
}
