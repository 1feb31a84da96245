//! The page: one file that a person opens at eight in the morning (contract, "The report": Page).
//!
//! It needs no network and no script. Each part of the report is rendered as it comes; only the
//! most urgent orders are kept, so the memory does not grow with the report.

mod ageing;
mod banner;
mod causes;
mod collected;
mod frame;
mod help;
mod lists;
mod looked_at;
mod measures;
mod money;
mod orders;
mod show;
mod since;
mod start_here;
pub(in crate::report) mod status_page;
mod sums;
#[cfg(test)]
mod tests;
mod trend;

use super::super::files::{TemporaryFile, is_notice};
use super::super::settings::ReportFormat;
use super::{Format, Heading, Part, Writer};
use crate::domain::morning::Night;
use collected::Collected;
use maud::{Markup, html};
use std::io::{self, Write};

/// The page.
pub(in crate::report) const REPORT: Format = Format {
    name: ReportFormat::Html,
    extension: "html",
    create: |file, heading| Ok(Box::new(Page::new(file, heading))),
    // A page that this program wrote is known by its SHA-256; any other may hold somebody's notes.
    has_own_cells: is_notice,
};

/// How many rows a list of the page shows at most. The workbook has the rest.
const MOST_ROWS: u64 = 1000;

/// A page on its way into a file.
struct Page {
    file: TemporaryFile,
    night: Night,
    stem: String,
    collected: Collected,
}

impl Page {
    fn new(file: TemporaryFile, heading: &Heading) -> Page {
        let collected = Collected::new(heading.night.summary.day);
        Page { file, night: heading.night.clone(), stem: heading.stem.to_owned(), collected }
    }
}

impl Writer for Page {
    fn part(&mut self, part: Part) -> io::Result<()> {
        self.collected.add(part);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<TemporaryFile> {
        let Page { mut file, night, stem, collected } = *self;
        file.write_all(render(&night, &stem, &collected).into_string().as_bytes())?;
        Ok(file)
    }
}

/// The whole page.
fn render(night: &Night, stem: &str, collected: &Collected) -> Markup {
    let title = banner::title(night);
    let body = html! {
        (banner::section(night, collected))
        (contents())
        main id="content" {
            (looked_at::section(night))
            (money::section(night, collected))
            (since::section(night, collected))
            (start_here::section(collected, stem))
            (causes::section(collected))
            (trend::section(night))
            (ageing::section(night, collected))
            (measures::section(night))
            (orders::section(collected, stem))
            (lists::accepted(collected, stem))
            (lists::solved(night, collected, stem))
            (lists::taken(collected, stem))
            (lists::invalid(night, collected))
            (help::section())
        }
    };
    frame::page(&title, &body)
}

/// Links to the parts of the page, in their order.
fn contents() -> Markup {
    html! {
        nav aria-label="On this page" {
            a href="#start" { "Start here" }
            a href="#money" { "Money" }
            a href="#since" { "Since last time" }
            a href="#looked-at" { "Was everything looked at?" }
            a href="#causes" { "Causes" }
            a href="#trend" { "Trend" }
            a href="#ageing" { "Ageing" }
            a href="#orders" { "All orders" }
            a href="#decisions" { "Decisions" }
            a href="#help" { "Help" }
        }
    }
}
