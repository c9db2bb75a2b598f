//! Opens records: cipher suites, key derivation, and the ciphers under traits of our own.
//!
//! In: a suite, a secret, a sequence number, a record. Out: its plaintext, once its tag (or its MAC) is right.
//! Refuses to know: connections, where keys come from.

mod aead;
mod cbc;
mod cipher;
mod derive;
mod record_key;
mod registry;
mod suite;

#[cfg(test)]
pub(super) use cipher::Cipher;
pub(super) use derive::next_traffic_secret;
pub(super) use record_key::{Opened, RecordKey};
pub use suite::{Suite, suite_name};
