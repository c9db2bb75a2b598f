//! The sources of frames: a live interface through libpcap, a savefile, a pipe.
//!
//! In: the name of an interface, or the path of a savefile. Out: frames without waiting for any, a descriptor to wait for more,
//! libpcap's counters, notices. Refuses to know: what a frame holds, which thread reads it.
//!
//! ```text
//! [interfaces] name -> [live] (libpcap, [filter])         --\
//!                                                            +--> PacketSource
//! file, pipe -> [savefile] (pcap, pcapng, gzip, zstd)     --/
//! ```

mod counters;
mod filter;
mod interfaces;
mod live;
mod options;
mod outgoing;
mod packet_source;
mod ring;
mod savefile;

use std::time::{SystemTime, UNIX_EPOCH};

pub use interfaces::{InterfaceInfo, list_interfaces};
pub use live::LiveSource;
pub use options::{LiveOptions, SourceOptions};
pub use packet_source::{CaptureInfo, Pace, Packet, PacketSource, Progress};
pub use savefile::{Identity, SavefileCopy, SavefileSource, push_empty_section};

#[cfg(test)]
pub(crate) use live::tests::{echo, listen, open_lo};
#[cfg(test)]
pub(crate) use savefile::tests::piped::Fifo;

use crate::time::Timestamp;

/// The clock that stamps live packets.
pub(crate) fn system_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
