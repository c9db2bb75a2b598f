//! Which response answers which request, and how that bears on its body.

use super::*;

const HEAD: &[u8] = b"HEAD /h HTTP/1.1\r\n\r\n";
const GET: &[u8] = b"GET /g HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE: &[u8] = b"GET /u HTTP/1.1\r\nConnection: x, Upgrade\r\nUpgrade: chat\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n";
const CONNECT: &[u8] = b"CONNECT a.example:443 HTTP/1.1\r\n\r\n";

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn an_answer_to_head_has_no_body() {
    for head in ["Content-Length: 2", "Transfer-Encoding: chunked", "A: b"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
        let answers = join(&[answer.as_bytes(), OK]);
        let first = if head == "A: b" { "< 200 {A=b} for HEAD /h" } else { "< 200 for HEAD /h" };
        check(&[C(&join(&[HEAD, GET])), S(&answers)], &["> HEAD /h", "> GET /g", first, "< 200 'ok' for GET /g"]);
    }
}

#[test]
fn interim_responses() {
    let interim = b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n";
    let hints = b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n";
    let post = b"POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    check(
        &[C(post), S(interim), C(b"xyz"), S(&join(&[hints, hints, OK]))],
        &[
            "> POST /p {Expect=100-continue} 'xyz'",
            "< 100 for POST /p",
            "< 103 for POST /p",
            "< 103 for POST /p",
            "< 200 'ok' for POST /p",
        ],
    );
}

#[test]
fn a_final_response_before_the_request_is_complete() {
    let post = b"POST /p HTTP/1.1\r\nContent-Length: 6\r\n\r\nxyz";
    let no = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
    check(
        &[C(post), S(no), C(b"uvw"), C(GET), S(OK)],
        &["> POST /p 'xyzuvw'", "> GET /g", "< 413 'no' for POST /p", "< 200 'ok' for GET /g"],
    );
}

#[test]
fn responses_that_nobody_asked_for() {
    check(&[S(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\nno")], &["< 408 'no'"]);
    check(&[C(GET), S(&join(&[OK, OK]))], &["> GET /g", "< 200 'ok' for GET /g", "< 200 'ok'"]);
}

#[test]
fn an_upgrade_that_is_granted() {
    let after = b"GET /inside HTTP/1.1\r\n\r\n";
    let expected = ["> GET /u", "< 101 for GET /u"];
    check(&[C(UPGRADE), S(SWITCH), C(after), S(OK)], &expected);
    check(&[C(UPGRADE), C(after), S(SWITCH), S(OK)], &expected);
    check(&[C(&join(&[UPGRADE, after])), S(&join(&[SWITCH, OK]))], &expected);
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    check(&[C(UPGRADE), C(after), S(interim), S(SWITCH)], &["> GET /u", "< 100 for GET /u", "< 101 for GET /u"]);
}

#[test]
fn an_upgrade_that_is_declined() {
    let expected =
        ["> GET /u", "> HEAD /h", "> GET /g", "< 200 'ok' for GET /u", "< 200 for HEAD /h", "< 200 'ok' for GET /g"];
    let head_answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let pipeline = join(&[UPGRADE, HEAD, GET]);
    let answers = join(&[OK, head_answer, OK]);
    check(&[C(&pipeline), S(&answers)], &expected);
    check(&[C(UPGRADE), C(HEAD), C(GET), S(OK), S(head_answer), S(OK)], &expected);
    check(&[C(UPGRADE), S(OK), C(HEAD), S(head_answer), C(GET), S(OK)], &expected);
}

#[test]
fn only_connection_upgrade_asks_for_an_upgrade() {
    let plain = b"GET /u HTTP/1.1\r\nUpgrade: chat\r\n\r\n";
    check(&[C(plain), C(GET), S(OK)], &["> GET /u", "> GET /g", "< 200 'ok' for GET /u"]);
}

#[test]
fn a_switch_that_was_not_asked_for_ends_http_all_the_same() {
    let after = b"GET /inside HTTP/1.1\r\n\r\n";
    check(&[C(GET), S(SWITCH), C(after), S(OK)], &["> GET /g", "< 101 for GET /g"]);
    check(&[S(SWITCH), C(after), S(OK)], &["< 101"]);
    // Even in the middle of a request, which still comes out.
    let post = b"POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\n";
    check(&[C(post), S(SWITCH), C(b"xyz"), C(after)], &["> POST /p 'xyz'", "< 101 for POST /p"]);
}

#[test]
fn tunnels() {
    let inside = b"GET /inside HTTP/1.1\r\n\r\n";
    let granted = b"HTTP/1.1 200 Connection established\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n";
    check(&[C(CONNECT), S(granted), C(inside), S(OK)], &["> CONNECT a.example:443", "< 200 for CONNECT a.example:443"]);
    check(&[C(&join(&[CONNECT, inside])), S(granted)], &["> CONNECT a.example:443", "< 200 for CONNECT a.example:443"]);
    let refused = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\n\r\nno";
    check(
        &[C(&join(&[CONNECT, GET])), S(&join(&[refused, OK]))],
        &["> CONNECT a.example:443", "> GET /g", "< 405 'no' for CONNECT a.example:443", "< 200 'ok' for GET /g"],
    );
    // Framing does not ask for the method (RFC 9112 §6).
    let with_body = b"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz";
    check(&[C(with_body), S(refused)], &["> CONNECT a.example:443 'xyz'", "< 405 'no' for CONNECT a.example:443"]);
}

#[test]
fn what_is_held_back_survives_the_end_of_the_stream() {
    // The client closes its side before the answer comes.
    let (seen, counters) = talk_across_close(&[C(UPGRADE), C(GET)], &[S(OK), S(OK)]);
    assert_eq!(seen.lines(), ["> GET /u", "> GET /g", "< 200 'ok' for GET /u", "< 200 'ok' for GET /g"]);
    assert_eq!(counters.lost_heads, 0);
    // No answer comes at all: the loss is counted.
    let (seen, counters) = talk(&[C(UPGRADE), C(GET)], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert_eq!(seen.lines(), ["> GET /u"]);
    assert_eq!(counters.lost_heads, 1);
}

#[test]
fn a_response_without_its_request_may_answer_a_head() {
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n";
    // The client has spoken, and here the next response begins: it was a HEAD.
    let turns = [S(long), C(b"GET /g HTTP/1.1\r\n\r\n"), S(OK)];
    let (seen, _) = talk(&turns, Cut::Nowhere, Role::Unknown);
    assert_eq!(seen.lines(), ["> GET /g", "< 200", "< 200 'ok'"]);
    // The client has not: it may have been one.
    for turns in
        [vec![S(long), S(OK)], vec![S(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")]]
    {
        let (seen, counters) = talk(&turns, Cut::Nowhere, Role::Unknown);
        assert_eq!(seen.lines(), [""; 0], "{turns:?}");
        assert_eq!(counters.lost_heads, 1);
    }
}

#[test]
fn the_end_of_the_connection_is_that_of_what_waits() {
    let asked = C(b"GET / HTTP/1.1\r\n\r\n");
    let answered = S(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    for (turns, unanswered) in [
        (&[asked][..], &["1 closed"][..]),
        (&[asked, answered], &[]),
        (&[asked, answered, asked, asked], &["2 closed", "3 closed"]),
        (&[asked, S(b"HTTP/1.1 100 Continue\r\n\r\n")], &["1 closed"]),
        // It has begun.
        (&[asked, S(b"HTTP/1.1 200")], &[]),
        (&[asked, S(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbo")], &[]),
        (&[C(b"CONNECT h:1 HTTP/1.1\r\n\r\n"), S(b"HTTP/1.1 200 OK\r\n\r\n")], &[]),
    ] {
        let (seen, _) = talk(turns, Cut::Nowhere, Role::InitiatedBy(Side::Low));
        assert_eq!(seen.unanswered, unanswered, "{turns:?}");
    }
}

#[test]
fn after_a_loss_nothing_is_said_of_what_waits() {
    for lost in [None, Some(Side::Low), Some(Side::High)] {
        let mut reader = Reader::new(Met::AtItsSyn, Seen::default());
        reader.say(Side::Low, Timestamp::default(), b"GET / HTTP/1.1\r\n\r\n");
        reader.say(Side::High, Timestamp::default(), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        reader.say(Side::Low, Timestamp::default(), b"GET / HTTP/1.1\r\n\r\n");
        if let Some(side) = lost {
            reader.lose(side, 100);
        }
        reader.deliver(Side::Low, StreamEvent::End { clean: false, reset: Some(Side::Low) });
        assert!(reader.sink.unanswered.is_empty(), "it is for the server's side to end");
        reader.deliver(Side::High, StreamEvent::End { clean: false, reset: Some(Side::Low) });
        let told = reader.sink.unanswered;
        // The bytes of the client after it may be a request, and no response to the first.
        assert_eq!(told, if lost == Some(Side::High) { vec![] } else { vec!["2 reset".to_owned()] }, "{lost:?}");
    }
}

#[test]
fn a_side_that_said_nothing_may_end_by_a_reset() {
    for (clean, unanswered) in [(true, ["1 closed"]), (false, ["1 reset"])] {
        let mut reader = Reader::new(Met::AtItsSyn, Seen::default());
        reader.say(Side::Low, Timestamp::default(), b"GET / HTTP/1.1\r\n\r\n");
        reader.deliver(Side::High, StreamEvent::End { clean, reset: (!clean).then_some(Side::High) });
        assert_eq!(reader.sink.unanswered, unanswered);
    }
}
