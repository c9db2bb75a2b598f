//! Bytes that are not text, in base64.

use ::base64::Engine as _;
use ::base64::prelude::BASE64_STANDARD;

use super::json::push_member;
use crate::redact::REDACTED;

/// Appends data in base64; without data that it is not shown.
pub fn push_base64_data(out: &mut Vec<u8>, data: Option<&[u8]>) {
    match data {
        Some(data) => {
            out.extend_from_slice(b",\"data\":\"");
            push_base64(out, data);
            out.extend_from_slice(b"\",\"dataEncoding\":\"base64\"");
        }
        None => push_member(out, b",\"data\":", REDACTED),
    }
}

pub(super) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is what it takes.
    let written = BASE64_STANDARD.encode_slice(bytes, out.get_mut(start..).unwrap_or_default()).unwrap_or_default();
    out.truncate(start + written);
}
