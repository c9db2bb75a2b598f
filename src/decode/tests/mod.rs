mod build;
mod checksums;
mod documented;
mod oracle;
mod properties;
mod refused;
mod segments;
mod tunnels;

use super::*;

/// All that `decode` knows; the numbers that there are end below 300.
fn linktypes_read() -> Vec<LinkType> {
    (0..1_000).filter(|&linktype| !matches!(decode(linktype, &[], 0), Err(Undecodable::UnknownLinkType))).collect()
}

/// The content of the innermost tunnel.
fn through(mut decoded: Result<Decoded<'_>, Undecodable>) -> Result<Decoded<'_>, Undecodable> {
    while let Ok(Decoded::Tunnel(tunnel)) = decoded {
        decoded = decapsulate(tunnel);
    }
    decoded
}

/// Decodes `frame` cut at every length, knowing what was cut and not knowing it. The result may hold no more than was
/// captured, and has to say what is missing. Then decodes it whole.
fn at_every_cut(linktype: LinkType, frame: &[u8]) -> Result<Decoded<'_>, Undecodable> {
    let wire_len = frame.len() as u32;
    let whole = through(decode(linktype, frame, wire_len));
    for len in 0..frame.len() {
        let captured = &frame[..len];
        let cut = through(decode(linktype, captured, wire_len));
        match (whole, cut) {
            (Ok(Decoded::Segment(whole)), Ok(Decoded::Segment(cut))) => {
                assert!(whole.payload.starts_with(cut.payload));
                assert_eq!(cut.payload.len() + cut.missing as usize, whole.payload.len() + whole.missing as usize);
                assert_eq!(Segment { payload: whole.payload, missing: whole.missing, ..cut }, whole);
            }
            (Ok(Decoded::Fragment(whole)), Ok(Decoded::Fragment(cut))) => {
                assert!(whole.bytes.starts_with(cut.bytes));
                assert_eq!(cut.bytes.len() + cut.missing as usize, whole.bytes.len() + whole.missing as usize);
            }
            (Ok(Decoded::NotTcp), Ok(Decoded::NotTcp)) => {}
            (Err(whole), Err(cut)) if whole == cut => {}
            (_, Err(Undecodable::TruncatedLink | Undecodable::TruncatedIp | Undecodable::TruncatedTcp)) => {}
            (whole, cut) => panic!("{whole:?} became {cut:?} when cut to {len}"),
        }
        assert_within(captured, through(decode(linktype, captured, len as u32)));
    }
    whole
}

/// Asserts that the decoded bytes lie inside `frame`.
fn assert_within(frame: &[u8], decoded: Result<Decoded<'_>, Undecodable>) {
    let bytes = match decoded {
        Ok(Decoded::Segment(segment)) => segment.payload,
        Ok(Decoded::Fragment(fragment)) => fragment.bytes,
        Ok(Decoded::Tunnel(tunnel)) => tunnel.bytes,
        Ok(Decoded::NotTcp) | Err(_) => return,
    };
    let (outer, inner) = (frame.as_ptr_range(), bytes.as_ptr_range());
    assert!(outer.start <= inner.start && inner.end <= outer.end);
}
