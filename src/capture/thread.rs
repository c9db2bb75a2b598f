//! The capture thread: one for each capture. It opens the source, says so, and runs until the end. Its output goes through
//! another thread, which is started here too.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::control::CaptureControl;
use super::descriptors;
use super::options::CaptureOptions;
use super::runner::Runner;
use crate::config::EngineConfig;
use crate::delivery::{self, Delivery, Outgoing, Shared};
use crate::error::EngineError;
use crate::panics;
use crate::source::{CaptureInfo, LiveSource, PacketSource, SavefileSource, SourceOptions};

/// Linux shows 15 bytes of it.
pub const THREAD_NAME: &str = "tcp-sniffer";

/// Starts a capture. `on_open` is called once, on the new thread, with what was opened or why not; after an error
/// there are no events, otherwise there are until `Event::End`. No event comes before `on_open` has returned.
///
/// A stop that comes before the source is open does not keep it from being opened, but it ends at once.
///
/// # Errors
/// When the system has no thread left; `on_open` is dropped then.
pub fn spawn<D, F>(options: CaptureOptions, control: Arc<CaptureControl>, delivery: D, on_open: F) -> io::Result<()>
where
    D: Delivery + 'static,
    F: FnOnce(Result<CaptureInfo, EngineError>) + Send + 'static,
{
    // However this thread ends, its half is dropped with it, and the other thread ends.
    let outgoing = start_sending(&options, &control, delivery)?;
    let mut options = options;
    let body = move || {
        panics::guard_this_thread();
        match catch_unwind(AssertUnwindSafe(|| open(&mut options))) {
            Ok(Ok(source)) => source.run(&options, control, outgoing, on_open),
            Ok(Err(error)) => on_open(Err(error)),
            Err(payload) => on_open(Err(EngineError::Panicked { message: panics::describe(&*payload) })),
        }
    };
    thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(body).map(drop)
}

pub(super) fn start_sending<D>(
    options: &CaptureOptions,
    control: &Arc<CaptureControl>,
    delivery: D,
) -> io::Result<Outgoing>
where
    D: Delivery + 'static,
{
    let waking = Arc::clone(control);
    let shared = Shared {
        feedback: Arc::clone(&control.feedback),
        ledger: Arc::clone(&control.ledger),
        wake: Box::new(move || waking.wake.signal()),
    };
    let lossless = matches!(options.source, SourceOptions::Savefile { .. });
    delivery::spawn(&options.engine, lossless, shared, delivery)
}

enum Source {
    Live(LiveSource),
    Savefile(SavefileSource),
}

impl Source {
    fn run<F>(self, options: &CaptureOptions, control: Arc<CaptureControl>, outgoing: Outgoing, on_open: F)
    where
        F: FnOnce(Result<CaptureInfo, EngineError>),
    {
        match self {
            Self::Live(source) => run(source, options, control, outgoing, on_open),
            Self::Savefile(source) => run(source, options, control, outgoing, on_open),
        }
    }
}

fn run<S, F>(source: S, options: &CaptureOptions, control: Arc<CaptureControl>, outgoing: Outgoing, on_open: F)
where
    S: PacketSource,
    F: FnOnce(Result<CaptureInfo, EngineError>),
{
    #[cfg(feature = "faults")]
    let source = super::faults::PanicAtPacket::new(source);
    on_open(Ok(source.info().clone()));
    Runner::new(source, options, control, outgoing).run();
}

fn open(options: &mut CaptureOptions) -> Result<Source, EngineError> {
    if let Some(file) = &options.engine.proto_descriptors {
        descriptors::read(file)?;
    }
    match &options.source {
        SourceOptions::Live(live) => {
            LiveSource::open(live, &options.engine.ports, options.engine.decapsulate).map(Source::Live)
        }
        SourceOptions::Savefile { path } => open_savefile(path, &mut options.engine).map(Source::Savefile),
    }
}

pub(crate) fn open_savefile(path: &str, engine: &mut EngineConfig) -> Result<SavefileSource, EngineError> {
    let mut source = SavefileSource::open(path)?;
    let first = engine.tls || source.is_short();
    if first {
        source.read_secrets_first(path);
    }
    // All secrets are known before the first packet.
    if first && source.is_whole() {
        engine.tls_key_wait_ms = 0;
    }
    Ok(source)
}

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
