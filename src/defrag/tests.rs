use proptest::prelude::*;

use super::pieces::MAX_PIECES;
use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn v4<'a>(offset_bytes: u32, more: bool, bytes: &'a [u8]) -> Fragment<'a> {
    Fragment {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        identification: 1,
        next_header: 6,
        may_begin: true,
        offset_bytes,
        more,
        bytes,
        missing: 0,
    }
}

fn v6<'a>(offset_bytes: u32, more: bool, bytes: &'a [u8]) -> Fragment<'a> {
    Fragment { source: [1; 16].into(), destination: [2; 16].into(), ..v4(offset_bytes, more, bytes) }
}

fn with_id<'a>(identification: u32, fragment: Fragment<'a>) -> Fragment<'a> {
    Fragment { identification, ..fragment }
}

/// Pushes all of it; the bytes of the last datagram that came out.
fn run(fragments: &[Fragment<'_>]) -> (Option<Vec<u8>>, DefragStats) {
    let mut defragmenter = Defragmenter::new();
    let datagram = fragments.iter().filter_map(|fragment| defragmenter.push(NOW, *fragment)).last();
    assert_eq!(defragmenter.datagrams.len(), defragmenter.by_age.len());
    (datagram.map(|datagram| datagram.bytes), *defragmenter.stats())
}

const NONE: DefragStats =
    DefragStats { reassembled: 0, timed_out: 0, evicted: 0, overlap: 0, oversize: 0, malformed: 0, cut: 0 };

macro_rules! cases {
    ($($name:ident: [$($fragment:expr),*] => $bytes:expr, $counter:ident;)*) => {$(
        #[test]
        fn $name() {
            let bytes: Option<&[u8]> = $bytes;
            let stats = DefragStats { $counter: 1, ..NONE };
            assert_eq!(run(&[$($fragment),*]), (bytes.map(<[u8]>::to_vec), stats));
        }
    )*};
}

cases! {
    in_order: [v4(0, true, b"01234567"), v4(8, false, b"89")] => Some(b"0123456789"), reassembled;
    reversed: [v4(8, false, b"89"), v4(0, true, b"01234567")] => Some(b"0123456789"), reassembled;
    in_order_v6: [v6(0, true, b"01234567"), v6(8, false, b"89")] => Some(b"0123456789"), reassembled;
    reversed_v6: [v6(8, false, b"89"), v6(0, true, b"01234567")] => Some(b"0123456789"), reassembled;
    duplicate: [v4(0, true, b"01234567"), v4(0, true, b"01234567"), v4(8, false, b"89")] => Some(b"0123456789"), reassembled;
    duplicate_v6: [v6(0, true, b"01234567"), v6(0, true, b"01234567"), v6(8, false, b"89")] => Some(b"0123456789"), reassembled;
    late_duplicate: [v4(0, true, b"01234567"), v4(8, false, b"89"), v4(8, false, b"89")] => Some(b"0123456789"), reassembled;
    first_arrival_wins: [v4(0, true, b"01234567"), v4(0, true, b"xxxxxxxx89abcdef"), v4(16, false, b"g")] => Some(b"0123456789abcdefg"), reassembled;
    first_arrival_wins_behind: [v4(8, true, b"89abcdef"), v4(0, true, b"01234567xxxxxxxx"), v4(16, false, b"g")] => Some(b"0123456789abcdefg"), reassembled;
    overlap_around_pieces: [v4(8, true, b"89abcdef"), v4(24, false, b"z"), v4(0, true, b"01234567xxxxxxxxghijklmn")] => Some(b"0123456789abcdefghijklmnz"), reassembled;
    overlap_v6: [v6(0, true, b"01234567"), v6(0, true, b"0123456789abcdef"), v6(16, false, b"g")] => None, overlap;
    overlap_v6_other_bytes: [v6(0, true, b"01234567"), v6(0, true, b"x1234567"), v6(8, false, b"89")] => None, overlap;
    ragged_is_cut_down: [v4(0, true, b"01234567xx"), v4(8, false, b"89")] => Some(b"0123456789"), reassembled;
    ragged_v6: [v6(0, true, b"01234567xx"), v6(8, false, b"89")] => None, malformed;
    empty: [v4(0, true, b""), v4(0, false, b"01")] => None, malformed;
    two_ends: [v4(8, false, b"89"), v4(8, false, b"89a"), v4(0, true, b"01234567")] => None, malformed;
    behind_the_end: [v4(8, false, b"89"), v4(16, true, b"01234567"), v4(0, true, b"01234567")] => None, malformed;
    end_before_piece: [v4(16, true, b"01234567"), v4(8, false, b"89"), v4(0, true, b"01234567")] => None, malformed;
    cut_by_snaplen: [Fragment { missing: 1, ..v4(0, true, b"01234567") }, v4(0, true, b"01234567"), v4(8, false, b"89")] => None, cut;
    larger_than_ip_allows: [v4(0, true, b"01234567"), v4(65_528, false, b"01234567")] => None, oversize;
}

#[test]
fn largest_datagram() {
    let bytes = vec![7; 65_535];
    let (datagram, _) = run(&[v4(0, true, &bytes[..65_528]), v4(65_528, false, &bytes[65_528..])]);
    assert_eq!(datagram, Some(bytes));
}

#[test]
fn too_many_pieces() {
    let fragments: Vec<_> = (0..=MAX_PIECES as u32).map(|n| v4(n * 16, true, b"01234567")).collect();
    assert_eq!(run(&fragments), (None, DefragStats { oversize: 1, ..NONE }));
}

#[test]
fn next_header_of_the_first_fragment() {
    let mut defragmenter = Defragmenter::new();
    let last = Fragment { next_header: 43, ..v6(8, false, b"89") };
    assert_eq!(defragmenter.push(NOW, Fragment { next_header: 60, ..v6(0, true, b"01234567") }), None);
    let datagram = defragmenter.push(NOW, last).unwrap();
    assert_eq!((datagram.next_header, datagram.source, datagram.destination), (60, [1; 16].into(), [2; 16].into()));
}

#[test]
fn told_apart_by_every_part_of_the_key() {
    let first = v4(0, true, b"01234567");
    let last = v4(8, false, b"89");
    for other in [
        Fragment { identification: 2, ..last },
        Fragment { next_header: 51, ..last },
        Fragment { source: [10, 0, 0, 3].into(), ..last },
        Fragment { destination: [10, 0, 0, 3].into(), ..last },
    ] {
        assert_eq!(run(&[first, other]), (None, NONE));
    }
}

#[test]
fn times_out_in_packet_time() {
    let mut defragmenter = Defragmenter::new();
    defragmenter.push(NOW, v4(0, true, b"01234567"));
    defragmenter.expire(NOW.plus_millis(29_999));
    assert_eq!(defragmenter.stats().timed_out, 0);
    assert_eq!(defragmenter.push(NOW.plus_millis(30_000), v4(8, false, b"89")), None);
    assert_eq!(*defragmenter.stats(), DefragStats { timed_out: 1, ..NONE });
    defragmenter.expire(NOW.plus_millis(60_000));
    assert_eq!((defragmenter.stats().timed_out, defragmenter.held_bytes()), (2, 0));
}

#[test]
fn given_up_is_counted_once() {
    let mut defragmenter = Defragmenter::new();
    for fragment in [v6(0, true, b"01234567"), v6(0, true, b"x1234567"), v6(8, true, b"01234567")] {
        defragmenter.push(NOW, fragment);
    }
    assert_eq!(defragmenter.held_bytes(), 0);
    defragmenter.expire(NOW.plus_millis(60_000));
    assert_eq!(*defragmenter.stats(), DefragStats { overlap: 1, ..NONE });
}

#[test]
fn identification_comes_round_again() {
    let mut defragmenter = Defragmenter::new();
    for second in 0..3 {
        let now = NOW.plus_millis(second * 1_000);
        assert_eq!(defragmenter.push(now, v4(0, true, b"01234567")), None);
        assert!(defragmenter.push(now, v4(8, false, b"89")).is_some());
        assert_eq!(defragmenter.push(now, v4(0, true, b"01234567")), None);
    }
    assert_eq!(*defragmenter.stats(), DefragStats { reassembled: 3, ..NONE });
}

#[test]
fn oldest_datagram_is_evicted() {
    let mut defragmenter = Defragmenter::new();
    for id in 0..=MAX_DATAGRAMS as u32 {
        defragmenter.push(NOW, with_id(id, v4(0, true, b"01234567")));
    }
    assert_eq!(*defragmenter.stats(), DefragStats { evicted: 1, ..NONE });
    assert!(defragmenter.push(NOW, with_id(1, v4(8, false, b"89"))).is_some());
    assert!(defragmenter.push(NOW, with_id(0, v4(8, false, b"89"))).is_none());
}

#[test]
fn bytes_in_all_are_bounded() {
    let mut defragmenter = Defragmenter::new();
    let bytes = vec![7; 64_000];
    for id in 0..200 {
        defragmenter.push(NOW, with_id(id, v4(0, true, &bytes)));
        assert!(defragmenter.held_bytes() <= MAX_HELD_BYTES);
    }
    assert_eq!(defragmenter.stats().evicted, 200 - MAX_HELD_BYTES as u64 / 64_064);
}

/// A datagram, its cuts into fragments as (offset, more, bytes), shuffled and with duplicates.
fn shuffled_split() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
    (1usize..2_000)
        .prop_flat_map(|len| {
            let cuts = proptest::collection::btree_set(1..=len.div_ceil(8), 0..40);
            (proptest::collection::vec(any::<u8>(), len), cuts)
        })
        .prop_flat_map(|(bytes, cuts)| {
            let mut starts: Vec<usize> = cuts.into_iter().map(|cut| cut * 8).filter(|at| *at < bytes.len()).collect();
            starts.insert(0, 0);
            let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
            let ranges: Vec<_> = starts.iter().copied().zip(ends).collect();
            let duplicates = proptest::collection::vec(proptest::sample::select(ranges.clone()), 0..10);
            (Just(bytes), Just(ranges), duplicates)
        })
        .prop_flat_map(|(bytes, mut ranges, duplicates)| {
            ranges.extend(duplicates);
            (Just(bytes), Just(ranges).prop_shuffle())
        })
}

proptest! {
    #[test]
    fn any_split_in_any_order_gives_the_datagram((bytes, ranges) in shuffled_split()) {
        for make in [v4, v6] {
            let fragments: Vec<_> = ranges
                .iter()
                .map(|&(start, end)| make(start as u32, end < bytes.len(), &bytes[start..end]))
                .collect();
            let (datagram, stats) = run(&fragments);
            prop_assert_eq!(datagram.as_deref(), Some(&bytes[..]));
            prop_assert_eq!(stats, DefragStats { reassembled: 1, ..NONE });
        }
    }

    /// Against a picture of the datagram in which each byte is written once.
    #[test]
    fn overlaps_in_v4_keep_the_first_byte(
        fragments in proptest::collection::vec((0u32..16, 1usize..6, any::<u8>()), 1..40),
    ) {
        let mut picture = [None; 21 * 8];
        let mut defragmenter = Defragmenter::new();
        for (at, units, value) in fragments {
            for byte in picture.iter_mut().skip(at as usize * 8).take(units * 8) {
                byte.get_or_insert(value);
            }
            prop_assert_eq!(defragmenter.push(NOW, v4(at * 8, true, &vec![value; units * 8])), None);
        }
        let end = picture.iter().rposition(Option::is_some).unwrap() + 1;
        prop_assert_eq!(defragmenter.push(NOW, v4(end as u32, false, b"end")).is_some(), picture[..end].iter().all(Option::is_some));
        let mut datagram = None;
        for (at, byte) in picture[..end].iter_mut().enumerate().step_by(8) {
            if byte.is_none() {
                datagram = defragmenter.push(NOW, v4(at as u32, true, &[0; 8])).or(datagram);
            }
        }
        if let Some(datagram) = datagram {
            let expected: Vec<u8> = picture[..end].iter().map(|byte| byte.unwrap_or(0)).chain(*b"end").collect();
            prop_assert_eq!(datagram.bytes, expected);
        }
    }

    #[test]
    fn random_fragments_stay_within_the_bounds(
        fragments in proptest::collection::vec(
            (0u32..4, 0u32..8_200, any::<bool>(), 0usize..3_000, any::<bool>(), 0i64..40_000_000),
            0..300,
        ),
    ) {
        let bytes = [7; 3_000];
        let mut defragmenter = Defragmenter::new();
        for (id, at, more, len, is_v4, micros) in fragments {
            let make = if is_v4 { v4 } else { v6 };
            let datagram = defragmenter.push(Timestamp::from_micros(micros), with_id(id, make(at * 8, more, &bytes[..len])));
            prop_assert!(datagram.is_none_or(|datagram| datagram.bytes.len() <= 65_535));
            prop_assert!(defragmenter.held_bytes() <= MAX_HELD_BYTES);
            prop_assert_eq!(defragmenter.datagrams.len(), defragmenter.by_age.len());
        }
        defragmenter.expire(Timestamp::from_micros(i64::MAX));
        prop_assert_eq!((defragmenter.held_bytes(), defragmenter.datagrams.len()), (0, 0));
    }
}
