//! The page: what it says, that nothing in it is live, and that it stays bounded.

mod contrast;
mod examples;
mod text;
mod verdicts;

use super::collected::Collected;
use super::{frame, render};
use examples::Example;

/// The example's page.
fn page(example: &Example) -> String {
    let mut collected = Collected::new(example.night.summary.day);
    for part in example.parts() {
        collected.add(part);
    }
    render(&example.night, "mismatches-2026-11-24_2026-11-26-run42", &collected).into_string()
}

/// The page without its style and script, which are the same on each.
fn body(page: &str) -> String {
    page.replace(frame::STYLE, "").replace(frame::SCRIPT, "")
}

/// The words of a part of the page, without markup.
fn words(page: &str, from: &str, to: &str) -> String {
    let start = page.find(from).unwrap_or(page.len());
    let end = page[start..].find(to).map_or(page.len(), |at| start + at);
    let mut words = String::new();
    let mut is_tag = false;
    for character in page[start..end].chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            other if !is_tag => words.push(other),
            _ => {}
        }
    }
    words
}

/// Every id is once on the page, so that a link finds its row, and every link finds one.
#[test]
fn links_find_their_row() {
    let page = body(&page(&examples::small()));
    let values = |name: &str| -> Vec<String> {
        let found = page.split(name).skip(1).filter_map(|rest| rest.split('"').next());
        found.map(str::to_owned).collect()
    };
    let mut ids = values(" id=\"");
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    let links = values("href=\"#");
    assert!(links.len() > 20, "{links:?}");
    let broken: Vec<_> = links.iter().filter(|link| !ids.contains(link)).collect();
    assert!(broken.is_empty(), "{broken:?}");
    for described in values("aria-labelledby=\"") {
        let mut names = described.split(' ');
        assert!(names.all(|name| ids.iter().any(|id| id == name)), "{described}");
    }
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    assert_eq!(page(&examples::small()), page(&examples::small()));
}

/// The 1,000 most urgent orders; the sums are those of all.
#[test]
fn the_page_is_bounded_and_its_sums_are_not() {
    let many = page(&examples::many(5000));
    let orders = many.matches("<tbody class=\"order\"").count();
    assert_eq!(orders, 1000);
    assert!(many.contains("The page shows 1,000 of 5,000 orders"));
    assert!(many.contains("run42</bdi>.xlsx"));
    let even_more = page(&examples::many(6000));
    let growth = even_more.len().abs_diff(many.len());
    assert!(growth < 2000, "{growth}");
    assert!(words(&many, "id=\"money\"", "</section>").contains("5,000"));
}

/// Writes the examples for a person to look at.
#[test]
#[ignore = "writes files for a person, into target/page-examples"]
fn write_examples() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page-examples");
    std::fs::create_dir_all(&directory)?;
    for (name, example) in [
        ("small", examples::small()),
        ("clean", examples::clean()),
        ("incomplete", examples::incomplete()),
        ("many", examples::many(5000)),
    ] {
        std::fs::write(directory.join(format!("page-{name}.html")), page(&example))?;
    }
    std::fs::write(directory.join("page-status.html"), verdicts::no_report())?;
    Ok(())
}

/// Each order is rendered or only summed; the memory is that of what is shown.
#[test]
#[ignore = "measures the time of 100,000 orders; run it in release"]
fn a_hundred_thousand_orders() {
    let example = examples::many(100_000);
    let start = std::time::Instant::now();
    let length = page(&example).len();
    let elapsed = start.elapsed();
    assert!(elapsed < std::time::Duration::from_secs(3), "{elapsed:?} for {length} bytes");
}
