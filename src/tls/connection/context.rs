//! The things that reading a connection takes besides its bytes, and the results that it reports.

use super::described::Described;
use crate::flow::{Side, StreamEvent};
use crate::time::Timestamp;
use crate::tls::counters::TlsCounters;
use crate::tls::store::KeyStore;

/// How long the handshake's secret is awaited where that of the traffic is there: it says the ALPN and nothing else, and some log
/// only the traffic's.
pub const HANDSHAKE_SECRET_WAIT_MS: u64 = 500;

/// The things that reading needs besides the bytes.
pub struct Context<'a> {
    pub now: Timestamp,
    pub keys: &'a KeyStore,
    /// How long records wait for their secrets. 0 where the key log is complete, or none is there.
    pub key_wait_ms: u64,
    pub counters: &'a mut TlsCounters,
    /// Room that is used again for each connection.
    pub scratch: &'a mut Vec<u8>,
    /// Gets the plaintext, and what is known of the connection as it comes.
    pub sink: &'a mut dyn FnMut(Option<Described<'_>>, Side, StreamEvent<'_>),
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("key_wait_ms", &self.key_wait_ms)
            .finish_non_exhaustive()
    }
}
