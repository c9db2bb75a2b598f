//! Any bytes in both directions of one connection, in any pieces, with losses: no panic, and every line that comes out is
//! one JSON object that names the connection's own ends. The engine then still reads an ordinary exchange.
//!
//! Input: pieces of a kind (1 byte: bit 0 the direction, bits 1–2 data, loss, FIN or RST) and a length (1), then the
//! bytes.
#![no_main]

mod wire;

use libfuzzer_sys::fuzz_target;
use wire::{Conversation, lines_of, new_engine, reads_an_exchange};

fuzz_target!(|data: &[u8]| {
    let mut engine = new_engine();
    let mut conversation = Conversation::open(&mut engine);
    let mut rest = data;
    while let [kind, length, more @ ..] = rest {
        let length = usize::from(*length);
        let client = kind & 1 == 0;
        match kind >> 1 & 3 {
            0 | 1 => {
                let (bytes, behind) = more.split_at(length.min(more.len()));
                rest = behind;
                conversation.send(&mut engine, client, bytes);
                continue;
            }
            2 => conversation.lose(client, length as u32 + 1),
            _ => conversation.finish(&mut engine, client, kind & 8 != 0),
        }
        rest = more;
    }
    for line in lines_of(&mut engine) {
        // A "server" that asks is taken for the client.
        let ports = [&line["receiver"]["port"], &line["destination"]["port"]];
        assert!(ports == [80, 40_000] || ports == [40_000, 80]);
        assert!(line["bodySize"].is_u64() && line["headers"].is_object());
    }
    reads_an_exchange();
});
