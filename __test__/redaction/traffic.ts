/** A savefile of generated bodies: whole and cut at every byte, with a length, in chunks, coded; and messages of WebSockets and of calls. */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
// @ts-expect-error scripts have no types
import { request, response, verbatim } from '../../fixtures/make/http.mjs';
// @ts-expect-error scripts have no types
import { Tape } from '../../fixtures/make/tape.mjs';
import type { Random } from '../differential/random.js';
import { bodyOf, CODINGS, jsonText, pieces } from './bodies.js';

/** Exchanges of a connection: as many as a connection that stays open has. */
const EXCHANGES = 20;
/** Of all bodies, so many are cut: some short bodies, each at every byte. */
const CUT_SHARE = 0.4;
const MOST_BYTES_TO_CUT = 400;
const SOCKET_MESSAGES = 40;

export interface Traffic {
  savefile: Buffer;
  /** How many bodies, without messages of WebSockets and calls. */
  bodies: number;
  cut: number;
  /** Texts that have to come out, by where they stand; `wide` are those in bodies of UTF-16. */
  kept: { requests: string[]; responses: string[]; wide: string[]; sockets: string[]; calls: string[] };
}

/** As fixtures/make/connection.mjs has it. */
interface Connection {
  exchange(...messages: Wire[]): Connection;
  send(message: Wire): Connection;
  close(first?: string): Connection;
  write(side: string, bytes: Buffer): object;
  put(piece: object): Connection;
}

interface Wire {
  wire: Buffer;
  headBytes: number;
}

export function trafficOf(random: Random, count: number): Traffic {
  const tape = new Tape({});
  const kept: Traffic['kept'] = { requests: [], responses: [], wide: [], sockets: [], calls: [] };
  let clients = 0;
  const open = (): Connection => {
    const n = clients++;
    return tape.connection({ client: `192.0.2.${1 + (n >> 14)}:${20_000 + (n & 0x3f_ff)}` }).open();
  };

  /** A message with a body: its head, and what follows, as one. */
  function message(side: 'request' | 'response', name: string) {
    const { type, bytes, kept: tokens, isWide } = bodyOf(random, name);
    const coding = random.chance(0.3) ? random.pick(Object.keys(CODINGS)) : undefined;
    const content = coding === undefined ? bytes : (CODINGS[coding]?.(bytes) ?? bytes);
    const headers = [['content-type', type], ...(coding ? [['content-encoding', coding]] : [])];
    const framed = random.chance(0.4) ? { headers, chunks: pieces(random, content) } : { headers, body: content };
    const made: Wire = side === 'request' ? request('POST', `/${name}`, framed) : response(200, 'OK', framed);
    return { made, tokens, isWide };
  }

  let bodies = 0;
  let cut = 0;
  while (bodies + cut < count) {
    if (cut < CUT_SHARE * (bodies + cut)) {
      const side = random.pick(['request', 'response'] as const);
      const { made } = message(side, `cut-${cut}`);
      if (made.wire.length - made.headBytes > MOST_BYTES_TO_CUT) continue;
      for (let end = made.headBytes + 1; end < made.wire.length && bodies + cut < count; end++, cut++) {
        const connection = open();
        if (side === 'response') connection.send(request('GET', `/cut-${cut}`));
        connection.send(verbatim(side === 'request' ? 'client' : 'server', made.wire.subarray(0, end), {}));
        connection.close(side === 'request' ? 'client' : 'server');
      }
      continue;
    }
    const connection = open();
    for (let n = 0; n < EXCHANGES && bodies + cut < count; n++, bodies += 2) {
      const asked = message('request', `a${bodies}`);
      const answered = message('response', `b${bodies}`);
      kept[asked.isWide ? 'wide' : 'requests'].push(...asked.tokens);
      kept[answered.isWide ? 'wide' : 'responses'].push(...answered.tokens);
      connection.exchange(asked.made, answered.made);
    }
    connection.close();
  }
  for (let n = 0; n < Math.ceil(count / 1_000); n++) socket(open(), random, `s${n}`, kept.sockets);
  for (let n = 0; n < Math.ceil(count / 200); n++) call(open(), random, `g${n}`, kept.calls);
  return { savefile: tape.toSavefile(), bodies, cut, kept };
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** RFC 6455 §4.2.2 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function socket(connection: Connection, random: Random, name: string, kept: string[]): void {
  const upgrade = [
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
  ];
  const accept = createHash('sha1')
    .update(KEY + GUID)
    .digest('base64');
  const ask = [['host', 'example.test'], ...upgrade, ['sec-websocket-key', KEY], ['sec-websocket-version', '13']];
  connection.exchange(
    request('GET', '/socket', { headers: ask }),
    response(101, 'Switching Protocols', { headers: [...upgrade, ['sec-websocket-accept', accept]], framing: 'none' }),
  );
  for (let n = 0; n < SOCKET_MESSAGES; n++) {
    const { text, kept: tokens } = jsonText(random, `${name}-${n}`);
    kept.push(...tokens);
    const side = random.pick(['client', 'server'] as const);
    connection.put(connection.write(side, frameOf(Buffer.from(text), side === 'client')));
  }
  connection.close();
}

/** Calls of gRPC-Web whose messages are JSON, some of them compressed, some cut at their end. */
function call(connection: Connection, random: Random, name: string, kept: string[]): void {
  const headers = [
    ['content-type', random.pick(['application/grpc-web+json', 'application/grpc-web+thrift'])],
    ['grpc-encoding', 'gzip'],
  ];
  const isCut = random.chance(0.3);
  const frames = (side: string): Buffer => {
    const found = Array.from({ length: 1 + random.upTo(3) }, (_, n) => {
      const { text, kept: tokens } = jsonText(random, `${name}${side}-${n}`);
      if (!isCut) kept.push(...tokens);
      return prefixed(Buffer.from(text), random.chance(0.3));
    });
    const body = Buffer.concat(found);
    return isCut ? body.subarray(0, 1 + random.upTo(body.length)) : body;
  };
  connection.exchange(
    request('POST', `/shop.Shop/${name}`, { headers, body: frames('a') }),
    response(200, 'OK', { headers, body: frames('b') }),
  );
  connection.close();
}

/** A flag, a length, data. */
function prefixed(data: Buffer, isCompressed: boolean): Buffer {
  const content = isCompressed ? gzipSync(data) : data;
  const head = Buffer.alloc(5, isCompressed ? 1 : 0);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** A text message in one frame (RFC 6455 §5.2); the mask of all zeros leaves the bytes as they are. */
function frameOf(payload: Buffer, isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const length =
    payload.length < 126 ? [mask | payload.length] : [mask | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length]), Buffer.alloc(isMasked ? 4 : 0), payload]);
}
