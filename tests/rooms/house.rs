//! The modules of a crate, from its `lib.rs` on, and which file names what of which other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::names::{Names, Path};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub from: String,
    pub to: String,
    pub name: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from, self.to, self.name)
    }
}

#[derive(Debug)]
pub struct House {
    /// Sorted by name.
    pub rooms: Vec<String>,
    /// The rooms in the order of the table in the documentation of `lib.rs`.
    pub table: Vec<String>,
    pub imports: BTreeSet<Import>,
    room_of: BTreeMap<String, String>,
}

struct Module {
    file: String,
    names: Names,
}

/// By path from the crate's root, which is the empty one.
type Modules = BTreeMap<Path, Module>;

type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

impl House {
    pub fn read(root: &str, read: Read<'_>) -> Self {
        let mut modules = Modules::new();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        enter(Path::new(), root, folder, read, &mut modules);
        let mut imports = BTreeSet::new();
        for (module, Module { file, names }) in &modules {
            for path in names.used() {
                let found = names.absolute(&path, module).and_then(|path| definition(&path, &modules));
                if let Some((to, name)) = found.filter(|(to, _)| to != file) {
                    imports.insert(Import { from: file.clone(), to, name });
                }
            }
        }
        let rooms = modules.keys().filter(|path| path.len() == 1).flatten().cloned().collect();
        let room_of = modules.iter().filter_map(|(path, module)| Some((module.file.clone(), path.first()?.clone())));
        let table = table(&read(root).unwrap_or_default());
        Self { rooms, table, imports, room_of: room_of.collect() }
    }

    pub fn room(&self, file: &str) -> &str {
        self.room_of.get(file).map_or("", String::as_str)
    }
}

/// A module, and those in it.
fn enter(path: Path, file: &str, folder: &str, read: Read<'_>, modules: &mut Modules) {
    let text = read(file).expect("a file of this name");
    let names = Names::of(&text);
    for child in names.modules.clone() {
        let folder = format!("{folder}/{child}");
        let file = [format!("{folder}.rs"), format!("{folder}/mod.rs")].into_iter().find(|file| read(file).is_some());
        enter([path.clone(), vec![child]].concat(), &file.expect("a file of the module"), &folder, read, modules);
    }
    modules.insert(path, Module { file: file.to_owned(), names });
}

/// The file that defines what a path from the root names, and the name; through all doors on the way.
fn definition(path: &[String], modules: &Modules) -> Option<(String, String)> {
    let depth = (0..=path.len()).rev().find(|depth| modules.contains_key(path.get(..*depth).unwrap_or_default()))?;
    let (module, rest) = path.split_at_checked(depth)?;
    // A module as such is no definition: what counts is what is named in it.
    let (name, further) = rest.split_first()?;
    let Module { file, names } = modules.get(module)?;
    match names.door(name).and_then(|path| names.absolute(path, module)) {
        Some(target) => definition(&[target, further.to_vec()].concat(), modules),
        None => Some((file.clone(), name.clone())),
    }
}

/// The first column of the table, as far as it is code.
fn table(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}
