//! The files of src/ as a house: no circle among them, and no import against the order of the rooms in the table of src/lib.rs.
//! No circle among the files of tests/ either.
//!
//! An arrow runs from a file to the file that *defines* what it names, in a `use` or in a path such as `super::wire::take`.
//! - A re-export (`pub use`) is a door: a name that comes through it draws an arrow to the file after it, and the door itself
//!   draws none. So a folder's `mod.rs` may show what is in the folder. The files in the folder may name its own definitions,
//!   or it may name theirs, but not both.
//! - A method is no name: an `impl` in another file draws arrows to the types that it names, and a call draws none.
//! - Of src/, tests, and what only tests compile, do not count.
//!
//! A room is a file or a folder right in src/. It imports only from rooms that stand above it in the table.

#![allow(clippy::expect_used, reason = "a test's own bug may panic")]

mod circles;
mod house;
mod names;

use std::collections::BTreeSet;
use std::fs;

use circles::circles;
use house::{House, Import};

fn ours() -> House {
    House::read("src/lib.rs", &|path| fs::read_to_string(path).ok())
}

#[test]
fn no_file_is_in_a_circle() {
    let circles = circles(&ours().imports);
    assert!(circles.is_empty(), "circles:\n{}", circles.join("\n"));
}

/// The files that all tests share come with each of them.
#[test]
fn no_file_of_the_tests_is_in_a_circle() {
    for root in ["tests/attack.rs", "tests/rooms/main.rs"] {
        let imports = House::read(root, &|path| fs::read_to_string(path).ok()).imports;
        assert!(!imports.is_empty(), "{root}");
        let circles = circles(&imports);
        assert!(circles.is_empty(), "circles:\n{}", circles.join("\n"));
    }
}

#[test]
fn no_import_is_against_the_order_of_the_rooms() {
    let house = ours();
    let place = |room: &str| house.table.iter().position(|other| other == room);
    let wrong = house.imports.iter().filter(|Import { from, to, .. }| {
        let (from, to) = (house.room(from), house.room(to));
        from != to && place(from) <= place(to)
    });
    let wrong: BTreeSet<String> = wrong.map(Import::to_string).collect();
    assert!(wrong.is_empty(), "a room imports only from those above it in the table of src/lib.rs:\n{wrong:#?}");
}

#[test]
fn each_room_is_in_the_table_once() {
    let House { mut table, rooms, .. } = ours();
    table.sort();
    assert_eq!(table, rooms);
}

/// The imports that the check sees and those that it does not see; no real file has these names.
#[test]
fn doors_draw_no_arrow_and_circles_are_found() {
    let files = [
        ("src/lib.rs", "//! | `low` | a |\n//! | `high` | b |\nmod low;\nmod high;"),
        (
            "src/low.rs",
            "#[cfg(test)]\nmod tests { use crate::high::Face; }\npub struct Low(Option<crate::high::inner::Inner>);",
        ),
        (
            "src/high/mod.rs",
            "mod inner;\nmod other;\npub use inner::{Inner, deep::{self as d, Deep}};\npub struct Face;",
        ),
        ("src/high/inner.rs", "pub mod deep;\nuse super::Face;\nuse crate::low;\npub struct Inner(low::Low);"),
        ("src/high/inner/deep.rs", "pub struct Deep;\nfn f() { vec![super::super::other::g()] }"),
        ("src/high/other.rs", "use super::Deep;\npub fn g() {}"),
    ];
    let house = House::read("src/lib.rs", &|path| {
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    });
    let seen: Vec<String> = house.imports.iter().map(Import::to_string).collect();
    assert_eq!(
        seen,
        [
            "src/high/inner.rs -> src/high/mod.rs: Face",
            "src/high/inner.rs -> src/low.rs: Low",
            "src/high/inner/deep.rs -> src/high/other.rs: g",
            "src/high/other.rs -> src/high/inner/deep.rs: Deep",
            "src/low.rs -> src/high/inner.rs: Inner",
        ]
    );
    assert_eq!(
        circles(&house.imports),
        [
            "  src/high/inner.rs -> src/low.rs: Low\n  src/low.rs -> src/high/inner.rs: Inner\n",
            "  src/high/inner/deep.rs -> src/high/other.rs: g\n  src/high/other.rs -> src/high/inner/deep.rs: Deep\n",
        ]
    );
    assert_eq!(
        (house.table, house.rooms),
        (vec!["low".to_owned(), "high".to_owned()], vec!["high".to_owned(), "low".to_owned()])
    );
}
