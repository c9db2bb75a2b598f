/** A TLS server and a proxy before it that opens tunnels by CONNECT, and clients that go through it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from 'node:http2';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ProxyAgent, request as undici } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';

const [CERT, KEY] = ['cert', 'key'].map((name) => readFileSync(join(__dirname, `tls/${name}.pem`)));
export const SERVER_NAME = 'shop.test';
const TOKEN = `Basic ${Buffer.from('who:ever').toString('base64')}`;

/** Some bodies take very many records, and some are no text. */
export function bodyOf(path: string): Buffer {
  const n = Number(/\d+/.exec(path)?.[0]);
  if (n % 5 === 0) return Buffer.from(`${path},`.repeat(60_000));
  if (n % 3 === 0) return Buffer.from(Array.from({ length: 1 + n * 40 }, (_, at) => (at * 7 + n) & 0xff));
  return Buffer.from(`${path} äöü`.repeat(1 + n * 9));
}

export const answerTo = (path: string): Buffer => Buffer.concat([Buffer.from('answer: '), bodyOf(path)]);

export interface Peers {
  proxy: number;
  server: number;
  /** The answers to CONNECT, by status. */
  connects: { granted: number; refused: number };
  stop(): void;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** The server appends its secrets to the key log. */
export async function startPeers(keyLog: string | undefined, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<Peers> {
  const server = createSecureServer({ cert: CERT, key: KEY, allowHTTP1: true, maxVersion });
  if (keyLog !== undefined) server.on('keylog', (line) => appendFileSync(keyLog, line));
  server.on('request', async (asked, answer) => {
    const body = await buffer(asked);
    const isRight = body.equals(bodyOf(asked.url));
    answer.writeHead(isRight ? 200 : 500, { 'content-type': 'application/octet-stream' });
    answer.end(answerTo(asked.url));
  });
  const sockets = new WebSocketServer({ server: server as never });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const proxy = createServer();
  const open = new Set<Socket>();
  const counts = { granted: 0, refused: 0 };
  proxy.on('connect', (asked: IncomingMessage, client: Socket, head: Buffer) => {
    if (asked.headers['proxy-authorization'] !== TOKEN) {
      counts.refused++;
      const fields = 'proxy-authenticate: Basic realm="x"\r\ncontent-length: 5\r\n';
      client.write(`HTTP/1.1 407 Proxy Authentication Required\r\n${fields}\r\nwho?\n`);
      // The client may ask again.
      if (head.length > 0) client.unshift(head);
      proxy.emit('connection', client);
      return;
    }
    counts.granted++;
    const upstream = connect(portOf(server), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
    }
  });
  for (const each of [server, proxy] as Server[]) await once(each.listen(0, '127.0.0.1'), 'listening');
  return {
    proxy: portOf(proxy),
    server: portOf(server as unknown as Server),
    connects: counts,
    stop: () => {
      for (const socket of open) socket.destroy();
      proxy.close();
      server.close();
    },
  };
}

/** Returns the bytes up to the text's end. */
async function heard(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) {
    const bytes: Buffer | null = socket.read(1);
    if (bytes === null) await once(socket, 'readable');
    else text += bytes.toString('latin1');
  }
  return text;
}

async function tunnel({ proxy, server }: Peers, isRefusedFirst: boolean, protocol: string): Promise<TLSSocket> {
  const socket = connect(proxy, '127.0.0.1');
  const target = `${SERVER_NAME}:${server}`;
  const ask = (field: string): boolean => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${field}\r\n`);
  if (isRefusedFirst) {
    ask('');
    await heard(socket, 'who?\n');
  }
  ask(`Proxy-Authorization: ${TOKEN}\r\n`);
  await heard(socket, '\r\n\r\n');
  const options = { servername: SERVER_NAME, ALPNProtocols: [protocol], rejectUnauthorized: false };
  const secure = connectTls({ socket, ...options });
  await once(secure, 'secureConnect');
  return secure;
}

/** Sent as a request's body; what comes back has to be right. */
function expectAnswer(path: string, status: number | undefined, body: Buffer): void {
  if (status !== 200 || !body.equals(answerTo(path))) throw new Error(`${path}: ${status}, ${body.length} bytes`);
}

/** One after the other on one tunnel. */
export async function overHttp1(peers: Peers, paths: string[], isRefusedFirst = false): Promise<void> {
  const secure = await tunnel(peers, isRefusedFirst, 'http/1.1');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  Object.assign(agent, { createConnection: () => secure });
  for (const path of paths) {
    const asked = request({ agent, method: 'POST', path, headers: { host: SERVER_NAME } }).end(bodyOf(path));
    const [answer] = await once(asked, 'response');
    expectAnswer(path, answer.statusCode, await buffer(answer));
  }
  const closed = once(secure, 'close');
  agent.destroy();
  await closed;
}

async function askHttp2(session: ClientHttp2Session, path: string): Promise<void> {
  const stream = session.request({ ':method': 'POST', ':path': path });
  let status: number | undefined;
  stream.on('response', (fields) => {
    status = fields[':status'];
  });
  stream.end(bodyOf(path));
  const body = await buffer(stream);
  expectAnswer(path, status, body);
}

/** At once, on one tunnel. */
export async function overHttp2(peers: Peers, paths: string[], isRefusedFirst = false): Promise<void> {
  const secure = await tunnel(peers, isRefusedFirst, 'h2');
  const session = connectHttp2(`https://${SERVER_NAME}`, { createConnection: () => secure });
  await Promise.all(paths.map((path) => askHttp2(session, path)));
  const closed = once(secure, 'close');
  session.close();
  await closed;
}

/** Texts and bytes, each of which comes back. */
export async function overWebSocket(peers: Peers, messages: (string | Buffer)[]): Promise<void> {
  const secure = await tunnel(peers, false, 'http/1.1');
  const socket = new WebSocket(`ws://${SERVER_NAME}/socket`, {
    createConnection: () => secure,
    perMessageDeflate: true,
  });
  await once(socket, 'open');
  for (const message of messages) {
    const answered = once(socket, 'message');
    socket.send(message);
    const [data] = await answered;
    if (!data.equals(Buffer.from(message))) throw new Error(`came back as ${data.length} bytes`);
  }
  const closed = once(socket, 'close');
  socket.close(1000);
  await closed;
}

/** An agent that keeps its tunnel. */
export async function byUndici(peers: Peers, paths: string[]): Promise<void> {
  const requestTls = { rejectUnauthorized: false, servername: SERVER_NAME };
  const dispatcher = new ProxyAgent({
    uri: `http://127.0.0.1:${peers.proxy}`,
    token: TOKEN,
    requestTls,
    connections: 1,
  });
  for (const path of paths) {
    const url = `https://127.0.0.1:${peers.server}${path}`;
    const { statusCode, body } = await undici(url, { dispatcher, method: 'POST', body: bodyOf(path) });
    expectAnswer(path, statusCode, Buffer.from(await body.arrayBuffer()));
  }
  await dispatcher.close();
}

/** It is refused first, and asks again on the same connection. */
export async function byCurl(peers: Peers, path: string, version: '--http1.1' | '--http2'): Promise<void> {
  const proxy = ['--proxy', `http://127.0.0.1:${peers.proxy}`, '--proxy-anyauth', '--proxy-user', 'who:ever'];
  const server = [`https://${SERVER_NAME}:${peers.server}${path}`];
  const flags = ['--silent', '--insecure', version, '--header', 'Expect:', '--data-binary', '@-'];
  const child: ChildProcess = spawn('curl', [...flags, ...proxy, ...server]);
  if (child.stdin === null || child.stdout === null) throw new Error('curl has no pipes');
  child.stdin.end(bodyOf(path));
  const [body] = await Promise.all([buffer(child.stdout), once(child, 'close')]);
  expectAnswer(path, child.exitCode === 0 ? 200 : undefined, body);
}
