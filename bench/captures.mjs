// The savefiles that are read: a real server, a real client and tcpdump, alone in a namespace. Kept in the cache.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { namespace } from './namespaces.mjs';
import { said, sleep, start } from './processes.mjs';

/** A port that every reader takes for HTTP without being told. */
export const PORT = 8080;
const SERVER = 'bench/traffic/server.mjs';
const CLIENT = 'bench/traffic/client.mjs';
/** tcpdump's own buffer, KiB: a busy neighbour must not cost packets. */
const BUFFER_KIB = 262_144;
const ATTEMPTS = 3;
const ASK_MS = 100;
const MAX_READ_MS = 15_000;
const QUICK_SHARE = 0.02;
const LEAST_CONNECTIONS = 10;

const CAPTURES = [
  { name: 'small GETs', path: '/items/4711', exchanges: 230_000, connections: 50 },
  { name: '2 KB POSTs', path: '/items', method: 'POST', bodyBytes: 2_000, exchanges: 40_000, connections: 50 },
  { name: '100 KB bodies', path: '/large/1', exchanges: 3_000, connections: 20, pauseMs: 20 },
  { name: 'one connection a request', path: '/items/4711', exchanges: 20_000, connections: 16, reuse: false },
  { name: '10 000 connections at once', path: '/items/4711', exchanges: 40_000, connections: 10_000 },
  { name: 'gzip', path: '/gzip/1', exchanges: 20_000, connections: 50 },
  { name: 'chunked', path: '/chunked/1', exchanges: 20_000, connections: 50 },
];

/** A plan, of a size that suits a quick run. */
export function shrunk(plan) {
  return {
    ...plan,
    exchanges: Math.ceil(plan.exchanges * QUICK_SHARE),
    connections: Math.max(LEAST_CONNECTIONS, Math.ceil(plan.connections * QUICK_SHARE)),
  };
}

/** Makes what the cache lacks: [{name, file, bytes, packets, messages, connections}]. */
export async function captures(cache, { quick, tell }) {
  const made = [];
  for (const capture of CAPTURES) {
    const { name, exchanges, ...plan } = quick ? shrunk(capture) : capture;
    const key = `${name.replaceAll(' ', '-')}-${exchanges}`;
    made.push(
      await capturedOnce(cache, key, tell, {
        name,
        messages: 2 * exchanges,
        connections: plan.reuse === false ? exchanges : plan.connections,
        port: PORT,
        server: [SERVER, String(PORT)],
        client: [CLIENT, JSON.stringify({ port: PORT, exchanges, ...plan })],
      }),
    );
  }
  return made;
}

/**
 * The traffic of a server (arguments of Node) and its client (the same, or a command), as a savefile in the cache; made if it is not there. Returns
 * {name, file, bytes, packets, messages, connections}.
 */
export async function capturedOnce(cache, key, tell, plan) {
  mkdirSync(cache, { recursive: true });
  const [file, facts] = [join(cache, `${key}.pcap`), join(cache, `${key}.json`)];
  if (!existsSync(facts)) {
    tell(`making the capture "${plan.name}"`);
    writeFileSync(facts, JSON.stringify(await make(plan, file)));
  }
  return { ...JSON.parse(readFileSync(facts, 'utf8')), file };
}

/** A machine that is too busy for tcpdump may be less so a moment later. */
async function make(plan, file) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await record(plan, file);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

let alone;

async function record({ name, messages, connections, port, server: serving, client: asking }, file) {
  alone ??= namespace('captures').run;
  const server = start([...alone, process.execPath, ...serving], {
    limitSeconds: 240,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await said(server.stdout, /listening/);
  const part = `${file}.part`;
  const out = openSync(part, 'w');
  const tcpdump = start(
    [...alone, 'tcpdump', '-i', 'lo', '-n', '-s0', '-B', String(BUFFER_KIB), '-w', '-', `tcp port ${port}`],
    { limitSeconds: 240, stdio: ['ignore', out, 'pipe'] },
  );
  closeSync(out);
  const words = { text: '' };
  tcpdump.stderr.on('data', (chunk) => {
    words.text += chunk;
  });
  await said(tcpdump.stderr, /listening on/);
  const [first] = asking;
  const client = start([...alone, ...(first.endsWith('.mjs') ? [process.execPath] : []), ...asking], {
    limitSeconds: 200,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { code } = await client.ended;
  const { captured, received, dropped } = await untilRead(tcpdump, words);
  tcpdump.kill('SIGINT');
  await tcpdump.ended;
  server.kill('SIGKILL');
  await server.ended;
  if (code !== 0 || dropped !== 0 || received !== captured) {
    rmSync(part);
    throw new Error(`capture "${name}": client's exit ${code}, ${captured} of ${received} packets, ${dropped} dropped`);
  }
  renameSync(part, file);
  return { name, bytes: statSync(file).size, packets: captured, messages, connections };
}

/** tcpdump's counters (it tells them at SIGUSR1) once it has read what the kernel has for it. */
async function untilRead(tcpdump, words) {
  const counters = /(\d+) packets? captured\s*,?\s*(\d+) packets? received by filter\s*,?\s*(\d+) packets? dropped/g;
  let told = { captured: 0, received: -1, dropped: 0 };
  for (let waited = 0; told.captured !== told.received && waited < MAX_READ_MS; waited += ASK_MS) {
    tcpdump.kill('SIGUSR1');
    await sleep(ASK_MS);
    const [, captured, received, dropped] = [...words.text.matchAll(counters)].at(-1)?.map(Number) ?? [];
    // On a loopback each packet passes the filter twice and is captured once.
    if (captured !== undefined) told = { captured, received: received / 2, dropped };
  }
  return told;
}
