//! The work of the capture thread between open and end: reads bursts of packets into the engine, lets time pass, passes
//! batches on, reports. In: a source, stop. Out: events, and the end whatever happens.
//!
//! A live source is read on whatever the receiver does, and batches that the queue has no bytes left for are counted as
//! dropped; a lossless one is not read while batches wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::TICK;
use super::control::CaptureControl;
use super::key_files::KeyFiles;
use super::options::CaptureOptions;
use super::pipeline::Pipeline;
use super::reports::{Reports, tell_unanswered};
use super::shedding::Shedding;
use super::stopping::Stopping;
use super::turns::{REST, Turns};
use super::wake::wait;
use crate::delivery::{MAX_QUEUE_BYTES, Outgoing};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::panics;
use crate::source::{Pace, Packet, PacketSource, Progress, system_time};
use crate::time::Timestamp;
use crate::tls::KeyLogReader;

/// Packets read before anything else is looked at; with the largest GSO packets some 4 MB.
const BURST_PACKETS: usize = 64;
/// When the source was readable and yet has no packet (an interface that went down): no busy loop.
const IDLE_NAP: Duration = Duration::from_millis(2);
/// An interface that was silent for so long has a longer tick: a sidecar of a service that has nothing to do has nothing to do.
const IDLE_AFTER: Duration = Duration::from_secs(2);
const IDLE_TICK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub struct Runner<S, P> {
    source: S,
    pace: Pace,
    control: Arc<CaptureControl>,
    outgoing: Outgoing,
    engine: P,
    max_queue_bytes: usize,
    reports: Reports,
    key_files: Option<KeyFiles>,
    /// Live, if there is a limit.
    shedding: Option<Shedding>,
    last_keys: Instant,
    packets: u64,
    /// Elapsed time of a live capture: on the clock that stamps its packets, as that stood at the start.
    began: (Instant, Timestamp),
    last_tick: Instant,
    last_packet: Instant,
    turns: Turns,
    /// A batch went since the source was dry last.
    batch_went: bool,
    /// The source has no more, and that was no stop.
    source_ended: bool,
    stopping: Option<Stopping>,
}

impl<S: PacketSource> Runner<S, Engine> {
    pub(super) fn new(source: S, options: &CaptureOptions, control: Arc<CaptureControl>, outgoing: Outgoing) -> Self {
        Self::with(Engine::new(options.engine.clone()), source, options, control, outgoing)
    }
}

impl<S: PacketSource, P: Pipeline> Runner<S, P> {
    pub(super) fn with(
        engine: P,
        source: S,
        options: &CaptureOptions,
        control: Arc<CaptureControl>,
        outgoing: Outgoing,
    ) -> Self {
        let pace = source.pace();
        Self {
            engine,
            max_queue_bytes: if pace == Pace::Lossless { usize::MAX } else { MAX_QUEUE_BYTES },
            reports: Reports::new(source.info(), pace, options.stats_interval_ms),
            key_files: options.tls_keylog.as_deref().map(KeyFiles::new),
            shedding: options
                .cpu_limit
                .filter(|_| pace != Pace::Lossless)
                .map(|limit| Shedding::new(limit, Arc::clone(&control.feedback))),
            last_keys: Instant::now(),
            source,
            pace,
            control,
            outgoing,
            packets: 0,
            began: (Instant::now(), system_time()),
            last_tick: Instant::now(),
            last_packet: Instant::now(),
            turns: Turns::new(Instant::now()),
            batch_went: false,
            source_ended: false,
            stopping: None,
        }
    }

    /// Until the source ends or breaks, a stop, or a panic.
    pub fn run(mut self) {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let error = self.capture().err();
            self.drain();
            error
        }));
        let (mut error, sane) = match worked {
            Ok(error) => (error, true),
            // The engine does nothing again: what it still held is lost, what it had finished is not.
            Err(payload) => (Some(EngineError::Panicked { message: panics::describe(&*payload) }), false),
        };
        if sane {
            self.reports.finish(&mut self.source, &mut self.engine, &self.control.ledger, &self.outgoing);
            let nothing = self.tell_not_understood();
            error = error.or(nothing);
        } else {
            self.control.ledger.publish(self.source.counters(), self.engine.stats());
        }
        self.outgoing.end(error);
    }

    /// Packets that say nothing to us are a loss like others and told as one; a savefile that has no other packets is an error.
    fn tell_not_understood(&mut self) -> Option<EngineError> {
        let not_understood = self.engine.not_understood()?;
        let packets = self.engine.stats().packets;
        if self.source_ended && not_understood.packets == packets {
            let path = self.source.info().interface.clone();
            return Some(EngineError::NothingUnderstood { path, packets, what: not_understood.what });
        }
        self.reports.not_understood(&not_understood, packets, &self.outgoing);
        None
    }

    fn capture(&mut self) -> Result<(), EngineError> {
        let mut was_readable = false;
        self.take_keys(self.pace == Pace::Lossless);
        while !self.outgoing.is_gone() && !self.stop_reached() {
            if self.pace == Pace::Lossless && self.outgoing.is_full() {
                self.report();
                self.wait(false)?;
                continue;
            }
            let before = self.packets;
            let progress = self.read()?;
            if self.packets > before {
                self.last_packet = Instant::now();
                self.reports.on_packets(self.last_packet);
            }
            match progress {
                Progress::More => {
                    self.report();
                    self.rest();
                }
                Progress::Dry => {
                    self.on_dry();
                    if was_readable && self.packets == before {
                        thread::sleep(IDLE_NAP);
                    }
                    let dry = Instant::now();
                    was_readable = self.wait(true)?;
                    self.turns.on_wait(dry, Instant::now());
                }
                Progress::Ended => {
                    self.source_ended = true;
                    break;
                }
            }
        }
        Ok(())
    }

    fn stop_reached(&mut self) -> bool {
        if !self.control.stop_requested() {
            return false;
        }
        match self.pace {
            Pace::Lossless => true,
            Pace::Live { settle } => {
                let now = Instant::now();
                self.stopping.get_or_insert_with(|| Stopping::new(system_time(), now, settle)).is_over(now)
            }
        }
    }

    fn read(&mut self) -> Result<Progress, EngineError> {
        self.tick();
        self.poll_keys();
        let Self { source, engine, outgoing, reports, packets, batch_went, stopping, .. } = self;
        let max_queue_bytes = self.max_queue_bytes;
        source.read(BURST_PACKETS, |Packet { at, linktype, wire_len, frame }| {
            if stopping.as_mut().is_some_and(|stopping| stopping.is_past(at)) {
                return;
            }
            *packets += 1;
            engine.on_packet(at, linktype, frame, wire_len);
            *batch_went |= take_batches(engine, outgoing, reports, false, max_queue_bytes);
        })
    }

    /// Key logs are looked at as often as anything timed.
    fn poll_keys(&mut self) {
        if let Some(secrets) = self.source.take_secrets() {
            self.engine.add_tls_keys(&mut |store| KeyLogReader::default().read(&secrets, store));
        }
        let now = Instant::now();
        if now.duration_since(self.last_keys) >= TICK {
            self.last_keys = now;
            self.take_keys(false);
        }
    }

    /// Takes the secrets that are there; if `all`, reads the files to their ends.
    fn take_keys(&mut self, all: bool) {
        let given = self.control.take_tls_keys();
        if !given.is_empty() {
            self.engine.add_tls_keys(&mut |store| KeyLogReader::default().read(&given, store));
        }
        if let Some(secrets) = self.source.take_secrets() {
            self.engine.add_tls_keys(&mut |store| KeyLogReader::default().read(&secrets, store));
        }
        let Some(files) = &mut self.key_files else { return };
        self.engine.add_tls_keys(&mut |store| {
            if all {
                files.read_all(store);
            } else {
                files.poll(store);
            }
        });
        for notice in files.take_notices() {
            self.reports.notice(notice, &self.outgoing);
        }
    }

    /// Nothing waits to be read. A young batch need not wait for company, but where full
    /// batches just went there is plenty: it has until the next time, a tick at most, to become one of them.
    fn on_dry(&mut self) {
        self.tick();
        let busy = std::mem::take(&mut self.batch_went);
        self.collect(!busy && self.outgoing.is_hungry());
        self.report();
        if let Some(stopping) = &mut self.stopping {
            stopping.on_dry(Instant::now());
        }
    }

    /// Time goes on by itself where packets are live; a savefile's stands still when there are none.
    fn tick(&mut self) {
        let now = Instant::now();
        if matches!(self.pace, Pace::Live { .. }) && now.duration_since(self.last_tick) >= TICK {
            self.last_tick = now;
            let (began, at) = self.began;
            let passed = u64::try_from(now.duration_since(began).as_micros()).unwrap_or(u64::MAX);
            self.engine.on_tick(at.plus_micros(passed));
            self.shed_load(now);
        }
    }

    fn shed_load(&mut self, now: Instant) {
        let Some(shedding) = &mut self.shedding else { return };
        if let Some(level) = shedding.due(now) {
            self.engine.shed_load(level, shedding.seed);
        }
        if let Some(notice) = shedding.take_notice(now) {
            self.reports.notice(notice, &self.outgoing);
        }
    }

    /// Full and old batches go to the queue, young batches too with `force`.
    fn collect(&mut self, force: bool) {
        let Self { engine, outgoing, reports, .. } = self;
        take_batches(engine, outgoing, reports, force, self.max_queue_bytes);
    }

    /// Everything that is in progress comes out now, one batch after the other, as the receiver takes them.
    fn drain(&mut self) {
        self.take_keys(false);
        self.engine.drain();
        while !self.outgoing.is_gone()
            && let Some(batch) = self.engine.take_batch(true)
        {
            tell_unanswered(&mut self.engine, &self.outgoing);
            // Only a sending thread that is gone refuses one.
            let dropped = self.outgoing.push(batch, usize::MAX);
            self.engine.count_queue_drop(dropped);
            self.wait_until_sent();
        }
    }

    /// As long as there is a receiver of what waits.
    fn wait_until_sent(&self) {
        while self.outgoing.has_pending() && wait(&self.control.wake, None, TICK).is_ok() {}
    }

    /// Until a signal, a tick, or with `for_packets` until there may be some; whether it was that.
    fn wait(&self, for_packets: bool) -> Result<bool, EngineError> {
        let readable = if for_packets { self.source.readable() } else { None };
        let now = Instant::now();
        let timeout = match &self.stopping {
            Some(stopping) => stopping.remaining(now).min(TICK),
            None => tick_after(now.duration_since(self.last_packet)),
        };
        wait(&self.control.wake, readable, timeout).map_err(|errno| EngineError::CaptureFailed {
            interface: self.source.info().interface.clone(),
            source: errno.into(),
        })
    }

    fn rest(&mut self) {
        if matches!(self.pace, Pace::Live { .. }) && self.turns.is_over(Instant::now()) {
            thread::sleep(REST);
            self.turns.on_rest(Instant::now());
        }
    }

    fn report(&mut self) {
        self.reports.due(&mut self.source, &mut self.engine, &self.control.ledger, &self.outgoing);
    }
}

/// The time until the thread looks again if nothing wakes it, when no packet came for so long. A savefile that is slow may wait as
/// well: nothing of it is timed.
fn tick_after(silence: Duration) -> Duration {
    if silence < IDLE_AFTER { TICK } else { IDLE_TICK }
}

/// Whether there was one.
fn take_batches<P: Pipeline>(
    engine: &mut P,
    outgoing: &mut Outgoing,
    reports: &mut Reports,
    force: bool,
    max_queue_bytes: usize,
) -> bool {
    let mut went = false;
    while let Some(batch) = engine.take_batch(force) {
        went = true;
        tell_unanswered(engine, outgoing);
        let dropped = outgoing.push(batch, max_queue_bytes);
        if dropped > 0 {
            engine.count_queue_drop(dropped);
            reports.on_queue_drop(dropped);
        }
    }
    went
}

#[cfg(test)]
#[path = "runner_tests.rs"]
pub(super) mod tests;
