//! The runner between a scripted source, an engine that makes every packet a batch, and a receiver that may be slow.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use super::*;
use crate::batch::Batch;
use crate::capture::MAX_EVENT_BACKLOG;
use crate::capture::thread::start_sending;
use crate::config::EngineConfig;
use crate::decode::LinkType;
use crate::delivery::{CREDITS, Delivery, Event};
use crate::engine::{NotUnderstood, ShedLevel};
use crate::notice::{Level, Notice};
use crate::source::{CaptureInfo, SourceOptions};
use crate::stats::{CaptureStats, Stats};
use crate::tls::KeyStore;

/// The results of reads, one after the other; afterwards the source ends (lossless) or stays dry (live).
#[derive(Debug)]
enum Step {
    Packets(u32),
    Dry,
    Broken,
}

#[derive(Debug)]
struct FakeSource {
    info: CaptureInfo,
    pace: Pace,
    steps: VecDeque<Step>,
    given: u64,
}

impl PacketSource for FakeSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        match self.steps.front_mut() {
            Some(Step::Packets(left)) => {
                let now = (*left).min(limit as u32);
                *left -= now;
                if *left == 0 {
                    self.steps.pop_front();
                }
                for _ in 0..now {
                    self.given += 1;
                    let frame = &self.given.to_be_bytes();
                    on_packet(Packet { at: system_time(), linktype: 1, wire_len: 8, frame });
                }
                Ok(Progress::More)
            }
            Some(Step::Dry) => {
                self.steps.pop_front();
                Ok(Progress::Dry)
            }
            Some(Step::Broken) => Err(EngineError::CaptureFailed {
                interface: "fake0".into(),
                source: "The interface disappeared".into(),
            }),
            None if self.pace == Pace::Lossless => Ok(Progress::Ended),
            None => Ok(Progress::Dry),
        }
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn counters(&mut self) -> CaptureStats {
        CaptureStats { received: self.given, ..CaptureStats::default() }
    }
}

/// Each packet becomes a message of `message_bytes` with the packet's number; `per_batch` of them fill a batch.
#[derive(Debug)]
pub(in crate::capture) struct FakeEngine {
    message_bytes: usize,
    per_batch: u32,
    notices_per_packet: u32,
    notices: Vec<Notice>,
    /// Each packet ends an exchange.
    tells_ends: bool,
    unanswered: Vec<(String, String)>,
    young: Batch,
    full: VecDeque<Batch>,
    stats: Stats,
    not_understood: u64,
    panic_at_packet: Option<u64>,
    drained: bool,
    dropped: Arc<std::sync::atomic::AtomicU64>,
}

impl FakeEngine {
    pub(in crate::capture) fn new(message_bytes: usize, per_batch: u32) -> Self {
        Self {
            message_bytes,
            per_batch,
            notices_per_packet: 0,
            notices: Vec::new(),
            tells_ends: false,
            unanswered: Vec::new(),
            young: Batch::default(),
            full: VecDeque::new(),
            stats: Stats::default(),
            not_understood: 0,
            panic_at_packet: None,
            drained: false,
            dropped: Arc::default(),
        }
    }
}

impl Pipeline for FakeEngine {
    fn on_packet(&mut self, at: Timestamp, _linktype: LinkType, frame: &[u8], _wire_len: u32) {
        assert!(!self.drained, "a packet after drain");
        self.stats.packets += 1;
        if self.panic_at_packet == Some(self.stats.packets) {
            panic!("asked to panic at packet {}", self.stats.packets);
        }
        let start = self.young.lines.len();
        self.young.lines.extend_from_slice(frame);
        self.young.lines.resize(start + self.message_bytes, 0);
        self.young.messages += 1;
        if self.young.messages == self.per_batch {
            self.full.push_back(std::mem::take(&mut self.young));
        }
        if self.tells_ends {
            self.unanswered.push((self.stats.packets.to_string(), "closed".to_owned()));
        }
        for _ in 0..self.notices_per_packet {
            let message = String::new();
            self.notices.push(Notice { at, level: Level::Info, kind: "fake", message, fields: Vec::new() });
        }
    }

    fn on_tick(&mut self, _now: Timestamp) {}

    fn drain(&mut self) {
        self.drained = true;
    }

    fn take_batch(&mut self, force: bool) -> Option<Batch> {
        self.full.pop_front().or_else(|| {
            let young = force && self.young.messages > 0;
            young.then(|| std::mem::take(&mut self.young))
        })
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn take_unanswered(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.unanswered)
    }

    fn count_queue_drop(&mut self, messages: u64) {
        self.dropped.fetch_add(messages, std::sync::atomic::Ordering::Relaxed);
    }

    fn stats(&self) -> Stats {
        self.stats.clone()
    }

    fn add_tls_keys(&mut self, _: &mut dyn FnMut(&mut KeyStore)) {}

    fn shed_load(&mut self, level: ShedLevel, _seed: u64) {
        self.stats.shed_level = level.number();
    }

    fn not_understood(&self) -> Option<NotUnderstood> {
        let packets = self.not_understood;
        (packets > 0).then(|| NotUnderstood { packets, what: format!("{packets} of no use") })
    }
}

pub(in crate::capture) struct ChannelDelivery {
    pub(in crate::capture) events: Sender<Event>,
    pub(in crate::capture) backlog: usize,
}

impl Delivery for ChannelDelivery {
    fn deliver(&self, event: Event) {
        let _ = self.events.send(event);
    }

    fn backlog(&self) -> usize {
        self.backlog
    }

    fn is_gone(&self) -> bool {
        false
    }
}

/// How long a test waits for what must come: a machine under load does not need so long.
pub(in crate::capture) const PATIENCE: Duration = Duration::from_secs(60);

struct Setup {
    pace: Pace,
    steps: Vec<Step>,
    message_bytes: usize,
    per_batch: u32,
    notices_per_packet: u32,
    tells_ends: bool,
    backlog: usize,
    panic_at_packet: Option<u64>,
    not_understood: u64,
}

const LIVE: Pace = Pace::Live { settle: Duration::from_millis(30) };

fn setup(pace: Pace, steps: Vec<Step>) -> Setup {
    Setup {
        pace,
        steps,
        message_bytes: 8,
        per_batch: 1,
        notices_per_packet: 0,
        tells_ends: false,
        backlog: 0,
        panic_at_packet: None,
        not_understood: 0,
    }
}

struct Running {
    control: Arc<CaptureControl>,
    events: Receiver<Event>,
    dropped: Arc<std::sync::atomic::AtomicU64>,
}

impl Setup {
    fn start(self) -> Running {
        let control = Arc::new(CaptureControl::new().unwrap());
        let (sender, events) = channel();
        let dropped = Arc::default();
        let mut engine = FakeEngine::new(self.message_bytes, self.per_batch);
        engine.notices_per_packet = self.notices_per_packet;
        engine.tells_ends = self.tells_ends;
        engine.not_understood = self.not_understood;
        engine.panic_at_packet = self.panic_at_packet;
        engine.dropped = Arc::clone(&dropped);
        let info = CaptureInfo::new("fake0", false, Some(1));
        let source = FakeSource { info, pace: self.pace, steps: self.steps.into(), given: 0 };
        let options = CaptureOptions {
            source: SourceOptions::Savefile { path: String::new() },
            engine: EngineConfig::for_ports(&[80]),
            cpu_limit: None,
            stats_interval_ms: 0,
            tls_keylog: None,
        };
        let delivery = ChannelDelivery { events: sender, backlog: self.backlog };
        let outgoing = start_sending(&options, &control, delivery).unwrap();
        let thread_control = Arc::clone(&control);
        thread::spawn(move || {
            panics::guard_this_thread();
            Runner::with(engine, source, &options, thread_control, outgoing).run();
        });
        Running { control, events, dropped }
    }
}

impl Running {
    fn next(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    /// All until `End`, every batch given back: the packets' numbers, and the names of the other events in order.
    fn rest(&self) -> (Vec<u64>, Vec<String>) {
        let (mut numbers, mut names) = (Vec::new(), Vec::new());
        loop {
            match self.next() {
                Event::Batch(batch) => {
                    let bytes = batch.lines.len() / batch.messages as usize;
                    for message in batch.lines.chunks(bytes) {
                        numbers.push(u64::from_be_bytes(message[..8].try_into().unwrap()));
                    }
                    self.control.release();
                }
                Event::Notice(notice) => names.push(notice.kind.to_owned()),
                Event::Error(error) => names.push(format!("{}: {error}", error.code())),
                Event::Facts(table) => {
                    names.push(format!("facts of {}", table.messages));
                    self.control.release_facts();
                }
                Event::Unanswered(ends) => names.extend(ends.into_iter().map(|(id, how)| format!("{id} {how}"))),
                Event::Stats(_) => names.push("stats".to_owned()),
                Event::End => break,
            }
        }
        assert_eq!(
            self.events.recv_timeout(PATIENCE).err(),
            Some(RecvTimeoutError::Disconnected),
            "End is the last event"
        );
        (numbers, names)
    }
}

#[test]
fn a_lossless_source_waits_for_credits_and_loses_nothing() {
    let running = setup(Pace::Lossless, vec![Step::Packets(1_000), Step::Dry, Step::Packets(77)]).start();
    thread::sleep(Duration::from_millis(200));
    let in_hand = running.control.stats();
    assert!(in_hand.engine.packets <= 2 * BURST_PACKETS as u64, "it read on without credits: {in_hand:?}");
    let (numbers, names) = running.rest();
    assert_eq!(numbers, (1..=1_077).collect::<Vec<_>>());
    assert_eq!(names, ["stats"]);
    assert_eq!(running.control.stats().capture.received, 1_077);
    assert_eq!(running.dropped.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn no_batch_without_a_credit() {
    let running = setup(Pace::Lossless, vec![Step::Packets(1_000)]).start();
    for _ in 0..CREDITS {
        assert!(matches!(running.next(), Event::Batch(_)));
    }
    assert!(running.events.recv_timeout(Duration::from_millis(150)).is_err());
    running.control.release();
    assert!(matches!(running.next(), Event::Batch(_)));
    assert!(running.events.recv_timeout(Duration::from_millis(150)).is_err());
}

#[test]
fn a_live_source_drops_past_the_cap_and_counts() {
    let messages = 300;
    let mut setup = setup(LIVE, vec![Step::Packets(messages)]);
    setup.message_bytes = 1 << 20;
    let running = setup.start();
    let until = Instant::now() + PATIENCE;
    while running.control.stats().engine.packets < messages.into() && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    running.control.stop();
    let (numbers, names) = running.rest();
    let dropped = running.dropped.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(numbers.len() as u64 + dropped, u64::from(messages));
    assert!(numbers.len() >= MAX_QUEUE_BYTES >> 20 && dropped >= 200, "{dropped} dropped");
    assert!(names.contains(&"queue-full".to_owned()), "{names:?}");
}

#[test]
fn a_silent_interface_is_looked_at_less_often() {
    for ms in [0, 50, 1_999] {
        assert_eq!(tick_after(Duration::from_millis(ms)), TICK);
    }
    assert!(tick_after(IDLE_AFTER) > TICK);
    assert_eq!(tick_after(Duration::from_secs(1 << 30)), IDLE_TICK);
}

#[test]
fn a_young_batch_is_flushed_when_the_source_runs_dry() {
    let mut setup = setup(LIVE, vec![Step::Packets(1)]);
    setup.per_batch = 1_000;
    // Only a dry source or the end makes the engine part with it.
    assert!(matches!(setup.start().next(), Event::Batch(_)));
}

#[test]
fn after_full_batches_a_young_batch_waits_for_more() {
    let mut setup = setup(LIVE, vec![Step::Packets(50), Step::Packets(100), Step::Dry, Step::Packets(20)]);
    setup.per_batch = 100;
    let running = setup.start();
    let sizes = [running.next(), running.next()].map(|event| match event {
        Event::Batch(batch) => batch.messages,
        other => panic!("{other:?}"),
    });
    assert_eq!(sizes, [100, 70], "the source was dry at 150 packets");
}

#[test]
fn stop_drains_and_ends() {
    let mut setup = setup(LIVE, vec![Step::Dry, Step::Packets(150), Step::Dry]);
    setup.per_batch = 100;
    let running = setup.start();
    let (mut seen, until) = (0, Instant::now() + PATIENCE);
    while seen < 150 && Instant::now() < until {
        if let Event::Batch(batch) = running.next() {
            seen += batch.messages;
        }
    }
    running.control.stop();
    running.control.stop();
    let (numbers, names) = running.rest();
    assert_eq!((numbers.len(), names), (0, vec!["stats".to_owned()]));
}

#[test]
fn a_stop_before_the_start_still_ends() {
    for pace in [LIVE, Pace::Lossless] {
        let running = setup(pace, Vec::new()).start();
        running.control.stop();
        assert_eq!(running.rest(), (Vec::new(), vec!["stats".to_owned()]));
    }
}

#[test]
fn packets_newer_than_the_stop_are_left_out() {
    let running = setup(LIVE, vec![Step::Packets(u32::MAX)]).start();
    assert!(matches!(running.next(), Event::Batch(_)));
    running.control.release();
    running.control.stop();
    running.rest();
    let stats = running.control.stats();
    assert!(stats.engine.packets < stats.capture.received, "{stats:?}");
}

#[test]
fn a_panic_is_an_error_and_the_end() {
    let mut setup = setup(Pace::Lossless, vec![Step::Packets(100)]);
    setup.panic_at_packet = Some(40);
    let (numbers, names) = setup.start().rest();
    assert_eq!(numbers, (1..40).collect::<Vec<_>>(), "what was finished before is delivered");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("UNRECOVERABLE: the engine panicked: asked to panic at packet 40 (src/"), "{names:?}");
    assert_eq!(names[1], "stats");
}

#[test]
fn a_broken_source_is_an_error_after_what_came_before() {
    for pace in [LIVE, Pace::Lossless] {
        let (numbers, names) = setup(pace, vec![Step::Packets(100), Step::Broken]).start().rest();
        assert_eq!(numbers.len(), 100);
        assert_eq!(names, ["UNRECOVERABLE: capture on 'fake0' failed: The interface disappeared", "stats"]);
    }
}

#[test]
fn notices_are_left_out_when_the_receiver_does_not_take_them() {
    for (backlog, expected) in [(0, "fake"), (MAX_EVENT_BACKLOG, "notices-suppressed")] {
        let mut setup = setup(Pace::Lossless, vec![Step::Packets(1)]);
        (setup.notices_per_packet, setup.backlog) = (3, backlog);
        let (_, names) = setup.start().rest();
        assert_eq!(names.first().map(String::as_str), Some(expected), "{names:?}");
        assert_eq!(names.len(), if backlog == 0 { 4 } else { 2 });
    }
}

#[test]
fn the_end_of_an_exchange_is_told_before_the_messages_after_it() {
    for pace in [Pace::Lossless, LIVE] {
        let mut setup = setup(pace, vec![Step::Packets(500)]);
        (setup.tells_ends, setup.per_batch) = (true, 3);
        let running = setup.start();
        let (mut told, mut came) = (0, 0);
        loop {
            match running.next() {
                Event::Unanswered(ends) => told += ends.len(),
                Event::Batch(batch) => {
                    came += batch.messages as usize;
                    assert!(told >= came, "{told} ends for {came} messages");
                    running.control.release();
                    // A live source does not end by itself.
                    if came == 500 {
                        running.control.stop();
                    }
                }
                Event::End => break,
                _ => {}
            }
        }
        assert_eq!((told, came), (500, 500));
    }
}

#[test]
fn a_savefile_of_which_nothing_was_understood_is_an_error() {
    let mut setup = setup(Pace::Lossless, vec![Step::Packets(7)]);
    setup.not_understood = 7;
    let (_, names) = setup.start().rest();
    let error = "UNRECOVERABLE: no packet of 7 in savefile 'fake0' was understood: 7 of no use";
    assert_eq!(names, [error, "stats"]);
}

#[test]
fn packets_that_were_not_understood_are_told_at_the_end() {
    let mut some = setup(Pace::Lossless, vec![Step::Packets(7)]);
    some.not_understood = 6;
    assert_eq!(some.start().rest().1, ["not-understood", "stats"]);
    // After a break or a stop there may have been others.
    let mut live = setup(LIVE, vec![Step::Packets(7), Step::Broken]);
    live.not_understood = 7;
    let broken = "UNRECOVERABLE: capture on 'fake0' failed: The interface disappeared";
    assert_eq!(live.start().rest().1, ["not-understood", broken, "stats"]);
}
