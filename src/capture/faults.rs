//! In no published addon: a panic on demand, to show that it ends the capture and not the process. Only with the feature
//! `faults`. In: a source, the variable `TCP_SNIFFER_PANIC_AT_PACKET`. Out: the same packets, until that packet, counted from 1.

use std::os::fd::BorrowedFd;

use zeroize::Zeroizing;

use crate::error::EngineError;
use crate::notice::Notice;
use crate::source::{CaptureInfo, Pace, Packet, PacketSource, Progress};
use crate::stats::CaptureStats;

const VARIABLE: &str = "TCP_SNIFFER_PANIC_AT_PACKET";

pub(super) struct PanicAtPacket<S> {
    source: S,
    at: Option<u64>,
    packets: u64,
}

impl<S> PanicAtPacket<S> {
    pub(super) fn new(source: S) -> Self {
        let at = std::env::var(VARIABLE).ok().and_then(|number| number.parse().ok());
        Self { source, at, packets: 0 }
    }
}

impl<S: PacketSource> PacketSource for PanicAtPacket<S> {
    fn info(&self) -> &CaptureInfo {
        self.source.info()
    }

    fn pace(&self) -> Pace {
        self.source.pace()
    }

    #[allow(clippy::panic, reason = "what the variable asks for")]
    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        let Self { source, at, packets } = self;
        source.read(limit, |packet| {
            *packets += 1;
            if *at == Some(*packets) {
                panic!("asked to panic at packet {packets}");
            }
            on_packet(packet);
        })
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        self.source.readable()
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        self.source.take_notices()
    }

    fn take_secrets(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.source.take_secrets()
    }

    fn counters(&mut self) -> CaptureStats {
        self.source.counters()
    }
}
