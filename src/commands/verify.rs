//! `verify`: is a report file what its run wrote?

use super::output::{JsonHead, print};
use super::{Process, settings};
use crate::cli::{Common, Format, Verify};
use crate::domain::text::one_line;
use crate::failure::Failure;
use crate::reconcile::verifying::{Difference, Verified, verify};
use crate::settings::Flags;
use crate::store::Store;
use serde_json::{Value, json};

pub(super) fn execute(
    arguments: &Verify,
    common: &Common,
    process: &Process,
) -> Result<u8, Failure> {
    let head = JsonHead::new("verify", (process.now)());
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let verified = verify(&store, &arguments.file, &settings.policy)?;
    let file = one_line(&arguments.file.to_string_lossy());
    let exit_code = u8::from(!verified.differences.is_empty());
    match arguments.format {
        Format::Text => print(&text(&file, &verified))?,
        Format::Json => {
            print(&head.object(&object(&file, &verified, exit_code).to_string()))?;
        }
    }
    Ok(exit_code)
}

fn text(file: &str, verified: &Verified) -> String {
    let Verified { run_id, has_known_bytes, rows, differences, notes } = verified;
    let mut lines: Vec<String> = Vec::new();
    lines.push(match (differences.len(), has_known_bytes) {
        (0, true) => {
            format!("{file} is what run {run_id} wrote, byte for byte. Rows compared: {rows}.")
        }
        (0, false) => format!(
            "{file} was saved or written again since, but it says what run {run_id} found. Rows \
             compared: {rows}. The columns decision, until, owner and note are not compared."
        ),
        (count, true) => {
            let differ = if count == 1 {
                "one thing differs".to_owned()
            } else {
                format!("{count} things differ")
            };
            format!(
                "{file} is a file that run {run_id} wrote, but {differ} from what the database has \
                 of that run now: it may have been judged again since, or written with another \
                 policy."
            )
        }
        (1, false) => format!("{file} is not what run {run_id} found. One thing differs:"),
        (count, false) => {
            format!("{file} is not what run {run_id} found. {count} things differ:")
        }
    });
    lines.extend(differences.iter().map(|difference| format!("  {}", difference.text())));
    lines.extend(notes.iter().map(|note| format!("Note: {}", one_line(note))));
    lines.join("\n")
}

fn object(file: &str, verified: &Verified, exit_code: u8) -> Value {
    let Verified { run_id, has_known_bytes, rows, differences, notes } = verified;
    json!({
        "file": file,
        "run_id": run_id,
        "same_bytes": has_known_bytes,
        "rows": rows,
        "differences": differences.iter().map(difference).collect::<Vec<Value>>(),
        "notes": notes,
        "exit_code": exit_code,
    })
}

fn difference(difference: &Difference) -> Value {
    let text = difference.text();
    match difference {
        Difference::Cell { place, column, of, was, is } => json!({
            "what": "changed", "place": place, "column": column, "of": of, "was": was, "is": is,
            "text": text,
        }),
        Difference::Missing { of } => json!({"what": "missing", "of": of, "text": text}),
        Difference::Added { place, of } => {
            json!({"what": "added", "place": place, "of": of, "text": text})
        }
        Difference::NoColumn { column, .. } => {
            json!({"what": "no_column", "column": column, "text": text})
        }
        Difference::Other { .. } => json!({"what": "other", "text": text}),
    }
}
