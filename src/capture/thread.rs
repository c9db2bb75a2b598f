//! The capture thread: one for each capture. It opens the source, says so, and runs until the end. What comes out goes
//! through a thread of its own (`sending`).

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::control::CaptureControl;
use super::delivery::Delivery;
use super::options::CaptureOptions;
use super::panics;
use super::runner::Runner;
use super::sending;
use crate::error::EngineError;
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
    sending::spawn(&options, Arc::clone(&control), delivery)?;
    // Whatever happens to this thread, the other one ends.
    let closing = Closing(Arc::clone(&control));
    let body = move || {
        let _closing = closing;
        panics::guard_this_thread();
        match catch_unwind(AssertUnwindSafe(|| open(&options))) {
            Ok(Ok(source)) => source.run(&options, control, on_open),
            Ok(Err(error)) => on_open(Err(error)),
            Err(payload) => on_open(Err(EngineError::Panicked { message: panics::describe(&*payload) })),
        }
    };
    thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(body).map(drop)
}

struct Closing(Arc<CaptureControl>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.outbox.close();
    }
}

enum Source {
    Live(LiveSource),
    Savefile(SavefileSource),
}

impl Source {
    fn run<F>(self, options: &CaptureOptions, control: Arc<CaptureControl>, on_open: F)
    where
        F: FnOnce(Result<CaptureInfo, EngineError>),
    {
        match self {
            Self::Live(source) => run(source, options, control, on_open),
            Self::Savefile(source) => run(source, options, control, on_open),
        }
    }
}

fn run<S, F>(source: S, options: &CaptureOptions, control: Arc<CaptureControl>, on_open: F)
where
    S: PacketSource,
    F: FnOnce(Result<CaptureInfo, EngineError>),
{
    on_open(Ok(source.info().clone()));
    Runner::new(source, options, control).run();
}

fn open(options: &CaptureOptions) -> Result<Source, EngineError> {
    match &options.source {
        SourceOptions::Live(live) => {
            LiveSource::open(live, &options.engine.ports, options.engine.decapsulate).map(Source::Live)
        }
        SourceOptions::Savefile { path } => SavefileSource::open(path).map(Source::Savefile),
    }
}

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
