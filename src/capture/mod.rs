//! The capture thread: carries frames through the engine until the end.
//!
//! In: a source of frames, *stop*. Out: batches, notices, counters and the end to the [delivery](crate::delivery). Refuses to know:
//! where frames come from, protocols, what becomes of a batch.
//!
//! ```text
//! PacketSource --> [runner] --> Engine ([pipeline]) --> Outgoing
//!                     ^   [reports], [quiet], [stopping], [turns], [shedding] by its [limiter]
//!                     +-- [wake] <-- [control]: stop, credits, counters
//! ```

mod control;
mod descriptors;
#[cfg(feature = "faults")]
mod faults;
mod key_files;
mod limiter;
mod options;
mod pipeline;
mod quiet;
mod reports;
mod runner;
mod shedding;
mod stopping;
mod thread;
mod turns;
mod wake;

pub use control::CaptureControl;
pub(crate) use key_files::KeyFiles;
pub use options::{CaptureOptions, CpuLimit};
pub use reports::MAX_EVENT_BACKLOG;
pub(crate) use thread::open_savefile;
pub use thread::{THREAD_NAME, spawn};

use std::time::Duration;

/// The longest that anything timed is late while packets come: ticks, young batches, expiry, reports.
const TICK: Duration = Duration::from_millis(50);
