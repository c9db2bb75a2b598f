//! The copy of packets as JS asks for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use napi::bindgen_prelude::{BufferSlice, Object};
use napi::{Env, Error, Result};
use napi_derive::napi;

use super::errors::js_error;
use super::options::BindingCaptureOptions;
use crate::engine::Numbers;
use crate::error::EngineError;
use crate::extract::{ExtractOptions, Extracted, Wanted, extract};
use crate::panics;

/// A savefile on a disk, and some of its connections.
#[napi(object, object_to_js = false, js_name = "ConnectionsOf")]
pub struct BindingWanted<'a> {
    pub pcap_file: String,
    /// A bit for each connection, by its number in ids: the lowest bit of the first byte is 0.
    pub connections: BufferSlice<'a>,
}

/// The counts of what was written.
#[napi(object, object_from_js = false, js_name = "Extracted")]
pub struct BindingExtracted {
    pub connections: f64,
    pub packets: f64,
    pub bytes: f64,
}

impl From<Extracted> for BindingExtracted {
    fn from(Extracted { connections, packets, bytes }: Extracted) -> Self {
        // Exact up to 2^53.
        Self { connections: connections as f64, packets: packets as f64, bytes: bytes as f64 }
    }
}

/// Writes the packets of these connections to `file`, which is there already and loses what is in it: a pcapng. `options` are those with
/// which the savefiles were read. With `secrets` those of their TLS are in it too. Rejects with an `Error` that has a stable `code`.
/// Throws when an option is out of the range of its type, or no thread starts.
#[napi(ts_return_type = "Promise<Extracted>")]
pub fn extract_packets<'env>(
    env: &'env Env,
    options: BindingCaptureOptions,
    savefiles: Vec<BindingWanted<'env>>,
    file: String,
    secrets: bool,
) -> Result<Object<'env>> {
    let savefiles = savefiles.into_iter().map(|BindingWanted { pcap_file, connections }| Wanted {
        path: pcap_file,
        connections: Numbers::from_bitmap(&connections),
    });
    let options = ExtractOptions {
        capture: options.try_into()?,
        savefiles: savefiles.collect(),
        path: file,
        with_secrets: secrets,
    };
    let (deferred, promise) = env.create_deferred()?;
    let work = move || {
        panics::guard_this_thread();
        let extracted = catch_unwind(AssertUnwindSafe(|| extract(&options)))
            .unwrap_or_else(|payload| Err(EngineError::Panicked { message: panics::describe(&*payload) }));
        deferred.resolve(move |env| extracted.map(BindingExtracted::from).map_err(|error| js_error(&env, &error)));
    };
    thread::Builder::new()
        .name(crate::capture::THREAD_NAME.to_owned())
        .spawn(work)
        .map_err(|error| Error::from_reason(format!("cannot start a thread: {error}")))?;
    Ok(promise)
}
