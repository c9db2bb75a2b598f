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
  { name: 'client goes away', needs: ['abort'], exchanges: [get('plain', ENDLESS, { abort: 'download' })] },
  { name: 'upload breaks off', needs: ['upload abort'], exchanges: [post(100_000, { abort: 'upload' })] },
  {
    name: 'chunked upload breaks off',
    needs: ['upload abort', 'chunked upload'],
    exchanges: [post(100_000, { abort: 'upload', chunked: true })],
  },
  { name: 'server resets', needs: ['reset', 'abort'], exchanges: [get('reset', 100_000, { abort: 'server' })] },
];

/** `repeat` times every case that the pair can do, with ids of this client's own. */
export function groupsFor(client, server, repeat = 1) {
  const lacks = new Set([...(client.lacks ?? []), ...(server.lacks ?? [])]);
  const usable = CASES.filter(
    ({ needs = [], needsOneOf }) =>
      !needs.some((need) => lacks.has(need)) && !needsOneOf?.every((need) => lacks.has(need)),
  );
  let count = 0;
  const numbered = (exchange) => {
    const id = `${client.name.replaceAll(/\W+/g, '-')}.${++count}`;
    return { ...exchange, id, target: `/${id}/${exchange.kind}/${exchange.size}` };
  };
  return Array.from({ length: repeat }, () => usable)
    .flat()
    .map(({ name, pipelined = false, exchanges }) => ({
      name,
      pipelined,
      cutsLines: !lacks.has('cut lines'),
      exchanges: exchanges.map((exchange) => ({ case: name, ...numbered(exchange) })),
    }));
}

export const uploadOf = ({ id, upload }) => (upload === undefined ? undefined : uploaded(id, upload));
