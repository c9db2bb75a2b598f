//! docs/compatibility.md names the link types that are read, and no other.

use super::*;

const PAGE: &str = include_str!("../../../docs/compatibility.md");
/// The numbers of libpcap for raw IP on an interface; savefiles, and so the page, have 101.
const RAW_OF_INTERFACES: [LinkType; 2] = [12, 14];

fn table() -> &'static str {
    let (_, section) = PAGE.split_once("\n## Link types\n").unwrap();
    section.split_once("\n## ").unwrap().0
}

#[test]
fn each_link_type_that_is_read_is_in_the_table() {
    let is_named = |number: &LinkType| [format!("({number})"), format!("({number},"), format!(" {number})")];
    let forgotten: Vec<LinkType> = linktypes_read()
        .into_iter()
        .filter(|number| !RAW_OF_INTERFACES.contains(number))
        .filter(|number| !is_named(number).iter().any(|number| table().contains(number)))
        .collect();
    assert!(forgotten.is_empty(), "read, and not in docs/compatibility.md: {forgotten:?}");
}

#[test]
fn each_link_type_in_the_table_is_read() {
    let read = linktypes_read();
    // Tags of VLANs are named by their standards.
    let numbers = |text: &str| -> Vec<LinkType> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter_map(|word| word.parse().ok()).collect()
    };
    let named: Vec<LinkType> =
        table().split('(').skip(1).flat_map(|rest| numbers(rest.split(')').next().unwrap())).collect();
    assert!(named.contains(&258) && named.contains(&149), "both numbers of one parenthesis: {named:?}");
    assert!(named.len() >= read.len() - RAW_OF_INTERFACES.len(), "{named:?}");
    let not_read: Vec<&LinkType> = named.iter().filter(|number| !read.contains(number)).collect();
    assert!(not_read.is_empty(), "named in docs/compatibility.md, and not read: {not_read:?}");
}
