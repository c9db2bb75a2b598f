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

/// A client that has waited keeps two requests open: the second of them is lost, and later its answer.
#[test]
fn a_request_that_the_server_had_too_early_proves_that_the_client_pipelines() {
    let (request, response) = (GET.len() as u64, OK.len() as u64);
    let mut reader = Reader::new(Met::AtItsSyn, Seen::default());
    for _ in 0..3 {
        reader.say(Side::Low, Timestamp::default(), GET);
        reader.say(Side::High, Timestamp::default(), OK);
    }
    reader.say(Side::Low, Timestamp::default(), GET);
    let said = |requests: u64, responses: u64, from_client: bool| {
        let [asked, answered] = [requests * request, responses * response].map(|bytes| Position::ORIGIN + bytes);
        let (bytes, position, acked) = if from_client { (GET, asked, answered) } else { (OK, answered, asked) };
        let meta = DataMeta { at: Timestamp::default(), position, acked, segment_start: true, waited: false };
        StreamEvent::Data(bytes, meta)
    };
    reader.deliver(Side::High, said(5, 3, false));
    reader.deliver(Side::Low, StreamEvent::Gap { len: request });
    reader.deliver(Side::Low, said(5, 4, true));
    reader.deliver(Side::High, StreamEvent::Gap { len: response });
    reader.deliver(Side::Low, said(6, 5, true));
    reader.deliver(Side::High, said(7, 5, false));
    assert_eq!(reader.sink.requests.len(), 6);
    assert_eq!(reader.sink.responses[3..], ["< 200 'ok' for GET /g", "< 200 'ok'"]);
}

/// Which request a response answers is not known, and yet the server has answered the request that asks to switch, or its client
/// does not wait: what it sends then is HTTP.
#[test]
fn requests_after_a_wish_to_switch_that_was_answered_otherwise_are_read() {
    for name in ["websocket", "tls/1.2", "chat"] {
        let upgrade = format!("GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: {name}\r\n\r\n");
        let switch = format!("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: {name}\r\n\r\n");
        let all =
            [C(upgrade.as_bytes()), S(OK), C(GET), S(OK), C(upgrade.as_bytes()), S(switch.as_bytes()), C(b"GET /no")];
        for cut in [Cut::Nowhere].into_iter().chain((1..GET.len()).map(|at| Cut::In(2, at))) {
            let (seen, counters) = talk(&all, cut, Role::Unknown);
            assert_eq!(seen.requests, ["> GET /u", "> GET /g", "> GET /u"], "{name} {cut:?}");
            assert_eq!((counters.switched_bytes, counters.lost_heads), (7, 0), "{name} {cut:?}");
        }
    }
}

/// They may have been requests, if another request was granted.
#[test]
fn what_waits_for_an_answer_that_was_not_seen_is_counted() {
    let upgrade = b"GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
    let switch = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n";
    let (seen, counters) = talk(&[C(upgrade), C(GET), S(switch)], Cut::Nowhere, Role::Unknown);
    assert_eq!((seen.requests.len(), counters.lost_heads), (1, 1));

    // The same if they are captured later than the answer.
    let mut reader = Reader::new(Met::of(Role::Unknown, true, None), Seen::default());
    reader.say(Side::Low, Timestamp::default(), upgrade);
    let (position, acked) = (Position::ORIGIN, Position::ORIGIN + (upgrade.len() + GET.len()) as u64);
    let meta = DataMeta { at: Timestamp::default(), position, acked, segment_start: true, waited: false };
    reader.deliver(Side::High, StreamEvent::Data(switch, meta));
    reader.say(Side::Low, Timestamp::default(), GET);
    assert_eq!((reader.sink.requests.len(), reader.counters.lost_heads), (1, 1));
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
        let meta = DataMeta {
            at: Timestamp::default(),
            position,
            acked: Position::UNKNOWN,
            segment_start: true,
            waited: false,
        };
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
