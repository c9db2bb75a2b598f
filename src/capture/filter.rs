//! The kernel filter. In: ports, a libpcap handle. Out: the widest expression that compiles for its link type.
//!
//! It is only there to keep the bulk of the traffic out of the ring: the engine checks the ports of every segment
//! itself. So it must let through whatever the engine could understand, and may let through more: later fragments and
//! IPv6 packets with extension headers have no port where BPF could find it.

use pcap::{Activated, Capture};

/// More would make the filter slow for each packet. Ports are merged into ranges first; past this the filter goes
/// without ports.
const MAX_PORT_RANGES: usize = 64;
/// The kernel's program may take `net.core.optmem_max` bytes of socket memory (20 480 on older kernels) at 8 bytes an
/// instruction after translation to eBPF, which lengthens it. A longer one would be run by libpcap in this process,
/// with a warning on stderr.
const MAX_INSTRUCTIONS: usize = 1_000;

/// Hop-by-hop, routing, fragment, AH, destination options: what can stand before TCP (RFC 8200 §4.1, RFC 4302).
const IP6_EXTENSIONS: &str = "(ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60)";
const LATER_FRAGMENT: &str = "(ip proto 6 and ip[6:2] & 0x1fff != 0)";
/// 802.1Q, 802.1ad and its older number, where the link type has an EtherType but libpcap no `vlan` for it (cooked).
/// The first tag is in the packet's metadata there and the kernel filter sees the packet below it; this is for more.
const TAGGED: &str = "(ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100)";

/// Nothing in it that libpcap could refuse.
const EVERYTHING: &str = "";

/// The best expression for this handle.
pub(super) fn expression<T: Activated + ?Sized>(capture: &Capture<T>, ports: &[u16]) -> String {
    candidates(ports)
        .into_iter()
        .find(|candidate| {
            capture.compile(candidate, true).is_ok_and(|program| program.get_instructions().len() <= MAX_INSTRUCTIONS)
        })
        .unwrap_or_else(|| EVERYTHING.to_owned())
}

/// Widest first; ports are given up last.
fn candidates(ports: &[u16]) -> Vec<String> {
    let with_ports = port_ranges(ports).map(|ranges| shapes(&untagged(Some(&ranges))));
    let without_ports = shapes(&untagged(None));
    with_ports.into_iter().flatten().chain(without_ports).collect()
}

fn shapes(untagged: &str) -> [String; 3] {
    [
        // `vlan` moves the offsets of all that stands behind it, wherever the parentheses are: each level once,
        // innermost last. It looks for the tag in the packet's metadata as well, where Linux puts the first one.
        format!("({untagged}) or (vlan and (({untagged}) or (vlan and ({untagged}))))"),
        format!("({untagged}) or {TAGGED}"),
        untagged.to_owned(),
    ]
}

fn untagged(ranges: Option<&[(u16, u16)]>) -> String {
    let tcp = match ranges {
        Some(ranges) => ranges
            .iter()
            .map(
                |(first, last)| {
                    if first == last { format!("tcp port {first}") } else { format!("tcp portrange {first}-{last}") }
                },
            )
            .collect::<Vec<_>>()
            .join(" or "),
        None => "tcp".to_owned(),
    };
    format!("{tcp} or {LATER_FRAGMENT} or {IP6_EXTENSIONS}")
}

/// Sorted, without duplicates, neighbours merged; none when there are too many.
fn port_ranges(ports: &[u16]) -> Option<Vec<(u16, u16)>> {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for port in sorted {
        match ranges.last_mut() {
            Some((_, last)) if port <= last.saturating_add(1) => *last = port,
            _ => ranges.push((port, port)),
        }
    }
    (!ranges.is_empty() && ranges.len() <= MAX_PORT_RANGES).then_some(ranges)
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
