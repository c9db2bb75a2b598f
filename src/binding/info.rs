//! The source that was opened and the interfaces that could be, for JS.

use napi_derive::napi;

use crate::source::{CaptureInfo, InterfaceInfo};

/// The source that was opened.
#[napi(object, object_from_js = false, js_name = "CaptureInfo")]
pub struct BindingCaptureInfo {
    /// Name of the interface; the path of a savefile.
    pub interface: String,
    /// Whether it is a loopback interface.
    pub loopback: bool,
    /// libpcap's number of the link type (`pcap_datalink(3PCAP)`); in a savefile that of the first interface. Left out
    /// when it is not known yet, which it is not of a pipe.
    pub link_type: Option<i32>,
    /// libpcap's name of it, e.g. `EN10MB`; its number when it has none.
    pub link_type_name: Option<String>,
}

impl From<CaptureInfo> for BindingCaptureInfo {
    fn from(info: CaptureInfo) -> Self {
        let CaptureInfo { interface, loopback, linktype, linktype_name } = info;
        Self { interface, loopback, link_type: linktype, link_type_name: linktype_name }
    }
}

/// An interface that can be captured on.
#[napi(object, object_from_js = false, js_name = "InterfaceInfo")]
pub struct BindingInterfaceInfo {
    /// As `interface` takes it.
    pub name: String,
    /// libpcap's description, where it has one.
    pub description: Option<String>,
    /// IPv4 and IPv6 addresses, without masks.
    pub addresses: Vec<String>,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub running: bool,
    /// Is a loopback interface.
    pub loopback: bool,
}

impl From<InterfaceInfo> for BindingInterfaceInfo {
    fn from(info: InterfaceInfo) -> Self {
        let InterfaceInfo { name, description, addresses, up, running, loopback } = info;
        let addresses = addresses.iter().map(ToString::to_string).collect();
        Self { name, description, addresses, up, running, loopback }
    }
}
