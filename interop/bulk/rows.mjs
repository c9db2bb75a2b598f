// The pairs of a bulk run.
import { fileURLToPath } from 'node:url';
import { CallJudge } from './calls.mjs';
import { ExchangeJudge, StreamJudge } from './judges.mjs';
import { OddJudge } from './odd.mjs';

const peer = (name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));
const NODES = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];

const withNode = (name) => (words) => (port, count, tools) => [
  process.execPath,
  peer(name),
  ...words(port, count, tools),
];
const ws = withNode('ws.mjs');
const grpc = withNode('grpc.mjs');
const sse = withNode('sse.mjs');
const browser = withNode('browser.mjs');
const python =
  (words) =>
  (port, count, { bulkPython }) => [bulkPython(), peer('websockets_peer.py'), ...words(port, count)];

const SERVERS = {
  ws: (plain) => ws((port) => ['serve', port, ...plain]),
  websockets: (plain) => python((port) => ['serve', port, ...plain]),
};
const CLIENTS = {
  ws: ws((port, count) => ['ask', port, count, 'ws']),
  undici: ws((port, count) => ['ask', port, count, 'undici']),
  websockets: python((port, count) => ['ask', port, count]),
  chromium: browser((port, count) => ['socket', port, count]),
};

const webSockets = [
  ['ws', 'ws'],
  ['ws', 'undici'],
  ['ws', 'websockets'],
  ['ws', 'chromium'],
  ['websockets', 'ws'],
].flatMap(([server, client]) =>
  [false, true].flatMap((secure) =>
    [false, true].map((plain) => ({
      name: `${secure ? 'wss' : 'ws'} ${server} - ${client}${plain ? '' : ', deflate'}`,
      secure,
      server: SERVERS[server](plain ? ['plain'] : []),
      client: CLIENTS[client],
      judge: () => new StreamJudge('websocket'),
      isStream: true,
    })),
  ),
);

const calls = [false, true].flatMap((secure) =>
  [[], ['gzip']].map((coding) => ({
    name: `gRPC${secure ? ', TLS' : ''}${coding.length > 0 ? ', gzip' : ''}`,
    secure,
    server: grpc((port) => ['serve', port, ...coding]),
    client: grpc((port, count) => ['ask', port, count, ...coding]),
    judge: () => new StreamJudge('grpc'),
    isStream: true,
  })),
);

/** Without zstd, which Node.js 20 cannot write. */
const events = [
  ['undici', sse((port, count) => ['ask', port, count])],
  ['chromium', browser((port, count) => ['events', port, count])],
].flatMap(([by, client]) =>
  ['identity', 'gzip', 'br'].map((coding) => ({
    name: `SSE ${coding} - ${by}`,
    // Chromium takes brotli over TLS alone.
    secure: by === 'chromium' && coding === 'br',
    server: sse((port, count) => ['serve', port, count, coding]),
    client,
    judge: () => new StreamJudge('sse'),
    directions: 1,
    isStream: true,
  })),
);

const exchanges = (name, over, server, share = 1) => ({
  name,
  share,
  secure: over !== 'h2c',
  server: (port, _, tools) => [server(tools), peer('exchanges.mjs'), 'serve', port, over],
  client: (port, count) => [process.execPath, peer('exchanges.mjs'), 'ask', port, count, over],
  judge: (count) => new ExchangeJudge(count),
});

/** h2load sends no bodies of its own to each target. */
const fromH2load = ['h2c', 'h2'].map((over) => {
  const row = exchanges(`h2load -m 100, ${over}`, over, () => process.execPath);
  return {
    ...row,
    client: (port, count) => [process.execPath, peer('h2load.mjs'), port, count, over],
    judge: (count) => new ExchangeJudge(count, { hasBodies: false }),
  };
});

const node = (over) => (port) => [process.execPath, peer('exchanges.mjs'), 'serve', port, over];
const goNet =
  (act) =>
  (...words) =>
  (port, count, { goModule }) => [goModule('net-http'), act, port, ...(act === 'ask' ? [count] : []), ...words];
const hyper =
  (act) =>
  (...words) =>
  (port, count, { rust }) => [rust('hyper'), `${act}-bulk`, port, ...(act === 'ask' ? [count] : []), ...words];
const java = (over) => (port, count) => ['java', peer('Exchanges.java'), port, count, over];
const curl = (way) => (port, count) => [process.execPath, peer('curl.mjs'), port, count, way];

/** By name: how client and server come to speak HTTP/2 without TLS is in the name where there is more than one way. */
const between = Object.entries({
  'h2c Go - curl, prior knowledge': ['h2c', goNet('serve')('h2c'), curl('--http2-prior-knowledge')],
  'h2c Go - curl, Upgrade': ['h2c', goNet('serve')('h2c'), curl('--http2'), { upgrades: true }],
  'h2c Go - Java, Upgrade': ['h2c', goNet('serve')('h2c'), java('h2c'), { upgrades: true }],
  'h2 node - Java': ['h2', node('h2'), java('h2')],
  'h2c hyper - Go': ['h2c', hyper('serve')('h2c'), goNet('ask')('h2c')],
  'h2 hyper - Go': ['h2', hyper('serve')('h2'), goNet('ask')('h2')],
  'h2c Go - hyper': ['h2c', goNet('serve')('h2c'), hyper('ask')('h2c')],
  'h2 Go - hyper': ['h2', goNet('serve')('h2'), hyper('ask')('h2')],
}).map(([name, [over, server, client, judged]]) => ({
  name,
  secure: over === 'h2',
  server,
  client,
  judge: (count) => new ExchangeJudge(count, judged),
}));

const odd = {
  name: 'h2c, odd exchanges',
  share: 1 / 10,
  secure: false,
  server: (port) => [process.execPath, peer('odd.mjs'), 'serve', port],
  client: (port, count) => [process.execPath, peer('odd.mjs'), 'ask', port, count],
  judge: (count) => new OddJudge(count),
};

const linesOfJson = (lines) =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A round has 16 calls. */
const CALLS_A_ROUND = 16;
const fromGo = [false, true].map((secure) => ({
  name: `grpc-go, all kinds${secure ? ', TLS' : ''}`,
  share: 1 / 10,
  secure,
  server: (port, _, { goModule }) => [goModule('grpc-go'), 'serve', port, ...(secure ? ['.'] : [])],
  client: (port, count, { goModule }) => [
    goModule('grpc-go'),
    'ask',
    port,
    Math.ceil(count / CALLS_A_ROUND),
    ...(secure ? ['.'] : []),
  ],
  judge: () => new CallJudge(),
  told: linesOfJson,
}));

const calling = withNode('calls.mjs');
const fromNode = [false, true].map((secure) => ({
  name: `grpc-js, all kinds${secure ? ', TLS' : ''}`,
  // A call has eight messages.
  share: 1 / 4,
  secure,
  server: calling((port) => ['serve', port]),
  client: calling((port, count) => ['ask', port, count]),
  judge: () => new CallJudge(),
  told: linesOfJson,
}));

const late = ['https', 'h2'].map((over) => {
  const row = exchanges(`${over}, keys late`, over, () => process.execPath, 1 / 50);
  return { ...row, keysAreLate: true, server: (...words) => [...row.server(...words), 'late'] };
});

/**
 * A row: `share` of the run's messages go over it. `server(port, count, tools)` and `client(…)` are command lines. `judge(count)` makes
 * the judge of what is shown. `secure`: it is over TLS. `told` reads the client's output, if that is not one value of JSON. `isStream`:
 * the body of the exchange itself is not kept whole. `directions`: those that have messages, 2 if it is left out. `keysAreLate`: the
 * server alone logs the keys, and not by Node's flag.
 */
export const ROWS = [
  exchanges('h2c, 100 streams', 'h2c', () => process.execPath),
  ...NODES.flatMap((version) =>
    ['https', 'h2'].map((over) => exchanges(`${over}, node ${version}`, over, ({ node }) => node(version), 1 / 8)),
  ),
  ...fromH2load,
  ...between,
  odd,
  ...late,
  ...webSockets,
  ...calls,
  ...fromGo,
  ...fromNode,
  ...events,
];
