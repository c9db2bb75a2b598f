//! TLS with the service's own keys: from ciphertext to plaintext, where a key log tells the secrets.
//!
//! In: each direction's ordered bytes and gaps, lines of key logs. Out: the same of the plaintext, and what the hellos say of the
//! connection. Refuses to know: HTTP, files, the clock.
//!
//! Two rules carry the room:
//! - *Proof*: plaintext is what a tag verified, with the key and the number of that record. There is no guess.
//! - *Secrets stay here*: `Debug` hides them, no error names them, and their memory is overwritten when it goes.

mod connection;
mod counters;
mod crypto;
mod first_hello;
mod handshake;
mod hello;
mod keylog;
mod records;
mod secret;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

pub use connection::{Context, Described, HANDSHAKE_SECRET_WAIT_MS, MAX_WAITING_BYTES, TlsConnection, Version};
pub use counters::{TlsCounters, Unread};
pub use crypto::Suite;
pub use first_hello::first_hello;
pub use hello::{ClientHello, Random};
pub use keylog::KeyLogReader;
pub use records::{Beginning, beginning, looks_begun};
pub use secret::MAX_LINE_BYTES;
pub use store::{KeyLogCounters, KeyStore, MAX_KEY_BYTES, MAX_KEYED_CONNECTIONS};
