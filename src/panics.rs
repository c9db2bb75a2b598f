//! Keeps a panic of our threads off stderr (logs there are JSON lines) and remembers where it happened.
//!
//! The hook is process-wide, but std is linked into the addon statically: in Node it sees no other addon's panics. Those
//! of unguarded threads go on to the hook that was there before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// From now on a panic of this thread is silent; the code that catches it asks `describe`.
pub(crate) fn guard_this_thread() {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                LOCATION.set(info.location().map(ToString::to_string));
            } else {
                previous(info);
            }
        }));
    });
    GUARDED.set(true);
}

/// The panic's message and, when this thread is guarded, its place in the source.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    match LOCATION.take() {
        Some(location) => format!("{message} ({location})"),
        None => message,
    }
}
