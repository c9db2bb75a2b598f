// The exchanges that a client has with a server, as groups: a group is what goes over one connection, as far as client and
// server keep it open. A pair leaves out the groups that need what one of the two lacks.
import { uploaded } from './content.mjs';

const MEBIBYTE = 1024 * 1024;
/** More than the socket buffers of both sides take, so that a client that goes away leaves the answer cut. */
const ENDLESS = 24 * MEBIBYTE;

const get = (kind, size, more) => ({ method: 'GET', kind, size, ...more });
const post = (upload, more) => ({ method: 'POST', kind: 'echo', size: upload, upload, ...more });
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/**
 * `needs` are words that clients and servers name in `lacks`. Of an exchange: `kind` and `size` go into the target and say what
 * the server answers (README.md), `upload` is the size of the request's body.
 */
const CASES = [
  { name: 'get', exchanges: [get('plain', 100)] },
  { name: 'head', exchanges: [get('plain', 4000, { method: 'HEAD' }), get('plain', 50)] },
  { name: 'post', exchanges: [post(5000)] },
  { name: 'empty', exchanges: [get('plain', 0), post(0), get('plain', 10)] },
  { name: 'chunked upload', needs: ['chunked upload'], exchanges: [post(30_000, { chunked: true }), get('plain', 7)] },
  {
    name: 'chunk extensions',
    needs: ['chunked upload', 'chunk extensions'],
    exchanges: [post(30_000, { chunked: true, extension: ';n="v"' })],
  },
  { name: 'empty chunked upload', needs: ['chunked upload', 'empty chunks'], exchanges: [post(0, { chunked: true })] },
  { name: 'chunked', needs: ['chunked'], exchanges: [get('chunked', 20_000), get('chunked', 0), get('chunked', 1)] },
  { name: 'gzip', needs: ['gzip'], exchanges: [get('gzip', 20_000), get('plain', 11)] },
  { name: 'gzip, chunked', needs: ['gzip', 'chunked'], exchanges: [get('gzip-chunked', 20_000), get('plain', 12)] },
  {
    name: 'continue',
    needs: ['continue'],
    needsOneOf: ['100', 'impatience'],
    exchanges: [post(3000, { expect: true }), get('plain', 13)],
  },
  { name: 'no content', exchanges: [get('status', 204), get('plain', 14)] },
  { name: 'not modified', needs: ['304'], exchanges: [get('status', 304), get('plain', 15)] },
  { name: 'errors', exchanges: [get('status', 404), get('status', 503), get('plain', 16)] },
  { name: 'until close', needs: ['close'], exchanges: [get('close', 3000)] },
  { name: 'HTTP/1.0', needs: ['HTTP/1.0'], exchanges: [get('chunked', 3000, { version: '1.0' })] },
  { name: 'large answer', exchanges: [get('plain', MEBIBYTE)] },
  { name: 'large upload', exchanges: [post(MEBIBYTE)] },
  { name: 'large, chunked', needs: ['chunked', 'chunked upload'], exchanges: [post(MEBIBYTE, { chunked: true })] },
  {
    name: 'keep-alive',
    needs: ['keep-alive'],
    exchanges: many(30, (index) => (index % 3 ? get('plain', 37 * index) : post(29 * index))),
  },
  {
    name: 'pipelined',
    needs: ['pipelining'],
    pipelined: true,
    exchanges: many(6, (index) => get('plain', 300 * index)),
  },
  {
    name: 'pipelined bodies',
    needs: ['pipelining', 'pipelined bodies'],
    pipelined: true,
    exchanges: [post(2000), get('plain', 4000, { method: 'HEAD' }), post(10), get('status', 204), get('plain', 17)],
  },
  {
    name: 'pipelined chunks',
    needs: ['pipelining', 'pipelined bodies', 'chunked', 'chunked upload'],
    pipelined: true,
    exchanges: [post(2000, { chunked: true }), get('chunked', 5000), get('status', 204), post(300, { chunked: true })],
  },
  {
    name: 'concurrent',
    needs: ['concurrent'],
    concurrent: true,
    exchanges: many(100, (index) => (index % 3 ? get('plain', 370 * index) : post(290 * index))),
  },
  { name: 'client goes away', needs: ['abort'], exchanges: [get('plain', ENDLESS, { abort: 'download' })] },
  { name: 'upload breaks off', needs: ['upload abort'], exchanges: [post(100_000, { abort: 'upload' })] },
  {
    name: 'chunked upload breaks off',
    needs: ['upload abort', 'chunked upload'],
    exchanges: [post(100_000, { abort: 'upload', chunked: true })],
  },
  { name: 'server resets', needs: ['reset', 'abort'], exchanges: [get('reset', 100_000, { abort: 'server' })] },
];

/** Versions of HTTP, with and without TLS, and the words of the cases that they lack. `version`: as messages name it. */
const OF_HTTP_1 = ['concurrent'];
/** Its frames say where a body ends, and its connections are for more than one exchange. */
const OF_HTTP_2 = ['pipelining', 'chunk extensions', 'HTTP/1.0', 'close', 'continue'];
const OVER = {
  http: { lacks: OF_HTTP_1 },
  // Few servers let a program reset the connection below TLS, and curl offers HTTP/1.0 by a name (ALPN) that they refuse.
  https: { lacks: [...OF_HTTP_1, 'reset', 'HTTP/1.0'] },
  h2c: { lacks: OF_HTTP_2, version: '2.0' },
  h2: { lacks: OF_HTTP_2, version: '2.0' },
};
export const isSecure = (over) => over === 'https' || over === 'h2';

/** A client says in `over` what it speaks, if it is more than HTTP/1 without TLS. */
export const canTalk = (client, server) =>
  (client.over ?? ['http']).includes(server.over) && !server.without?.includes(client.name);

/** `repeat` times every case that the pair can do, with ids of this client's own. */
export function groupsFor(client, server, repeat = 1) {
  const inThis = client.lacksIn?.[server.over] ?? [];
  const lacks = new Set([...(client.lacks ?? []), ...inThis, ...(server.lacks ?? []), ...OVER[server.over].lacks]);
  const usable = CASES.filter(
    ({ needs = [], needsOneOf }) =>
      !needs.some((need) => lacks.has(need)) && !needsOneOf?.every((need) => lacks.has(need)),
  );
  let count = 0;
  const numbered = (exchange) => {
    const id = `${client.name.replaceAll(/\W+/g, '-')}.${++count}`;
    const speaks = client.upgrades ? undefined : OVER[server.over].version;
    return { ...exchange, speaks, id, target: `/${id}/${exchange.kind}/${exchange.size}` };
  };
  return Array.from({ length: repeat }, () => usable)
    .flat()
    .map(({ name, pipelined = false, concurrent = false, exchanges }) => ({
      name,
      pipelined,
      concurrent,
      cutsLines: !lacks.has('cut lines'),
      exchanges: exchanges.map((exchange) => ({ case: name, ...numbered(exchange) })),
    }));
}

export const uploadOf = ({ id, upload }) => (upload === undefined ? undefined : uploaded(id, upload));
