//! Packets that were dropped before a savefile was written.

use super::*;
use crate::source::savefile::record::ByteOrder;

/// The option of a number of 64 bits.
fn number(writer: Writer, code: u16, value: u64) -> Vec<u8> {
    let bytes = if writer.0 == ByteOrder::Little { value.to_le_bytes() } else { value.to_be_bytes() };
    writer.option(code, &bytes)
}

/// The packets are lost, though not to this reader.
#[test]
fn drops_that_the_file_tells_of_are_counted() {
    for writer in [LITTLE, BIG] {
        let statistics = |interface: u32, options: &[Vec<u8>]| {
            writer.block(5, &[writer.u32s([interface, 0, 0]), options.concat()].concat())
        };
        let beside = |drops: u64| {
            let options = [number(writer, 2, 9), number(writer, 4, drops), writer.option(0, &[])].concat();
            writer.block(6, &[writer.u32s([0, 0, 1, 4, 4]), b"abcd".to_vec(), options].concat())
        };
        let obsolete = |drops: u16| {
            writer.block(2, &[writer.u16s([0, drops]), writer.u32s([0, 1, 4, 4]), b"abcd".to_vec()].concat())
        };
        let head = [writer.section(), writer.interface(1, 0, &[]), writer.interface(1, 0, &[])].concat();
        let two = [number(writer, 4, 1_000), number(writer, 5, 40), number(writer, 7, 3), number(writer, 8, 957)];
        for (blocks, dropped) in [
            (vec![], 0),
            (vec![statistics(0, &two)], 43),
            (vec![statistics(0, &two), statistics(0, &[number(writer, 5, 7)])], 43),
            (vec![statistics(0, &[number(writer, 5, u64::MAX)]), statistics(1, &two), statistics(0, &two)], u64::MAX),
            (
                vec![
                    statistics(0, &[number(writer, 5, 7)]),
                    statistics(0, &two),
                    statistics(1, &[number(writer, 7, 1)]),
                ],
                44,
            ),
            (
                vec![
                    statistics(2, &two),
                    statistics(0, &[writer.option(5, b"7")]),
                    statistics(0, &[vec![0, 5, 0, 99]]),
                ],
                0,
            ),
            (vec![beside(2), beside(0), beside(3)], 5),
            (vec![beside(2), statistics(0, &two)], 43),
            (vec![obsolete(4), obsolete(u16::MAX), obsolete(1)], 5),
            (vec![statistics(0, &two), head.clone(), statistics(0, &[number(writer, 5, 1)])], 44),
        ] {
            let mut source = open(&[head.clone(), blocks.concat()].concat()).unwrap();
            let (_, ended) = read_to_end(&mut source);
            assert!(ended.is_ok(), "{blocks:?}");
            assert_eq!(source.counters().if_dropped, dropped, "{blocks:?}");
        }
    }
}
