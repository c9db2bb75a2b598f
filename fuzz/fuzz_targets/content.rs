//! Any bytes as the body of any codings: no panic, never more than the limit, and a whole body is decoded to the same bytes
//! if `decode` is told that it was cut.
//!
//! Input: what to do with the body (1 byte: bits 0–2 the last coding, 3–5 the one before, 6 whether it was cut, 7 whether
//! its text is converted), the limit in 16 bytes (1), then the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::content::{Coding, Limits, charset_of, convert, decode};

const CHARSETS: [&[u8]; 4] =
    [b"a/b;charset=utf-16", b"a/b;charset=shift_jis", b"a/b;charset=iso-2022-jp", b"a/b;charset=latin1"];

fuzz_target!(|data: &[u8]| {
    let [how, limit, body @ ..] = data else { return };
    let coding = |bits: u8| Coding::ALL.get(usize::from(bits & 7)).copied();
    let codings: Vec<_> = [coding(how >> 3), coding(*how)].into_iter().flatten().collect();
    let limit = usize::from(*limit) * 16 + 1;
    let cut = how & 64 != 0;
    let limits = Limits { content_bytes: limit, decoded_bytes: 3 * limit / 2 };
    let decoded = decode(body, cut, &codings, limits);
    if let Ok(content) = &decoded {
        assert!(codings.is_empty() || content.bytes.len() <= limit);
        assert!(content.cut || !(content.over_limit || content.over_work || content.without_end));
        if !cut {
            assert_eq!(decode(body, true, &codings, limits).map(|same| same.bytes), Ok(content.bytes.clone()));
        }
    }
    if how & 128 != 0 {
        let bytes = decoded.as_ref().map_or(body, |content| &*content.bytes);
        for charset in CHARSETS.into_iter().filter_map(charset_of) {
            if let Some(converted) = convert(bytes, cut, charset) {
                assert!(converted.text.len() <= 3 * bytes.len());
            }
        }
    }
});
