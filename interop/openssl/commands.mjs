// Keys that change under way, by the commands of s_client and s_server: KeyUpdate of TLS 1.3 with and without an answer, and
// renegotiation of TLS 1.2, each from either side, with an exchange after each.
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../processes.mjs';
import { clientOf, serve, TLS13 } from './peers.mjs';

const PATIENCE_MS = 20_000;

// The messages of both ends for a command, in the counters: a KeyUpdate that asks for one is answered with the next write.
const UPDATES = [
  { by: 'client', letter: 'k', tlsKeyUpdates: 1 },
  { by: 'client', letter: 'K', tlsKeyUpdates: 2 },
  { by: 'server', letter: 'k', tlsKeyUpdates: 1 },
  { by: 'server', letter: 'K', tlsKeyUpdates: 2 },
];
const RENEGOTIATIONS = [
  { by: 'client', letter: 'R', tlsRenegotiations: 1 },
  { by: 'server', letter: 'r', tlsRenegotiations: 1 },
];

export const ROWS = [
  ...TLS13.map((name) => ({ name, openssl: name, commands: UPDATES })),
  ...[
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['TLS_RSA_WITH_AES_256_CBC_SHA256', 'AES256-SHA256'],
  ].map(([name, openssl]) => ({ name, openssl, commands: RENEGOTIATIONS })),
];

async function until(isDone, what) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error(`${what} within ${PATIENCE_MS} ms`);
    await sleep(5);
  }
}

const answerTo = (path) => `answer to ${path}`.padEnd(20_000, '.');

/** One connection: an exchange, and another after each command. Returns the paths. */
async function connection(row, client, server) {
  const paths = [];
  const exchange = async (words) => {
    const path = `/${row.name}/${words}`;
    const answer = answerTo(path);
    client.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await until(
      () => server.stdout().includes(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`),
      `no request ${path}`,
    );
    server.write(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
    await until(() => client.stdout().includes(answer), `no response ${path}`);
    paths.push(path);
  };
  await exchange('first');
  for (const [index, { by, letter }] of row.commands.entries()) {
    const [peer, said] = by === 'client' ? [client, client.stderr] : [server, server.stdout];
    const before = said().length;
    peer.write(`${letter}\n`);
    await until(() => said().length > before, `${by} does not take ${letter}`);
    await exchange(`${index}-${by}-${letter}`);
  }
  return paths;
}

/** A connection for each row, each with a server of its own. `capture(port, act)` returns what `--read` shows of `act`'s traffic. */
export async function* run(made, capture) {
  for (const row of ROWS) {
    const streams = { stdin: 'pipe' };
    const options = ['-client_renegotiation', '-naccept', '1'];
    const { child: server, port } = await serve(made, [made.rsa, made.ecdsa], options, streams);
    await until(() => server.stdout().includes('ACCEPT'), 'the server does not listen');
    let client;
    try {
      let paths;
      const seen = await capture([port], async () => {
        client = start(clientOf(made, port, row), { cwd: made.folder, ...streams });
        paths = await connection(row, client, server);
        client.write('Q\n');
        await client.done;
      });
      yield { row, paths, found: [...complaints(row, paths, seen)] };
    } finally {
      await Promise.all([client, server].map((peer) => peer?.stop()));
    }
  }
}

function* complaints({ name, commands }, paths, { messages, counters }) {
  for (const [index, path] of paths.entries()) {
    const [request, response] = messages.slice(2 * index, 2 * index + 2);
    if (request?.path !== path || response?.request?.path !== path)
      yield `${path}: in its place stands ${request?.path}`;
    else if (response.body !== answerTo(path) || response.incomplete) yield `${path}: not the body that was sent`;
    else if (request.tls?.cipher !== name) yield `${path}: said to be ${request.tls?.cipher}`;
  }
  if (messages.length !== 2 * paths.length) yield `${messages.length} messages of ${paths.length} exchanges`;
  for (const counter of ['tlsKeyUpdates', 'tlsRenegotiations']) {
    const expected = commands.reduce((sum, command) => sum + (command[counter] ?? 0), 0);
    if (counters[counter] !== expected) yield `${counter} is ${counters[counter]}, not ${expected}`;
  }
  for (const counter of ['tlsUnreadBytes', 'tlsBrokenRecords', 'tlsLostRecords', 'gaps'])
    if (counters[counter] !== 0) yield `${counter} is ${counters[counter]}`;
}
