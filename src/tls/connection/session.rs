//! The facts about the connection that both directions know: the hellos.

use super::described::{Described, Unsupported, Version};
use crate::flow::Side;
use crate::tls::crypto::{Suite, suite_name};
use crate::tls::hello::{ClientHello, EncryptedExtensions, Random, ServerHello};
use crate::tls::secret::Label;
use crate::tls::secret::Secret;
use crate::tls::store::KeyStore;

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// The client's randoms of a connection whose secrets are watched: a renegotiation has its own. Those after it stay in the store
/// until they are the oldest.
const MAX_RANDOMS: usize = 4;

#[derive(Debug, Clone, Copy)]
pub(super) struct Negotiated {
    pub version: Version,
    pub suite: Suite,
    pub server_random: Random,
    pub encrypt_then_mac: bool,
}

/// Data that the client sends before the server agreed to it (RFC 8446 §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum EarlyData {
    #[default]
    NotOffered,
    /// The EncryptedExtensions will tell.
    Offered,
    Accepted,
    /// The server passes over it.
    Refused,
    /// The server's answer to it was lost.
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Session {
    pub client: Option<Side>,
    pub client_random: Option<Random>,
    randoms: Vec<Random>,
    pub server_name: Option<Box<str>>,
    pub offered_protocols: Vec<Box<str>>,
    pub protocol: Option<Box<str>>,
    pub negotiated: Option<Negotiated>,
    /// The name of the suite that was negotiated last.
    cipher: Box<str>,
    /// The server's choice that is not read.
    pub unsupported: Option<Unsupported>,
    pub early_data: EarlyData,
    /// A ServerHello came before, which asked for another ClientHello.
    pub was_retried: bool,
}

impl Session {
    pub fn on_client_hello(&mut self, side: Side, hello: ClientHello) {
        self.client = Some(side);
        self.client_random = Some(hello.random);
        if !self.randoms.contains(&hello.random) && self.randoms.len() < MAX_RANDOMS {
            self.randoms.push(hello.random);
        }
        self.server_name = hello.server_name.or(self.server_name.take());
        self.offered_protocols = hello.protocols;
        if hello.offers_early_data && self.negotiated.is_none() && !self.was_retried {
            self.early_data = EarlyData::Offered;
        }
    }

    pub fn on_server_hello(&mut self, side: Side, hello: ServerHello) {
        self.client.get_or_insert(side.other());
        if hello.is_retry {
            self.was_retried = true;
            // RFC 8446 §4.2.10: the second ClientHello does not offer it.
            self.refuse_early_data();
            return;
        }
        let (version, suite) = match hello.version {
            TLS_1_3 => (Version::Tls13, Suite::tls13(hello.suite)),
            TLS_1_2 => (Version::Tls12, Suite::tls12(hello.suite)),
            version => return self.unsupported = Some(Unsupported::Version(version)),
        };
        let Some(suite) = suite else { return self.unsupported = Some(Unsupported::Suite(hello.suite)) };
        if hello.compresses || hello.truncates_hmac {
            let choice = if hello.compresses { Unsupported::Compression } else { Unsupported::TruncatedHmac };
            return self.unsupported = Some(choice);
        }
        if version == Version::Tls12 {
            self.refuse_early_data();
            self.protocol = hello.protocol.or(self.protocol.take());
        }
        self.negotiate(Negotiated {
            version,
            suite,
            server_random: hello.random,
            encrypt_then_mac: hello.encrypt_then_mac,
        });
    }

    fn negotiate(&mut self, negotiated: Negotiated) {
        self.cipher = suite_name(negotiated.suite.id).into();
        self.negotiated = Some(negotiated);
    }

    /// The ServerHello was lost, and a record has proved this.
    pub fn on_guessed(&mut self, suite: Suite) {
        self.negotiate(Negotiated { version: Version::Tls13, suite, server_random: [0; 32], encrypt_then_mac: false });
    }

    pub fn on_encrypted_extensions(&mut self, extensions: EncryptedExtensions) {
        self.protocol = extensions.protocol;
        match extensions.accepts_early_data {
            true if self.early_data == EarlyData::Offered => self.early_data = EarlyData::Accepted,
            true => {}
            false => self.refuse_early_data(),
        }
    }

    pub fn lose_encrypted_extensions(&mut self) {
        if self.early_data == EarlyData::Offered && self.negotiated.is_some() {
            self.early_data = EarlyData::Unknown;
        }
    }

    pub fn refuse_early_data(&mut self) {
        if self.early_data == EarlyData::Offered {
            self.early_data = EarlyData::Refused;
        }
    }

    /// Of the connection as it is since the last hellos.
    pub fn secret<'a>(&self, keys: &'a KeyStore, label: Label) -> Option<&'a Secret> {
        keys.secret(self.client_random.as_ref()?, label)
    }

    pub fn described(&self) -> Option<Described<'_>> {
        let negotiated = self.negotiated?;
        Some(Described {
            version: negotiated.version,
            cipher: &self.cipher,
            server_name: self.server_name.as_deref(),
            alpn: self.protocol.as_deref(),
        })
    }

    /// All of them, the first first.
    pub fn randoms(&self) -> &[Random] {
        &self.randoms
    }
}
