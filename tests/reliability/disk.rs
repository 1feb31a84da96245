//! A disk that loses its power: which files can be there after a cut at some step.
//!
//! What a sync covers is there. Of all other changes any part may be: none, all, the first ones,
//! some of them in any order, and the sectors of a write one by one.

use crate::stage::Files;
use crate::trace::Step;
use std::collections::BTreeMap;

const SECTOR: usize = 512;

/// A change of a file's content or of a name. Files have numbers, because names change.
enum Change {
    Write {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
    },
    Resize {
        file: usize,
        length: usize,
    },
    /// A name for a file; with the name that it had before.
    Name {
        file: usize,
        name: String,
        before: Option<String>,
    },
    Unname {
        name: String,
    },
}

/// The changes of a run, with the step at which a sync covers each.
pub struct Disk {
    start: Vec<Vec<u8>>,
    start_names: BTreeMap<String, usize>,
    /// The step of the change, the change, and the step of the sync that covers it.
    changes: Vec<(usize, Change, Option<usize>)>,
}

/// Which names survive of those that no sync covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    None,
    All,
    /// The first ones, as a file system with a journal leaves them.
    First,
    /// Any of them.
    Some,
}

/// The files after a cut.
pub struct Image {
    pub files: Files,
    pub names: Names,
}

impl Disk {
    pub fn new(start: &Files, steps: &[Step]) -> Disk {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut contents = Vec::new();
        for (name, content) in start {
            names.insert(name.clone(), contents.len());
            contents.push(content.clone());
        }
        let start_names = names.clone();
        let mut changes: Vec<(usize, Change, Option<usize>)> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let change = match step {
                Step::Create { name } => {
                    names.insert(name.clone(), contents.len());
                    contents.push(Vec::new());
                    Change::Name { file: contents.len() - 1, name: name.clone(), before: None }
                }
                Step::Write { name, offset, bytes } => {
                    let Some(file) = names.get(name) else { continue };
                    Change::Write { file: *file, offset: *offset, bytes: bytes.clone() }
                }
                Step::Resize { name, length } => {
                    let Some(file) = names.get(name) else { continue };
                    Change::Resize { file: *file, length: *length }
                }
                Step::Rename { from, to } => {
                    let Some(file) = names.remove(from) else { continue };
                    names.insert(to.clone(), file);
                    Change::Name { file, name: to.clone(), before: Some(from.clone()) }
                }
                Step::Unlink { name } => {
                    names.remove(name);
                    Change::Unname { name: name.clone() }
                }
                Step::Sync { name } => {
                    let synced = names.get(name).copied();
                    for (_, change, covered) in &mut changes {
                        if covered.is_none() && change.is_covered(synced, name) {
                            *covered = Some(at);
                        }
                    }
                    continue;
                }
            };
            changes.push((at, change, None));
        }
        Disk { start: contents_at_start(start, contents.len()), start_names, changes }
    }

    /// The files when every change before the step `cut` is there.
    pub fn all(&self, cut: usize) -> Files {
        self.build(cut, |_, _| usize::MAX)
    }

    /// The files as a power cut before the step `cut` can leave them.
    pub fn image(&self, cut: usize, random: &mut fastrand::Rng) -> Image {
        let pending = self.changes.iter().filter(|it| is_pending(it, cut)).count();
        let first = random.usize(0..=pending);
        let data = random.usize(0..5);
        let names = [Names::None, Names::All, Names::First, Names::Some][random.usize(0..4)];
        let mut number = 0;
        let files = self.build(cut, |is_name, length| {
            number += 1;
            let survives = if is_name {
                match names {
                    Names::None => false,
                    Names::All => true,
                    Names::First => number <= first,
                    Names::Some => random.bool(),
                }
            } else {
                match data {
                    0 => false,
                    1 => true,
                    2 => number <= first,
                    _ => random.bool(),
                }
            };
            let is_torn = !is_name && (data == 4 && random.bool() || data == 2 && number == first);
            match (survives, is_torn) {
                (false, _) => 0,
                (true, false) => usize::MAX,
                (true, true) => random.usize(0..=length / SECTOR) * SECTOR,
            }
        });
        Image { files, names }
    }

    /// Applies the changes before `cut`. `survives` is asked for each that no sync covers: whether
    /// it is of a name, its length, and how many of its bytes survive.
    fn build(&self, cut: usize, mut survives: impl FnMut(bool, usize) -> usize) -> Files {
        let mut contents = self.start.clone();
        let mut names = self.start_names.clone();
        for entry in self.changes.iter().filter(|(at, _, _)| *at < cut) {
            let kept = if is_pending(entry, cut) {
                survives(entry.1.is_name(), entry.1.length())
            } else {
                usize::MAX
            };
            if kept == 0 {
                continue;
            }
            match &entry.1 {
                Change::Write { file, offset, bytes } => {
                    let bytes = &bytes[..bytes.len().min(kept)];
                    let end = offset + bytes.len();
                    let content = &mut contents[*file];
                    if content.len() < end {
                        content.resize(end, 0);
                    }
                    content[*offset..end].copy_from_slice(bytes);
                }
                Change::Resize { file, length } => contents[*file].resize(*length, 0),
                Change::Name { file, name, before } => {
                    if let Some(before) = before
                        && names.get(before) == Some(file)
                    {
                        names.remove(before);
                    }
                    names.insert(name.clone(), *file);
                }
                Change::Unname { name } => drop(names.remove(name)),
            }
        }
        names.into_iter().map(|(name, file)| (name, contents[file].clone())).collect()
    }
}

/// The files that are there at the start, then those that the run makes, empty.
fn contents_at_start(start: &Files, files: usize) -> Vec<Vec<u8>> {
    let mut contents: Vec<Vec<u8>> = start.values().cloned().collect();
    contents.resize(files, Vec::new());
    contents
}

fn is_pending((at, _, covered): &(usize, Change, Option<usize>), cut: usize) -> bool {
    *at < cut && covered.is_none_or(|covered| covered >= cut)
}

impl Change {
    fn is_name(&self) -> bool {
        matches!(self, Change::Name { .. } | Change::Unname { .. })
    }

    fn length(&self) -> usize {
        if let Change::Write { bytes, .. } = self { bytes.len() } else { 0 }
    }

    /// Whether a sync of this file, or of the directory with this name, covers the change.
    fn is_covered(&self, synced: Option<usize>, directory: &str) -> bool {
        match self {
            Change::Write { file, .. } | Change::Resize { file, .. } => Some(*file) == synced,
            Change::Name { name, .. } | Change::Unname { name } => {
                let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
                synced.is_none() && parent == directory
            }
        }
    }
}
