// Writes the seed corpora from the project's own fixtures: `node fuzz/seeds.mjs`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(ROOT, 'fixtures');
/** Larger inputs slow the fuzzer down and teach it little. */
const MAX_SEED_BYTES = 6_000;
/** Frames of one seed of `decode`. */
const MAX_FRAMES = 6;
/** Fixtures that are about the headers of their frames. */
const HEADERS = /^(nflog|pflog|pktap|wireless|radiotap|vxlan|geneve|gre|nvgre|erspan|6in|ip-in-ip|tunnels)/;
/** In the order of LINK_TYPES in fuzz_targets/engine.rs. */
const LINK_TYPES = [101, 1, 113, 276, 0, 108, 228, 229];

function seed(target, name, parts) {
  const bytes = Buffer.concat(parts);
  if (bytes.length <= MAX_SEED_BYTES) writeFileSync(join(ROOT, 'fuzz', 'seeds', target, name), bytes);
}

function* records(file) {
  const swapped = file.readUInt32LE(0) >>> 24 !== 0xa1;
  const word = (offset) => (swapped ? file.readUInt32BE(offset) : file.readUInt32LE(offset));
  const perMilli = (word(0) & 0xffff) === 0x3c4d ? 1e6 : 1e3;
  const linktype = word(20);
  for (let at = 24; at < file.length; ) {
    const length = word(at + 8);
    const millis = word(at) * 1000 + word(at + 4) / perMilli;
    yield { linktype, millis, frame: file.subarray(at + 16, at + 16 + length) };
    at += 16 + length;
  }
}

const u16 = (number) => Buffer.from([number >> 8, number & 255]);

for (const target of ['decode', 'http', 'http2', 'content', 'engine', 'savefile', 'hpack', 'grpc']) {
  rmSync(join(ROOT, 'fuzz', 'seeds', target), { recursive: true, force: true });
  mkdirSync(join(ROOT, 'fuzz', 'seeds', target), { recursive: true });
}

for (const name of readdirSync(FIXTURES).filter((file) => /\.pcap(ng)?$/.test(file))) {
  const file = readFileSync(join(FIXTURES, name));
  if (name.endsWith('ng') || file.length < 900) seed('savefile', name, [file]);
}

for (const name of readdirSync(FIXTURES).filter((file) => file.endsWith('.pcap'))) {
  const packets = [...records(readFileSync(join(FIXTURES, name)))];
  if (packets.length === 0) continue;
  const { linktype } = packets[0];
  const frames = packets.slice(0, MAX_FRAMES).map(({ frame }) => [u16(frame.length), frame]);
  if (packets.length <= MAX_FRAMES || HEADERS.test(name))
    seed('decode', name, [u16(linktype), Buffer.from([0]), ...frames.flat()]);
  const index = LINK_TYPES.indexOf(linktype);
  if (index >= 0) {
    let before = packets[0].millis;
    const timed = packets.map(({ millis, frame }) => {
      const step = Math.max(-128, Math.min(127, Math.round((millis - before) / 100)));
      before = millis;
      return [Buffer.from([step & 255]), u16(frame.length), frame];
    });
    seed('engine', name, [Buffer.from([index]), ...timed.flat()]);
  }
}

const [CLIENT, SERVER] = [0, 1];
const LOSS = 4;
const END = 6;
const piece = (kind, text) => [Buffer.from([kind, text.length]), Buffer.from(text, 'latin1')];
const mark = (kind, length = 0) => [Buffer.from([kind, length])];
const crlf = (...lines) => lines.join('\r\n');
const get = crlf('GET /a HTTP/1.1', 'Host: x', '', '');
const conversations = {
  plain: [piece(CLIENT, get), piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'))],
  chunked: [
    piece(CLIENT, crlf('POST /a HTTP/1.1', 'Transfer-Encoding: chunked', '', '3;x=y', 'abc', '0', 'T: v', '', '')),
    piece(SERVER, crlf('HTTP/1.1 100 Continue', '', '')),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'a', '0123456789', '0', '', '')),
  ],
  head: [
    piece(CLIENT, get.replace('GET', 'HEAD')),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 9', '', '')),
  ],
  upgrade: [
    piece(CLIENT, crlf('GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket', '', '')),
    piece(CLIENT, get),
    piece(SERVER, crlf('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', '', '')),
    piece(SERVER, '\x81\x02hi'),
  ],
  declined: [
    piece(CLIENT, crlf('GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: h2c', '', '') + get),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 0', '', '')),
  ],
  connect: [piece(CLIENT, crlf('CONNECT a:443 HTTP/1.1', '', '')), piece(SERVER, crlf('HTTP/1.1 200 OK', '', ''))],
  lossInBody: [
    piece(CLIENT, get),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 30', '', '0123456789')),
    mark(SERVER | LOSS, 9),
    piece(SERVER, '0123456789'),
    piece(CLIENT, get),
    piece(SERVER, crlf('HTTP/1.1 204 No Content', '', '')),
  ],
  lossInHead: [
    piece(CLIENT, 'GET /lost HT'),
    mark(CLIENT | LOSS, 20),
    piece(CLIENT, crlf('X: y', '', '')),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 0', '', '')),
    piece(CLIENT, get),
  ],
  untilClose: [piece(CLIENT, get), piece(SERVER, crlf('HTTP/1.0 200 OK', '', 'all of it')), mark(SERVER | END)],
  reset: [
    piece(CLIENT, get),
    piece(SERVER, crlf('HTTP/1.1 200 OK', 'Content-Length: 9', '', 'a')),
    mark(SERVER | END | 8),
  ],
  folded: [piece(CLIENT, crlf('GET / HTTP/1.1', 'A: b', ' c', 'D : e', 'no colon', '', ''))],
  twoLengths: [piece(CLIENT, crlf('POST / HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2', '', 'ab'))],
  tls: [piece(CLIENT, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), piece(SERVER, '\x16\x03\x03\x00\x7a')],
  socks: [piece(CLIENT, '\x05\x01\x00'), piece(SERVER, '\x05\x00'), piece(CLIENT, get)],
};

/** Coded bodies, each with the number by which fuzz_targets/content.rs finds its coding. Constants: not every encoder makes the same. */
const bodies = {
  gzip: [0, 'H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA=='],
  deflate: [2, 'eJzLSM3JyVcozy/KSQEAGgsEXQ=='],
  raw: [2, 'y0jNyclXKM8vykkBAA=='],
  br: [3, 'CwWAaGVsbG8gd29ybGQD'],
  zstd: [4, 'KLUv/QRYWQAAaGVsbG8gd29ybGRoaR6y'],
};
const NO_CODING = 7;
for (const [name, [last, body]] of Object.entries(bodies)) {
  seed('content', name, [Buffer.from([(NO_CODING << 3) | last, 64]), Buffer.from(body, 'base64')]);
}
seed('content', 'charset', [
  Buffer.from([128 | (NO_CODING << 3) | NO_CODING, 64]),
  Buffer.from('\x93\xfa\x96\x7b', 'latin1'),
]);

for (const [name, pieces] of Object.entries(conversations)) seed('http', name, pieces.flat());

/** Header blocks of the examples of RFC 7541 Appendix C, in the steps of fuzz_targets/hpack.rs. */
const block = (hex) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return [Buffer.from([0, bytes.length]), bytes];
};
const [FROM_THE_START, LATE] = [Buffer.from([0]), Buffer.from([1])];
const [LOST, NO_SETTINGS] = [Buffer.from([1, 0]), Buffer.from([3, 0])];
const limit = (kib) => Buffer.from([2, kib]);
const requests = [
  block('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'),
  block('8286 84be 5886 a8eb 1064 9cbf'),
  block('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'),
];
const responses = [
  block('3fe1 0148 0333 3032 5807 7072 6976 6174 6561 1d4d 6f6e 2c20 3231 204f 6374 2032 3031 3320'),
  block('4803 3330 37c1 c0bf'),
];
const headers = {
  requests: [FROM_THE_START, ...requests.flat()],
  late: [LATE, ...requests.slice(1).flat(), LOST, ...requests.flat()],
  cut: [FROM_THE_START, ...responses.flat()],
  sizes: [
    FROM_THE_START,
    limit(64),
    ...block('203f e1ff 0382'),
    limit(0),
    ...block('20be'),
    NO_SETTINGS,
    ...block('3fe1 1f'),
  ],
  literals: [
    FROM_THE_START,
    ...block('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'),
    ...block('1008 7061 7373 776f 7264 0673 6563 7265 74'),
    ...block('7e01 617e 0162 0f2f 0163 1f2f 0164'),
  ],
};
for (const [name, parts] of Object.entries(headers)) seed('hpack', name, parts);

/** Bodies of gRPC, after what fuzz_targets/grpc.rs does with them: the kind, the length of a piece, bytes before a gap, lost. */
const frame = (flags, bytes) => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
};
const [GRPC, WEB, WEB_TEXT] = [0, 1, 2];
const compressed = frame(1, Buffer.from(bodies.gzip[1], 'base64'));
const trailers = frame(0x80, Buffer.from('grpc-status: 5\r\ngrpc-message: not%20there\r\n'));
const text = (...frames) => Buffer.from(frames.map((bytes) => bytes.toString('base64')).join(''));
const any = (name, value) => Buffer.concat([Buffer.from([10, name.length]), Buffer.from(name), Buffer.from(value)]);
const calls = {
  messages: [GRPC, 7, 0, 0, frame(0, Buffer.from('one')), frame(0, Buffer.alloc(0)), compressed],
  gap: [GRPC, 3, 6, 2, frame(0, Buffer.from('second')), frame(0, Buffer.from('third'))],
  web: [WEB, 5, 0, 0, frame(0, Buffer.from('one')), trailers],
  text: [WEB_TEXT, 2, 0, 0, text(frame(0, Buffer.from('some text')), trailers)],
  any: [GRPC, 1, 0, 0, any('a/google.protobuf.Any', [18, 0])],
  struct: [GRPC, 1, 0, 0, Buffer.from([10, 9, 10, 1, 97, 18, 4, 26, 2, 104, 105])],
};
for (const [name, [kind, length, before, lost, ...frames]] of Object.entries(calls))
  seed('grpc', name, [Buffer.from([kind, length, before, lost]), ...frames]);

/** Frames of fuzz_targets/http2.rs: the kind's bit 1 says that a frame header is made from the first three bytes. */
const FRAME = 2;
const http2Frame = (kind, type, flags, stream, payload = []) => [
  Buffer.from([kind | FRAME, payload.length + 3, type, flags, stream]),
  Buffer.from(payload),
];
const [DATA, HEAD_BLOCK, RST, SETTINGS, PROMISE, CONTINUATION] = [0, 1, 3, 4, 5, 9];
const [END_STREAM, END_HEADERS, PADDED] = [1, 4, 8];
const bytesOf = (text) => [...Buffer.from(text, 'latin1')];
/** GET or POST, http, `:path: /sample/path` and `custom-key: custom-header` with indexing (RFC 7541, C.2). */
const asks = (method) => [
  method,
  0x86,
  0x44,
  12,
  ...bytesOf('/sample/path'),
  0x40,
  10,
  ...bytesOf('custom-keycustom-header').toSpliced(10, 0, 13),
];
/** The same from the table. */
const again = [0x82, 0x86, 0xbf, 0xbe];
const [WHOLE, MIDDLE] = [[Buffer.from([1])], [Buffer.from([0])]];
const exchange = [
  http2Frame(CLIENT, HEAD_BLOCK, END_STREAM | END_HEADERS, 1, asks(0x82)),
  http2Frame(SERVER, SETTINGS, 0, 0, [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0]),
  http2Frame(SERVER, HEAD_BLOCK, END_HEADERS, 1, [0x88]),
  http2Frame(SERVER, DATA, END_STREAM, 1, bytesOf('hello')),
];
const next = [
  http2Frame(CLIENT, HEAD_BLOCK, END_STREAM | END_HEADERS, 3, again),
  http2Frame(SERVER, HEAD_BLOCK, END_HEADERS | END_STREAM, 3, [0x88]),
  http2Frame(CLIENT, HEAD_BLOCK, END_STREAM | END_HEADERS, 5, again),
  http2Frame(SERVER, HEAD_BLOCK, END_HEADERS | END_STREAM, 5, [0x88]),
];
const connections = {
  exchange: [WHOLE, ...exchange, ...next],
  middle: [MIDDLE, ...next, ...exchange.slice(2), ...next],
  upload: [
    WHOLE,
    http2Frame(CLIENT, HEAD_BLOCK, 0, 1, asks(0x83).slice(0, 9)),
    http2Frame(CLIENT, CONTINUATION, END_HEADERS, 1, asks(0x83).slice(9)),
    http2Frame(CLIENT, DATA, PADDED, 1, [2, ...bytesOf('abc'), 0, 0]),
    http2Frame(SERVER, HEAD_BLOCK, END_HEADERS, 1, [0x48, 3, ...bytesOf('100')]),
    http2Frame(CLIENT, HEAD_BLOCK, END_HEADERS | END_STREAM, 1, [0, 1, ...bytesOf('t'), 1, ...bytesOf('v')]),
    http2Frame(SERVER, RST, 0, 1, [0, 0, 0, 8]),
  ],
  push: [
    WHOLE,
    ...exchange.slice(0, 1),
    http2Frame(SERVER, PROMISE, END_HEADERS, 1, [0, 0, 0, 2, ...asks(0x82)]),
    http2Frame(SERVER, HEAD_BLOCK, END_HEADERS, 2, [0x88]),
    http2Frame(SERVER, DATA, END_STREAM, 2, bytesOf('pushed')),
  ],
  loss: [WHOLE, ...exchange.slice(0, 3), mark(SERVER | LOSS, 20), ...next, ...next],
};
for (const [name, pieces] of Object.entries(connections)) seed('http2', name, pieces.flat());
