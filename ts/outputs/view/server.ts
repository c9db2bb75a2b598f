/**
 * The page over HTTP: its files, the feed of rows, one exchange, a HAR, packets. In: the ring. Everything but the exchange of the token
 * needs the cookie that the token was worth. No request changes anything.
 */

import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Refusal, type Route, RouteServer, reply } from '../../http-server/routes';
import { type Assets, policyOf } from './assets';
import type { Feed } from './feed';
import { Guard } from './guard';
import { isLoopback } from './listening';
import { matchesIn } from './match';
import { NoPackets, type PacketCopies } from './packets';
import type { Ring } from './ring';
import { harOf, type Range, rangesIn, rowsIn } from './save';
import type { Match } from './shapes';

/** A browser takes six connections of one host; several tabs and a second browser have room. Strangers reach the first two kinds alone. */
const MAX_CONNECTIONS = { silent: 64, home: 32, file: 32, feed: 24, exchange: 16, save: 4 };
/** Browsers connect before they ask, and batches of a savefile keep the event loop busy. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Numbers of exchanges that a filter shows, as ranges. */
const MAX_REQUEST_BYTES = 2 * 1024 * 1024;
/** No more than there are rows. */
const MAX_RANGES = 100_000;
/** Of a browser that has to put a large file on its disk. */
const PACKETS_TIMEOUT_MS = 30_000;

type Kind = Exclude<keyof typeof MAX_CONNECTIONS, 'silent'>;

const GET = ['GET'];
const POST = ['POST'];

const HEADERS = {
  'content-security-policy': `${policyOf({ script: "'self'", style: "'self'", image: "'self' blob:", connect: "'self'" })}; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const NOT_KNOWN = 'The page opens by the address that tcp-sniffer has printed, once; then it prints another address.\n';

export interface Listening {
  port: number;
  host: string;
  /** HTTPS; without it the host is a loopback address. */
  tls: { cert: Buffer; key: Buffer } | undefined;
  /** The operator's own. */
  token: string | undefined;
}

interface ViewServerOptions extends Listening {
  assets: Assets;
  ring: Ring;
  feed: Feed;
  /** Absent: none can be had. */
  packets: PacketCopies | undefined;
  /** A token was used. */
  onUsed(): void;
}

export class ViewServer {
  readonly #options: ViewServerOptions;
  readonly #server: RouteServer<Kind>;
  readonly #guard: Guard;

  constructor(options: ViewServerOptions) {
    this.#options = options;
    const { port, host, tls, token, assets, onUsed } = options;
    const isNamed = tls === undefined ? () => false : namesOf(tls.cert);
    const isOurName = (name: string): boolean => isNamed(name) || (isLoopback(host) && isLoopback(name));
    this.#guard = new Guard({ secure: tls !== undefined, port: () => this.port, isOurName, token, onUsed });
    this.#server = new RouteServer<Kind>({
      port,
      host,
      tls,
      routes: {
        '/': { kind: 'home', methods: GET, answer: (request, response) => this.#home(request, response) },
        '/page.js': file(assets.script, 'text/javascript'),
        '/page.css': file(assets.style, 'text/css'),
        '/icon.svg': file(assets.icon, 'image/svg+xml'),
        '/feed': { kind: 'feed', methods: GET, answer: (request, response) => this.#feed(request, response) },
        '/exchange': {
          kind: 'exchange',
          methods: GET,
          answer: (request, response) => this.#exchange(request, response),
        },
        '/har': { kind: 'save', methods: POST, answer: (request, response) => this.#har(request, response) },
        '/packets': { kind: 'save', methods: POST, answer: (request, response) => this.#packets(request, response) },
        '/match': { kind: 'exchange', methods: POST, answer: (request, response) => this.#match(request, response) },
      },
      notFound: 'there is no such file\n',
      maxConnections: MAX_CONNECTIONS,
      refuse: (request) => this.#guard.refuse(request) ?? this.#refuseStranger(request),
      headers: HEADERS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      background: false,
    });
  }

  listen(): Promise<void> {
    return this.#server.listen();
  }

  get port(): number {
    return this.#server.port;
  }

  /** By which the page opens; with the token, unless that is the operator's own. */
  get url(): string {
    const { tls, host, token } = this.#options;
    const name = isIP(host) === 6 ? `[${host}]` : host;
    const query = token === undefined ? `?token=${this.#guard.token}` : '';
    return `${tls === undefined ? 'http' : 'https'}://${name}:${this.port}/${query}`;
  }

  close(): Promise<void> {
    this.#options.feed.close();
    return this.#server.close();
  }

  /** Before it is routed: it takes no room that answers need. */
  #refuseStranger(request: IncomingMessage): Refusal | undefined {
    const isHome = request.url?.split('?', 1)[0] === '/';
    return isHome || this.#guard.isKnown(request) ? undefined : { status: 403, text: NOT_KNOWN };
  }

  #home(request: IncomingMessage, response: ServerResponse): void {
    const token = queryOf(request).get('token');
    if (this.#guard.isKnown(request)) {
      if (token === null) reply(response, 200, this.#options.assets.html, 'text/html; charset=utf-8');
      else response.writeHead(303, { location: '/' }).end();
      return;
    }
    const cookie = token === null ? undefined : this.#guard.exchange(token);
    if (cookie === undefined) reply(response, 403, NOT_KNOWN);
    else response.writeHead(303, { location: '/', 'set-cookie': cookie }).end();
  }

  #feed(request: IncomingMessage, response: ServerResponse): void {
    const { 'last-event-id': last } = request.headers;
    const after = Number(last ?? queryOf(request).get('after') ?? 0);
    this.#options.feed.open(response, Number.isSafeInteger(after) && after >= 0 ? after : 0);
  }

  /** The lines as they are: a JSON array is made of them and their commas. */
  #exchange(request: IncomingMessage, response: ServerResponse): void {
    const lines = this.#options.ring.get(Number(queryOf(request).get('n')))?.lines;
    if (lines === undefined) {
      reply(response, 404, 'its messages are not in memory any more\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.write('[');
    lines.forEach((line, at) => {
      if (at > 0) response.write(',');
      response.write(line);
    });
    response.end(']');
  }

  #har(request: IncomingMessage, response: ServerResponse): void {
    receive(request, response, (text) => void write(response, harOf(this.#options.ring, readRanges(text))));
  }

  #packets(request: IncomingMessage, response: ServerResponse): void {
    const { packets, ring } = this.#options;
    receive(request, response, (text) => {
      const ranges = readRanges(text);
      if (packets === undefined) {
        reply(response, 404, 'packets can be had of savefiles on a disk, by a page for this machine alone\n');
        return;
      }
      const rows = [...rowsIn(ring, ranges)];
      const wanted = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      if (rows.length !== wanted) {
        reply(response, 404, 'some of the exchanges are not in memory any more; load the page again\n');
        return;
      }
      void sendPackets(
        response,
        packets,
        rows.map(({ id }) => id),
      );
    });
  }

  #match(request: IncomingMessage, response: ServerResponse): void {
    receive(request, response, (text) => {
      const { expression, after } = JSON.parse(text) as Partial<Match>;
      if (typeof expression !== 'string' || !Number.isSafeInteger(after)) throw new Error('an expression is wanted');
      const found = matchesIn(this.#options.ring, expression, Number(after), () => performance.now());
      reply(response, 200, JSON.stringify(found), 'application/json; charset=utf-8');
    });
  }
}

/** The body of a request; an answer that throws says what is wrong with it. */
function receive(request: IncomingMessage, response: ServerResponse, answer: (text: string) => void): void {
  // No form of another page can send that type.
  if (request.headers['content-type'] !== 'application/json') {
    reply(response, 415, 'only application/json\n');
    return;
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= MAX_REQUEST_BYTES) pieces.push(piece);
    else if (!response.headersSent) reply(response, 413, `only ${MAX_REQUEST_BYTES} bytes\n`);
  });
  request.on('end', () => {
    if (response.headersSent) return;
    try {
      answer(Buffer.concat(pieces).toString());
    } catch (error) {
      reply(response, 400, `${(error as Error).message}\n`);
    }
  });
}

/** @throws {Error} */
function readRanges(text: string): Range[] {
  const ranges = rangesIn(text);
  if (ranges.length > MAX_RANGES) throw new Error(`only ${MAX_RANGES} ranges`);
  return ranges;
}

/** Never rejects. A failure after the head breaks the connection: what has come is not all. */
async function sendPackets(response: ServerResponse, packets: PacketCopies, ids: readonly string[]): Promise<void> {
  // Nothing is there to be read until all packets are found.
  response.socket?.setTimeout(0);
  try {
    const { file, bytes } = await packets.copy(ids);
    try {
      if (response.destroyed) return;
      response.socket?.setTimeout(PACKETS_TIMEOUT_MS);
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
      await pipeline(file.createReadStream({ start: 0, autoClose: false }), response);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (!response.destroyed)
      reply(response, error instanceof NoPackets ? error.status : 500, `${(error as Error).message}\n`);
  }
}

/** With a turn of the event loop between pieces, and as fast as the page takes them. */
async function write(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) await new Promise(setImmediate);
    else await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

function file(text: string, type: string): Route<Kind> {
  return { kind: 'file', methods: GET, answer: (_, response) => reply(response, 200, text, `${type}; charset=utf-8`) };
}

/** Never throws, whatever the target of a request is. */
function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}

/** With TLS the certificate says by which names the page is asked for; no other server has a certificate that a browser takes. */
function namesOf(cert: Buffer): (host: string) => boolean {
  const certificate = new X509Certificate(cert);
  return (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}
