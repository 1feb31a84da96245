//! `report RUN --policy FILE`: what another policy would hide and add.

use super::output::{JsonHead, print, table};
use super::{Process, context, listen};
use crate::cli::Format;
use crate::domain::amount::Total;
use crate::domain::text::printable;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::reconcile::{Effect, under_policy};
use crate::settings::{Flags, Settings};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Prints it. Nothing is written.
pub(super) fn show(
    run_id: i64,
    file: &Path,
    format: Format,
    settings: &Settings,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let head = JsonHead::new("report", (process.now)());
    // The file alone: the environment says nothing about a policy.
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    let mut policy = Settings::load(flags, &|_| None)?.policy;
    policy.zone = settings.policy.zone;
    listen(interrupt)?;
    let context = context(process, interrupt);
    let effects = under_policy(&settings.store.path, run_id, &policy, &context)?;
    let name = printable(&file.to_string_lossy());
    match format {
        Format::Json => {
            let object = json!({
                "run_id": run_id, "policy": name, "hidden": effects.hidden,
                "added": effects.added, "exit_code": 0,
            });
            print(&head.object(&object.to_string()))
        }
        Format::Text => {
            let mut lines = vec![
                format!("Run {run_id} under the policy of {name}, compared with its report:"),
                sentence("hides", &effects.hidden),
                sentence("adds", &effects.added),
            ];
            if !(effects.hidden.is_empty() && effects.added.is_empty()) {
                lines.push(String::new());
                lines.push(rows(&effects.hidden, &effects.added));
            }
            lines.push("Nothing was changed.".to_owned());
            print(&lines.join("\n"))
        }
    }
}

/// "It hides 38 mismatches worth 12.40 inr, none above 1.00."
fn sentence(what: &str, effects: &[Effect]) -> String {
    let count: u64 = effects.iter().map(|effect| effect.count).sum();
    if count == 0 {
        return format!("It {what} no mismatch.");
    }
    let mut sums: BTreeMap<&str, (Total, Total)> = BTreeMap::new();
    for effect in effects {
        let (sum, largest) = sums.entry(&effect.currency).or_default();
        *sum = [*sum, effect.at_risk].into_iter().sum();
        *largest = effect.largest.max(*largest);
    }
    let sums = sums
        .iter()
        .map(|(currency, (sum, largest))| format!("worth {sum} {currency}, none above {largest}"));
    let sums = sums.collect::<Vec<_>>().join("; ");
    let mismatches = if count == 1 { "mismatch" } else { "mismatches" };
    format!("It {what} {count} {mismatches} {sums}.")
}

fn rows(hidden: &[Effect], added: &[Effect]) -> String {
    let heading = ["", "KIND", "COUNT", "AT RISK", "LARGEST", "ORDER"];
    let mut rows = vec![heading.map(ToOwned::to_owned).to_vec()];
    for (what, effects) in [("hidden", hidden), ("added", added)] {
        rows.extend(effects.iter().map(|effect| {
            vec![
                what.to_owned(),
                effect.kind.to_owned(),
                effect.count.to_string(),
                format!("{} {}", effect.at_risk, effect.currency),
                effect.largest.to_string(),
                printable(&effect.largest_order),
            ]
        }));
    }
    table(&rows, &[2, 3, 4])
}
