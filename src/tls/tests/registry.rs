//! The table of suites against a list of numbers and names that was written by others: those that OpenSSL 3.0 offers
//! (`openssl ciphers -V -stdname ALL:COMPLEMENTOFALL:@SECLEVEL=0`), and of Wireshark 4.0's all others whose cipher is read.

use std::collections::BTreeMap;

use crate::tls::crypto::{Suite, suite_name};

fn listed() -> BTreeMap<u16, &'static str> {
    let rows = include_str!("suites.txt").lines().map(|line| line.split_once(' ').unwrap());
    rows.map(|(id, name)| (u16::from_str_radix(&id[2..], 16).unwrap(), name)).collect()
}

/// The ciphers of the list are written so.
fn is_read(name: &str) -> bool {
    name.contains("_AES_") || name.contains("_CHACHA20_")
}

#[test]
fn names_and_numbers_are_those_of_the_list() {
    for (id, name) in listed() {
        assert_eq!(suite_name(id), name, "{id:04x}");
    }
}

/// No suite is read by mistake, and no suite of the list is left out for another reason than its cipher.
#[test]
fn what_is_read_is_the_ciphers_that_are_there() {
    let listed = listed();
    for id in 0..=u16::MAX {
        let is_tls13 = id >> 8 == 0x13;
        let wanted = listed.get(&id).is_some_and(|name| is_read(name));
        assert_eq!(Suite::tls12(id).is_some(), wanted && !is_tls13, "{id:04x} {}", suite_name(id));
        assert_eq!(Suite::tls13(id).is_some(), wanted && is_tls13, "{id:04x}");
    }
}

#[test]
fn each_number_has_a_name_of_its_own() {
    let mut numbers: BTreeMap<String, u16> = BTreeMap::new();
    for id in 0..=u16::MAX {
        if let Some(other) = numbers.insert(suite_name(id), id) {
            panic!("{id:04x} and {other:04x} are both {}", suite_name(id));
        }
    }
    assert_eq!(suite_name(0x001e), "0x001e");
}
