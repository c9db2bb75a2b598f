// `npm run interop`: real servers and real clients on loopback, and everything that the sniffer shows of them held against what
// they say themselves (README.md).
//   --small            the servers and clients of CI, a minute
//   --servers WORDS    only those whose name has one of these words, separated by commas
//   --clients WORDS    likewise
//   --repeat N         each pair has its exchanges so often
//   --minutes N        no session begins after so long; those that are left out are said
//   --keep FOLDER      the savefiles of what failed go there, at most KEPT_BYTES of them
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canTalk } from './cases.mjs';
import * as clients from './clients.mjs';
import * as servers from './servers.mjs';
import { session } from './session.mjs';
import { complaints, table, tally } from './table.mjs';
import { TOOLS } from './tools.mjs';

const KEPT_BYTES = 256 * 1024 * 1024;
const ATTEMPTS = 3;
/** capabilities(7) */
const CAP_NET_RAW = 13n;

const { values: flags } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    servers: { type: 'string' },
    clients: { type: 'string' },
    repeat: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '30' },
    keep: { type: 'string' },
  },
});

const effective = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
if (((BigInt(`0x${effective}`) >> CAP_NET_RAW) & 1n) === 0n) {
  console.log('interop: NOT RUN, this process lacks CAP_NET_RAW');
  process.exit(process.env.CI ? 1 : 0);
}

const named = (all, words) =>
  all.filter(({ name }) => words === undefined || words.split(',').some((word) => name.includes(word)));
const chosenServers = named(flags.small ? servers.SMALL : [...servers.SMALL, ...servers.LARGE], flags.servers);
const chosenClients = named(flags.small ? clients.SMALL : [...clients.SMALL, ...clients.LARGE], flags.clients);

const isThere = (program) => {
  try {
    execFileSync('bash', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const lacking = ({ programs = [] }) => programs.find((program) => !isThere(program));

/** Where CI is set nothing is left out in silence: what is not there fails. */
const leftOut = (server, why) => ({ server: server.name, skipped: why, others: process.env.CI ? [why] : [] });

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-interop-'));
// Some servers go on as a user of their own.
chmodSync(folder, 0o755);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
let kept = 0;

function keep({ file }, name) {
  const { size } = statSync(file);
  if (flags.keep === undefined || kept + size > KEPT_BYTES) return;
  kept += size;
  mkdirSync(flags.keep, { recursive: true });
  copyFileSync(file, join(flags.keep, `${name}.pcap`));
}

/** A session that a busy machine kept from being seen whole says nothing, so there is another turn. */
async function undropped(server, able, place) {
  for (let attempt = 1; ; attempt++) {
    rmSync(place, { recursive: true, force: true });
    const result = await session(server, able, { folder: place, tools: TOOLS, repeat: Number(flags.repeat) });
    if (result.dropped === 0 || attempt === ATTEMPTS) return result;
    console.log(`[${seconds().padStart(4)} s] ${server.name}: again, the machine was busy: ${result.dropped} dropped`);
  }
}

async function resultOf(server) {
  const missing = lacking(server);
  if (missing !== undefined) return leftOut(server, `NOT RUN, there is no ${missing}`);
  if (performance.now() - began > Number(flags.minutes) * 60_000) return leftOut(server, 'NOT RUN, out of time');
  const name = server.name.replaceAll(/\W+/g, '-');
  const place = join(folder, name);
  try {
    const able = chosenClients.filter((client) => lacking(client) === undefined && canTalk(client, server));
    const result = await undropped(server, able, place);
    const isWhole = result.others.length === 0 && result.cells.every((cell) => cell.complaints.length === 0);
    if (!isWhole) keep(result, name);
    return { server: server.name, ...result };
  } catch (error) {
    return { server: server.name, skipped: 'FAILED', others: [error.message] };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const results = [];
for (const server of chosenServers) {
  const result = await resultOf(server);
  results.push(result);
  const { passed, failed } = tally([result]);
  console.log(`[${seconds().padStart(4)} s] ${server.name}: ${result.skipped ?? `${passed} passed, ${failed} failed`}`);
  for (const text of complaints([result])) console.log(`         ${text}`);
}

const names = chosenClients.map(({ name }) => name);
console.log(`\n${table(results, names)}\n`);
const { passed, failed } = tally(results);
console.log(`interop: ${passed} passed, ${failed} failed, ${seconds()} s`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
