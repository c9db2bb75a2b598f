//! Handshake messages over any split into records, and what is read of the hellos (RFC 8446 §4, RFC 5246 §7.4).
//!
//! In: what the records of content type 22 hold, in order. Out: each message that says something, whole, and of the others the
//! type. Refuses to know: certificates, keys, signatures.

use super::wire::Cursor;

/// As a key log names a connection (RFC 9850 §2).
pub type Random = [u8; 32];

/// A ClientHello is kept up to this: one with a post-quantum key share and ECH has 2 to 3 kB, with a pre-shared key of the largest
/// ticket (64 kB, RFC 8446 §4.6.1) more than this, and is then not read.
pub const MAX_CLIENT_HELLO_BYTES: usize = 32 << 10;

/// ServerHello and EncryptedExtensions: some hundred bytes; 1.2 kB with a post-quantum key share.
pub const MAX_SERVER_MESSAGE_BYTES: usize = 8 << 10;

/// RFC 6066 §3: a DNS name, which has 253 characters at most.
const MAX_SERVER_NAME_BYTES: usize = 253;

/// RFC 7301 §3.1 allows names of 255 bytes; registered names have 30 at most.
const MAX_PROTOCOL_NAME_BYTES: usize = 64;

/// Names of protocols that are kept of a ClientHello's list, to be shown.
const MAX_PROTOCOL_NAMES: usize = 8;

pub const CLIENT_HELLO: u8 = 1;
pub const SERVER_HELLO: u8 = 2;
pub const END_OF_EARLY_DATA: u8 = 5;
pub const ENCRYPTED_EXTENSIONS: u8 = 8;
pub const FINISHED: u8 = 20;
pub const KEY_UPDATE: u8 = 24;

const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_TRUNCATED_HMAC: u16 = 4;
const EXTENSION_ALPN: u16 = 16;
const EXTENSION_ENCRYPT_THEN_MAC: u16 = 22;
const EXTENSION_EARLY_DATA: u16 = 42;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
const RETRY_RANDOM: Random = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    pub random: Random,
    /// Where it is a name of visible ASCII characters.
    pub server_name: Option<Box<str>>,
    /// The first few protocols that the client offers by ALPN.
    pub protocols: Vec<Box<str>>,
    pub offers_early_data: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    pub random: Random,
    pub is_retry: bool,
    /// The version that the connection has.
    pub version: u16,
    pub suite: u16,
    /// Only without it records are as long as they say (RFC 3749).
    pub compresses: bool,
    /// RFC 6066 §7.
    pub truncates_hmac: bool,
    /// RFC 7366.
    pub encrypt_then_mac: bool,
    /// In TLS 1.2; in TLS 1.3 it is among the EncryptedExtensions.
    pub protocol: Option<Box<str>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptedExtensions {
    pub protocol: Option<Box<str>>,
    pub accepts_early_data: bool,
}

impl ClientHello {
    /// `body` is the message after its type and length. `None` if it is broken.
    pub fn parse(body: &[u8]) -> Option<Self> {
        Self::read(body).filter(|(_, is_whole)| *is_whole).map(|(hello, _)| hello)
    }

    /// Of a message whose end may be missing: without the extensions that stand there.
    pub fn begun(body: &[u8]) -> Option<Self> {
        Self::read(body).map(|(hello, _)| hello)
    }

    fn read(body: &[u8]) -> Option<(Self, bool)> {
        let mut cursor = Cursor(body);
        cursor.take(2)?;
        let mut hello = Self { random: cursor.array()?, ..Self::default() };
        cursor.vector8()?; // session id
        cursor.vector16()?; // cipher suites
        cursor.vector8()?; // compression methods
        let is_whole = each_extension(cursor, |kind, data| match kind {
            EXTENSION_SERVER_NAME => hello.server_name = server_name(data),
            EXTENSION_ALPN => hello.protocols = protocols(data),
            EXTENSION_EARLY_DATA => hello.offers_early_data = true,
            _ => {}
        });
        Some((hello, is_whole))
    }
}

impl ServerHello {
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(body);
        let version = cursor.u16()?;
        let random = cursor.array()?;
        cursor.vector8()?; // session id
        let suite = cursor.u16()?;
        let compresses = cursor.u8()? != 0;
        let mut hello = Self {
            random,
            is_retry: random == RETRY_RANDOM,
            version,
            suite,
            compresses,
            truncates_hmac: false,
            encrypt_then_mac: false,
            protocol: None,
        };
        each_extension(cursor, |kind, data| match kind {
            EXTENSION_SUPPORTED_VERSIONS => hello.version = Cursor(data).u16().unwrap_or(version),
            EXTENSION_TRUNCATED_HMAC => hello.truncates_hmac = true,
            EXTENSION_ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
            EXTENSION_ALPN => hello.protocol = protocols(data).into_iter().next(),
            _ => {}
        })
        .then_some(hello)
    }
}

impl EncryptedExtensions {
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut extensions = Self::default();
        each_extension(Cursor(body), |kind, data| match kind {
            EXTENSION_ALPN => extensions.protocol = protocols(data).into_iter().next(),
            EXTENSION_EARLY_DATA => extensions.accepts_early_data = true,
            _ => {}
        })
        .then_some(extensions)
    }
}

/// The list may be left out as a whole (RFC 5246 §7.4.1.2). False if a part of it is missing; the extensions before it count.
fn each_extension(mut cursor: Cursor<'_>, mut on_extension: impl FnMut(u16, &[u8])) -> bool {
    if cursor.0.is_empty() {
        return true;
    }
    let Some(length) = cursor.u16() else { return false };
    let whole = cursor.0.get(..usize::from(length));
    let mut list = Cursor(whole.unwrap_or(cursor.0));
    while !list.0.is_empty() {
        let (Some(kind), Some(data)) = (list.u16(), list.vector16()) else { return false };
        on_extension(kind, data);
    }
    whole.is_some()
}

/// RFC 6066 §3: the first of type host_name.
fn server_name(data: &[u8]) -> Option<Box<str>> {
    let mut list = Cursor(Cursor(data).vector16()?);
    while let Some(kind) = list.u8() {
        let name = list.vector16()?;
        if kind == 0 {
            return visible(name, MAX_SERVER_NAME_BYTES);
        }
    }
    None
}

/// RFC 7301 §3.1.
fn protocols(data: &[u8]) -> Vec<Box<str>> {
    let mut list = Cursor(Cursor(data).vector16().unwrap_or_default());
    std::iter::from_fn(|| list.vector8())
        .filter_map(|name| visible(name, MAX_PROTOCOL_NAME_BYTES))
        .take(MAX_PROTOCOL_NAMES)
        .collect()
}

/// These names are shown: only what cannot be mistaken for something else is taken.
fn visible(name: &[u8], max: usize) -> Option<Box<str>> {
    let visible = !name.is_empty() && name.len() <= max && name.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(name).ok().filter(|_| visible).map(Into::into)
}
