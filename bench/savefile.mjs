// Savefile to messages: the whole command, a JS callback and the engine alone, beside the peers on the same captures.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { countLines, freshFolder, PEERS } from './peers.mjs';
import { ROOT, timed } from './processes.mjs';
import { inTurn, ratios, spread } from './statistics.mjs';

const ENGINE_PATH = join(ROOT, 'target/release/examples/read');
/** The engine without Node; undefined where it is not built. */
export const ENGINE = existsSync(ENGINE_PATH) ? ENGINE_PATH : undefined;
/** The first capture decides about the ratios, the others tell where they differ. */
const FULL = { first: { rounds: 7, budgetSeconds: 30 }, other: { rounds: 5, budgetSeconds: 3 } };
const QUICK = { first: { rounds: 2 }, other: { rounds: 1 } };

export function wholeCommand(file) {
  return [process.execPath, 'dist/cli.js', '--ports', String(PORT), '--log-level', 'error', '--read', file];
}

export function engineCommand(file, ...maxConnections) {
  return [ENGINE, file, String(PORT), ...maxConnections.map(String)];
}

const OURS = [
  {
    name: 'tcp-sniffer',
    command: (file) => ({ command: wholeCommand(file), toStdout: true }),
    count: (out) => countLines(out),
  },
  {
    name: 'callback',
    command: (file) => ({ command: [process.execPath, 'bench/callback.cjs', file, String(PORT)], toStdout: true }),
    count: (out) => JSON.parse(readFileSync(out, 'utf8')).messages,
  },
  {
    name: 'engine',
    command: (file) => ({ command: engineCommand(file), toStdout: true }),
    count: (out) => countLines(out),
  },
];

/** [{capture, rows: [{name, counted, cpu, wall, peakBytes, toCpu, toWall}]}], with ratios to the row `tcp-sniffer`. */
export async function measureSavefiles(captures, { cache, quick, absent, tell }) {
  const work = freshFolder(join(cache, 'work'));
  const readers = [...OURS, ...PEERS].filter(({ name }) => !(name in absent));
  const results = [];
  for (const [index, capture] of captures.entries()) {
    tell(`reading "${capture.name}"`);
    const counted = new Map();
    for (const reader of readers) counted.set(reader.name, await count(reader, capture, work));
    const figures = await inTurn(
      readers.map((reader) => ({ name: reader.name, run: () => read(reader, capture, work) })),
      (quick ? QUICK : FULL)[index === 0 ? 'first' : 'other'],
    );
    const ours = figures.get('tcp-sniffer');
    const rows = [...figures].map(([name, runs]) => ({
      name,
      counted: counted.get(name),
      rounds: runs.length,
      cpu: spread(runs.map(({ cpuSeconds }) => cpuSeconds)),
      wall: spread(runs.map(({ wallSeconds }) => wallSeconds)),
      peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
      toCpu: ratios(runs, ours, 'cpuSeconds'),
      toWall: ratios(runs, ours, 'wallSeconds'),
    }));
    results.push({ capture, rows });
  }
  rmSync(work, { recursive: true });
  return results;
}

/** Not timed: the messages that it gives, from a file. */
async function count(reader, { file }, work) {
  const out = join(freshFolder(work), 'out');
  const { command, toStdout } = call(reader, file, out, work);
  await timed(command, { stdoutFile: toStdout ? out : '/dev/null' });
  return reader.count(out, work);
}

/** Timed: nothing of it is kept. */
function read(reader, { file }, work) {
  return timed(call(reader, file, '/dev/null', freshFolder(work)).command);
}

function call(reader, file, out, work) {
  if (reader.name === 'tcpflow') freshFolder(join(work, 'flows'));
  return reader.command(file, out, work);
}
