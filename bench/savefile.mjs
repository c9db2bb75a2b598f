// Savefile to messages: the whole command, a JS callback and the engine alone, beside the peers on the same captures.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { asBefore } from './before.mjs';
import { PORT } from './captures.mjs';
import { countLines, freshFolder, PEERS } from './peers.mjs';
import { ROOT, timed } from './processes.mjs';
import { engine } from './programs.mjs';
import { inTurn, median, ratios, spread } from './statistics.mjs';

/** The engine without Node; undefined where it is not built. */
export const ENGINE = engine();
/** The first capture decides about the ratios, the others tell where they differ. */
const FIRST = { rounds: 7, budgetSeconds: 25 };
const OTHER = { rounds: 5, budgetSeconds: 3 };

export function wholeCommand(file) {
  return [process.execPath, 'dist/cli.js', ...readingFlags(file)];
}

function readingFlags(file) {
  return ['--ports', String(PORT), '--log-level', 'error', '--read', file];
}

export function engineCommand(file, ...maxConnections) {
  return [ENGINE, file, String(PORT), ...maxConnections.map(String)];
}

/** A listener, with messages made in one way or another; `script` is the whole way to it, of this commit or another. */
export function toListener(name, script, ...way) {
  return {
    name,
    command: (file) => ({ command: [process.execPath, script, file, String(PORT), ...way], toStdout: true }),
    count: (_out, _work, { stderr }) => JSON.parse(stderr).messages,
    seconds: ({ stderr }) => JSON.parse(stderr).seconds,
  };
}

/** JSON lines of a command. */
export function toLines(name, command) {
  return { name, command: (file) => ({ command: command(file), toStdout: true }), count: (out) => countLines(out) };
}

export const CALLBACK = join(ROOT, 'bench/callback.cjs');
const OURS = [
  toLines('tcp-sniffer', wholeCommand),
  toListener('callback', CALLBACK),
  toListener('callback, JSON.parse', CALLBACK, 'parse'),
  toLines('engine', engineCommand),
];

/** The same of the commit that is a peer. */
function ofBefore({ command, callback, read }) {
  return [
    toLines(asBefore('tcp-sniffer'), (file) => [process.execPath, command, ...readingFlags(file)]),
    toListener(asBefore('callback'), callback),
    toLines(asBefore('engine'), (file) => [read, file, String(PORT)]),
  ];
}

/** [{capture, rows: [{name, counted, messagesPerSecond, peakBytes, toCpu, toWall, …}]}], ratios to the row `tcp-sniffer`. */
export async function measureSavefiles(captures, context) {
  const { cache, quick, absent, before, tell } = context;
  const readers = [...OURS, ...(before === undefined ? [] : ofBefore(before)), ...PEERS].filter(
    ({ name }) => !(name in absent),
  );
  const results = [];
  for (const [index, capture] of captures.entries()) {
    tell(`reading "${capture.name}"`);
    const turns = index === 0 ? FIRST : OTHER;
    results.push(await measureReaders(capture, readers, { work: join(cache, 'work'), quick, turns, ours: OURS, tell }));
  }
  return results;
}

/** Readers of one capture in turn, after each has been counted; only those of `ours` may not fail. */
export async function measureReaders(capture, readers, { work, quick, turns, ours: ourReaders, tell }) {
  const [counted, failed] = [new Map(), {}];
  for (const reader of readers) {
    try {
      counted.set(reader.name, await count(reader, capture, work));
    } catch (error) {
      if (ourReaders.includes(reader)) throw error;
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
        turns,
      );
  rmSync(work, { recursive: true, force: true });
  const ours = figures.get('tcp-sniffer');
  const rows = able.map((reader) => {
    const { name, seconds = ({ wallSeconds }) => wallSeconds } = reader;
    const runs = figures.get(name);
    const then = figures.get(asBefore(name));
    const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
    return {
      name,
      counted: counted.get(name).messages,
      rounds: runs.length,
      cpuSeconds,
      messagesPerSecond: capture.messages / median(runs.map(seconds)),
      messagesPerCpuSecond: capture.messages / cpuSeconds,
      bytesPerCpuSecond: capture.bytes / cpuSeconds,
      peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
      toCpu: ratios(runs, ours, 'cpuSeconds'),
      toWall: ratios(runs, ours, 'wallSeconds'),
      // How many times as fast as then, by the same clock in the same rounds.
      toBefore: then && spread(then.slice(0, runs.length).map((run, round) => seconds(run) / seconds(runs[round]))),
    };
  });
  return { capture, rows, failed };
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
