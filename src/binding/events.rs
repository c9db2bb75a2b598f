//! Events on their way to JS: each is one call of one JS function.
//!
//! The queue of the threadsafe function has no bound of its own: batches are bounded by credits, the rest by the
//! backlog that is counted here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Result, Status};
use napi_derive::napi;

use super::stats::{EngineStats, stats_of};
use crate::batch::Batch;
use crate::delivery::{Delivery, Event};
use crate::notice::Level;

/// A report of a capture; the fields that are there depend on `kind`.
#[napi(object, object_from_js = false, js_name = "CaptureEvent")]
pub struct BindingCaptureEvent {
    /// `end` is always the last event.
    #[napi(ts_type = "'batch' | 'facts' | 'notice' | 'unanswered' | 'error' | 'stats' | 'end'")]
    pub kind: &'static str,
    /// `batch`: length of its lines. Costs a credit: `copyLines()` at once, `release()` when done with them. `facts`: length of the
    /// table, `copyLines()` and `releaseFacts()`.
    pub bytes: Option<u32>,
    /// `batch`: length of its changes, where it has some (`wantChanges`).
    pub changes_bytes: Option<u32>,
    /// `batch`: number of lines. `facts`: of how many messages.
    pub messages: Option<u32>,
    /// `notice`: how much it matters.
    #[napi(ts_type = "'info' | 'warn'")]
    pub level: Option<&'static str>,
    /// `notice`: its stable name in kebab-case.
    pub name: Option<&'static str>,
    /// `notice`, `error`: the text.
    pub message: Option<String>,
    /// `notice`: further fields of the log line. `unanswered`: the ids of exchanges that ended without a response, and how: `client` or
    /// `server` reset the stream (with a code), or the connection was `reset` or `closed`. May come before their requests.
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
            bytes: None,
            changes_bytes: None,
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

/// The batches that were announced to JS, oldest first. It copies their bytes into memory of its own, which it can use again
/// for the next batch: memory that is new for each has to be asked of the system and cleared each time. No more than there
/// are credits.
#[derive(Debug, Default)]
pub(super) struct AnnouncedBatches(Mutex<VecDeque<Batch>>);

impl AnnouncedBatches {
    fn push(&self, batch: Batch) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(batch);
    }

    /// Takes the oldest batch, and writes it to `target` if there is a target. After an error it is gone too: otherwise every
    /// later batch would get the lines of the batch before it.
    pub(super) fn take_oldest(&self, target: Option<&mut [u8]>) -> Result<()> {
        let oldest = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Batch { lines, changes, .. } =
            oldest.ok_or_else(|| Error::from_reason("there is no batch to be copied"))?;
        let Some(target) = target else { return Ok(()) };
        match target.split_at_mut_checked(changes.len()) {
            Some((for_changes, rest)) if rest.len() == lines.len() => {
                for_changes.copy_from_slice(&changes);
                rest.copy_from_slice(&lines);
                Ok(())
            }
            _ => Err(Error::from_reason("the target is not as long as the batch")),
        }
    }
}

impl BindingCaptureEvent {
    fn from_event(event: Event, announced: &AnnouncedBatches) -> Self {
        match event {
            Event::Batch(batch) => {
                let bytes = |buffer: &[u8]| u32::try_from(buffer.len()).unwrap_or(u32::MAX);
                let event = Self {
                    bytes: Some(bytes(&batch.lines)),
                    changes_bytes: Some(bytes(&batch.changes)).filter(|&bytes| bytes > 0),
                    messages: Some(batch.messages),
                    ..Self::of("batch")
                };
                announced.push(batch);
                event
            }
            Event::Facts(table) => {
                let event = Self {
                    bytes: u32::try_from(table.lines.len()).ok(),
                    messages: Some(table.messages),
                    ..Self::of("facts")
                };
                announced.push(table);
                event
            }
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
            Event::Unanswered(ends) => Self { fields: Some(ends.into_iter().collect()), ..Self::of("unanswered") },
            Event::Error(error) => {
                Self { code: Some(error.code()), message: Some(error.to_string()), ..Self::of("error") }
            }
            Event::Stats(snapshot) => Self { stats: Some(stats_of(&snapshot)), ..Self::of("stats") },
            Event::End => Self::of("end"),
        }
    }
}

/// Errors are events, so that the function takes one argument only.
type EventFunction = ThreadsafeFunction<Event, (), BindingCaptureEvent, Status, false>;

pub(super) struct JsDelivery {
    /// Keeps the process alive until it is dropped, at the end of the capture thread.
    function: EventFunction,
    /// Calls queued and not begun.
    backlog: Arc<AtomicUsize>,
    refused: AtomicBool,
}

impl JsDelivery {
    pub(super) fn new(
        on_event: &Function<'_, BindingCaptureEvent, ()>,
        announced: Arc<AnnouncedBatches>,
    ) -> Result<Self> {
        let backlog = Arc::new(AtomicUsize::new(0));
        let begun = Arc::clone(&backlog);
        let function =
            on_event.build_threadsafe_function::<Event>().callee_handled::<false>().build_callback(move |context| {
                begun.fetch_sub(1, Ordering::Relaxed);
                Ok(BindingCaptureEvent::from_event(context.value, &announced))
            })?;
        Ok(Self { function, backlog, refused: AtomicBool::new(false) })
    }
}

impl Delivery for JsDelivery {
    fn deliver(&self, event: Event) {
        self.backlog.fetch_add(1, Ordering::Relaxed);
        let status = self.function.call(event, ThreadsafeFunctionCallMode::NonBlocking);
        // The environment is going; napi has dropped the event.
        if status != Status::Ok {
            self.refused.store(true, Ordering::Relaxed);
        }
    }

    fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    fn is_gone(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.function.aborted()
    }
}
