//! Which IP packets may carry another packet: by the protocol, of UDP by the port.

use super::layers::take;
use super::{Decoded, Fragment, Tunnel, Undecodable};

// <https://www.iana.org/assignments/protocol-numbers>
pub(super) const IPV4: u8 = 4;
pub(super) const UDP: u8 = 17;
pub(super) const IPV6: u8 = 41;
pub(super) const GRE: u8 = 47;

// Destination ports (<https://www.iana.org/assignments/service-names-port-numbers>).
pub(super) const GTP_U: u16 = 2152;
pub(super) const VXLAN: u16 = 4789;
pub(super) const VXLAN_GPE: u16 = 4790;
pub(super) const GENEVE: u16 = 6081;
pub(super) const MPLS: u16 = 6635;
/// Linux's default before there was a number for VXLAN.
pub(super) const VXLAN_OF_LINUX: u16 = 8472;
pub(super) const TZSP: u16 = 37_008;

impl Fragment<'_> {
    /// True when its datagram carries no TCP of its own, but perhaps another packet.
    pub fn is_of_tunnel(&self) -> bool {
        is_carrier(self.next_header)
    }
}

/// True for what may carry a packet; of UDP the port tells.
pub(super) const fn is_carrier(protocol: u8) -> bool {
    matches!(protocol, IPV4 | UDP | IPV6 | GRE)
}

/// The kind of an IP packet that carries neither TCP nor a fragment.
pub(super) fn of(protocol: u8, bytes: &[u8], missing: u32) -> Result<Decoded<'_>, Undecodable> {
    let is_tunnel = is_carrier(protocol) && (protocol != UDP || is_tunnel_port(bytes)?);
    Ok(if is_tunnel { Decoded::Tunnel(Tunnel { protocol, bytes, missing }) } else { Decoded::NotTcp })
}

/// Looks at the destination port: the source's is a hash in most of them.
pub(super) fn is_tunnel_port(udp: &[u8]) -> Result<bool, Undecodable> {
    let (ports, _) = take::<4>(udp)?;
    let port = u16::from_be_bytes([ports[2], ports[3]]);
    Ok(matches!(port, GTP_U | VXLAN | VXLAN_GPE | GENEVE | MPLS | VXLAN_OF_LINUX | TZSP))
}
