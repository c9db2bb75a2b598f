//! The keys of one direction, made when they are first needed.

use super::described::Version;
use super::session::Session;
use crate::flow::Side;
use crate::tls::crypto::{Opened, RecordKey, Suite, next_traffic_secret};
use crate::tls::records::Header;
use crate::tls::secret::Label;
use crate::tls::secret::Secret;
use crate::tls::store::KeyStore;

/// A key and the number of the next record that it opens.
#[derive(Debug)]
pub(super) struct Keyed {
    pub key: RecordKey,
    pub seq: u64,
    suite: Suite,
    /// Of TLS 1.3: what the next key is derived from.
    secret: Option<Secret>,
}

impl Keyed {
    pub fn tls13(suite: Suite, secret: &Secret) -> Option<Self> {
        Some(Self { key: RecordKey::tls13(suite, secret)?, seq: 0, suite, secret: Some(secret.clone()) })
    }

    /// After a KeyUpdate (RFC 8446 §7.2).
    pub fn next(&self) -> Option<Self> {
        Self::tls13(self.suite, &next_traffic_secret(self.suite.hash, self.secret.as_ref()?)?)
    }

    /// Opens the next record.
    pub fn open(&mut self, header: Header, body: &mut [u8]) -> Option<Opened> {
        let opened = self.key.open(self.seq, header, body)?;
        self.seq += 1;
        Some(opened)
    }
}

/// The protection of a direction's records.
#[derive(Debug, Default)]
pub(super) enum Protection {
    /// Nothing yet.
    #[default]
    None,
    /// Since the ChangeCipherSpec; so many records passed before the key was known.
    Tls12 {
        keyed: Option<Keyed>,
        passed: u64,
    },
    Tls13(Box<Epochs>),
}

impl Protection {
    pub const TLS12: Self = Self::Tls12 { keyed: None, passed: 0 };

    /// A record goes by that is not opened. True if it may have held plaintext.
    pub fn pass(&mut self) -> bool {
        match self {
            Self::None => false,
            Self::Tls12 { keyed, passed } => {
                let seq = keyed.as_mut().map_or(passed, |keyed| &mut keyed.seq);
                *seq += 1;
                *seq > 1 // the first is the Finished
            }
            Self::Tls13(epochs) => {
                let keyed = match epochs.phase {
                    Phase::Early => return true,
                    Phase::Handshake => epochs.handshake.as_mut(),
                    Phase::Traffic => epochs.traffic.as_mut(),
                };
                let may_be_data = epochs.phase == Phase::Traffic || keyed.is_none();
                *keyed.map_or(&mut epochs.passed, |keyed| &mut keyed.seq) += 1;
                may_be_data
            }
        }
    }
}

/// Of TLS 1.3 (RFC 8446 §7.3). Each is there once it was needed and its secret known.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    pub phase: Phase,
    pub early: Option<Keyed>,
    pub handshake: Option<Keyed>,
    pub traffic: Option<Keyed>,
    /// Records that passed before the key was known.
    pub passed: u64,
    /// A secret is there that does not belong to this suite.
    pub is_misfit: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    Early,
    #[default]
    Handshake,
    Traffic,
}

impl Epochs {
    /// Makes the keys whose secrets are known by now.
    pub fn fill(&mut self, session: &Session, side: Side, keys: &KeyStore) {
        let Some(negotiated) = session.negotiated else { return };
        let is_client = session.client == Some(side);
        let (handshake, traffic) = match is_client {
            true => (Label::ClientHandshake, Label::ClientTraffic),
            false => (Label::ServerHandshake, Label::ServerTraffic),
        };
        let misfit = &mut self.is_misfit;
        let mut fill = |slot: &mut Option<Keyed>, label| {
            if slot.is_none()
                && let Some(secret) = session.secret(keys, label)
            {
                *slot = Keyed::tls13(negotiated.suite, secret);
                *misfit |= slot.is_none();
            }
        };
        if self.phase == Phase::Early {
            fill(&mut self.early, Label::ClientEarly);
        }
        if self.phase != Phase::Traffic {
            fill(&mut self.handshake, handshake);
        }
        fill(&mut self.traffic, traffic);
    }

    /// Of all that the next record may need only the handshake's key is missing.
    pub fn awaits_handshake_only(&self) -> bool {
        self.phase == Phase::Handshake && self.handshake.is_none() && self.traffic.is_some()
    }

    /// From here on its records are others.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        if phase != Phase::Early {
            self.early = None;
        }
        if phase == Phase::Traffic {
            self.handshake = None;
        }
    }
}

/// The key of a direction of TLS 1.2, if its secret is known. `seq`: each record since the ChangeCipherSpec counts, read or not.
pub(super) fn tls12(session: &Session, side: Side, keys: &KeyStore, seq: u64) -> Option<Keyed> {
    let negotiated = session.negotiated.filter(|negotiated| negotiated.version == Version::Tls12)?;
    let client_random = session.client_random?;
    let key = RecordKey::tls12(
        negotiated.suite,
        session.secret(keys, Label::Master)?,
        &client_random,
        &negotiated.server_random,
        session.client == Some(side),
        negotiated.encrypt_then_mac,
    )?;
    Some(Keyed { key, seq, suite: negotiated.suite, secret: None })
}
