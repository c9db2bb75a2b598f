//! Which request a response is said to answer, whatever of the conversation was not captured: the right one or none.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const SECOND: i64 = 1_000_000;

/// Bytes that one side sends.
struct Said {
    from: From,
    bytes: Vec<u8>,
    /// So many of the other side's last segments had not arrived when these were sent.
    unacked: usize,
    /// Since the segment before.
    micros: i64,
}

fn says(from: From, bytes: impl Into<Vec<u8>>) -> Said {
    Said { from, bytes: bytes.into(), unacked: 0, micros: 1_000 }
}

impl Said {
    fn without_ack_of(self, unacked: usize) -> Self {
        Self { unacked, ..self }
    }

    fn after(self, micros: i64) -> Self {
        Self { micros, ..self }
    }
}

fn get(path: &str) -> Said {
    says(CLIENT, format!("GET {path} HTTP/1.1\r\n\r\n"))
}

/// The response to that request: its body is the path.
fn answer(path: &str) -> Said {
    says(SERVER, format!("HTTP/1.1 200 OK\r\nServer: one with a name\r\nContent-Length: {}\r\n\r\n{path}", path.len()))
}

/// The same in two segments; the part that is lost of the second cannot be crossed.
fn answer_in_two(path: &str) -> [Said; 2] {
    let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}", &path[..1]);
    let rest = format!("\r\n{:x}\r\n{}\r\n0\r\n\r\n", path.len() - 1, &path[1..]);
    [says(SERVER, head), says(SERVER, rest)]
}

/// Frames and their times: a handshake, what is said, and both ends.
fn conversation(all: &[Said]) -> Vec<(i64, Vec<u8>)> {
    let mut at = 0;
    // Of each side, where its segments end.
    let mut ends = [vec![1], vec![1]];
    let mut frames = vec![(0, syn(CLIENT, 0)), (10, syn_ack(SERVER, 0, 1))];
    for said in all {
        at += said.micros;
        let (mine, theirs) = if said.from == CLIENT { (0, 1) } else { (1, 0) };
        let seq = *ends[mine].last().unwrap();
        let ack = ends[theirs][ends[theirs].len() - 1 - said.unacked];
        frames.push((at, packet(said.from, seq, ack, &said.bytes)));
        ends[mine].push(seq + said.bytes.len() as u32);
    }
    for (from, mine, theirs) in [(CLIENT, 0, 1), (SERVER, 1, 0)] {
        at += 1_000;
        let seq = *ends[mine].last().unwrap();
        let mut frame = packet(from, seq, *ends[theirs].last().unwrap(), b"");
        frame[33] |= 0x01;
        ends[mine].push(seq + 1);
        frames.push((at, frame));
    }
    frames
}

/// The lines of the frames whose bit in `captured` is set.
fn lines(frames: &[(i64, Vec<u8>)], captured: usize) -> Vec<serde_json::Value> {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    for (_, (at, frame)) in frames.iter().enumerate().filter(|(index, _)| captured & (1 << index) != 0) {
        engine.on_packet(Timestamp::from_micros(*at), RAW_IP, frame, frame.len() as u32);
    }
    all_lines(&mut engine)
}

/// The paths of the requests that responses are said to answer, and of those without.
fn pairs(lines: &[serde_json::Value], what: &str) -> Vec<String> {
    let of_id = |id: &serde_json::Value| lines.iter().find(|line| line["direction"] == "request" && line["id"] == *id);
    let whole = |line: &&serde_json::Value| line["direction"] == "response" && line["incomplete"].is_null();
    let mut pairs = Vec::new();
    for line in lines.iter().filter(whole).filter(|line| line["statusCode"] == 200) {
        let body = line["body"].as_str().unwrap_or_default();
        if let Some(path) = line["request"]["path"].as_str() {
            assert_eq!(path, body, "{what}: {line}");
        }
        if let Some(request) = of_id(&line["id"]) {
            assert_eq!(request["path"], body, "{what}: {line}");
        }
        pairs.push(line["request"]["path"].as_str().unwrap_or("?").to_owned());
    }
    pairs
}

/// All that was not captured, in every way, leaves no wrong pair.
fn check(name: &str, all: &[Said]) {
    let frames = conversation(all);
    assert!(frames.len() < 16, "{name}: {}", frames.len());
    for captured in 0_usize..1 << frames.len() {
        pairs(&lines(&frames, captured), &format!("{name}, {captured:#b}"));
    }
}

#[test]
fn a_client_that_waits() {
    check(
        "each in turn",
        &[get("/a"), answer("/a"), get("/b"), answer("/b"), get("/c"), answer("/c"), get("/d"), answer("/d")],
    );
    let [first, rest] = answer_in_two("/b");
    check(
        "in two",
        &[get("/a"), answer("/a"), get("/b"), first, rest, get("/c"), answer("/c"), get("/d"), answer("/d")],
    );
}

#[test]
fn a_client_that_sends_all_at_once() {
    let asks = || [get("/a"), get("/b"), get("/c")].into_iter();
    let answers = || [answer("/a"), answer("/b"), answer("/c")].into_iter();
    check("in a row", &asks().chain(answers()).chain([get("/d"), answer("/d")]).collect::<Vec<_>>());
    let together = says(CLIENT, asks().flat_map(|said| said.bytes).collect::<Vec<_>>());
    check("together", &[together].into_iter().chain(answers()).chain([get("/d"), answer("/d")]).collect::<Vec<_>>());
}

#[test]
fn a_client_that_keeps_two_requests_open() {
    check(
        "from the start",
        &[
            get("/a"),
            get("/b"),
            answer("/a").without_ack_of(1),
            get("/c"),
            answer("/b").without_ack_of(1),
            get("/d"),
            answer("/c").without_ack_of(1),
            answer("/d"),
        ],
    );
    // With another request, a capture that begins with the second one would be that of a client that waits, segment by segment.
    check("and the server has both", &[get("/a"), get("/b"), answer("/a"), get("/c"), answer("/b"), answer("/c")]);
}

#[test]
fn a_client_that_asks_while_it_is_answered() {
    for unacked in [0, 1] {
        let [first, rest] = answer_in_two("/a");
        check(
            "once",
            &[
                get("/a"),
                first,
                get("/b").without_ack_of(unacked),
                rest,
                get("/c"),
                answer("/b"),
                answer("/c"),
                get("/d"),
                answer("/d"),
            ],
        );
        let ([first, rest], [third, last]) = (answer_in_two("/a"), answer_in_two("/c"));
        check(
            "twice",
            &[
                get("/a"),
                first,
                get("/b").without_ack_of(unacked),
                rest,
                answer("/b"),
                get("/c"),
                third,
                get("/d").without_ack_of(unacked),
                last,
                answer("/d"),
            ],
        );
    }
}

#[test]
fn a_client_that_acked_no_more_than_an_interim_response() {
    let put = says(CLIENT, "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    let body = says(CLIENT, "bodyGET /b HTTP/1.1\r\n\r\n");
    let go_on = says(SERVER, "HTTP/1.1 100 Continue\r\n\r\n");
    check("100", &[put, go_on, body, answer("/a"), answer("/b"), get("/c"), answer("/c")]);
}

/// A silence in which an answer is still to come says nothing of the next request.
#[test]
fn a_client_that_pipelines_while_a_slow_server_is_silent() {
    let [first, rest] = answer_in_two("/a");
    check(
        "after a loss",
        &[
            get("/a"),
            first,
            rest,
            get("/b"),
            get("/c").after(2 * SECOND),
            answer("/b"),
            answer("/c"),
            get("/d"),
            answer("/d"),
        ],
    );
    let put = says(CLIENT, "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    let go_on = says(SERVER, "HTTP/1.1 100 Continue\r\n\r\n");
    check(
        "after a 100",
        &[
            put,
            go_on,
            says(CLIENT, "body"),
            get("/b").after(200_000),
            answer("/a"),
            answer("/b"),
            get("/c"),
            answer("/c"),
        ],
    );
}

/// Two bursts of two requests, and a request alone, after silences.
fn bursts(micros: i64) -> [Said; 10] {
    [
        get("/a"),
        get("/b"),
        answer("/a"),
        answer("/b"),
        get("/c").after(micros),
        get("/d"),
        answer("/c"),
        answer("/d"),
        get("/e").after(micros),
        answer("/e"),
    ]
}

#[test]
fn a_client_that_pipelines_and_rests() {
    for micros in [200_000, 2 * SECOND] {
        check("bursts", &bursts(micros));
        check(
            "a slow server",
            &[
                get("/a"),
                get("/b"),
                answer("/a").after(micros),
                get("/c"),
                answer("/b").after(micros),
                answer("/c").after(micros),
            ],
        );
        check(
            "asked while a slow server is silent",
            &[
                get("/a"),
                get("/b"),
                get("/c").after(micros),
                answer("/a").after(micros),
                answer("/b"),
                answer("/c"),
                get("/d"),
                answer("/d"),
            ],
        );
    }
}

/// The first `lost` frames of two bursts and a request alone are not captured.
fn after_losing(lost: &[usize], micros: i64) -> Vec<String> {
    let frames = conversation(&bursts(micros));
    let all = (1 << frames.len()) - 1;
    let captured = lost.iter().fold(all, |captured, frame| captured & !(1 << frame));
    pairs(&lines(&frames, captured), "bursts")
}

/// Frames 0 and 1 are the handshake, 2 and 3 the first requests, 4 and 5 their answers.
#[test]
fn a_client_that_pipelines_is_paired_again_after_a_silence() {
    assert_eq!(after_losing(&[], 1_000), ["/a", "/b", "/c", "/d", "/e"]);
    for lost in [&[0, 1][..], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]] {
        let pairs = after_losing(lost, 2 * SECOND);
        assert!(pairs.ends_with(&["/c", "/d", "/e"].map(str::to_owned)), "{lost:?}: {pairs:?}");
    }
    // How long before the next request the lost answer came is not known.
    assert_eq!(after_losing(&[5], 2 * SECOND), ["/a", "?", "?", "/e"]);
    // Too short: a request before may be outstanding yet.
    for lost in [&[0, 1][..], &[0, 1, 2]] {
        let pairs = after_losing(lost, 200_000);
        assert!(!pairs.contains(&"/e".to_owned()), "{lost:?}: {pairs:?}");
    }
}

/// The end of an answer is lost, and no whole one can be: the client had acked nothing after it.
#[test]
fn the_first_answer_after_a_loss_is_paired_where_no_other_request_is_open() {
    let [first, rest] = answer_in_two("/b");
    let frames = conversation(&[
        get("/a"),
        get("/b"),
        answer("/a"),
        first,
        rest,
        get("/c"),
        answer("/c"),
        get("/d"),
        get("/e"),
        answer("/d"),
        answer("/e"),
    ]);
    let captured = ((1 << frames.len()) - 1) & !(1 << 6);
    assert_eq!(pairs(&lines(&frames, captured), "cut"), ["/a", "/c", "/d", "/e"]);
}

/// The first request was not captured until it was sent again, by a client that had acked its answer.
#[test]
fn a_request_that_is_captured_when_it_is_sent_again() {
    let [asked, answered] = [get("/a"), answer("/a")].map(|said| 1 + said.bytes.len() as u32);
    let both = [get("/a").bytes, get("/b").bytes].concat();
    let all_asked = 1 + both.len() as u32;
    let frames = [
        syn(CLIENT, 0),
        syn_ack(SERVER, 0, 1),
        packet(CLIENT, asked, answered, &get("/b").bytes),
        packet(CLIENT, 1, answered, &both),
        packet(SERVER, answered, all_asked, &answer("/b").bytes),
    ];
    // With the SYN and without the SYN-ACK it is taken for certain that the first request was sent before the server spoke.
    for captured in (0_usize..1 << frames.len()).filter(|captured| captured & 0b11 != 0b01) {
        let frames: Vec<_> = frames.iter().map(|frame| (0, frame.clone())).collect();
        pairs(&lines(&frames, captured), &format!("sent again, {captured:#b}"));
    }
}
