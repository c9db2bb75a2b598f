//! The Node addon: the only place that names napi. In: plain options from JS. Out: events to one JS function, a
//! promise for the open. Decides nothing about TCP or HTTP, and nothing about when what is delivered.

#![allow(unsafe_code, reason = "what napi's macros expand to; nothing here writes any")]
#![allow(unreachable_pub, missing_debug_implementations, reason = "napi's macros want `pub`; only JS sees it")]
#![cfg_attr(test, allow(dead_code, reason = "napi registers nothing in tests"))]

mod errors;
mod events;
mod info;
mod options;
mod packets;
mod stats;

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc;

use napi::bindgen_prelude::{BufferSlice, Function, Object};
use napi::{Env, Error, JsDeferred, Result, Status};
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::capture::{self, CaptureControl, CaptureOptions};
use crate::delivery;
use crate::message::own_posts;
use crate::privileges;
use crate::source;
use errors::js_error;
use events::{AnnouncedBatches, BindingCaptureEvent, JsDelivery};
use info::{BindingCaptureInfo, BindingInterfaceInfo};
use options::BindingCaptureOptions;
use stats::{EngineStats, stats_of};

/// The interfaces that can be captured on, best first, `any` included. Needs no privilege.
#[napi(catch_unwind)]
pub fn list_interfaces(env: &Env) -> Result<Vec<BindingInterfaceInfo>> {
    let interfaces = source::list_interfaces().map_err(|error| js_error(env, &error))?;
    Ok(interfaces.into_iter().map(BindingInterfaceInfo::from).collect())
}

/// Takes NET_RAW and NET_ADMIN from every thread of this process, for good; captures that are open go on. Waits for the
/// threads: a few milliseconds. Throws when one of them still has it.
#[napi(catch_unwind)]
pub fn give_up_capture() -> Result<()> {
    privileges::give_up_capture().map_err(|error| Error::from_reason(error.to_string()))
}

/// The kernel writes no core of this process from now on, and no other process without SYS_PTRACE may look into it
/// (PR_SET_DUMPABLE, prctl(2)).
#[napi]
pub fn keep_out_of_dumps() {
    // It fails for no value that it knows.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// A write to stdout (file descriptor 1) that is a pipe without room fails from now on (EAGAIN), where it would wait. That holds for
/// all that share the pipe, and any of them may undo it.
#[napi]
pub fn keep_stdout_from_waiting() {
    delivery::keep_from_waiting(io::stdout().as_fd());
}

/// Takes back the last so many bytes that were written to stdout (file descriptor 1), where it is a regular file and they are its
/// end; whether it did.
#[napi]
pub fn take_back_from_stdout(bytes: f64) -> bool {
    delivery::take_back(io::stdout().as_fd(), bytes as u64)
}

/// One capture, from `open` to the event `end`; not to be opened again.
#[napi]
#[derive(Debug)]
pub struct Capture {
    /// Gone once it is open.
    options: Option<CaptureOptions>,
    max_body_bytes: usize,
    control: Arc<CaptureControl>,
    announced: Arc<AnnouncedBatches>,
}

/// Settles the promise of `open`; runs on the JS thread.
type Settle = Box<dyn FnOnce(Env) -> Result<BindingCaptureInfo>>;

#[napi]
impl Capture {
    /// Throws when an option is out of the range of its type; what makes sense is for the caller to check.
    #[napi(constructor)]
    pub fn new(options: BindingCaptureOptions) -> Result<Self> {
        let control = CaptureControl::new().map_err(|error| Error::from_reason(error.to_string()))?;
        let options: CaptureOptions = options.try_into()?;
        let max_body_bytes = options.engine.max_body_size;
        Ok(Self { options: Some(options), max_body_bytes, control: Arc::new(control), announced: Arc::default() })
    }

    /// Opens the capture on a thread of its own and lets it run. Rejects with an `Error` that has a stable `code`;
    /// then there are no events. Once it has resolved there are, until `end`, and the process is kept alive for them.
    ///
    /// A `stop()` before or meanwhile does not keep it from resolving; `end` follows then. A pipe is open before its
    /// header has come: that it is no savefile is an `error` event.
    #[napi(ts_return_type = "Promise<CaptureInfo>", catch_unwind)]
    pub fn open<'env>(
        &mut self,
        env: &'env Env,
        #[napi(ts_arg_type = "(event: CaptureEvent) => void")] on_event: Function<'env, BindingCaptureEvent, ()>,
    ) -> Result<Object<'env>> {
        let once = || Error::new(Status::GenericFailure, "a capture is opened once");
        let options = self.options.take().ok_or_else(once)?;
        let delivery = JsDelivery::new(&on_event, Arc::clone(&self.announced))?;
        let (give_deferred, take_deferred) = mpsc::channel::<JsDeferred<BindingCaptureInfo, Settle>>();
        capture::spawn(options, Arc::clone(&self.control), delivery, move |opened| {
            let Ok(deferred) = take_deferred.recv() else { return };
            let (settled, wait_until_settled) = mpsc::channel();
            deferred.resolve(Box::new(move |env| {
                let _ = settled.send(());
                opened.map(BindingCaptureInfo::from).map_err(|error| js_error(&env, &error))
            }));
            // The promise is settled before the first event comes. An environment that is torn down drops the closure
            // with its end of the channel.
            let _ = wait_until_settled.recv();
        })
        .map_err(|error| Error::from_reason(format!("cannot start a thread: {error}")))?;
        let (deferred, promise) = env.create_deferred().inspect_err(|_| self.control.stop())?;
        let _ = give_deferred.send(deferred);
        Ok(promise)
    }

    /// Asks for the end: what the kernel already holds is still read, everything finished is delivered, `end` comes.
    /// At any time, any number of times; returns at once.
    #[napi]
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Adds whole lines of a key log (RFC 9850). False if so many wait already that these are lost.
    #[napi]
    pub fn add_tls_keys(&self, text: String) -> bool {
        self.control.add_tls_keys(&Zeroizing::new(text))
    }

    /// Copies the oldest `batch` that was announced and not copied yet to `target`: its changes, and after them its lines, each with its
    /// line feed. Of `facts`, which stand in the same queue, it is their table. Without a `target` they are lost. Throws when there
    /// is none, or `target` has not its `changesBytes` and `bytes`.
    #[napi]
    pub fn copy_lines(&self, target: Option<BufferSlice<'_>>) -> Result<()> {
        match target {
            Some(mut target) => self.announced.take_oldest(Some(&mut target)),
            None => self.announced.take_oldest(None),
        }
    }

    /// Takes back the credit of one batch: JS has finished with it. Without credits no further batch comes.
    #[napi]
    pub fn release(&self) {
        self.control.release();
    }

    /// While it is open, the engine writes lines to stdout (file descriptor 1) as far as it takes them at once, and only what is
    /// left becomes a `batch`; its first line may be the end of one. As long as a batch is not released, all become one.
    #[napi]
    pub fn open_stdout(&self, open: bool) {
        self.control.open_stdout(open);
    }

    /// From now on large batches have changes, or no longer do: what to make their messages of, which takes less than to
    /// parse each line.
    #[napi]
    pub fn want_changes(&self, want: bool) {
        self.control.want_changes(want);
    }

    /// Whether `facts` come: of each message what statistics need, as tables whose form `src/delivery/facts/mod.rs` tells. To be called
    /// before `open`, if they are to be of all messages.
    #[napi]
    pub fn want_facts(&self, want: bool) {
        self.control.want_facts(want);
    }

    /// Takes back the credit of one `facts`: JS has finished with it. Without credits no further message comes.
    #[napi]
    pub fn release_facts(&self) {
        self.control.release_facts();
    }

    /// Messages that the engine has written to stdout, since the start.
    #[napi]
    pub fn written_to_stdout(&self) -> f64 {
        // Exact up to 2^53.
        self.control.written_to_stdout() as f64
    }

    /// The mark of a POST with this body as our own, after the version in the field `tcp-sniffer-output`.
    #[napi]
    pub fn seal(&self, body: BufferSlice<'_>) -> String {
        own_posts::seal(&body, self.max_body_bytes)
    }

    /// The counters some 50 ms ago (libpcap's own: 250 ms); after `end` the final counters. Waits for nothing.
    #[napi]
    pub fn stats(&self) -> EngineStats {
        stats_of(&self.control.stats())
    }
}
