//! Where keys are in a configuration: what is there twice, and a key below another table than its
//! own.

use super::message;

/// What to do about an error at this line (from 1). `keys_of` gives the keys of a table; none, if
/// it takes any word.
pub(super) fn hint(
    content: &str,
    line: usize,
    message: &str,
    keys_of: &dyn Fn(&[String], bool) -> Vec<String>,
) -> Option<String> {
    let heads: Vec<Head> =
        numbered(content).filter_map(|(at, text)| Head::read(at, text)).collect();
    if message.starts_with("duplicate key") {
        return twice(content, line, &heads);
    }
    if heads.iter().any(|head| head.line == line) {
        return None;
    }
    let key = numbered(content).find(|(at, _)| *at == line).and_then(|(_, text)| key(text))?;
    let root = Head { line: 0, path: Vec::new(), is_list: false };
    let under = heads.iter().rfind(|head| head.line < line).unwrap_or(&root);
    let has_key = |path: &[String], is_list| keys_of(path, is_list).iter().any(|it| it == key);
    if has_key(&under.path, under.is_list) {
        return None;
    }
    let around = (1..under.path.len()).rev().map(|depth| under.path[..depth].to_vec());
    if let Some(table) = around.into_iter().find(|path| has_key(path, false)) {
        return Some(move_above(key, &table, &heads, under));
    }
    let tables = keys_of(&[], false).into_iter().map(|name| vec![name]);
    let mut tables = tables.filter(|path| has_key(path, false));
    match (tables.next(), tables.next()) {
        (Some(table), None) => Some(move_below(key, &table, &heads)),
        _ => None,
    }
}

/// A line that opens a table.
struct Head {
    line: usize,
    path: Vec<String>,
    /// `[[table]]`.
    is_list: bool,
}

impl Head {
    fn read(line: usize, text: &str) -> Option<Head> {
        let text = text.trim_start();
        let is_list = text.starts_with("[[");
        if !text.starts_with('[') {
            return None;
        }
        let mut path = Vec::new();
        let mut table: toml::Table = text.parse().ok()?;
        while let Some((name, inner)) = table.into_iter().next() {
            path.push(name);
            table = inner.try_into().unwrap_or_default();
        }
        Some(Head { line, path, is_list })
    }

    fn shown(&self) -> String {
        if self.is_list { format!("[{}]", shown(&self.path)) } else { shown(&self.path) }
    }
}

fn shown(path: &[String]) -> String {
    format!("[{}]", message::name_of(&path.join(".")))
}

fn numbered(content: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(content.lines())
}

/// The key that a line sets.
fn key(text: &str) -> Option<&str> {
    let (key, _) = text.split_once('=')?;
    Some(key.trim().trim_matches(['"', '\'']))
}

/// A table or a key that is there twice, the second time in this line.
fn twice(content: &str, line: usize, heads: &[Head]) -> Option<String> {
    if let Some(second) = heads.iter().find(|head| head.line == line) {
        let first = heads.iter().find(|head| head.line < line && head.path == second.path)?;
        let (table, at) = (second.shown(), first.line);
        return Some(format!(
            "{table} is there twice (lines {at} and {line}); put its keys together"
        ));
    }
    let start = heads.iter().rfind(|head| head.line < line).map_or(0, |head| head.line);
    let mut lines = numbered(content).filter(|(at, _)| *at > start);
    let name = key(content.lines().nth(line.checked_sub(1)?)?)?;
    let (at, _) = lines.find(|(at, text)| *at < line && key(text) == Some(name))?;
    let name = message::name_of(name);
    Some(format!("`{name}` is there twice (lines {at} and {line}); remove one of the two"))
}

/// A key of a table that was written below one of its inner tables.
fn move_above(key: &str, table: &[String], heads: &[Head], under: &Head) -> String {
    let inner =
        heads.iter().find(|head| head.path.len() > table.len() && head.path.starts_with(table));
    let inner = inner.unwrap_or(under);
    match heads.iter().find(|head| head.path == table) {
        Some(own) if own.line < inner.line => {
            format!("`{key}` is a key of {}; move it above {}", shown(table), inner.shown())
        }
        _ => move_below(key, table, heads),
    }
}

/// A key of a table that was written elsewhere.
fn move_below(key: &str, table: &[String], heads: &[Head]) -> String {
    let is_there = heads.iter().any(|head| head.path == table);
    let to = if is_there { "move it below" } else { "put it below a line" };
    format!("`{key}` is a key of {table}; {to} {table}", table = shown(table))
}

#[cfg(test)]
mod tests {

    fn keys_of(path: &[String], _: bool) -> Vec<String> {
        let keys: &[&str] = match path.join(".").as_str() {
            "" => &["gateway", "ledger", "report"],
            "gateway" => &["base_url", "proxy"],
            "ledger" => &["timezone", "delimiter", "columns", "skip", "statuses"],
            "report" => &["delimiter", "csv"],
            "ledger.columns" => &["amount", "currency"],
            "ledger.skip" => &["column", "values"],
            _ => &[],
        };
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_hint_says_where_a_key_belongs() {
        let columns = "[ledger]\ndelimiter = ';'\n\n[ledger.columns]\namount = 'T'\n";
        let skip = "[ledger.columns]\n[[ledger.skip]]\ncolumn = 'T'\n";
        for (content, message, hint) in [
            (
                format!("{columns}timezone = 'UTC'"),
                "unknown variant",
                Some("`timezone` is a key of [ledger]; move it above [ledger.columns]"),
            ),
            (
                format!("[ledger]\n{skip}timezone = 'UTC'"),
                "unknown field",
                Some("`timezone` is a key of [ledger]; move it above [ledger.columns]"),
            ),
            (
                format!("[ledger]\n{skip}timezone = 'UTC'").replace("[ledger.columns]\n", ""),
                "unknown field",
                Some("`timezone` is a key of [ledger]; move it above [[ledger.skip]]"),
            ),
            (
                format!("{skip}\"timezone\" = 'UTC'"),
                "unknown field",
                Some("`timezone` is a key of [ledger]; put it below a line [ledger]"),
            ),
            (
                "[ledger.statuses]\nnew = 'open'\n[ledger]\n[ledger.columns]\ntimezone = 1".into(),
                "unknown variant",
                Some("`timezone` is a key of [ledger]; move it below [ledger]"),
            ),
            // A table that takes any word refuses the value.
            (
                "[ledger]\n[ledger.statuses]\ndelimiter = ';'".into(),
                "invalid value",
                Some("`delimiter` is a key of [ledger]; move it above [ledger.statuses]"),
            ),
            (
                "[ledger]\nproxy = 'x'".into(),
                "unknown field",
                Some("`proxy` is a key of [gateway]; put it below a line [gateway]"),
            ),
            (
                "timezone = 'UTC'\n[ledger]\n".replace("[ledger]\n", ""),
                "unknown field",
                Some("`timezone` is a key of [ledger]; put it below a line [ledger]"),
            ),
            // A key of two tables, a key that is in its place, and one that nobody knows.
            ("[gateway]\ndelimiter = ';'".into(), "unknown field", None),
            ("[ledger.columns]\namount = 5".into(), "invalid type", None),
            ("[ledger.skip]\nvalues = 5".into(), "invalid type", None),
            (format!("{columns}colour = 1"), "unknown variant", None),
            ("[ledger.colums]".into(), "unknown field", None),
        ] {
            let line = content.lines().count();
            let found = super::hint(&content, line, message, &keys_of);
            assert_eq!(found.as_deref(), hint, "{content}");
        }
    }

    #[test]
    fn a_hint_says_what_is_there_twice() {
        let (long, cut) = ("k".repeat(61), "k".repeat(60));
        for (content, hint) in [
            (
                "[ledger]\na = 1\n[report]\n[ 'ledger' ] # again",
                Some("[ledger] is there twice (lines 1 and 4); put its keys together"),
            ),
            (
                "[ledger]\n[ledger.columns]\n[gateway]\n[ledger.columns]",
                Some("[ledger.columns] is there twice (lines 2 and 4); put its keys together"),
            ),
            (
                "[gateway]\na = 1\n[ledger]\na = 1\nb = 2\na = 3",
                Some("`a` is there twice (lines 4 and 6); remove one of the two"),
            ),
            ("ledger.a = 1\n[ledger]", None),
            ("[ledger]\nb = {a = 1, a = 2}", None),
            (
                &format!("[{long}]\n[{long}]"),
                Some(&*format!("[{cut}…] is there twice (lines 1 and 2); put its keys together")),
            ),
            (
                &format!("{long} = 1\n{long} = 2"),
                Some(&format!("`{cut}…` is there twice (lines 1 and 2); remove one of the two")),
            ),
        ] {
            let line = content.lines().count();
            let found = super::hint(content, line, "duplicate key", &keys_of);
            assert_eq!(found.as_deref(), hint, "{content}");
        }
    }
}
