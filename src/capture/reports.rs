//! The reports of a capture besides batches, each in its time: notices, counters, the `Stats` event, silence on the
//! interface, drops at the queue. Takes no credits, so it bounds itself by the receiver's backlog.

use std::time::{Duration, Instant};

use super::TICK;
use super::pipeline::Pipeline;
use super::quiet::{QUIET_AFTER, QuietWatch};
use crate::delivery::{Event, Outgoing};
use crate::engine::NotUnderstood;
use crate::ledger::Ledger;
use crate::notice::{Level, Notice};
use crate::source::{CaptureInfo, Pace, PacketSource, system_time};
use crate::stats::CaptureStats;

/// Events that wait at a receiver which does not take them; past it notices are counted and left out.
pub const MAX_EVENT_BACKLOG: usize = 1_024;

/// Asking libpcap costs some system calls and reads of sysfs.
const COUNTERS_EVERY: Duration = Duration::from_millis(250);
/// Between two notices about messages that were dropped at the queue.
const DROP_NOTICE_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Reports {
    interface: String,
    /// Only an interface can be quiet.
    quiet: Option<QuietWatch>,
    stats_interval: Option<Duration>,
    last: Instant,
    last_counters: Instant,
    last_stats: Instant,
    last_drop_notice: Option<Instant>,
    /// Messages dropped at the queue that no notice has told yet.
    untold_drops: u64,
    /// Notices left out since the last notice that was delivered.
    suppressed: u64,
    capture: CaptureStats,
}

impl Reports {
    pub(super) fn new(info: &CaptureInfo, pace: Pace, stats_interval_ms: u64) -> Self {
        let now = Instant::now();
        Self {
            interface: info.interface.clone(),
            quiet: (pace != Pace::Lossless).then(|| QuietWatch::new(now)),
            stats_interval: (stats_interval_ms > 0).then(|| Duration::from_millis(stats_interval_ms)),
            last: now,
            last_counters: now,
            last_stats: now,
            last_drop_notice: None,
            untold_drops: 0,
            suppressed: 0,
            capture: CaptureStats::default(),
        }
    }

    pub(super) fn on_packets(&mut self, now: Instant) {
        if let Some(quiet) = &mut self.quiet {
            quiet.on_packets(now);
        }
    }

    pub(super) fn on_queue_drop(&mut self, messages: u64) {
        self.untold_drops += messages;
    }

    /// Does what is due; to be called as often as one likes.
    pub(super) fn due<S: PacketSource, P: Pipeline>(
        &mut self,
        source: &mut S,
        engine: &mut P,
        ledger: &Ledger,
        outgoing: &Outgoing,
    ) {
        let now = Instant::now();
        if now.saturating_duration_since(self.last) < TICK {
            return;
        }
        self.last = now;
        let stats_due =
            self.stats_interval.is_some_and(|every| now.saturating_duration_since(self.last_stats) >= every);
        if stats_due || now.saturating_duration_since(self.last_counters) >= COUNTERS_EVERY {
            self.last_counters = now;
            self.capture = source.counters();
        }
        ledger.publish(self.capture, engine.stats());
        for notice in source.take_notices().into_iter().chain(engine.take_notices()) {
            self.notice(notice, outgoing);
        }
        tell_unanswered(engine, outgoing);
        if self.quiet.as_mut().is_some_and(|quiet| quiet.due(now)) {
            self.notice(no_packets(&self.interface), outgoing);
        }
        if self.last_drop_notice.is_none_or(|last| now.saturating_duration_since(last) >= DROP_NOTICE_EVERY) {
            self.tell_drops(now, outgoing);
        }
        if stats_due && outgoing.backlog() < MAX_EVENT_BACKLOG {
            self.last_stats = now;
            outgoing.tell(Event::Stats(Box::new(ledger.stats())));
        }
    }

    /// Reports what is left at the end.
    pub(super) fn finish<S: PacketSource, P: Pipeline>(
        &mut self,
        source: &mut S,
        engine: &mut P,
        ledger: &Ledger,
        outgoing: &Outgoing,
    ) {
        ledger.publish(source.counters(), engine.stats());
        for notice in source.take_notices().into_iter().chain(engine.take_notices()) {
            self.notice(notice, outgoing);
        }
        tell_unanswered(engine, outgoing);
        self.tell_drops(Instant::now(), outgoing);
        if self.suppressed > 0 {
            outgoing.tell(Event::Notice(suppressed(self.suppressed)));
        }
    }

    pub(super) fn not_understood(&mut self, what: &NotUnderstood, packets: u64, outgoing: &Outgoing) {
        self.notice(not_understood(what, packets), outgoing);
    }

    fn tell_drops(&mut self, now: Instant, outgoing: &Outgoing) {
        if self.untold_drops > 0 {
            self.last_drop_notice = Some(now);
            let messages = std::mem::take(&mut self.untold_drops);
            self.notice(queue_full(messages), outgoing);
        }
    }

    pub(super) fn notice(&mut self, notice: Notice, outgoing: &Outgoing) {
        if outgoing.backlog() >= MAX_EVENT_BACKLOG {
            self.suppressed += 1;
            return;
        }
        if self.suppressed > 0 {
            outgoing.tell(Event::Notice(suppressed(std::mem::take(&mut self.suppressed))));
        }
        outgoing.tell(Event::Notice(notice));
    }
}

/// To be called before each batch: the ends of exchanges are known no later than the messages that came after them. Left out if events
/// wait: who is not told of it waits as long as without it.
pub(super) fn tell_unanswered<P: Pipeline>(engine: &mut P, outgoing: &Outgoing) {
    let unanswered = engine.take_unanswered();
    if !unanswered.is_empty() && outgoing.backlog() < MAX_EVENT_BACKLOG {
        outgoing.tell_at_once(Event::Unanswered(unanswered));
    }
}

fn no_packets(interface: &str) -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "no-packets",
        message: format!("no packet on '{interface}' for {} s", QUIET_AFTER.as_secs()),
        fields: vec![("interface", interface.to_owned())],
    }
}

fn queue_full(messages: u64) -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "queue-full",
        message: format!("{messages} messages dropped: the receiver is too slow"),
        fields: vec![("messages", messages.to_string())],
    }
}

fn not_understood(NotUnderstood { packets, what }: &NotUnderstood, of: u64) -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "not-understood",
        message: format!("{packets} of {of} packets were not understood: {what}"),
        fields: vec![("notUnderstood", packets.to_string())],
    }
}

fn suppressed(notices: u64) -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "notices-suppressed",
        message: format!("{notices} notices left out: the receiver is too slow"),
        fields: vec![("notices", notices.to_string())],
    }
}
