//! The interfaces that can be captured on, and which is meant. In: libpcap's device list, a name. Out: the device, or why not.

use std::net::IpAddr;

use pcap::Device;

use super::packet_source::LibpcapError;
use crate::error::EngineError;

/// Devices of libpcap that carry no packets of a network interface; `any` does, but is never chosen unasked.
const PSEUDO_PREFIXES: [&str; 6] = ["nflog", "nfqueue", "usbmon", "bluetooth", "dbus-", "rdma"];
const ANY: &str = "any";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceInfo {
    pub name: String,
    pub description: Option<String>,
    pub addresses: Vec<IpAddr>,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub running: bool,
    pub loopback: bool,
}

impl From<Device> for InterfaceInfo {
    fn from(device: Device) -> Self {
        Self {
            up: device.flags.is_up(),
            running: device.flags.is_running(),
            loopback: device.flags.is_loopback(),
            name: device.name,
            description: device.desc,
            addresses: device.addresses.into_iter().map(|address| address.addr).collect(),
        }
    }
}

/// The network interfaces that libpcap knows, `any` included, in its order (best first). Needs no privilege.
///
/// # Errors
/// `OpenInterface` with libpcap's words when the system cannot be asked.
pub fn list_interfaces() -> Result<Vec<InterfaceInfo>, EngineError> {
    let devices = Device::list().map_err(|error| EngineError::OpenInterface {
        interface: ANY.to_owned(),
        permission: false,
        source: LibpcapError(error).into(),
    })?;
    Ok(devices.into_iter().map(InterfaceInfo::from).filter(|interface| !is_pseudo(&interface.name)).collect())
}

/// The interface of that name; for an empty name the best one to begin with.
pub(super) fn choose(wanted: &str, interfaces: Vec<InterfaceInfo>) -> Result<InterfaceInfo, EngineError> {
    let available = || interfaces.iter().map(|interface| interface.name.clone()).collect();
    let chosen = if wanted.is_empty() {
        best(&interfaces).ok_or_else(|| EngineError::NoDefaultInterface { available: available() })
    } else {
        interfaces
            .iter()
            .find(|interface| interface.name == wanted)
            .ok_or_else(|| EngineError::InvalidInterface { name: wanted.to_owned(), available: available() })
    };
    chosen.cloned()
}

/// The first that is up and no loopback, rather one with a carrier, rather one with an address.
fn best(interfaces: &[InterfaceInfo]) -> Option<&InterfaceInfo> {
    interfaces
        .iter()
        .filter(|interface| interface.up && !interface.loopback && interface.name != ANY)
        .min_by_key(|interface| (!interface.running, interface.addresses.is_empty()))
}

fn is_pseudo(name: &str) -> bool {
    PSEUDO_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flags as in `ip link`: u(p), r(unning), l(oopback), a(ddress).
    fn interface(name: &str, flags: &str) -> InterfaceInfo {
        InterfaceInfo {
            name: name.to_owned(),
            description: None,
            addresses: flags.contains('a').then_some(IpAddr::from([192, 0, 2, 1])).into_iter().collect(),
            up: flags.contains('u'),
            running: flags.contains('r'),
            loopback: flags.contains('l'),
        }
    }

    fn chosen(wanted: &str, list: &[(&str, &str)]) -> Result<String, EngineError> {
        choose(wanted, list.iter().map(|(name, flags)| interface(name, flags)).collect()).map(|found| found.name)
    }

    #[test]
    fn the_default_is_the_best_that_is_up() {
        let any_lo = [("any", "ur"), ("lo", "urla")];
        let with = |more: &[(&'static str, &'static str)]| [more, &any_lo].concat();
        assert_eq!(chosen("", &with(&[("eth0", "ura"), ("eth1", "ura")])).unwrap(), "eth0");
        assert_eq!(chosen("", &with(&[("br0", "ua"), ("eth0", "ur"), ("eth1", "ura")])).unwrap(), "eth1");
        assert_eq!(chosen("", &with(&[("br0", "ua"), ("eth0", "ur")])).unwrap(), "eth0");
        assert_eq!(chosen("", &with(&[("eth0", "a"), ("eth1", "u")])).unwrap(), "eth1");
        let error = chosen("", &with(&[("eth0", "a")])).unwrap_err();
        assert_eq!(error.code(), "INVALID_INTERFACE");
        assert!(error.to_string().ends_with("there are: eth0, any, lo"), "{error}");
    }

    #[test]
    fn a_name_is_taken_as_it_is() {
        let list = [("eth0", "ura"), ("any", "ur"), ("lo", "url")];
        assert_eq!(chosen("lo", &list).unwrap(), "lo");
        assert_eq!(chosen("any", &list).unwrap(), "any");
        let error = chosen("eth9", &list).unwrap_err();
        assert_eq!(error.code(), "INVALID_INTERFACE");
        assert_eq!(error.to_string(), "no interface named 'eth9'; there are: eth0, any, lo");
    }

    #[test]
    fn the_system_has_a_loopback() {
        let list = list_interfaces().unwrap();
        assert!(list.iter().any(|interface| interface.loopback && interface.up), "{list:?}");
        assert!(list.iter().all(|interface| !is_pseudo(&interface.name)));
    }
}
