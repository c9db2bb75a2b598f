//! Events on their way to JS: each is one call of one JS function, batches as Buffers.
//!
//! The queue of the threadsafe function has no bound of its own: batches are bounded by credits, the rest by the
//! backlog that is counted here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use napi::bindgen_prelude::{Buffer, BufferSlice, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;

use super::{EngineStats, stats_of};
use crate::capture::{Delivery, Event};
use crate::notice::Level;

/// What a capture has to say; the fields that are there depend on `kind`.
#[napi(object, object_from_js = false, js_name = "CaptureEvent")]
pub struct BindingCaptureEvent {
    /// `end` is the last one, always.
    #[napi(ts_type = "'batch' | 'notice' | 'error' | 'stats' | 'end'")]
    pub kind: &'static str,
    /// `batch`: whole JSON lines, each ended by `\n`. Costs a credit: `release()` when done with it.
    pub lines: Option<Buffer>,
    /// `batch`: number of lines.
    pub messages: Option<u32>,
    /// `notice`: how much it matters.
    #[napi(ts_type = "'info' | 'warn'")]
    pub level: Option<&'static str>,
    /// `notice`: its stable name in kebab-case.
    pub name: Option<&'static str>,
    /// `notice`, `error`: the text.
    pub message: Option<String>,
    /// `notice`: further fields of the log line.
    pub fields: Option<BTreeMap<String, String>>,
    /// `error`: the stable code. Only the last `stats` and `end` follow.
    pub code: Option<&'static str>,
    /// `stats`: the counters; the event comes at the interval, and once before `end`.
    pub stats: Option<EngineStats>,
}

impl BindingCaptureEvent {
    const fn of(kind: &'static str) -> Self {
        Self {
            kind,
            lines: None,
            messages: None,
            level: None,
            name: None,
            message: None,
            fields: None,
            code: None,
            stats: None,
        }
    }
}

impl BindingCaptureEvent {
    /// The lines are copied into memory that V8 has allocated itself. Of such it collects what is done with in its young
    /// generation; of the engine's own it lets 64 MB and more lie about until it collects everything.
    fn from_event(event: Event, env: &Env) -> Result<Self> {
        Ok(match event {
            Event::Batch(batch) => Self {
                lines: Some(BufferSlice::copy_from(env, &batch.lines)?.into_buffer(env)?),
                messages: Some(batch.messages),
                ..Self::of("batch")
            },
            Event::Notice(notice) => Self {
                level: Some(match notice.level {
                    Level::Info => "info",
                    Level::Warn => "warn",
                }),
                name: Some(notice.kind),
                message: Some(notice.message),
                fields: Some(notice.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
                ..Self::of("notice")
            },
            Event::Error(error) => {
                Self { code: Some(error.code()), message: Some(error.to_string()), ..Self::of("error") }
            }
            Event::Stats(snapshot) => Self { stats: Some(stats_of(&snapshot)), ..Self::of("stats") },
            Event::End => Self::of("end"),
        })
    }
}

/// Errors are events, so that the function takes one argument only.
type EventFunction = ThreadsafeFunction<Event, (), BindingCaptureEvent, Status, false>;

pub(super) struct JsDelivery {
    /// Keeps the process alive until it is dropped, at the end of the capture thread.
    function: EventFunction,
    /// Calls queued and not begun.
    backlog: Arc<AtomicUsize>,
    refused: bool,
}

impl JsDelivery {
    pub(super) fn new(on_event: &Function<'_, BindingCaptureEvent, ()>) -> Result<Self> {
        let backlog = Arc::new(AtomicUsize::new(0));
        let begun = Arc::clone(&backlog);
        let function =
            on_event.build_threadsafe_function::<Event>().callee_handled::<false>().build_callback(move |context| {
                begun.fetch_sub(1, Ordering::Relaxed);
                BindingCaptureEvent::from_event(context.value, &context.env)
            })?;
        Ok(Self { function, backlog, refused: false })
    }
}

impl Delivery for JsDelivery {
    fn deliver(&mut self, event: Event) {
        self.backlog.fetch_add(1, Ordering::Relaxed);
        let status = self.function.call(event, ThreadsafeFunctionCallMode::NonBlocking);
        // The environment is going; napi has dropped the event.
        self.refused |= status != Status::Ok;
    }

    fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    fn is_gone(&self) -> bool {
        self.refused || self.function.aborted()
    }
}
