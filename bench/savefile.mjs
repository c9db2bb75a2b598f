// Savefile to messages: the whole command, a JS callback and the engine alone, beside the peers on the same captures.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { countLines, freshFolder, PEERS } from './peers.mjs';
import { ROOT, timed } from './processes.mjs';
import { inTurn, median, ratios } from './statistics.mjs';

const ENGINE_PATH = join(ROOT, 'target/release/examples/read');
/** The engine without Node; undefined where it is not built. */
export const ENGINE = existsSync(ENGINE_PATH) ? ENGINE_PATH : undefined;
/** The first capture decides about the ratios, the others tell where they differ. */
const FIRST = { rounds: 7, budgetSeconds: 25 };
const OTHER = { rounds: 5, budgetSeconds: 3 };

export function wholeCommand(file) {
  return [process.execPath, 'dist/cli.js', '--ports', String(PORT), '--log-level', 'error', '--read', file];
}

export function engineCommand(file, ...maxConnections) {
  return [ENGINE, file, String(PORT), ...maxConnections.map(String)];
}

/** A listener, with messages made in one way or another. */
function toListener(name, ...way) {
  return {
    name,
    command: (file) => ({
      command: [process.execPath, 'bench/callback.cjs', file, String(PORT), ...way],
      toStdout: true,
    }),
    count: (_out, _work, { stderr }) => JSON.parse(stderr).messages,
    seconds: ({ stderr }) => JSON.parse(stderr).seconds,
  };
}

const OURS = [
  {
    name: 'tcp-sniffer',
    command: (file) => ({ command: wholeCommand(file), toStdout: true }),
    count: (out) => countLines(out),
  },
  toListener('callback'),
  toListener('callback, JSON.parse', 'parse'),
  {
    name: 'engine',
    command: (file) => ({ command: engineCommand(file), toStdout: true }),
    count: (out) => countLines(out),
  },
];

/** [{capture, rows: [{name, counted, messagesPerSecond, peakBytes, toCpu, toWall, …}]}], ratios to the row `tcp-sniffer`. */
export async function measureSavefiles(captures, { cache, quick, absent, tell }) {
  const readers = [...OURS, ...PEERS].filter(({ name }) => !(name in absent));
  const results = [];
  for (const [index, capture] of captures.entries()) {
    tell(`reading "${capture.name}"`);
    const work = join(cache, 'work');
    const [counted, failed] = [new Map(), {}];
    for (const reader of readers) {
      try {
        counted.set(reader.name, await count(reader, capture, work));
      } catch (error) {
        if (OURS.includes(reader)) throw error;
        failed[reader.name] = error.message;
        tell(error.message);
      }
    }
    const able = readers.filter(({ name }) => counted.has(name));
    // A quick run is content with the runs that counted.
    const figures = quick
      ? new Map([...counted].map(([name, { run }]) => [name, [run]]))
      : await inTurn(
          able.map((reader) => ({ name: reader.name, run: () => read(reader, capture, work) })),
          index === 0 ? FIRST : OTHER,
        );
    const ours = figures.get('tcp-sniffer');
    const rows = able.map(({ name, seconds = ({ wallSeconds }) => wallSeconds }) => {
      const runs = figures.get(name);
      const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
      return {
        name,
        counted: counted.get(name).messages,
        rounds: runs.length,
        messagesPerSecond: capture.messages / median(runs.map(seconds)),
        messagesPerCpuSecond: capture.messages / cpuSeconds,
        bytesPerCpuSecond: capture.bytes / cpuSeconds,
        peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
        toCpu: ratios(runs, ours, 'cpuSeconds'),
        toWall: ratios(runs, ours, 'wallSeconds'),
      };
    });
    results.push({ capture, rows, failed });
  }
  rmSync(join(cache, 'work'), { recursive: true, force: true });
  return results;
}

/** Not timed: counts the messages that the reader shows, from a file. */
async function count(reader, { file }, work) {
  const out = join(freshFolder(work), 'out');
  const { command, toStdout } = call(reader, file, out, work);
  const run = await timed(command, { stdoutFile: toStdout ? out : '/dev/null' });
  return { run, messages: await reader.count(out, work, run) };
}

/** Timed: nothing of it is kept. */
function read(reader, { file }, work) {
  return timed(call(reader, file, '/dev/null', freshFolder(work)).command);
}

function call(reader, file, out, work) {
  if (reader.name === 'tcpflow') freshFolder(join(work, 'flows'));
  return reader.command(file, out, work);
}
