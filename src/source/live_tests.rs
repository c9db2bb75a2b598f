//! On a real `lo`: needs NET_RAW. Without it these tests say that they did not run, and with CI set they fail.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use super::*;

pub(crate) fn open_lo(port: u16) -> Option<LiveSource> {
    match LiveSource::open(&LiveOptions::on("lo"), &[port], true) {
        Ok(source) => Some(source),
        Err(EngineError::OpenInterface { permission: true, source, .. }) => {
            assert!(std::env::var_os("CI").is_none(), "no right to capture: {source}");
            eprintln!("NOT RUN, no right to capture: {source}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// One connection to an echo server: bytes there and back, both sides closed. Returns when the client saw the end.
pub(crate) fn echo(listener: &TcpListener) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.write_all(b"ping").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"ping");
    });
}

pub(crate) fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn gives_the_packets_of_the_port_and_no_others() {
    let ((watched, port), (other, _)) = (listen(), listen());
    let Some(mut source) = open_lo(port) else { return };
    assert_eq!(source.info(), &CaptureInfo::new("lo", true, Some(1)));
    // Packets of other tests come until the filter is there.
    let before = source.counters().received;
    echo(&other);
    echo(&watched);
    let (mut frames, until) = (Vec::new(), Instant::now() + Duration::from_millis(500));
    while Instant::now() < until {
        source.read(64, |packet| frames.push(packet.frame.to_vec())).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    assert!(frames.len() >= 8, "three to open, four with data and acknowledgements, two to close: {}", frames.len());
    for frame in &frames {
        let ports = [&frame[34..36], &frame[36..38]].map(|bytes| u16::from_be_bytes(bytes.try_into().unwrap()));
        assert!(ports.contains(&port), "{ports:?}");
    }
    let counters = source.counters();
    assert_eq!(
        (counters.received - before, counters.dropped),
        (frames.len() as u64, 0),
        "none comes into the ring twice"
    );
}

#[test]
fn many_ports_are_filtered_by_the_kernel() {
    let (listener, port) = listen();
    for count in [1_u16, 64, 1_000] {
        let mut ports: Vec<u16> = (0..count).map(|n| 1 + 2 * n).collect();
        ports.push(port);
        if open_lo(port).is_none() {
            return;
        }
        let mut source = LiveSource::open(&LiveOptions::on("lo"), &ports, true).unwrap();
        echo(&listener);
        thread::sleep(Duration::from_millis(150));
        let mut frames = 0;
        source.read(64, |_| frames += 1).unwrap();
        assert!(frames >= 8, "{count} ports: {frames}");
    }
}

#[test]
fn a_name_that_is_not_there_needs_no_right_to_be_refused() {
    let error = LiveSource::open(&LiveOptions::on("nope0"), &[80], true).unwrap_err();
    assert_eq!(error.code(), "INVALID_INTERFACE");
    assert!(error.to_string().contains("lo"), "{error}");
}

/// As a mirror sends it: VXLAN over UDP to this host, with TCP of the port inside; it has no listener.
#[test]
fn a_mirror_in_vxlan_is_captured_when_tunnels_are_wanted() {
    let inner = [
        &[8, 0, 0, 0, 0, 0, 7, 0][..],
        &[2; 12],
        &[8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
        &[0x9c, 0x40, 0x1f, 0x90, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0],
    ]
    .concat();
    if open_lo(8080).is_none() {
        return;
    }
    for (port, decapsulate, expected) in [(8080, true, true), (8080, false, false), (8081, true, false)] {
        let mut source = LiveSource::open(&LiveOptions::on("lo"), &[port], decapsulate).unwrap();
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&inner, "127.0.0.1:4789").unwrap();
        thread::sleep(Duration::from_millis(150));
        let mut found = false;
        source.read(64, |packet| found |= packet.frame.ends_with(&inner)).unwrap();
        assert_eq!(found, expected, "{port} {decapsulate}");
    }
}
