// The client to protocol-server.mjs: `protocol-client.mjs JSON` with {kind, port, path, exchanges, connections, together, pauseMs}. On each connection
// `together` exchanges are under way at a time, where the protocol can do that. Ends when all answers are there.
import { once } from 'node:events';
import { Agent as HttpAgent, request as overTcp } from 'node:http';
import { connect } from 'node:http2';
import { Agent as HttpsAgent, request as overTls } from 'node:https';
import { createRequire } from 'node:module';

const { kind, port, path, exchanges, connections, together = 1, pauseMs = 0 } = JSON.parse(process.argv[2]);
const HOST = '127.0.0.1';
const load = createRequire(import.meta.url);
const isTls = kind.startsWith('https');
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const HEADERS = {
  'user-agent': AGENT,
  accept: 'application/json, text/plain, */*',
  'accept-language': 'en-US,en;q=0.5',
};
const trusting = { rejectUnauthorized: false };

let begun = 0;

/** All exchanges, one after the other in each of `lanes`. */
async function inLanes(lanes) {
  const run = async (exchange) => {
    while (begun < exchanges) {
      begun++;
      await exchange();
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  await Promise.all(lanes.map(run));
}

const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** One after the other on each connection. */
async function http1() {
  const [Agent, request] = isTls ? [HttpsAgent, overTls] : [HttpAgent, overTcp];
  const agents = times(connections, () => new Agent({ keepAlive: true, maxSockets: 1, noDelay: true }));
  const exchange = (agent) => async () => {
    const asked = request({ agent, host: HOST, port, path, headers: HEADERS, ...trusting }).end();
    const [response] = await once(asked, 'response');
    await once(response.resume(), 'end');
  };
  await inLanes(agents.map(exchange));
  for (const agent of agents) agent.destroy();
}

async function http2() {
  const sessions = times(connections, () => connect(`${isTls ? 'https' : 'http'}://${HOST}:${port}`, trusting));
  await Promise.all(sessions.map((session) => once(session, 'connect')));
  const exchange = (session) => async () => {
    const stream = session.request({ ':path': path, ...HEADERS });
    await once(stream.resume(), 'end');
  };
  await inLanes(sessions.flatMap((session) => times(together, () => exchange(session))));
  await Promise.all(sessions.map((session) => new Promise((resolve) => session.close(resolve))));
}

async function grpc() {
  const { Client, credentials } = load('@grpc/grpc-js');
  const same = (bytes) => bytes;
  // Its channels share connections unless their options differ.
  const clients = times(
    connections,
    (number) => new Client(`${HOST}:${port}`, credentials.createInsecure(), { number }),
  );
  const call = (client) => () =>
    new Promise((resolve, reject) => {
      const done = (error, answered) => (error ? reject(error) : resolve(answered));
      client.makeUnaryRequest('/shop.Items/Get', same, same, Buffer.from('\x08\xe7\x24'), done);
    });
  await inLanes(clients.flatMap((client) => times(together, () => call(client))));
  for (const client of clients) client.close();
}

/** An exchange is a message and its echo. */
async function websocket() {
  const { WebSocket } = load('ws');
  const sockets = times(connections, () => new WebSocket(`ws://${HOST}:${port}${path}`, { perMessageDeflate: false }));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const echo = (socket) => async () => {
    socket.send(JSON.stringify({ type: 'price', id: 4711, text: 'a thing that a shop sells', price: '12.50' }));
    await once(socket, 'message');
  };
  await inLanes(sockets.map(echo));
  await Promise.all(
    sockets.map((socket) => {
      socket.close();
      return once(socket, 'close');
    }),
  );
}

await { http1, https1: http1, http2, https2: http2, grpc, websocket }[kind]();
