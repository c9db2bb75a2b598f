//! Messages that contradict the rules and are common all the same: which reading both peers used shows in what follows.

use super::*;

const GET: &[u8] = b"GET /g HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const IDENTITY: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nxyz";

#[test]
fn identity_beside_a_length_is_read_as_the_client_reads_it() {
    let both = ["> GET /g", "> GET /g", "< 200 'xyz' for GET /g", "< 200 'ok' for GET /g"];
    check(&[C(GET), S(IDENTITY), C(GET), S(OK)], &both);
    // Nothing follows: both readings are the same.
    check(&[C(GET), S(IDENTITY)], &["> GET /g", "< 200 'xyz' for GET /g"]);
    let version_0 = [b"HTTP/1.0".as_slice(), &IDENTITY[8..]].concat();
    check(&[C(GET), S(&version_0)], &["> GET /g", "< 200 1.0 'xyz' for GET /g"]);
    // More follows that was not asked for: the length may be wrong, or the bytes another message.
    check(
        &[C(GET), S(&[IDENTITY, OK].concat())],
        &["> GET /g", &format!("< 200 'xyz{}' !malformed for GET /g", OK.escape_ascii())],
    );
    let short = [&IDENTITY[..IDENTITY.len() - 1]].concat();
    check(&[C(GET), S(&short)], &["> GET /g", "< 200 'xy' !malformed for GET /g"]);
}

#[test]
fn identity_of_a_request_is_read_as_the_next_one_shows() {
    let post = b"POST /p HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nxyz";
    let all = ["> POST /p 'xyz'", "> GET /g", "< 200 'ok' for POST /p", "< 200 'ok' for GET /g"];
    check(&[C(post), S(OK), C(GET), S(OK)], &all);
    check(&[C(post), S(OK)], &["> POST /p 'xyz'", "< 200 'ok' for POST /p"]);
    let none = b"POST /p HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n";
    check(&[C(none), S(OK), C(GET), S(OK)], &["> POST /p", "> GET /g", all[2], all[3]]);
    // Smuggled or not: in doubt.
    let smuggled = [none.as_slice(), b"GET /smuggled HTTP/1.1\r\n\r\n"].concat();
    let (seen, _) = talk(&[C(&smuggled), S(OK)], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert!(seen.requests.len() == 1 && seen.requests[0].ends_with("!malformed"), "{seen:?}");
}

#[test]
fn a_body_behind_a_response_without_one_is_passed_over() {
    let head = b"HEAD /h HTTP/1.1\r\n\r\n".as_slice();
    for (request, code, name) in [(head, 404, "HEAD /h"), (GET, 204, "GET /g"), (GET, 304, "GET /g")] {
        for excess in ["null", "0\r\n\r\n", "\r\n\r\n<html>", "{\"a\":\"HTTP/1.1 200 OK\"}", "HTTP/2 or so"] {
            let start = format!("HTTP/1.1 {code} X\r\nContent-Length: 90\r\n\r\n");
            let answer = [start.as_bytes(), excess.as_bytes()].concat();
            let turns = [C(request), S(&answer), C(GET), S(OK), C(GET), S(OK)];
            let asked = format!("> {name}");
            let first = format!("< {code} for {name}");
            let next = "< 200 'ok' for GET /g";
            for turns in [
                turns.to_vec(),
                vec![C(request), S(start.as_bytes()), S(excess.as_bytes()), C(GET), S(OK), C(GET), S(OK)],
            ] {
                for cut in (0..answer.len()).map(|at| Cut::In(1, at)).chain([Cut::Nowhere]) {
                    let (seen, counters) = talk(&turns, cut, Role::InitiatedBy(Side::Low));
                    let expected = [asked.as_str(), "> GET /g", "> GET /g", &first, next, next, "x Response Excess"];
                    assert_eq!(seen.lines(), expected, "{code} {excess} {cut:?}");
                    assert!(counters.excess_bytes > 0);
                }
            }
        }
    }
}

#[test]
fn a_refused_expectation_has_no_body() {
    let put = b"PUT /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 90\r\n\r\n";
    let no = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno";
    let asked = "> PUT /p {Expect=100-continue}";
    for turns in [vec![C(put), S(no), C(GET), S(OK)], vec![C(put), S(no), C(GET), S(OK), C(put), S(no)]] {
        let (seen, _) = talk(&turns, Cut::Nowhere, Role::InitiatedBy(Side::Low));
        assert_eq!(seen.requests[..2], [asked, "> GET /g"]);
        assert_eq!(seen.responses[..2], ["< 417 'no' for PUT /p", "< 200 'ok' for GET /g"]);
    }
    check(&[C(put), S(no)], &[asked, "< 417 'no' for PUT /p"]);
    // The client sends its body all the same.
    let body = [b'x'; 90];
    let whole = format!("{asked} '{}'", "x".repeat(90));
    check(
        &[C(put), S(no), C(&body), C(GET), S(OK)],
        &[&whole, "> GET /g", "< 417 'no' for PUT /p", "< 200 'ok' for GET /g"],
    );
}

#[test]
fn an_offer_that_the_client_itself_shows_to_be_declined() {
    let offer = b"GET /o HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    // Of the answers nothing was captured.
    let (seen, counters) = talk(&[C(offer), C(GET), C(offer), C(GET)], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert_eq!(seen.lines(), ["> GET /o", "> GET /g", "> GET /o", "> GET /g"]);
    assert_eq!(counters.lost_heads, 0);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (seen, counters) = talk(&[C(offer), C(preface)], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert_eq!((seen.lines(), counters.lost_heads), (vec!["> GET /o".to_owned()], 1));
}

#[test]
fn switches_are_counted_by_what_they_switch_to() {
    let ask = |token: &str| format!("GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: {token}\r\n\r\n");
    let grant = |token: &str| format!("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: {token}\r\n\r\n");
    for (token, switch) in [
        ("websocket", Switch::WebSocket),
        ("WebSocket", Switch::WebSocket),
        ("h2c", Switch::H2c),
        ("TLS/1.0, HTTP/1.1", Switch::Tls),
        ("tcp", Switch::Other),
    ] {
        let (asked, granted) = (ask(token), grant(token));
        for turns in [
            vec![C(asked.as_bytes()), S(granted.as_bytes()), C(b"abc"), S(b"de")],
            vec![S(granted.as_bytes()), C(b"abc"), S(b"de")],
        ] {
            let (_, counters) = talk(&turns, Cut::Nowhere, Role::InitiatedBy(Side::Low));
            let mut expected = [0; Switch::COUNT];
            expected[switch as usize] = 1;
            // HTTP/2 is read.
            let bytes = if switch == Switch::H2c { 0 } else { 5 };
            assert_eq!((counters.switched, counters.switched_bytes), (expected, bytes), "{token}");
        }
    }
    let connect = b"CONNECT a.example:443 HTTP/1.1\r\n\r\n";
    for role in [Role::InitiatedBy(Side::Low), Role::Unknown] {
        let turns = [C(connect), S(b"HTTP/1.1 200 OK\r\n\r\n"), S(b"x"), C(GET), S(OK)];
        let (seen, counters) = talk(&turns, Cut::Nowhere, role);
        assert_eq!((seen.requests.len(), seen.responses.len()), (1, 1), "{role:?}");
        assert_eq!(counters.switched_bytes, (1 + GET.len() + OK.len()) as u64);
    }
}

#[test]
fn a_body_up_to_the_close_ends_where_the_client_goes_on() {
    let unframed = b"HTTP/1.1 200 OK\r\n\r\nabc";
    let (seen, counters) = talk(&[C(GET), S(unframed), C(GET), S(OK)], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert_eq!(seen.responses, ["< 200 'abc' !malformed for GET /g", "< 200 'ok' for GET /g"]);
    assert_eq!(counters.lost_pairings, 1);
    // The next answer was not captured, or is none.
    check(&[C(GET), S(unframed), C(GET)], &["> GET /g", "> GET /g", "< 200 'abc' !malformed for GET /g"]);
    check(&[C(GET), S(unframed), C(GET), S(b"def")], &["> GET /g", "> GET /g", "< 200 'abcdef' !malformed for GET /g"]);
    // A client that pipelines had asked before.
    let two = [GET, GET].concat();
    check(&[C(&two), S(unframed)], &["> GET /g", "> GET /g", "< 200 'abc' for GET /g"]);
}

#[test]
fn an_answer_without_length_to_an_unseen_request_may_open_a_tunnel() {
    for (head, flag) in [
        ("HTTP/1.1 200 OK\r\n", " !malformed"),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n", ""),
        ("HTTP/1.0 200 OK\r\n", ""),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", " !malformed"),
    ] {
        let version = if head.starts_with("HTTP/1.0") { " 1.0" } else { "" };
        let answer = format!("{head}\r\nabc");
        let (seen, _) = talk(&[S(answer.as_bytes())], Cut::Nowhere, Role::Unknown);
        assert_eq!(seen.lines(), [format!("< 200{version} 'abc'{flag}")]);
        // The client goes on, so for it the response is over.
        let (seen, _) = talk(&[S(&answer.as_bytes()[..answer.len() - 3]), C(GET), S(OK)], Cut::Nowhere, Role::Unknown);
        assert_eq!(seen.responses[0], format!("< 200{version}"));
        assert_eq!(seen.responses[1..], ["< 200 'ok'"]);
    }
}

#[test]
fn what_a_tunnel_carries_is_not_read_although_its_beginning_was_passed_over() {
    let switch = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    let (seen, counters) =
        talk(&[S(b"rest of a body"), S(switch), C(GET), S(OK), C(GET), S(OK)], Cut::Nowhere, Role::Unknown);
    assert_eq!(seen.lines(), [""; 0]);
    assert_eq!(counters.switched.iter().sum::<u64>(), 1);
}
