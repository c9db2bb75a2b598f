//! gzip (RFC 1952), and `deflate`: zlib (RFC 1950), or raw as some servers send it (RFC 9110 §8.4.1.2).

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::content_buffer::{Broken, ContentBuffer, End};

/// Members that are read of one gzip body. Each costs a decoder, however short it is.
const MAX_MEMBERS: usize = 1_024;

const MAGIC: &[u8] = &[0x1f, 0x8b];
const DEFLATED: u8 = 8;
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// One member after the other. Bytes after the last member are padding. Members whose check holds stay when a later member
/// is broken.
pub(super) fn gzip(mut coded: &[u8], out: &mut ContentBuffer) -> Result<End, Broken> {
    for _ in 0..MAX_MEMBERS {
        let start = out.bytes.len();
        let (end, rest) = match member(coded, out) {
            Ok(read) => read,
            Err(Broken) if start > 0 => {
                out.bytes.truncate(start);
                return Ok(End::Early);
            }
            Err(Broken) => return Err(Broken),
        };
        if end != End::Whole || !rest.starts_with(MAGIC) {
            return Ok(end);
        }
        coded = rest;
    }
    Ok(End::Limit)
}

/// Appends one member's content; returns how far that came and what follows the member.
fn member<'a>(coded: &'a [u8], out: &mut ContentBuffer) -> Result<(End, &'a [u8]), Broken> {
    let Some(body) = header(coded)? else { return Ok((End::Early, &[])) };
    let start = out.bytes.len();
    let (end, rest) = inflate(Decompress::new(false), body, out)?;
    if end != End::Whole {
        return Ok((end, &[]));
    }
    let Some((trailer, rest)) = rest.split_first_chunk::<8>() else { return Ok((End::Early, &[])) };
    let mut crc = Crc::new();
    crc.update(out.bytes.get(start..).unwrap_or_default());
    let holds = u64::from_le_bytes(*trailer) == u64::from(crc.sum()) | u64::from(crc.amount()) << 32;
    Ok((if holds { End::Whole } else { End::Unchecked }, rest))
}

/// The bytes after a member's header; `None` if the header is not complete.
pub fn header(coded: &[u8]) -> Result<Option<&[u8]>, Broken> {
    let common = coded.len().min(MAGIC.len());
    if coded.get(..common) != MAGIC.get(..common) {
        return Err(Broken);
    }
    let Some((fixed, mut rest)) = coded.split_first_chunk::<10>() else { return Ok(None) };
    let [_, _, method, flags, ..] = *fixed;
    if method != DEFLATED || flags & RESERVED != 0 {
        return Err(Broken);
    }
    if flags & EXTRA != 0 {
        let Some((len, behind)) = rest.split_first_chunk::<2>() else { return Ok(None) };
        let Some(behind) = behind.get(usize::from(u16::from_le_bytes(*len))..) else { return Ok(None) };
        rest = behind;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let Some(end) = memchr::memchr(0, rest) else { return Ok(None) };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    Ok(if flags & HEADER_CRC != 0 { rest.get(2..) } else { Some(rest) })
}

pub(super) fn deflate(coded: &[u8], out: &mut ContentBuffer) -> Result<End, Broken> {
    let ([_, _, raw @ ..], true) = (coded, is_zlib(coded)) else {
        return if coded.len() < 2 {
            Ok(End::Early)
        } else {
            inflate(Decompress::new(false), coded, out).map(|(end, _)| end)
        };
    };
    match inflate(Decompress::new(true), coded, out) {
        Ok((end, _)) => Ok(end),
        // It may be no more than the checksum.
        Err(Broken) => {
            out.bytes.clear();
            match inflate(Decompress::new(false), raw, out)? {
                (End::Whole, _) => Ok(End::Unchecked),
                _ => Err(Broken),
            }
        }
    }
}

/// RFC 1950 §2.2. No encoder begins a raw stream so: its first block would be a stored one with dirty padding.
pub(super) fn is_zlib(coded: &[u8]) -> bool {
    let [cmf, flags, ..] = *coded else { return false };
    cmf & 0x8f == DEFLATED && (u16::from(cmf) << 8 | u16::from(flags)) % 31 == 0
}

/// Appends what comes out; returns how far that is and the coded bytes after it.
fn inflate<'a>(mut state: Decompress, coded: &'a [u8], out: &mut ContentBuffer) -> Result<(End, &'a [u8]), Broken> {
    loop {
        let consumed = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
        let rest = coded.get(consumed..).unwrap_or_default();
        if out.is_full() {
            return Ok((full_stop(&mut state, rest)?, rest_of(coded, &state)));
        }
        let before = (state.total_in(), state.total_out());
        let result = out.fill(|room| {
            let result = state.decompress(rest, room, FlushDecompress::None);
            (usize::try_from(state.total_out() - before.1).unwrap_or(usize::MAX), result)
        });
        match result {
            Ok(Status::StreamEnd) => return Ok((End::Whole, rest_of(coded, &state))),
            Ok(Status::Ok | Status::BufError) if (state.total_in(), state.total_out()) == before => {
                return Ok((End::Early, &[]));
            }
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(Broken),
        }
    }
}

/// There is no room left: whether the stream ends here or has more to give.
fn full_stop(state: &mut Decompress, rest: &[u8]) -> Result<End, Broken> {
    let before = state.total_out();
    match state.decompress(rest, &mut [0], FlushDecompress::None) {
        Ok(_) if state.total_out() > before => Ok(End::Limit),
        Ok(Status::StreamEnd) => Ok(End::Whole),
        Ok(Status::Ok | Status::BufError) => Ok(End::Early),
        Err(_) => Err(Broken),
    }
}

fn rest_of<'a>(coded: &'a [u8], state: &Decompress) -> &'a [u8] {
    usize::try_from(state.total_in()).ok().and_then(|consumed| coded.get(consumed..)).unwrap_or_default()
}
