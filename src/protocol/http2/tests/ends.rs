//! Requests that no response comes to any more.

use super::wire::*;
use super::*;

const GET: [(&str, &str); 3] = [(":method", "GET"), (":scheme", "http"), (":path", "/")];

/// How the exchanges of these turns are said to have ended, before the connection does and after.
#[track_caller]
fn check(turns: &[Turn], during: &[&str], after: &[&str]) {
    let mut talker = Talker::new(Http2Connection::new());
    talker.turns(turns, Cut::Nowhere);
    assert_eq!(std::mem::take(&mut talker.seen.unanswered), during);
    for client in [true, false] {
        let seen = talker.seen.unanswered.len();
        talker.event(client, StreamEvent::End { clean: true, reset: None });
        assert!(!client || talker.seen.unanswered.len() == seen, "the server may go on");
    }
    assert_eq!(talker.seen.unanswered, after);
}

#[test]
fn a_reset_says_who_wants_no_response_and_why() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let asked = |c: &mut Encoder, id, end| C(headers(id, &c.block(&GET), end));
    let answered = |s: &mut Encoder, id, status, end| S(headers(id, &s.block(&[(":status", status)]), end));
    check(
        &[
            C(hello()),
            S(settings(&[])),
            asked(&mut c, 1, true),
            C(rst(1, 8)),
            // An upload that the server does not want.
            asked(&mut c, 3, false),
            S(rst(3, 7)),
            // After an interim response.
            asked(&mut c, 5, true),
            answered(&mut s, 5, "103", false),
            S(rst(5, 99)),
            // Responses that tell it themselves.
            asked(&mut c, 7, true),
            answered(&mut s, 7, "200", false),
            C(rst(7, 8)),
            asked(&mut c, 9, false),
            answered(&mut s, 9, "200", true),
            C(rst(9, 8)),
            // Nothing was asked on it, or all of it is over.
            S(rst(11, 8)),
            S(rst(1, 8)),
        ],
        &["1 client CANCEL", "2 server REFUSED_STREAM", "3 server UNKNOWN_ERROR"],
        &[],
    );
}

#[test]
fn the_end_of_the_connection_is_that_of_what_waits() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let mut asked = |id, end| C(headers(id, &c.block(&GET), end));
    let turns = [
        C(hello()),
        S(settings(&[])),
        asked(1, true),
        asked(3, false),
        asked(5, true),
        S(headers(5, &s.block(&[(":status", "200")]), false)),
    ];
    check(&turns, &[], &["1 closed", "2 closed"]);
}

/// A response may be among what is lost.
#[test]
fn after_a_loss_nothing_is_said() {
    let mut c = Encoder::default();
    let asked = [C(hello()), S(settings(&[])), C(headers(1, &c.block(&GET), true)), LostS(20)];
    check(&asked, &[], &[]);
    check(&[&asked[..], &[C(rst(1, 8))]].concat(), &[], &[]);
}
