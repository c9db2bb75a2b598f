//! Any bytes as a body of gRPC messages, in pieces and with a gap: no panic, the same from the pieces as from the whole,
//! never more than the limit; and as a message of Protocol Buffers: JSON within its limit, or nothing.
//!
//! Input: what the body is (1 byte modulo 3: gRPC, gRPC-Web, gRPC-Web in text), the length of a piece (1), how many bytes
//! arrive before a gap (1) of so many bytes (1), then the body.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::content::Coding;
use tcp_sniffer::content::grpc::{Kind, MessageCoding, MessageIndex, messages, web_trailers};
use tcp_sniffer::message::Direction;
use tcp_sniffer::protobuf::{Descriptors, MessageType};

const KINDS: [Kind; 3] = [Kind::Grpc, Kind::Web, Kind::WebText];
const MAX_BYTES: usize = 1_000;

/// `service S { rpc A (google.protobuf.Any) returns (google.protobuf.Struct); }`
static TYPES: LazyLock<Option<[MessageType; 2]>> = LazyLock::new(|| {
    let field = |number: u8, value: &[u8]| [&[number << 3 | 2, value.len() as u8], value].concat();
    let method = [field(1, b"A"), field(2, b".google.protobuf.Any"), field(3, b".google.protobuf.Struct")].concat();
    let service = [field(1, b"S"), field(2, &method)].concat();
    let imports = [field(3, b"google/protobuf/any.proto"), field(3, b"google/protobuf/struct.proto")].concat();
    let set = field(1, &[field(1, b"t.proto"), imports, field(6, &service)].concat());
    let descriptors = Descriptors::decode(&set).ok()?;
    let of = |direction| descriptors.message_type(b"S", b"A", direction);
    Some([of(Direction::Request)?, of(Direction::Response)?])
});

fuzz_target!(|data: &[u8]| {
    let [kind, length, before, lost, body @ ..] = data else { return };
    let kind = KINDS[usize::from(kind % 3)];
    let index_of = |length: usize| {
        let (first, second) = body.split_at(usize::from(*before).min(body.len()));
        let mut index = MessageIndex::new(kind);
        first.chunks(length).for_each(|piece| index.push(piece));
        index.gap(u64::from(*lost));
        second.chunks(length).for_each(|piece| index.push(piece));
        index
    };
    let (whole, pieces) = (index_of(usize::MAX), index_of(usize::from(*length) + 1));
    assert_eq!(whole.web_trailers(), pieces.web_trailers());
    assert_eq!((whole.is_lost(), whole.is_whole()), (pieces.is_lost(), pieces.is_whole()));
    assert_eq!(whole.message_count(), pieces.message_count());
    let coding = MessageCoding::Known(Coding::Gzip);
    let found = messages(&whole, body, coding, MAX_BYTES);
    assert_eq!(found, messages(&pieces, body, coding, MAX_BYTES));
    assert!(found.iter().flat_map(|message| &message.data).map(|data| data.len()).sum::<usize>() <= MAX_BYTES);
    let _ = whole.web_trailers().map(|block| web_trailers(block).count());

    for message_type in TYPES.as_ref().expect("the descriptors are right") {
        let mut out = Vec::new();
        if message_type.push_json(body, MAX_BYTES, &mut out) {
            assert!(out.len() <= MAX_BYTES && serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        } else {
            assert!(out.is_empty());
        }
    }
});
