//! The page of an ending without a report.

use super::{frame, show};
use crate::domain::text::one_line;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::html;

/// What is known of a night that has no report.
#[derive(Debug, Clone)]
pub(crate) struct NoReport {
    /// The day that the report would have had, in the ledger's time zone.
    pub(crate) day: NaiveDate,
    /// When the run ended.
    pub(crate) ended_at: DateTime<Utc>,
    /// The ledger's time zone.
    pub(crate) zone: Tz,
    /// The run, if the database could not record its end: its note is then all that tells it.
    pub(crate) unrecorded: Option<i64>,
    /// The merchant that was asked for.
    pub(crate) merchant_uid: Option<String>,
    /// The run's exit code.
    pub(crate) exit_code: u8,
    /// What went wrong, as a clause: "the ledger was not there".
    pub(crate) error: String,
    /// What to do. `None`: nothing is known.
    pub(crate) hint: Option<String>,
    /// The run and the day of the last report.
    pub(crate) last_good: Option<(i64, NaiveDate)>,
}

/// Whether a file begins like this page.
pub(in crate::report) fn is_status_page(text: &str) -> bool {
    text.starts_with("<!DOCTYPE html>") && text.contains("<title>NO REPORT for ")
}

/// The page as HTML: what is wrong, since when, and what to do.
pub(crate) fn status_page(night: &NoReport) -> String {
    let day = night.day.format("%-d %b");
    let title = format!("NO REPORT for {day}");
    let body = html! {
        header.banner.bad {
            p.night {
                "Reconciliation of " (show::day(night.day))
                @if let Some(merchant) = &night.merchant_uid {
                    " · merchant " (show::id(merchant))
                }
                " · " (show::moment(night.ended_at, night.zone))
            }
            h1 {
                "NO REPORT for " (day) ": " (one_line(night.error.trim_end_matches('.')))
                " (exit " (night.exit_code) "). "
                @match night.last_good {
                    Some((_, good)) => { "Last good night: " (good.format("%-d %b")) "." },
                    None => "There has been no good night yet.",
                }
            }
            p.next {
                strong { "What to do: " }
                @match &night.hint {
                    Some(hint) => (one_line(hint)),
                    None => "tell the operator of this program, with the text above.",
                }
            }
        }
        main id="content" {
            section {
                h2 { "What this means" }
                p {
                    "No order was judged for this night, so nothing here says that the orders "
                    "agree. "
                    @if let Some((run, good)) = night.last_good {
                        "The report of " (show::day(good)) " (run " (run)
                        ") is still in this directory, and is the latest one."
                    }
                }
                p { "This page is replaced by the next report." }
            }
        }
    };
    frame::page(&title, &body).into_string()
}
