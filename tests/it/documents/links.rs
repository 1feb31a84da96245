//! The shape of the documents: a short README, and links that lead somewhere.

use super::{document, pages};
use std::collections::BTreeSet;
use std::path::Path;

/// A longer README is not read by a new user.
const README_LINES: usize = 200;

/// The lines of a document that are not in a code block.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    document.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of all links in a document.
fn links(document: &str) -> Vec<&str> {
    let targets = |line| str::split(line, "](").skip(1).filter_map(|rest| rest.split_once(')'));
    prose(document).flat_map(targets).map(|(target, _)| target).collect()
}

/// The anchors of a document: its headings, as GitHub and GitLab form them.
fn anchors(document: &str) -> BTreeSet<String> {
    let keeps = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    let headings = prose(document).filter(|line| line.starts_with('#'));
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(keeps).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn the_readme_is_short() {
    let lines = document("README.md").lines().count();
    assert!(lines < README_LINES, "README.md has {lines} lines");
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = ["cron/README.md", "benches/README.md", "packaging/README.md", "CHANGELOG.md"];
    let others = others.map(str::to_owned);
    let mut checked = 0;
    let mut wrong = Vec::new();
    for name in pages().into_iter().chain(others) {
        let page = document(&name);
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            checked += 1;
            let (path, anchor) =
                link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let directory = Path::new(&name).parent().unwrap();
            let target =
                if path.is_empty() { Path::new(&name).into() } else { directory.join(path) };
            if !root.join(&target).exists() {
                wrong.push(format!("{name}: {link}: there is no such file"));
            } else if let Some(anchor) = anchor
                && !anchors(&document(target.to_str().unwrap())).contains(anchor)
            {
                wrong.push(format!("{name}: {link}: there is no such heading"));
            }
        }
    }
    assert!(checked > 20, "only {checked} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_links_to_every_page() {
    let readme = document("README.md");
    let links: BTreeSet<&str> = links(&readme).into_iter().collect();
    for page in pages().iter().skip(1) {
        assert!(links.contains(page.as_str()), "README.md does not link to {page}");
    }
}
