//! A manifest, held against the database and against the files that it names.

use super::{Difference, Runs, Verified, unreadable, verify_file};
use crate::decisions;
use crate::failure::{Failure, code};
use crate::report::{CsvDialect, FindingDigest, View, manifest_head};
use crate::store::Store;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The parts of a manifest that are read by name.
#[derive(Deserialize)]
struct Manifest {
    run_id: i64,
    csv: CsvDialect,
    #[serde(rename = "previous_manifest")]
    previous: Option<String>,
    rows: BTreeMap<String, String>,
    files: Vec<File>,
    /// Everything else.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    sha256: String,
}

pub(super) fn verify(store: &Store, path: &Path, runs: &mut Runs) -> Result<Verified, Failure> {
    let opened = decisions::open(path).map_err(|error| unreadable(&error))?;
    let sha256 = opened.sha256().to_owned();
    let bytes = decisions::bytes(opened).map_err(|error| unreadable(&error))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| not_one(path, &error))?;
    let view = manifest.others.get("view").cloned();
    let view: Option<View> = view.and_then(|view| serde_json::from_value(view).ok());
    if let Some(view) = view {
        runs.show(store, manifest.run_id, view)?;
    }
    let (run, rows_of) = runs.reported(store, manifest.run_id)?;
    let run_id = run.summary.run_id;
    let mut differences = Vec::new();
    let mut differs = |text: String| differences.push(Difference::Other { text });

    let night = store.night(&run)?;
    let head = manifest_head(&night, &manifest.csv, store.taken_from_store(run_id)?, view);
    let mut there = manifest.others.clone();
    for (key, was) in head.as_object().into_iter().flatten() {
        let is = match key.as_str() {
            "run_id" | "csv" => continue,
            "previous_manifest" => manifest.previous.clone().into(),
            _ => there.remove(key).unwrap_or_default(),
        };
        let mut is_said = false;
        each_difference(was, &is, "", &mut |path, was, is| {
            is_said = true;
            let path = if path.is_empty() { String::new() } else { format!(" {path}:") };
            differs(format!("{key}:{path} the database has {was}, the manifest {is}"));
        });
        if is != *was && !is_said {
            differs(format!("{key}: the manifest has the same in another order"));
        }
    }
    for key in there.keys() {
        differs(format!("{key}: the program writes no such field"));
    }

    let mut left = manifest.rows;
    let mut digest = FindingDigest::new(&manifest.csv).ok_or_else(|| {
        Failure::new(
            code::STORAGE,
            format!("{} names a CSV dialect that is not known", super::shown_path(path)),
            "it was changed, or is of another release",
        )
    })?;
    let mut rows = 0;
    store.report_rows::<Failure>(rows_of, |finding| {
        rows += 1;
        let of = || format!("{} ({})", finding.mismatch_id, finding.key.merchant_order_id);
        match left.remove(&finding.mismatch_id) {
            None => differs(format!("rows: {} is missing", of())),
            Some(is) if is != digest.of(finding) => {
                differs(format!("rows: {} is not as the database has it", of()));
            }
            Some(_) => {}
        }
        Ok(())
    })?;
    for id in left.keys() {
        differs(format!("rows: {id} is not of this run"));
    }

    let recorded = store.manifest_of(run_id)?;
    if view.is_none() && recorded.as_deref().is_some_and(|recorded| recorded != sha256) {
        differs(format!(
            "its SHA-256 is {sha256}, but run {run_id} wrote {}: it was changed, or written again \
             with other settings or by another release",
            recorded.unwrap_or_default()
        ));
    }
    if let Some(previous) = &manifest.previous
        && !store.has_report_file(previous)?
    {
        differs(format!("previous_manifest: no run of this database wrote {previous}"));
    }
    let has_known_bytes = store.has_report_file(&sha256)?;
    let mut notes = Vec::new();
    for file in &manifest.files {
        let mut found = check_file(store, path, file, run_id, runs)?;
        differences.append(&mut found.differences);
        notes.append(&mut found.notes);
    }
    Ok(Verified { run_id, has_known_bytes, rows, differences, notes })
}

/// The run and the view that the manifest beside a report names, if it is one of a view.
pub(super) fn view_beside(report: &Path) -> Option<(i64, View)> {
    #[derive(Deserialize)]
    struct Viewed {
        run_id: i64,
        view: View,
    }
    let opened = decisions::open(&report.with_extension("json")).ok()?;
    let bytes = decisions::bytes(opened).ok()?;
    let viewed: Viewed = serde_json::from_slice(&bytes).ok()?;
    Some((viewed.run_id, viewed.view))
}

/// Gives each place where two values differ, with what is there: a settings' list has hundreds of
/// lines, of which one may differ.
fn each_difference(
    was: &Value,
    is: &Value,
    path: &str,
    take: &mut dyn FnMut(&str, String, String),
) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let nothing = Value::Null;
    match (was, is) {
        _ if was == is => {}
        (Value::Object(was), Value::Object(is)) => {
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for name in names {
                let (was, is) = (was.get(name), is.get(name));
                let (was, is) = (was.unwrap_or(&nothing), is.unwrap_or(&nothing));
                each_difference(was, is, &below(name), take);
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            let by_name = is_named(was) && is_named(is);
            let (was, is) = (placed(was, by_name), placed(is, by_name));
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for name in names {
                let (was, is) = (was.get(name), is.get(name));
                let (was, is) = (was.copied(), is.copied());
                // A setting is told whole: its value with where it comes from.
                match (was, is) {
                    (Some(was), Some(is)) if was.get("key").is_none() => {
                        each_difference(was, is, &below(name), take);
                    }
                    (was, is) if was != is => take(&below(name), shown(was), shown(is)),
                    _ => {}
                }
            }
        }
        _ => take(path, shown(Some(was)), shown(Some(is))),
    }
}

/// What names an element of a list: a setting's key, a file's name, or what a sum is of.
fn name(value: &Value) -> Option<String> {
    let text = |field| value.get(field).and_then(Value::as_str);
    let money = || text("currency").zip(text("transaction_type"));
    let name = text("key").or(text("name")).map(ToOwned::to_owned);
    name.or_else(|| money().map(|(currency, of)| format!("{currency} {of}")))
}

/// Whether each element of a list has a name of its own.
fn is_named(list: &[Value]) -> bool {
    let names: Option<BTreeSet<String>> = list.iter().map(name).collect();
    names.is_some_and(|names| names.len() == list.len())
}

/// The elements of a list by their names, or by their places.
fn placed(list: &[Value], by_name: bool) -> BTreeMap<String, &Value> {
    let key = |(place, value)| {
        let place = || format!("{:03}", place + 1);
        (name(value).filter(|_| by_name).unwrap_or_else(place), value)
    };
    list.iter().enumerate().map(key).collect()
}

/// A value for people: a setting as its value and where it comes from.
fn shown(value: Option<&Value>) -> String {
    let Some(value) = value.filter(|value| !value.is_null()) else { return "nothing".to_owned() };
    let text = |field| value.get(field).and_then(Value::as_str);
    match text("value").zip(text("source")) {
        Some((value, source)) => format!("{value} ({source})"),
        None => value.to_string(),
    }
}

/// What was found about a file that a manifest names.
#[derive(Default)]
struct Found {
    differences: Vec<Difference>,
    notes: Vec<String>,
}

/// Checks a file that the manifest names: its digest, and the cells of a table.
fn check_file(
    store: &Store,
    manifest: &Path,
    file: &File,
    run_id: i64,
    runs: &mut Runs,
) -> Result<Found, Failure> {
    let File { name, sha256 } = file;
    let Found { mut differences, mut notes } = Found::default();
    let mut differs = |text: String| differences.push(Difference::Other { text });
    if Path::new(name).file_name().is_none_or(|own| own != name.as_str()) {
        differs(format!("files: {name:?} is not a name"));
        return Ok(Found { differences, notes });
    }
    let path = manifest.with_file_name(name);
    let opened = match decisions::open(&path) {
        Ok(opened) => opened,
        Err(error) => {
            differs(format!("files: {error}"));
            return Ok(Found { differences, notes });
        }
    };
    let is_table = path.extension().is_some_and(|it| it == "csv" || it == "xlsx")
        && !name.contains("-invalid-rows.");
    if opened.sha256() != sha256 {
        differs(format!("files: {name} has the SHA-256 {}, not {sha256}", opened.sha256()));
    } else if !store.has_report_file(sha256)? {
        notes.push(format!("{name}: run {run_id} did not record this SHA-256"));
    }
    if is_table {
        let verified = verify_file(store, &path, runs)?;
        let found = verified
            .differences
            .into_iter()
            .map(|difference| Difference::Other { text: format!("{name}: {}", difference.text()) });
        differences.extend(found);
    }
    Ok(Found { differences, notes })
}

fn not_one(path: &Path, error: &serde_json::Error) -> Failure {
    Failure::usage(
        format!("{} is not a manifest: {error}", super::shown_path(path)),
        "name a report of this program; latest.json may say that there is no report",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(was: &Value, is: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        each_difference(was, is, "", &mut |path, was, is| {
            lines.push(format!("{path}: {was} -> {is}"));
        });
        lines
    }

    #[test]
    fn each_place_that_differs_is_told_alone() {
        let file = |sha256: &str| json!({"name": "a.csv", "sha256": sha256});
        let setting =
            |key: &str, value: &str| json!({"key": key, "value": value, "source": "file"});
        for (was, is, expected) in [
            (json!(1), json!(1), &[][..]),
            (json!(1), Value::Null, &[": 1 -> nothing"]),
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1, "c": 3}),
                &["b: 2 -> nothing", "c: nothing -> 3"],
            ),
            (
                json!([setting("a", "1"), setting("b", "2")]),
                json!([setting("b", "3"), setting("a", "1")]),
                &["b: 2 (file) -> 3 (file)"],
            ),
            // Two files of one name are told by their places.
            (
                json!([file("x"), file("y")]),
                json!([file("z"), file("y")]),
                &["001.sha256: \"x\" -> \"z\""],
            ),
            (json!(["a"]), json!(["a", "b"]), &["002: nothing -> \"b\""]),
        ] {
            assert_eq!(lines(&was, &is), expected, "{was} {is}");
        }
    }
}
