// HTTP/2, gRPC, TLS and WebSockets from savefile to JSON lines, beside tshark with ten fields and the same key log; and what TLS costs the
// engine beside its AEAD. The captures are made by real servers and clients, as the others.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { capturedOnce, shrunk } from './captures.mjs';
import { criterion } from './engine.mjs';
import { timed } from './processes.mjs';
import { programsOf } from './programs.mjs';
import { ENGINE, measureReaders, toLines } from './savefile.mjs';
import { inTurn, spread } from './statistics.mjs';

/** Ports that tshark is told the protocol of. */
const [CLEAR, SECURE] = [8080, 8443];
const LARGE_BYTES = 1_000_000;
const TURNS = { rounds: 5, budgetSeconds: 20 };
/** The engine with and without TLS and the AEAD by itself, in turn. */
const AEAD_ROUNDS = 7;
const AEAD_SECONDS = ['0.1', '0.5'];
/** The records of a server that writes large bodies. */
const AEAD_RECORDS = '16 kB';

const SMALL = { path: '/items/4711' };
const LARGE = { path: `/large/${LARGE_BYTES}`, exchanges: 300, connections: 4, pauseMs: 20 };

const SECURED = { name: 'TLS 1.3, HTTP/1.1, records of 16 kB', kind: 'https1', ...LARGE };
const PLAIN = { name: 'the same bodies without TLS', kind: 'http1', ...LARGE };

/** `peer`: how many times as fast as tshark it has to be. */
const CASES = [
  { name: 'HTTP/2', kind: 'http2', ...SMALL, exchanges: 230_000, connections: 10, together: 100, peer: 25 },
  { name: 'gRPC', kind: 'grpc', exchanges: 40_000, connections: 4, together: 50 },
  {
    name: 'TLS 1.3, HTTP/1.1, records of 200 B',
    kind: 'https1',
    ...SMALL,
    exchanges: 150_000,
    connections: 30,
    peer: 20,
  },
  {
    name: 'TLS 1.3, HTTP/2, small',
    kind: 'https2',
    ...SMALL,
    exchanges: 200_000,
    connections: 10,
    together: 100,
    peer: 20,
  },
  SECURED,
  { name: 'TLS 1.3, HTTP/2, bodies of 1 MB', kind: 'https2', ...LARGE },
  PLAIN,
  { name: 'WebSocket', kind: 'websocket', path: '/feed', exchanges: 60_000, connections: 10 },
];

const OF_HTTP2 = [
  'http2.streamid',
  'http2.headers.method',
  'http2.headers.path',
  'http2.headers.status',
  'http2.headers.authority',
];
const OF_HTTP1 = ['http.host', 'http.request.method', 'http.request.uri', 'http.response.code', 'http.user_agent'];
const ENDS = ['frame.time_epoch', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport'];

/** The fields that tshark shows of each kind, and the columns in which each message has one value. */
const SHOWN = {
  http1: { filter: 'http', fields: OF_HTTP1, counted: ['http.request.method', 'http.response.code'] },
  http2: { filter: 'http2', fields: OF_HTTP2, counted: ['http2.headers.method', 'http2.headers.status'] },
  websocket: {
    filter: 'websocket || http',
    fields: ['http.request.method', 'http.response.code', 'websocket.opcode', 'websocket.payload_length', 'data.data'],
    counted: ['http.request.method', 'http.response.code', 'websocket.opcode'],
  },
};

const shownOf = (kind) => ({ https1: SHOWN.http1, https2: SHOWN.http2, grpc: SHOWN.http2 })[kind] ?? SHOWN[kind];
const isSecure = ({ kind }) => kind.startsWith('https');

/** {cases: [{capture, rows, failed, peer}], aead?: {ratio, records, bytesPerSecond}}: `ratio` to the AEAD's time and that without TLS together. */
export async function measureProtocols({ cache, quick, absent, tell }) {
  const cases = [];
  const captured = new Map();
  for (const each of CASES) {
    const capture = await captureOf(each, cache, quick, absent, tell);
    captured.set(each.name, capture);
    tell(`reading "${each.name}"`);
    const { ours, readers } = readersOf(each, capture, absent);
    const how = { work: join(cache, 'work'), quick, turns: TURNS, ours, tell };
    cases.push({ ...(await measureReaders(capture, readers, how)), peer: each.peer });
  }
  const [secured, plain] = [SECURED, PLAIN].map((each) => ({ each, capture: captured.get(each.name) }));
  // A quick run does not wait for the benches to be built.
  if (quick || ENGINE === undefined) return { cases };
  tell('protocols: TLS beside its AEAD');
  return { cases, aead: await besideAead(secured, plain) };
}

async function captureOf(each, cache, quick, absent, tell) {
  const { name, kind, path, exchanges, connections, together } = quick ? shrunk(each) : each;
  const port = isSecure(each) ? SECURE : CLEAR;
  const key = `${name.replaceAll(/[^\w]+/g, '-')}-${exchanges}`;
  const keys = join(cache, `${key}.keys`);
  const server = ['bench/traffic/protocol-server.mjs', kind, String(port)];
  // The handshake of a WebSocket, its messages, and a close from both sides.
  const messages = kind === 'websocket' ? 2 * exchanges + 4 * connections : 2 * exchanges;
  const plan = {
    name,
    messages,
    connections,
    port,
    server: isSecure(each) ? ['--no-warnings', `--tls-keylog=${keys}`, ...server] : server,
    client: clientOf({ ...each, path, exchanges, connections, together, port }, absent),
  };
  return { ...(await capturedOnce(cache, key, tell, plan)), keys };
}

/** h2load, where it is there and knows what is asked; it has no pauses. */
function clientOf({ kind, path, exchanges, connections, together = 1, pauseMs, port }, absent) {
  const isHttp2 = kind === 'http2' || kind === 'https2';
  if (!isHttp2 || pauseMs !== undefined || 'h2load' in absent)
    return [
      'bench/traffic/protocol-client.mjs',
      JSON.stringify({ kind, port, path, exchanges, connections, together, pauseMs }),
    ];
  const url = `${kind === 'http2' ? 'http' : 'https'}://127.0.0.1:${port}${path}`;
  return ['h2load', '-n', String(exchanges), '-c', String(connections), '-m', String(together), '-t', '1', url];
}

function readersOf(each, { keys }, absent) {
  const { kind } = each;
  const port = String(isSecure(each) ? SECURE : CLEAR);
  const flags = ['--ports', port, '--log-level', 'error'];
  if (isSecure(each)) flags.push('--tls-keylog', keys);
  if (kind === 'websocket') flags.push('--stream-messages');
  const ours = [toLines('tcp-sniffer', (file) => [process.execPath, 'dist/cli.js', ...flags, '--read', file])];
  // It hands on no messages inside streams.
  if (kind !== 'websocket' && !('engine' in absent))
    ours.push(toLines('engine', (file) => engineOf(each, { file, keys })));
  const { filter, fields, counted } = shownOf(kind);
  const all = [...ENDS, ...fields];
  const decode = isSecure(each)
    ? [`tcp.port==${port},tls`]
    : kind === 'http2' || kind === 'grpc'
      ? [`tcp.port==${port},http2`]
      : [];
  const tshark = {
    name: 'tshark',
    command: (file) => ({
      command: [
        ...['tshark', '-n', '-r', file, '-Y', filter, '-T', 'fields', ...all.flatMap((field) => ['-e', field])],
        ...decode.flatMap((how) => ['-d', how]),
        ...(isSecure(each) ? ['-o', `tls.keylog_file:${keys}`] : []),
      ],
      toStdout: true,
    }),
    count: (out) =>
      countValues(
        out,
        counted.map((field) => all.indexOf(field)),
      ),
  };
  return { ours, readers: 'tshark' in absent ? ours : [...ours, tshark] };
}

function engineOf(each, { file, keys }) {
  const read = [ENGINE, file, String(isSecure(each) ? SECURE : CLEAR)];
  return isSecure(each) ? [...read, '10000', keys] : read;
}

/** tshark has a line a packet, and commas between the values of one column. */
async function countValues(path, columns) {
  let values = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const cells = line.split('\t');
    for (const column of columns) if (cells[column]) values += cells[column].split(',').length;
  }
  return values;
}

/** The engine on large bodies in TLS, on the same without TLS, and the AEAD by itself. */
async function besideAead(secured, plain) {
  const [protocols] = programsOf('protocols');
  const run = ({ each, capture }) => timed(engineOf(each, capture));
  const figures = await inTurn(
    [
      { name: 'secured', run: () => run(secured) },
      { name: 'plain', run: () => run(plain) },
      {
        name: 'aead',
        run: async () => {
          const [group] = await criterion(protocols, `AES-128-GCM/${AEAD_RECORDS}`, AEAD_SECONDS);
          return { wallSeconds: 0, rate: group.perSecond[AEAD_RECORDS].median };
        },
      },
    ],
    { rounds: AEAD_ROUNDS },
  );
  const rates = figures.get('aead').map(({ rate }) => rate);
  const bytes = secured.capture.messages * 0.5 * LARGE_BYTES;
  return {
    records: AEAD_RECORDS,
    bytesPerSecond: spread(rates),
    ratio: spread(
      figures.get('secured').map(({ cpuSeconds }, round) => {
        const sum = bytes / rates[round] + figures.get('plain')[round].cpuSeconds;
        return cpuSeconds / sum;
      }),
    ),
  };
}
