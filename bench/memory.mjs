// The memory that a connection costs, and the whole memory within its bounds when every connection holds something.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder } from './peers.mjs';
import { timed } from './processes.mjs';
import { ENGINE, engineCommand, wholeCommand } from './savefile.mjs';
import { atOnce, inBodies } from './synthetic.mjs';

const CONNECTIONS = [1, 1_000, 10_000, 100_000];
const CAP = 100_000;
const ROUNDS = 2;
/** Bodies that are all in progress at one time, many times the budget for what is held back. */
const BODIES = [
  { connections: 10_000, bodyBytes: 26_000 },
  { connections: 200, bodyBytes: 900_000 },
];

const STATES = [
  { name: 'after an exchange', make: (path, connections) => atOnce(path, { connections, exchanges: connections }) },
  {
    name: 'in a body, 1 000 bytes held',
    make: (path, connections) => inBodies(path, { connections, bodyBytes: 1_000 }),
  },
];

/** {states: [{name, points: [{connections, engineBytes, processBytes}]}], full: [{connections, bodyBytes, processBytes, slowBytes}]} */
export async function measureMemory({ cache, quick, tell }) {
  const work = freshFolder(join(cache, 'memory'));
  const file = join(work, 'savefile');
  const peak = async (command) => {
    const runs = [];
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++) runs.push((await timed(command)).peakBytes);
    return Math.max(...runs);
  };
  const states = [];
  for (const { name, make } of STATES) {
    tell(`memory: connections ${name}`);
    const points = [];
    for (const connections of quick ? CONNECTIONS.slice(0, 3) : CONNECTIONS) {
      make(file, connections);
      points.push({
        connections,
        engineBytes: ENGINE === undefined ? undefined : await peak(engineCommand(file, CAP)),
        processBytes: await peak([...wholeCommand(file), '--max-concurrent-connections', String(CAP)]),
      });
    }
    states.push({ name, points });
  }
  tell('memory: the budget is used up');
  const full = [];
  for (const each of quick ? BODIES.slice(1) : BODIES) {
    inBodies(file, each);
    const command = wholeCommand(file);
    full.push({ ...each, processBytes: await peak(command), slowBytes: await peak(intoSlowPipe(command)) });
  }
  rmSync(work, { recursive: true });
  return { states, full };
}

/** A reader that begins to read when all that may wait for it does. */
function intoSlowPipe(command) {
  return ['bash', '-c', '"$@" | { sleep 2; cat > /dev/null; }', 'bash', ...command];
}
