//! All that is sent comes out, however it is fragmented, compressed and cut; and nothing else does after a loss.

use proptest::prelude::*;

use super::wire::{BINARY, Deflater, FIN, PING, RSV1, TEXT};
use super::*;

#[derive(Debug, Clone)]
struct Sent {
    text: bool,
    data: Vec<u8>,
    compressed: bool,
    /// Where it is cut into frames.
    cuts: Vec<prop::sample::Index>,
    pings: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let data = prop_oneof![
        prop::collection::vec(prop::sample::select(b"abc ".to_vec()), 0..300),
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(any::<u8>(), 60_000..70_000),
    ];
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    (any::<bool>(), data, any::<bool>(), cuts, any::<bool>()).prop_map(|(text, data, compressed, cuts, pings)| Sent {
        text,
        data,
        compressed,
        cuts,
        pings,
    })
}

fn frames(from: Direction, messages: &[Sent], deflater: &mut Deflater) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Sent { text, data, compressed, cuts, pings } in messages {
        let payload = if *compressed { deflater.message(data) } else { data.clone() };
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        at.sort_unstable();
        at.push(payload.len());
        let mut start = 0;
        for (index, &end) in at.iter().enumerate() {
            let opcode = if *text { TEXT } else { BINARY };
            let first = if index == 0 { opcode | if *compressed { RSV1 } else { 0 } } else { 0 };
            let fin = if index + 1 == at.len() { FIN } else { 0 };
            bytes.extend(frame(from, fin | first, &payload[start..end]));
            if *pings && fin == 0 {
                bytes.extend(frame(from, FIN | PING, b"ping"));
            }
            start = end;
        }
    }
    bytes
}

fn expected(messages: &[Sent]) -> Vec<(Opcode, Vec<u8>)> {
    let opcode = |text| if text { Opcode::Text } else { Opcode::Binary };
    messages.iter().map(|sent| (opcode(sent.text), sent.data.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_that_is_sent_comes_out(
        messages in prop::collection::vec(sent(), 1..8),
        begins_anew in any::<bool>(),
        from_client in any::<bool>(),
        steps in prop::collection::vec(1_usize..3_000, 1..10),
    ) {
        let from = if from_client { Request } else { Response };
        let bytes = frames(from, &messages, &mut Deflater::new(begins_anew));
        let extensions = match begins_anew {
            true => "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            false => "permessage-deflate",
        };
        let pieces = |_, mut bytes: &[u8]| {
            let mut pieces = Vec::new();
            for step in steps.iter().cycle() {
                if bytes.is_empty() {
                    break;
                }
                let (piece, rest) = bytes.split_at((*step).min(bytes.len()));
                pieces.push(piece.to_vec());
                bytes = rest;
            }
            pieces
        };
        let (seen, counters) = read(extensions, &[Bytes(from, bytes.clone())], pieces);
        prop_assert!(seen.data[usize::from(!from_client)] == expected(&messages), "{:?}", seen.remarks);
        prop_assert_eq!(counters.streams, Default::default());
    }

    /// A loss costs messages, and makes none: each that is not flagged was sent, in that order.
    #[test]
    fn a_loss_makes_no_message(
        messages in prop::collection::vec(sent(), 4..20),
        lost in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        is_known in any::<bool>(),
        begins_anew in any::<bool>(),
    ) {
        let bytes = frames(Response, &messages, &mut Deflater::new(begins_anew));
        let [from, to] = [lost.0, lost.1].map(|at| at.index(bytes.len()));
        let (from, to) = (from.min(to), from.max(to));
        let len = if is_known { (to - from) as u64 } else { 0 };
        let mut says: Vec<_> = bytes[..from].chunks(1_460).map(|piece| Bytes(Response, piece.to_vec())).collect();
        if from < to {
            says.push(Lose(Response, len));
        }
        says.extend(bytes[to..].chunks(1_460).map(|piece| Bytes(Response, piece.to_vec())));
        let extensions = match begins_anew {
            true => "permessage-deflate; server_no_context_takeover",
            false => "permessage-deflate",
        };
        let (seen, _) = read(extensions, &says, |_, bytes| vec![bytes.to_vec()]);
        let mut sent = expected(&messages).into_iter();
        for message in &seen.data[1] {
            prop_assert!(sent.any(|sent| sent == *message), "{:?} was not sent", message.0);
        }
    }

    #[test]
    fn any_bytes_are_read(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..100)), 0..30)) {
        let says: Vec<_> =
            pieces.into_iter().map(|(client, bytes)| Bytes(if client { Request } else { Response }, bytes)).collect();
        read("permessage-deflate", &says, |_, bytes| vec![bytes.to_vec()]);
    }
}
