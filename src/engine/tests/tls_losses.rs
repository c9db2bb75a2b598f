//! Losses in TLS: what they cost of the HTTP/1.1 inside.

use super::tls::Capture;
use super::*;
use crate::tls::tests::peer::{CLIENT, Peers, SERVER};

const EXCHANGES: usize = 8;
/// Those before are for the client to show that it waits for each answer.
const FIRST_LOST: usize = 3;
const SEGMENT_BYTES: usize = 700;

/// Exchanges of a client that waits for each answer, each answer in some records of its own. With the number of records before the
/// end of each.
fn conversation(mut peers: Peers) -> (Peers, Vec<usize>) {
    let ends = (0..EXCHANGES).map(|number| {
        peers.send(CLIENT, format!("GET /{number} HTTP/1.1\r\nhost: a.invalid\r\n\r\n").as_bytes());
        peers.send(SERVER, b"HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n\r\n");
        (0..3).for_each(|_| peers.send(SERVER, number.to_string().repeat(1_000).as_bytes()));
        peers.wire.len()
    });
    let ends = ends.collect();
    (peers, ends)
}

/// The messages that came out whole, of an answer only with its request.
fn whole(capture: &mut Capture) -> Vec<(bool, usize)> {
    let lines = all_lines(&mut capture.engine);
    let number = |path: &serde_json::Value| path.as_str()?.strip_prefix('/')?.parse().ok();
    let kept = lines.iter().filter(|line| line.get("incomplete").is_none()).filter_map(|line| {
        let is_request = line["direction"] == "request";
        let number: usize = number(if is_request { &line["path"] } else { &line["request"]["path"] })?;
        let body = line["body"].as_str().unwrap_or_default();
        assert!(is_request || body == number.to_string().repeat(3_000), "the answer of another request: {line}");
        Some((is_request, number))
    });
    kept.collect()
}

#[test]
fn a_lost_segment_costs_its_own_exchange() {
    for peers in [|| Peers::tls13(0x1301), || Peers::tls12(0xc02f)] {
        let (peers, ends) = conversation(peers());
        let parts = |index: usize| peers.wire[index].1.len().div_ceil(SEGMENT_BYTES);
        for (lost_record, lost_part) in
            (ends[FIRST_LOST - 1]..peers.wire.len()).flat_map(|index| (0..parts(index)).map(move |part| (index, part)))
        {
            let exchange = ends.partition_point(|&end| end <= lost_record);
            let mut capture = Capture::new();
            capture.keys(&peers.log_text());
            capture.open();
            for (index, (side, record)) in peers.wire.iter().enumerate() {
                for (part, bytes) in record.chunks(SEGMENT_BYTES).enumerate() {
                    match (index, part) == (lost_record, lost_part) {
                        true => capture.next[usize::from(*side == SERVER)] += bytes.len() as u32,
                        false => capture.segment(*side == CLIENT, bytes),
                    }
                }
            }
            capture.close();
            let whole = whole(&mut capture);
            for number in (0..EXCHANGES).filter(|&number| number != exchange) {
                for is_request in [true, false] {
                    assert!(
                        whole.contains(&(is_request, number)),
                        "of exchange {number}, request: {is_request}; lost in {exchange}: record {lost_record}, part {lost_part}",
                    );
                }
            }
        }
    }
}
