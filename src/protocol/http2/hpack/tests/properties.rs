use std::collections::HashSet;

use httlib_hpack::Encoder as OtherEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

use super::encoder::{Choice, Encoder, INSERTED, Kind, Trace};
use super::*;

/// The work of an encoder for one block.
#[derive(Debug, Clone)]
struct Block {
    /// Table sizes that are announced at its beginning.
    sizes: Vec<u32>,
    fields: Vec<(Pair, Choice)>,
}

const MAX_SIZE: u32 = 9_000;

fn choices() -> impl Strategy<Value = Choice> {
    let kinds = prop_oneof![4 => Just(Kind::Inserted), 1 => Just(Kind::Plain), 1 => Just(Kind::NeverIndexed)];
    (any::<[bool; 5]>(), kinds).prop_map(|([indexed, indexed_name, huffman_name, huffman_value, oldest], kind)| {
        Choice { indexed, kind, indexed_name, huffman_name, huffman_value, oldest }
    })
}

/// Names that occur again, some of the static table, one too long to be copied; values mostly new.
fn pairs() -> impl Strategy<Value = Pair> {
    let names = prop_oneof![
        Just(b":path".to_vec()),
        Just(b"cookie".to_vec()),
        (0..6_u8).prop_map(|n| format!("x-name-{n}").into_bytes()),
        (0..2_usize).prop_map(|n| vec![b'n'; 200 + n]),
        vec(any::<u8>(), 0..9),
    ];
    let values = prop_oneof![
        (0..9_u8).prop_map(|n| n.to_string().into_bytes()),
        vec(any::<u8>(), 0..40),
        vec(any::<u8>(), 300..600),
        Just(Vec::new()),
    ];
    (names, values)
}

fn sizes() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        4 => Just(Vec::new()),
        1 => vec(prop_oneof![Just(0), Just(31), 32..300_u32, 0..=MAX_SIZE], 1..4)
    ]
}

fn stories() -> impl Strategy<Value = Vec<Block>> {
    let block = (sizes(), vec((pairs(), choices()), 0..9)).prop_map(|(sizes, fields)| Block { sizes, fields });
    vec(block, 1..24)
}

fn small_blocks() -> impl Strategy<Value = Block> {
    (sizes(), vec((pairs(), choices()), 1..4)).prop_map(|(sizes, fields)| Block { sizes, fields })
}

fn encode(encoder: &mut Encoder, block: &Block) -> (Vec<u8>, Vec<Trace>) {
    let mut out = Vec::new();
    for &bytes in &block.sizes {
        encoder.set_size(bytes as usize, &mut out);
    }
    let traces = block.fields.iter().map(|(pair, choice)| encoder.field(pair, *choice, &mut out)).collect();
    (out, traces)
}

fn truth(block: &Block) -> Vec<Pair> {
    block.fields.iter().map(|(pair, _)| pair.clone()).collect()
}

fn decoder() -> Decoder {
    let mut decoder = Decoder::new();
    decoder.note_settings_limit(MAX_SIZE);
    decoder
}

proptest! {
    #[test]
    fn whatever_an_encoder_may_do_is_decoded(story in stories()) {
        let (mut encoder, mut decoder) = (Encoder::new(), decoder());
        for block in &story {
            let out = decode(&mut decoder, &encode(&mut encoder, block).0);
            prop_assert_eq!(fields(&out), truth(block));
            prop_assert!(!out.is_incomplete());
            let never = block.fields.iter().map(|(_, choice)| matches!(choice.kind, Kind::NeverIndexed));
            // Where the encoder used an index all the same, nothing can tell.
            prop_assert!(out.iter().zip(never).all(|(field, never)| never || !field.never_indexed));
            prop_assert_eq!(decoder.table.size(), encoder.size());
            prop_assert!(decoder.table.is_complete());
        }
    }

    #[test]
    fn a_block_cut_anywhere_has_the_first_of_its_fields(before in stories(), block in small_blocks()) {
        let (mut encoder, mut decoder) = (Encoder::new(), decoder());
        for block in before.iter().take(3) {
            decode(&mut decoder, &encode(&mut encoder, block).0);
        }
        let (bytes, truth) = (encode(&mut encoder, &block).0, truth(&block));
        for cut in 0..bytes.len() {
            let mut decoder = decoder.clone();
            let mut out = FieldBlock::new();
            let result = decoder.decode(&bytes[..cut], &mut out);
            prop_assert!(truth.starts_with(&fields(&out)));
            prop_assert!(matches!(result, Ok(()) | Err(HpackError::Truncated)), "{:?}", result);
            // The rest is no block of its own, but must not break anything.
            let _ = decoder.decode(&bytes[cut..], &mut out);
        }
    }

    /// The decoder must know the fields that use no entry, and those that use an entry that was inserted since the last loss by
    /// a field that was known itself.
    #[test]
    fn all_that_can_be_known_is_after_a_late_start_and_losses(
        story in stories(),
        start in 0..12_usize,
        lost in vec(any::<bool>(), 24),
        limit_is_seen in any::<bool>(),
    ) {
        let mut encoder = Encoder::new();
        let mut decoder = Decoder::new_unknown();
        if limit_is_seen {
            decoder.note_settings_limit(MAX_SIZE);
        }
        let mut known_entries = HashSet::new();
        for (index, (block, lost)) in story.iter().zip(lost).enumerate() {
            let (bytes, traces) = encode(&mut encoder, block);
            if index < start || lost && index % 3 == 0 {
                decoder.lose();
                known_entries.clear();
                continue;
            }
            let (mut known, mut unknown) = (Vec::new(), 0);
            for ((pair, _), trace) in block.fields.iter().zip(traces) {
                if trace.used.is_none_or(|number| known_entries.contains(&number)) {
                    known.push(pair.clone());
                    known_entries.extend(trace.inserted);
                } else {
                    unknown += 1;
                }
            }
            prop_assert_eq!(seen(&mut decoder, &bytes), (known, unknown));
        }
        // A table that is emptied is known.
        let mut last = Vec::new();
        encoder.set_size(0, &mut last);
        encoder.set_size(4_000, &mut last);
        encoder.field(&pair("a", "b"), INSERTED, &mut last);
        encoder.field(&pair("a", "b"), INSERTED, &mut last);
        prop_assert_eq!(seen(&mut decoder, &last), (vec![pair("a", "b"); 2], 0));
        prop_assert_eq!(decoder.table.size(), encoder.size());
        prop_assert!(decoder.table.is_complete());
    }

    #[test]
    fn another_encoder_is_understood(
        story in vec(vec((pairs(), 0..8_u8), 0..9), 1..12),
        sizes in vec(prop_oneof![3 => Just(None), 1 => (0..4_097_u32).prop_map(Some)], 12),
    ) {
        let (mut encoder, mut decoder) = (OtherEncoder::with_dynamic_size(4_096), Decoder::new());
        for (block, size) in story.iter().zip(sizes) {
            let mut bytes = Vec::new();
            if let Some(size) = size {
                encoder.update_max_dynamic_size(size, &mut bytes).unwrap();
            }
            for ((name, value), flags) in block {
                encoder.encode((name.clone(), value.clone(), *flags), &mut bytes).unwrap();
            }
            let truth: Vec<_> = block.iter().map(|(pair, _)| pair.clone()).collect();
            prop_assert_eq!(seen(&mut decoder, &bytes), (truth, 0));
        }
    }

    #[test]
    fn any_bytes_are_within_bounds(
        blocks in vec(vec(any::<u8>(), 0..200), 1..20),
        begins_here in any::<bool>(),
        limit in any::<Option<u32>>(),
    ) {
        let mut decoder = if begins_here { Decoder::new() } else { Decoder::new_unknown() };
        if let Some(limit) = limit {
            decoder.note_settings_limit(limit);
        }
        for block in &blocks {
            let mut out = FieldBlock::new();
            let result = decoder.decode(block, &mut out);
            let list: usize = out.iter().map(|field| field.name.len() + field.value.len() + 32).sum();
            prop_assert_eq!(list, out.list_bytes());
            prop_assert!(result.is_ok() || !decoder.table.is_complete());
        }
        let (mut encoder, mut bytes) = (Encoder::new(), Vec::new());
        encoder.set_size(0, &mut bytes);
        encoder.field(&pair("a", "b"), INSERTED, &mut bytes);
        prop_assert_eq!(seen(&mut decoder, &bytes), (vec![pair("a", "b")], 0));
        prop_assert!(decoder.table.is_complete());
    }
}
