//! Any bytes after the prefaces of HTTP/2, or in the middle of a connection, in any pieces, with losses: no panic, and every
//! line that comes out is one JSON object. The engine then still reads an ordinary exchange.
//!
//! Input: 1 byte, whose lowest bit says that both sides begin with their prefaces; then pieces of a kind (1 byte: bit 0 the
//! direction, bits 1–2 data, frame, loss, FIN or RST) and a length (1), then the bytes. A frame has its type, flags and
//! stream (1 byte each) before its payload.
#![no_main]

mod wire;

use libfuzzer_sys::fuzz_target;
use wire::{Conversation, lines_of, new_engine, reads_an_exchange};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fuzz_target!(|data: &[u8]| {
    let Some((start, mut rest)) = data.split_first() else { return };
    let mut engine = new_engine();
    let mut conversation = Conversation::open(&mut engine);
    if start & 1 == 1 {
        conversation.send(&mut engine, true, PREFACE);
        conversation.send(&mut engine, false, &PREFACE[24..]);
    } else {
        // Its beginning is lost.
        conversation.lose(true, 1);
        conversation.lose(false, 1);
    }
    while let [kind, length, more @ ..] = rest {
        let client = kind & 1 == 0;
        let (bytes, behind) = more.split_at(usize::from(*length).min(more.len()));
        match kind >> 1 & 3 {
            0 => conversation.send(&mut engine, client, bytes),
            1 => {
                if let [frame, flags, stream, payload @ ..] = bytes {
                    let header = [0, 0, payload.len() as u8, *frame, *flags, 0, 0, 0, *stream];
                    conversation.send(&mut engine, client, &[&header, payload].concat());
                }
            }
            2 => {
                conversation.lose(client, u32::from(*length) + 1);
                rest = more;
                continue;
            }
            _ => {
                conversation.finish(&mut engine, client, kind & 8 != 0);
                rest = more;
                continue;
            }
        }
        rest = behind;
    }
    for line in lines_of(&mut engine) {
        assert!(line["bodySize"].is_u64() && line["headers"].is_object());
    }
    reads_an_exchange();
});
