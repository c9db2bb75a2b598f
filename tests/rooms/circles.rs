//! Circles: the largest sets of files each of which reaches each other by arrows.

use std::collections::{BTreeMap, BTreeSet};

use super::house::Import;

/// The arrows inside of each set, a line each.
pub fn circles(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Import { from, to, .. } in imports {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reached(&next, file))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let together =
        |file: &str| next.keys().filter(|other| reaches(file, other) && reaches(other, file)).copied().collect();
    let sets: BTreeSet<Vec<&str>> = next.keys().map(|file| together(file)).collect();
    sets.into_iter().filter(|files| !files.is_empty()).map(|files| arrows_among(&files, imports)).collect()
}

fn reached<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = waiting.pop() {
        if reached.insert(file) {
            waiting.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}

fn arrows_among(files: &[&str], imports: &BTreeSet<Import>) -> String {
    let inside = imports.iter().filter(|Import { from, to, .. }| files.contains(&&**from) && files.contains(&&**to));
    inside.map(|import| format!("  {import}\n")).collect()
}
