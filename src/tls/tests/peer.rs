//! A client and a server that write records: what a capture of them would hold, and their key log.

use super::hex;
use crate::flow::Side;
use crate::tls::crypto::{RecordKey, Suite, next_traffic_secret};
use crate::tls::hello::Random;
use crate::tls::records::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};
use crate::tls::secret::Secret;

pub const CLIENT: Side = Side::High;
pub const SERVER: Side = Side::Low;

#[derive(Debug)]
struct Writer {
    key: Option<RecordKey>,
    seq: u64,
    secret: Option<Secret>,
}

#[derive(Debug)]
pub struct Peers {
    pub suite: Suite,
    is_tls13: bool,
    pub encrypt_then_mac: bool,
    pub padding: usize,
    pub client_random: Random,
    server_random: Random,
    /// Records as they were sent.
    pub wire: Vec<(Side, Vec<u8>)>,
    /// Lines of the key log, each with its line feed.
    pub log: Vec<String>,
    /// Application data, by side.
    pub sent: [Vec<u8>; 2],
    client: Writer,
    server: Writer,
    serial: u8,
}

fn writer() -> Writer {
    Writer { key: None, seq: 0, secret: None }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), vector16(body)].concat()
}

fn plain_record(content_type: u8, body: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

pub const ALPN_H2: &[u8] = &[0, 3, 2, b'h', b'2'];
const SNI: &[u8] = b"\x00\x0f\x00\x00\x0cshop.invalid";

pub fn client_hello(random: &Random, early: bool) -> Vec<u8> {
    let mut extensions = [extension(0, SNI), extension(16, ALPN_H2)].concat();
    if early {
        extensions.extend(extension(42, &[]));
    }
    let body = [&[3, 3], random.as_slice(), &[0], &[0, 2, 0x13, 1], &[1, 0], &vector16(&extensions)].concat();
    message(1, &body)
}

fn server_hello(random: &Random, suite: u16, extensions: &[u8]) -> Vec<u8> {
    message(2, &[&[3, 3], random.as_slice(), &[0], &suite.to_be_bytes(), &[0], &vector16(extensions)].concat())
}

impl Peers {
    pub fn new(suite: Suite) -> Self {
        Self {
            suite,
            is_tls13: suite.id >> 8 == 0x13,
            encrypt_then_mac: false,
            padding: 0,
            client_random: [0xc1; 32],
            server_random: [0x5e; 32],
            wire: Vec::new(),
            log: Vec::new(),
            sent: [Vec::new(), Vec::new()],
            client: writer(),
            server: writer(),
            serial: 0,
        }
    }

    /// Of TLS 1.3, both directions ready for application data.
    pub fn tls13(id: u16) -> Self {
        let mut peers = Self::new(Suite::tls13(id).unwrap());
        peers.handshake();
        peers
    }

    pub fn tls12(id: u16) -> Self {
        let mut peers = Self::new(Suite::tls12(id).unwrap());
        peers.handshake();
        peers
    }

    pub fn log_text(&self) -> String {
        self.log.concat()
    }

    fn writer(&mut self, side: Side) -> &mut Writer {
        if side == CLIENT { &mut self.client } else { &mut self.server }
    }

    pub fn new_secret(&mut self, label: &str, length: usize) -> Secret {
        self.serial += 1;
        let bytes: Vec<u8> =
            (0..length).map(|index| (index as u8).wrapping_mul(37) ^ self.serial.wrapping_mul(101)).collect();
        self.log.push(format!("{label} {} {}\n", hex(&self.client_random), hex(&bytes)));
        Secret::new(&bytes)
    }

    fn traffic(&mut self, side: Side, label: &str) {
        let secret = self.new_secret(label, self.suite.hash.output_bytes());
        self.set(side, secret);
    }

    fn set(&mut self, side: Side, secret: Secret) {
        let key = RecordKey::tls13(self.suite, &secret);
        *self.writer(side) = Writer { key, seq: 0, secret: Some(secret) };
    }

    /// A record of whatever the side writes now.
    pub fn record(&mut self, side: Side, content_type: u8, body: &[u8]) {
        let padding = self.padding;
        let writer = self.writer(side);
        let record = match &writer.key {
            Some(key) => key.seal(writer.seq, content_type, body, padding),
            None => plain_record(content_type, body),
        };
        writer.seq += 1;
        self.wire.push((side, record));
    }

    pub fn plain(&mut self, side: Side, content_type: u8, body: &[u8]) {
        self.wire.push((side, plain_record(content_type, body)));
    }

    pub fn handshake(&mut self) {
        self.plain(CLIENT, HANDSHAKE, &client_hello(&self.client_random.clone(), false));
        if self.is_tls13 { self.answer13(false) } else { self.handshake12() }
    }

    /// The server asks for another ClientHello.
    pub fn retry(&mut self, early: &[u8]) {
        self.plain(CLIENT, HANDSHAKE, &client_hello(&self.client_random.clone(), !early.is_empty()));
        if !early.is_empty() {
            self.traffic(CLIENT, "CLIENT_EARLY_TRAFFIC_SECRET");
            self.record(CLIENT, APPLICATION_DATA, early);
        }
        let random =
            super::unhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").try_into().unwrap();
        self.client = writer();
        self.plain(SERVER, HANDSHAKE, &server_hello(&random, self.suite.id, &extension(43, &[3, 4])));
        self.plain(CLIENT, HANDSHAKE, &client_hello(&self.client_random.clone(), false));
        self.answer13(false);
    }

    /// With data that the client sends before it hears of the server.
    pub fn early(&mut self, early: &[u8], accepted: bool) {
        self.plain(CLIENT, HANDSHAKE, &client_hello(&self.client_random.clone(), true));
        self.plain(CLIENT, CHANGE_CIPHER_SPEC, &[1]);
        self.traffic(CLIENT, "CLIENT_EARLY_TRAFFIC_SECRET");
        self.record(CLIENT, APPLICATION_DATA, early);
        if accepted {
            self.sent[CLIENT as usize].extend_from_slice(early);
        }
        self.answer13(accepted);
    }

    fn answer13(&mut self, accepts_early: bool) {
        let hello = server_hello(&self.server_random.clone(), self.suite.id, &extension(43, &[3, 4]));
        self.plain(SERVER, HANDSHAKE, &hello);
        self.plain(SERVER, CHANGE_CIPHER_SPEC, &[1]);
        self.traffic(SERVER, "SERVER_HANDSHAKE_TRAFFIC_SECRET");
        let mut extensions = extension(16, ALPN_H2);
        if accepts_early {
            extensions.extend(extension(42, &[]));
        }
        let certificate = message(11, &super::text(3_000));
        let flight = [message(8, &vector16(&extensions)), certificate, message(15, &[1; 70]), message(20, &[2; 32])];
        // EncryptedExtensions and the beginning of the certificate, then the rest.
        let flight = flight.concat();
        for part in flight.chunks(1_500) {
            self.record(SERVER, HANDSHAKE, part);
        }
        self.traffic(SERVER, "SERVER_TRAFFIC_SECRET_0");
        if accepts_early {
            self.record(CLIENT, HANDSHAKE, &message(5, &[]));
        }
        self.plain(CLIENT, CHANGE_CIPHER_SPEC, &[1]);
        self.traffic(CLIENT, "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
        self.record(CLIENT, HANDSHAKE, &message(20, &[3; 32]));
        self.traffic(CLIENT, "CLIENT_TRAFFIC_SECRET_0");
        self.log.push(format!("EXPORTER_SECRET {} {}\n", hex(&self.client_random), hex(&[7; 32])));
    }

    fn handshake12(&mut self) {
        let mut extensions = extension(16, ALPN_H2);
        if self.encrypt_then_mac {
            extensions.extend(extension(22, &[]));
        }
        let flight =
            [server_hello(&self.server_random.clone(), self.suite.id, &extensions), message(11, &super::text(2_000))];
        self.record(SERVER, HANDSHAKE, &flight.concat());
        self.record(SERVER, HANDSHAKE, &message(14, &[]));
        self.record(CLIENT, HANDSHAKE, &message(16, &[4; 33]));
        let master = self.new_secret("CLIENT_RANDOM", 48);
        for side in [CLIENT, SERVER] {
            self.record(side, CHANGE_CIPHER_SPEC, &[1]);
            let (suite, encrypt_then_mac) = (self.suite, self.encrypt_then_mac);
            let (client, server) = (self.client_random, self.server_random);
            let key = RecordKey::tls12(suite, &master, &client, &server, side == CLIENT, encrypt_then_mac);
            *self.writer(side) = Writer { key, seq: 0, secret: None };
            self.record(side, HANDSHAKE, &message(20, &[5; 12]));
        }
    }

    /// A second handshake inside of the first (RFC 5246 §7.4.1.1).
    pub fn renegotiate(&mut self) {
        self.client_random = [0xc2; 32];
        self.server_random = [0x5f; 32];
        self.record(CLIENT, HANDSHAKE, &client_hello(&self.client_random.clone(), false));
        self.handshake12();
    }

    pub fn send(&mut self, side: Side, data: &[u8]) {
        self.record(side, APPLICATION_DATA, data);
        self.sent[side as usize].extend_from_slice(data);
    }

    pub fn ticket(&mut self) {
        self.record(SERVER, HANDSHAKE, &message(4, &[6; 200]));
    }

    /// RFC 8446 §4.6.3. Logged as OpenSSL does.
    pub fn update_key(&mut self, side: Side) {
        self.record(side, HANDSHAKE, &message(24, &[0]));
        let secret = next_traffic_secret(self.suite.hash, self.writer(side).secret.as_ref().unwrap()).unwrap();
        let who = if side == CLIENT { "CLIENT" } else { "SERVER" };
        self.log.push(format!("{who}_TRAFFIC_SECRET_N {} {}\n", hex(&self.client_random), hex(secret.bytes())));
        self.set(side, secret);
    }

    pub fn close(&mut self, side: Side) {
        self.record(side, ALERT, &[1, 0]);
    }
}
