//! A live interface through libpcap. In: options, ports. Out: frames as the kernel hands them over, without waiting.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use pcap::{Active, Capture};

use super::counters::WideCounters;
use super::filter;
use super::interfaces::{choose, list_interfaces};
use super::options::LiveOptions;
use super::outgoing;
use super::packet_source::{CaptureInfo, LibpcapError, Pace, Packet, PacketSource, Progress};
use crate::decode::LinkType;
use crate::error::EngineError;
use crate::stats::CaptureStats;
use crate::time::Timestamp;

/// On top of two read timeouts: a ring block that has just been opened is looked at twice by the kernel's timer before
/// it is handed over (`prb_retire_rx_blk_timer_expired`), and the timer itself is late at times.
const SETTLE_MARGIN: Duration = Duration::from_millis(20);

pub struct LiveSource {
    capture: Capture<Active>,
    info: CaptureInfo,
    linktype: LinkType,
    settle: Duration,
    counters: WideCounters,
}

impl std::fmt::Debug for LiveSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSource").field("info", &self.info).finish_non_exhaustive()
    }
}

impl LiveSource {
    /// Opens the interface and sets the filter, which lets tunnels through with `decapsulate`.
    ///
    /// # Errors
    /// `InvalidInterface`, `NoDefaultInterface`; `OpenInterface` with libpcap's words.
    pub fn open(options: &LiveOptions, ports: &[u16], decapsulate: bool) -> Result<Self, EngineError> {
        let interface = choose(&options.interface, list_interfaces()?)?;
        let capture = activate(&interface.name, options).map_err(|error| open_error(&interface.name, error))?;
        let linktype = capture.get_datalink().0;
        if interface.loopback {
            // Where it is refused, libpcap passes over them.
            let _ = outgoing::ignore(capture.as_fd());
        }
        Ok(Self {
            info: CaptureInfo::new(&interface.name, interface.loopback, Some(linktype)),
            linktype,
            settle: 2 * Duration::from_millis(options.read_timeout().unsigned_abs().into()) + SETTLE_MARGIN,
            capture: with_filter(capture, ports, decapsulate).map_err(|error| open_error(&interface.name, error))?,
            counters: WideCounters::default(),
        })
    }
}

/// Not in immediate mode: that would switch TPACKET_V3 off, and then the ring holds a snaplen for each packet.
fn activate(name: &str, options: &LiveOptions) -> Result<Capture<Active>, pcap::Error> {
    Capture::from_device(name)?
        .snaplen(options.snaplen())
        .buffer_size(options.ring())
        .timeout(options.read_timeout())
        // libpcap only warns that `any` cannot be promiscuous, but the crate takes its warnings for errors.
        .promisc(options.promiscuous && name != "any")
        .open()?
        .setnonblock()
}

fn with_filter(mut capture: Capture<Active>, ports: &[u16], decapsulate: bool) -> Result<Capture<Active>, pcap::Error> {
    let expression = filter::expression(&capture, ports, decapsulate);
    capture.filter(&expression, true)?;
    Ok(capture)
}

fn open_error(interface: &str, error: pcap::Error) -> EngineError {
    let source = LibpcapError(error);
    let said = source.to_string();
    let permission = ["permitted", "ermission", "CAP_NET_RAW"].iter().any(|words| said.contains(words));
    EngineError::OpenInterface { interface: interface.to_owned(), permission, source: source.into() }
}

impl PacketSource for LiveSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn pace(&self) -> Pace {
        Pace::Live { settle: self.settle }
    }

    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        let (mut count, linktype) = (0, self.linktype);
        self.capture
            .dispatch(Some(limit), |packet| {
                count += 1;
                let at = Timestamp::from_parts(packet.header.ts.tv_sec, packet.header.ts.tv_usec);
                on_packet(Packet { at, linktype, wire_len: packet.header.len, frame: packet.data });
            })
            .map_err(|error| EngineError::CaptureFailed {
                interface: self.info.interface.clone(),
                source: LibpcapError(error).into(),
            })?;
        Ok(if count < limit { Progress::Dry } else { Progress::More })
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.capture.as_fd())
    }

    fn counters(&mut self) -> CaptureStats {
        match self.capture.stats() {
            Ok(stat) => self.counters.update(stat.received, stat.dropped, stat.if_dropped),
            // The interface is gone: what was counted so far stays.
            Err(_) => self.counters.total(),
        }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
pub(super) mod tests;
