//! Waits are measured in elapsed time, whatever the packets' stamps say.

use super::*;
use crate::flow::Patience;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";
const ASKED: u32 = 1 + REQUEST.len() as u32;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
const BODY: u32 = 1 + HEAD.len() as u32;

struct Savefile(Engine);

impl Savefile {
    fn new() -> Self {
        let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
        config.patience = Patience::SAVEFILE;
        Self(Engine::new(config))
    }

    fn give(&mut self, at: i64, frame: &[u8]) {
        self.0.on_packet(Timestamp::from_micros(1_700_000_000 * SECOND + at), RAW_IP, frame, frame.len() as u32);
    }

    /// Handshake and request of client `n`; both streams begin at 1.
    fn ask(&mut self, at: i64, n: u32) {
        self.give(at, &syn(From::Client(n), 0));
        self.give(at + 1, &syn_ack(From::Server(n), 0, 1));
        self.give(at + 2, &packet(From::Client(n), 1, 1, REQUEST));
    }

    /// The head and half of the body.
    fn begin_answer(&mut self, at: i64, n: u32) {
        self.give(at, &packet(From::Server(n), 1, ASKED, &[HEAD, b"ab"].concat()));
    }

    fn end_answer(&mut self, at: i64, n: u32) {
        self.give(at, &packet(From::Server(n), BODY + 2, ASKED, b"cd"));
    }

    /// One packet a 100 ms of client `n`, without data.
    fn chat(&mut self, from: i64, to: i64, n: u32) {
        (from..to).step_by(100_000).for_each(|at| self.give(at, &packet(From::Client(n), ASKED, 1, b"")));
    }

    /// Body, or path, and how each message ended.
    fn outcome(&mut self) -> Vec<String> {
        let lines = all_lines(&mut self.0);
        let short = |line: &serde_json::Value| {
            let what = line["path"].as_str().or(line["body"].as_str()).unwrap_or_default();
            assert!(line["latencyMs"].as_f64().is_none_or(|latency| latency >= 0.0), "{line}");
            format!("{what} {}", line["incomplete"].as_str().unwrap_or("whole"))
        };
        lines.iter().map(short).collect()
    }
}

#[test]
fn one_packet_from_the_future_expires_nothing() {
    for ahead in [SECOND, 24 * HOUR, 87_600 * HOUR] {
        let mut savefile = Savefile::new();
        savefile.ask(0, 1);
        savefile.begin_answer(1_000, 1);
        // A hole in another connection.
        savefile.ask(2_000, 2);
        savefile.end_answer(3_000, 2);
        savefile.give(ahead, &syn(From::Client(9), 0));
        savefile.begin_answer(4_000, 2);
        savefile.end_answer(5_000, 1);
        assert_eq!(savefile.outcome(), ["/a whole", "/a whole", "abcd whole", "abcd whole"], "{ahead}");
        assert_eq!((savefile.0.stats().gaps, savefile.0.stats().connections_timed_out), (0, 0));
    }
}

#[test]
fn one_packet_from_the_future_in_a_body_ends_nothing() {
    let mut savefile = Savefile::new();
    savefile.ask(0, 1);
    savefile.begin_answer(24 * HOUR, 1);
    savefile.end_answer(5_000, 1);
    assert_eq!(savefile.outcome(), ["/a whole", "abcd whole"]);
}

#[test]
fn a_hole_is_given_up_though_the_clock_was_set_back() {
    for back in [10 * SECOND, HOUR, 24 * HOUR] {
        let mut savefile = Savefile::new();
        savefile.ask(0, 1);
        savefile.give(1_000, &packet(From::Server(1), BODY + 2, ASKED, b"cd"));
        savefile.chat(2_000 - back, 8 * SECOND - back, 2);
        assert_eq!(savefile.0.stats().gaps, 0);
        savefile.ask(8 * SECOND - back, 3);
        savefile.chat(8 * SECOND - back, 12 * SECOND - back, 3);
        assert_eq!(savefile.0.stats().gaps, 1, "{back}");
    }
}

#[test]
fn an_answer_behind_a_step_back_has_no_latency() {
    let mut savefile = Savefile::new();
    savefile.ask(0, 1);
    savefile.begin_answer(1_000 - HOUR, 1);
    savefile.end_answer(2_000 - HOUR, 1);
    let lines = all_lines(&mut savefile.0);
    assert_eq!(lines[1]["request"]["path"], "/a");
    assert!(lines[1]["latencyMs"].is_null());
}

#[test]
fn a_pause_expires_who_stays_silent_and_nobody_who_goes_on() {
    let mut savefile = Savefile::new();
    savefile.ask(0, 1);
    savefile.begin_answer(1_000, 1);
    savefile.ask(2_000, 2);
    savefile.begin_answer(3_000, 2);
    // Out of order after the pause: what comes first then waits for no more than its own time.
    savefile.give(5 * HOUR, &packet(From::Server(2), BODY + 3, ASKED, b"d"));
    savefile.give(5 * HOUR + 1, &packet(From::Client(2), ASKED, BODY + 2, b""));
    savefile.chat(5 * HOUR + 2, 5 * HOUR + SECOND, 2);
    assert_eq!(savefile.0.stats().connections_timed_out, 1);
    savefile.give(5 * HOUR + SECOND, &packet(From::Server(2), BODY + 2, ASKED, b"c"));
    assert_eq!(savefile.outcome(), ["/a whole", "/a whole", "ab timeout", "abcd whole"]);
}
