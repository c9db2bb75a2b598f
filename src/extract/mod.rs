//! The packets of some connections of savefiles, as one pcapng file.
//!
//! In: savefiles that were read, each with the numbers of connections, and the options with which it was read. Out: a file. Refuses to
//! know: why these connections.
//!
//! Each savefile is read twice more: by an engine, which numbers connections as the first one did and notes their packets
//! ([`Trail`]), and for the copy. So nothing need be kept while a savefile is read, and the copy has the packets in their order.

mod file;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::capture::{CaptureOptions, KeyFiles, open_savefile};
use crate::engine::{Engine, MAX_NUMBER, Numbers, Trail};
use crate::error::EngineError;
use crate::source::{Identity, Packet, PacketSource, Progress, SavefileCopy};
use crate::tls::KeyLogReader;
use file::ExtractFile;

/// Packets between two looks at the key logs.
const BURST_PACKETS: usize = 1_024;

/// A savefile and the numbers of its connections.
#[derive(Debug)]
pub struct Wanted {
    pub path: String,
    pub connections: Numbers,
}

#[derive(Debug)]
pub struct ExtractOptions {
    /// As the savefiles were read; its source is not looked at.
    pub capture: CaptureOptions,
    pub savefiles: Vec<Wanted>,
    /// A file that is there; what is in it goes.
    pub path: String,
    /// The secrets of their TLS go before the packets.
    pub with_secrets: bool,
}

/// The totals of the written file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extracted {
    pub connections: u64,
    pub packets: u64,
    pub bytes: u64,
}

/// Writes the file.
///
/// # Errors
/// When a savefile cannot be read again or is not what it was, or the file cannot be written.
pub fn extract(options: &ExtractOptions) -> Result<Extracted, EngineError> {
    let mut file = ExtractFile::open(&options.path)?;
    let mut extracted = Extracted::default();
    for savefile in options.savefiles.iter().filter(|savefile| !savefile.connections.is_empty()) {
        let (trail, identity) = follow(savefile, options)?;
        extracted.packets += copy(savefile, trail, identity, &mut file)?;
        extracted.connections += savefile.connections.len();
    }
    extracted.bytes = file.finish()?;
    Ok(extracted)
}

/// Which packets they have, in which file.
fn follow(Wanted { path, connections }: &Wanted, options: &ExtractOptions) -> Result<(Trail, Identity), EngineError> {
    let CaptureOptions { engine, tls_keylog, .. } = &options.capture;
    let mut config = engine.clone();
    let mut source = open_savefile(path, &mut config)?;
    let identity = source.identity()?;
    let mut engine = Engine::new(config);
    engine.follow(Trail::new(connections.clone(), options.with_secrets));
    if let Some(paths) = tls_keylog {
        engine.add_tls_keys(|store| KeyFiles::new(paths).read_all(store));
    }
    loop {
        if let Some(secrets) = source.take_secrets() {
            engine.add_tls_keys(|store| KeyLogReader::default().read(&secrets, store));
        }
        let progress = source.read(BURST_PACKETS, |Packet { at, linktype, wire_len, frame }| {
            engine.on_packet(at, linktype, frame, wire_len);
            while engine.take_batch(false).is_some() {}
        });
        engine.take_notices();
        // Where it is broken it was so before, and that was told.
        let Ok(Progress::More) = progress else { break };
    }
    expect(path, identity, source.identity()?)?;
    let trail = engine.take_trail().unwrap_or_default();
    if trail.overflows() {
        return Err(EngineError::TooManyPackets { path: path.clone(), limit: MAX_NUMBER });
    }
    match trail.missing() {
        0 => Ok((trail, identity)),
        missing => {
            let what = format!("{missing} of {} connections are not found again", connections.len());
            Err(EngineError::SavefileChanged { path: path.clone(), what })
        }
    }
}

/// It is the same file, and was not written to.
fn expect(path: &str, before: Identity, now: Identity) -> Result<(), EngineError> {
    if before == now {
        return Ok(());
    }
    let what = "it was written to, or another file has its name".to_owned();
    Err(EngineError::SavefileChanged { path: path.to_owned(), what })
}

/// How many there are.
fn copy(
    Wanted { path, .. }: &Wanted,
    trail: Trail,
    identity: Identity,
    file: &mut ExtractFile,
) -> Result<u64, EngineError> {
    let (packets, secrets) = trail.into_parts();
    let mut left = packets.len();
    let mut savefile = SavefileCopy::open(path, secrets)?;
    expect(path, identity, savefile.identity()?)?;
    let mut blocks = Zeroizing::new(Vec::new());
    while left > 0 {
        let goes_on = savefile.step(&mut blocks, |number| {
            let is_wanted = packets.contains(number);
            left -= u64::from(is_wanted);
            is_wanted
        })?;
        file.write(&mut blocks, false)?;
        if !goes_on {
            break;
        }
    }
    file.write(&mut blocks, true)?;
    expect(path, identity, savefile.identity()?)?;
    match left {
        0 => Ok(packets.len()),
        _ => Err(EngineError::SavefileChanged { path: path.clone(), what: format!("{left} packets are gone") }),
    }
}
