// `node interop/lasting.mjs`: event streams that last, one of each content-coding: each event is shown once, in order and soon, and the
// memory stays what it was.
//   --minutes N    10 if it is left out
//   --every MS     an event of each stream so often, 100 if it is left out
import { once } from 'node:events';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { sampled } from './bulk/delays.mjs';

const { createSniffer } = createRequire(import.meta.url)('../dist/index.js');
const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, every: { type: 'string', default: '100' } },
});
const CODINGS = ['identity', 'gzip', 'br'];
/** From the last packet of an event to the listener (docs/streams.md); what the machine takes besides is measured and allowed. */
const MAX_DELAY_MS = 150;
/** Caches of the allocator and of Node's heap, which are full by then. */
const WARM_UP_MS = 60_000;
const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

const server = new Worker(new URL('./bulk/peers/clock.mjs', import.meta.url), { workerData: Number(flags.every) });
const [port] = await once(server, 'message');
const sniffer = createSniffer({ ports: [port], interface: 'lo', streamMessages: true, logLevel: 'silent' });
const complaints = [];
const next = Object.fromEntries(CODINGS.map((coding) => [coding, 0]));
const delays = [];
const codingOf = new Map();

sniffer.on('streamMessage', ({ data, id, truncated }) => {
  const [coding, n, at] = JSON.parse(data);
  if (codingOf.get(id) !== coding && codingOf.has(id)) complaints.push(`${coding}: an event of another stream`);
  codingOf.set(id, coding);
  if (n !== next[coding]++ || truncated) complaints.push(`${coding}: ${n}, after ${next[coding] - 2}`);
  delays.push(Date.now() - at);
});
await sniffer.start();
const clients = CODINGS.map((coding) =>
  get({ port, host: '127.0.0.1', path: `/${coding}` }, (answer) => answer.resume()),
);
const machine = sampled();
const lastsMs = Number(flags.minutes) * 60_000;
const warmUpMs = Math.min(WARM_UP_MS, lastsMs / 4);
await sleep(warmUpMs);
const [before, shownBefore] = [process.memoryUsage().rss, delays.length];
await sleep(lastsMs - warmUpMs);
const after = process.memoryUsage().rss;
server.postMessage('end');
const [written] = await once(server, 'message');
await Promise.all(clients.map((client) => (client.closed ? undefined : once(client, 'close'))));
await sniffer.stop();

for (const coding of CODINGS)
  if (next[coding] !== written[coding]) complaints.push(`${coding}: ${next[coding]} events of ${written[coding]}`);
const { engine } = sniffer.stats();
if (engine.dropped > 0) complaints.push(`${engine.dropped} packets were dropped`);
const sorted = delays.slice(shownBefore).sort((a, b) => a - b);
if (sorted.length === 0) complaints.push('no event came after the first minute');
const part = (share) => sorted[Math.floor((sorted.length - 1) * share)];
// An event passes two threads of ours and one of the server's, each of which may have to wait for a processor.
const allowed = MAX_DELAY_MS + 3 * machine.stop();
if (part(1) > allowed) complaints.push(`an event took ${part(1)} ms, ${allowed} are allowed`);
if (after - before > MAX_GROWTH_BYTES) complaints.push(`the memory grew from ${before} to ${after} bytes`);
console.log(
  `${delays.length} events: ${part(0.5)} ms, 99 % within ${part(0.99)} ms, all within ${part(1)} ms (${allowed} allowed); ` +
    `memory ${(before / 2 ** 20).toFixed(1)} MiB, then ${(after / 2 ** 20).toFixed(1)} MiB`,
);
for (const complaint of complaints.slice(0, 10)) console.log(`  ${complaint}`);
if (complaints.length > 0) process.exitCode = 1;
await server.terminate();
