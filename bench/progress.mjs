// The cost of the progress line: one large savefile with stderr on a terminal (the line is shown) and with stderr elsewhere (the
// line is not shown). JSON lines go to /dev/null in both. The cost is smaller than the difference between two runs one after the
// other, so both run at the same time, each on a core of its own, and then again the other way round.
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { freshFolder } from './peers.mjs';
import { start, textOf } from './processes.mjs';
import { wholeCommand } from './savefile.mjs';
import { ratios, spread } from './statistics.mjs';
import { oneByOne } from './synthetic.mjs';

/** Of ten small exchanges each: 500 MB in all. */
const CONNECTIONS = 143_000;
const ROUNDS = 12;
const LIMIT_SECONDS = 120;
const PTY = '__test__/terminal/on_pty.py';

/**
 * {bytes, messages, lines, seconds: {shown, hidden}, jsSeconds: {shown, hidden}, share, toEngine}: `share` is the JS thread's additional CPU
 * time, of the whole run; `toEngine` the CPU time of all other threads, the ratio of `shown` to `hidden`.
 */
export async function measureProgress({ cache, quick, tell }) {
  if (availableParallelism() < 2) throw new Error('needs two cores');
  tell('progress: making the savefile');
  const path = join(freshFolder(join(cache, 'progress')), 'large.pcap');
  const { messages } = oneByOne(path, { connections: CONNECTIONS, each: 10 });
  const bytes = statSync(path).size;
  tell(`progress: ${(bytes / 1e6).toFixed(0)} MB`);
  // Once for the page cache.
  await read(path, 'hidden', 0);
  const [shown, hidden] = [[], []];
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    const first = await Promise.all([read(path, 'shown', 0), read(path, 'hidden', 1)]);
    const second = await Promise.all([read(path, 'shown', 1), read(path, 'hidden', 0)]);
    shown.push(meanOf(first[0], second[0]));
    hidden.push(meanOf(first[1], second[1]));
  }
  rmSync(join(cache, 'progress'), { recursive: true });
  const each = (what) => {
    const of = (runs) => spread(runs.map((run) => run[what]));
    return { shown: of(shown), hidden: of(hidden) };
  };
  return {
    bytes,
    messages,
    lines: spread(shown.map(({ lines }) => lines)),
    seconds: each('wallSeconds'),
    jsSeconds: each('jsSeconds'),
    share: spread(
      shown.map(({ jsSeconds }, round) => (jsSeconds - hidden[round].jsSeconds) / hidden[round].wallSeconds),
    ),
    toEngine: ratios(shown, hidden, 'engineSeconds'),
  };
}

const meanOf = (first, second) =>
  Object.fromEntries(Object.entries(first).map(([name, value]) => [name, (value + second[name]) / 2]));

async function read(path, progress, core) {
  const streams = ['PTY_STDOUT=/dev/null', ...(progress === 'hidden' ? ['PTY_STDERR=/dev/null'] : [])];
  const on = ['taskset', '-c', String(core), 'python3', PTY, '80', '24'];
  const began = performance.now();
  const child = start(['env', ...streams, 'PTY_USAGE=1', ...on, ...wholeCommand(path)], {
    limitSeconds: LIMIT_SECONDS,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const [terminal, usage, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close'),
  ]);
  const wallSeconds = (performance.now() - began) / 1000;
  const lines = terminal.split('reading ').length - 1;
  if (code !== 0 || lines > 0 !== (progress === 'shown'))
    throw new Error(`exit ${code}, ${lines} lines of progress, ${progress}: ${terminal.slice(-500)}`);
  const [cpuSeconds, jsSeconds] = usage.split(' ').map(Number);
  return { wallSeconds, jsSeconds, engineSeconds: cpuSeconds - jsSeconds, lines };
}
