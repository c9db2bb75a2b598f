//! The kernel filter. In: ports, whether tunnels are looked into, a libpcap handle. Out: the widest expression that compiles for its link type.
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

/// To the proxies to which meshes lead the requests of a pod, to others and to itself (Istio and Kuma, Linkerd): the answers come from
/// the servers' ports, and one watched port is enough. The engine passes over packets to servers of other ports.
const LED_AWAY: &str = "tcp dst port 15001 or tcp dst port 15006 or tcp dst port 4140 or tcp dst port 4143";

/// Hop-by-hop, routing, fragment, AH, destination options: what can stand before TCP (RFC 8200 §4.1, RFC 4302).
const IP6_EXTENSIONS: &str = "(ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60)";
const LATER_FRAGMENT: &str = "(ip proto 6 and ip[6:2] & 0x1fff != 0)";
/// 802.1Q, 802.1ad and its older number, where the link type has an EtherType but libpcap no `vlan` for it (cooked).
/// The first tag is in the packet's metadata there and the kernel filter sees the packet below it; this is for more.
const TAGGED: &str = "(ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100)";

/// The tunnels that `decode` looks into, without a look inside: IP in IP, GRE, UDP to the ports of VXLAN, Geneve and others. Of the
/// later fragments of UDP it cannot be known what they are.
const TUNNELS: &str = "(ip proto 4 or ip proto 41 or ip proto 47 or ip6 proto 4 or ip6 proto 41 or ip6 proto 47 \
     or udp dst port 4789 or udp dst port 8472 or udp dst port 6081 or udp dst port 4790 or udp dst port 2152 \
     or udp dst port 6635 or udp dst port 37008 or (ip proto 17 and ip[6:2] & 0x1fff != 0))";

/// libpcap cannot refuse it.
const EVERYTHING: &str = "";

/// The best expression for this handle.
pub(super) fn expression<T: Activated + ?Sized>(capture: &Capture<T>, ports: &[u16], decapsulate: bool) -> String {
    candidates(ports, decapsulate)
        .into_iter()
        .find(|candidate| {
            capture.compile(candidate, true).is_ok_and(|program| program.get_instructions().len() <= MAX_INSTRUCTIONS)
        })
        .unwrap_or_else(|| EVERYTHING.to_owned())
}

/// Widest first; ports are given up last.
fn candidates(ports: &[u16], decapsulate: bool) -> Vec<String> {
    let with_ports = port_ranges(ports).map(|ranges| {
        let tcp = either(&ranges, |first, last| {
            if first == last { format!("tcp port {first}") } else { format!("tcp portrange {first}-{last}") }
        });
        let tcp = format!("{tcp} or {LED_AWAY}");
        if decapsulate {
            let narrow = format!("({TUNNELS} and not {})", overlays_of_other_ports(&ranges));
            shapes(&[untagged(&tcp, Some(&narrow)), untagged(&tcp, Some(TUNNELS))])
        } else {
            shapes(&[untagged(&tcp, None)])
        }
    });
    let without_ports = shapes(&[untagged("tcp", decapsulate.then_some(TUNNELS))]);
    with_ports.into_iter().flatten().chain(without_ports).collect()
}

/// `untagged`: the same in several lengths, the length that lets the least through first.
fn shapes(untagged: &[String]) -> Vec<String> {
    // `vlan` moves the offsets of all that stands after it, wherever the parentheses are: each level once,
    // innermost last. It looks for the tag in the packet's metadata as well, where Linux puts the first.
    let with_vlan =
        untagged.iter().map(|untagged| format!("({untagged}) or (vlan and (({untagged}) or (vlan and ({untagged}))))"));
    let with_tagged = untagged.iter().map(|untagged| format!("({untagged}) or {TAGGED}"));
    with_vlan.chain(with_tagged).chain(untagged.iter().cloned()).collect()
}

fn untagged(tcp: &str, tunnels: Option<&str>) -> String {
    let tunnels = tunnels.map(|tunnels| format!(" or {tunnels}")).unwrap_or_default();
    format!("{tcp} or {LATER_FRAGMENT} or {IP6_EXTENSIONS}{tunnels}")
}

/// The bulk of what a node of an overlay network carries is for other ports, and need not come here: TCP in IPv4 without
/// options, in VXLAN or IP in IP over IPv4. Fragments pass: of a datagram either all or none.
fn overlays_of_other_ports(ranges: &[(u16, u16)]) -> String {
    let other = |ip: &str, at: u32| {
        let field = |offset: u32| format!("{ip}[{}:2]", at + offset);
        let ports = either(ranges, |first, last| {
            let within = |port: String| {
                if first == last {
                    format!("{port} = {first}")
                } else {
                    format!("({port} >= {first} and {port} <= {last})")
                }
            };
            format!("{} or {}", within(field(20)), within(field(22)))
        });
        // Version and header length, no fragment, TCP.
        let tcp = format!("{ip}[{at}] = 0x45 and {} & 0x3fff = 0 and {ip}[{}] = 6", field(6), at + 9);
        format!("{tcp} and not ({ports})")
    };
    let vxlan = "(udp dst port 4789 or udp dst port 8472) and udp[28:2] = 0x0800";
    format!(
        "(({vxlan} and {}) or (ip proto 4 and ip[0] = 0x45 and ip[6:2] & 0x3fff = 0 and {}))",
        other("udp", 30),
        other("ip", 20)
    )
}

fn either(ranges: &[(u16, u16)], one: impl Fn(u16, u16) -> String) -> String {
    ranges.iter().map(|(first, last)| one(*first, *last)).collect::<Vec<_>>().join(" or ")
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
