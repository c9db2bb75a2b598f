// Many connections that take and give nothing, each kind of silence by its name.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Ends with `close`. How many the server has ended itself is `ended`. */
export class Flood {
  readonly #sockets: Socket[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  ended = 0;

  /** Resolves when each is connected, or was refused. */
  async open(count: number, port: number, how: (flood: Flood, port: number) => Socket): Promise<void> {
    await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<void>((resolve) => {
            const socket = how(this, port);
            this.#sockets.push(socket);
            socket.on('connect', () => resolve()).on('error', () => {});
            socket.on('close', () => {
              this.ended++;
              resolve();
            });
          }),
      ),
    );
  }

  every(ms: number, run: () => void): void {
    this.#timers.push(setInterval(run, ms));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}

type Kind = (flood: Flood, port: number) => Socket;

// Read, so that an end is seen.
const tcp = (port: number) => connectTcp({ host: '127.0.0.1', port }).resume();
const tls = (port: number) => connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }).resume();

/** One byte at a time. */
function drip(flood: Flood, socket: Socket, text: string): Socket {
  let at = 0;
  flood.every(200, () => {
    if (socket.writable) socket.write(text.charAt(at++ % text.length));
  });
  return socket;
}

const HEAD = 'GET /metrics HTTP/1.1\r\nhost: x\r\n';
const FIELDS = `${HEAD}a: b\r\nc: d\r\n`.repeat(9);

/** Against a port that speaks HTTP. */
export const PLAIN: Record<string, Kind> = {
  'nothing at all': (_, port) => tcp(port),
  'half a request line': (_, port) => write(tcp(port), 'GET /hea'),
  'half a head': (_, port) => write(tcp(port), HEAD),
  'a head in drips': (flood, port) => drip(flood, tcp(port), FIELDS),
  'an answer and then nothing': (_, port) => write(tcp(port), `${HEAD}\r\n`),
  'half a body': (_, port) => write(tcp(port), 'POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx'),
  'scrapes that nobody takes': (_, port) => write(tcp(port).pause(), `${HEAD}\r\n`.repeat(20)),
  'a TLS hello': (_, port) => write(tcp(port), Buffer.from('160301020001000102', 'hex')),
  'half-closed': (_, port) => tcp(port).end(),
};

export function kindOf(name: string, kinds: Record<string, Kind> = PLAIN): Kind {
  const kind = kinds[name];
  if (kind === undefined) throw new Error(`there is no kind '${name}'`);
  return kind;
}

const POST = 'POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

/** Against a port that speaks HTTPS. `review` is a whole one. */
export function secure(review: string): Record<string, Kind> {
  return {
    'no hello': (_, port) => tcp(port),
    'half a hello': (_, port) => write(tcp(port), Buffer.from('160301020001000102', 'hex')),
    'a hello in drips': (flood, port) => drip(flood, tcp(port), `\x16\x03\x01\x02\x00${'\x01'.repeat(600)}`),
    'no TLS': (_, port) => write(tcp(port), HEAD),
    'TLS and then nothing': (_, port) => tls(port),
    'half a request line': (_, port) => onceSecure(tls(port), 'POST /mut'),
    'a head in drips': (flood, port) => drip(flood, tls(port), POST),
    'half a body': (_, port) => onceSecure(tls(port), `${POST}content-length: 100\r\n\r\n{`),
    'an answer and then nothing': (_, port) =>
      onceSecure(tls(port), `${POST}content-length: ${review.length}\r\n\r\n${review}`),
    'answers that nobody takes': (_, port) =>
      onceSecure(tls(port).pause(), `${POST}content-length: ${review.length}\r\n\r\n${review}`.repeat(3)),
  };
}

function write(socket: Socket, text: string | Buffer): Socket {
  return socket.once('connect', () => socket.write(text));
}

function onceSecure(socket: Socket, text: string): Socket {
  return socket.once('secureConnect', () => socket.write(text));
}
