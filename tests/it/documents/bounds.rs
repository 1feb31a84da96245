//! The table of limits in `docs/reliability.md`: each is the value of the constant that it names.

use super::{document, rows, section};

/// A value in its smallest unit: bytes or milliseconds; a count has no unit.
fn limit(cell: &str) -> Option<u128> {
    let (number, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let number: u128 = number.replace(',', "").parse().ok()?;
    let unit = match unit {
        "" | "bytes" | "ms" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "s" => 1_000,
        "hours" => 60 * 60 * 1_000,
        "days" => 24 * 60 * 60 * 1_000,
        _ => return None,
    };
    Some(number * unit)
}

/// The value of a constant's expression: products, shifts, and durations.
fn value(expression: &str, source: &str) -> Option<u128> {
    let expression = expression.trim();
    if let Some((what, inside)) = expression.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let unit = match what {
            "Duration::from_millis" => 1,
            "Duration::from_secs" => 1_000,
            "Duration::from_mins" => 60 * 1_000,
            "Duration::from_hours" => 60 * 60 * 1_000,
            _ => return None,
        };
        return Some(unit * value(inside, source)?);
    }
    if let Some((one, other)) = expression.split_once("<<") {
        return Some(value(one, source)? << value(other, source)?);
    }
    if let Some((one, other)) = expression.split_once('*') {
        return Some(value(one, source)? * value(other, source)?);
    }
    let number = expression.replace('_', "");
    number.parse().ok().or_else(|| constant(expression, source))
}

/// The value of a constant in a source file.
fn constant(name: &str, source: &str) -> Option<u128> {
    let (_, rest) = source.split_once(&format!("const {name}: "))?;
    let (expression, _) = rest.split_once(';')?;
    value(expression.split_once('=')?.1, source)
}

#[test]
fn every_limit_is_the_value_of_its_constant() {
    let page = document("docs/reliability.md");
    let table = rows(section(&page, "## Bounds"));
    assert!(table.len() > 50, "{}", table.len());
    for row in table {
        let [what, said, past, place] = &row[..] else { panic!("{row:?}") };
        let Some((file, name)) = place.split_once(' ') else { panic!("{row:?}") };
        let found = constant(name, &document(file));
        assert!(found.is_some(), "{what}: no constant {place}");
        assert_eq!(limit(said), found, "{what}: {said}, {place} ({past})");
    }
}
