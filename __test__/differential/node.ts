/** Node's own parser and its reading of bytes: a real `node:http` server and client, each against a raw socket. */

import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createRawServer } from 'node:net';
import type { Turn } from './savefile.js';

/** A message as one side understood it. */
export interface Understood {
  start: string;
  headers: Record<string, string>;
  body: string;
  trailers: Record<string, string>;
}

export interface Outcome {
  /** Complete messages of the direction that was tried, in their order. */
  messages: Understood[];
  /** Node refused what follows them. */
  refused: boolean;
  turns: Turn[];
}

/** Requests may be complete in another order than they began. */
interface Begun extends Outcome {
  begun: (Understood | undefined)[];
}

/** Only fields of our own: Node drops repetitions of some others. */
const own = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (/^x[-_(]/.test(name) ? [[name, `${value}`]] : [])),
  );

async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

const understood = (start: string, message: IncomingMessage, body: string): Understood => ({
  start,
  headers: own(message.headers),
  body,
  trailers: own(message.trailers),
});

/** Sends `texts` down one connection of a `node:http` server at a time. */
export async function tryRequests(cases: string[]): Promise<Outcome[]> {
  const outcomes = new Map<number, Begun>();
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: 2_000 }, async (request, response) => {
    const outcome = outcomes.get(request.socket.remotePort ?? 0);
    const index = outcome?.begun.push(undefined) ?? 0;
    try {
      const body = await bodyOf(request);
      outcome?.begun.splice(index - 1, 1, understood(`${request.method} ${request.url}`, request, body));
      response.end();
    } catch {
      if (outcome) outcome.refused = true;
    }
  });
  server.on('clientError', (_error, socket) => {
    const outcome = outcomes.get((socket as typeof socket & { remotePort: number }).remotePort);
    if (outcome) outcome.refused = true;
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  // Otherwise what was sent before the client closed its side is not answered.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const results: Begun[] = [];
  for (const text of cases) {
    const bytes = Buffer.from(text, 'latin1');
    const outcome: Begun = { messages: [], begun: [], refused: false, turns: [{ from: 'client', bytes }] };
    results.push(outcome);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    outcomes.set(socket.localPort ?? 0, outcome);
    const answer: Buffer[] = [];
    socket.on('data', (part) => answer.push(part));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('end', resolve).on('close', resolve));
    socket.end(bytes);
    await closed;
    socket.destroy();
    outcome.turns.push({ from: 'server', bytes: Buffer.concat(answer) });
  }
  server.close();
  server.closeAllConnections();
  // Those up to the first that was never complete.
  return results.map(({ begun, ...outcome }) => {
    const end = begun.indexOf(undefined);
    const messages = begun.slice(0, end < 0 ? undefined : end).filter((message) => message !== undefined);
    return { ...outcome, messages };
  });
}

export interface Exchange {
  method: string;
  response: string;
}

/** Answers the requests of a `node:http` client, one connection a case as long as that holds. */
export async function tryResponses(cases: Exchange[][]): Promise<Outcome[]> {
  const results: Outcome[] = [];
  for (const exchanges of cases) {
    const outcome: Outcome = { messages: [], refused: false, turns: [] };
    results.push(outcome);
    let answered = 0;
    const server = createRawServer((socket) => {
      let head = '';
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        head += bytes.toString('latin1');
        if (!head.endsWith('\r\n\r\n')) return;
        const answer = Buffer.from(exchanges[answered]?.response ?? '', 'latin1');
        answered += 1;
        outcome.turns.push({ from: 'client', bytes: Buffer.from(head, 'latin1') }, { from: 'server', bytes: answer });
        head = '';
        if (answered === exchanges.length) socket.end(answer);
        else socket.write(answer);
      });
    });
    let connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const [index, { method }] of exchanges.entries()) {
      const request = httpRequest({ host: '127.0.0.1', port, method, path: `/${index}`, agent, timeout: 500 });
      try {
        // The parser may fail again after the response was complete.
        request.on('error', () => {});
        request.on('timeout', () => request.destroy(new Error('the response never ended')));
        request.on('information', ({ statusCode, headers }) => {
          outcome.messages.push({ start: `${statusCode}`, headers: own(headers), body: '', trailers: {} });
        });
        request.end();
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const body = await bodyOf(response);
        outcome.messages.push(understood(`${response.statusCode}`, response, body));
      } catch {
        outcome.refused = true;
        break;
      }
      // The client gave this connection up without a word: what it thinks of the rest is not known.
      await new Promise(setImmediate);
      if (connections > 1) {
        outcome.refused = true;
        break;
      }
    }
    agent.destroy();
    server.close();
  }
  return results;
}
