//! A copy has the packets that are wanted as they stand in the file, and of the rest what they need.

use std::os::fd::AsRawFd as _;

use super::*;

/// A part of a file, in order, and the bytes of it in a copy.
#[derive(Debug, Clone)]
enum Part {
    Packet { there: Vec<u8>, copied: Vec<u8> },
    Header { there: Vec<u8>, copied: Vec<u8> },
    Section { there: Vec<u8>, copied: Vec<u8>, order: Writer },
}

impl Part {
    fn packet(block: Vec<u8>) -> Self {
        Self::Packet { there: block.clone(), copied: block }
    }

    fn header(block: Vec<u8>) -> Self {
        Self::Header { there: block.clone(), copied: block }
    }

    fn left_out(block: Vec<u8>) -> Self {
        Self::Header { there: block, copied: Vec::new() }
    }

    fn there(&self) -> &[u8] {
        match self {
            Self::Packet { there, .. } | Self::Header { there, .. } | Self::Section { there, .. } => there,
        }
    }
}

fn copied(bytes: &[u8], secrets: &[u8], wanted: &[bool]) -> (Vec<u8>, Result<(), EngineError>) {
    let mut file = File::from(memfd_create("savefile", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(bytes).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut copy = SavefileCopy::open(&path, Zeroizing::new(secrets.to_vec())).unwrap();
    let mut out = Vec::new();
    loop {
        match copy.step(&mut out, |number| wanted[number as usize]) {
            Ok(true) => {}
            Ok(false) => return (out, Ok(())),
            Err(error) => return (out, Err(error)),
        }
    }
}

fn pcapng_section(writer: Writer) -> impl Strategy<Value = Vec<Part>> {
    let frame = prop::collection::vec(any::<u8>(), 0..40);
    let part = prop_oneof![
        4 => (0..2_u32, any::<u64>(), frame.clone()).prop_map(move |(interface, ticks, frame)| {
            Part::packet(writer.enhanced(interface, ticks, &frame))
        }),
        1 => frame.clone().prop_map(move |frame| Part::packet(writer.simple(frame.len() as u32, &frame))),
        1 => (any::<u64>(), frame).prop_map(move |(ticks, frame)| Part::packet(writer.obsolete(1, ticks, &frame))),
        1 => Just(Part::left_out(writer.block(4, b"names"))),
        1 => Just(Part::left_out(writer.block(5, &[0; 12]))),
        1 => Just(Part::left_out(writer.block(10, &[writer.u32s([0x544c_534b, 4]), b"a b\n".to_vec()].concat()))),
        1 => Just(Part::left_out(writer.block(0x0bad, b"unknown"))),
        1 => Just(Part::header(writer.interface(101, 0, &[]))),
    ];
    prop::collection::vec(part, 0..12).prop_map(move |parts| {
        let whole = writer.section();
        // A section that says how long it is says so no more.
        let mut with_length = whole.clone();
        with_length[16..24].copy_from_slice(&[0, 0, 0, 0, 0, 0, 1, 0]);
        let section = Part::Section { there: with_length, copied: whole, order: writer };
        let interfaces = [
            writer.interface(1, 0, &[writer.option(2, b"eth0")]),
            writer.interface(113, 96, &[writer.resolution(9), writer.offset(3)]),
        ];
        [vec![section], interfaces.map(Part::header).to_vec(), parts].concat()
    })
}

fn pcap() -> impl Strategy<Value = Vec<Part>> {
    let kinds = prop::sample::select(vec![MICROSECONDS, NANOSECONDS, MODIFIED]);
    let frame = prop::collection::vec(any::<u8>(), 0..40);
    let packets = prop::collection::vec((any::<u32>(), 0..2_000_000_000_u32, frame), 0..8);
    (prop::sample::select(vec![LITTLE, BIG]), kinds, packets).prop_map(|(writer, kind, packets)| {
        let options = if kind == NANOSECONDS { vec![LITTLE.resolution(9), LITTLE.option(0, b"")] } else { vec![] };
        let header = [LITTLE.section(), LITTLE.interface(101, 0, &options)].concat();
        let section = Part::Section { there: writer.pcap(kind, 101), copied: header, order: LITTLE };
        let packets = packets.into_iter().map(|(seconds, fraction, frame)| {
            let there = match kind {
                MODIFIED => writer.modified_record(seconds, fraction, &frame),
                _ => writer.record(seconds, fraction, &frame),
            };
            let units = if kind == NANOSECONDS { 1_000_000_000 } else { 1_000_000 };
            let copied = LITTLE.enhanced(0, u64::from(seconds) * units + u64::from(fraction), &frame);
            Part::Packet { there, copied }
        });
        [section].into_iter().chain(packets).collect()
    })
}

fn file() -> impl Strategy<Value = Vec<Part>> {
    let pcapng = (pcapng_section(LITTLE), pcapng_section(BIG)).prop_map(|(one, other)| [one, other].concat());
    prop_oneof![2 => pcapng, 1 => pcap()]
}

proptest! {
    #[test]
    fn packets_that_are_wanted_and_no_others(
        parts in file(),
        choice in prop::collection::vec(any::<bool>(), 30),
        secrets in prop::sample::select(vec![b"".as_slice(), b"CLIENT_RANDOM aa bb\n"]),
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(Part::there).copied().collect();
        let mut expected = Vec::new();
        let (mut packets, mut log) = (0, secrets);
        for part in &parts {
            match part {
                Part::Packet { copied, .. } => {
                    if choice[packets] {
                        expected.extend_from_slice(copied);
                    }
                    packets += 1;
                }
                Part::Header { copied, .. } => expected.extend_from_slice(copied),
                Part::Section { copied, order, .. } => {
                    expected.extend_from_slice(copied);
                    if !log.is_empty() {
                        expected.extend(order.block(10, &[&order.u32s([0x544c_534b, log.len() as u32]), log].concat()));
                        log = b"";
                    }
                }
            }
        }
        let (copy, result) = copied(&bytes, secrets, &choice);
        result.unwrap();
        prop_assert_eq!(copy, expected);
    }
}

/// Decryption Secrets Block (draft-ietf-opsawg-pcapng §4.7).
const SECRETS_BLOCK: usize = 10;

#[test]
fn a_long_key_log_stands_in_several_blocks_of_whole_lines() {
    let line = [b"CLIENT_RANDOM ".as_slice(), &[b'a'; 64], b" ", &[b'b'; 96], b"\n"].concat();
    let log = line.repeat(10_000);
    let (copy, result) = copied(&LITTLE.section(), &log, &[]);
    result.unwrap();
    let word = |at: usize| u32::from_le_bytes(copy[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut blocks, mut again) = (0, 0, Vec::new());
    while at < copy.len() {
        if word(at) == SECRETS_BLOCK {
            blocks += 1;
            let secrets = &copy[at + 16..at + 16 + word(at + 12)];
            assert!(secrets.ends_with(b"\n"));
            again.extend_from_slice(secrets);
        }
        at += word(at + 4);
    }
    assert!(blocks > 1);
    assert!(again == log);
}

#[test]
fn a_broken_file_gives_what_comes_before_its_break() {
    let packet = LITTLE.enhanced(0, 5, b"frame");
    let whole = [LITTLE.section(), LITTLE.interface(101, 0, &[]), packet.clone(), packet].concat();
    let (copy, result) = copied(&whole[..whole.len() - 3], b"", &[true, true]);
    assert!(matches!(result, Err(EngineError::BrokenSavefile { packets: 1, .. })), "{result:?}");
    assert_eq!(copy, whole[..copy.len()]);
}
