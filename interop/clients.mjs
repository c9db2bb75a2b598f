// The clients: each is a program that gets the path of its plan and writes a record for each exchange (README.md). `lacks` are
// the words of the cases (cases.mjs) that it has no way to ask for.
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(`clients/${name}`, import.meta.url));
const node =
  (name, ...words) =>
  () => [process.execPath, here(name), ...words];

const BY_HAND = ['pipelining', 'upload abort', 'HTTP/1.0', 'chunk extensions'];
const NO_ABORT = [...BY_HAND, 'abort'];
/** They wait for 100 until it comes, and HTTP/1.0 has none (RFC 9110 §10.1.1: a client should not). */
const ENDLESS_PATIENCE = ['impatience'];
const NO_EXPECT = [...BY_HAND, 'continue'];
const CURL = ['pipelining', 'upload abort', 'chunk extensions', 'abort'];

/** See clients/curl.mjs: a connection has one exchange. */
const NO_REUSE = ['concurrent', 'keep-alive'];

const HTTP_1 = ['http', 'https'];
const HTTP_2 = ['h2c', 'h2'];
const EVERY = [...HTTP_1, ...HTTP_2];

export const SMALL = [
  { name: 'curl', command: node('curl.mjs'), lacks: CURL, lacksIn: { h2c: NO_REUSE }, over: EVERY },
  { name: 'fetch', command: node('fetch.mjs'), lacks: NO_EXPECT, over: HTTP_1 },
  { name: 'node http2', command: node('node-http2.mjs'), over: HTTP_2 },
  { name: 'requests', command: ({ python }) => [python(), here('requests_client.py')], lacks: BY_HAND, over: HTTP_1 },
  { name: 'raw', command: node('raw.mjs') },
];

const fetchOf = (version) => ({
  name: `fetch ${version.split('.')[0]}`,
  command: (tools) => [tools.node(version), here('fetch.mjs')],
  lacks: NO_EXPECT,
  over: HTTP_1,
});
const inPython = (name, lacks = [], over = ['http']) => ({
  name,
  command: ({ morePython }) => [morePython(), here('python_clients.py'), name],
  lacks: [...BY_HAND, ...lacks],
  over,
});
const withModules = (name) => (tools) => ['env', `INTEROP_MODULES=${tools.modules()}`, process.execPath, here(name)];

export const LARGE = [
  ...['22.23.3', '26.10.0'].map(fetchOf),
  { name: 'curl, Upgrade', command: node('curl.mjs', 'upgrade'), lacks: CURL, over: ['h2c'], upgrades: true },
  { name: 'node http', command: node('node-http.mjs'), lacks: BY_HAND },
  {
    name: 'undici',
    command: withModules('undici.mjs'),
    lacks: ['upload abort', 'HTTP/1.0', 'chunk extensions', 'continue'],
  },
  { name: 'axios', command: withModules('axios.mjs'), lacks: NO_EXPECT },
  ...['http_client', 'urllib3'].map((name) => inPython(name)),
  inPython('httpx', ['concurrent'], EVERY),
  inPython('aiohttp', ENDLESS_PATIENCE),
  {
    name: 'httpie',
    command: ({ morePython }) => [process.execPath, here('httpie.mjs'), morePython()],
    lacks: [...NO_EXPECT, 'abort', 'keep-alive'],
  },
  {
    name: 'wget',
    command: node('wget.mjs'),
    programs: ['wget'],
    lacks: [...NO_EXPECT, 'abort', 'chunked upload', 'keep-alive'],
  },
  { name: 'Go', command: ({ go }) => [go('clients/client.go')], programs: ['go'], lacks: BY_HAND, over: EVERY },
  {
    name: 'hyper',
    command: ({ rust }) => [rust('hyper'), 'ask'],
    programs: ['cargo'],
    lacks: NO_EXPECT,
    over: EVERY,
  },
  {
    name: 'Java',
    command: () => ['java', here('Client.java')],
    programs: ['java'],
    lacks: [...NO_ABORT, ...ENDLESS_PATIENCE, 'concurrent'],
    plan: 'tsv',
    over: ['http', 'h2c'],
    upgrades: true,
  },
  { name: 'Net::HTTP', command: () => ['ruby', here('net_http.rb')], programs: ['ruby'], lacks: BY_HAND },
  // libwww-perl 6.68 ends a body that is empty from the start twice.
  { name: 'LWP', command: () => ['perl', here('lwp.pl')], programs: ['perl'], lacks: [...NO_EXPECT, 'empty chunks'] },
  { name: 'PHP curl', command: () => ['php', here('curl.php')], programs: ['php'], lacks: BY_HAND },
  { name: 'Bun', command: ({ bin }) => [bin('bun'), here('fetch.mjs')], lacks: NO_EXPECT },
  {
    name: 'Deno',
    command: ({ bin }) => [bin('deno'), 'run', '--quiet', '--allow-all', here('fetch.mjs')],
    lacks: NO_EXPECT,
  },
];
