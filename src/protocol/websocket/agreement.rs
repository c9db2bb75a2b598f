//! The agreement of both sides when a connection became a WebSocket: the fields of the answer (RFC 6455 §4.2.2, RFC 7692 §7.1).

use crate::content::MAX_WINDOW_BITS;
use crate::message::{Direction, Head, KnownName, trim_ows};

static EXTENSIONS: KnownName = KnownName::new(b"sec-websocket-extensions");

/// The compression that the sides agreed on, if they did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreement {
    pub(super) deflate: Option<Deflate>,
}

/// permessage-deflate, for what each side sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deflate {
    client: Side,
    server: Side,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    pub window_bits: u8,
    /// Each message is compressed by itself.
    pub begins_anew: bool,
}

impl Side {
    const UNLIMITED: Self = Self { window_bits: MAX_WINDOW_BITS, begins_anew: false };
}

impl Deflate {
    pub fn side(&self, from: Direction) -> Side {
        match from {
            Direction::Request => self.client,
            Direction::Response => self.server,
        }
    }
}

impl Agreement {
    /// All that may have been agreed: a sender that compresses less refers to less.
    pub(super) const UNKNOWN: Self =
        Self { deflate: Some(Deflate { client: Side::UNLIMITED, server: Side::UNLIMITED }) };

    /// `None` if the answer agrees to what is not known: then nothing after it can be read.
    ///
    /// `Sec-WebSocket-Accept` is not asked for: HTTP/2 has none (RFC 8441 §5), and what is no frame ends the reading anyway.
    pub fn of(head: &Head, bytes: &[u8]) -> Option<Self> {
        let mut agreement = Self::default();
        for field in head.fields.named(&EXTENSIONS, bytes) {
            agreement.add(&field.value(bytes))?;
        }
        Some(agreement)
    }

    /// A list of extensions (RFC 6455 §9.1). None of their parameters may hold a comma or a semicolon.
    pub(super) fn add(&mut self, list: &[u8]) -> Option<()> {
        for extension in list.split(|&b| b == b',').map(trim_ows).filter(|extension| !extension.is_empty()) {
            let mut parts = extension.split(|&b| b == b';').map(trim_ows);
            let is_known = parts.next()?.eq_ignore_ascii_case(b"permessage-deflate");
            if !is_known || self.deflate.is_some() {
                return None;
            }
            self.deflate = Some(deflate(parts)?);
        }
        Some(())
    }
}

fn deflate<'a>(parameters: impl Iterator<Item = &'a [u8]>) -> Option<Deflate> {
    let mut agreed = Deflate { client: Side::UNLIMITED, server: Side::UNLIMITED };
    for parameter in parameters {
        let mut sides = parameter.splitn(2, |&b| b == b'=').map(trim_ows);
        match (sides.next()?.to_ascii_lowercase().as_slice(), sides.next()) {
            (b"client_no_context_takeover", None) => agreed.client.begins_anew = true,
            (b"server_no_context_takeover", None) => agreed.server.begins_anew = true,
            (b"client_max_window_bits", Some(bits)) => agreed.client.window_bits = window_bits(bits)?,
            (b"server_max_window_bits", Some(bits)) => agreed.server.window_bits = window_bits(bits)?,
            _ => return None,
        }
    }
    Some(agreed)
}

/// 8 to 15, maybe in quotes (RFC 7692 §7.1.2).
fn window_bits(value: &[u8]) -> Option<u8> {
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    match value {
        [digit @ b'8'..=b'9'] | [b'1', digit @ b'0'..=b'5'] => {
            Some(digit - b'0' + if value.len() == 2 { 10 } else { 0 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(list: &str) -> Option<Option<[(u8, bool); 2]>> {
        let mut agreement = Agreement::default();
        agreement.add(list.as_bytes())?;
        let side = |side: Side| (side.window_bits, side.begins_anew);
        Some(agreement.deflate.map(|Deflate { client, server }| [side(client), side(server)]))
    }

    #[test]
    fn parameters_are_those_of_rfc_7692() {
        for (list, expected) in [
            ("", Some(None)),
            ("permessage-deflate", Some(Some([(15, false), (15, false)]))),
            ("Permessage-Deflate ; Client_no_context_takeover", Some(Some([(15, true), (15, false)]))),
            (
                "permessage-deflate;server_no_context_takeover;server_max_window_bits=8;client_max_window_bits=\"10\"",
                Some(Some([(10, false), (8, true)])),
            ),
            (", permessage-deflate; server_max_window_bits = 15 ,", Some(Some([(15, false), (15, false)]))),
            ("permessage-deflate; server_max_window_bits=7", None),
            ("permessage-deflate; server_max_window_bits=16", None),
            ("permessage-deflate; server_max_window_bits=015", None),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; client_no_context_takeover=1", None),
            ("permessage-deflate; mystery", None),
            ("permessage-deflate, permessage-deflate", None),
            ("x-webkit-deflate-frame", None),
        ] {
            assert_eq!(agreed(list), expected, "{list}");
        }
        for bits in 8..=15 {
            let list = format!("permessage-deflate; client_max_window_bits={bits}");
            assert_eq!(agreed(&list), Some(Some([(bits, false), (15, false)])));
        }
    }
}
