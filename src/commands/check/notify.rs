//! `[notify]`: can the file for Prometheus be written, and can the monitor be reached? No ping is
//! sent: a monitor would take it for a night. What fails here is only a warning of the run.

use super::finding::Finding;
use crate::notify::{NotifySettings, probe, reach};

pub(super) fn findings(settings: &NotifySettings) -> Vec<Finding> {
    let metrics = settings.metrics_file.as_deref().map(|path| {
        let name = path.display();
        match probe(path) {
            Ok(()) => Finding::ok("notify", format!("the metrics file {name} can be written")),
            Err(error) => Finding::warning(
                "notify",
                format!("the metrics file {name} cannot be written: {error}"),
                "let this user write in its directory, or correct [notify] metrics_file",
            ),
        }
    });
    let monitor = settings.ping_url.as_ref().map(|to| {
        let host = to.host();
        match reach(to, settings.proxy.as_deref()) {
            Ok(()) => Finding::ok(
                "notify",
                format!("the monitor at {host} can be reached (no ping sent)"),
            ),
            Err(why) => Finding::warning(
                "notify",
                format!("the monitor at {host} cannot be reached: {why}"),
                "correct [notify] ping_url or proxy, or let this machine out; it would hear of no \
                 night",
            ),
        }
    });
    metrics.into_iter().chain(monitor).collect()
}
