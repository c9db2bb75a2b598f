/**
 * TLS in tunnels of a proxy that real peers open by CONNECT: every exchange comes out once, byte for byte, live and of the savefile
 * of the same packets; where the server's port is watched too, of that hop as well.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createSniffer, type HttpMessage, type Sniffer, type StreamMessage } from '../dist/index.js';
// @ts-expect-error scripts have no types
import { dump, readEach } from '../interop/capture.mjs';
// @ts-expect-error scripts have no types
import { OF_LOSS } from '../interop/losses.mjs';
import { describeLive, linesOf, messagesOf, runCli, until } from './live/harness.js';
import {
  answerTo,
  bodyOf,
  byCurl,
  byUndici,
  overHttp1,
  overHttp2,
  overWebSocket,
  type Peers,
  SERVER_NAME,
  startPeers,
} from './live/tunnelling.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-tunnels-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MAX_BODY_BYTES = 4 << 20;
/** A busy machine takes longer than this. */
const PATIENCE_MS = 30_000;
const pathsFrom = (first: number, count: number): string[] => Array.from({ length: count }, (_, n) => `/${first + n}`);
const SAID = Array.from({ length: 60 }, (_, n) => (n % 7 === 0 ? Buffer.alloc(n * 900, n) : `${n} äöü `.repeat(n * 3)));

interface Traffic {
  /** Of HTTP/1.1, then of HTTP/2. */
  paths: [string[], string[]];
  connects: Peers['connects'];
}

/** Two tunnels at once, most of the time. */
async function talk(peers: Peers): Promise<Traffic> {
  const alone: [string[], string[]] = [pathsFrom(1, 12), pathsFrom(21, 30)];
  const refused: [string[], string[]] = [pathsFrom(61, 4), pathsFrom(71, 6)];
  const agent = pathsFrom(81, 6);
  await Promise.all([overHttp1(peers, alone[0]), overHttp2(peers, alone[1])]);
  await Promise.all([overHttp1(peers, refused[0], true), overHttp2(peers, refused[1], true)]);
  await Promise.all([overWebSocket(peers, SAID), byUndici(peers, agent)]);
  await Promise.all([byCurl(peers, '/95', '--http1.1'), byCurl(peers, '/96', '--http2')]);
  return {
    paths: [
      [...alone[0], ...refused[0], ...agent, '/95'],
      [...alone[1], ...refused[1], '/96'],
    ],
    connects: peers.connects,
  };
}

/** The protocols that the clients offer; curl offers HTTP/1.1 with HTTP/2. */
const ALPN = ['h2', 'h2,http/1.1', 'http/1.1'];

const isInside = ({ tls }: HttpMessage): boolean => tls !== undefined;
const bytesOf = ({ body, bodyEncoding }: HttpMessage): Buffer =>
  Buffer.from(body ?? '', bodyEncoding === 'base64' ? 'base64' : 'utf8');

interface Seen {
  messages: HttpMessage[];
  inStreams: StreamMessage[];
}

/** The requests and responses of a hop with the same id, which no other has. */
function exchangesOf(messages: HttpMessage[]): [HttpMessage, HttpMessage][] {
  const byId = new Map<string, HttpMessage[]>();
  for (const message of messages) byId.set(message.id, [...(byId.get(message.id) ?? []), message]);
  return [...byId.values()].map((both) => {
    expect(both.map(({ direction }) => direction)).toEqual(['request', 'response']);
    expect(both.every(({ incomplete, bodyTruncated, proxied }) => !(incomplete || bodyTruncated || proxied))).toBe(
      true,
    );
    return both as [HttpMessage, HttpMessage];
  });
}

/** All of the traffic on one hop, of which the proxy's has tunnels. */
function expectHop(seen: Seen, port: number, traffic: Traffic, version: string, hasTunnels: boolean): void {
  const messages = seen.messages.filter(({ receiver }) => receiver.port === port);
  const exchanges = exchangesOf(messages);
  const outside = exchanges.filter(([request]) => !isInside(request));
  const { granted, refused } = traffic.connects;
  const statuses = [...Array(granted).fill(200), ...Array(refused).fill(407)];
  expect(outside.map(([, { statusCode }]) => statusCode).sort()).toEqual(hasTunnels ? statuses : []);
  expect(outside.every(([{ method }, answer]) => method === 'CONNECT' && !isInside(answer))).toBe(true);

  const inside = exchanges.filter(([request]) => isInside(request));
  const sockets = inside.filter(([{ path }]) => path === '/socket');
  expect(sockets.map(([, { statusCode }]) => statusCode)).toEqual([101]);
  const posts = inside.filter(([{ path }]) => path !== '/socket');
  expect(posts.map(([{ path }]) => path).sort()).toEqual(traffic.paths.flat().sort());
  for (const [request, response] of posts) {
    const { path = '' } = request;
    const httpVersion = traffic.paths[0].includes(path) ? '1.1' : '2.0';
    const tls = { version, serverName: SERVER_NAME };
    expect([request, response]).toMatchObject([
      { method: 'POST', httpVersion, tls },
      { statusCode: 200, httpVersion, tls, request: { method: 'POST', path } },
    ]);
    expect(bytesOf(request).equals(bodyOf(path)), `the body of ${path}`).toBe(true);
    expect(bytesOf(response).equals(answerTo(path)), `the answer to ${path}`).toBe(true);
  }

  const inSocket = seen.inStreams.filter(({ id }) => id === sockets[0]?.[0].id);
  for (const direction of ['request', 'response'] as const) {
    const shown = inSocket.filter((message) => message.direction === direction && message.opcode !== 'close');
    expect(shown.length).toBe(SAID.length);
    for (const [n, { data, dataEncoding }] of shown.entries())
      expect(Buffer.from(data, dataEncoding ?? 'utf8').equals(Buffer.from(SAID[n] ?? '')), `message ${n}`).toBe(true);
  }
}

function sniff(ports: number[], keyLog: string[]): Seen & { sniffer: Sniffer } {
  const seen: Seen = { messages: [], inStreams: [] };
  const limits = { maxBodySize: MAX_BODY_BYTES, maxBufferedBytes: 64 << 20, ringBufferBytes: 64 << 20 };
  const what = { ports, interface: 'lo', tlsKeylog: keyLog, streamMessages: true, tlsKeyWaitMs: PATIENCE_MS };
  const sniffer = createSniffer({ ...what, ...limits, binaryBodies: 'base64', logLevel: 'silent' });
  sniffer.on('message', (message) => seen.messages.push(message));
  sniffer.on('streamMessage', (message) => seen.inStreams.push(message));
  return { ...seen, sniffer };
}

async function read(file: string, ports: number[], keyLog: string): Promise<Seen> {
  const seen: Seen = { messages: [], inStreams: [] };
  const flags = ['--stream-messages', '--max-body-size', String(MAX_BODY_BYTES), '--max-buffered-bytes', '67108864'];
  await readEach(ports, file, keyLog, flags, (message: HttpMessage | StreamMessage) => {
    if ('sequence' in message) seen.inStreams.push(message as StreamMessage);
    else seen.messages.push(message as HttpMessage);
  });
  return seen;
}

describeLive('TLS through a proxy', () => {
  test.each(['1.2', '1.3'] as const)('TLS %s, live and of a savefile', { timeout: 120_000 }, async (version) => {
    const keyLog = join(folder, `${version}.keys`);
    writeFileSync(keyLog, '');
    const peers = await startPeers(keyLog, `TLSv${version}`);
    const both = [peers.proxy, peers.server];
    const savefile = join(folder, `${version}.pcap`);
    const sniffers = [sniff([peers.proxy], [keyLog]), sniff(both, [keyLog])] as const;
    const dumping = await dump(both, savefile);
    for (const { sniffer } of sniffers) await sniffer.start();
    const traffic = await talk(peers);
    const count = 2 * (traffic.paths.flat().length + 1);
    const { granted, refused } = traffic.connects;
    const outside = 2 * (granted + refused);
    await until(
      () => sniffers[0].messages.length === count + outside && sniffers[1].messages.length === 2 * count + outside,
      PATIENCE_MS,
    );
    for (const { sniffer } of sniffers) await sniffer.stop();
    const { dropped } = await dumping.stop();
    peers.stop();
    expect(dropped).toBe(0);

    for (const [index, seen] of sniffers.entries()) {
      const ports = both.slice(0, index + 1);
      const { engine } = seen.sniffer.stats();
      for (const name of OF_LOSS) expect([name, engine[name as keyof typeof engine]]).toEqual([name, 0]);
      expect(engine).toMatchObject({ tlsConnections: granted * ports.length, tlsUnreadBytes: 0 });
      expect(engine).toMatchObject({ switchedTunnel: granted, switchedBytes: 0 });
      for (const source of [seen, await read(savefile, ports, keyLog)]) {
        expect(exchangesOf(source.messages).length * 2).toBe(seen.messages.length);
        for (const port of ports) expectHop(source, port, traffic, version, port === peers.proxy);
      }
    }

    const unread = await runCli(['--read', savefile, '--ports', String(peers.proxy), '--tls-keylog', '']);
    expect(messagesOf(unread.stdout).every(({ method, request }) => (method ?? request?.method) === 'CONNECT')).toBe(
      true,
    );
    expect(unread.stdout).not.toContain('/socket');
    const lines = linesOf(unread.stderr).map((line) => JSON.parse(line));
    const said = lines.filter(({ event }) => event === 'tls-unread');
    expect(said.length).toBe(granted);
    expect([...new Set(said.map(({ alpn }) => alpn))].sort()).toEqual(ALPN);
    expect(said.every(({ serverName }) => serverName === SERVER_NAME)).toBe(true);
    expect(lines.at(-1).engine).toMatchObject({
      tlsUnreadNoKeys: granted,
      tlsConnections: granted,
      switchedTunnel: granted,
    });
  });
});
